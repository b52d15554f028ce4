/**
 * FHIR's JSON, read within bounds and written back with the decimals as they were sent.
 * https://hl7.org/fhir/R4/json.html
 */
import { isUtf8 } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { duplicateKey, faultOffset, place, stringEnd } from './json-fault.ts';
import { FhirError } from './outcome.ts';
import type { Json } from './resource.ts';

/** A Consent of 47 provisions inside each other is that deep. */
export const MAX_DEPTH = 99;
/** R4's widest element has not half as many. */
const MAX_KEYS = 2_000;
/** Each costs JSON.parse a microsecond or two, more where there are many. 32 MiB of FHIR hold not half as many. */
const MAX_OPENED = 1_000_000;
const MAX_NUMBER_LENGTH = 64;
const MAX_KEPT_LITERALS = 200_000;
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Number literals which a double would write otherwise (`1.00`, `1e-10`), by the object and the key that hold them. */
const literals = new WeakMap<object, Map<string, string>>();
let everKept = false;

/**
 * An object; with `array`, an array too (JSON Patch).
 * Refuses with `structure`: invalid UTF-8, malformed JSON, nesting beyond 99, duplicate keys, `__proto__`; with `too-long`
 * what JSON.parse would take seconds for.
 */
export function parseJson(bytes: Buffer, options: { array?: boolean } = {}): Json {
  if (!isUtf8(bytes)) throw new FhirError('structure', 'the body is not valid UTF-8');
  const bom = bytes.length > 2 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  const text = bytes.toString('utf8', bom ? 3 : 0);
  const { colons, odd } = scan(text);
  const marker = odd.length === 0 ? '' : newMarker();
  const value = parse(odd.length === 0 ? text : mark(text, odd, marker), text);
  if (value === null || typeof value !== 'object' || (Array.isArray(value) && options.array !== true)) {
    const allowed = options.array === true ? 'an object or an array' : 'an object';
    throw new FhirError('structure', `the body must be ${allowed} in JSON`);
  }
  if (restore(value as Json, marker) !== colons) throw new FhirError('structure', duplicateText(text));
  return value as Json;
}

export function stringifyJson(value: unknown): string {
  if (!everKept || !holdsLiteral(value)) return JSON.stringify(value);
  const marker = newMarker();
  const text = JSON.stringify(value, function (this: object, key: string, item: unknown) {
    const literal = typeof item === 'number' ? literals.get(this)?.get(key) : undefined;
    return literal !== undefined && Number(literal) === item ? marker + literal : item;
  });
  return text.replace(new RegExp(`"${marker}([^"]*)"`, 'g'), '$1');
}

/** A number as it was written, where a double would write it otherwise. */
export const literalOf = (holder: object, key: string): string | undefined => literals.get(holder)?.get(key);

/** `holder[key] = from[name]`, a decimal as it is written there. */
export function carryJson(from: Json, name: string, holder: Json, key: string): void {
  holder[key] = from[name];
  literals.get(holder)?.delete(key);
  const literal = literalOf(from, name);
  if (literal === undefined) return;
  let kept = literals.get(holder);
  if (kept === undefined) literals.set(holder, (kept = new Map()));
  kept.set(key, literal);
}

/** A deep copy that still writes its decimals as they were sent. */
export function copyJson<T>(value: T): T {
  if (value === null || typeof value !== 'object') return value;
  const copy = Array.isArray(value) ? value.map(copyJson) : mapValues(value as Json);
  const kept = literals.get(value);
  if (kept !== undefined) literals.set(copy, new Map(kept));
  return copy as T;
}

const mapValues = (value: Json): Json =>
  Object.fromEntries(Object.entries(value).map(([key, item]) => [key, copyJson(item)]));

/** Bounds, and what JSON.parse would forget: how many keys there are, and how numbers are written. */
function scan(text: string): { colons: number; odd: number[] } {
  /** start and end of each odd number, in turn */
  const odd: number[] = [];
  /** of what is open, by depth */
  const keys: number[] = [];
  let colons = 0;
  let depth = 0;
  let opened = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === 0x22) at = stringEnd(text, at);
    else if (code === 0x3a) {
      colons++;
      if (++keys[depth]! > MAX_KEYS) {
        throw new FhirError('structure', `an object has more than ${MAX_KEYS} elements${place(text, at)}`);
      }
    } else if (code === 0x7b || code === 0x5b) {
      if (++depth > MAX_DEPTH) {
        throw new FhirError(
          'structure',
          `the JSON is nested deeper than ${MAX_DEPTH} levels${place(text, at)}`,
        );
      }
      keys[depth] = 0;
      if (++opened > MAX_OPENED)
        throw new FhirError('too-long', `the body holds more than ${MAX_OPENED} objects and arrays`);
    } else if (code === 0x7d || code === 0x5d) depth--;
    else if (code === 0x2d || (code >= 0x30 && code <= 0x39)) {
      const end = numberEnd(text, at);
      if (isOdd(text, at, end)) odd.push(at, end);
      at = end - 1;
    }
  }
  if (odd.length > 2 * MAX_KEPT_LITERALS) {
    throw new FhirError(
      'too-long',
      `the body holds more than ${MAX_KEPT_LITERALS} decimals such as \`1.00\``,
    );
  }
  return { colons, odd };
}

function numberEnd(text: string, start: number): number {
  let at = start + 1;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const part =
      (code >= 0x30 && code <= 0x39) ||
      code === 0x2e ||
      code === 0x2d ||
      code === 0x2b ||
      (code | 0x20) === 0x65;
    if (!part) break;
    if (at - start >= MAX_NUMBER_LENGTH) {
      throw new FhirError(
        'value',
        `a number is longer than ${MAX_NUMBER_LENGTH} characters${place(text, start)}`,
      );
    }
  }
  return at;
}

/** A number that `String(Number(…))` writes otherwise. What is no number is left for JSON.parse to refuse. */
function isOdd(text: string, start: number, end: number): boolean {
  if (end - start === 1) return false;
  const literal = text.slice(start, end);
  if (!NUMBER.test(literal)) return false;
  const value = Number(literal);
  if (!Number.isFinite(value)) {
    throw new FhirError(
      'value',
      `number \`${literal}\` is out of range${place(text, start)}; allowed: up to 1.7e308`,
    );
  }
  return String(value) !== literal;
}

/** Nobody can send it: it is drawn anew each time. */
const newMarker = (): string => `${randomBytes(18).toString('base64url')}:`;

/** Each odd number as a string that begins with the marker. */
function mark(text: string, odd: number[], marker: string): string {
  const parts: string[] = [];
  let from = 0;
  for (let i = 0; i < odd.length; i += 2) {
    parts.push(text.slice(from, odd[i]), '"', marker, text.slice(odd[i], odd[i + 1]), '"');
    from = odd[i + 1]!;
  }
  parts.push(text.slice(from));
  return parts.join('');
}

/** `text` is what the fault is looked for in: what was sent. */
function parse(marked: string, text: string): unknown {
  try {
    return JSON.parse(marked);
  } catch {
    const at = faultOffset(text);
    const found =
      at < text.length ? `unexpected \`${String.fromCodePoint(text.codePointAt(at)!)}\`` : 'it ends too soon';
    throw new FhirError('structure', `the body is not valid JSON: ${found}${place(text, at)}`);
  }
}

/** Counts the keys; puts the marked numbers back and remembers how they were written. */
function restore(value: Json | unknown[], marker: string): number {
  let keys = 0;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) keys += restoreItem(value, i, marker);
    return keys;
  }
  for (const key in value) {
    if (key === '__proto__') throw new FhirError('structure', 'key `__proto__` is not allowed');
    keys += 1 + restoreItem(value, key, marker);
  }
  return keys;
}

function restoreItem(holder: Json | unknown[], key: string | number, marker: string): number {
  const item = (holder as Json)[key];
  if (item !== null && typeof item === 'object') return restore(item as Json, marker);
  if (marker !== '' && typeof item === 'string' && item.startsWith(marker)) {
    const literal = item.slice(marker.length);
    (holder as Json)[key] = Number(literal);
    let kept = literals.get(holder);
    if (kept === undefined) literals.set(holder, (kept = new Map()));
    kept.set(String(key), literal);
    everKept = true;
  }
  return 0;
}

function holdsLiteral(value: unknown): boolean {
  if (value === null || typeof value !== 'object') return false;
  if (literals.has(value)) return true;
  if (Array.isArray(value)) return value.some(holdsLiteral);
  for (const key in value) if (holdsLiteral((value as Json)[key])) return true;
  return false;
}

function duplicateText(text: string): string {
  const found = duplicateKey(text);
  return found === undefined
    ? 'a key is there twice'
    : `key \`${found.key.slice(0, 64)}\` is there twice${place(text, found.at)}`;
}
