/**
 * What the traces of a patient come to by person is remembered for all processes: the first page of one that was just
 * started walks along few of them, and tells what a walk along all would. docs/decisions/0056-traces-by-person.md
 */
import { join } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { type Database, connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { Ledger, type LedgerDoc } from '../../src/store/traces/ledger.ts';
import { document, person } from '../leaks/support/content.ts';
import { visibility } from '../notice/support/world.ts';
import { type Many, writeTraces } from '../operation/support/traces.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';

const MANY: Many = {
  patient: 'many',
  count: 3000,
  persons: 7,
  documents: 10,
  since: Date.parse('2026-01-01T00:00:00Z'),
  apart: 60_000,
};
const LATE = 120_000;

let carnet: TestServer;
let client: MongoClient;
let db: Db;
let database: Database;
let ring: KeyRing;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  client = await MongoClient.connect(carnet.database.uri);
  db = client.db(carnet.database.dbName);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  ring = new KeyRing(database.records.keys, await keyFile(join(carnet.dataDir, 'kek.json')));
  await putAll(carnet.as('all'), [
    person('many', 'Of-many', '1many'),
    person('other', 'Of-other', '1other'),
    ...Array.from({ length: MANY.documents }, (_, index) => document(`d${index}`, 'many')),
  ]);
  for (const patient of ['many', 'other'])
    await writeTraces(carnet.server, { ...MANY, patient, since: MANY.since + patient.length });
  await db.collection('audit').updateMany({}, [{ $set: { at: { $subtract: ['$at', 3_600_000] } } }]);
}, 120_000);
afterAll(async () => {
  await database?.close();
  await client?.close();
  await carnet?.close();
});

const bringUp = (patient: string): Promise<void> => new Ledger(database, ring).bringUp(patient);
const docs = () => db.collection<LedgerDoc>('tallies');

interface Told {
  name: string;
  part?: { name: string; valueUnsignedInt?: number; valueReference?: { reference: string } }[];
}

async function counts(who: Client, query = '', patient = 'many'): Promise<Record<string, number>> {
  const { status, text, json } = await who.get(
    `Patient/${patient}/$access-history?group=person&_count=80${query}`,
  );
  if (status !== 200) throw new Error(text);
  const counted: Record<string, number> = {};
  for (const { part = [] } of (json.parameter ?? []) as Told[]) {
    const of = (wanted: string) => part.find(({ name }) => name === wanted);
    const name = of('who')?.valueReference?.reference ?? '';
    if (/^Practitioner\/p\d+$/.test(name)) counted[name] = of('count')!.valueUnsignedInt!;
  }
  return counted;
}

/** By a server that was just started. @returns what it told, and how many traces the database looked at for it */
async function fresh(): Promise<{ told: Record<string, number>; walked: number }> {
  const started = await testServer(import.meta.url, { like: carnet });
  try {
    const patient = started.as({ token: started.tokenFor({ reference: 'Patient/many' }, 'patient') });
    await patient.get('Patient/many');
    await db.command({ profile: 0 });
    await db.collection('system.profile').drop();
    await db.command({ profile: 2 });
    const told = await counts(patient);
    await db.command({ profile: 0 });
    const ran = await db
      .collection<{ docsExamined?: number }>('system.profile')
      .find({ ns: /\.audit$/ })
      .toArray();
    const walked = ran.reduce((sum, { docsExamined = 0 }) => sum + docsExamined, 0);
    return { told, walked };
  } finally {
    await started.close();
  }
}

/** By a walk along all. */
const walkedCounts = (): Promise<Record<string, number>> =>
  counts(
    carnet.as({ token: carnet.tokenFor({ reference: 'Patient/many' }, 'patient') }),
    '&date=ge2000&zone=UTC',
  );

const FEW = 150;

it('nothing is written because somebody asked', async () => {
  const { told, walked } = await fresh();
  expect(told).toEqual(await walkedCounts());
  expect(walked).toBeGreaterThan(MANY.count);
  expect(await docs().countDocuments()).toBe(0);
});

it('the first page of a process walks along the latest alone, and tells the same', async () => {
  await bringUp('many');
  const { told, walked } = await fresh();
  expect(told).toEqual(await walkedCounts());
  expect(walked).toBeLessThan(FEW);
});

it('it is brought up to date by what came since', async () => {
  const [before] = await docs().find({ _id: 'many' }).toArray();
  await writeTraces(carnet.server, { ...MANY, count: 400, since: Date.now() });
  await db
    .collection<{ at: number }>('audit')
    .updateMany({ at: { $gt: Date.now() - LATE } }, [{ $set: { at: { $subtract: ['$at', LATE] } } }]);
  await bringUp('many');
  const [after] = await docs().find({ _id: 'many' }).toArray();
  expect(after!.until).toBeGreaterThan(before!.until);
  const { told, walked } = await fresh();
  expect(told).toEqual(await walkedCounts());
  expect(walked).toBeLessThan(FEW);
});

it('of a patient with few traces nothing is written', async () => {
  await bringUp('nobody');
  await writeTraces(carnet.server, { ...MANY, patient: 'nobody', count: 20, since: MANY.since + 1 });
  await bringUp('nobody');
  expect(await docs().countDocuments({ _id: 'nobody' })).toBe(0);
});

it('what is hidden since is neither counted nor told', async () => {
  const all = carnet.as('all');
  const { json } = await all.get('DocumentReference/d7');
  const put = async (securityLabel: object[] | undefined): Promise<void> => {
    expect((await all.put('DocumentReference/d7', { ...json, securityLabel })).status).toBe(200);
  };
  const before = (await fresh()).told;
  await put([{ coding: [visibility('INVISIBLE_PATIENT')] }]);
  const { told, walked } = await fresh();
  expect(told).toEqual(await walkedCounts());
  expect(told).not.toEqual(before);
  expect(walked).toBeLessThan(FEW);
  await put(undefined);
  expect((await fresh()).told).toEqual(before);
});

describe('what somebody does to it who writes in the database changes nothing that is told:', () => {
  const good = async (): Promise<LedgerDoc> => {
    await docs().deleteMany({});
    await bringUp('many');
    await bringUp('other');
    return (await docs().findOne({ _id: 'many' }))!;
  };
  it.each<[string, (doc: LedgerDoc) => Promise<unknown>]>([
    [
      'its bytes are changed',
      async ({ body }) => {
        const bytes = Buffer.from(body!);
        bytes[bytes.length - 1]! ^= 1;
        return docs().updateOne({ _id: 'many' }, { $set: { body: bytes } });
      },
    ],
    [
      'it claims to be of later',
      ({ until }) => docs().updateOne({ _id: 'many' }, { $set: { until: until + 1 } }),
    ],
    [
      'it is another patient’s',
      async () => {
        const { body, until } = (await docs().findOne({ _id: 'other' }))!;
        return docs().updateOne({ _id: 'many' }, { $set: { body: body!, until } });
      },
    ],
    ['it is no bytes at all', () => docs().updateOne({ _id: 'many' }, { $set: { body: 'x' as never } })],
    ['it is gone', () => docs().deleteOne({ _id: 'many' })],
  ])('%s', async (_, spoil) => {
    await spoil(await good());
    const { told, walked } = await fresh();
    expect(told).toEqual(await walkedCounts());
    expect(walked).toBeGreaterThan(MANY.count);
  });
});

it('when traces leave the database, all is counted anew', async () => {
  await docs().deleteMany({});
  await bringUp('many');
  const audit = db.collection<{ at: number }>('audit');
  const [, , , oldest] = await audit.find({ patient: 'many' }).sort({ at: 1 }).limit(4).toArray();
  await audit.deleteMany({ patient: 'many', at: { $lte: oldest!.at } });
  const gone = await fresh();
  expect(gone.told).toEqual(await walkedCounts());
  expect(gone.walked).toBeGreaterThan(FEW);
  await bringUp('many');
  const { told, walked } = await fresh();
  expect(told).toEqual(await walkedCounts());
  expect(walked).toBeLessThan(FEW);
});

it('traces that name much are remembered up to what they weigh, and counted all the same', async () => {
  const since = Date.parse('2026-02-01T00:00:00Z');
  const heavy = { ...MANY, patient: 'heavy', count: 300, persons: 8, documents: 900, since };
  await putAll(carnet.as('all'), [person('heavy', 'Of-heavy', '1heavy')]);
  const audit = db.collection('audit');
  const age = () =>
    audit.updateMany({ patient: 'heavy' }, [{ $set: { at: { $min: ['$at', Date.now() - 3_600_000] } } }]);
  await writeTraces(carnet.server, { ...heavy, named: 640 });
  await age();
  await bringUp('heavy');
  expect(Object.keys((await docs().findOne({ _id: 'heavy' }))!).sort()).toEqual(['_id', 'oldest', 'until']);
  const told = Object.values(await counts(carnet.as('all'), '', 'heavy'));
  expect([told.length, told.reduce((sum, count) => sum + count, 0)]).toEqual([heavy.persons, heavy.count]);
}, 60_000);

it('traces that are written bring it up to date by themselves', async () => {
  await docs().deleteMany({});
  const ledger = new Ledger(database, ring, 1, 0);
  ledger.met('other');
  for (let tries = 0; (await docs().countDocuments({ _id: 'other' })) === 0; tries += 1) {
    expect(tries).toBeLessThan(600);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await ledger.close();
});
