/** Traces of before there were chains enter one once; afterwards nothing passes for one of them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nationalRules } from '../../src/config/national-rules.ts';
import { chainOlder } from '../../src/store/chain/older.ts';
import type { Codes } from '../../src/store/chain/codes.ts';
import { type Database, connect, ensureIndexes } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { Store } from '../../src/store/store.ts';
import { testDatabase } from '../support/database.ts';
import { codesOf, verified } from './support/chain.ts';

const COUNT = 1200;

let dir: string;
let database: Database;
let codes: Codes;
const quiet = (): void => {};
const older = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => ({
    _id: `AuditEvent/o-${from + i}`,
    type: 'AuditEvent',
    at: 1_000_000 + from + i,
    body: Buffer.from(`${i}`),
    terms: [],
  })) as never[];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'carnet-older-'));
  const { uri, dbName } = testDatabase(import.meta.url);
  database = await connect(uri, dbName);
  await ensureIndexes(database, quiet);
  codes = await codesOf(join(dir, 'kek.json'));
  await database.audit.insertMany(older(COUNT));
});
afterEach(async () => {
  await database.db.dropDatabase();
  await database.close();
  rmSync(dir, { recursive: true, force: true });
});

it('brings them in, so that each counts, and later changes of them are found', async () => {
  expect(await chainOlder(database, codes, quiet)).toBe(COUNT);
  expect(await verified(database, codes)).toMatchObject({ told: [], records: COUNT, older: COUNT, loose: 0 });
  await database.audit.deleteOne({ _id: 'AuditEvent/o-7' });
  expect((await verified(database, codes)).told).toEqual([
    expect.objectContaining({ what: 'removed', n: 8 }),
  ]);
});

it('goes on where it was killed', async () => {
  let told = 0;
  const killed = (): void => {
    told += 1;
    throw new Error('killed');
  };
  await expect(chainOlder(database, codes, killed)).rejects.toThrow('killed');
  expect(told).toBe(1);
  await chainOlder(database, codes, quiet);
  expect(await verified(database, codes)).toMatchObject({ told: [], records: COUNT });
});

it('brings none in a second time, nor once a server with a chain has been there', async () => {
  await chainOlder(database, codes, quiet);
  await database.audit.insertMany(older(3, COUNT));
  expect(await chainOlder(database, codes, quiet)).toBe(0);
  const { told } = await verified(database, codes);
  expect(told.filter(({ what }) => what === 'inserted')).toHaveLength(3);
});

it('brings none in where a chain was begun', async () => {
  const ring = new KeyRing(database.records.keys, await keyFile(join(dir, 'kek.json')));
  const store = new Store(database, ring, 'http://carnet.test/fhir', nationalRules());
  await store.open();
  await store.close();
  expect(await chainOlder(database, codes, quiet)).toBe(0);
  expect((await verified(database, codes)).told).toHaveLength(COUNT);
});
