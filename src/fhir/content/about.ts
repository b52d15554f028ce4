/**
 * Whom content says in its header that it is about: the record target of a CDA R2, the subject of a FHIR document. It is
 * told by what stands at its start, whatever type it is said to be, and read no further than it must be.
 */
import { isCda, patientOf } from '../cda/people.ts';
import { compositionOf, entriesNamed, isDocument } from '../document.ts';
import { isQualified, nationalIn, traitsOf, traitsTerm } from '../identity.ts';
import { items } from '../items.ts';
import { parseJson } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Json, Reference, Resource } from '../resource.ts';
import { jsonOf } from '../xml/read.ts';
import { FHIR_NAMESPACE } from '../xml/write.ts';
import { type XmlElement, childrenOf, parseXml } from '../xml-tree.ts';
import { readable } from './kinds.ts';

/** Content by its first bytes. */
export interface Bytes {
  contentType?: unknown;
  /** @param most bytes; `isCut`: there are more */
  first(most: number): Promise<{ bytes: Buffer; isCut: boolean }>;
}

/** Somebody whom a header names. */
export interface Named {
  /** A Patient, as far as the header says it. */
  patient: Resource;
  /** Where the document says that this Patient lies. */
  url?: string;
}

/** Whose it is said to be. */
export interface Claimed {
  /** Logical id. */
  id: string;
  /** Undefined: there is no such patient, or none that anybody may know of. */
  patient: Resource | undefined;
  /** FHIR base of this server. */
  base: string;
  /** National numbers tell; else all else does. */
  byNumber: boolean;
}

/** Enough to tell what it is. Bytes. */
const START = 512;
/** Of a CDA, up to its body: most are shorter than the first of these. */
const HEADERS = [16 * 1024, 256 * 1024] as const;
/** Of a FHIR document, whose header may name what stands at its end. */
const WHOLE = 32 * 1024 * 1024;

/** What may be read of all that is written together: a header of few bytes is slow to read where all of it is tags. */
export class Reading {
  readonly #left = { headers: 8 * 1024 * 1024, elements: 200_000, documents: WHOLE };

  /** @throws FhirError too-long */
  take(what: 'headers' | 'elements' | 'documents', amount: number): void {
    this.#left[what] -= amount;
    if (this.#left[what] >= 0) return;
    throw new FhirError('too-long', 'what is written together has too long headers: send it in parts');
  }
}

/** What stands in base64. */
export function bytesOf({ data, contentType }: Json): Bytes {
  const text = String(data);
  return {
    contentType,
    first: async (most) => {
      const length = Math.ceil(most / 3) * 4;
      const start = text.slice(0, length);
      // blanks are base64 too
      if (/\s/.test(start)) return firstOf(Buffer.from(text, 'base64'), most);
      return { bytes: Buffer.from(start, 'base64'), isCut: length < text.length };
    },
  };
}

const firstOf = (bytes: Buffer, most: number): { bytes: Buffer; isCut: boolean } => ({
  bytes: bytes.subarray(0, most),
  isCut: bytes.length > most,
});

/**
 * Undefined: it has no such header. Nobody: its header names none.
 * @param reading of all that is written together @throws FhirError 422 when it can't be told, 413
 */
export async function about(content: Bytes, reading: Reading): Promise<readonly Named[] | undefined> {
  for (const most of [START, ...HEADERS]) {
    const { bytes, isCut } = await content.first(most);
    const start = readable(bytes).trimStart()[0];
    if (start === '<' || start === '{') {
      // others are answered between one and the next
      await new Promise(setImmediate);
      return start === '<' ? inXml(content, reading) : inJson(content, reading);
    }
    if (start !== undefined || !isCut) return undefined;
  }
  return undefined;
}

async function inXml(content: Bytes, reading: Reading): Promise<readonly Named[] | undefined> {
  let isSaid = /xml/i.test(String(content.contentType));
  try {
    const root = await headOf(content, reading, () => (isSaid = true));
    if (isCda(root)) return recordTargets(root);
    if (root.name !== 'Bundle' || root.namespace !== FHIR_NAMESPACE) return undefined;
    const { bytes, isCut } = await content.first(WHOLE);
    reading.take('documents', isCut ? Infinity : bytes.length);
    return subjectsOf(parseJson(jsonOf(bytes)) as Resource);
  } catch (error) {
    return untold(error, isSaid);
  }
}

async function inJson(content: Bytes, reading: Reading): Promise<readonly Named[] | undefined> {
  const isJson = /[/+]json/i.test(String(content.contentType));
  const { bytes, isCut } = await content.first(WHOLE);
  const isFhir = bytes.includes('"resourceType"') || /fhir\+json/i.test(String(content.contentType));
  if (!isFhir || (isCut && !isJson)) return undefined;
  reading.take('documents', isCut ? Infinity : bytes.length);
  try {
    return subjectsOf(parseJson(bytes) as Resource);
  } catch (error) {
    return untold(error, isJson);
  }
}

/** @param isSaid that it is what can't be read */
function untold(cause: unknown, isSaid: boolean): undefined {
  if (!(cause instanceof FhirError) || cause.issues[0]!.code === 'too-long') throw cause;
  if (!isSaid) return undefined;
  const text = `whom the content is about can not be told: ${cause.issues[0]!.text}`;
  throw new FhirError('business-rule', text, { cause });
}

/** Up to its body, if it is a CDA, which is told; else the root alone. */
async function headOf(content: Bytes, reading: Reading, tellCda: () => void): Promise<XmlElement> {
  const at = (element: XmlElement, depth: number): boolean => {
    reading.take('elements', 1);
    if (depth > 0) return depth === 1 && element.name === 'component';
    if (isCda(element)) tellCda();
    return !isCda(element);
  };
  const read = async (most: number): Promise<{ bytes: Buffer; isCut: boolean }> => {
    const found = await content.first(most);
    reading.take('headers', found.bytes.length);
    return found;
  };
  const [most, utmost] = HEADERS;
  const { bytes, isCut } = await read(most);
  try {
    return parseXml(bytes, { at, isCut });
  } catch (error) {
    if (!isCut) throw error;
    const more = await read(utmost);
    return parseXml(more.bytes, { at, isCut: more.isCut });
  }
}

const recordTargets = (cda: XmlElement): Named[] =>
  childrenOf(cda, 'recordTarget').map((target) => {
    const [role] = childrenOf(target, 'patientRole');
    return { patient: role === undefined ? NOBODY : patientOf(role) };
  });

const NOBODY: Resource = { resourceType: 'Patient' };

/** The same of what is a resource already. */
export function subjectsOf(bundle: Resource): readonly Named[] | undefined {
  if (!isDocument(bundle)) return undefined;
  const { reference, identifier } = (compositionOf(bundle)?.subject ?? {}) as Reference;
  const said = { ...NOBODY, identifier: identifier === undefined ? [] : [identifier] };
  if (typeof reference !== 'string') return identifier === undefined ? [] : [{ patient: said }];
  const found = entriesNamed(bundle, { reference });
  if (found.length === 0) return [{ patient: said, url: reference }];
  return found.map(({ fullUrl, resource }) => {
    const patient = (resource ?? {}) as Resource;
    return {
      patient: { ...patient, identifier: [...items(patient.identifier), ...said.identifier] },
      ...(typeof fullUrl === 'string' ? { url: fullUrl } : {}),
    };
  });
}

/**
 * Whether a header names another than whom the content is said to be about: of several people, whether one of them isn't
 * that patient for certain. Who can't be told by it is whom the depositor says, as in content without a header.
 */
export function namesAnother(named: readonly Named[], claimed: Claimed): boolean {
  const verdicts = named.map((each) => isThis(each, claimed));
  return named.length > 1 ? verdicts.some((is) => is !== true) : verdicts[0] === false;
}

/**
 * By the numbers of a qualified identity, all of which the patient has or had; without one by where the Patient lies, by
 * the number that came before, or by all traits. Undefined: none of these is there to hold against the patient.
 */
function isThis(
  { patient: named, url }: Named,
  { id, patient, base, byNumber }: Claimed,
): boolean | undefined {
  if (named.resourceType !== 'Patient') return false;
  const known = patient === undefined ? [] : numbersOf(patient);
  const numbers = byNumber ? numbersOf(named) : [];
  const qualified = numbers.filter(isQualifiedNumber);
  const traits = traitsOf(named);
  if (patient === undefined && (qualified.length > 0 || traits !== undefined)) return false;
  if (qualified.length > 0 && known.some(isQualifiedNumber))
    return qualified.every((number) => known.includes(number));
  const local = nameAt(url, base);
  if (local !== undefined) return local === `Patient/${id}`;
  if (numbers.some((number) => known.includes(number))) return true;
  const others = patient === undefined ? undefined : traitsOf(patient);
  return traits === undefined || others === undefined ? undefined : traitsTerm(traits) === traitsTerm(others);
}

/** As numbers are found: a Corsican department has a letter. */
const numbersOf = (patient: Resource): string[] => nationalIn(patient).map((number) => number.toLowerCase());

const isQualifiedNumber = (number: string): boolean => isQualified(number.slice(0, number.indexOf('|')));

/** `Type/id` of what is here. */
function nameAt(url: string | undefined, base: string): string | undefined {
  const local = url?.startsWith(`${base}/`) === true ? url.slice(base.length + 1) : url;
  return /^([A-Za-z]+\/[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/.exec(local ?? '')?.[1];
}
