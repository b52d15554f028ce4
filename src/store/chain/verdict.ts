/** What the last verification of the traces found, as long as nobody forged it: whoever can write to the database can't. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Database } from '../database.ts';

/** When it began, milliseconds, and what it found. */
export interface Verified {
  at: number;
  faults: number;
}

interface VerdictDoc extends Verified {
  _id: 'last';
  code: Buffer;
}

const TIME = { maxTimeMS: 1_000 };

const verdicts = ({ db }: Pick<Database, 'db'>) => db.collection<VerdictDoc>('verdicts');

const codeOf = (key: Buffer, { at, faults }: Verified): Buffer =>
  createHmac('sha256', key).update(`${at} ${faults}`).digest();

export async function tellVerdict(database: Database, key: Buffer, verdict: Verified): Promise<void> {
  const { at, faults } = verdict;
  const doc = { at, faults, code: codeOf(key, verdict) };
  await verdicts(database).replaceOne({ _id: 'last' }, doc, { upsert: true });
}

/** Undefined: there was none. One that was forged counts as a fault. */
export async function lastVerdict(
  database: Pick<Database, 'db'>,
  key: Buffer,
): Promise<Verified | undefined> {
  const found = await verdicts(database).findOne({ _id: 'last' }, { promoteBuffers: true, ...TIME });
  if (found === null) return undefined;
  const { at, faults, code } = found;
  const wanted = codeOf(key, { at, faults });
  const isOurs = Buffer.isBuffer(code) && code.length === wanted.length && timingSafeEqual(code, wanted);
  return isOurs ? { at, faults } : { at: 0, faults: 1 };
}
