/**
 * What a batch or transaction asks for, entry by entry, and in which order; pure, before anything is done.
 * https://hl7.org/fhir/R4/http.html#transaction
 */
import { FhirError } from './outcome.ts';
import type { Json, Resource } from './resource.ts';

const METHODS = ['DELETE', 'POST', 'PUT', 'PATCH', 'GET', 'HEAD'] as const;
export type EntryMethod = (typeof METHODS)[number];

/** Deletes, creates, changes, reads: https://hl7.org/fhir/R4/http.html#trules */
const ORDER: Record<EntryMethod, number> = { DELETE: 0, POST: 1, PUT: 2, PATCH: 2, GET: 3, HEAD: 3 };

const CONDITIONS = {
  ifMatch: 'if-match',
  ifNoneMatch: 'if-none-match',
  ifModifiedSince: 'if-modified-since',
  ifNoneExist: 'if-none-exist',
} as const;

const MAX_URL_LENGTH = 8_000;

export interface PlannedEntry {
  /** Place in the Bundle: answers keep that order. */
  index: number;
  method: EntryMethod;
  /** Relative to the base. */
  url: string;
  /** Lower-case names. */
  headers: Record<string, string>;
  fullUrl?: string;
  resource?: Resource;
  /** What is changed or made: `id` is given to creates, and missing on conditional changes until they are resolved. */
  type?: string;
  id?: string;
  /** The id that the server gave to what is to be made: never one that the client chose. */
  newId?: string;
  /** The query that finds what is meant: of a conditional change, or of If-None-Exist. */
  condition?: string;
}

export interface PlanOptions {
  base: string;
  maxEntries: number;
}

/** In the order to be carried out. Throws when any entry is wrong. */
export function planTransaction(
  bundle: Resource,
  options: PlanOptions & { newId(): string },
): PlannedEntry[] {
  const entries = entriesOf(bundle, 'transaction', options).map((entry, index) => {
    const planned = planEntry(entry, index, options.base);
    if (isCreate(planned)) planned.id = planned.newId = options.newId();
    return planned;
  });
  requireDistinctAddresses(entries);
  requireDistinctTargets(entries);
  return entries.sort((a, b) => ORDER[a.method] - ORDER[b.method]);
}

/** In the order sent; an entry that is wrong is its own error and no other's. */
export function planBatch(bundle: Resource, options: PlanOptions): (PlannedEntry | FhirError)[] {
  return entriesOf(bundle, 'batch', options).map((entry, index) => {
    try {
      return planEntry(entry, index, options.base);
    } catch (error) {
      if (error instanceof FhirError) return error;
      throw error;
    }
  });
}

/** Call again when conditional changes have been resolved: no two entries may change one resource. */
export function requireDistinctTargets(entries: readonly PlannedEntry[]): void {
  const seen = new Map<string, number>();
  for (const { method, type, id, condition, index } of entries) {
    if (method === 'GET' || method === 'HEAD' || type === undefined) continue;
    const keys = [
      id === undefined ? undefined : `${type}/${id}`,
      // deletes are done first: what comes after under the same condition is about what is left
      condition === undefined ? undefined : `${method === 'DELETE' ? '-' : ''}${type}?${condition}`,
    ];
    for (const key of keys) {
      if (key === undefined) continue;
      const other = seen.get(key);
      if (other !== undefined && other !== index) {
        throw invalid(
          `entries ${other} and ${index} change the same resource`,
          `Bundle.entry[${index}].request`,
        );
      }
      seen.set(key, index);
    }
  }
}

function entriesOf(bundle: Resource, type: 'batch' | 'transaction', { maxEntries }: PlanOptions): unknown[] {
  if (bundle.resourceType !== 'Bundle' || bundle.type !== type) {
    throw invalid(`a Bundle of type \`${type}\` is required`, 'Bundle.type');
  }
  const entries = bundle.entry ?? [];
  if (!Array.isArray(entries)) throw invalid('entry must be a list', 'Bundle.entry');
  if (entries.length > maxEntries) {
    throw new FhirError('too-long', `${entries.length} entries; allowed: up to ${maxEntries}`, {
      expression: 'Bundle.entry',
    });
  }
  return entries;
}

function planEntry(entry: unknown, index: number, base: string): PlannedEntry {
  const at = `Bundle.entry[${index}]`;
  if (!isObject(entry)) throw invalid('an entry must be an object', at);
  const { request, resource, fullUrl } = entry;
  if (!isObject(request)) throw new FhirError('required', 'an entry needs a request', { expression: at });
  if (fullUrl !== undefined && typeof fullUrl !== 'string')
    throw invalid('fullUrl must be a string', `${at}.fullUrl`);
  if (resource !== undefined && (!isObject(resource) || typeof resource.resourceType !== 'string')) {
    throw invalid('a resource needs a `resourceType`', `${at}.resource`);
  }
  if (isObject(resource) && resource.id !== undefined && typeof resource.id !== 'string')
    throw new FhirError('invalid', 'an id is a string', { expression: `${at}.resource.id` });
  const planned: PlannedEntry = {
    index,
    method: methodOf(request, at),
    url: urlOf(request, base, at),
    headers: headersOf(request, at),
    ...(fullUrl === undefined ? {} : { fullUrl }),
    ...(resource === undefined ? {} : { resource: resource as Resource }),
  };
  addTarget(planned, base, at);
  return planned;
}

function methodOf(request: Json, at: string): EntryMethod {
  const method = METHODS.find((known) => known === request.method);
  if (!method) throw invalid(`unknown method; allowed: ${METHODS.join(', ')}`, `${at}.request.method`);
  return method;
}

function urlOf(request: Json, base: string, at: string): string {
  const { url } = request;
  const expression = `${at}.request.url`;
  if (typeof url !== 'string') throw new FhirError('required', 'a request needs a url', { expression });
  if (url.length > MAX_URL_LENGTH)
    throw invalid(`the url is longer than ${MAX_URL_LENGTH} characters`, expression);
  // R4's own examples begin at the base: https://hl7.org/fhir/R4/bundle-request-simplesummary.json.html
  const relative = url.startsWith(`${base}/`)
    ? url.slice(base.length + 1)
    : url.replace(/^\/(?=[A-Z$_?])/, '');
  if (/^[a-z][a-z0-9+.-]*:/i.test(relative) || relative.startsWith('/')) {
    throw invalid('the url must be relative to the base, such as `Patient/1`', expression);
  }
  // Two spellings of one address would hide that entries overlap.
  if (relative.split('?', 1)[0]!.includes('%'))
    throw invalid('the path of a url must not be percent-encoded', expression);
  return relative;
}

function headersOf(request: Json, at: string): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [element, header] of Object.entries(CONDITIONS)) {
    const value = request[element];
    if (value === undefined) continue;
    if (typeof value !== 'string') throw invalid(`${element} must be a string`, `${at}.request.${element}`);
    headers[header] = value;
  }
  return headers;
}

const TARGET = /^([A-Za-z]{1,64})(?:\/([A-Za-z0-9\-.]{1,64}))?$/;

/** Of an `If-None-Exist`: R4 has in it what stands after the `?` of a search; HAPI's client sends the whole address. */
export function criteriaIn(sent: string | undefined, base: string, type: string): string | undefined {
  const [, address, query] = /^([^?]*)\?(.*)$/s.exec(sent ?? '') ?? [];
  return address === type || address === `${base}/${type}` ? query : sent;
}

/** What the entry changes, and that it brings what it needs for it. */
function addTarget(planned: PlannedEntry, base: string, at: string): void {
  const { method, resource, headers } = planned;
  if (method === 'GET' || method === 'HEAD') return;
  const mark = planned.url.indexOf('?');
  const [, type, id] = TARGET.exec(mark < 0 ? planned.url : planned.url.slice(0, mark)) ?? [];
  if (type === undefined) return;
  if (method === 'POST' && id !== undefined) return;
  planned.type = type;
  if (id !== undefined) planned.id = id;
  const query = mark < 0 ? undefined : planned.url.slice(mark + 1);
  const condition = method === 'POST' ? criteriaIn(headers['if-none-exist'], base, type) : query;
  if (condition !== undefined) planned.condition = condition;
  if (method === 'DELETE') return;
  if (!resource) throw new FhirError('required', 'the entry needs a resource', { expression: at });
  if (method === 'PATCH') return;
  if (resource.resourceType !== type) {
    throw invalid(`the resource is not of the type \`${type}\` of the url`, `${at}.resource`);
  }
  if (method === 'PUT' && id !== undefined && resource.id !== id) {
    throw invalid(`the resource's id is not the \`${id}\` of the url`, `${at}.resource.id`);
  }
}

const isCreate = ({ method, type }: PlannedEntry): boolean => method === 'POST' && type !== undefined;

function requireDistinctAddresses(entries: readonly PlannedEntry[]): void {
  const seen = new Set<string>();
  for (const { fullUrl, index } of entries) {
    if (fullUrl === undefined) continue;
    if (seen.has(fullUrl))
      throw invalid('two entries have the same fullUrl', `Bundle.entry[${index}].fullUrl`);
    seen.add(fullUrl);
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const invalid = (text: string, expression: string): FhirError =>
  new FhirError('invalid', text, { expression });
