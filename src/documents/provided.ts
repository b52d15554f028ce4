/** What a Provide Document Bundle must be, checked before anything is done: https://profiles.ihe.net/ITI/MHD/ITI-65.html */
import { items } from '../fhir/items.ts';
import { attachmentFault, knownOf } from '../fhir/content/attachment.ts';
import { stringifyJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import { measured } from './attachment.ts';
import { listType } from '../fhir/lists.ts';
import { attachmentsOf, claimsProvide } from './codes.ts';

/** One entry as it was sent; what it lacks is told by the transaction itself. */
export interface Part {
  index: number;
  entry: Json;
  method: string;
  url: string;
  fullUrl?: string;
  resource?: Resource;
}

export function partsOf(bundle: Resource): Part[] {
  return items(bundle.entry).map((entry, index) => {
    const request = (entry.request ?? {}) as Json;
    const { fullUrl, resource } = entry;
    return {
      index,
      entry,
      method: textIn(request.method),
      url: textIn(request.url),
      ...(typeof fullUrl === 'string' ? { fullUrl } : {}),
      ...(typeof resource === 'object' && resource !== null ? { resource: resource as Resource } : {}),
    };
  });
}

/** Below the base. */
export const local = (base: string, url: string): string =>
  url.startsWith(`${base}/`) ? url.slice(base.length + 1) : url.replace(/^\/(?=[A-Z$_?])/, '');

const textIn = (value: unknown): string => (typeof value === 'string' ? value : '');

export const made = (parts: readonly Part[], type: string): Part[] =>
  parts.filter(({ method, resource }) => method === 'POST' && resource?.resourceType === type);

/** A transaction with a SubmissionSet, or that says that it is one. */
export function isProvided(bundle: Resource, parts: readonly Part[]): boolean {
  return claimsProvide(bundle) || submissionSets(parts).length > 0;
}

const submissionSets = (parts: readonly Part[]): Part[] =>
  made(parts, 'List').filter(({ resource }) => listType(resource!) === 'submissionset');

/** @throws FhirError 422 */
export function checkProvided(parts: readonly Part[], base: string): void {
  const [set, ...more] = submissionSets(parts);
  if (set === undefined || more.length > 0) {
    throw broken(
      'a Provide Document Bundle has one SubmissionSet: a List with the code `submissionset`',
      'Bundle.entry',
    );
  }
  const documents = made(parts, 'DocumentReference');
  const folders = made(parts, 'List').filter((part) => listType(part.resource!) === 'folder');
  const listed = new Set(
    items(set.resource!.entry).map(({ item }) => (item as Reference | undefined)?.reference),
  );
  for (const part of [...documents, ...folders]) {
    if (part.fullUrl !== undefined && listed.has(part.fullUrl)) continue;
    throw broken(
      'the SubmissionSet must list each document and folder of the Bundle, by its fullUrl',
      at(part),
    );
  }
  checkSubject(set, [...documents, ...folders], base);
  checkContents(parts, documents);
}

/** One patient for all. */
function checkSubject(set: Part, others: readonly Part[], base: string): void {
  const whose = subjectOf(set, base);
  if (whose === undefined)
    throw broken('the SubmissionSet names no patient as `subject`', `${at(set)}.subject`);
  for (const part of others) {
    if (subjectOf(part, base) === whose) continue;
    throw broken('the subject is not that of the SubmissionSet', `${at(part)}.subject`);
  }
}

function subjectOf({ resource }: Part, base: string): string | undefined {
  const { reference, identifier } = (resource!.subject ?? {}) as Reference;
  if (reference !== undefined) return local(base, String(reference));
  return identifier?.value === undefined ? undefined : `${identifier.system ?? ''}|${identifier.value}`;
}

/** Each content that the Bundle brings is one document's, and what a document names by its place in the Bundle is there. */
function checkContents(parts: readonly Part[], documents: readonly Part[]): void {
  const brought = new Set(parts.map(({ fullUrl }) => fullUrl));
  const claimed = new Map<string, Part>();
  for (const document of documents) {
    for (const { url } of attachmentsOf(document.resource!)) {
      if (typeof url !== 'string') continue;
      if (claimed.has(url)) throw broken('two documents of the Bundle have the same content', at(document));
      if (/^urn:(uuid|oid):/i.test(url) && !brought.has(url))
        throw broken(`no entry of the Bundle is the content \`${url.slice(0, 100)}\``, at(document));
      claimed.set(url, document);
    }
  }
  for (const content of made(parts, 'Binary')) {
    const document = content.fullUrl === undefined ? undefined : claimed.get(content.fullUrl);
    if (document === undefined) throw broken('no document of the Bundle has this content', at(content));
  }
}

/**
 * Sizes and hashes that documents lack are filled in from the Bundle's own Binaries. A FHIR document has none (MHD), but
 * PDSm's profile asks for both: what is said of one is held against its JSON as it was sent, without blanks.
 * @throws FhirError 422
 */
export function completed(parts: readonly Part[]): void {
  const contents = new Map(
    [...made(parts, 'Binary'), ...made(parts, 'Bundle')].map((part) => [part.fullUrl, part.resource!]),
  );
  if (contents.size === 0) return;
  for (const document of made(parts, 'DocumentReference')) {
    for (const [index, attachment] of attachmentsOf(document.resource!).entries()) {
      const content = typeof attachment.url === 'string' ? contents.get(attachment.url) : undefined;
      const expression = `${at(document)}.content[${index}].attachment`;
      if (content?.resourceType === 'Bundle') checkDocument(attachment, content, expression);
      if (content?.resourceType !== 'Binary' || typeof content.data !== 'string') continue;
      Object.assign(attachment, measured(attachment, content.data, content.contentType, expression));
      attachment.contentType ??= content.contentType;
    }
  }
}

function checkDocument(attachment: Json, document: Resource, expression: string): void {
  const { size, hash, contentType } = attachment;
  if (typeof contentType === 'string' && !/^application\/fhir\+(json|xml)\s*(;|$)/i.test(contentType))
    throw broken('a FHIR document is `application/fhir+json` or `application/fhir+xml`', expression);
  if (size === undefined && hash === undefined) return;
  const data = Buffer.from(stringifyJson(document)).toString('base64');
  const fault = attachmentFault({ size, hash }, knownOf(data, undefined));
  if (fault === undefined) return;
  throw broken(`${fault}: of a FHIR document, as JSON without blanks; both may be left out`, expression);
}

const at = ({ index }: Part): string => `Bundle.entry[${index}].resource`;

const broken = (text: string, expression: string): FhirError =>
  new FhirError('business-rule', text, { expression });
