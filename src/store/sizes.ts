/** How much of the disk the database takes. https://www.mongodb.com/docs/manual/reference/command/dbStats/ */
import type { Db } from 'mongodb';

export interface Sizes {
  /** Bytes on disk by collection, with indexes. */
  collections: Record<string, number>;
  /** Bytes of the disk that the database is on; of all shards together. */
  disk: { used: number; total: number };
}

const COLLECTIONS = ['resources', 'history', 'audit', 'spill.chunks'];
const TIME = { maxTimeMS: 1_000 };

export async function sizesOf(db: Db): Promise<Sizes> {
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
