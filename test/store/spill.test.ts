/** Bodies past 1 MiB go to GridFS, sealed; nobody can tell but by their size. */
import { OF_DOCUMENTS } from '../../src/fhir/content/taken.ts';
import { ObjectId } from 'mongodb';
import { Access } from '../../src/enforcement/access.ts';
import { type Change, Stale } from '../../src/enforcement/ports.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import { Store } from '../../src/store/store.ts';
import { sweep } from '../../src/store/write/sweep.ts';
import { type Reply, type TestServer, testServer } from '../support/server.ts';

const MIB = 1024 * 1024;
const DAY = 86_400_000;

let carnet: TestServer;
let database: Database;
let store: Store;
const access = Access.internal('a test of the store');

beforeAll(async () => {
  const types = new Set(['application/octet-stream']);
  carnet = await testServer(import.meta.url, { contentTaken: { groups: new Set(OF_DOCUMENTS), types } });
  database = await connect(carnet.database.uri, carnet.database.dbName);
  const ring = new KeyRing(database.records.keys, await keyFile(`${carnet.dataDir}/kek.json`));
  store = new Store(database, ring, carnet.base, nationalRules());
  for (const id of ['spill', 'many'])
    await carnet.as('all').put(`Patient/${id}`, { resourceType: 'Patient', id });
});
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

const change = (resource: { resourceType: string; id: string }, patient = 'spill'): Change => ({
  method: 'PUT',
  type: resource.resourceType,
  id: resource.id,
  resource,
  patients: [patient],
  labels: [],
  by: 'Device/test',
});
const write = (...changes: Change[]) => store.commit({ changes, locks: [], audit: () => [] });
const document = (data: string, id: string, patient = 'spill') => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  subject: { reference: `Patient/${patient}` },
  content: [{ attachment: { contentType: 'application/octet-stream', ...apart(data) } }],
});
/** Data of the attachment itself would be kept once: see claims.test.ts. */
const apart = (valueBase64Binary: string) => ({
  extension: [{ url: 'https://long.example/extension', valueBase64Binary }],
});
const base64 = (mib: number, seed: number) =>
  Buffer.alloc(
    (mib * MIB * 3) / 4,
    Buffer.from(Array.from({ length: 251 }, (_, i) => (i * seed) % 256)),
  ).toString('base64');
const files = () => database.db.collection('spill.files').countDocuments();
const dataOf = (resource: { content: { attachment: ReturnType<typeof apart> }[] }) =>
  resource.content[0]!.attachment.extension[0]!.valueBase64Binary;

it.each([2, 30])(
  'a body of %d MiB comes back byte for byte, in every way of reading, and after it was replaced and deleted',
  async (mib) => {
    const all = carnet.as('all');
    const id = `large-${mib}`;
    const data = base64(mib, 3);
    const before = await files();
    const first = await all.put(`DocumentReference/${id}`, document(data, id));
    expect(first.status).toBe(201);
    expect(await files()).toBe(before + 1);
    expect(dataOf((await all.get(`DocumentReference/${id}`)).json) === data).toBe(true);
    const found = await all.get(`DocumentReference?_id=${id}`);
    expect(dataOf(found.json.entry[0].resource) === data).toBe(true);
    expect((await all.put(`DocumentReference/${id}`, document('AAAA', id))).status).toBe(200);
    const history = await all.get(`DocumentReference/${id}/_history`);
    expect(history.json.entry.map(({ resource }: never) => dataOf(resource) === data)).toEqual([false, true]);
    expect((await all.delete(`DocumentReference/${id}`)).status).toBe(204);
    const old = await all.get(`DocumentReference/${id}/_history/${first.json.meta.versionId}`);
    expect([old.status, dataOf(old.json) === data]).toEqual([200, true]);
    expect(await sweep(database, Date.now() + 2 * DAY)).toBe(0);
    expect(await files()).toBe(before + 1);
  },
  60_000,
);

it('a large Consent still decides', async () => {
  const consent = (status: string) => ({
    resourceType: 'Consent',
    id: 'large',
    status,
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: 'Patient/spill' },
    policyRule: { text: 'x' },
    sourceAttachment: { contentType: 'application/octet-stream', data: base64(9, 5) },
    provision: { type: 'permit' },
  });
  await carnet.as('all').put('Flag/consented', {
    resourceType: 'Flag',
    id: 'consented',
    status: 'active',
    code: { text: 'x' },
    subject: { reference: 'Patient/spill' },
  });
  for (const [status, answer] of [
    ['active', 200],
    ['inactive', 404],
  ] as const) {
    await carnet.as('all').put('Consent/large', consent(status));
    expect((await carnet.as('gp').get('Flag/consented')).status).toBe(answer);
  }
});

it('a body past the limit is refused with 413', async () => {
  const { status, json } = await carnet
    .as('all')
    .put('DocumentReference/large', document(base64(33, 5), 'large'));
  expect([status, json.issue[0].code]).toEqual([413, 'too-long']);
});

it('what doesn’t fit in memory at once goes on the next page, each match once', async () => {
  const all = carnet.as('all');
  const data = base64(20, 3);
  const documents = Array.from({ length: 5 }, (_, i) => document(data, `many-${i}`, 'many'));
  for (const each of documents) await write(change(each, 'many'));
  const searches = ['', '&_sort=_lastUpdated', '&_sort=-_id'].map(
    (sort) => `DocumentReference?patient=many${sort}`,
  );
  const past = `DocumentReference/many-0/_history`;
  for (const _ of [1, 2, 3]) {
    const previous = await store.get(access, 'DocumentReference', 'many-0');
    await write({ ...change(documents[0]!, 'many'), previous });
  }
  for (const [asked, total] of [...searches.map((each) => [each, 5] as const), [past, 4] as const]) {
    const pages: string[][] = [];
    for (let next: string | undefined = asked; next !== undefined;) {
      const { status, json }: Reply = await all.get(next);
      expect([status, json.total]).toEqual([200, total]);
      pages.push(json.entry.map(({ resource: { id, meta } }: Entry) => `${id} ${meta.versionId}`));
      next = json.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
    }
    expect(pages.length).toBeGreaterThan(1);
    expect(pages.length).toBeLessThan(total);
    expect(new Set(pages.flat()).size).toBe(total);
  }
}, 120_000);
interface Entry {
  resource: { id: string; meta: { versionId: string } };
}

it('a large body leaves nothing behind when its write fails', async () => {
  const before = [await files(), await database.db.collection('spill.chunks').countDocuments()];
  const resource = document(base64(9, 5), 'stale');
  const locks = [{ key: 'held by another', seen: 4 }];
  await expect(store.commit({ changes: [change(resource)], locks, audit: () => [] })).rejects.toThrow(Stale);
  expect([await files(), await database.db.collection('spill.chunks').countDocuments()]).toEqual(before);
});

it('content that nobody names is swept after a day, also when it was cut off', async () => {
  const chunks = database.db.collection<{ files_id: ObjectId; n: number; data: Buffer }>('spill.chunks');
  const before = await files();
  const cutOff = new ObjectId();
  await new Promise<void>((resolve, reject) => {
    database.spill
      .openUploadStream('orphan')
      .on('finish', resolve)
      .on('error', reject)
      .end(Buffer.alloc(600_000));
  });
  await chunks.insertMany([0, 1].map((n) => ({ files_id: cutOff, n, data: Buffer.alloc(10) })));
  await write(change(document(base64(9, 5), 'named')));
  expect(await sweep(database, Date.now() + DAY / 2)).toBe(0);
  expect(await sweep(database, Date.now() + 2 * DAY)).toBe(2);
  expect((await store.get(access, 'DocumentReference', 'named'))!.body.length).toBeGreaterThan(9 * MIB);
  expect(await files()).toBe(before + 1);
  expect(await chunks.countDocuments({ files_id: cutOff })).toBe(0);
  expect(await sweep(database, Date.now() + 2 * DAY)).toBe(0);
});

it('of what is hidden no large body is read, also as a part of what names it', async () => {
  const all = carnet.as('all');
  await all.put('DocumentReference/unread', document(base64(4, 7), 'unread'));
  const attachment = { contentType: 'application/octet-stream', data: base64(4, 11) };
  await all.put('DocumentReference/inside', { ...document('', 'inside'), content: [{ attachment }] });
  const binary = { resourceType: 'Binary', id: 'unread', contentType: 'text/plain', data: base64(4, 7) };
  await all.put('Binary/unread', binary);
  const naming = { contentType: 'text/plain', url: 'Binary/unread' };
  const named = { ...document('', 'spill'), id: undefined, content: [{ attachment: naming }] };
  const own = await carnet.as('emergency').post('DocumentReference', named);
  expect(own.status).toBe(201);
  const ran = () =>
    database.db
      .collection<{ ns: string; op: string; responseLength: number }>('system.profile')
      .find({ op: 'query' })
      .toArray();
  await database.db.command({ profile: 2 });
  const paths = ['unread', 'inside'].flatMap((id) =>
    ['', '/_history'].map((of) => `DocumentReference/${id}${of}`),
  );
  for (const path of [...paths, 'Binary/unread'])
    expect((await carnet.as('emergency').get(path)).status).toBe(404);
  const hidden = await ran();
  for (const id of ['unread', 'inside']) expect((await all.get(`DocumentReference/${id}`)).status).toBe(200);
  await database.db.command({ profile: 0 });
  const apartIn = (each: { ns: string }[]) =>
    each.filter(({ ns }) => /\.(spill\.chunks|pieces)$/.test(ns)).length;
  expect([hidden.length > 0, apartIn(hidden), apartIn(await ran())]).toEqual([true, 0, 2]);
  expect(Math.max(...hidden.map(({ responseLength }) => responseLength))).toBeLessThan(10_000);
});
