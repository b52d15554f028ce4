/** What is hidden until its announcement: the invitation, and the end of the hold. */
import { type Db, MongoClient } from 'mongodb';
import { before } from '../../src/consent/rules.ts';
import { after } from '../../src/notice/holds.ts';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { appointment, codesOf, document, people, permitting, settled, visibility } from './support/world.ts';

const DAY = 86_400_000;
let carnet: TestServer;
let client: MongoClient;
let db: Db;

beforeAll(async () => {
  carnet = await testServer(import.meta.url, { noticesEvery: 50 });
  await putAll(carnet.as('all'), people(7));
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

async function comesDue(
  id: string,
  what: 'invite' | 'show' | 'near',
  type = 'DocumentReference',
): Promise<void> {
  const hold = { name: `${type}/${id}`, 'cause.what': what };
  const { matchedCount } = await db.collection('holds').updateMany(hold, { $set: { due: 0 } });
  expect(matchedCount).toBeGreaterThan(0);
  for (let tries = 0; (await db.collection('holds').findOne({ ...hold, due: 0 })) !== null; tries += 1) {
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

test('a visit to nothing but what is hidden is told once that shows, and counts nowhere before', async () => {
  await putAll(carnet.as('all'), [
    { ...permitting('n-7', 'Practitioner/demo-gp'), id: 'n-7-gp' },
    { ...permitting('n-7', 'Practitioner/demo-dentist'), id: 'n-7-dentist' },
  ]);
  const { type } = document('n-7') as { type?: unknown };
  const id = await hiddenFor('n-7', { type });
  for (const who of ['gp', 'gp', 'dentist'] as const)
    expect((await carnet.as(who).get(`DocumentReference/${id}`)).status).toBe(200);
  await settled(carnet);
  const { json } = await patient('n-7').get('Patient/n-7/$notices');
  expect([json.entry?.length ?? 0, json.meta.tag[0].code]).toEqual([2, '2']);
  expect(codesOf(json)).toEqual(['consent-changed', 'consent-changed']);
  await since(id, 40);
  await comesDue(id, 'show');
  const all = await told('n-7');
  expect(all[0]).toBe('announcement-ended');
  expect(all.filter((code) => code === 'visit')).toHaveLength(2);
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

test('a day before an appointment its patient is reminded, however it was moved; not of what was cancelled', async () => {
  const all = carnet.as('all');
  const make = async (more: object = {}) =>
    (await all.post('Appointment', appointment('n-5', Date.now() + 5 * DAY, more))).json;
  const [moved, cancelled] = [await make(), await make()];
  const both = ['n-5', 'n-6'].map((id) => ({ actor: { reference: `Patient/${id}` }, status: 'accepted' }));
  const shared = await make({ participant: both });
  await settled(carnet);
  const dues = db.collection('holds').find({ 'cause.what': 'near' }).sort({ due: 1, patient: 1 });
  expect((await dues.toArray()).map(({ name, patient: of, due }) => [name, of, due])).toEqual([
    [`Appointment/${moved.id}`, 'n-5', Date.parse(moved.start) - DAY],
    [`Appointment/${cancelled.id}`, 'n-5', Date.parse(cancelled.start) - DAY],
    [`Appointment/${shared.id}`, 'n-5', Date.parse(shared.start) - DAY],
    [`Appointment/${shared.id}`, 'n-6', Date.parse(shared.start) - DAY],
  ]);
  const before = ['appointment-added', 'appointment-added'];
  // nobody is reminded too early: it waits again
  await comesDue(moved.id, 'near', 'Appointment');
  expect(await told('n-5')).toEqual(before);
  const near = new Date(Date.now() + DAY / 2).toISOString();
  for (const { id, ...each } of [moved, shared])
    await all.put(`Appointment/${id}`, { ...each, id, start: near, end: near });
  await all.put(`Appointment/${cancelled.id}`, { ...cancelled, status: 'cancelled' });
  await settled(carnet);
  for (const { id } of [moved, cancelled, shared]) await comesDue(id, 'near', 'Appointment');
  // what is another's too is told to neither, who may not know of it
  expect(await told('n-5')).toEqual(['reminder', 'appointment-cancelled', 'appointment-changed', ...before]);
  expect(await told('n-6')).toEqual([]);
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
