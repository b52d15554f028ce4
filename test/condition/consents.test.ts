/** What a query finds by the condition of a plan is what the check of one resource allows, on a real database. */
import fc from 'fast-check';
import { type Attributes, type Condition, keyed, matches } from '../../src/condition/condition.ts';
import { toMongo } from '../../src/store/query/condition.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { type Doc, attributes } from '../../src/store/document.ts';
import { testDatabase } from '../support/database.ts';
import { callers } from '../consent/support/arbitrary-caller.ts';
import { cases, statements } from '../consent/support/arbitrary-case.ts';
import { attributesOf, planned } from '../consent/support/engine.ts';
import { NOW } from '../consent/support/universe.ts';

const RESOURCES = 400;
const CONDITIONS = 60;
const key = (term: string): string => `keyed ${term}`;

let database: Database;
let docs: Doc[];

/** As the store's encoder keeps it: what is empty is left out. */
function docOf({ type, patients, by, ...facts }: Attributes, index: number): Doc {
  const [patient = '', ...others] = patients;
  const doc = {
    _id: `${type}/${index}`,
    type,
    patient,
    ...(others.length > 0 ? { others } : {}),
    by,
    labels: facts.labels.map((label) => key(`label=${label}`)),
    ...(facts.codes.length > 0 ? { codes: facts.codes.map(key) } : {}),
    ...(facts.from === undefined ? {} : { from: facts.from, until: facts.until }),
    ...(facts.about.length > 0 ? { about: facts.about } : {}),
    ...(facts.authors.length > 0 ? { authors: facts.authors } : {}),
    ...(facts.hidden === undefined ? {} : { hidden: facts.hidden }),
  };
  return doc as unknown as Doc;
}

beforeAll(async () => {
  const { uri, dbName } = testDatabase(import.meta.url);
  database = await connect(uri, dbName);
  docs = fc
    .sample(cases, RESOURCES)
    .map(({ resource, by, hiddenSince }, index) => docOf(attributesOf(resource, by, hiddenSince), index));
  await database.resources.insertMany(docs.map((doc) => ({ ...doc })));
});
afterAll(async () => {
  await database?.db.dropDatabase();
  await database?.close();
});

async function found(condition: Condition): Promise<string[]> {
  const each = await database.resources.find(toMongo(condition), { projection: { _id: 1 } }).toArray();
  return each.map(({ _id }) => _id).sort();
}
const allowed = (condition: Condition): string[] =>
  docs
    .filter((doc) => matches(condition, attributes(doc._id, doc)))
    .map(({ _id }) => _id)
    .sort();

it(`${RESOURCES} resources by ${CONDITIONS} conditions of plans`, async () => {
  const shares: number[] = [];
  const telling = fc
    .tuple(statements, callers)
    .map(([said, caller]) => planned({ ...said, caller, now: NOW }))
    .filter(({ is }) => is !== 'none' && is !== 'all');
  await fc.assert(
    fc.asyncProperty(telling, async (condition) => {
      const given = await found(keyed(condition, key));
      expect(given).toEqual(allowed(keyed(condition, key)));
      const denied = await found({ is: 'not', of: keyed(condition, key) });
      expect(given.length + denied.length).toBe(RESOURCES);
      shares.push(given.length / RESOURCES);
    }),
    { numRuns: CONDITIONS },
  );
  // some resources are given and some aren't, by many of them
  expect(shares.filter((share) => share > 0 && share < 1).length).toBeGreaterThan(CONDITIONS / 3);
});
