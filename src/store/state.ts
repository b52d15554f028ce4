/** What an operator wants to know of the database, asked now and then. */
import type { Db } from 'mongodb';
import type { Database } from './database.ts';
import { type Verified, lastVerdict } from './chain/verdict.ts';

export interface State {
  /** Bytes on disk by collection, with indexes. */
  collections: Record<string, number>;
  /** Bytes of the disk that the database is on; of all shards together. */
  disk: { used: number; total: number };
  /** Of what waits longest to be told. Milliseconds. */
  outboxSince?: number;
  /** E-mails that could not be sent for so long that they are no longer tried. */
  parked: number;
  /** Rows of the outbox of which no notice could be made. */
  rowsParked: number;
  /** The last verification of the traces. */
  verified?: Verified;
}

const COLLECTIONS = ['resources', 'history', 'audit', 'spill.chunks'];
const TIME = { maxTimeMS: 1_000 };

/** @param key of verdicts */
export async function stateOf(database: Database, key: Buffer): Promise<State> {
  const { db, outbox, mails } = database;
  const [sizes, first, parked, rowsParked, verified] = await Promise.all([
    sizesOf(db),
    outbox.findOne(
      { waiting: { $exists: true } },
      { sort: { waiting: 1, _id: 1 }, hint: 'waiting', ...TIME },
    ),
    mails.countDocuments({ parked: { $exists: true } }, { hint: 'parked', ...TIME }),
    outbox.countDocuments({ parked: { $exists: true } }, { hint: 'parked', ...TIME }),
    lastVerdict(database, key),
  ]);
  return { ...sizes, outboxSince: first?.waiting, parked, rowsParked, verified };
}

/** https://www.mongodb.com/docs/manual/reference/command/dbStats/ */
async function sizesOf(db: Db): Promise<Pick<State, 'collections' | 'disk'>> {
  const [whole, ...each] = await Promise.all([
    db.command({ dbStats: 1, ...TIME }),
    ...COLLECTIONS.map((collStats) => db.command({ collStats, ...TIME })),
  ]);
  return {
    collections: Object.fromEntries(
      COLLECTIONS.map((name, index) => [name, Number(each[index]?.totalSize ?? 0)]),
    ),
    disk: { used: Number(whole.fsUsedSize ?? 0), total: Number(whole.fsTotalSize ?? 0) },
  };
}
