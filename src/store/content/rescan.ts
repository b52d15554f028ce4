/**
 * Content that was held back, scanned again: clean, it is given from then on; else it stays where nobody is given it, and
 * who has it in a document is told.
 */
import type { Collection } from 'mongodb';
import type { Scanner, Verdict } from '../../enforcement/screening.ts';
import { parseJson } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/resource.ts';
import { Contents } from './contents.ts';
import type { Database } from '../database.ts';
import type { Doc, HistoryDoc, VersionDoc } from '../document.ts';
import type { KeyRing } from '../keys/keys.ts';
import { MongoOutbox } from '../outgoing/outbox.ts';
import { Reading } from '../reading.ts';
import { Terms } from '../terms.ts';
import { withdrawnWith } from './withdrawn.ts';

export interface Rescanned {
  cleared: number;
  infected: number;
  /** In which it was found now, `Type/id`, with its depositor: the first of them. */
  found: { rid: string; by: string }[];
  left: number;
}

const DURABLE = { writeConcern: { w: 'majority', journal: true } } as const;
/** In one run. */
const MOST = 10_000;
const MOST_TOLD = 100;

export async function rescan(
  database: Database,
  ring: KeyRing,
  scanner: Scanner,
  signal?: AbortSignal,
): Promise<Rescanned> {
  const reading = new Reading(database, ring);
  const contents = new Contents(database.db, ring);
  const outbox = new MongoOutbox(database, ring);
  const terms = new Terms(ring.derive('terms'));
  const done: Rescanned = { cleared: 0, infected: 0, left: 0, found: [] };
  const bytesOf = async (rid: string, doc: VersionDoc): Promise<AsyncIterable<Buffer> | undefined> => {
    if (doc.content !== undefined) return (await contents.find(doc.content.toHexString()))?.read();
    const stored = await reading.openHeld(rid, doc);
    const data = stored === undefined ? undefined : (parseJson(stored.body) as Resource).data;
    return typeof data === 'string' ? once(Buffer.from(data, 'base64')) : undefined;
  };
  for (const [collection, ridOf] of [
    [database.resources, ({ _id }) => _id],
    [database.history, (doc) => (doc as unknown as HistoryDoc).rid],
  ] as [Collection<Doc>, (doc: Doc) => string][]) {
    const held = collection.find(
      { held: { $exists: true }, malware: { $exists: false } },
      { hint: 'held', limit: MOST, batchSize: 20 },
    );
    for await (const doc of held) {
      if (signal?.aborted === true) return done;
      const bytes = await bytesOf(ridOf(doc), doc);
      const verdict: Verdict =
        bytes === undefined ? { is: 'unknown', why: 'gone' } : await scanner.scan(bytes);
      const same = { _id: doc._id, vid: doc.vid };
      if (verdict.is === 'clean') await collection.updateOne(same, { $unset: { held: 1 } }, DURABLE);
      if (verdict.is === 'infected') {
        const mark = { $set: { malware: verdict.name } };
        // of what was replaced since, nobody was given anything
        const isCurrent = collection === database.resources;
        const rows = isCurrent ? await withdrawnWith(database, terms, doc, Date.now()) : [];
        if (rows.length === 0) await collection.updateOne(same, mark, DURABLE);
        else
          await database.client.withSession((session) =>
            session.withTransaction(async () => {
              const { matchedCount } = await collection.updateOne(same, mark, { session });
              if (matchedCount === 1) await outbox.add(rows, session);
            }),
          );
      }
      if (verdict.is === 'infected' && done.found.length < MOST_TOLD)
        done.found.push({ rid: ridOf(doc), by: doc.by });
      done[verdict.is === 'clean' ? 'cleared' : verdict.is === 'infected' ? 'infected' : 'left'] += 1;
    }
  }
  return done;
}

async function* once(bytes: Buffer): AsyncGenerator<Buffer> {
  yield bytes;
}
