/**
 * Which form the stored documents have, and with which keys they were written. A newer server brings older
 * documents to its own form before it serves.
 */
import { INDEX_VERSION } from '../search/index.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Database } from './database.ts';
import { type Doc, indexed } from './document.ts';
import { type KeyRing, fingerprint } from './keys.ts';
import { Reading } from './reading.ts';
import { Terms } from './terms.ts';

/** Raised with each change of document.ts that reads what was written before in another way. */
const DOCUMENT_VERSION = 1;
export const LAYOUT = DOCUMENT_VERSION * 1000 + INDEX_VERSION;

const BATCH = 200;

/** @throws Error when the keys are not those of the database, or it is newer than this server */
export async function ensureLayout(
  database: Database,
  ring: KeyRing,
  base: string,
  tell: (what: string) => void,
): Promise<void> {
  const termKey = fingerprint(ring.derive('terms'));
  const { layout } = database.records;
  const made = { layout: LAYOUT, termKey, migratedAt: new Date() };
  await layout.updateOne({ _id: 'store' }, { $setOnInsert: made }, { upsert: true });
  const found = await layout.findById('store').lean();
  if (found === null) throw new Error('the layout record is gone');
  if (found.termKey !== termKey) {
    throw new Error('the key file is not the one that this database was written with: restore it beside the data');
  }
  if (found.layout > LAYOUT) throw new Error('the database was written by a newer server');
  if (found.layout === LAYOUT) return;
  await reindex(database, ring, base, tell);
  await layout.updateOne({ _id: 'store' }, { $set: made });
}

/** Writes again what each resource is found by. What changes meanwhile is left: its writer has indexed it. */
export async function reindex(
  database: Database,
  ring: KeyRing,
  base: string,
  tell: (what: string) => void,
): Promise<number> {
  const reading = new Reading(database, ring);
  const terms = new Terms(ring.derive('terms'));
  let done = 0;
  for (const collection of [database.resources, database.audit]) {
    const total = await collection.estimatedDocumentCount();
    let batch: Doc[] = [];
    const flush = async (): Promise<void> => {
      const operations = [];
      for (const doc of batch) {
        const stored = await reading.open(doc._id, doc);
        if (stored === undefined) continue;
        const resource = JSON.parse(stored.body.toString()) as Resource;
        const { date, terms: found, ids, refs, r, o, pairs } = indexed(resource, terms, base);
        // marks among `ids` are no terms of the resource: they stay
        const marks = (doc.ids ?? []).filter((id) => !(doc.terms ?? []).some((term) => term.equals(id)));
        const set = { date, terms: found, ids: [...(ids ?? []), ...marks], refs, r, o, pairs };
        const kept = Object.fromEntries(Object.entries(set).filter(([, value]) => value !== undefined));
        operations.push({ updateOne: { filter: { _id: doc._id, v: doc.v }, update: { $set: kept } } });
      }
      if (operations.length > 0) await collection.bulkWrite(operations, { ordered: false });
      done += batch.length;
      tell(`${done} of ${total} ${collection.collectionName} indexed again`);
      batch = [];
    };
    for await (const doc of collection.find({}, { sort: { _id: 1 } })) {
      batch.push(doc as Doc);
      if (batch.length >= BATCH) await flush();
    }
    if (batch.length > 0) await flush();
  }
  return done;
}
