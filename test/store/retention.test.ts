/** Traces whose time is over leave the database for sealed files, wherever that is interrupted, and still verify. */
import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nationalRules } from '../../src/config/national-rules.ts';
import type { Codes } from '../../src/store/chain/codes.ts';
import { type Database, connect, ensureIndexes } from '../../src/store/database.ts';
import type { Doc } from '../../src/store/document.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { ARCHIVE_KEY, type Retention, retire } from '../../src/store/traces/retention.ts';
import { Store } from '../../src/store/store.ts';
import { testDatabase } from '../support/database.ts';
import { codesOf, verified } from './support/chain.ts';

const NOW = Date.UTC(2026, 5, 15);
const YEARS = 3;
const SIGNAL = new AbortController().signal;

let dir: string;
let folder: string;
let database: Database;
let ring: KeyRing;
let codes: Codes;
let store: Store;
let retention: Retention;

async function trace(id: string, patient: string, at: number): Promise<void> {
  const clock = jest.spyOn(Date, 'now').mockReturnValue(at);
  try {
    const own = { resourceType: 'AuditEvent', id, recorded: new Date(at).toISOString(), entity: [] };
    await store.record(() => [
      { frame: { resourceType: 'AuditEvent', action: 'R' }, own, aside: [], patient },
    ]);
  } finally {
    clock.mockRestore();
  }
}

const month = (year: number, of: number, day = 10): number => Date.UTC(year, of - 1, day);
const OVER = [month(2022, 11), month(2022, 12), month(2022, 12, 11), month(2023, 5, 31)];
const CLOSED = [month(2014, 3), month(2021, 3)];
const STAYS = [month(2023, 6, 1), month(2026, 6, 14)];

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), 'carnet-retention-'));
  folder = join(dir, 'traces');
  const { uri, dbName } = testDatabase(import.meta.url);
  database = await connect(uri, dbName);
  await ensureIndexes(database, () => {});
  ring = new KeyRing(database.records.keys, await keyFile(join(dir, 'kek.json')));
  codes = await codesOf(join(dir, 'kek.json'));
  await ring.ensure(['open', 'closed']);
  await database.patients.insertOne({ _id: 'closed', v: 1, closed: true, closedAt: month(2015, 2) });
  store = new Store(database, ring, 'http://carnet.test/fhir', nationalRules());
  const clock = jest.spyOn(Date, 'now').mockReturnValue(month(2014, 1));
  await store.open();
  clock.mockRestore();
  const all: [number, string][] = [
    ...[...OVER, ...STAYS].map((at): [number, string] => [at, 'open']),
    ...CLOSED.map((at): [number, string] => [at, 'closed']),
  ];
  for (const [at, patient] of all.sort(([one], [other]) => one - other)) await trace(`t-${at}`, patient, at);
  retention = {
    folder,
    years: YEARS,
    key: ring.derive(ARCHIVE_KEY),
    tell: (about) => store.archived(about),
  };
});
afterEach(async () => {
  await store.close();
  await database.db.dropDatabase();
  await database.close();
  rmSync(dir, { recursive: true, force: true });
});

const left = async (): Promise<number[]> =>
  (await database.audit.find({}, { sort: { at: 1 } }).toArray()).map(({ at }) => at);
const check = () => verified(database, codes, [], retention);
const TOTAL = OVER.length + CLOSED.length + STAYS.length;
const REST = [...STAYS];

it('moves whole months out after their years, those of a closed space ten years after its closing, and verifies all together', async () => {
  expect(await retire(database, retention, NOW, SIGNAL)).toBe(OVER.length + CLOSED.length);
  expect(await left()).toEqual(REST);
  const names = readdirSync(folder).map((name) => name.replace(/\.[0-9a-f]{8}\./, '.'));
  expect(names.sort()).toEqual([
    '2014-03.closed.traces',
    '2021-03.closed.traces',
    '2022-11.usual.traces',
    '2022-12.usual.traces',
    '2023-05.usual.traces',
  ]);
  expect(await check()).toMatchObject({ told: [], records: TOTAL, faults: 0 });
  expect(await retire(database, retention, NOW, SIGNAL)).toBe(0);
});

it('shows nothing of a trace in its files', async () => {
  await retire(database, retention, NOW, SIGNAL);
  for (const name of readdirSync(folder)) {
    const bytes = readFileSync(join(folder, name));
    for (const word of ['AuditEvent', 'patient', 'open', '_id']) expect(bytes.includes(word)).toBe(false);
  }
});

it('goes on where it was killed after a file was written: nothing is lost, and nothing is there twice', async () => {
  const killed = { ...retention, tell: () => Promise.reject(new Error('killed')) };
  await expect(retire(database, killed, NOW, SIGNAL)).rejects.toThrow('killed');
  expect(await check()).toMatchObject({ told: [], records: TOTAL });
  await retire(database, retention, NOW, SIGNAL);
  expect(await left()).toEqual(REST);
  expect(await check()).toMatchObject({ told: [], records: TOTAL });
});

it('deletes nothing when it is killed before a file is whole', async () => {
  const before = await left();
  const find = jest.spyOn(database.patients, 'find').mockImplementation(() => {
    throw new Error('killed');
  });
  await expect(retire(database, retention, NOW, SIGNAL)).rejects.toThrow('killed');
  find.mockRestore();
  expect(await left()).toEqual(before);
});

it('counts a record once that is in a file and in the database still', async () => {
  const [first] = await database.audit.find({}, { sort: { at: 1 }, skip: 1, limit: 1 }).toArray();
  await retire(database, retention, NOW, SIGNAL);
  await database.audit.deleteOne({ _id: first!._id });
  const [gone] = await database.audit.find({}, { sort: { at: 1 }, limit: 1 }).toArray();
  expect(gone!.at).toBe(STAYS[0]);
  await database.audit.insertOne(first!);
  expect(await check()).toMatchObject({ told: [], records: TOTAL });
});

describe('files that were tampered with', () => {
  const file = (name: string): string =>
    join(
      folder,
      readdirSync(folder).find((each) => each.startsWith(name))!,
    );
  const ways: [string, () => void, string][] = [
    ['removed', () => rmSync(file('2022-12')), 'removed'],
    [
      'cut short',
      () => truncateSync(file('2022-12'), Math.floor(readFileSync(file('2022-12')).length / 2)),
      'unreadable',
    ],
    [
      'changed in a bit',
      () => {
        const bytes = readFileSync(file('2022-12'));
        bytes[60]! ^= 1;
        writeFileSync(file('2022-12'), bytes);
      },
      'unreadable',
    ],
    ['exchanged for another', () => renameSync(file('2022-11'), file('2022-12')), 'unreadable'],
  ];
  it.each(ways)('are found when one is %s', async (_, tamper, what) => {
    await retire(database, retention, NOW, SIGNAL);
    tamper();
    const { told } = await check();
    expect(told).toContainEqual(expect.objectContaining({ what }));
    expect(told).toContainEqual(
      expect.objectContaining({
        what: 'removed',
        l: expect.any(Number),
        text: expect.stringMatching('links'),
      }),
    );
  });
});

it.each<[string, number]>([
  ['the day before', Date.UTC(2016, 5, 16)],
  ['later', month(2024, 1)],
])('keeps all traces of a space that was closed less than ten years ago: %s', async (_, closedAt) => {
  await database.patients.updateOne({ _id: 'closed' }, { $set: { closedAt } });
  expect(await retire(database, retention, NOW, SIGNAL)).toBe(OVER.length);
  expect(await left()).toEqual([...CLOSED, ...STAYS].sort((one, other) => one - other));
});

it('dates a closing that was not written down by the version that closed the space', async () => {
  await database.patients.updateOne({ _id: 'closed' }, { $unset: { closedAt: 1 } });
  expect(await retire(database, retention, NOW, SIGNAL)).toBe(OVER.length);
  await database.resources.insertOne({
    _id: 'Patient/closed',
    type: 'Patient',
    at: month(2015, 1),
  } as Doc);
  expect(await retire(database, retention, NOW, SIGNAL)).toBe(CLOSED.length);
});
