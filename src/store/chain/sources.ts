/** Where traces and links are read from for a check, in the order of time: a database that may go on, or a backup. */
import { BSON } from 'mongodb';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readArchive } from '../backup/archive.ts';
import { MANIFEST, type Manifest } from '../backup/backup.ts';
import type { Link, LinkDoc } from './link.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';

export type Item =
  { record: Doc; link?: undefined; at: number } | { link: LinkDoc; record?: undefined; at: number };

export interface Source {
  /** The links that tell of more than what they bind. */
  telling(): Promise<LinkDoc[]>;
  items(): AsyncIterable<Item>[];
  /** What is newer isn't in it. Milliseconds. */
  until: number;
}

/** What began before is written by now, or never will be. Milliseconds. */
const SETTLED = 90_000;
const BATCH = 1000;
const TELLING: ReadonlySet<Link['what']> = new Set(['opened', 'older', 'archived']);

export function liveSource(database: Database, now: number): Source {
  const { audit, links, client } = database;
  const horizon = now - SETTLED;
  const [before, since] = [{ at: { $lt: horizon } }, { at: { $gte: horizon } }];
  return {
    until: Infinity,
    telling: () =>
      links
        .find({ what: { $in: [...TELLING] as NonNullable<Link['what']>[] } }, { hint: 'what_at' })
        .toArray(),
    items() {
      // the newest of both as they were at one moment
      const session = client.startSession({ snapshot: true });
      const byTime = { sort: { at: 1 }, batchSize: BATCH } as const;
      const traces = { type: 'AuditEvent' };
      const records = async function* (): AsyncGenerator<Item> {
        for await (const record of audit.find({ ...traces, ...before }, { ...byTime, hint: 'type_at' }))
          yield { record, at: record.at };
        for await (const record of audit.find(
          { ...traces, ...since },
          { ...byTime, hint: 'type_at', session },
        ))
          yield { record, at: record.at };
      };
      const own = async function* (): AsyncGenerator<Item> {
        for await (const link of links.find(before, { ...byTime, hint: 'at' })) yield { link, at: link.at };
        for await (const link of links.find(since, { ...byTime, hint: 'at', session }))
          yield { link, at: link.at };
      };
      return [records(), own()];
    },
  };
}

/** @param folder of the data */
export async function backupSource(folder: string): Promise<Source> {
  const manifest = JSON.parse(await readFile(join(folder, MANIFEST), 'utf8')) as Manifest;
  const read = async function* <T>(name: string): AsyncGenerator<T> {
    if (!manifest.collections.some((each) => each.name === name)) return;
    for await (const bytes of readArchive(join(folder, `${name}.bson.gz`)))
      yield BSON.deserialize(bytes, { promoteBuffers: true, promoteLongs: true }) as T;
  };
  return {
    until: Date.parse(manifest.takenAt),
    async telling() {
      const found: LinkDoc[] = [];
      for await (const link of read<LinkDoc>('links')) if (TELLING.has(link.what)) found.push(link);
      return found;
    },
    items() {
      const records = async function* (): AsyncGenerator<Item> {
        for await (const record of read<Doc>('audit')) yield { record, at: record.at };
      };
      const own = async function* (): AsyncGenerator<Item> {
        for await (const link of read<LinkDoc>('links')) yield { link, at: link.at };
      };
      return [records(), own()];
    },
  };
}

/** All of them in the order of time; what two have is given once. */
export async function* merged(sources: readonly AsyncIterable<Item>[]): AsyncGenerator<Item> {
  const heads: { rest: AsyncIterator<Item>; item: Item }[] = [];
  for (const source of sources) {
    const rest = source[Symbol.asyncIterator]();
    const { done, value } = await rest.next();
    if (done !== true) heads.push({ rest, item: value });
  }
  let [moment, ids] = [-Infinity, new Set<string>()];
  while (heads.length > 0) {
    let first = heads[0]!;
    for (const head of heads) if (head.item.at < first.item.at) first = head;
    const { item } = first;
    if (item.at !== moment) [moment, ids] = [item.at, new Set()];
    const id = (item.record ?? item.link)._id;
    if (!ids.has(id)) yield item;
    ids.add(id);
    const { done, value } = await first.rest.next();
    if (done === true) heads.splice(heads.indexOf(first), 1);
    else first.item = value;
  }
}
