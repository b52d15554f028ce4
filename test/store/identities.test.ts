/** Names are looked up together, and each is answered for itself. */
import { createHash } from 'node:crypto';
import { type Database, connect, ensureIndexes } from '../../src/store/database.ts';
import type { Doc } from '../../src/store/document.ts';
import { Identities } from '../../src/store/identities.ts';
import { type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
let database: Database;

const term = (name: string): Buffer => createHash('sha256').update(name).digest().subarray(0, 16);
const row = (id: string, names: string[], type = 'Flag'): Doc =>
  ({ _id: `${type}/${id}`, type, ids: names.map(term), by: 'Device/test', labels: [], date: 0 }) as never;

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  await ensureIndexes(database, () => {});
  const crowd = Array.from({ length: 1000 }, (_, index) => row(`many-${index}`, ['many']));
  await database.resources.insertMany([
    row('one', ['one']),
    row('two', ['two', 'second']),
    row('other', ['one'], 'Basic'),
    ...crowd,
  ]);
});
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

async function found(identities: Identities, names: string[]): Promise<string[][]> {
  const each = await Promise.all(names.map((name) => identities.carrying('Flag', term(name))));
  return each.map((facts) => facts.map(({ id }) => id));
}

it('tells of each name who carries it among its type, and nobody for one that nobody carries', async () => {
  const identities = new Identities(database);
  expect(await found(identities, ['one', 'two', 'second', 'one', 'none'])).toEqual([
    ['one'],
    ['two'],
    ['two'],
    ['one'],
    [],
  ]);
});

it('finds who carries a name though a crowd carries another that is asked for beside it', async () => {
  const [many, one, two] = await found(new Identities(database), ['many', 'one', 'two']);
  expect([many!.length, one, two]).toEqual([1000, ['one'], ['two']]);
});
