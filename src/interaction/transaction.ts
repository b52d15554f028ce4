/** Batch and transaction: https://hl7.org/fhir/R4/http.html#transaction */
import { Abandoned } from '../enforcement/scoped-store.ts';
import { Stale } from '../enforcement/ports.ts';
import { planBatch, type PlannedEntry, planTransaction, requireDistinctTargets } from '../fhir/bundle.ts';
import { stringifyJson } from '../fhir/json.ts';
import { conditionalReferences, linkEntries } from '../fhir/links.ts';
import { FhirError, outcome } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { bundleOf } from './bundle.ts';
import { findOne } from './condition.ts';
import type { Context } from './context.ts';
import type { Answer, Entry, Exchange } from './exchange.ts';
import { retrying } from './write.ts';

const STATUS: Record<number, string> = {
  200: '200 OK',
  201: '201 Created',
  204: '204 No Content',
  304: '304 Not Modified',
};
/** National identifiers of patients: a deposit may name its patient by them. */
const NATIONAL = /^urn:oid:1\.2\.250\.1\.213\.1\.4\.(2|8|9|10|11)$/;

export function transaction(context: Context, exchange: Exchange): Promise<Answer> {
  if (exchange.body?.kind !== 'json') throw new FhirError('required', 'a Bundle is required as body');
  const bundle = exchange.body.value as Resource;
  if (bundle.type === 'batch') return batch(context, exchange, bundle);
  if (bundle.type !== 'transaction') {
    throw new FhirError('value', 'a Bundle posted here is a `batch` or a `transaction`', { expression: 'Bundle.type' });
  }
  return retrying(() => whole(context, exchange, structuredClone(bundle)));
}

async function batch(context: Context, exchange: Exchange, bundle: Resource): Promise<Answer> {
  const planned = planBatch(bundle, { base: exchange.base, maxEntries: context.bounds.maxEntries });
  const entries: (string | Buffer)[][] = [];
  for (const entry of planned) {
    try {
      if (entry instanceof FhirError) throw entry;
      entries.push(entryOf(await exchange.dispatch(toEntry(entry)), exchange, entry.method));
    } catch (error) {
      if (!(error instanceof FhirError)) throw error;
      entries.push(failedEntry(error));
    }
  }
  return { status: 200, body: bundleOf({ type: 'batch-response', links: [] }, entries) };
}

async function whole(context: Context, exchange: Exchange, bundle: Resource): Promise<Answer> {
  const { base } = exchange;
  const staged = exchange.store.stage();
  const entries = planTransaction(bundle, { base, maxEntries: context.bounds.maxEntries, newId: context.newId });
  const found = new Map<PlannedEntry, Answer>();
  for (const entry of entries) {
    if (entry.condition === undefined || entry.type === undefined) continue;
    const { found: match, lock } = await findOne(context, exchange, entry.type, entry.condition);
    staged.hold(lock);
    if (entry.method === 'POST') {
      if (match === undefined) continue;
      entry.id = match.id;
      found.set(entry, { status: 200, headers: headersOf(base, match) });
    } else if (match !== undefined) entry.id = match.id;
    else if (entry.method === 'PUT') entry.id = entry.resource?.id ?? context.newId();
  }
  requireDistinctTargets(entries);
  linkEntries(entries);
  await resolveReferences(context, exchange, entries);
  const writes = entries.filter((entry) => entry.method !== 'GET' && entry.method !== 'HEAD' && !found.has(entry));
  const running = writes.map((entry) => exchange.dispatch(toConcrete(entry), staged));
  const settled = await staged.settle(running);
  const answers = new Map(found);
  for (const [index, result] of settled.entries()) {
    if (result.status === 'fulfilled') answers.set(writes[index]!, result.value);
  }
  throwFirst(settled, writes);
  for (const entry of entries) {
    if (entry.method === 'GET' || entry.method === 'HEAD') answers.set(entry, await readEntry(exchange, entry));
  }
  const inOrder = [...entries].sort((a, b) => a.index - b.index);
  return {
    status: 200,
    body: bundleOf(
      { type: 'transaction-response', links: [] },
      inOrder.map((entry) => entryOf(answers.get(entry)!, exchange, entry.method)),
    ),
  };
}

/** The entry whose fault it is; those that were abandoned with it tell nothing. */
function throwFirst(settled: readonly PromiseSettledResult<Answer>[], writes: readonly PlannedEntry[]): void {
  const failed = settled.flatMap((result, index) =>
    result.status === 'rejected' ? [{ reason: result.reason as unknown, entry: writes[index]! }] : [],
  );
  if (failed.length === 0) return;
  const own = failed.filter(({ reason }) => !isAbandoned(reason));
  const first = own.find(({ reason }) => reason instanceof FhirError && !isInternal(reason)) ?? own[0] ?? failed[0]!;
  const cause = staleOf(first.reason);
  if (cause !== undefined) throw cause;
  if (!(first.reason instanceof FhirError)) throw first.reason;
  const issues = first.reason.issues.map((issue) => ({
    ...issue,
    expression: `Bundle.entry[${first.entry.index}]${issue.expression === undefined ? '' : `.resource ${issue.expression}`}`,
  }));
  throw FhirError.of(issues, first.reason.status === 404 ? 422 : first.reason.status);
}

const isInternal = (error: FhirError): boolean => error.status >= 500;

function isAbandoned(reason: unknown): boolean {
  return reason instanceof Abandoned || (reason instanceof FhirError && reason.cause instanceof Abandoned);
}

function staleOf(reason: unknown): Stale | undefined {
  if (reason instanceof Stale) return reason;
  return reason instanceof FhirError && reason.cause instanceof Stale ? reason.cause : undefined;
}

/** https://hl7.org/fhir/R4/http.html#trules: exactly one match, or the transaction fails. */
async function resolveReferences(context: Context, exchange: Exchange, entries: readonly PlannedEntry[]): Promise<void> {
  const known = new Map<string, string>();
  for (const { resource, index } of entries) {
    if (resource === undefined) continue;
    for (const { query, set } of conditionalReferences(resource)) {
      const reference = known.get(query) ?? (await referenceTo(context, exchange, query));
      if (reference === undefined) {
        throw new FhirError('business-rule', `the reference \`${query.slice(0, 200)}\` matches nothing`, {
          expression: `Bundle.entry[${index}].resource`,
        });
      }
      known.set(query, reference);
      set(reference);
    }
  }
}

async function referenceTo(context: Context, exchange: Exchange, query: string): Promise<string | undefined> {
  const mark = query.indexOf('?');
  const type = query.slice(0, mark);
  if (!context.types.has(type)) throw new FhirError('not-supported', `type \`${type}\` is not served`);
  const condition = query.slice(mark + 1);
  if (type === 'Patient') {
    const [name, value, ...rest] = [...new URLSearchParams(condition)].flat();
    const [system = '', number = ''] = (value ?? '').split('|', 2);
    if (name === 'identifier' && rest.length === 0 && NATIONAL.test(system)) {
      const id = await exchange.store.patientWith(system, number);
      return id === undefined ? undefined : `Patient/${id}`;
    }
  }
  const { found } = await findOne(context, exchange, type, condition);
  return found === undefined ? undefined : `${type}/${found.id}`;
}

async function readEntry(exchange: Exchange, entry: PlannedEntry): Promise<Answer> {
  return exchange.dispatch(toEntry(entry));
}

function toEntry({ method, url, headers, resource, type }: PlannedEntry): Entry {
  return { method, url, headers, ...(resource === undefined ? {} : { body: bodyOf(resource, method, type) }) };
}

/** With what was conditional resolved. */
function toConcrete(entry: PlannedEntry): Entry {
  const { method, id, type, condition } = entry;
  const { 'if-none-exist': _met, ...headers } = entry.headers;
  const conditional = condition !== undefined && method !== 'POST' && id !== undefined;
  if (method === 'PUT' && entry.resource !== undefined && id !== undefined) entry.resource.id = id;
  return {
    ...toEntry({ ...entry, headers, url: conditional ? `${type}/${id}` : entry.url }),
    ...(method === 'POST' || (conditional && method === 'PUT') ? { assignedId: id } : {}),
  };
}

function bodyOf(resource: Resource, method: string, type: string | undefined): Entry['body'] {
  const bytes = Buffer.alloc(0);
  if (method === 'PATCH' && resource.resourceType === 'Binary' && type !== 'Binary') {
    // https://hl7.org/fhir/R4/http.html#jsonpatch: a JSON Patch travels in a Binary
    const text = Buffer.from(String(resource.data ?? ''), 'base64').toString();
    try {
      return { kind: 'json', contentType: 'application/json-patch+json', value: JSON.parse(text), bytes };
    } catch {
      throw new FhirError('structure', 'the JSON Patch in a Binary is not JSON');
    }
  }
  return { kind: 'json', contentType: 'application/fhir+json', value: resource, bytes };
}

function headersOf(base: string, stored: { type: string; id: string; vid: string; at: number }): Record<string, string> {
  return {
    location: `${base}/${stored.type}/${stored.id}/_history/${stored.vid}`,
    etag: `W/"${stored.vid}"`,
    'last-modified': new Date(stored.at).toUTCString(),
  };
}

function entryOf(answer: Answer, { prefer }: Exchange, method: string): (string | Buffer)[] {
  const { headers = {}, status, body } = answer;
  const modified = headers['last-modified'];
  const location = headers.location ?? headers['content-location'];
  const response = JSON.stringify({
    status: STATUS[status] ?? String(status),
    ...(location === undefined ? {} : { location }),
    ...(headers.etag === undefined ? {} : { etag: headers.etag }),
    ...(modified === undefined ? {} : { lastModified: new Date(modified).toISOString() }),
  });
  const bytes = body === undefined ? undefined : Buffer.isBuffer(body) ? body : Buffer.from(stringifyJson(body));
  const shown = method === 'GET' || prefer.return === 'representation';
  return bytes === undefined || !shown || method === 'HEAD'
    ? [`{"response":${response}}`]
    : ['{"resource":', bytes, `,"response":${response}}`];
}

function failedEntry(error: FhirError): (string | Buffer)[] {
  const issues = outcome(error.status === 404 ? [{ severity: 'error', code: 'not-found', text: 'not found' }] : error.issues);
  return [`{"response":${JSON.stringify({ status: String(error.status), outcome: issues })}}`];
}
