/** Whatever fails while a chain is written, it verifies; whatever is missing of it after is found. */
import fc from 'fast-check';
import { Chain, type Entry } from '../../src/store/chain/chain.ts';
import { ChainCheck, type Fault } from '../../src/store/chain/check.ts';
import { Codes } from '../../src/store/chain/codes.ts';
import type { Link } from '../../src/store/chain/link.ts';
import { isWithin } from '../../src/store/chain/ranges.ts';
import type { Doc } from '../../src/store/document.ts';

const codes = new Codes((purpose) => Buffer.from(purpose.padEnd(32)));

interface Item {
  at: number;
  record?: Doc;
  link?: Link;
}

/**
 * What becomes of a write whose answer is lost or bad: all of it is there, all but its first record, the first so
 * many records, or nothing is.
 */
type Fate = 'held' | 'lost' | { lost: 'whole' | 'holed' | number };

type Step =
  | { reads: number; fate: Fate }
  | { write: number; fate: 'written' | 'unwritten' | 'there' | 'gone'; after: number }
  | { alone: Fate };

const fate: fc.Arbitrary<Fate> = fc.oneof(
  { weight: 6, arbitrary: fc.constant<Fate>('held') },
  fc.constant<Fate>('lost'),
  fc.record({ lost: fc.oneof(fc.constantFrom('whole' as const, 'holed' as const), fc.nat(3)) }),
);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ reads: fc.integer({ min: 1, max: 4 }), fate }) },
  {
    weight: 4,
    arbitrary: fc.record({
      write: fc.integer({ min: 1, max: 3 }),
      fate: fc.constantFrom('written', 'written', 'written', 'unwritten', 'there', 'gone'),
      after: fc.nat(4),
    }),
  },
  { weight: 2, arbitrary: fc.record({ alone: fate }) },
);

/** What is in the database after these, at a moment when the process may have been killed. */
function written(steps: readonly Step[]): { id: string; items: Item[] } {
  const chain = new Chain(codes);
  const items: Item[] = [];
  const waiting: { due: number; end: () => void }[] = [];
  let at = 0;
  let isHoled = false;
  const make = (count: number): Doc[] =>
    Array.from(
      { length: count },
      (_, i) => ({ _id: `AuditEvent/${at}-${i}`, type: 'AuditEvent', at }) as never,
    );
  const keep = (docs: readonly Doc[]): void =>
    void items.push(...docs.map((record) => ({ at: record.at, record })));
  const bind = (docs: Doc[], entry: Entry | undefined, result: Fate, first = false): void => {
    const draft = chain.bind(at, entry, first ? { what: 'opened' } : {});
    const whole = (): void => {
      keep(docs);
      items.push({ at, link: draft.link });
    };
    if (result === 'held') {
      isHoled = false;
      whole();
      chain.bound(draft);
      return;
    }
    chain.lost(draft);
    if (result === 'lost') return;
    isHoled ||= result.lost === 'holed';
    if (result.lost === 'whole') whole();
    else if (result.lost === 'holed') {
      keep(docs.slice(1));
      items.push({ at, link: draft.link });
    }
    // the link comes with the last one
    else keep(docs.slice(0, Math.min(result.lost, docs.length - 1)));
  };
  bind([], undefined, 'held', true);
  for (const [index, each] of steps.entries()) {
    at += 1;
    if ('alone' in each) bind([], undefined, each.alone);
    else if ('reads' in each) {
      const docs = make(each.reads);
      bind(docs, chain.enter(docs), each.fate);
    } else {
      const docs = make(each.write);
      const entry = chain.enter(docs);
      const end = (): void => {
        if (each.fate === 'written' || each.fate === 'there') keep(docs);
        if (each.fate === 'written') chain.written(entry);
        else if (each.fate === 'unwritten') chain.unwritten(entry);
        else chain.unsure(entry);
      };
      waiting.push({ due: index + each.after, end });
    }
    for (const one of waiting.filter(({ due }) => due === index)) one.end();
  }
  // the server lives on after a bad answer
  if (isHoled) bind([], undefined, 'held');
  return { id: chain.id, items };
}

function checked({ id, items }: { id: string; items: readonly Item[] }): { told: Fault[]; loose: number } {
  const told: Fault[] = [];
  const check = new ChainCheck(id, codes, (fault) => told.push(fault));
  for (const { record, link } of items) {
    if (record !== undefined) check.record(record.place!.n, record.place!.code, record._id);
    if (link !== undefined) check.link(link);
  }
  return { told, loose: check.end() };
}

/** The records that a link binds. One that was lost binds nothing: a later one comes after the one before it. */
function boundIn(items: readonly Item[]): Item[] {
  const links = items.flatMap(({ link }) => link ?? []);
  const sure = links.filter(({ l }) => !links.some((other) => other.l > l && other.prev < l));
  return items.filter(({ record }) => sure.some(({ binds }) => isWithin(binds, record?.place!.n ?? 0)));
}

const shuffled = (items: readonly Item[], seed: number): Item[] =>
  items
    .map((item, index) => ({ item, key: ((index + 1) * seed) % 7919 }))
    .sort((one, other) => one.item.at - other.item.at || one.key - other.key)
    .map(({ item }) => item);

const steps = fc.array(step, { minLength: 1, maxLength: 40 });
const RUNS = { numRuns: 1000 };

it('verifies whatever failed on the way, and wherever the process was killed', () => {
  fc.assert(
    fc.property(steps, fc.integer({ min: 1, max: 7000 }), (taken, seed) => {
      const { id, items } = written(taken);
      expect(checked({ id, items: shuffled(items, seed) }).told).toEqual([]);
    }),
    RUNS,
  );
});

it('misses every record that a link binds, when it is removed', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (taken, nth) => {
      const { id, items } = written(taken);
      const bound = boundIn(items);
      fc.pre(bound.length > 0);
      const gone = bound[nth % bound.length]!;
      const { told } = checked({ id, items: items.filter((item) => item !== gone) });
      expect(told).toContainEqual(expect.objectContaining({ what: 'removed', n: gone.record!.place!.n }));
    }),
    RUNS,
  );
});

it('misses every link but the last, when it is removed', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (taken, nth) => {
      const { id, items } = written(taken);
      const links = items.filter(({ link }) => link !== undefined);
      const followed = links.filter(({ link }) => links.some((other) => other.link!.prev === link!.l));
      fc.pre(followed.length > 0);
      const gone = followed[nth % followed.length]!;
      const { told } = checked({ id, items: items.filter((item) => item !== gone) });
      expect(told).toContainEqual(expect.objectContaining({ what: 'removed' }));
    }),
    RUNS,
  );
});

it('tells a record from another under its number', () => {
  fc.assert(
    fc.property(steps, fc.nat(), (taken, nth) => {
      const { id, items } = written(taken);
      const bound = boundIn(items);
      fc.pre(bound.length > 0);
      const { record } = bound[nth % bound.length]!;
      record!.place = { ...record!.place!, code: Buffer.alloc(16) };
      expect(checked({ id, items }).told).toContainEqual(expect.objectContaining({ what: 'changed' }));
    }),
    RUNS,
  );
});
