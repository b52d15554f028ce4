/**
 * What a start sees of the chains before it. Its own first link says so, and what it says must be found for good: a
 * process that was killed has left records that no link of its own binds. A chain whose process lives on is not
 * harmed by it.
 */
import type { Codes } from './codes.ts';
import type { Link, LinkDoc, Place, Witnessed } from './link.ts';
import { countOf, numbersOf, rangesOf } from './ranges.ts';
import type { Database } from '../database.ts';

/** A living process binds something of its own each hour at least. Milliseconds. */
const SILENT = 86_400_000;
/** A transaction's record is found within this after its time. Milliseconds. */
const LATE = 90_000;
/** No link binds more: what says so is forged. */
const MOST_BOUND = 1_000_000;
const TIME = { maxTimeMS: 60_000 };

interface Seen {
  last: Link;
  bound: Link[];
  records: Map<number, Buffer>;
}

export async function witness(database: Database, codes: Codes, now: number): Promise<Witnessed[]> {
  const { links } = database;
  const opened = await links.find({ what: 'opened' }, { ...TIME, hint: 'what_at' }).toArray();
  const settled = new Set(
    opened.flatMap(({ witnessed = [] }) => witnessed.filter((each) => each.settled).map(({ id }) => id)),
  );
  const open = new Map<string, Seen>();
  const found: Witnessed[] = [];
  for (const chain of new Set(opened.map((each) => each.chain))) {
    if (settled.has(chain)) continue;
    const last = await lastAlone(database, chain);
    if (last === undefined) continue;
    if (last.what === 'closed' || last.what === 'older')
      found.push({ id: chain, l: last.l, code: last.code, settled: true });
    else open.set(chain, { last, bound: [last], records: new Map() });
  }
  await follow(database, open);
  for (const [id, seen] of open) found.push(headOf(id, seen, codes, now));
  return found;
}

async function lastAlone({ links }: Database, chain: string): Promise<LinkDoc | undefined> {
  const own = { _id: { $gt: `${chain}/`, $lt: `${chain}0` } };
  return (await links.findOne(own, { ...TIME, sort: { _id: -1 } })) ?? undefined;
}

/** What came since the last link of its own, by the index over time. */
async function follow({ audit }: Database, open: ReadonlyMap<string, Seen>): Promise<void> {
  if (open.size === 0) return;
  const since = Math.min(...[...open.values()].map(({ last }) => last.at)) - LATE;
  const records = audit.find(
    { type: 'AuditEvent', at: { $gte: since } },
    { projection: { place: 1, link: 1, at: 1 }, hint: 'type_at', ...TIME },
  );
  for await (const { at, place, link } of records as AsyncIterable<{
    at: number;
    place?: Place;
    link?: Link;
  }>) {
    const seen = place === undefined ? undefined : open.get(place.id);
    if (seen === undefined || at < seen.last.at - LATE) continue;
    seen.records.set(place!.n, place!.code);
    if (link === undefined) continue;
    seen.bound.push(link);
    if (link.l > seen.last.l) seen.last = link;
  }
}

function headOf(id: string, { last, bound, records }: Seen, codes: Codes, now: number): Witnessed {
  for (const { binds } of bound)
    if (countOf(binds) <= MOST_BOUND) for (const n of numbersOf(binds)) records.delete(n);
  const loose = [...records.keys()].sort((one, other) => one - other);
  return {
    id,
    l: last.l,
    code: last.code,
    ...(loose.length > 0
      ? { records: rangesOf(loose), digest: codes.digest(loose.map((n) => records.get(n)!)) }
      : {}),
    ...(now - last.at > SILENT ? { settled: true as const } : {}),
  };
}
