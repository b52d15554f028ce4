/**
 * What an access history asks of the database, however many traces there are: by an index, in its order, as many as a
 * page is made of. https://www.mongodb.com/docs/manual/reference/database-profiler/
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Db, MongoClient } from 'mongodb';
import { connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { Ledger } from '../../src/store/traces/ledger.ts';
import { actor, consent, document, person } from '../leaks/support/content.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';
import { visibility } from '../notice/support/world.ts';
import { type Many, documentOf, personOf, writeTraces } from './support/traces.ts';

/** `TRACES=100000` measures at the size that the bound is about. */
const TRACES = Number(process.env.TRACES ?? 6000);

const MANY: Many = {
  patient: 'many',
  count: TRACES,
  persons: 40,
  documents: 50,
  since: Date.parse('2026-01-01T00:00:00Z'),
  apart: 9 * 60_000,
};
/** Traces that a page may read: 80, and one more for each portion. */
const PAGE = 82;

let carnet: TestServer;
let client: MongoClient;
let db: Db;
let patient: Client;
let own: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  client = await MongoClient.connect(carnet.database.uri);
  db = client.db(carnet.database.dbName);
  await putAll(carnet.as('all'), [
    person('many', 'Of-many', '1many'),
    person('few', 'Of-few', '1few'),
    consent('many-c', 'many', { type: 'permit', actor: [actor('Practitioner/p3')] }),
    ...Array.from({ length: MANY.documents }, (_, index) => document(`d${index}`, 'many')),
  ]);
  await writeTraces(carnet.server, MANY);
  await settle();
  const as = (reference: string, like: 'patient' | 'gp') =>
    carnet.as({ token: carnet.tokenFor({ reference, related: [], idPrefixes: [] }, like) });
  patient = as('Patient/many', 'patient');
  own = as('Practitioner/p3', 'gp');
}, 600_000);
afterAll(async () => {
  await client?.close();
  await carnet?.close();
});

/** As if all were an hour ago: nothing that late is still to show. */
async function settle(): Promise<void> {
  const young = { patient: 'many', at: { $gt: Date.now() - 1_800_000 } };
  await db.collection('audit').updateMany(young, [{ $set: { at: { $subtract: ['$at', 3_600_000] } } }]);
}

interface Told {
  name: string;
  part?: { name: string; valueUnsignedInt?: number; valueReference?: { reference: string } }[];
}

interface Ran {
  ns: string;
  command?: { aggregate?: string };
  planSummary?: string;
  keysExamined?: number;
  docsExamined?: number;
  hasSortStage?: boolean;
}

async function ranFor(who: Client, query: string): Promise<{ ran: Ran[]; visits: number; told: Told[] }> {
  const path = `Patient/many/$access-history${query}`;
  await who.get(path);
  await db.command({ profile: 0 });
  await db.collection('system.profile').drop();
  await db.command({ profile: 2 });
  const { status, text, json } = await who.get(path);
  await db.command({ profile: 0 });
  if (status !== 200) throw new Error(text);
  const ran = await db
    .collection<Ran>('system.profile')
    .find({ ns: /audit|resources/ })
    .toArray();
  const told = (json.parameter ?? []) as Told[];
  const visits = told.filter(({ name }) => name === 'visit').length;
  return { ran: ran.filter(({ planSummary }) => planSummary !== undefined), visits, told };
}

const ROWS: [string, 'patient' | 'own', string, number][] = [
  // what was written here before is a visit of some sixty traces
  ['the newest', 'patient', '', 1],
  ['the newest hundred', 'patient', '?_count=100', 1],
  ['of one person', 'patient', '?person=Practitioner/p5', 20],
  ['of one document', 'patient', '?document=DocumentReference/d9', 20],
  [
    'of one document and one person',
    'patient',
    `?document=${documentOf(4711, MANY)}&person=Practitioner/p${personOf(4711, MANY)}`,
    1,
  ],
  ['of a month long ago', 'patient', '?date=2026-01', 20],
  ['of a kind that there is hardly any of', 'patient', '?kind=delete', 0],
  ['one’s own', 'own', '', 20],
];

it.each(ROWS)(
  '%s: read by an index, in its order, and no more than a page is made of',
  async (_, who, query, least) => {
    const { ran, visits } = await ranFor(who === 'own' ? own : patient, query);
    expect(visits).toBeGreaterThanOrEqual(least);
    const audit = ran.filter(({ ns }) => ns.endsWith('.audit'));
    expect(audit.length).toBeGreaterThan(0);
    for (const { planSummary, hasSortStage } of audit) {
      expect([planSummary, hasSortStage ?? false]).toEqual([expect.stringMatching(/^IXSCAN/), false]);
    }
    const sum = (among: readonly Ran[], of: 'keysExamined' | 'docsExamined') =>
      among.reduce((total, each) => total + (each[of] ?? 0), 0);
    // of two things the index finds one
    const most = query.includes('&person') ? PAGE + MANY.count / MANY.documents : PAGE;
    expect(sum(audit, 'docsExamined')).toBeLessThanOrEqual(most);
    expect(sum(audit, 'keysExamined')).toBeLessThanOrEqual(most + 2);
    expect(sum(ran, 'docsExamined')).toBeLessThanOrEqual(most + 2 * MANY.documents + 10);
  },
);

const OWN = 'Practitioner/p3';
const JANUARY = Date.parse('2026-02-01T00:00:00Z');

it.each<[string, 'patient' | 'own', string, (index: number) => boolean]>([
  ['all', 'patient', '', () => true],
  ['a month long ago', 'patient', '&date=2026-01', (index) => MANY.since + index * MANY.apart < JANUARY],
  [
    'one document',
    'patient',
    '&document=DocumentReference/d9',
    (index) => documentOf(index, MANY) === 'DocumentReference/d9',
  ],
  ['one’s own', 'own', '&kind=read', (index) => `Practitioner/p${personOf(index, MANY)}` === OWN],
])('by person, %s: counted exactly, in one walk along an index', async (_, who, query, isAsked) => {
  const { ran, told } = await ranFor(
    who === 'own' ? own : patient,
    `?group=person&_count=80&zone=UTC${query}`,
  );
  const counts = countsIn(told);
  const expected = expectedOf(isAsked);
  // who asked here before has left more
  if (query === '') for (const each of [counts, expected]) each.delete(OWN);
  expect(counts).toEqual(expected);
  const walks = ran.filter(({ command }) => command?.aggregate === 'audit');
  expect(walks).toHaveLength(1);
  const [{ planSummary, hasSortStage, docsExamined }] = walks as [Ran];
  expect([planSummary, hasSortStage ?? false]).toEqual([expect.stringMatching(/^IXSCAN/), false]);
  const count = [...expected.values()].reduce((sum, each) => sum + each, 0);
  // all are remembered but the latest; one's own are among all of a kind; and the few that were written besides
  const most = query === '' ? 0 : who === 'own' ? TRACES : count + count / MANY.persons;
  expect(docsExamined).toBeLessThanOrEqual(most + 2 * PAGE);
});

test('by person, what is remembered follows what is hidden, what shows again, what comes and what leaves', async () => {
  const path = 'Patient/many/$access-history?group=person&_count=80';
  const isHidden = (index: number): boolean => documentOf(index, MANY) === 'DocumentReference/d7';
  const label = async (security: object[]): Promise<void> => {
    const { json } = await carnet.as('all').get('DocumentReference/d7');
    const { status } = await carnet
      .as('all')
      .put('DocumentReference/d7', { ...json, securityLabel: security.length === 0 ? undefined : security });
    expect(status).toBe(200);
  };
  const counts = async (): Promise<Map<string, number>> => {
    const found = countsIn((await patient.get(path)).json.parameter);
    found.delete(OWN);
    return found;
  };
  const all = expectedOf((index) => `Practitioner/p${personOf(index, MANY)}` !== OWN);
  expect(await counts()).toEqual(all);
  await label([{ coding: [visibility('INVISIBLE_PATIENT')] }]);
  expect(await counts()).toEqual(
    expectedOf((index) => `Practitioner/p${personOf(index, MANY)}` !== OWN && !isHidden(index)),
  );
  await label([]);
  expect(await counts()).toEqual(all);
  await writeTraces(carnet.server, { ...MANY, count: 1, since: Date.now() });
  const first = `Practitioner/p${personOf(0, MANY)}`;
  expect((await counts()).get(first)).toBe(all.get(first)! + 1);
  // the oldest leave the database, as those of a month do
  const audit = db.collection<{ _id: string; at: number }>('audit');
  const [oldest] = await audit.find({ patient: 'many', seek: first }).sort({ at: 1 }).limit(1).toArray();
  const { deletedCount } = await audit.deleteMany({ patient: 'many', at: { $lte: oldest!.at } });
  expect(deletedCount).toBeGreaterThan(0);
  const sum = (found: Map<string, number>): number => [...found.values()].reduce((one, other) => one + other);
  expect(sum(await counts())).toBeLessThan(sum(all) + 1);
  expect(await counts()).toEqual(countsIn((await patient.get(`${path}&date=ge2000`)).json.parameter, OWN));
});

/** What a search of traces tells of their number, and how many documents were looked at for all of it. */
async function totalOf(who: Client, query: string): Promise<{ total?: number; looked: number }> {
  const path = `AuditEvent?patient=many&_count=20${query}`;
  await who.get(path);
  await db.command({ profile: 0 });
  await db.collection('system.profile').drop();
  await db.command({ profile: 2 });
  const { status, text, json } = await who.get(path);
  await db.command({ profile: 0 });
  if (status !== 200) throw new Error(text);
  const ran = await db.collection<Ran>('system.profile').find({ ns: /audit/ }).toArray();
  const looked = ran.reduce((sum, { docsExamined = 0 }) => sum + docsExamined, 0);
  return { ...(json.total === undefined ? {} : { total: json.total }), looked };
}

describe('a search of traces', () => {
  const soonCounted = (count: number): number | undefined => (count > 1000 ? undefined : count);
  /** Counted by looking at each. */
  const walked = async (who: Client, more = ''): Promise<number> =>
    (await who.get(`AuditEvent?patient=many&date=ge2000&_summary=count${more}`)).json.total;

  it('tells how many there are of a patient without looking at each, exactly, whatever is hidden', async () => {
    const before = await totalOf(patient, '');
    // each request leaves one more
    expect(before.total).toBe((await walked(patient)) - 1);
    expect(before.total).toBeGreaterThan(TRACES / 2);
    expect(before.looked).toBeLessThan(500);
    // one's own are a part of them
    const theirs = await totalOf(own, '');
    expect(theirs.total).toBe(soonCounted((await walked(own)) - 1));
    const asked = `Patient/many/AuditEvent?_summary=count`;
    expect((await patient.get(asked)).json.total).toBe((await walked(patient)) - 1);
    const { json } = await carnet.as('all').get('DocumentReference/d8');
    const securityLabel = [{ coding: [visibility('INVISIBLE_PATIENT')] }];
    expect((await carnet.as('all').put('DocumentReference/d8', { ...json, securityLabel })).status).toBe(200);
    const hidden = await totalOf(patient, '');
    expect(hidden.total).toBe((await walked(patient)) - 1);
    expect(hidden.total).toBeLessThan(before.total! - TRACES / (4 * MANY.documents));
    expect((await carnet.as('all').put('DocumentReference/d8', json)).status).toBe(200);
  });

  it('of a part of them tells how many as far as that is soon counted, and else when asked to', async () => {
    const many = await totalOf(patient, '&action=R');
    expect(many.total).toBeUndefined();
    expect(many.looked).toBeLessThan(1500);
    expect((await totalOf(patient, '&action=R&_total=accurate')).total).toBe(
      await walked(patient, '&action=R'),
    );
    expect((await totalOf(patient, '&outcome=4')).total).toBe(0);
    const few = await totalOf(patient, '&agent=Practitioner/p5');
    const theirs = await walked(patient, '&agent=Practitioner/p5');
    expect(few.total).toBe(soonCounted(theirs));
    expect(theirs).toBeGreaterThan(20);
  });
});

function countsIn(told: readonly Told[], but?: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { part = [] } of told) {
    const of = (wanted: string) => part.find(({ name }) => name === wanted);
    const name = of('who')?.valueReference?.reference ?? '';
    if (/^Practitioner\/p\d+$/.test(name) && name !== but) counts.set(name, of('count')!.valueUnsignedInt!);
  }
  return counts;
}

function expectedOf(isAsked: (index: number) => boolean): Map<string, number> {
  const expected = new Map<string, number>();
  for (let index = 0; index < TRACES; index += 1) {
    const name = `Practitioner/p${personOf(index, MANY)}`;
    if (isAsked(index)) expected.set(name, (expected.get(name) ?? 0) + 1);
  }
  return expected;
}

/** Milliseconds of CPU: of this process, which is server and client, and of the database. */
async function cpu(): Promise<number> {
  const { user, system } = process.cpuUsage();
  const here = (user + system) / 1000;
  const { pid } = await db.admin().command({ serverStatus: 1 });
  const [, rest = ''] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
  const [utime, stime] = rest.split(' ').slice(11, 13).map(Number) as [number, number];
  return here + (utime + stime) * 10;
}

const CALLERS = 16;
const PAGES = 4;
const ROUNDS = 6;
const MOST_MS = 20;
/** Servers of a round. */
const STARTED = 8;

// a measurement, which other tests beside it would spoil
if (process.env.TRACES !== undefined) {
  it.each<[string, number, string]>([
    ['a page of one person', MOST_MS, '?person=Practitioner/p5'],
    ['a page of one document', MOST_MS, '?document=DocumentReference/d9'],
    ['the newest page', MOST_MS, ''],
    ['a page by person', MOST_MS, '?group=person'],
    ['a search of all traces, with its total', MOST_MS, 'AuditEvent?patient=many&_count=20'],
    ['a search of some, without', MOST_MS, 'AuditEvent?patient=many&_count=20&action=R'],
  ])(
    '%s costs at most %d ms of CPU',
    async (_, most, query) => {
      const path = query.startsWith('AuditEvent') ? query : `Patient/many/$access-history${query}`;
      const pages = async (): Promise<void> => {
        for (let count = 0; count < PAGES; count += 1) expect((await patient.get(path)).status).toBe(200);
      };
      const callers = (): Promise<void[]> => Promise.all(Array.from({ length: CALLERS }, pages));
      const rounds: number[] = [];
      // in the first code is compiled
      for (let round = 0; round <= ROUNDS; round += 1) {
        await settle();
        await patient.get(path);
        const before = await cpu();
        await callers();
        if (round > 0) rounds.push(((await cpu()) - before) / (CALLERS * PAGES));
      }
      // what else the machine does makes some rounds dearer
      const least = Math.min(...rounds);
      process.stderr.write(`${path} of ${TRACES}: ${least.toFixed(1)} ms\n`);
      expect(least).toBeLessThan(most);
    },
    600_000,
  );

  it('the first page by person of a process costs no more', async () => {
    const database = await connect(carnet.database.uri, carnet.database.dbName);
    const ring = new KeyRing(database.records.keys, await keyFile(join(carnet.dataDir, 'kek.json')));
    await new Ledger(database, ring).bringUp('many');
    await database.close();
    const rounds: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      await settle();
      const started = await Promise.all(
        Array.from({ length: STARTED }, () => testServer(import.meta.url, { like: carnet })),
      );
      const as = (server: TestServer, reference: string): Client =>
        server.as({ token: server.tokenFor({ reference }, 'patient') });
      const all = (pages: (server: TestServer) => Promise<unknown>): Promise<unknown> =>
        Promise.all(started.map(pages));
      // connections are open, who asks and whose data it is are known
      await all(async (server) => {
        for (let again = 0; again < 3; again += 1) {
          await as(server, 'Patient/few').get('Patient/few/$access-history?group=person');
          await as(server, 'Patient/many').get('Patient/many');
        }
      });
      const before = await cpu();
      await all(async (server) => {
        const page = await as(server, 'Patient/many').get('Patient/many/$access-history?group=person');
        expect(page.status).toBe(200);
      });
      rounds.push(((await cpu()) - before) / STARTED);
      await all((server) => server.close());
    }
    const least = Math.min(...rounds);
    process.stderr.write(`first page by person of ${TRACES}: ${least.toFixed(1)} ms\n`);
    expect(least).toBeLessThan(MOST_MS);
  }, 600_000);
}
