/** The outbox: a row for each change, in an order that misses nothing. */
import { MongoClient } from 'mongodb';
import { connect, type Database } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { MongoOutbox } from '../../src/store/outgoing/outbox.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { join } from 'node:path';

let carnet: TestServer;
let database: Database;
let outbox: MongoOutbox;

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  outbox = new MongoOutbox(
    database,
    new KeyRing(database.records.keys, await keyFile(join(carnet.dataDir, 'kek.json'))),
  );
});
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

const patient = (id: string) => ({ resourceType: 'Patient', id, name: [{ family: 'Secretname' }] });

async function numberAll(): Promise<number> {
  let all = 0;
  for (let some = 1; some > 0; all += some) some = await outbox.number();
  return all;
}

test('a change leaves a row that says which version, whose and by whom, and nothing of what is in it', async () => {
  const from = await outbox.position('test a');
  const made = await carnet.as('all').put('Patient/o-1', patient('o-1'));
  await carnet.as('all').delete('Patient/o-1');
  await numberAll();
  const rows = await outbox.after(from, 10);
  expect(rows.map(({ patients, cause }) => ({ patients, cause }))).toEqual([
    {
      patients: ['o-1'],
      cause: {
        cause: 'change',
        type: 'Patient',
        id: 'o-1',
        vid: made.json.meta.versionId,
        version: 1,
        method: 'PUT',
        by: 'Device/demo-all',
        actor: 'Device/demo-all',
      },
    },
    { patients: ['o-1'], cause: expect.objectContaining({ version: 2, method: 'DELETE' }) },
  ]);
  const raw = await database.outbox.find().toArray();
  expect(JSON.stringify(raw)).not.toContain('Secretname');
});

test('what was refused, or failed as a whole, leaves no row', async () => {
  await numberAll();
  const from = await outbox.position('test b');
  const before = await database.outbox.countDocuments();
  const bundle = {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [
      { resource: patient('o-2'), request: { method: 'PUT', url: 'Patient/o-2' } },
      {
        request: { method: 'PATCH', url: 'Patient/o-3' },
        resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data: 'W10=' },
      },
    ],
  };
  expect((await carnet.as('all').post('', bundle)).status).toBeGreaterThanOrEqual(400);
  expect(await numberAll()).toBe(0);
  expect(await outbox.after(from, 10)).toEqual([]);
  expect(await database.outbox.countDocuments()).toBe(before);
});

test('two that number at once give each row one number, without gaps, in the order of versions', async () => {
  const client = carnet.as('all');
  const other = new MongoOutbox(
    database,
    new KeyRing(database.records.keys, await keyFile(join(carnet.dataDir, 'kek.json'))),
  );
  await numberAll();
  const from = await outbox.position('test c');
  let writing = true;
  const numbering = [outbox, other].map(async (each) => {
    while (writing) await each.number();
  });
  await Promise.all(
    Array.from({ length: 8 }, async (_, each) => {
      for (let version = 0; version < 6; version += 1)
        await client.put(`Patient/c-${each}`, { ...patient(`c-${each}`), multipleBirthInteger: version });
    }),
  );
  writing = false;
  await Promise.all(numbering);
  await numberAll();
  const rows = await outbox.after(from, 100);
  expect(rows.map(({ n }) => n)).toEqual(Array.from({ length: 48 }, (_, index) => from + 1 + index));
  const seen = new Map<string, number>();
  for (const { cause } of rows) {
    if (cause.cause !== 'change') throw new Error('another cause');
    expect(cause.version).toBe((seen.get(cause.id) ?? 0) + 1);
    seen.set(cause.id, cause.version);
  }
});

test('a commit that shows late gets a later number than what was read, so nobody misses it', async () => {
  await numberAll();
  const from = await outbox.position('test d');
  const outside = await MongoClient.connect(carnet.database.uri);
  const session = outside.startSession();
  session.startTransaction();
  const row = {
    at: 1,
    waiting: 1,
    patients: ['late'],
    cause: { cause: 'due', type: 'Patient', id: 'late', what: 'show' },
  };
  await outside
    .db(carnet.database.dbName)
    .collection('outbox')
    .insertOne(row as never, { session });
  await carnet.as('all').put('Patient/d-1', patient('d-1'));
  await numberAll();
  expect((await outbox.after(from, 10)).map(({ patients }) => patients)).toEqual([['d-1']]);
  await session.commitTransaction();
  await session.endSession();
  await outside.close();
  await numberAll();
  expect((await outbox.after(from, 10)).map(({ patients }) => patients)).toEqual([['d-1'], ['late']]);
});

test('a visit is sealed: the database alone tells neither who came nor why', async () => {
  await numberAll();
  const from = await outbox.position('test e');
  await carnet.as('all').put('Patient/e-1', patient('e-1'));
  const visit = {
    cause: 'visit',
    who: 'Practitioner/hidden-name',
    emergency: 'BTG',
    plain: false,
    about: ['DocumentReference/x'],
  } as const;
  await outbox.add([{ at: Date.now(), patient: 'e-1', cause: visit }]);
  await numberAll();
  const rows = await outbox.after(from, 10);
  expect(rows.at(-1)).toMatchObject({ patients: ['e-1'], cause: visit });
  const raw = JSON.stringify(await database.outbox.find().toArray());
  expect(raw).not.toContain('hidden-name');
  expect(raw).not.toContain('BTG');
});

test('rows that a follower has yet to pass are kept, however old', async () => {
  await numberAll();
  await outbox.position('test f');
  const all = await database.outbox.countDocuments();
  await database.followers.updateMany({ _id: /^test/ }, { $set: { n: 3 } });
  expect(await outbox.prune(Date.now() + 1000)).toBe(3);
  expect(await database.outbox.countDocuments()).toBe(all - 3);
});
