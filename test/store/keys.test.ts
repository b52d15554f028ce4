/** Sealed at rest: what a stolen database tells, whose key opens what, and how keys are made, rotated and destroyed. */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { demoCallers, type CallerName } from '../../src/demo/callers.ts';
import { demoDeposits } from '../../src/demo/deposits.ts';
import { seedDemo } from '../../src/demo/seed.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { KeyRing, keyFile, rotate } from '../../src/store/keys/keys.ts';
import { seal, unseal } from '../../src/store/keys/sealing.ts';
import { type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
let database: Database;
const folder = mkdtempSync(join(tmpdir(), 'carnet-keys-'));
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  const tokens = Object.fromEntries(
    Object.keys(demoCallers).map((name) => [name, carnet.token(name as CallerName)]),
  );
  await seedDemo(carnet.base, tokens as Record<CallerName, string>, () => {});
  database = await connect(carnet.database.uri, carnet.database.dbName);
}, 60_000);
afterAll(async () => {
  await database?.close();
  await carnet?.close();
  rmSync(folder, { recursive: true, force: true });
});

const kek = () => join(carnet.dataDir, 'kek.json');
const ringNow = async () => new KeyRing(database.records.keys, await keyFile(kek()));

/** Names, codes and texts of what was deposited, long enough to be no accident; small letters alone may be a field's name. */
function secrets(): Set<string> {
  const found = new Set<string>();
  const walk = (value: unknown, key: string): void => {
    if (Array.isArray(value)) for (const item of value) walk(item, key);
    else if (typeof value === 'object' && value !== null)
      for (const [name, item] of Object.entries(value)) walk(item, name);
    else if (typeof value === 'string' && value.length >= 5 && TELLING.has(key) && !/^[a-z-]+$/.test(value))
      found.add(value);
  };
  for (const { resources } of demoDeposits(new Date())) for (const resource of resources) walk(resource, '');
  return found;
}
const TELLING = new Set([
  'family',
  'given',
  'code',
  'display',
  'text',
  'value',
  'title',
  'line',
  'city',
  'div',
  'data',
  'system',
]);

it('leaves no name, code or text in clear anywhere in the database', async () => {
  const wanted = [...secrets()];
  expect(wanted.length).toBeGreaterThan(200);
  expect(wanted).toEqual(expect.arrayContaining(['Delaunay', 'http://loinc.org']));
  const { db, client } = database;
  const raw: Buffer[] = [];
  for (const name of [db.databaseName, `${db.databaseName}_keys`]) {
    for (const { name: collection } of await client.db(name).listCollections().toArray()) {
      for (const bytes of await client.db(name).collection(collection).find({}, { raw: true }).toArray()) {
        raw.push(bytes as unknown as Buffer);
      }
    }
  }
  expect(raw.length).toBeGreaterThan(150);
  const all = Buffer.concat(raw).toString('latin1');
  expect(all).toContain('demo-mother');
  expect(wanted.filter((text) => all.includes(Buffer.from(text).toString('latin1')))).toEqual([]);
});

describe('a sealed value', () => {
  const key = randomBytes(32);
  const sealed = seal(key, Buffer.from('secret'), 'Flag/a/1');
  const broken = (at: number) => Buffer.from(sealed.map((byte, i) => (i === at ? byte ^ 1 : byte)));

  it('opens with its key for what it is about', () => {
    expect(unseal(key, sealed, 'Flag/a/1').toString()).toBe('secret');
  });
  it.each<[string, Buffer, Buffer, string]>([
    ['for anything else', key, sealed, 'Flag/b/1'],
    ['with another key', randomBytes(32), sealed, 'Flag/a/1'],
    ['with another nonce', key, broken(0), 'Flag/a/1'],
    ['with another tag', key, broken(12), 'Flag/a/1'],
    ['with another text', key, broken(28), 'Flag/a/1'],
    ['when it is cut', key, sealed.subarray(0, -1), 'Flag/a/1'],
    ['when it is empty', key, Buffer.alloc(0), 'Flag/a/1'],
  ])('does not open %s', (_how, given, bytes, about) => {
    expect(() => unseal(given, bytes, about)).toThrow();
  });
  it('never looks the same twice', () => {
    expect(seal(key, Buffer.from('secret'), 'Flag/a/1').equals(sealed)).toBe(false);
  });
});

describe('a body that was moved in the database', () => {
  const flag = (id: string, patient: string) => ({
    resourceType: 'Flag',
    id,
    status: 'active',
    code: { text: id },
    subject: { reference: `Patient/${patient}` },
  });
  beforeEach(async () => {
    const all = carnet.as('all');
    for (const [id, patient] of [
      ['m1', 'demo-mother'],
      ['m2', 'demo-mother'],
      ['m3', 'demo-father'],
    ] as const) {
      await all.put(`Flag/${id}`, flag(id, patient));
    }
    await all.put('Flag/m1', { ...flag('m1', 'demo-mother'), status: 'inactive' });
  });
  afterEach(async () => {
    await database.resources.deleteMany({ _id: { $in: ['Flag/m1', 'Flag/m2', 'Flag/m3'] } });
    await database.history.deleteMany({ rid: { $in: ['Flag/m1', 'Flag/m2', 'Flag/m3'] } });
  });
  const body = async (_id: string) => (await database.resources.findOne({ _id }))!.body!;
  const old = async () => (await database.history.findOne({ rid: 'Flag/m1' }))!;

  it.each<[string, () => Promise<object>]>([
    ['another id of the same patient', async () => ({ body: await body('Flag/m2') })],
    ['another patient', async () => ({ body: await body('Flag/m3') })],
    ['an earlier version', async () => ({ body: (await old()).body })],
    ['an earlier version with its number', async () => ({ body: (await old()).body, v: (await old()).v })],
    ['its own, said to be of another patient', async () => ({ patient: 'demo-father' })],
  ])('is not given out: %s', async (_where, change) => {
    await database.resources.updateOne({ _id: 'Flag/m1' }, { $set: await change() });
    const { status, text } = await carnet.as('all').get('Flag/m1');
    expect([status, text.includes('active')]).toEqual([500, false]);
  });
});

describe('the key file', () => {
  const start = (path: string) => keyFile(path).then((encryption) => encryption.derive('x').toString('hex'));

  it('is made once by several starts at once, for its owner only', async () => {
    const path = join(folder, 'new', 'kek.json');
    const roots = await Promise.all(Array.from({ length: 8 }, () => start(path)));
    expect(new Set(roots).size).toBe(1);
    expect(readdirSync(join(folder, 'new'))).toEqual(['kek.json']);
    expect([statSync(path).mode & 0o777, statSync(join(folder, 'new')).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it.each<[string, string]>([
    ['empty', ''],
    ['no JSON', '{"current":'],
    ['`null`', 'null'],
    ['another object', '{}'],
    [
      'without its current key',
      JSON.stringify({
        current: 'b',
        keys: { a: randomBytes(32).toString('base64') },
        root: randomBytes(32).toString('base64'),
      }),
    ],
    [
      'with a short key',
      JSON.stringify({ current: 'a', keys: { a: 'AAAA' }, root: randomBytes(32).toString('base64') }),
    ],
    ['without a root', JSON.stringify({ current: 'a', keys: { a: randomBytes(32).toString('base64') } })],
  ])('is refused when it is %s, and stays as it is', async (_what, text) => {
    const path = join(folder, 'faulty.json');
    writeFileSync(path, text);
    await expect(keyFile(path)).rejects.toThrow(/the key file .* is not (JSON|whole): restore it/);
    expect(readFileSync(path, 'utf8')).toBe(text);
  });

  it('of another database is refused at the start, be it wholly another or by its keys', async () => {
    const whole = { database: carnet.database, dataDir: mkdtempSync(join(folder, 'other-')) };
    await expect(testServer(import.meta.url, { like: whole })).rejects.toThrow(
      /not the one that this database was written with/,
    );
    const own = JSON.parse(readFileSync(kek(), 'utf8'));
    const keys = { database: carnet.database, dataDir: mkdtempSync(join(folder, 'keys-')) };
    for (const name of Object.keys(own.keys)) own.keys[name] = randomBytes(32).toString('base64');
    writeFileSync(join(keys.dataDir, 'kek.json'), JSON.stringify(own));
    await expect(testServer(import.meta.url, { like: keys })).rejects.toThrow(
      /not the one that this database was written with/,
    );
  });
});

describe('rotation', () => {
  it('wraps every data key under a new key, touches no data, and lets a running server go on', async () => {
    const all = carnet.as('all');
    const before = JSON.parse(readFileSync(kek(), 'utf8'));
    const bodies = await database.resources.find({}, { projection: { body: 1 }, sort: { _id: 1 } }).toArray();
    const total = await database.records.keys.countDocuments({});
    expect(await rotate(database.records.keys, kek(), () => {})).toBe(total);
    const after = JSON.parse(readFileSync(kek(), 'utf8'));
    expect([after.root, after.current === before.current]).toEqual([before.root, false]);
    expect(statSync(kek()).mode & 0o777).toBe(0o600);
    expect(await database.records.keys.distinct('kek')).toEqual([after.current]);
    expect(
      await database.resources.find({}, { projection: { body: 1 }, sort: { _id: 1 } }).toArray(),
    ).toEqual(bodies);
    await all.put('Patient/after-rotation', { resourceType: 'Patient', id: 'after-rotation' });
    expect(await database.records.keys.distinct('kek')).toEqual([after.current]);
    const other = await testServer(import.meta.url, { like: carnet });
    try {
      for (const server of [carnet, other]) {
        const { status, json } = await server.as('all').get('DocumentReference?patient=demo-mother');
        expect([status, json.total > 0]).toEqual([200, true]);
        expect((await server.as('all').get('Patient/after-rotation')).status).toBe(200);
      }
    } finally {
      await other.close();
    }
  });

  it('is a command', async () => {
    const before = JSON.parse(readFileSync(kek(), 'utf8')).current;
    const env = {
      PATH: process.env.PATH,
      DEMO: 'on',
      DATA_DIR: folder,
      KEY_FILE: kek(),
      MONGODB_URI: carnet.database.uri,
      MONGODB_DATABASE: carnet.database.dbName,
    };
    const run = (...words: string[]) =>
      promisify(execFile)(
        process.execPath,
        ['--import', './test/support/typescript.mjs', 'src/cli/keys.ts', ...words],
        {
          cwd: fileURLToPath(new URL('../..', import.meta.url)),
          env,
        },
      );
    await expect(run('rotat')).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining('usage: npm run keys'),
    });
    expect(JSON.parse(readFileSync(kek(), 'utf8')).current).toBe(before);
    const { stderr } = await run('rotate');
    expect(stderr).toMatch(/^\d+ data keys are wrapped under a new key$/m);
    const { current } = JSON.parse(readFileSync(kek(), 'utf8'));
    expect(current).not.toBe(before);
    expect(await database.records.keys.distinct('kek')).toEqual([current]);
  }, 60_000);

  it('keeps the last key, and drops those before it that nothing is wrapped under', async () => {
    const names = () => Object.keys(JSON.parse(readFileSync(kek(), 'utf8')).keys);
    const { current } = JSON.parse(readFileSync(kek(), 'utf8'));
    await rotate(database.records.keys, kek(), () => {});
    expect(names()).toHaveLength(2);
    expect(names()).toContain(current);
    expect((await (await ringNow()).ensure(['demo-mother'])).size).toBe(1);
  });
});

it('makes a patient unreadable for good by destroying the data key', async () => {
  const all = carnet.as('all');
  const flag = {
    resourceType: 'Flag',
    id: 'erased',
    status: 'active',
    code: { text: 'x' },
    subject: { reference: 'Patient/erased' },
  };
  await all.put('Patient/erased', { resourceType: 'Patient', id: 'erased' });
  await all.put('Flag/erased', flag);
  await (await ringNow()).destroy('erased');
  const other = await testServer(import.meta.url, { like: carnet });
  try {
    const caller = other.as('all');
    const reads = ['Flag/erased', 'Patient/erased', 'Flag/erased/_history/x'];
    expect(await Promise.all(reads.map(async (path) => (await caller.get(path)).status))).toEqual([
      404, 404, 404,
    ]);
    const found = await caller.get('Flag?patient=erased');
    expect([found.status, found.json.entry ?? []]).toEqual([200, []]);
    const written = await caller.put('Flag/erased-2', { ...flag, id: 'erased-2' });
    expect([written.status, written.json.issue[0].code]).toEqual([422, 'business-rule']);
    expect((await caller.get('DocumentReference?patient=demo-mother')).status).toBe(200);
    expect(await database.records.keys.findById('erased').lean()).toEqual({
      _id: 'erased',
      madeAt: expect.any(Date),
      destroyedAt: expect.any(Date),
    });
  } finally {
    await other.close();
  }
});
