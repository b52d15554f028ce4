/**
 * Which form the stored documents have, and with which keys they were written. A newer server brings older
 * documents to its own form before it serves.
 */
import type { AnyBulkWriteOperation, Collection } from 'mongodb';
import type { Rules } from '../consent/rules.ts';
import { isDecision } from '../audit/aside.ts';
import { TRACER } from '../enforcement/own-traces.ts';
import type { Stored } from '../enforcement/ports.ts';
import { labelsOf } from '../fhir/labels.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { INDEX_VERSION } from '../search/index.ts';
import { markAnew } from './anew-older.ts';
import { Codes } from './chain/codes.ts';
import type { Place } from './chain/link.ts';
import { chainOlder } from './chain/older.ts';
import { claimOlder } from './content/claim-older.ts';
import type { Database } from './database.ts';
import { type Doc, WITHOUT_INDEX } from './document.ts';
import { type Found, foundBy, gateFacts, hiddenSince, withDepositor } from './write/encoder.ts';
import { type KeyEncryption, type KeyRing, WRONG_KEYS, existingKeys, fingerprint } from './keys/keys.ts';
import { Reading } from './reading.ts';
import { shutOlder } from './records/shut-older.ts';
import { Terms } from './terms.ts';
import { Veils } from './veil.ts';
import { authorsIn, codesOf, tracedIn } from './traces/traces.ts';

/** Raised with each change of document.ts that reads what was written before in another way. */
const DOCUMENT_VERSION = 12;
export const LAYOUT = DOCUMENT_VERSION * 1000 + INDEX_VERSION;

const BATCH = 200;
const BATCH_BYTES = 16 * 1024 * 1024;
const OPTIONAL = ['ids', 'refs', 'r', 'o', 'pairs', 'long', 'grants'] as const;

/** @throws Error when the keys are not those of the database, or it is newer than this server */
export async function ensureLayout(
  database: Database,
  ring: KeyRing,
  base: string,
  rules: Rules,
  tell: (what: string) => void,
): Promise<void> {
  const termKey = fingerprint(ring.derive('terms'));
  const { layout } = database.records;
  const ruled = ruledBy(rules, new Terms(ring.derive('terms')));
  const made = { layout: LAYOUT, rules: ruled, termKey, migratedAt: new Date() };
  await layout.updateOne(
    { _id: 'store' },
    { $setOnInsert: { ...made, areShut: true, tellAnew: true } },
    { upsert: true },
  );
  const found = await layout.findById('store').lean();
  if (found === null) throw new Error('the layout record is gone');
  if (found.termKey !== termKey) {
    throw new Error(WRONG_KEYS);
  }
  // any data key tells whether the key-encryption keys are the right ones
  await ring.ensure(['']);
  if (found.layout > LAYOUT) throw new Error('the database was written by a newer server');
  if (found.areShut !== true) {
    await shutOlder(database, ring, tell);
    await layout.updateOne({ _id: 'store' }, { $set: { areShut: true } });
  }
  if (found.tellAnew !== true) {
    await markAnew(database, tell);
    await layout.updateOne({ _id: 'store' }, { $set: { tellAnew: true } });
  }
  if (found.base !== base) await layout.updateOne({ _id: 'store' }, { $set: { base } });
  if (found.layout === LAYOUT && found.rules === ruled) return;
  await reindex(database, ring, base, rules, tell);
  await claimOlder(database, ring, base, tell);
  await chainOlder(database, new Codes((purpose) => ring.derive(purpose)), tell);
  await layout.updateOne({ _id: 'store' }, { $set: made });
}

/**
 * The keys of a database, for whoever works on it beside a server.
 * @throws Error when the file isn't there, or is another database's
 */
export async function keysOf({ records }: Database, path: string): Promise<KeyEncryption> {
  const encryption = await existingKeys(path);
  const found = await records.layout.findById('store').lean();
  if (found !== null && found.termKey !== fingerprint(encryption.derive('terms')))
    throw new Error(WRONG_KEYS);
  return encryption;
}

/** What is found by other rules, or under another base, would be hidden or found otherwise. @throws Error */
export async function requireServedSo(
  { records }: Database,
  ring: KeyRing,
  base: string,
  rules: Rules,
): Promise<void> {
  const found = await records.layout.findById('store').lean();
  if (found === null) return;
  if (found.base !== undefined && found.base !== base)
    throw new Error(
      `the server serves this database at ${found.base}, not ${base}: set BASE_URL as it has it`,
    );
  if (found.rules !== ruledBy(rules, new Terms(ring.derive('terms'))))
    throw new Error('the server has other national rules than these: set RULES as it has it');
}

/** What of the rules stands in documents: whom a Consent may mean, and which labels hide. */
function ruledBy({ labels, professions }: Rules, terms: Terms): string {
  return terms.text(`rules=${JSON.stringify([labels, professions])}`);
}

/**
 * Writes again what each resource is found by; begins where one that was killed had got to. What changes meanwhile is
 * left: its writer has indexed it.
 */
export async function reindex(
  database: Database,
  ring: KeyRing,
  base: string,
  rules: Rules,
  tell: (what: string) => void,
): Promise<number> {
  const { layout } = database.records;
  const reading = new Reading(database, ring);
  const terms = new Terms(ring.derive('terms'));
  const veils = new Veils(terms, rules);
  const codes = new Codes((purpose) => ring.derive(purpose));
  // what was tallied of traces that are found by something else now
  await database.tallies.deleteMany({});
  const begun = (await layout.findById('store').lean())?.reindexing;
  const ruled = ruledBy(rules, terms);
  let resume = begun?.layout === LAYOUT && begun.rules === ruled ? begun : undefined;
  let done = 0;
  for (const collection of [database.resources, database.audit]) {
    const { collectionName } = collection;
    if (resume !== undefined && resume.among !== collectionName) continue;
    let here = 0;
    const total = await collection.estimatedDocumentCount();
    for await (const batch of batches(collection, resume?.after)) {
      resume = undefined;
      const operations = await Promise.all(
        batch.map(async (doc) =>
          indexAgain(doc, await reading.open(doc._id, doc), terms, base, rules, codes, veils),
        ),
      );
      const changed = operations.filter((operation) => operation !== undefined);
      if (changed.length > 0) await collection.bulkWrite(changed, { ordered: false });
      const reindexing = { layout: LAYOUT, rules: ruled, among: collectionName, after: batch.at(-1)!._id };
      await layout.updateOne({ _id: 'store' }, { $set: { reindexing } });
      done += batch.length;
      here += batch.length;
      tell(`${here} of ${total} ${collectionName} indexed again`);
    }
    resume = undefined;
  }
  await database.tallies.deleteMany({});
  await layout.updateOne({ _id: 'store' }, { $unset: { reindexing: 1 } });
  return done;
}

const { place: _place, ...WITH_PLACE } = WITHOUT_INDEX;

/** In the order of `_id`, bounded in number and bytes. */
async function* batches(collection: Collection<Doc>, after: string | undefined): AsyncGenerator<Doc[]> {
  const rest = after === undefined ? {} : { _id: { $gt: after } };
  let batch: Doc[] = [];
  let bytes = 0;
  for await (const doc of collection.find(rest, {
    sort: { _id: 1 },
    projection: WITH_PLACE,
    batchSize: BATCH,
  })) {
    batch.push(doc);
    bytes += doc.body?.length ?? BATCH_BYTES;
    if (batch.length < BATCH && bytes < BATCH_BYTES) continue;
    yield batch;
    [batch, bytes] = [[], 0];
  }
  if (batch.length > 0) yield batch;
}

/** Undefined for what can't be read any more: its patient was erased. */
function indexAgain(
  doc: Doc,
  stored: Stored | undefined,
  terms: Terms,
  base: string,
  rules: Rules,
  codes: Codes,
  veils: Veils,
): AnyBulkWriteOperation<Doc> | undefined {
  if (stored === undefined) return undefined;
  const resource = JSON.parse(stored.body.toString()) as Resource;
  const labels = labelsOf(resource);
  const unshown = labels.filter((label) => stored.unshown?.includes(terms.text(`label=${label}`)));
  const byTerms = foundBy(resource, stored.patients, terms, base, rules, unshown);
  if (doc.by !== TRACER) byTerms.seek?.push(doc.by);
  // what stands in a trace beside its body is as it was written: its place in the chain covers it
  const found: Found & { place?: Place; view?: string; authors?: string[] } =
    doc.place !== undefined
      ? { ...byTerms, place: { ...doc.place, found: codes.found(byTerms, doc.place.code) } }
      : {
          ...byTerms,
          ...(doc.by === TRACER ? tracedAgain(resource, terms) : gateFacts(resource, labels, terms, base)),
          ...hiddenSince(labels, stored, stored.at, rules),
        };
  if (doc.type === 'AuditEvent') {
    if (doc.place === undefined && doc.by !== TRACER)
      found.authors = withDepositor({ authors: found.authors, by: doc.by });
  } else {
    const keyed = labels.map((label) => terms.text(`label=${label}`));
    Object.assign(found, veils.over({ labels: keyed, by: doc.by, terms: found.terms }));
  }
  const absent = OPTIONAL.filter((name) => found[name] === undefined).map((name) => [name, '' as const]);
  const update = { $set: found, ...(absent.length > 0 ? { $unset: Object.fromEntries(absent) } : {}) };
  return { updateOne: { filter: { _id: doc._id, vid: doc.vid }, update } };
}

function tracedAgain(resource: Resource, terms: Terms): Partial<Doc> {
  const decisions = ((resource.entity ?? []) as Json[]).filter(isDecision);
  return {
    about: tracedIn(resource, decisions),
    authors: authorsIn(resource),
    codes: codesOf(resource, terms),
  };
}
