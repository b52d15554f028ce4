/** The word in the index is implied by the gate's condition: it may cost a fetch, never a resource. */
import fc from 'fast-check';
import { type Condition, matches } from '../../src/condition/condition.ts';
import { Terms } from '../../src/store/terms.ts';
import { Veils } from '../../src/store/veil.ts';
import { nationalRules } from '../../src/config/national-rules.ts';

const FRANCE = nationalRules();
const terms = new Terms(Buffer.alloc(32, 7));
const veils = new Veils(terms, FRANCE);
const key = (label: string): string => terms.text(`label=${label}`);
const { masked, hiddenFromPatient, hiddenFromRepresentatives } = FRANCE.labels;
const SETS = [masked, hiddenFromPatient, hiddenFromRepresentatives].map((set) => set.map(key));
const LABELS = [...new Set(SETS.flat()), key('other|label')];
const DEPOSITORS = ['Organization/a', 'Practitioner/b', 'Patient/c'];

const atom: fc.Arbitrary<Condition> = fc.oneof(
  fc.constantFrom<Condition>({ is: 'all' }, { is: 'none' }, { is: 'hiddenBefore', at: 5 }),
  fc.constantFrom(...SETS).map((among): Condition => ({ is: 'label', among })),
  fc.subarray(LABELS, { minLength: 1 }).map((among): Condition => ({ is: 'label', among })),
  fc.subarray(DEPOSITORS, { minLength: 1 }).map((among): Condition => ({ is: 'by', among })),
  fc.constantFrom('x', 'y').map((code): Condition => ({ is: 'code', among: [code] })),
);
const { condition } = fc.letrec<{ condition: Condition }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 4 },
    atom,
    fc.record({
      is: fc.constantFrom('and' as const, 'or' as const),
      of: fc.array(tie('condition'), { minLength: 1, maxLength: 3 }),
    }),
    tie('condition').map((of): Condition => ({ is: 'not', of })),
  ),
}));
const facts = fc.record({
  labels: fc.subarray(LABELS),
  by: fc.constantFrom(...DEPOSITORS),
  codes: fc.subarray(['x', 'y']),
  hidden: fc.constantFrom(undefined, 3, 8),
});

const whole = (given: Partial<Parameters<typeof matches>[1]>): Parameters<typeof matches>[1] => ({
  type: 'DocumentReference',
  id: '1',
  patients: ['p'],
  by: '',
  labels: [],
  codes: [],
  about: [],
  authors: [],
  ...given,
});
/** What the query asks of the word; undefined: nothing. */
function asking(of: Condition): ((word: string) => boolean) | undefined {
  const asked = veils.query(of)?.view as
    { $in: (string | RegExp)[] } | { $gte: string; $lte: string } | undefined;
  if (asked === undefined) return undefined;
  if ('$gte' in asked) return (word) => asked.$gte <= word && word <= asked.$lte;
  return (word) => asked.$in.some((each) => (typeof each === 'string' ? each === word : each.test(word)));
}

it('whatever the condition gives has a word that the query asks for', () => {
  fc.assert(
    fc.property(condition, facts, (asked, made) => {
      const found = whole(made);
      const fits = asking(asked);
      fc.pre(fits !== undefined && matches(asked, found));
      expect(fits!(veils.of(found.labels, found.by))).toBe(true);
    }),
    { numRuns: 5000 },
  );
});

const MASKED: Condition = { is: 'label', among: SETS[0]! };
const MINE: Condition = { is: 'by', among: ['Practitioner/b'] };
const lines: Condition = { is: 'or', of: [MINE, { is: 'not', of: MASKED }] };

const CASES: [string, Condition, Partial<Parameters<typeof matches>[1]>, boolean][] = [
  ['what is masked is passed over', lines, { labels: SETS[0], by: 'Organization/a' }, false],
  ['what the caller deposited is not', lines, { labels: SETS[0], by: 'Practitioner/b' }, true],
  ['what carries no label is not', lines, { labels: [], by: 'Organization/a' }, true],
  ['what carries another label is not', lines, { labels: [key('other|label')], by: 'Organization/a' }, true],
  ['of a depositor’s own, others’ are passed over', MINE, { by: 'Organization/a' }, false],
  ['of a depositor’s own, theirs are not', MINE, { by: 'Practitioner/b', labels: SETS[1] }, true],
];

it.each(CASES)('%s', (_, asked, made, isFound) => {
  const found = whole(made);
  expect(asking(asked)!(veils.of(found.labels, found.by))).toBe(isFound);
});

it('a condition that labels and depositors change nothing of asks nothing', () => {
  expect(veils.query({ is: 'code', among: ['x'] })).toBeUndefined();
  expect(veils.query({ is: 'all' })).toBeUndefined();
});
