/** JSON Patch (RFC 6902): https://hl7.org/fhir/R4/http.html#patch */
import { isDeepStrictEqual } from 'node:util';
import { applyPatch as applyOperations, type Operation } from 'rfc6902';
import { copyJson } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Json, Resource } from '../resource.ts';
import { FORBIDDEN_NAMES, isObject, keepIdentity, MAX_OPERATIONS, tooManyOperations } from './document.ts';

const MAX_POINTER_LENGTH = 1_000;
/** Values, names and characters that `copy` may add, all in all. */
const MAX_COPIED = 1_000_000;

const OPERATIONS = ['add', 'remove', 'replace', 'move', 'copy', 'test'];

interface Budget {
  copied: number;
}

/** Pure: `resource` stays as it is. 400 for a bad patch, 422 for one that doesn't fit the resource. */
export function jsonPatch(resource: Resource, operations: unknown): Resource {
  if (!Array.isArray(operations)) throw new FhirError('structure', 'a JSON Patch is a list of operations');
  if (operations.length > MAX_OPERATIONS) throw tooManyOperations(operations.length);
  const document = copyJson(resource);
  const budget: Budget = { copied: 0 };
  operations.forEach((operation: unknown, i) => step(document, operation, `operation ${i}`, budget));
  return keepIdentity(resource, document);
}

/** INVARIANT: the library only ever sees pointers whose every name is the document's own, and which exist. */
function step(document: Json, operation: unknown, at: string, budget: Budget): void {
  if (!isObject(operation) || typeof operation.op !== 'string' || !OPERATIONS.includes(operation.op)) {
    throw new FhirError('invalid', `${at}: op must be one of ${OPERATIONS.join(', ')}`);
  }
  const path = pointer(operation.path, 'path', at);
  if (path.length === 0 && operation.op !== 'test') {
    throw new FhirError('invalid', `${at}: the resource as a whole can't be changed by a patch`);
  }
  switch (operation.op) {
    case 'test':
      return test(document, path, valueOf(operation, at), at);
    case 'remove':
      requireExists(document, path, at);
      return apply(document, { op: 'remove', path: String(operation.path) }, at);
    case 'replace':
      requireExists(document, path, at);
      return write(document, 'replace', path, String(operation.path), copyJson(valueOf(operation, at)), at);
    case 'add':
      return add(document, path, String(operation.path), copyJson(valueOf(operation, at)), at);
    case 'copy': {
      const value = requireExists(document, pointer(operation.from, 'from', at), at);
      spend(budget, value, at);
      return add(document, path, String(operation.path), copyJson(value), at);
    }
    case 'move': {
      const from = pointer(operation.from, 'from', at);
      const value = requireExists(document, from, at);
      if (from.length === 0) throw new FhirError('invalid', `${at}: the resource can't be moved into itself`);
      if (operation.from === operation.path) return undefined;
      apply(document, { op: 'remove', path: String(operation.from) }, at);
      return add(document, path, String(operation.path), value, at);
    }
  }
}

function apply(document: Json, operation: Operation, at: string): void {
  const [error] = applyOperations(document, [operation]);
  if (error) throw new FhirError('processing', `${at}: can't be applied`, { cause: error });
}

function add(document: Json, path: string[], sent: string, value: unknown, at: string): void {
  const parent = find(document, path.slice(0, -1));
  const last = path.at(-1)!;
  const isIndex =
    Array.isArray(parent) && (last === '-' || (isIndexToken(last) && Number(last) <= parent.length));
  if (!isIndex && !isObject(parent)) throw missing(at);
  write(document, 'add', path, sent, value, at);
}

/** The value goes in after the operation: the library's copy would forget how decimals are written. */
function write(
  document: Json,
  op: 'add' | 'replace',
  path: string[],
  sent: string,
  value: unknown,
  at: string,
): void {
  apply(document, { op, path: sent, value: null }, at);
  const holder = find(document, path.slice(0, -1)) as Json;
  const last = path.at(-1)!;
  holder[Array.isArray(holder) && last === '-' ? holder.length - 1 : last] = value;
}

function test(document: Json, path: string[], expected: unknown, at: string): void {
  if (!isDeepStrictEqual(find(document, path), expected)) {
    throw new FhirError('processing', `${at}: the test failed`);
  }
}

function valueOf(operation: Json, at: string): unknown {
  if (!Object.hasOwn(operation, 'value') || operation.value === undefined) {
    throw new FhirError('required', `${at}: a value is required`);
  }
  return operation.value;
}

/** https://www.rfc-editor.org/rfc/rfc6901 */
function pointer(sent: unknown, member: string, at: string): string[] {
  if (typeof sent !== 'string') throw new FhirError('required', `${at}: ${member} must be a string`);
  if (sent.length > MAX_POINTER_LENGTH || (sent !== '' && !sent.startsWith('/')) || /~(?![01])/.test(sent)) {
    throw new FhirError('invalid', `${at}: ${member} must be a JSON Pointer such as \`/name/0/family\``);
  }
  const tokens = sent === '' ? [] : sent.slice(1).split('/').map(unescapeToken);
  if (tokens.some((token) => FORBIDDEN_NAMES.has(token))) {
    throw new FhirError('invalid', `${at}: ${member} names no element`);
  }
  return tokens;
}

const unescapeToken = (token: string): string => token.replaceAll('~1', '/').replaceAll('~0', '~');

const isIndexToken = (token: string): boolean => /^(?:0|[1-9]\d{0,8})$/.test(token);

/** By own names only; undefined when nothing is there. */
function find(document: Json, tokens: string[]): unknown {
  let value: unknown = document;
  for (const token of tokens) {
    if (Array.isArray(value)) value = isIndexToken(token) ? value[Number(token)] : undefined;
    else value = isObject(value) && Object.hasOwn(value, token) ? value[token] : undefined;
  }
  return value;
}

function requireExists(document: Json, tokens: string[], at: string): unknown {
  const value = find(document, tokens);
  if (value === undefined) throw missing(at);
  return value;
}

const missing = (at: string): FhirError =>
  new FhirError('processing', `${at}: its path leads nowhere in the resource`);

/** Each copy may double the document: what they add is bounded before it is made. */
function spend(budget: Budget, value: unknown, at: string): void {
  const open: unknown[] = [value];
  while (open.length > 0) {
    const next = open.pop();
    budget.copied += 1;
    if (typeof next === 'string') budget.copied += next.length;
    else if (Array.isArray(next)) for (const item of next) open.push(item);
    else if (isObject(next)) for (const name of Object.keys(next)) open.push(name, next[name]);
    if (budget.copied > MAX_COPIED) {
      throw new FhirError(
        'too-costly',
        `${at}: the patch copies too much; allowed: ${MAX_COPIED} characters`,
        {
          status: 422,
        },
      );
    }
  }
}
