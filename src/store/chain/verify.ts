/** Checks every trace, its place in its chain, the chains among each other, and all of it against the anchor. */
import type { Head } from './anchor.ts';
import { ChainCheck, type Fault } from './check.ts';
import { type Codes, isSame } from './codes.ts';
import type { LinkDoc, Witnessed } from './link.ts';
import type { Doc } from '../document.ts';
import { type Item, type Source, merged } from './sources.ts';

export interface Verdict {
  records: number;
  links: number;
  chains: number;
  /** Written before there were chains, and brought into one then. */
  older: number;
  /** Of the last moments: no link binds them yet. */
  loose: number;
  faults: number;
}

const SHOWN_EVERY = 50_000;
/** Chains of which nothing came for so long keep little. Milliseconds. */
const GONE = 3_600_000;

export async function verifyChain(
  source: Source,
  archive: { items: AsyncIterable<Item>; names: readonly string[] },
  codes: Codes,
  heads: readonly Head[],
  told: (fault: Fault) => void,
  progress: (records: number) => void,
): Promise<Verdict> {
  const verdict: Verdict = { records: 0, links: 0, chains: 0, older: 0, loose: 0, faults: 0 };
  const tell = (fault: Fault): void => {
    verdict.faults += 1;
    told(fault);
  };
  const chains = new Map<string, { check: ChainCheck; at: number }>();
  const chainOf = (id: string, at: number): ChainCheck => {
    let chain = chains.get(id);
    if (chain === undefined) chains.set(id, (chain = { check: new ChainCheck(id, codes, tell), at }));
    chain.at = at;
    return chain.check;
  };
  for (const { chain, l, code } of heads) chainOf(chain, 0).expect({ l, code, by: 'the anchor' });
  const olderBy: LinkDoc[] = [];
  for (const link of await source.telling()) {
    if (link.what === 'older') olderBy.push(link);
    if (link.what === 'archived' && !archive.names.includes(String(link.about?.file)))
      tell({
        what: 'removed',
        chain: link.chain,
        l: link.l,
        text: `the file \`${String(link.about?.file)}\` of traces that were moved out`,
      });
    for (const seen of (Array.isArray(link.witnessed) ? link.witnessed : []).filter(isWitnessed))
      chainOf(seen.id, 0).expect({ l: seen.l, code: seen.code, by: `chain ${link.chain}` }, seen);
  }
  verdict.older = olderBy.reduce((sum, { about }) => sum + Number(about?.count ?? 0), 0);
  for (const { chain, l } of olderBy.slice(1))
    tell({ what: 'inserted', chain, l, text: 'records were brought in as older ones a second time' });
  for await (const { record, link, at } of merged([...source.items(), archive.items])) {
    if (link !== undefined) {
      verdict.links += 1;
      chainOf(link.chain, at).link(link);
      continue;
    }
    verdict.records += 1;
    const place = checked(record, codes, tell);
    if (place !== undefined) {
      const chain = chainOf(place.id, at);
      chain.record(place.n, place.code, record._id);
      if (record.link !== undefined) chain.link(record.link);
    }
    if (verdict.records % SHOWN_EVERY === 0) {
      progress(verdict.records);
      for (const each of chains.values()) if (at - each.at > GONE) each.check.rest();
    }
  }
  for (const { check } of chains.values()) verdict.loose += check.end();
  verdict.chains = chains.size;
  return verdict;
}

function checked(record: Doc, codes: Codes, tell: (fault: Fault) => void): Doc['place'] {
  const { _id: name, place } = record;
  if (typeof place?.id !== 'string' || !Number.isSafeInteger(place.n) || !Buffer.isBuffer(place.code)) {
    tell({ what: 'inserted', record: name, text: 'a record without a place in a chain' });
    return undefined;
  }
  const { id: chain, n, code, found: _, ...more } = place;
  if (Object.keys(more).length > 0 || !isSame(codes.record(record, chain, n), code))
    tell({
      what: 'changed',
      chain,
      n,
      record: name,
      text: 'the record is not what was written under this number',
    });
  else if (!isSame(codes.found(record, code), place.found))
    tell({
      what: 'found otherwise',
      chain,
      n,
      record: name,
      text: 'searches find it by something else than was written',
    });
  return place;
}

/** Whether it says what was seen is told by the code of the link that says so. */
function isWitnessed(seen: Witnessed | null): boolean {
  return typeof seen?.id === 'string' && Number.isSafeInteger(seen.l) && Buffer.isBuffer(seen.code);
}
