/** Merges as MongoDB holds them: opaque ids and who decided, so in clear. Kept for good: deposits by old ids still come. */
import type { Claimed, Merge, Merges } from '../../account/merge/ports.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';

export interface MergeDoc extends Omit<Merge, 'source'> {
  /** Logical id of the source. */
  _id: string;
  /** When it is looked at next, milliseconds; while somebody works on it, until when that is theirs. */
  due: number;
  /** All was moved once. */
  moved?: true;
}

/** Milliseconds. */
const LEASE = 60_000;
const LEAST = 60_000;
const MOST = 86_400_000;
const TIME = { maxTimeMS: 10_000 };

export class MongoMerges implements Merges {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin({ source, ...merge }: Merge): Promise<void> {
    const doc = { ...merge, due: merge.at };
    await this.#database.merges.replaceOne({ _id: source }, doc, { upsert: true, ...TIME });
  }

  async drop(source: string): Promise<void> {
    await this.#database.merges.deleteOne({ _id: source }, TIME);
  }

  async claim(now: number): Promise<Claimed | undefined> {
    const found = await this.#database.merges.findOneAndUpdate(
      { due: { $lte: now } },
      { $set: { due: now + LEASE } },
      { sort: { due: 1 }, hint: { due: 1 }, ...TIME },
    );
    if (found === null) return undefined;
    const { _id: source, due: _due, moved, ...merge } = found;
    return { source, ...merge, isAgain: moved === true };
  }

  renew(source: string, now: number): Promise<void> {
    return this.release(source, now + LEASE);
  }

  async release(source: string, now: number): Promise<void> {
    await this.#database.merges.updateOne({ _id: source }, { $set: { due: now } }, TIME);
  }

  /** Soon after a merge deposits by the old id are likelier than long after. */
  async finish({ source, at }: Merge, now: number): Promise<void> {
    const due = now + Math.min(MOST, Math.max(LEAST, now - at));
    await this.#database.merges.updateOne({ _id: source }, { $set: { due, moved: true } }, TIME);
  }
}

/** Merges after one another that are followed. */
const DEEPEST = 5;
const MOST_SOURCES = 50;

/** Logical ids of the files that this one has replaced, and of those that they had. */
export async function sourcesOf({ merges }: Database, target: string): Promise<string[]> {
  const found = new Set<string>();
  let level = [target];
  for (let depth = 0; depth < DEEPEST && level.length > 0; depth += 1) {
    const docs = await find(
      merges,
      { target: { $in: level } },
      { projection: { _id: 1 }, limit: MOST_SOURCES, hint: 'target' },
    );
    level = docs.map(({ _id }) => _id).filter((id) => !found.has(id) && id !== target);
    for (const id of level) found.add(id);
  }
  return [...found];
}
