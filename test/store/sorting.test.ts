/** Pages cut by position are the whole in its order: with ties, with missing values, both ways. */
import fc from 'fast-check';
import { type Collection, MongoClient } from 'mongodb';
import type { SortKey } from '../../src/search/filter.ts';
import { type Doc, NO_DATE } from '../../src/store/document.ts';
import { all } from '../../src/store/query/query.ts';
import {
  type Position,
  afterPosition,
  byId,
  orderOf,
  positionOf,
  toSort,
} from '../../src/store/query/sorting.ts';
import { testDatabase } from '../support/database.ts';

const ROWS = 40;
const key = (param: string, kind: SortKey['kind'], descending: boolean): SortKey => ({
  param,
  kind,
  descending,
});
const keys = fc.uniqueArray(
  fc.oneof(
    fc.boolean().map((down) => key('date', 'range', down)),
    fc.boolean().map((down) => key('birthdate', 'range', down)),
    fc.boolean().map((down) => key('_lastUpdated', 'updated', down)),
    fc.boolean().map((down) => key('_id', 'id', down)),
  ),
  { maxLength: 3, selector: ({ param }) => param },
);

let client: MongoClient;
let collection: Collection<Doc>;
beforeAll(async () => {
  const { uri, dbName } = testDatabase(import.meta.url);
  client = await MongoClient.connect(uri);
  collection = client.db(dbName).collection('resources');
  await collection.insertMany(
    Array.from({ length: ROWS }, (_, at) => ({
      _id: `Observation/${(at * 17) % ROWS}`,
      at: at % 3,
      date: at % 4 === 0 ? NO_DATE : (at % 5) * 1000,
      ...(at % 3 === 0 ? {} : { o: { birthdate: { lo: at % 2, hi: (at % 2) + 1 } } }),
    })) as unknown as Doc[],
  );
});
afterAll(() => client?.close());

it('walks through all, whatever the order and the size of a page', async () => {
  await fc.assert(
    fc.asyncProperty(keys, fc.integer({ min: 1, max: 9 }), async (sort, size) => {
      const order = sort.length === 0 ? byId([]) : orderOf(sort, ['Observation']);
      const whole = await collection.find({}, { sort: toSort(order) }).toArray();
      const walked: Doc[] = [];
      for (let after: Position | undefined; ;) {
        const query = after === undefined ? {} : all([afterPosition(order, after)]);
        const page = await collection.find(query, { sort: toSort(order), limit: size }).toArray();
        walked.push(...page);
        if (page.length < size) break;
        after = positionOf(page.at(-1)!, order);
      }
      expect(walked.map(({ _id }) => _id)).toEqual(whole.map(({ _id }) => _id));
    }),
    { numRuns: 100 },
  );
});

it.each([
  ['the main date', [key('date', 'range', true)], ['Observation'], { date: -1, _id: 1 }],
  ['the main date, oldest first', [key('date', 'range', false)], ['Observation'], { date: 1, _id: -1 }],
  ['another date', [key('birthdate', 'range', true)], ['Patient'], { 'o.birthdate.hi': -1, _id: 1 }],
  ['_lastUpdated', [key('_lastUpdated', 'updated', false)], ['Patient'], { at: 1, _id: -1 }],
  [
    'nothing after the id',
    [key('_id', 'id', true), key('date', 'range', true)],
    ['Observation'],
    { _id: -1 },
  ],
  [
    'the main date of one type only',
    [key('recorded', 'range', true)],
    ['Provenance', 'Observation'],
    { 'o.recorded.hi': -1, _id: 1 },
  ],
  ['no key', [], ['Patient'], { _id: 1 }],
] as [string, SortKey[], string[], object][])('sorts by %s', (_, sort, types, expected) => {
  expect(toSort(orderOf(sort, types))).toEqual(expected);
});
