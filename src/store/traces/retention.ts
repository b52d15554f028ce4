/**
 * Traces leave the database when their time there is over: by whole months, each to sealed files, from which alone
 * what is deleted is taken, so that nothing is lost wherever this is killed. Nothing here deletes a file.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, stat, unlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Item, merged } from '../chain/sources.ts';
import type { Link } from '../chain/link.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';
import { weightOf } from '../weight.ts';
import { readTraces, writeTraces } from './trace-file.ts';

/** Years that all traces of a space stay after it was closed. */
const CLOSED_YEARS = 10;
const PORTION = 500;
/** Bytes of what its traces hold. */
const PORTION_WEIGHT = 8 * 1024 * 1024;
/** Nobody writes a file for so long. Milliseconds. */
const DAY = 86_400_000;
const NAME = /^(\d{4}-\d{2})\.(usual|closed)\.[0-9a-f]{8}\.traces$/;
const TIME = { maxTimeMS: 60_000 };

/** What the key is derived for. */
export const ARCHIVE_KEY = 'trace archive';

export interface Retention {
  folder: string;
  key: Buffer;
  /** That traces stay in the database. */
  years: number;
  /** Tells the chain what was moved. */
  tell: (about: NonNullable<Link['about']>) => Promise<void>;
}

type Kept = 'usual' | 'closed';

/** @returns how many left the database */
export async function retire(
  database: Database,
  retention: Retention,
  now: number,
  signal: AbortSignal,
): Promise<number> {
  const { folder, years } = retention;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await dateClosings(database);
  let moved = await goOn(database, retention, now, signal);
  const limits = { usual: monthBefore(now, years), closed: yearsBefore(now, CLOSED_YEARS) };
  for (const kept of ['usual', 'closed'] as const) {
    for (let from = await oldest(database, kept, limits, -Infinity); from !== undefined && !signal.aborted;) {
      const [month, end] = monthOf(from);
      const path = join(folder, `${month}.${kept}.${randomBytes(4).toString('hex')}.traces`);
      await writeTraces(path, retention.key, portions(database, kept, limits, from, end));
      moved += await remove(database, retention, path, signal);
      from = await oldest(database, kept, limits, end);
    }
  }
  return moved;
}

/** Where one that was killed had got to: a file that no link tells of is whole, but its records may be here still. */
async function goOn(
  database: Database,
  retention: Retention,
  now: number,
  signal: AbortSignal,
): Promise<number> {
  const told = await database.links.find({ what: 'archived' }, { hint: 'what_at', ...TIME }).toArray();
  const done = new Set(told.map(({ about }) => about?.file));
  let moved = 0;
  for (const name of await readdir(retention.folder)) {
    const path = join(retention.folder, name);
    if (name.endsWith('.traces.tmp') && now - (await stat(path)).mtimeMs > DAY) await unlink(path);
    else if (NAME.test(name) && !done.has(name)) moved += await remove(database, retention, path, signal);
  }
  return moved;
}

/** INVARIANT: only what was read back from the file. */
async function remove(
  { audit }: Database,
  retention: Retention,
  path: string,
  signal: AbortSignal,
): Promise<number> {
  let [removed, count] = [0, 0];
  for await (const docs of readTraces(path, retention.key)) {
    if (signal.aborted) return removed;
    const own = docs.map(({ _id, vid }) => ({ _id, vid }));
    const { deletedCount } = await audit.deleteMany({ $or: own }, TIME);
    removed += deletedCount;
    count += docs.length;
  }
  await retention.tell({ file: basename(path), count });
  return removed;
}

async function oldest(
  database: Database,
  kept: Kept,
  limits: Record<Kept, number>,
  since: number,
): Promise<number | undefined> {
  for await (const [doc] of portions(database, kept, limits, since, limits.usual)) return doc!.at;
  return undefined;
}

/** In the order of time, of one class each. */
async function* portions(
  { audit, patients }: Database,
  kept: Kept,
  limits: Record<Kept, number>,
  from: number,
  end: number,
): AsyncGenerator<Doc[]> {
  const range = {
    type: 'AuditEvent',
    place: { $exists: true },
    at: { $gte: from === -Infinity ? -8.64e15 : from, $lt: end },
  };
  let batch: Doc[] = [];
  let weight = 0;
  const chosen = async (): Promise<Doc[]> => {
    const ids = [...new Set(batch.map(({ patient }) => patient))];
    const found = await patients
      .find({ _id: { $in: ids }, closed: true }, { projection: { closedAt: 1 }, ...TIME })
      .toArray();
    const closed = new Map(found.map(({ _id, closedAt }) => [_id, closedAt]));
    const among = batch.filter(({ patient }) => {
      if (kept === 'usual') return !closed.has(patient);
      const since = closed.get(patient);
      return since !== undefined && since < limits.closed;
    });
    [batch, weight] = [[], 0];
    return among;
  };
  for await (const doc of audit.find(range, { sort: { at: 1 }, hint: 'type_at', batchSize: PORTION })) {
    batch.push(doc);
    weight += weightOf(doc);
    if (batch.length < PORTION && weight < PORTION_WEIGHT) continue;
    const some = await chosen();
    if (some.length > 0) yield some;
  }
  const rest = await chosen();
  if (rest.length > 0) yield rest;
}

/** Spaces that were closed before that was written down: by the version that closed them, or what came after. */
async function dateClosings({ patients, resources, history }: Database): Promise<void> {
  const found = patients.find(
    { closed: true, closedAt: { $exists: false } },
    { projection: { _id: 1 }, hint: 'closed', ...TIME },
  );
  for await (const { _id } of found) {
    const rid = `Patient/${_id}`;
    const current =
      (await resources.findOne({ _id: rid }, { projection: { at: 1 }, ...TIME })) ??
      (await history.findOne(
        { rid, method: 'DELETE' },
        { projection: { at: 1 }, sort: { at: -1 }, ...TIME },
      ));
    if (current !== null)
      await patients.updateOne({ _id, closed: true }, { $min: { closedAt: current.at } }, TIME);
  }
}

function yearsBefore(now: number, years: number): number {
  const day = new Date(now);
  return day.setUTCFullYear(day.getUTCFullYear() - years);
}

/** Of which whole months are past: the first moment of the month so many years ago. */
function monthBefore(now: number, years: number): number {
  const day = new Date(now);
  return Date.UTC(day.getUTCFullYear() - years, day.getUTCMonth());
}

function monthOf(at: number): [name: string, end: number] {
  const day = new Date(at);
  return [day.toISOString().slice(0, 7), Date.UTC(day.getUTCFullYear(), day.getUTCMonth() + 1)];
}

/** What was moved out, in the order of time; a file that can't be read is told. */
export async function* archivedItems(
  folder: string,
  key: Buffer,
  unreadable: (text: string) => void,
): AsyncGenerator<Item> {
  const names = await archivedNames(folder);
  for (const month of new Set(names.map((name) => name.slice(0, 7)))) {
    const files = names
      .filter((name) => name.startsWith(month))
      .map((name) => itemsOf(join(folder, name), key, unreadable));
    yield* merged(files);
  }
}

export async function archivedNames(folder: string): Promise<string[]> {
  return (await readdir(folder).catch(() => [])).filter((name) => NAME.test(name)).sort();
}

async function* itemsOf(path: string, key: Buffer, unreadable: (text: string) => void): AsyncGenerator<Item> {
  try {
    for await (const docs of readTraces(path, key))
      for (const record of docs) yield { record, at: record.at };
  } catch (error) {
    unreadable((error as Error).message);
  }
}
