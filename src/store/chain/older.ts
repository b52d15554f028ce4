/**
 * Traces that were written before there were chains enter one, once: in a database that no chaining server has served
 * yet. Whoever takes a record's place off later can't pass it off as one of these.
 */
import { Chain } from './chain.ts';
import type { Codes } from './codes.ts';
import { type Link, linkId } from './link.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';

const BATCH = 500;

/** @returns how many entered */
export async function chainOlder(
  database: Database,
  codes: Codes,
  tell: (what: string) => void,
): Promise<number> {
  const { audit, links } = database;
  const opened = await links.find({ what: 'opened' }, { hint: 'what_at' }).toArray();
  if (opened.some(({ about }) => about?.older === undefined)) return 0;
  if ((await links.findOne({ what: 'older' }, { hint: 'what_at' })) !== null) return 0;
  const chain = new Chain(codes);
  let count = 0;
  // in the order of time, and the links with the time of what they bind: so the verifier comes upon them together
  const older = audit.find(
    { type: 'AuditEvent', place: { $exists: false } },
    { sort: { at: 1 }, hint: 'type_at', batchSize: BATCH },
  );
  let batch: Doc[] = [];
  const link = async (at: number, rest: Pick<Link, 'what' | 'about'>): Promise<void> => {
    const draft = chain.bind(at, undefined, rest);
    await links.insertOne({ _id: linkId(chain.id, draft.link.l), chain: chain.id, ...draft.link });
    chain.bound(draft);
  };
  const enter = async (): Promise<void> => {
    const entry = chain.enter(batch);
    const done = await audit.bulkWrite(
      batch.map(({ _id, place }) => ({
        updateOne: { filter: { _id, place: { $exists: false } }, update: { $set: { place: place! } } },
      })),
      { ordered: false },
    );
    if (done.matchedCount !== batch.length)
      throw new Error('another process brings the traces to their new form');
    chain.written(entry);
    await link(batch.at(-1)!.at, {});
    count += batch.length;
    tell(`${count} older traces entered a chain`);
    batch = [];
  };
  for await (const doc of older) {
    if (chain.links === 0) await link(doc.at, { what: 'opened', about: { older: 1 } });
    batch.push(doc);
    if (batch.length === BATCH) await enter();
  }
  if (chain.links === 0) await link(0, { what: 'opened', about: { older: 1 } });
  const last = batch.at(-1)?.at ?? 0;
  if (batch.length > 0) await enter();
  await link(last, { what: 'older', about: { count, entered: new Date().toISOString() } });
  return count;
}
