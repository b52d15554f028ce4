/** What is hidden until its announcement: the invitation, and the end of the hold. */
import { type Db, MongoClient } from 'mongodb';
import { before } from '../../src/consent/rules.ts';
import { after } from '../../src/notice/holds.ts';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { codesOf, people, settled, visibility } from './support/world.ts';

const DAY = 86_400_000;
let carnet: TestServer;
let client: MongoClient;
let db: Db;

beforeAll(async () => {
  carnet = await testServer(import.meta.url, { noticesEvery: 50 });
  await putAll(carnet.as('all'), people(4));
  client = await MongoClient.connect(carnet.database.uri, { readConcernLevel: 'majority' });
  db = client.db(carnet.database.dbName);
});
afterAll(async () => {
  await carnet?.close();
  await client?.close();
});

const patient = (id: string) =>
  carnet.as({ token: carnet.tokenFor({ reference: `Patient/${id}`, related: [] }, 'patient') });
const told = async (of: string): Promise<string[]> => {
  await settled(carnet);
  return codesOf((await patient(of).get(`Patient/${of}/$notices`)).json);
};

async function hiddenFor(of: string, extra: object = {}): Promise<string> {
  const { json, status } = await carnet.as('lab').post('DocumentReference', {
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: `Patient/${of}` },
    content: [{ attachment: { contentType: 'text/plain' } }],
    securityLabel: [{ coding: [visibility('INVISIBLE_PATIENT')] }],
    ...extra,
  });
  expect(status).toBe(201);
  await settled(carnet);
  return json.id;
}

/** As if it had been hidden then. */
async function since(id: string, days: number): Promise<void> {
  const _id = `DocumentReference/${id}` as never;
  await db.collection('resources').updateOne({ _id }, { $set: { hidden: Date.now() - days * DAY } });
}

async function comesDue(id: string, what: 'invite' | 'show'): Promise<void> {
  const _id = `DocumentReference/${id} ${what}` as never;
  expect((await db.collection('holds').updateOne({ _id }, { $set: { due: 0 } })).matchedCount).toBe(1);
  for (let tries = 0; (await db.collection('holds').findOne({ _id, due: 0 })) !== null; tries += 1) {
    if (tries > 200) throw new Error('nobody looked');
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

test('after two weeks without a consultation the patient is invited to one; after a month the document shows', async () => {
  const id = await hiddenFor('n-1');
  expect(await told('n-1')).toEqual([]);
  await since(id, 15);
  await comesDue(id, 'invite');
  expect(await told('n-1')).toEqual(['invitation']);
  const { json } = await patient('n-1').get('Patient/n-1/$notices');
  expect(JSON.stringify(json)).not.toContain(id);
  await since(id, 40);
  await comesDue(id, 'show');
  expect(await told('n-1')).toEqual(['announcement-ended', 'invitation']);
});

test('who was in a consultation meanwhile is not invited', async () => {
  const id = await hiddenFor('n-2');
  await since(id, 15);
  await carnet.as('all').post('Encounter', {
    resourceType: 'Encounter',
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
    subject: { reference: 'Patient/n-2' },
    period: {
      start: new Date(Date.now() - DAY).toISOString(),
      end: new Date(Date.now() - DAY / 2).toISOString(),
    },
  });
  await comesDue(id, 'invite');
  expect(await told('n-2')).toEqual([]);
});

test('a document that was deleted while it was hidden is never told of', async () => {
  const id = await hiddenFor('n-3');
  await carnet.as('lab').delete(`DocumentReference/${id}`);
  await settled(carnet);
  await comesDue(id, 'invite');
  await comesDue(id, 'show');
  expect(await told('n-3')).toEqual([]);
});

test('looked at too early, as after the label was put on anew, it waits again', async () => {
  const id = await hiddenFor('n-4');
  await comesDue(id, 'show');
  expect(await told('n-4')).toEqual([]);
  expect(
    await db.collection('holds').countDocuments({ name: `DocumentReference/${id}`, 'cause.what': 'show' }),
  ).toBe(1);
});

test.each([
  ['2026-01-31T10:00:00.000Z', { months: 1 }],
  ['2026-03-15T23:59:59.999Z', { months: 1 }],
  ['2028-02-29T00:00:00.000Z', { months: 1 }],
  ['2026-11-22T12:00:00.000Z', { days: 14 }],
])('from %s the hold of %j ends at the very moment at which the gate shows it', (from, duration) => {
  const start = Date.parse(from);
  const end = after(start, duration);
  // as the gate asks: hidden since before then
  expect([start < before(end, duration), start < before(end - 1, duration)]).toEqual([true, false]);
});
