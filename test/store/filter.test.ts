/** A Filter has two readings, in memory and of the database: they find the same, whatever the Filter is. */
import fc from 'fast-check';
import { type Collection, MongoClient } from 'mongodb';
import { type Condition, matches as admits } from '../../src/condition/condition.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import type { Filter, RangeTest } from '../../src/search/filter.ts';
import { indexResource } from '../../src/search/index.ts';
import { matches } from '../../src/search/match.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import { type Doc, indexed } from '../../src/store/document.ts';
import { toMongo } from '../../src/store/query/condition.ts';
import { needsContent, toQuery } from '../../src/store/query/filter.ts';
import { all } from '../../src/store/query/query.ts';
import { Terms } from '../../src/store/terms.ts';
import { ANY, Veils } from '../../src/store/veil.ts';
import { testDatabase } from '../support/database.ts';

const terms = new Terms(Buffer.alloc(32, 1));
const coded = (code: string | undefined) => ({ coding: [{ system: 'http://s.example', code }] });
/** Null, missing and empty, beside what is usual. */
const ROWS: Resource[] = (
  [
    { code: coded('a'), effectiveDateTime: '2024-03', subject: { reference: 'Patient/p1' } },
    { code: coded('b'), effectivePeriod: { start: '2024' }, subject: { reference: 'Group/p1' } },
    {
      code: coded('a'),
      effectivePeriod: {},
      valueQuantity: { value: 5, code: 'mg', system: 'http://u.example' },
    },
    { code: coded(undefined), valueQuantity: { value: 7 }, identifier: [{ value: 'i1' }] },
    { code: { coding: [] }, effectiveDateTime: null, subject: null, identifier: [] },
    { code: null, identifier: [{ value: 'i2' }, { value: 'i1' }] },
    { category: [coded('a'), coded('b')], effectiveDateTime: '2023-12-31' },
    {},
  ] as Partial<Resource>[]
).map((content, at) => ({ resourceType: 'Observation', id: `o${at}`, ...content }));

const term = fc.constantFrom(
  'code=a',
  'code=b',
  'code:present',
  'category=a',
  'date:present',
  'subject:present',
  'none=x',
);
const moment = fc.constantFrom(
  Date.UTC(2023, 11, 31),
  Date.UTC(2024, 0),
  Date.UTC(2024, 2),
  Date.UTC(2024, 3),
  5,
  7,
);
const bound = fc.oneof(
  moment.map((gt) => ({ gt })),
  moment.map((gte) => ({ gte })),
  moment.map((lt) => ({ lt })),
  moment.map((lte) => ({ lte })),
);
const test: fc.Arbitrary<RangeTest> = fc.array(
  fc.oneof(
    bound.map((lo) => ({ lo })),
    bound.map((hi) => ({ hi })),
    fc.record({ lo: bound, hi: bound }),
  ),
  { maxLength: 2 },
);
const leaf: fc.Arbitrary<Filter> = fc.oneof(
  fc.array(term, { maxLength: 2 }).map((of): Filter => ({ op: 'term', terms: of })),
  fc
    .constantFrom('identifier=i1', 'identifier=i2')
    .map((of): Filter => ({ op: 'term', terms: [of], unique: true })),
  fc
    .constantFrom('Patient/p1', 'Group/p1')
    .map((of): Filter => ({ op: 'reference', param: 'subject', targets: [of] })),
  test.map((of): Filter => ({ op: 'range', param: 'date', test: of })),
  test.map((of): Filter => ({ op: 'pair', terms: ['value-quantity='], test: of })),
  fc.subarray(['o0', 'o3', 'o7']).map((ids): Filter => ({ op: 'id', ids })),
  bound.map((of): Filter => ({ op: 'updated', test: of })),
  fc.constant<Filter>({ op: 'type', type: 'Observation' }),
);
const scan = fc
  .constantFrom('status', 'code')
  .map((name): Filter => ({ op: 'scan', about: name, test: (resource) => resource[name] !== undefined }));
const trees = (leaves: fc.Arbitrary<Filter>): fc.Arbitrary<Filter> =>
  fc.letrec<{ tree: Filter }>((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaves,
      tie('tree').map((of): Filter => ({ op: 'not', of })),
      fc.record({
        op: fc.constantFrom('and' as const, 'or' as const),
        of: fc.array(tie('tree'), { maxLength: 3 }),
      }),
    ),
  })).tree;

const FRANCE = nationalRules();
const veils = new Veils(terms, FRANCE);
const { masked, hiddenFromPatient, hiddenFromRepresentatives } = FRANCE.labels;
const keyed = (labels: readonly string[]): string[] => labels.map((label) => terms.text(`label=${label}`));
const [MASKED, FROM_PATIENT, FROM_RELATIVES] = [masked, hiddenFromPatient, hiddenFromRepresentatives].map(
  keyed,
) as [string[], string[], string[]];
const DEPOSITORS = ['Organization/a', 'Practitioner/b'];
/** Which labels a row carries, and who deposited it: so that those of one content differ in both. */
const veiled = (at: number): { labels: string[]; by: string } => ({
  labels: [[], MASKED, [], FROM_PATIENT, [...MASKED, ...FROM_RELATIVES], [], MASKED, FROM_RELATIVES][at % 8]!,
  by: DEPOSITORS[at % 3 === 0 ? 0 : 1]!,
});
const none = (labels: string[]): Condition => ({ is: 'not', of: { is: 'label', among: labels } });
const by = (who: string): Condition => ({ is: 'by', among: [who] });
const gates: Condition[] = [
  { is: 'all' },
  { is: 'none' },
  none(MASKED),
  { is: 'or', of: [by(DEPOSITORS[0]!), none(MASKED)] },
  { is: 'or', of: [by(DEPOSITORS[1]!), { is: 'and', of: [none(FROM_PATIENT), none(FROM_RELATIVES)] }] },
  { is: 'label', among: MASKED },
  by(DEPOSITORS[1]!),
];

let client: MongoClient;
let collection: Collection<Doc>;
beforeAll(async () => {
  const { uri, dbName } = testDatabase(import.meta.url);
  client = await MongoClient.connect(uri);
  collection = client.db(dbName).collection('resources');
  await collection.insertMany(
    ROWS.map((resource, at) => ({
      _id: `Observation/${resource.id}`,
      type: 'Observation',
      at: at + 1,
      ...veiled(at),
      ...indexed(resource, terms, ''),
    })).map((doc) => ({ ...doc, ...veils.over(doc) })) as Doc[],
  );
});
afterAll(() => client?.close());

async function found(filter: Filter, anyone: boolean, gate?: Condition): Promise<string[]> {
  const reader = { terms, apart: ANY, stranger: undefined };
  const query =
    gate === undefined
      ? toQuery(filter, ['Observation'], anyone, reader)
      : all([toQuery(filter, ['Observation'], anyone, { ...reader, apart: veils.met(gate) }), toMongo(gate)]);
  const docs = await collection.find(query, { projection: { _id: 1 } }).toArray();
  return docs.map(({ _id }) => _id.slice('Observation/'.length)).sort();
}

function expected(filter: Filter, gate: Condition = { is: 'all' }): string[] {
  return ROWS.filter((resource, at) => {
    const { id = '' } = resource;
    const facts = { type: 'Observation', id, patients: [], codes: [], about: [], authors: [], ...veiled(at) };
    return (
      admits(gate, facts) &&
      matches(filter, { ...indexResource(resource), type: 'Observation', id, at: at + 1, resource })
    );
  }).map(({ id }) => id!);
}

it('the database finds what matches, whoever it is of', async () => {
  await fc.assert(
    fc.asyncProperty(trees(leaf), fc.boolean(), async (filter, anyone) => {
      expect(await found(filter, anyone)).toEqual(expected(filter));
    }),
    { numRuns: 400 },
  );
});

it('what a caller may be given is found by the terms that they may meet', async () => {
  await fc.assert(
    fc.asyncProperty(trees(leaf), fc.boolean(), fc.constantFrom(...gates), async (filter, anyone, gate) => {
      expect(await found(filter, anyone, gate)).toEqual(expected(filter, gate));
    }),
    { numRuns: 600 },
  );
});

it('of what is hidden from a caller no term is one that they may meet', () => {
  const [masks, term] = [none(MASKED), terms.of('code=a')];
  const meets = (at: number, gate: Condition): boolean => {
    const { terms: kept } = veils.over({ ...veiled(at), terms: [term] });
    return veils
      .met(gate)(term)
      .some((each) => kept.some((other) => other.equals(each)));
  };
  const own: Condition = { is: 'or', of: [by(DEPOSITORS[1]!), masks] };
  expect(ROWS.map((_, at) => meets(at, masks))).toEqual(ROWS.map((_, at) => ![1, 4, 6].includes(at)));
  // the first of the three is their own
  expect(ROWS.map((_, at) => meets(at, own))).toEqual(ROWS.map((_, at) => at !== 6));
});

it('where only content can tell it finds more, never less', async () => {
  await fc.assert(
    fc.asyncProperty(trees(fc.oneof(leaf, scan)), async (filter) => {
      expect(await found(filter, true)).toEqual(expect.arrayContaining(expected(filter)));
    }),
    { numRuns: 400 },
  );
});

it('says which part needs the content', () => {
  const needs = { op: 'scan' as const, about: 'name', test: () => true };
  expect(needsContent({ op: 'not', of: { op: 'or', of: [{ op: 'id', ids: [] }, needs] } })).toBe('name');
  expect(needsContent({ op: 'and', of: [{ op: 'id', ids: [] }] })).toBeUndefined();
});

it.each<Filter>([
  { op: 'chain', param: 'subject', type: 'Patient', filter: { op: 'and', of: [] } },
  { op: 'has', type: 'Observation', param: 'subject', filter: { op: 'and', of: [] } },
  { op: 'list', id: 'l1' },
])('$op is never made a query as it is', (filter) => {
  expect(() =>
    toQuery({ op: 'not', of: filter }, ['Patient'], true, { terms, apart: ANY, stranger: undefined }),
  ).toThrow('to be resolved');
});
