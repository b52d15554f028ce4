/** The verdict of the last verification, as metrics show it: nobody without the key can make a good one. */
import { MongoClient } from 'mongodb';
import { connect, type Database } from '../../src/store/database.ts';
import { lastVerdict, tellVerdict } from '../../src/store/chain/verdict.ts';
import { testDatabase } from '../support/database.ts';

const KEY = Buffer.alloc(32, 1);
const { uri, dbName } = testDatabase(import.meta.url);

let database: Database;
let attacker: MongoClient;

beforeAll(async () => {
  database = await connect(uri, dbName);
  attacker = await MongoClient.connect(uri);
});
afterAll(async () => {
  await attacker.close();
  await database.close();
});

const stored = () => attacker.db(dbName).collection<{ _id: string }>('verdicts');

it('is none before the first verification', async () => {
  expect(await lastVerdict(database, KEY)).toBeUndefined();
});

it('is what was found last', async () => {
  await tellVerdict(database, KEY, { at: 1000, faults: 3 });
  await tellVerdict(database, KEY, { at: 2000, faults: 0 });
  expect(await lastVerdict(database, KEY)).toEqual({ at: 2000, faults: 0 });
});

it.each([
  ['the time', { at: 3000 }],
  ['the faults', { faults: 0 }],
  ['the code', { code: Buffer.alloc(32) }],
  ['the kind of the code', { code: 'x' }],
])('shows a fault when somebody changed %s in the database', async (_what, change) => {
  await tellVerdict(database, KEY, { at: 1000, faults: 3 });
  await stored().updateOne({ _id: 'last' }, { $set: change });
  expect(await lastVerdict(database, KEY)).toEqual({ at: 0, faults: 1 });
});

it('shows a fault under another key', async () => {
  await tellVerdict(database, Buffer.alloc(32, 2), { at: 1000, faults: 0 });
  expect(await lastVerdict(database, KEY)).toEqual({ at: 0, faults: 1 });
});
