/** A row of the outbox that can't be judged: parked after some tries, seen by an operator, and in nobody's way. */
import { MongoClient, type Db } from 'mongodb';
import { MongoOutbox } from '../../src/store/outgoing/outbox.ts';
import { connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { join } from 'node:path';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { callers, codesOf, document, people, permitting, settled } from './support/world.ts';

let carnet: TestServer;
let mongo: MongoClient;
let db: Db;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  mongo = new MongoClient(carnet.database.uri);
  db = mongo.db(carnet.database.dbName);
  await putAll(carnet.as('all'), people(2));
});
afterAll(async () => {
  await mongo?.close();
  await carnet?.close();
});
const { patient } = callers(() => carnet);

it('lets the notices behind it go on, in order, and is told once it is mended and released', async () => {
  const first = await testServer(import.meta.url, { like: carnet, noticesEvery: 20 });
  await settled(first);
  await first.close();
  // a visit, whose row is sealed, is damaged; then others come
  await carnet.as('lab').post('DocumentReference', document('n-1'));
  await patient('n-1').post('Consent', permitting('n-1', 'Practitioner/demo-gp'));
  const gp = carnet.as('gp');
  expect((await gp.get('DocumentReference?patient=n-1')).json.total).toBe(1);
  const rows = db.collection('outbox');
  const visit = (await rows.findOne({ sealed: { $exists: true }, waiting: { $exists: true } }))!;
  const whole = Buffer.from(visit.sealed.buffer as Uint8Array);
  const broken = Buffer.from(whole);
  broken[broken.length - 1]! ^= 1;
  await rows.updateOne({ _id: visit._id }, { $set: { sealed: broken } });
  const { json } = await carnet.as('lab').post('DocumentReference', document('n-1'));
  await carnet.as('lab').delete(`DocumentReference/${json.id}`);

  const telling = await testServer(import.meta.url, { like: carnet, noticesEvery: 20 });
  const told = async (): Promise<string[]> =>
    codesOf((await patient('n-1').get('Patient/n-1/$notices?_count=50')).json);
  const database = await connect(carnet.database.uri, carnet.database.dbName);
  try {
    await settled(telling);
    const before = await told();
    expect(before.slice(0, 2)).toEqual(['document-deleted', 'document-added']);
    expect(before).not.toContain('visit');
    const ring = new KeyRing(database.records.keys, await keyFile(join(carnet.dataDir, 'kek.json')));
    const outbox = new MongoOutbox(database, ring);
    const parked = await outbox.parked(10);
    expect(parked.map(({ fault }) => fault)).toEqual(['UnreadableRow']);
    expect(await outbox.prune(Date.now() + 60_000)).toBeGreaterThan(0);
    expect(await outbox.parked(10)).toEqual(parked);

    // tried anew while it is still broken: parked again
    expect(await outbox.release()).toBe(1);
    for (const end = Date.now() + 60_000; (await outbox.again(10)).length > 0; await pause())
      if (Date.now() > end) throw new Error('it was not tried anew');
    expect([await told(), (await outbox.parked(10)).length]).toEqual([before, 1]);
    await rows.updateOne({ _id: visit._id }, { $set: { sealed: whole } });
    expect(await outbox.release()).toBe(1);
    for (const end = Date.now() + 60_000; (await outbox.parked(10)).length > 0; await pause())
      if (Date.now() > end) throw new Error('it is still parked');
    expect((await told()).filter((kind) => kind === 'visit')).toHaveLength(1);
  } finally {
    await database.close();
    await telling.close();
  }
});

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
