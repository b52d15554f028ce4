/** A Filter has two readings, in memory and of the database: they find the same, whatever the Filter is. */
import fc from 'fast-check';
import { type Collection, MongoClient } from 'mongodb';
import type { Resource } from '../../src/fhir/resource.ts';
import type { Filter, RangeTest } from '../../src/search/filter.ts';
import { indexResource } from '../../src/search/index.ts';
import { matches } from '../../src/search/match.ts';
import { type Doc, indexed } from '../../src/store/document.ts';
import { needsContent, toQuery } from '../../src/store/query/filter.ts';
import { Terms } from '../../src/store/terms.ts';
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
      ...indexed(resource, terms, ''),
    })) as Doc[],
  );
});
afterAll(() => client?.close());

async function found(filter: Filter, anyone: boolean): Promise<string[]> {
  const docs = await collection
    .find(toQuery(filter, ['Observation'], terms, anyone), { projection: { _id: 1 } })
    .toArray();
  return docs.map(({ _id }) => _id.slice('Observation/'.length)).sort();
}

function expected(filter: Filter): string[] {
  return ROWS.filter((resource, at) =>
    matches(filter, {
      ...indexResource(resource),
      type: 'Observation',
      id: resource.id!,
      at: at + 1,
      resource,
    }),
  ).map(({ id }) => id!);
}

it('the database finds what matches, whoever it is of', async () => {
  await fc.assert(
    fc.asyncProperty(trees(leaf), fc.boolean(), async (filter, anyone) => {
      expect(await found(filter, anyone)).toEqual(expected(filter));
    }),
    { numRuns: 400 },
  );
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
  expect(() => toQuery({ op: 'not', of: filter }, ['Patient'], terms, true)).toThrow('to be resolved');
});
