/**
 * The hot queries, as the database ran them: by an index, in its order, touching what the answer is made of and not
 * what else is stored. https://www.mongodb.com/docs/manual/reference/database-profiler/
 */
import { type Db, MongoClient } from 'mongodb';
import type { Resource } from '../../src/fhir/resource.ts';
import { consent } from '../search/http/support/consent.ts';
import { seed } from '../search/http/support/rows.ts';
import { connect, ensureIndexes } from '../../src/store/database.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

const PATIENTS = 40;
const DOCUMENTS = 50;
const FEW = 6;
/** SubmissionSets; as many Folders. */
const SETS = 5;
const LIST_TYPES = 'https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes';
const LOINC = 'http://loinc.org';
const TYPES = ['11488-4', '18842-5', '11502-2', '57833-6', '18748-4'];
const OF_TYPE = DOCUMENTS / TYPES.length;
/** Of a term, its entries end once where no label is carried, and once where one is: see veil.ts. */
const ENDS = 2;
/** All of one patient's, themself and their Consent too. */
const RECORD = DOCUMENTS + 3 * FEW + 2 * SETS + 2;
const GP = 'Practitioner/demo-gp';
const LOADER = 'Organization/demo-loader';

interface Hot {
  caller: 'loader' | 'gp' | 'patient' | 'all' | 'hospital';
  path: string;
  /** How many matches it tells. */
  total?: number;
  /** Index entries and documents that one query may look at. */
  most: number;
  /** What a patient has of some types may be sorted once it is found. */
  sorts?: true;
}

// the document, and the version of its patient
const read: Hot = { caller: 'loader', path: 'DocumentReference/d7-1', most: 2 };
const searches: [string, Hot][] = [
  [
    'sorted by date',
    {
      caller: 'loader',
      path: 'DocumentReference?patient=Patient/p7&_sort=-date&_count=20',
      total: DOCUMENTS,
      most: DOCUMENTS + 1,
    },
  ],
  [
    'sorted by date, oldest first',
    {
      caller: 'loader',
      path: 'DocumentReference?patient=Patient/p7&_sort=date&_count=20',
      total: DOCUMENTS,
      most: DOCUMENTS + 1,
    },
  ],
  [
    'by type',
    {
      caller: 'loader',
      path: `DocumentReference?patient=Patient/p7&type=${LOINC}|${TYPES[2]}&_count=50`,
      total: OF_TYPE,
      most: OF_TYPE + ENDS,
    },
  ],
  [
    'by type, sorted by date',
    {
      caller: 'loader',
      path: `DocumentReference?patient=Patient/p7&type=${TYPES[2]}&_sort=-date&_count=5`,
      total: OF_TYPE,
      most: OF_TYPE + ENDS,
    },
  ],
  [
    'by either of two types',
    {
      caller: 'loader',
      path: `DocumentReference?patient=Patient/p7&type=${TYPES[2]},${TYPES[3]}&_sort=-date`,
      total: 2 * OF_TYPE,
      most: 2 * (OF_TYPE + ENDS),
    },
  ],
  [
    'allergies',
    { caller: 'loader', path: 'AllergyIntolerance?patient=Patient/p7', total: FEW, most: FEW + 1 },
  ],
  [
    'immunizations since',
    {
      caller: 'loader',
      path: 'Immunization?patient=Patient/p7&date=ge2020-01-01',
      total: FEW / 2,
      most: FEW + 1,
    },
  ],
  [
    'appointments since',
    {
      caller: 'loader',
      path: 'Appointment?patient=Patient/p7&date=ge2020-01-01',
      total: FEW / 2,
      most: FEW + 1,
    },
  ],
  [
    'a compartment',
    {
      caller: 'loader',
      path: 'Patient/p7/DocumentReference?_count=50',
      total: DOCUMENTS,
      most: DOCUMENTS + 1,
    },
  ],
  // one seek for each type, beside the entries
  [
    'a whole compartment',
    {
      caller: 'loader',
      path: 'Patient/p7/*?_count=100',
      total: RECORD,
      most: RECORD + 100,
    },
  ],
  [
    'everything',
    { caller: 'loader', path: 'Patient/p7/$everything?_count=200', total: RECORD, most: RECORD + 100 },
  ],
  [
    'everything, a page of it',
    { caller: 'loader', path: 'Patient/p7/$everything?_count=10', total: RECORD, most: RECORD + 100 },
  ],
  [
    'everything of a time',
    {
      caller: 'loader',
      path: 'Patient/p7/$everything?start=2020-01-01&_type=DocumentReference,Immunization',
      total: DOCUMENTS + FEW / 2,
      // once to merge the types in one order, once to give them
      most: 2 * (DOCUMENTS + FEW) + 2,
    },
  ],
  // each of its searches
  ['a summary', { caller: 'loader', path: 'Patient/p7/$summary', most: RECORD, sorts: true }],
  [
    'a summary that a consent permits',
    { caller: 'gp', path: 'Patient/p7/$summary', most: RECORD, sorts: true },
  ],
  [
    'submission sets (ITI-66)',
    {
      caller: 'loader',
      path: 'List?patient=Patient/p7&code=submissionset&status=current&date=ge2020&_sort=-date',
      total: SETS,
      most: 2 * SETS + 1,
    },
  ],
  [
    'folders (ITI-66)',
    {
      caller: 'gp',
      path: 'List?patient.identifier=urn:oid:1.2|n7&code=folder&status=current&title=x&_sort=-date',
      total: 0,
      most: 2 * SETS + 1,
    },
  ],
  [
    'documents (ITI-67)',
    {
      caller: 'gp',
      path: 'DocumentReference?patient=Patient/p7&status=current&_sort=-date&_count=20',
      total: DOCUMENTS,
      most: DOCUMENTS + ENDS,
    },
  ],
  [
    'documents of the patient with a number (ITI-67)',
    {
      caller: 'gp',
      path: `DocumentReference?patient.identifier=urn:oid:1.2|n7&status=current&type=${LOINC}|${TYPES[2]}&_sort=-date`,
      total: OF_TYPE,
      most: OF_TYPE + 2,
    },
  ],
  [
    'documents by what PDSm adds (ITI-67)',
    {
      caller: 'loader',
      path: `DocumentReference?patient=Patient/p7&status=current&period-start=ge2020&creation=ge2020&isArchived=false&type=${TYPES[2]}`,
      total: OF_TYPE,
      most: OF_TYPE + ENDS,
    },
  ],
  [
    'a document by its uniqueId (ITI-67)',
    {
      caller: 'loader',
      path: 'DocumentReference?patient=Patient/p7&status=current&identifier=urn:ietf:rfc:3986|u7-3',
      total: 1,
      most: 1 + ENDS,
    },
  ],
  ['by identifier', { caller: 'loader', path: 'Patient?identifier=urn:oid:1.2|n7', total: 1, most: 2 }],
  ['by id', { caller: 'loader', path: 'Patient?_id=p7', total: 1, most: 2 }],
  [
    'a patient’s changes',
    {
      caller: 'loader',
      path: 'DocumentReference?patient=Patient/p7&_lastUpdated=gt2020',
      total: DOCUMENTS,
      most: DOCUMENTS + 1,
    },
  ],
  [
    'a patient’s last changes',
    {
      caller: 'loader',
      path: 'DocumentReference?patient=Patient/p7&_lastUpdated=ge__MARK__&_count=1',
      total: 3,
      most: 4,
    },
  ],
  [
    'a patient’s last changes, by date',
    {
      caller: 'loader',
      path: 'DocumentReference?patient=Patient/p7&_lastUpdated=ge__MARK__&_sort=-date&_count=1',
      total: 3,
      most: DOCUMENTS + 1,
    },
  ],
  [
    'a patient’s changes by now',
    { caller: 'loader', path: 'DocumentReference?patient=Patient/p7&_lastUpdated=gt2100', total: 0, most: 1 },
  ],
  [
    'a type’s changes',
    {
      caller: 'loader',
      path: 'Immunization?_lastUpdated=gt2020&_count=10',
      total: PATIENTS * FEW,
      most: PATIENTS * FEW + 1,
    },
  ],
  [
    'a type’s changes by now',
    { caller: 'loader', path: 'Immunization?_lastUpdated=gt2100', total: 0, most: 1 },
  ],
  [
    'what a consent permits',
    {
      caller: 'gp',
      path: 'DocumentReference?patient=Patient/p7&_sort=-date&_count=20',
      total: DOCUMENTS,
      most: DOCUMENTS + 1,
    },
  ],
  [
    'what is a patient’s own',
    {
      caller: 'patient',
      path: 'DocumentReference?patient=Patient/demo-mother&_sort=-date',
      total: 0,
      most: 1,
    },
  ],
  ['a directory by name', { caller: 'gp', path: 'Practitioner?name=nom7', total: 1, most: 2 }],
  ['a directory by identifier', { caller: 'gp', path: 'Practitioner?identifier=rpps7', total: 1, most: 2 }],
  ['traces of a patient', { caller: 'all', path: 'AuditEvent?patient=Patient/p7&_count=5', most: 120 }],
];
const histories: Hot = { caller: 'loader', path: 'DocumentReference/d7-0/_history', total: 4, most: 5 };

let carnet: TestServer;
let client: MongoClient;
let db: Db;
/** After what was seeded, before what was changed. */
let mark: string;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  client = await MongoClient.connect(carnet.database.uri);
  db = client.db(carnet.database.dbName);
  const numbers = Array.from({ length: PATIENTS }, (_, index) => index);
  await seed(carnet, numbers.flatMap(rowsOf), { by: LOADER });
  await seed(carnet, numbers.map(doctor));
  await seed(carnet, numbers.flatMap(traces));
  await withContentApart('d7-2');
  mark = new Date().toISOString();
  for (const id of ['d7-0', 'd7-0', 'd7-0', 'd7-3', 'd7-4']) {
    const { json } = await as('loader').get(`DocumentReference/${id}`);
    const { status, text } = await as('loader').put(`DocumentReference/${id}`, json);
    if (status !== 200) throw new Error(text);
  }
});
afterAll(async () => {
  await client?.close();
  await carnet?.close();
});

async function withContentApart(id: string): Promise<void> {
  const sender = as('loader');
  const binary = { resourceType: 'Binary', id: 'b-7', contentType: 'text/plain', data: 'eA==' };
  await sender.put('Binary/b-7', binary as Resource);
  const { json: document } = await sender.get(`DocumentReference/${id}`);
  const attachment = { contentType: 'text/plain', url: 'Binary/b-7', creation: '2020-05-01' };
  await sender.put(`DocumentReference/${id}`, { ...document, content: [{ attachment }] });
}

function as(caller: Hot['caller']): Client {
  return caller === 'loader'
    ? carnet.as({ token: carnet.tokenFor({ idPrefixes: ['b-', 'd'] }, 'loader') })
    : carnet.as(caller);
}

function rowsOf(index: number): Resource[] {
  const patient = { reference: `Patient/p${index}` };
  const many = (count: number, make: (at: number) => object): Resource[] =>
    Array.from({ length: count }, (_, at) => make(at) as Resource);
  const year = (at: number): number => (at % 2 === 0 ? 2022 : 2012);
  return [
    { resourceType: 'Patient', id: `p${index}`, identifier: [{ system: 'urn:oid:1.2', value: `n${index}` }] },
    consent(`c${index}`, `p${index}`, index === 7 ? GP : `Practitioner/other${index}`),
    ...many(DOCUMENTS, (at) => ({
      resourceType: 'DocumentReference',
      id: `d${index}-${at}`,
      status: 'current',
      subject: patient,
      date: new Date(Date.UTC(2020, 0, 1 + ((at * 7) % DOCUMENTS))).toISOString(),
      type: { coding: [{ system: LOINC, code: TYPES[at % TYPES.length] }] },
      identifier: [{ system: 'urn:ietf:rfc:3986', value: `u${index}-${at}` }],
      content: [{ attachment: { contentType: 'text/plain', data: 'eA==', creation: '2020-05-01' } }],
      context: { period: { start: '2020-05-01' } },
    })),
    ...['submissionset', 'folder'].flatMap((code) =>
      many(SETS, (at) => ({
        resourceType: 'List',
        id: `l${index}-${code}-${at}`,
        status: 'current',
        mode: 'working',
        code: { coding: [{ system: LIST_TYPES, code }] },
        subject: patient,
        date: `${2020 + at}-05-01`,
        entry: [{ item: { reference: `DocumentReference/d${index}-${at}` } }],
      })),
    ),
    ...many(FEW, (at) => ({
      resourceType: 'AllergyIntolerance',
      id: `a${index}-${at}`,
      patient,
      code: { text: 'x' },
    })),
    ...many(FEW, (at) => ({
      resourceType: 'Immunization',
      id: `i${index}-${at}`,
      status: 'completed',
      patient,
      occurrenceDateTime: `${year(at)}-05-01`,
    })),
    ...many(FEW, (at) => ({
      resourceType: 'Appointment',
      id: `t${index}-${at}`,
      status: 'booked',
      start: `${year(at)}-05-01T10:00:00Z`,
      participant: [{ actor: patient, status: 'accepted' }],
    })),
  ];
}

const doctor = (index: number): Resource => ({
  resourceType: 'Practitioner',
  id: `doctor${index}`,
  identifier: [{ system: 'urn:oid:1.3', value: `rpps${index}` }],
  name: [{ family: `nom${index}` }],
});

const traces = (index: number): Resource[] =>
  Array.from({ length: 10 }, (_, at) => ({
    resourceType: 'AuditEvent',
    id: `trace${index}-${at}`,
    recorded: `2024-01-01T00:00:0${at}Z`,
    agent: [{ who: { reference: GP }, requestor: true }],
    entity: [{ what: { reference: `Patient/p${index}` } }],
  }));

interface Stage {
  stage: string;
  inputStage?: Stage;
  inputStages?: Stage[];
}

interface Ran {
  ns: string;
  command: object;
  planSummary?: string;
  keysExamined?: number;
  docsExamined?: number;
  execStats?: Stage;
}

/** What the database ran for a request. */
async function ranFor({ caller, path: marked }: Hot): Promise<{ ran: Ran[]; total: number | undefined }> {
  const path = marked.replace('__MARK__', mark);
  const client = as(caller);
  // what is remembered of patients and keys is so by then, as it mostly is
  await client.get(path);
  await db.command({ profile: 0 });
  await db.collection('system.profile').drop();
  await db.command({ profile: 2 });
  const { status, text, json } = await client.get(path);
  await db.command({ profile: 0 });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
  const ran = await db
    .collection<Ran>('system.profile')
    .find({ op: { $in: ['query', 'command', 'getmore'] } })
    .toArray();
  return { ran: ran.filter(({ planSummary }) => planSummary !== undefined), total: json?.total };
}

function stagesOf({ stage, inputStage, inputStages = [] }: Stage): string[] {
  return [stage, ...(inputStage === undefined ? [] : stagesOf(inputStage)), ...inputStages.flatMap(stagesOf)];
}

async function expectServed(hot: Hot): Promise<void> {
  const { ran, total } = await ranFor(hot);
  expect(ran.length).toBeGreaterThan(0);
  for (const { ns, command, execStats, planSummary, keysExamined = 0, docsExamined = 0 } of ran) {
    const stages = execStats === undefined ? [planSummary!.split(' ')[0]!] : stagesOf(execStats);
    const bad = stages.filter((stage) => stage === 'COLLSCAN' || (stage === 'SORT' && hot.sorts !== true));
    const tooMuch = Math.max(keysExamined, docsExamined) > hot.most;
    const told = {
      ns,
      planSummary,
      keysExamined,
      docsExamined,
      stages,
      command: JSON.stringify(command).slice(0, 600),
    };
    expect(bad.length > 0 || tooMuch ? told : undefined).toBeUndefined();
  }
  if (hot.total !== undefined) expect(total).toBe(hot.total);
}

it.each(['loader', 'gp'] as const)(
  'content is read with the document that names it in one call, as %s',
  async (caller) => {
    const { ran } = await ranFor({ caller, path: 'Binary/b-7', most: 3 });
    expect(ran.map(({ ns }) => ns.slice(ns.indexOf('.') + 1))).toEqual(['resources']);
    await expectServed({ caller, path: 'Binary/b-7', most: 3 });
  },
);

it('an index that an earlier server made otherwise is made anew', async () => {
  const database = await connect(carnet.database.uri, carnet.database.dbName);
  try {
    await database.resources.dropIndex('type_at');
    await database.resources.createIndex({ type: 1, at: 1 }, { name: 'type_at' });
    await ensureIndexes(database, () => {});
    const made = (await database.resources.indexes()).find(({ name }) => name === 'type_at');
    expect(made?.key).toEqual({ type: 1, at: -1, _id: 1 });
  } finally {
    await database.close();
  }
});

it.each(searches)('a search is served by an index: %s', (_, hot) => expectServed(hot));

it.each([
  ['sorted', '&_sort=-date'],
  ['counted', '&_summary=count'],
  ['by the time of the last change', '&_lastUpdated=ge2020&_sort=_lastUpdated'],
  ['by a word', `&type=${TYPES[2]}`],
  ['by a word, counted', `&type=${TYPES[2]}&_summary=count`],
])('what the caller may not see is passed over without being fetched: %s', async (_, more) => {
  const path = `DocumentReference?patient=Patient/p7${more}`;
  const { ran, total } = await ranFor({ caller: 'hospital', path, most: 0 });
  const examined = ran.filter(({ ns }) => ns.endsWith('.resources')).map((each) => each.docsExamined);
  expect(total).toBe(0);
  expect(examined.length).toBeGreaterThan(0);
  expect(new Set(examined)).toEqual(new Set([0]));
});

it('one’s own traces, whomever they are about, are served by an index in its order', async () => {
  await as('gp').get('AllergyIntolerance?patient=Patient/p7');
  const { ran, total } = await ranFor({ caller: 'gp', path: 'AuditEvent?_count=5', most: 0 });
  expect(total).toBeGreaterThan(0);
  const found = ran.filter(({ command }) => 'find' in command && command.find === 'audit');
  expect(found.map(({ planSummary }) => planSummary)).toEqual(['IXSCAN { authors: 1, at: -1, _id: 1 }']);
  expect(found.flatMap(({ execStats }) => stagesOf(execStats!))).not.toContain('SORT');
});

it('a read is served by the id', () => expectServed(read));

it('the history of a resource is served by an index', () => expectServed(histories));

it('who granted something is found by an index', async () => {
  // a search of one's own kind, without a patient: the grants are looked up, then those patients' resources
  const { ran } = await ranFor({ caller: 'gp', path: 'AllergyIntolerance?_lastUpdated=gt2020', most: 0 });
  const grants = ran.filter(({ command }) => 'aggregate' in command);
  expect(grants).toHaveLength(1);
  expect([grants[0]!.planSummary, grants[0]!.docsExamined]).toEqual([
    expect.stringContaining('grants: 1'),
    0,
  ]);
});

it('the Consents of a patient are found by an index', async () => {
  // a new Consent makes the policy be read again: of the two Consents and the Patient, only what changed is opened
  await db.command({ profile: 2 });
  await seed(carnet, [consent('c8-more', 'p8', 'Practitioner/other8')]);
  await as('gp').get('AllergyIntolerance?patient=Patient/p8');
  await db.command({ profile: 0 });
  const ran = await db
    .collection<Ran>('system.profile')
    .find({ 'command.filter.type.$in': 'Consent', 'command.filter.patient': 'p8' })
    .toArray();
  expect(ran.map(({ planSummary, docsExamined }) => [planSummary, docsExamined])).toEqual([
    [expect.stringContaining('IXSCAN { patient: 1, type: 1'), 3],
  ]);
});
