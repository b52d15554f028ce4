/**
 * Large bodies go to GridFS before the transaction that names them, so one that fails, or a process that is killed,
 * leaves content that nobody names. https://www.mongodb.com/docs/manual/core/gridfs/
 */
import { ObjectId } from 'mongodb';
import type { Database } from '../database.ts';

/** Far longer than any write takes from its content to its commit. Milliseconds. */
const OLD_ENOUGH = 86_400_000;
const BATCH = 500;

/** Drops what nobody names; answers how much that was. */
export async function sweep(database: Database, now: number, signal?: AbortSignal): Promise<number> {
  let dropped = 0;
  for await (const ids of uploads(database, new Date(now - OLD_ENOUGH))) {
    const named = await namedAmong(database, ids);
    for (const id of ids) {
      if (signal?.aborted === true) return dropped;
      if (named.has(id.toHexString())) continue;
      await drop(database, id);
      dropped += 1;
    }
  }
  return dropped;
}

/** By their chunks: an upload that was cut off has no file yet. An id tells when it was made. */
async function* uploads({ db }: Database, before: Date): AsyncGenerator<ObjectId[]> {
  const first = { n: 0, files_id: { $lt: ObjectId.createFromTime(before.getTime() / 1000) } };
  const chunks = db.collection<{ files_id: ObjectId; n: number }>('spill.chunks').find(first, {
    projection: { _id: 0, files_id: 1 },
    batchSize: BATCH,
  });
  let batch: ObjectId[] = [];
  for await (const { files_id: id } of chunks) {
    batch.push(id);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

async function namedAmong({ resources, history }: Database, ids: ObjectId[]): Promise<Set<string>> {
  const options = { projection: { _id: 0, spill: 1 }, hint: 'spill' } as const;
  const found = await Promise.all(
    [resources, history].map((versions) =>
      (versions as typeof resources).find({ spill: { $in: ids } }, options).toArray(),
    ),
  );
  return new Set(found.flat().map(({ spill }) => spill!.toHexString()));
}

async function drop({ db }: Database, id: ObjectId): Promise<void> {
  await db.collection<{ _id: ObjectId }>('spill.files').deleteOne({ _id: id });
  await db.collection('spill.chunks').deleteMany({ files_id: id });
}
