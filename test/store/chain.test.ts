/** An attacker with write access to MongoDB: whatever is done to the traces is found, and told where. */
import type { Db } from 'mongodb';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Head } from '../../src/store/chain/anchor.ts';
import type { Fault } from '../../src/store/chain/check.ts';
import type { Codes } from '../../src/store/chain/codes.ts';
import type { LinkDoc } from '../../src/store/chain/link.ts';
import { type Database, connect } from '../../src/store/database.ts';
import type { Doc } from '../../src/store/document.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { codesOf, verified } from './support/chain.ts';

let carnet: TestServer;
let database: Database;
let db: Db;
let codes: Codes;
let records: Doc[];
let links: LinkDoc[];
/** A copy that an attacker took earlier. */
let older: { records: Doc[]; links: LinkDoc[] };

async function use(server: TestServer, rounds: number): Promise<void> {
  const all = server.as('all');
  for (let round = 0; round < rounds; round += 1) {
    const made = await all.post('Observation', {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'pouls' },
      subject: { reference: `Patient/chain-${round % 2}` },
    });
    expect(made.status).toBe(201);
    await Promise.all(
      Array.from({ length: 6 }, async () => {
        expect((await all.get(`Observation/${made.json.id}`)).status).toBe(200);
      }),
    );
  }
  await sleep(250);
}

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  for (const id of ['chain-0', 'chain-1'])
    await carnet.as('all').put(`Patient/${id}`, { resourceType: 'Patient', id });
  await use(carnet, 6);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  older = {
    records: await database.audit.find({}).toArray(),
    links: await database.links.find({}).toArray(),
  };
  // a second process, which ends in order, and a third one
  const second = await testServer(import.meta.url, { like: carnet });
  await use(second, 3);
  await second.close();
  const third = await testServer(import.meta.url, { like: carnet });
  await use(third, 3);
  await third.close();
  await use(carnet, 3);
  db = database.client.db(carnet.database.dbName);
  codes = await codesOf(join(carnet.dataDir, 'kek.json'));
  records = await database.audit.find({}, { sort: { 'place.id': 1, 'place.n': 1 } }).toArray();
  links = await database.links.find({}, { sort: { _id: 1 } }).toArray();
}, 60_000);
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

afterEach(async () => {
  await db.collection('audit').deleteMany({});
  await db.collection('audit').insertMany(records as never);
  await db.collection('links').deleteMany({});
  await db.collection('links').insertMany(links as never);
});

/** In the middle of the chain that has the most. */
const own = (): Doc[] => records.filter(({ place }) => place!.id === records[0]!.place!.id);
const middle = (): Doc => own()[Math.floor(own().length / 2)]!;
const linked = (): Doc => own().filter(({ link }) => link !== undefined)[3]!;
const change = async ({ _id }: Doc, set: object): Promise<void> => {
  await db.collection<Doc>('audit').updateOne({ _id }, { $set: set });
};

it('finds nothing where nothing was done, and counts all', async () => {
  const { told, records: count, chains, loose } = await verified(database, codes);
  expect(told).toEqual([]);
  expect({ count, chains, loose }).toEqual({ count: records.length, chains: 3, loose: 0 });
  expect(own().length).toBeGreaterThan(20);
});

const flipped = (bytes: Buffer): Buffer => {
  const copy = Buffer.from(bytes);
  copy[copy.length - 1]! ^= 1;
  return copy;
};

const CHANGES: [string, (doc: Doc) => object, Fault['what']][] = [
  ['a bit of the sealed body', ({ body }) => ({ body: flipped(body!) }), 'changed'],
  ['whose it is', () => ({ patient: 'chain-none' }), 'changed'],
  ['when it was written', ({ at }) => ({ at: at - 1 }), 'changed'],
  ['who wrote it', () => ({ by: 'Practitioner/other' }), 'changed'],
  ['its labels', () => ({ labels: ['x'] }), 'changed'],
  ['what it tells of', () => ({ about: [] }), 'changed'],
  ['since when it is hidden', () => ({ hidden: 1 }), 'changed'],
  ['a field that none has', () => ({ 'at=1': 'x' }), 'changed'],
  ['a field of its place that none has', () => ({ 'place.x': 1 }), 'changed'],
  ['its own code', ({ place }) => ({ 'place.code': flipped(place!.code) }), 'changed'],
  ['its number', ({ place }) => ({ 'place.n': place!.n + 1000 }), 'changed'],
  ['its chain', () => ({ 'place.id': '0123456789abcdef' }), 'changed'],
  ['the terms that it is found by', () => ({ terms: [] }), 'found otherwise'],
  ['the date that it is listed by', () => ({ date: 0 }), 'found otherwise'],
  ['the references that it is found by', () => ({ refs: ['entity:Observation/other'] }), 'found otherwise'],
  ['what an access history finds it by', () => ({ seek: [] }), 'found otherwise'],
];

it.each(CHANGES)('finds which record it was when %s is changed', async (_, set, what) => {
  const doc = middle();
  await change(doc, set(doc));
  const { told } = await verified(database, codes);
  expect(told).toContainEqual(expect.objectContaining({ what, record: doc._id }));
});

it('finds the record that was removed, by its number', async () => {
  const { _id, place } = middle();
  await db.collection<Doc>('audit').deleteOne({ _id });
  const { told } = await verified(database, codes);
  expect(told).toContainEqual(expect.objectContaining({ what: 'removed', chain: place!.id, n: place!.n }));
  expect(told).toHaveLength(1);
});

it('finds each of many that were removed', async () => {
  const patient = 'chain-0';
  const gone = records.filter((doc) => doc.patient === patient && doc.link === undefined);
  expect(gone.length).toBeGreaterThan(10);
  await db.collection<Doc>('audit').deleteMany({ patient, link: { $exists: false } });
  const { told } = await verified(database, codes);
  for (const { place } of gone)
    expect(told).toContainEqual(expect.objectContaining({ what: 'removed', chain: place!.id, n: place!.n }));
});

it('finds a link that was taken off its record', async () => {
  const { _id, place, link } = linked();
  await db.collection<Doc>('audit').updateOne({ _id }, { $unset: { link: 1 } });
  const { told } = await verified(database, codes);
  expect(told).toContainEqual(expect.objectContaining({ what: 'removed', chain: place!.id, l: link!.l }));
});

it.each(['binds', 'void', 'unsure', 'prev', 'at', 'code', 'x'] as const)(
  'finds which link it was when its `%s` is changed',
  async (field) => {
    const doc = linked();
    const forged = {
      binds: [1, 1],
      void: [1, 1],
      unsure: [1, 999_999],
      prev: 0,
      at: 1,
      code: Buffer.alloc(16),
      x: 1,
    };
    await change(doc, { [`link.${field}`]: forged[field] });
    const { told } = await verified(database, codes);
    expect(told).toContainEqual(expect.objectContaining({ chain: doc.place!.id, l: doc.link!.l }));
  },
);

it.each([
  ['a copy of another', (doc: Doc) => ({ ...doc, _id: 'AuditEvent/forged' }), 'changed'],
  [
    'one that poses as one of before there were chains',
    (doc: Doc) => ({ ...doc, _id: 'AuditEvent/forged', place: undefined }),
    'inserted',
  ],
  [
    'one with a number that none has',
    (doc: Doc) => ({ ...doc, _id: 'AuditEvent/forged', place: { ...doc.place!, n: 5000 } }),
    'changed',
  ],
  [
    'one whose place is none',
    (doc: Doc) => ({ ...doc, _id: 'AuditEvent/forged', place: 'x' as never }),
    'inserted',
  ],
] as [string, (doc: Doc) => Doc, Fault['what']][])('finds %s that was inserted', async (_, forge, what) => {
  await db.collection('audit').insertOne(forge(middle()) as never);
  const { told } = await verified(database, codes);
  expect(told).toContainEqual(expect.objectContaining({ what, record: 'AuditEvent/forged' }));
});

it('finds two records that changed places', async () => {
  const [one, other] = [own()[5]!, own()[6]!];
  await change(one, { place: other.place });
  await change(other, { place: one.place });
  const { told } = await verified(database, codes);
  for (const { _id } of [one, other])
    expect(told).toContainEqual(expect.objectContaining({ what: 'changed', record: _id }));
});

it('finds two records that changed their ids and places', async () => {
  const [one, other] = [own()[5]!, own()[6]!];
  await db.collection<Doc>('audit').deleteMany({ _id: { $in: [one._id, other._id] } });
  await db.collection('audit').insertMany([
    { ...one, _id: other._id },
    { ...other, _id: one._id },
  ] as never);
  const { told } = await verified(database, codes);
  for (const { _id } of [one, other])
    expect(told).toContainEqual(expect.objectContaining({ what: 'changed', record: _id }));
});

it('finds a record that was replaced by another, whole and with its own codes', async () => {
  const [one, other] = [own()[5]!, own()[6]!];
  for (const forged of [
    // under the place of what it replaces
    { ...other, _id: one._id, place: { ...one.place!, code: other.place!.code, found: other.place!.found } },
    // with its place too
    { ...other, _id: one._id },
    { ...one, body: other.body, place: { ...one.place!, code: other.place!.code } },
  ]) {
    await db.collection<Doc>('audit').deleteOne({ _id: one._id });
    await db.collection('audit').insertOne(forged as never);
    const { told } = await verified(database, codes);
    expect(told).toContainEqual(expect.objectContaining({ what: 'changed', record: one._id }));
  }
});

it('finds the chains of two processes that were exchanged for each other', async () => {
  const [one, other] = [...new Set(links.filter(({ what }) => what === 'closed').map(({ chain }) => chain))];
  const exchanged = (id: string): string => (id === one ? other! : id === other ? one! : id);
  await db.collection('audit').deleteMany({});
  await db
    .collection('audit')
    .insertMany(
      records.map((doc) => ({ ...doc, place: { ...doc.place!, id: exchanged(doc.place!.id) } })) as never,
    );
  await db.collection('links').deleteMany({});
  await db.collection('links').insertMany(
    links.map((link) => ({
      ...link,
      _id: String(link._id).replace(link.chain, exchanged(link.chain)),
      chain: exchanged(link.chain),
    })) as never,
  );
  const { told } = await verified(database, codes);
  for (const chain of [one, other]) {
    const moved = records.filter(({ place }) => exchanged(place!.id) === chain);
    expect(moved.length).toBeGreaterThan(5);
    for (const { _id } of moved)
      expect(told).toContainEqual(expect.objectContaining({ what: 'changed', chain, record: _id }));
  }
});

it('finds the whole database brought back to an earlier copy, by any head that was told since', async () => {
  await db.collection('audit').deleteMany({});
  await db.collection('audit').insertMany(older.records as never);
  await db.collection('links').deleteMany({});
  await db.collection('links').insertMany(older.links as never);
  const later = links.findLast(({ what }) => what === 'closed')!;
  const head: Head = { chain: later.chain, l: later.l, n: 1, at: later.at, code: later.code };
  expect((await verified(database, codes, [head])).told).toContainEqual(
    expect.objectContaining({ what: 'cut off', chain: later.chain }),
  );
  // with an anchor of that day it is a true state of that day: docs/audit.md says so
  expect((await verified(database, codes)).told).toEqual([]);
});

it('finds a chain that is gone with all that tells of it, by a later start', async () => {
  const [first] = links.filter(({ what }) => what === 'closed').sort((one, other) => one.at - other.at);
  await db.collection('links').deleteMany({ chain: first!.chain });
  await db.collection('audit').deleteMany({ 'place.id': first!.chain });
  const { told } = await verified(database, codes);
  expect(told).toContainEqual(expect.objectContaining({ what: 'cut off', chain: first!.chain }));
});

it('finds a closed chain whose end was cut off', async () => {
  const closed = links.findLast(({ what }) => what === 'closed')!;
  await db.collection('links').deleteOne({ _id: closed._id as never });
  const kept = records.filter(({ place }) => place!.id === closed.chain).length - 3;
  await db.collection('audit').deleteMany({ 'place.id': closed.chain, 'place.n': { $gt: kept } });
  const head: Head = { chain: closed.chain, l: closed.l, n: kept + 3, at: closed.at, code: closed.code };
  const { told } = await verified(database, codes, [head]);
  expect(told).toContainEqual(expect.objectContaining({ what: 'cut off', chain: closed.chain, l: closed.l }));
});

it('finds an anchor that tells of another link', async () => {
  const closed = links.findLast(({ what }) => what === 'closed')!;
  const head: Head = { chain: closed.chain, l: closed.l, n: 1, at: closed.at, code: Buffer.alloc(16) };
  const { told } = await verified(database, codes, [head]);
  expect(told).toContainEqual(expect.objectContaining({ what: 'changed', chain: closed.chain, l: closed.l }));
});

it('finds all of it gone', async () => {
  await db.collection('audit').deleteMany({});
  await db.collection('links').deleteMany({});
  const { chain, l, at, code } = links.findLast(({ what }) => what === 'closed')!;
  const { told } = await verified(database, codes, [{ chain, l, n: 1, at, code }]);
  expect(told).toEqual([expect.objectContaining({ what: 'cut off', chain })]);
});

it('stays whole when a patient is erased', async () => {
  const ring = new KeyRing(database.records.keys, await keyFile(join(carnet.dataDir, 'kek.json')));
  await ring.destroy('chain-1');
  expect((await verified(database, codes)).told).toEqual([]);
});

it('says that no key fits when it is asked with another', async () => {
  const other = await codesOf(join(carnet.dataDir, 'other.json'));
  expect((await verified(database, other)).told.length).toBeGreaterThan(records.length);
});

it('says where a record was removed, whatever links are forged beside', async () => {
  const { _id, place } = middle();
  await db.collection<Doc>('audit').deleteOne({ _id });
  const forged = { l: 900_000, prev: 0, at: records[0]!.at, code: Buffer.alloc(16) };
  await db.collection('links').insertOne({ _id: 'forged', chain: place!.id, ...forged } as never);
  const { told } = await verified(database, codes);
  expect(told).toContainEqual(expect.objectContaining({ what: 'removed', chain: place!.id, n: place!.n }));
  expect(told).toContainEqual(expect.objectContaining({ what: 'changed', chain: place!.id, l: 900_000 }));
});
