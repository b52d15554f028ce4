/** Laws of grouping: each happening in one visit over all pages, newest first, and pages change no visit. */
import fc from 'fast-check';
import type { Happening } from '../../../src/audit/history/happening.ts';
import { GAP, type Resume, type Visit, Visits, isAfter, keyOf } from '../../../src/audit/history/visits.ts';
import { happening } from './support/happenings.ts';

/** Close enough in time that visits overlap, join and just fail to join. */
const happenings = fc
  .array(
    fc.record({
      minute: fc.integer({ min: 0, max: 600 }),
      exact: fc.boolean(),
      who: fc.constantFrom('a', 'b', 'c'),
      mode: fc.constantFrom('usual' as const, 'emergency' as const),
      purpose: fc.constantFrom('TREAT', 'COC'),
    }),
    { maxLength: 60 },
  )
  .map((rows) =>
    rows
      .map(({ minute, exact, who, mode, purpose }, index) =>
        happening({
          id: `t${String(index).padStart(3, '0')}`,
          at: minute * 60_000 + (exact ? 0 : 1),
          who: { reference: `Practitioner/${who}`, is: 'professional' },
          mode,
          purposes: [purpose],
        }),
      )
      .sort((a, b) => (isAfter(a, b) ? 1 : -1)),
  );

/** All pages, as the operation reads them: each begins with the first happening that it may tell. */
function pagesOf(
  all: readonly Happening[],
  count: number,
  most: number,
): { pages: Visit[][]; read: number[] } {
  const pages: Visit[][] = [];
  const read: number[] = [];
  let resume: Resume | undefined;
  do {
    const visits = new Visits(count, most, resume?.told);
    const left: readonly Happening[] =
      resume === undefined ? all : all.filter((each) => !isAfter(resume!.from, each));
    let seen = 0;
    while (seen < left.length && !visits.isDone) visits.add(left[seen++]!);
    const page = visits.page(!visits.isDone);
    pages.push(page.visits);
    read.push(seen);
    expect(pages.length).toBeLessThanOrEqual(all.length + 1);
    // as a page link carries it
    resume = page.next === undefined ? undefined : (JSON.parse(JSON.stringify(page.next)) as Resume);
  } while (resume !== undefined);
  return { pages, read };
}

/** What a visit is, said in another way: the happenings of a key, cut where a gap is. */
function visitsOf(all: readonly Happening[]): string[] {
  const keys = [...new Set(all.map(keyOf))];
  return keys
    .flatMap((key) => {
      const own = all.filter((each) => keyOf(each) === key);
      const starts = own.flatMap((each, index) =>
        index === 0 || own[index - 1]!.at - each.at >= GAP ? [index] : [],
      );
      return starts.map((start, index) => own.slice(start, starts[index + 1]));
    })
    .sort(([a], [b]) => (isAfter(a!, b!) ? 1 : -1))
    .map((visit) => visit.map(({ id }) => id).join());
}

const idsOf = (visit: Visit): string => visit.happenings.map(({ id }) => id).join();
const counts = fc.integer({ min: 1, max: 5 });

it('pages of any length together tell the same visits, in the same order', () => {
  fc.assert(
    fc.property(happenings, counts, (all, count) => {
      const { pages } = pagesOf(all, count, 1000);
      expect(pages.flat().map(idsOf)).toEqual(visitsOf(all));
      expect(pages.flat().some(({ cut }) => cut)).toBe(false);
      for (const page of pages.slice(0, -1)) expect(page).toHaveLength(count);
    }),
    { numRuns: 1000 },
  );
});

it('pages that may not read everything tell each happening once all the same, newest first', () => {
  fc.assert(
    fc.property(happenings, counts, fc.integer({ min: 1, max: 8 }), (all, count, most) => {
      const { pages } = pagesOf(all, count, most);
      const told = pages.flat().flatMap((visit) => visit.happenings.map(({ id }) => id));
      expect([...told].sort()).toEqual(all.map(({ id }) => id).sort());
      for (const visit of pages.flat()) {
        expect(new Set(visit.happenings.map(keyOf)).size).toBe(1);
        expect(visit.happenings.length).toBeLessThanOrEqual(most);
      }
      for (const page of pages) {
        const firsts = page.map(({ happenings: [first] }) => first!);
        expect(firsts).toEqual([...firsts].sort((a, b) => (isAfter(a, b) ? 1 : -1)));
      }
      // only what is too long for a page is cut, and it goes on with the next
      for (const page of pages) {
        for (const visit of page.filter(({ cut }) => cut)) expect(visit).toBe(page[0]);
      }
    }),
    { numRuns: 1000 },
  );
});

it('a page reads no more than it may, beside what pages before it told already', () => {
  fc.assert(
    fc.property(happenings, fc.integer({ min: 1, max: 8 }), (all, most) => {
      const { read, pages } = pagesOf(all, 3, most);
      const before = pages.map(
        (_, index) =>
          pages
            .slice(0, index)
            .flat()
            .flatMap((visit) => visit.happenings).length,
      );
      for (const [index, seen] of read.entries()) expect(seen).toBeLessThanOrEqual(most + before[index]!);
    }),
  );
});

it('keeps somebody’s emergency apart from their usual access, and one purpose from another', () => {
  const all = [
    happening({ id: '1' }),
    happening({ id: '2', mode: 'emergency', purposes: ['BTG'] }),
    happening({ id: '3', purposes: ['COC'] }),
    happening({ id: '4' }),
  ];
  expect(pagesOf(all, 9, 99).pages.flat().map(idsOf)).toEqual(['1,4', '2', '3']);
});

it('a happening that names hundreds of things weighs as several', () => {
  const all = Array.from({ length: 12 }, (_, index) =>
    happening({
      id: `t${String(index).padStart(3, '0')}`,
      at: (12 - index) * 3_600_000,
      resources: Array.from({ length: 250 }, (__, each) => `Observation/${each}`),
    }),
  );
  const { pages, read } = pagesOf(all, 20, 9);
  expect(read.map((each) => each <= 4)).toEqual(read.map(() => true));
  expect(pages.flat().flatMap(({ happenings: told }) => told.map(({ id }) => id))).toEqual(
    all.map(({ id }) => id),
  );
});
