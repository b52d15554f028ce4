/**
 * Reads, and the writing of traces, as plain commands. The driver's cursors cost as much CPU as all else of a small
 * read (0.42 ms against 0.27 for 21 documents, 0.22 against 0.10 for a count); the cursors stay for what doesn't fit
 * one answer, and for a second try after a fault of the network.
 * https://www.mongodb.com/docs/manual/reference/command/find/
 */
import {
  type Collection,
  type Document,
  Long,
  MongoBulkWriteError,
  MongoError,
  MongoServerError,
} from 'mongodb';
import type { Query } from './query/query.ts';
import { weightOf } from './weight.ts';

export interface Find {
  projection?: Record<string, 0 | 1>;
  sort?: Record<string, 1 | -1>;
  limit?: number;
  hint?: string;
  /** What else goes on the page doesn't fit in memory: past it, no more is read. */
  bytes?: number;
}

export interface Aggregate<T> {
  hint?: string;
  /** Of what doesn't fit one answer no more is read past this weight. */
  most?: number;
  weigh?: (doc: T) => number;
}

/** Longest that a read may take. Milliseconds. */
const WITHIN = 20_000;
const READ_CONCERN = { level: 'majority' };
/** Commands don't take these from the client. */
const AS_READ = { promoteBuffers: true, promoteLongs: true };
const AS_WRITTEN = { ignoreUndefined: true };
/** More than any read asks for: what fits is answered at once. */
const BATCH = 100_000;

export async function find<T extends Document>(
  collection: Collection<T>,
  query: Query,
  { bytes, ...options }: Find = {},
): Promise<T[]> {
  const found = await findAtOnce(collection, query, options);
  if (found !== undefined) return found;
  const cursor = collection.find(query as never, { ...options, maxTimeMS: WITHIN });
  return (bytes === undefined ? cursor.toArray() : upTo(cursor as never, bytes, weightOf)) as Promise<T[]>;
}

/** Undefined: it doesn't fit one answer, or the network failed. */
export function findAtOnce<T extends Document>(
  collection: Collection<T>,
  query: Query,
  { bytes: _bytes, ...options }: Find,
): Promise<T[] | undefined> {
  return answered<T>(collection, {
    find: collection.collectionName,
    filter: query,
    ...options,
    // one more than the limit, or the cursor would stay open after it
    batchSize: (options.limit ?? BATCH) + 1,
  });
}

/** Until they are heavier than this, that one included. */
export async function upTo<T extends Document>(
  cursor: AsyncIterable<T>,
  most: number,
  weigh: (doc: T) => number,
): Promise<T[]> {
  const found: T[] = [];
  let weight = 0;
  for await (const doc of cursor) {
    found.push(doc);
    weight += weigh(doc);
    if (weight > most) break;
  }
  return found;
}

export async function aggregate<T extends Document, C extends Document>(
  collection: Collection<C>,
  pipeline: Document[],
  { hint, most = Infinity, weigh = () => 0 }: Aggregate<T> = {},
): Promise<T[]> {
  const hinted = hint === undefined ? {} : { hint };
  const found = await answered<T>(collection, {
    aggregate: collection.collectionName,
    pipeline,
    cursor: { batchSize: BATCH },
    ...hinted,
  });
  return found ?? upTo(collection.aggregate<T>(pipeline, { ...hinted, maxTimeMS: WITHIN }), most, weigh);
}

/** Undefined: it doesn't fit one answer, or the network failed. */
async function answered<T>(
  { db, collectionName }: Pick<Collection, 'db' | 'collectionName'>,
  command: Document,
): Promise<T[] | undefined> {
  try {
    const { cursor } = await db.command(
      { ...command, maxTimeMS: WITHIN, readConcern: READ_CONCERN },
      AS_READ,
    );
    if (isDone(cursor.id)) return cursor.firstBatch as T[];
    await db.command({ killCursors: collectionName, cursors: [Long.fromString(String(cursor.id))] });
  } catch (error) {
    if (!(error instanceof MongoError && error.hasErrorLabel('RetryableReadError')) && !isNetwork(error))
      throw error;
  }
  return undefined;
}

/** What fits one command, whatever each holds. */
const FEW = 64;
const DURABLE = { w: 'majority', j: true };
const TIME = { maxTimeMS: 10_000 };

/**
 * Durable when it resolves. INVARIANT: the ids are new, so what a second try meets is what the first one wrote.
 * `insertMany` walks through each document once more for its size, which costs as much as all else it does.
 */
export async function insert<T extends Document>(
  collection: Collection<T>,
  docs: readonly T[],
): Promise<void> {
  const tried = docs.length <= FEW;
  if (tried && (await isInserted(collection, docs))) return;
  try {
    await collection.insertMany(docs as never, { ordered: false, ...TIME });
  } catch (error) {
    if (!tried || !isThere(error)) throw error;
  }
}

/** @throws MongoServerError what the database has against a document */
async function isInserted<T extends Document>(
  { db, collectionName }: Collection<T>,
  documents: readonly T[],
): Promise<boolean> {
  const command = { insert: collectionName, documents, ordered: false, writeConcern: DURABLE, ...TIME };
  // whatever the fault is: the second try has it too, or it has passed
  const answer = await db.command(command, AS_WRITTEN).catch(() => undefined);
  const [error] = (answer?.writeErrors ?? []) as { code: number; errmsg: string }[];
  if (error !== undefined) throw new MongoServerError({ message: error.errmsg, ...error });
  return answer !== undefined && answer.writeConcernError === undefined;
}

/** All are there by now, and as durable as was asked. */
function isThere(error: unknown): boolean {
  if (!(error instanceof MongoBulkWriteError) || error.result.getWriteConcernError() !== undefined)
    return false;
  return [error.writeErrors].flat().every(({ code }) => code === 11000);
}

/**
 * @param exact the collection is sharded: its counts need each document looked at
 * @param limit no more are counted
 */
export async function count<T extends Document>(
  collection: Collection<T>,
  query: Query,
  { hint, exact, limit }: { hint?: string; exact: boolean; limit?: number | undefined },
): Promise<number> {
  const limited = limit === undefined ? {} : { limit };
  if (exact) return collection.countDocuments(query as never, { hint, maxTimeMS: WITHIN, ...limited });
  const answer = await collection.db.command({
    count: collection.collectionName,
    query,
    ...limited,
    ...(hint === undefined ? {} : { hint }),
    maxTimeMS: WITHIN,
    readConcern: READ_CONCERN,
  });
  return answer.n as number;
}

/** A cursor's id is a number, a bigint or a Long: zero when all was answered. */
function isDone(id: unknown): boolean {
  return String(id) === '0';
}

function isNetwork(error: unknown): boolean {
  return error instanceof MongoError && error.name.startsWith('MongoNetwork');
}
