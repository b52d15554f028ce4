/** A server brings what an older one wrote to its own form before it serves, and goes on where it was killed. */
import type { Db, MongoClient } from 'mongodb';
import { type Database, connect } from '../../src/store/database.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { LAYOUT, ensureLayout } from '../../src/store/layout.ts';
import { type TestServer, testServer } from '../support/server.ts';

const COUNT = 450;
const OLDER = LAYOUT - 1;

let carnet: TestServer;
let database: Database;
let db: Db;
let client: MongoClient;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  const all = carnet.as('all');
  for (const id of ['l1', 'l2'])
    await all.put(`Patient/${id}`, { resourceType: 'Patient', id, name: [{ family: `Nom-${id}` }] });
  const entry = Array.from({ length: COUNT }, (_, i) => ({
    resource: {
      resourceType: 'Observation',
      id: `o-${String(i).padStart(4, '0')}`,
      status: 'final',
      code: { coding: [{ system: 'http://loinc.org', code: i % 2 === 0 ? 'even' : 'odd' }] },
      subject: { reference: `Patient/l${(i % 2) + 1}` },
      effectiveDateTime: `2024-01-${String((i % 28) + 1).padStart(2, '0')}`,
      valueQuantity: { value: i, unit: 'mg' },
    },
    request: { method: 'PUT', url: `Observation/o-${String(i).padStart(4, '0')}` },
  }));
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
  expect((await all.post('', bundle)).status).toBe(200);
  await all.post('Group', {
    resourceType: 'Group',
    type: 'person',
    actual: true,
    member: [{ entity: { reference: 'Patient/l1' } }],
  });
  await all.post('Consent', {
    resourceType: 'Consent',
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: 'Patient/l1' },
    policyRule: { text: 'x' },
    provision: {
      type: 'permit',
      actor: [
        {
          role: {
            coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }],
          },
          reference: { reference: 'Practitioner/demo-gp' },
        },
      ],
    },
  });
  const deposit = await carnet.as('hospital').post('DocumentReference', {
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: 'Patient/l1' },
    content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
  });
  const patient = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/l1' }, 'patient') });
  const masked = [{ op: 'add', path: '/meta/security', value: [nationalRules().labels.mask] }];
  expect((await patient.patch(`DocumentReference/${deposit.json.id}`, masked)).status).toBe(200);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  client = database.client;
  db = client.db(carnet.database.dbName);
}, 60_000);
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

const index = { terms: 1, ids: 1, refs: 1, r: 1, o: 1, pairs: 1, date: 1, view: 1 } as const;
const indexes = () =>
  db
    .collection('resources')
    .find({}, { projection: index, sort: { _id: 1 } })
    .toArray();
const searches = async (server: TestServer) => {
  const totals: unknown[] = [];
  for (const [caller, path] of [
    ['all', 'Observation?code=http://loinc.org|even'],
    ['all', 'Observation?patient=l1&date=ge2024-01-10&value-quantity=gt100'],
    ['all', 'Observation?patient.family=nom-l2'],
    ['all', 'Patient?name=nom'],
    ['all', 'Patient/l1/Group'],
    ['all', 'AuditEvent?patient=l1&action=U'],
    ['all', 'DocumentReference?_security=MASQUE_PS'],
    ['hospital', 'DocumentReference?_security:missing=true'],
    ['gp', 'Observation?_lastUpdated=ge2020-01-01&date=ge2024-01-01'],
  ] as const) {
    const { status, json } = await server.as(caller).get(`${path}${path.includes('?') ? '&' : '?'}_count=0`);
    totals.push([path, status, json.total]);
  }
  return totals;
};

/** As an older server would have left it: another form of terms, some fields too many, some missing. */
async function damage(): Promise<void> {
  const stray = {
    terms: [Buffer.from('stray')],
    ids: [Buffer.from('stray')],
    refs: ['stray=Patient/l9'],
    date: 0,
    o: { stray: { lo: 0, hi: 0 } },
  };
  for (const name of ['resources', 'audit'])
    await db.collection(name).updateMany({}, { $set: stray, $unset: { r: 1, pairs: 1, view: 1 } });
  await setLayout({ layout: OLDER });
}

const setLayout = (fields: object) =>
  db.collection<{ _id: string }>('layout').updateOne({ _id: 'store' }, { $set: fields });
const layout = () => db.collection<{ _id: string }>('layout').findOne({ _id: 'store' });

it('indexes everything again when the layout is older, and then serves the same answers', async () => {
  const [before, answers] = [await indexes(), await searches(carnet)];
  expect(answers.filter((answer) => !((answer as number[])[2]! > 0))).toEqual([]);
  await damage();
  expect(await searches(carnet)).not.toEqual(answers);
  const other = await testServer(import.meta.url, { like: carnet });
  await other.close();
  expect(await indexes()).toEqual(before);
  expect(await layout()).toEqual(expect.objectContaining({ layout: LAYOUT }));
  expect(await searches(carnet)).toEqual(answers);
}, 60_000);

it('goes on where it was killed', async () => {
  const before = await indexes();
  await damage();
  const ring = new KeyRing(database.records.keys, await keyFile(`${carnet.dataDir}/kek.json`));
  let told = 0;
  const killed = ensureLayout(database, ring, carnet.base, nationalRules(), () => {
    told += 1;
    if (told === 2) throw new Error('killed');
  });
  await expect(killed).rejects.toThrow('killed');
  expect(await layout()).toEqual(
    expect.objectContaining({
      layout: OLDER,
      reindexing: expect.objectContaining({ layout: LAYOUT, among: 'resources' }),
    }),
  );
  const lines: string[] = [];
  await ensureLayout(database, ring, carnet.base, nationalRules(), (line) => lines.push(line));
  const total = await db.collection('resources').countDocuments();
  expect(Number(/^\d+/.exec(lines.findLast((line) => line.includes(' resources '))!)![0])).toBeLessThan(
    total,
  );
  for (const line of lines) {
    const [, done, of] = /^(\d+) of (\d+) \w+ indexed again$/.exec(line)!;
    expect(Number(done)).toBeLessThanOrEqual(Number(of));
  }
  expect(await indexes()).toEqual(before);
  expect(await layout()).toEqual({
    _id: 'store',
    layout: LAYOUT,
    rules: expect.any(String),
    base: carnet.base,
    termKey: expect.any(String),
    migratedAt: expect.any(Date),
    areShut: true,
    tellAnew: true,
  });
}, 60_000);

it('indexes everything again when the rules say otherwise which labels hide', async () => {
  const before = await indexes();
  const ring = new KeyRing(database.records.keys, await keyFile(`${carnet.dataDir}/kek.json`));
  const rules = nationalRules();
  const others = { ...rules, labels: { ...rules.labels, masked: [] } };
  const again = async (by: typeof rules): Promise<number> => {
    let told = 0;
    await ensureLayout(database, ring, carnet.base, by, () => (told += 1));
    return told;
  };
  expect(await again(rules)).toBe(0);
  expect(await again(others)).toBeGreaterThan(0);
  expect(await indexes()).not.toEqual(before);
  expect(await again(rules)).toBeGreaterThan(0);
  expect(await indexes()).toEqual(before);
}, 60_000);

it('is not served by a server that is older than the database', async () => {
  await setLayout({ layout: LAYOUT + 1 });
  try {
    await expect(testServer(import.meta.url, { like: carnet })).rejects.toThrow(
      'the database was written by a newer server',
    );
  } finally {
    await setLayout({ layout: LAYOUT });
  }
});

it('marks what came after a deletion before that was kept, current and past, once', async () => {
  const all = carnet.as('all');
  const answered: number[] = [];
  for (const value of [1, 0, 2, 3, 0, 4]) {
    const resource = {
      resourceType: 'Observation',
      id: 'back',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: 'Patient/l1' },
      valueInteger: value,
    };
    const reply =
      value === 0 ? await all.delete('Observation/back') : await all.put('Observation/back', resource);
    answered.unshift(reply.status);
  }
  const told = async (path: string): Promise<number[]> =>
    (await all.get(`${path}/_history?_count=1000`)).json.entry
      .filter(({ fullUrl }: { fullUrl: string }) => fullUrl.endsWith('/Observation/back'))
      .map(({ response }: { response: { status: string } }) => Number(response.status.slice(0, 3)));
  expect(answered).toEqual([201, 204, 200, 201, 204, 201]);
  for (const collection of ['resources', 'history'])
    await db.collection(collection).updateMany({}, { $unset: { anew: 1 } });
  expect(await told('Observation/back')).toEqual([200, 204, 200, 200, 204, 201]);
  await database.records.layout.updateOne({ _id: 'store' }, { $unset: { tellAnew: 1 } });
  const ring = new KeyRing(database.records.keys, await keyFile(`${carnet.dataDir}/kek.json`));
  const lines: string[] = [];
  const start = () =>
    ensureLayout(database, ring, carnet.base, nationalRules(), (line) => void lines.push(line));
  await start();
  await start();
  expect(lines).toEqual(['2 versions say that they came after a deletion']);
  expect([await told('Observation/back'), await told('Observation')]).toEqual([answered, answered]);
});
