/** A professional opens a record in an emergency: who may, what it opens, for how long, and what tells of it. */
import { MongoClient } from 'mongodb';
import { Space, TRE_A07, label, purpose } from '../enforcement/support/space.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

const REASON = 'inconscient, sans famille';
const BTG = { 'x-purpose-of-use': 'BTG' };
const DOCTOR = 'Practitioner/demo-emergency';

const because = (text: unknown) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'reason', valueString: text }],
});
const breaks = (client: Client, patient: string, text: unknown = REASON): Promise<Reply> =>
  client.post(`Patient/${patient}/$break-glass`, because(text));
/** One of their own for each story: what is open to them stays open. */
let count = 0;
const doctor = (changes: object = {}): Client =>
  carnet.as({
    token: carnet.tokenFor({ reference: `Practitioner/urgentist-${(count += 1)}`, ...changes }, 'emergency'),
  });
const reads = async (client: Client, id: string, headers: Record<string, string> = BTG): Promise<number> =>
  (await client.get(`DocumentReference/${id}`, headers)).status;

it('opens the record to requests that say so, until when it says', async () => {
  const space = await Space.of(carnet);
  const id = await space.deposit();
  const client = doctor();
  expect([await reads(client, id, {}), await reads(client, id)]).toEqual([404, 403]);
  const { status, json } = await breaks(client, space.id);
  expect([status, json.parameter.map(({ name }: { name: string }) => name)]).toEqual([
    200,
    ['patient', 'until', 'purpose'],
  ]);
  const hours = (Date.parse(json.parameter[1].valueInstant) - Date.now()) / 3_600_000;
  expect(hours).toBeGreaterThan(23.9);
  expect(hours).toBeLessThanOrEqual(24);
  expect([await reads(client, id), await reads(client, id, {})]).toEqual([200, 404]);
  const found = await client.get(`DocumentReference?patient=${space.id}`, BTG);
  expect(found.json.total).toBe(1);
});

it('opens one record and no other', async () => {
  const [space, other] = [await Space.of(carnet), await Space.of(carnet)];
  const [id, kept] = [await space.deposit(), await other.deposit()];
  const client = doctor();
  await breaks(client, space.id);
  expect([await reads(client, id), await reads(client, kept)]).toEqual([200, 404]);
  await breaks(client, other.id);
  expect([await reads(client, id), await reads(client, kept)]).toEqual([200, 200]);
});

it('opens nothing to another professional', async () => {
  const space = await Space.of(carnet);
  const id = await space.deposit();
  await breaks(doctor(), space.id);
  expect(await reads(doctor(), id)).toBe(403);
});

it('ends when its time is over', async () => {
  const space = await Space.of(carnet);
  const id = await space.deposit();
  const client = doctor();
  await breaks(client, space.id);
  const { uri, dbName } = carnet.database;
  const mongo = await MongoClient.connect(uri);
  await mongo
    .db(dbName)
    .collection('glass')
    .updateMany({ patient: `Patient/${space.id}` }, { $set: { until: new Date(Date.now() - 1) } });
  await mongo.close();
  expect(await reads(client, id)).toBe(403);
});

it('holds masks and the switch of the patient on the next request', async () => {
  const space = await Space.of(carnet);
  const [id, masked] = [
    await space.deposit(),
    await space.deposit({ securityLabel: [{ coding: [label('MASQUE_PS', TRE_A07)] }] }),
  ];
  const client = doctor();
  await breaks(client, space.id);
  expect([await reads(client, id), await reads(client, masked)]).toEqual([200, 404]);
  await space.says({ type: 'deny', purpose: purpose('BTG') });
  expect(await reads(client, id)).toBe(404);
});

describe('one answer for a record that is closed to emergencies, to this professional, and for none:', () => {
  const closed: Record<string, (space: Space, who: string) => Promise<unknown>> = {
    'the switch is closed': (space) => space.says({ type: 'deny', purpose: purpose('BTG') }),
    'the professional is blocked': (space, who) => space.blocks(who),
    'the space is closed': (space) => space.is({ active: false }),
  };
  it.each(Object.keys(closed))('%s', async (name) => {
    const space = await Space.of(carnet);
    await space.deposit();
    const who = `Practitioner/barred-${(count += 1)}`;
    await closed[name]!(space, who);
    const client = doctor({ reference: who });
    const [barred, absent] = [await breaks(client, space.id), await breaks(client, 'nobody-at-all')];
    expect([barred.status, barred.text]).toEqual([404, absent.text]);
    expect(absent.status).toBe(404);
    expect((await client.get(`DocumentReference?patient=${space.id}`, BTG)).status).toBe(403);
  });
});

describe('is refused', () => {
  it.each(['patient', 'hospital', 'app', 'operator', 'all'] as const)('to %s', async (name) => {
    const space = await Space.of(carnet);
    expect((await breaks(carnet.as(name), space.id)).status).toBe(403);
  });

  it('to a token that reads no Patient', async () => {
    const space = await Space.of(carnet);
    const client = doctor({ scope: 'user/Observation.rs' });
    expect((await breaks(client, space.id)).status).toBe(403);
  });

  it.each([
    ['no reason', {}],
    ['an empty one', because('')],
    ['one too short', because('urgence')],
    ['blanks', because(' '.repeat(40))],
    ['characters that nobody sees', because('\u200b\u3164\u2800\u0001'.repeat(10))],
    ['marks on a letter', because(`a${'\u0301'.repeat(40)}`)],
    ['one that is no text', because(1234567890)],
    ['one that is too long', because('x'.repeat(1001))],
    [
      'two',
      { resourceType: 'Parameters', parameter: [...because(REASON).parameter, ...because(REASON).parameter] },
    ],
    ['another resource', { resourceType: 'Patient' }],
  ])('with %s', async (_, body) => {
    const space = await Space.of(carnet);
    const { status } = await doctor().post(`Patient/${space.id}/$break-glass`, body);
    expect(status).toBe(400);
  });
});

describe('X-Purpose-Of-Use', () => {
  it.each([
    ['a purpose that the token carries is taken', 'TREAT', 200],
    ['one that it does not carry is refused', 'HRESCH', 403],
    ['the regulator’s own is refused', 'ETREAT', 403],
    ['one beside it is refused', 'TREAT,BTG', 403],
    ['what is no purpose is refused', 'CURIOSITY', 400],
    ['nothing is no purpose', '', 400],
  ])('%s', async (_, value, status) => {
    const reply = await doctor({ purposes: ['TREAT'] }).get('Practitioner', { 'x-purpose-of-use': value });
    expect([reply.status, reply.status === 200 ? '' : reply.json.resourceType]).toEqual([
      status,
      status === 200 ? '' : 'OperationOutcome',
    ]);
  });

  it('narrows: what a Consent permits for another purpose isn’t given', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    const client = doctor({ purposes: ['TREAT', 'HRESCH'] });
    await space.says({ type: 'permit', purpose: purpose('HRESCH') });
    expect([
      await reads(client, id, { 'x-purpose-of-use': 'HRESCH' }),
      await reads(client, id, { 'x-purpose-of-use': 'TREAT' }),
    ]).toEqual([200, 404]);
  });
});

it('tells the patient who broke the glass, and why', async () => {
  const space = await Space.of(carnet);
  await breaks(carnet.as('emergency'), space.id);
  const { json } = await space.me.get(`AuditEvent?patient=${space.id}&agent=${DOCTOR}`);
  const [{ resource }] = json.entry;
  expect(resource.outcome).toBe('0');
  expect(resource.purposeOfEvent[0].coding[0].code).toBe('BTG');
  expect(JSON.stringify(resource)).toContain(REASON);
  const history = await space.me.get(`Patient/${space.id}/$access-history`);
  expect(history.text).toContain('bris de glace');
});

it('tells the patient who tried in vain', async () => {
  const space = await Space.of(carnet);
  await space.says({ type: 'deny', purpose: purpose('BTG') });
  await breaks(carnet.as('emergency'), space.id);
  const { json } = await space.me.get(`AuditEvent?patient=${space.id}&agent=${DOCTOR}`);
  expect(json.entry.map(({ resource }: { resource: { outcome: string } }) => resource.outcome)).toEqual([
    '4',
  ]);
});

it('is found by an index', async () => {
  const { uri, dbName } = carnet.database;
  const mongo = await MongoClient.connect(uri);
  const plan = await mongo
    .db(dbName)
    .collection('glass')
    .find({ who: DOCTOR, until: { $gt: new Date() } }, { sort: { until: -1 }, limit: 100, hint: 'who_until' })
    .explain('queryPlanner');
  await mongo.close();
  expect(JSON.stringify(plan.queryPlanner.winningPlan)).not.toMatch(/COLLSCAN|"SORT"/);
});
