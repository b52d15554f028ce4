/** Batch and transaction: https://hl7.org/fhir/R4/http.html#transaction */
import { Abandoned, StagedStore } from '../enforcement/staged-store.ts';
import { Stale } from '../enforcement/ports.ts';
import { planBatch, type PlannedEntry, planTransaction, requireDistinctTargets } from '../fhir/bundle.ts';
import { copyJson } from '../fhir/json.ts';
import { linkEntries } from '../fhir/links.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { profileIssues } from '../fhir/validate/index.ts';
import { bundleOf } from './bundle.ts';
import { findOne, thingOf } from './condition.ts';
import type { Context } from './context.ts';
import { answered, failed } from './entry-answer.ts';
import { blamed, blaming, isInternal } from './entry-fault.ts';
import type { Answer, Body, Entry, Exchange } from './exchange.ts';
import { preferred } from './preferred.ts';
import { idsOf, resolveReferences } from './references.ts';
import { inTurn, written } from './write.ts';

/** Of a batch. */
const READS_AT_ONCE = 8;
const FHIR_JSON = 'application/fhir+json';

export function transaction(context: Context, exchange: Exchange): Promise<Answer> {
  if (exchange.body?.kind !== 'json') throw new FhirError('required', 'a Bundle is required as body');
  const bundle = exchange.body.value as Resource;
  if (bundle.type === 'batch') return batch(context, exchange, bundle);
  if (bundle.type !== 'transaction') {
    throw new FhirError('value', 'a Bundle posted here is a `batch` or a `transaction`', {
      expression: 'Bundle.type',
    });
  }
  const faults = profileIssues(bundle).filter(({ severity }) => severity === 'error');
  if (faults.length > 0) throw FhirError.of(faults, 422);
  const { base } = exchange;
  const plan = (resources: Resource): PlannedEntry[] =>
    planTransaction(resources, { base, maxEntries: context.bounds.maxEntries, newId: context.newId });
  const things = plan(bundle).flatMap(thingsOf);
  return inTurn(context, exchange, [...new Set(things)], () =>
    whole(context, exchange, plan(copyJson(bundle))),
  );
}

/** What an entry names to write to it. */
function thingsOf({ method, type, id, newId, condition }: PlannedEntry): string[] {
  if (type === undefined || isRead({ method })) return [];
  const things = condition === undefined ? [] : [thingOf(type, condition)];
  return id === undefined || newId !== undefined ? things : [...things, `${type}/${id}`];
}

async function batch(context: Context, exchange: Exchange, bundle: Resource): Promise<Answer> {
  const planned = planBatch(bundle, { base: exchange.base, maxEntries: context.bounds.maxEntries });
  const entries: (string | Buffer)[][] = [];
  for (const some of inRuns(planned))
    entries.push(...(await Promise.all(some.map((entry) => byItself(exchange, entry)))));
  return { status: 200, body: bundleOf({ type: 'batch-response', links: [] }, entries) };
}

async function byItself(exchange: Exchange, entry: PlannedEntry | FhirError): Promise<(string | Buffer)[]> {
  try {
    if (entry instanceof FhirError) throw entry;
    return answered(await exchange.dispatch(toEntry(entry)), exchange, entry.method);
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return failed(error);
  }
}

/** Reads that follow each other, so many at once; each write alone. In their order. */
function inRuns(planned: readonly (PlannedEntry | FhirError)[]): (PlannedEntry | FhirError)[][] {
  const runs: (PlannedEntry | FhirError)[][] = [];
  let open = false;
  for (const entry of planned) {
    const joins = entry instanceof FhirError || isRead(entry);
    const last = runs.at(-1);
    if (joins && open && last !== undefined && last.length < READS_AT_ONCE) last.push(entry);
    else runs.push([entry]);
    open = joins;
  }
  return runs;
}

async function whole(context: Context, exchange: Exchange, entries: PlannedEntry[]): Promise<Answer> {
  const staged = new StagedStore(exchange.store);
  const answers = await resolveConditions(context, exchange, entries, staged);
  requireDistinctTargets(entries.filter((entry) => !answers.has(entry)));
  linkEntries(entries);
  const reads = entries.filter(isRead);
  const writes = entries.filter((entry) => !isRead(entry) && !answers.has(entry));
  await resolveReferences(context, exchange, entries, writes);
  for (const entry of reads) {
    if (!touches(writes, entry))
      answers.set(entry, await exchange.dispatch(toEntry(entry), exchange.store).catch(blaming(entry)));
  }
  const settled = await staged.settle(writes.map((entry) => exchange.dispatch(toConcrete(entry), staged)));
  for (const [index, result] of settled.entries()) {
    if (result.status === 'fulfilled') answers.set(writes[index]!, result.value);
  }
  throwFirst(settled, writes);
  if (writes.length > 0) {
    for (const entry of reads)
      answers.set(entry, await exchange.dispatch(toEntry(entry), exchange.store).catch(known));
  }
  const inOrder = [...entries]
    .sort((a, b) => a.index - b.index)
    .map((entry) => {
      const answer = answers.get(entry)!;
      return answer instanceof FhirError ? failed(answer) : answered(answer, exchange, entry.method);
    });
  return { status: 200, body: bundleOf({ type: 'transaction-response', links: [] }, inOrder) };
}

const isRead = ({ method }: Pick<PlannedEntry, 'method'>): boolean => method === 'GET' || method === 'HEAD';

/**
 * Each condition becomes the id that it means; a create whose condition is met is answered with what is there. What
 * the transaction deletes, which it does first, meets no condition of what comes after.
 */
async function resolveConditions(
  context: Context,
  exchange: Exchange,
  entries: readonly PlannedEntry[],
  staged: StagedStore,
): Promise<Map<PlannedEntry, Answer | FhirError>> {
  const answers = new Map<PlannedEntry, Answer | FhirError>();
  for (const entry of entries) {
    const { method, type, condition, resource } = entry;
    if (condition === undefined || type === undefined) continue;
    const gone = method === 'DELETE' ? [] : idsOf(entries, type, 'DELETE');
    const { found, lock } = await findOne(context, exchange, type, condition, gone).catch(blaming(entry));
    staged.hold(lock);
    if (found === undefined) {
      if (method === 'PATCH') throw blamed(entry, new FhirError('not-found', 'not found'));
      if (method === 'PUT' && resource !== undefined && resource.id === undefined)
        entry.newId = context.newId();
      if (method === 'PUT') entry.id = resource?.id ?? entry.newId;
      continue;
    }
    if (method === 'PUT' && resource?.id !== undefined && resource.id !== found.id) {
      throw blamed(
        entry,
        new FhirError('invalid', 'the id of the body is not that of the resource found', {
          expression: 'id',
        }),
      );
    }
    entry.id = found.id;
    if (method === 'POST') answers.set(entry, preferred(written(exchange, found, false), exchange.prefer));
  }
  return answers;
}

/** What the transaction itself writes can't be read before. */
function touches(writes: readonly PlannedEntry[], { url }: PlannedEntry): boolean {
  const [type, id] = url.split(/[/?]/, 2);
  return writes.some((write) => write.type === type && write.id === id);
}

/** The entry whose fault it is; those that were abandoned with it tell nothing. */
function throwFirst(settled: readonly PromiseSettledResult<Answer>[], writes: readonly PlannedEntry[]): void {
  const faults = settled.flatMap((result, index) =>
    result.status === 'rejected' ? [{ reason: result.reason as unknown, entry: writes[index]! }] : [],
  );
  if (faults.length === 0) return;
  const own = faults.filter(({ reason }) => !isAbandoned(reason));
  const first =
    own.find(({ reason }) => reason instanceof FhirError && !isInternal(reason)) ?? own[0] ?? faults[0]!;
  throw staleOf(first.reason) ?? blamed(first.entry, first.reason);
}

function known(error: unknown): FhirError {
  if (error instanceof FhirError) return error;
  throw error;
}

function isAbandoned(reason: unknown): boolean {
  return reason instanceof Abandoned || (reason instanceof FhirError && reason.cause instanceof Abandoned);
}

function staleOf(reason: unknown): Stale | undefined {
  if (reason instanceof Stale) return reason;
  return reason instanceof FhirError && reason.cause instanceof Stale ? reason.cause : undefined;
}

function toEntry({ method, url, headers, resource }: PlannedEntry): Entry {
  // a Binary stands in a Bundle as a resource
  const asResource = { accept: FHIR_JSON, ...headers };
  return { method, url, headers: asResource, ...(resource === undefined ? {} : { body: bodyOf(resource) }) };
}

const bodyOf = (value: Resource): Body => ({
  kind: 'json',
  contentType: FHIR_JSON,
  value,
  bytes: Buffer.alloc(0),
});

/** With what was conditional resolved. */
function toConcrete(entry: PlannedEntry): Entry {
  const { method, id, type, condition, resource } = entry;
  const { 'if-none-exist': _met, ...headers } = entry.headers;
  const resolved = condition !== undefined && method !== 'POST' && id !== undefined;
  if (method === 'PUT' && resource !== undefined && id !== undefined) resource.id = id;
  return {
    ...toEntry({ ...entry, headers, url: resolved ? `${type}/${id}` : entry.url }),
    ...(entry.newId === undefined ? {} : { assignedId: entry.newId }),
    ...(resolved ? { byCondition: true as const } : {}),
  };
}
