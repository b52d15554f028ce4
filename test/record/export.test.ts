/** A patient's whole record as a file: https://hl7.org/fhir/R4/async.html */
import { chunksOf, filesOf } from '../../src/store/content/contents.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { sweepContents } from '../../src/store/content/sweep-contents.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { document as bare, observation } from '../interaction/support/resources.ts';
import { cda } from '../documents/cda.ts';
import { actor, consent, person } from '../leaks/support/content.ts';
import { done, exported, fetched, ordered } from './support/exported.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';

const DELEGATION = 'https://carnet.example/fhir/CodeSystem/delegation';
const LABEL =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
const label = (code: string): Json => ({ securityLabel: [{ coding: [{ system: LABEL, code }] }] });
const DAY = 86_400_000;

let carnet: TestServer;
let all: Client;
let database: Database;
const as = (reference: string, more: object = {}): Client =>
  carnet.as({ token: carnet.tokenFor({ reference, related: [], ...more }, 'patient') });

const subject = { reference: 'Patient/exa' };
const attachment = (more: Json): Json => ({
  content: [{ attachment: { contentType: 'text/plain', ...more } }],
});
const base64 = (text: string): string => Buffer.from(text).toString('base64');

const RESOURCES: Resource[] = [
  { resourceType: 'Practitioner', id: 'exa-dr', name: [{ given: ['Anne'], family: 'Roux <b>' }] },
  person('exa', 'Martin', '255069999999934'),
  consent('exa-c', 'exa', { type: 'permit', actor: [actor('Practitioner/demo-dentist')] }),
  observation({ id: 'exa-obs', subject }),
  {
    resourceType: 'Binary',
    id: 'exa-bin',
    contentType: 'application/pdf',
    data: base64('%PDF-1.4 the scan %%EOF'),
  },
  bare({
    id: 'exa-pdf',
    subject,
    date: '2024-02-01T10:00:00Z',
    description: 'Compte rendu d’été <script>',
    author: [{ reference: 'Practitioner/exa-dr' }],
    ...attachment({ contentType: 'application/pdf', url: 'Binary/exa-bin' }),
  }),
  bare({
    id: 'exa-note',
    subject,
    date: '2025-01-01T10:00:00Z',
    description: '../../note',
    ...attachment({ data: base64('a note') }),
  }),
  bare({
    id: 'exa-cda',
    subject,
    ...attachment({
      contentType: 'text/xml',
      data: base64(cda({ id: '1.2.250.1.213.77.9', ins: '255069999999934' })),
    }),
  }),
  bare({
    id: 'exa-broken',
    subject,
    description: 'broken',
    ...attachment({ contentType: 'text/xml', data: base64('<a><b></a>') }),
  }),
  bare({
    id: 'exa-html',
    subject,
    description: 'page',
    ...attachment({ contentType: 'text/html', data: base64('<script>alert(1)</script>') }),
  }),
  bare({
    id: 'exa-hidden',
    subject,
    description: 'hidden from her',
    ...attachment({ data: base64('not yet') }),
    ...label('INVISIBLE_PATIENT'),
  }),
  bare({
    id: 'exa-absent',
    subject,
    description: 'without its content',
    ...attachment({ url: 'Binary/never' }),
  }),
];

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  all = carnet.as('all');
  await putAll(all, RESOURCES);
});
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

const tokenOf = (reference: string): string => carnet.tokenFor({ reference, related: [] }, 'patient');

describe('the patient is given', () => {
  let files: Map<string, Buffer>;
  let manifest: Json;
  let page: string;
  beforeAll(async () => {
    ({ files, manifest } = await exported(as('Patient/exa'), tokenOf('Patient/exa'), 'exa'));
    page = files.get('index.html')!.toString();
  });

  const lines = (type: string): string[] =>
    files
      .get(`fhir/${type}-1.ndjson`)!
      .toString()
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as Resource).id!)
      .sort();

  it('all that they may see as FHIR, by type, and nothing that they may not', () => {
    expect(lines('DocumentReference')).toEqual([
      'exa-absent',
      'exa-broken',
      'exa-cda',
      'exa-html',
      'exa-note',
      'exa-pdf',
    ]);
    expect([lines('Observation'), lines('Patient'), lines('Practitioner')]).toEqual([
      ['exa-obs'],
      ['exa'],
      ['exa-dr'],
    ]);
    const everything = Buffer.concat([...files.values()]).toString('latin1');
    expect(everything).not.toMatch(/hidden from her|exa-hidden|bm90IHlldA/);
    expect(manifest).toMatchObject({
      requiresAccessToken: true,
      error: [],
      extension: { documents: 6, contentType: 'application/zip' },
    });
  });

  it('documents as files, by names that every system takes', () => {
    const names = [...files.keys()].filter((name) => name.startsWith('documents/'));
    expect(names.map((name) => name.replace(/\d{4}/, 'N')).sort()).toEqual([
      'documents/N-2024-02-01-compte-rendu-d-ete-script.pdf',
      'documents/N-2025-01-01-note.txt',
      'documents/N-broken.xml',
      'documents/N-document-sans-titre.html',
      'documents/N-document-sans-titre.xml',
      'documents/N-page.bin',
    ]);
    const pdf = [...files].find(([name]) => name.endsWith('ete-script.pdf'))![1];
    expect(pdf.toString()).toBe('%PDF-1.4 the scan %%EOF');
    expect([...files].find(([name]) => name.endsWith('note.txt'))![1].toString()).toBe('a note');
  });

  it('a page to read, in French, that runs and fetches nothing', () => {
    expect(page).toContain('<td class="date">1 févr. 2024</td>');
    expect(page).toMatch(/^<!DOCTYPE html>\n<html lang="fr">/);
    expect(page).toContain('Compte rendu d’été &lt;script&gt;');
    expect(page).toContain('Anne Roux &lt;b&gt;');
    expect(page).toContain("default-src 'none'");
    expect(page).not.toMatch(/<script|https?:\/\/|javascript:| on\w+=/i);
    for (const [, name] of page.matchAll(/href="([^"#]+)"/g))
      expect([name, files.has(name!)]).toEqual([name, true]);
    for (const name of files.keys())
      if (/^(documents|historique|resume)/.test(name))
        expect([name, page.includes(`href="${name}"`)]).toEqual([name, true]);
    expect(page).toContain('contenu non disponible');
    expect(page.match(/<th scope="(row|col)">/g)!.length).toBeGreaterThan(8);
    expect(page.match(/<h1/g)).toHaveLength(1);
  });

  it('the summary and the access history', () => {
    expect(files.get('resume-medical.pdf')!.subarray(0, 5).toString()).toBe('%PDF-');
    expect(files.get('historique-des-acces/historique-des-acces-1.csv')!.toString()).toContain('AuditEvent/');
  });
});

it('speaks English when it is asked to', async () => {
  const { files } = await exported(as('Patient/exa'), tokenOf('Patient/exa'), 'exa', '?language=en');
  expect(files.get('index.html')!.toString()).toContain('<html lang="en">');
  expect([...files.keys()]).toContain('access-history/access-history-1.csv');
});

it('gives parts of the file, as of any content', async () => {
  const token = tokenOf('Patient/exa');
  const { url } = await exported(as('Patient/exa'), token, 'exa');
  const whole = await fetched(url, token);
  const part = await fetched(url, token, { range: 'bytes=10-19' });
  expect([part.status, part.headers.get('content-range')]).toEqual([
    206,
    `bytes 10-19/${whole.bytes.length}`,
  ]);
  expect(part.bytes).toEqual(whole.bytes.subarray(10, 20));
});

it('leaves a trace that names each thing that was put in', async () => {
  const client = as('Patient/exa');
  const status = await ordered(client, 'exa');
  const requestId = status.slice(-32);
  await done(client, status);
  const { json } = await all.get('AuditEvent?patient=exa&_sort=-_lastUpdated&_count=50');
  const own = (json.entry as { resource: Resource }[])
    .map(({ resource }) => JSON.stringify(resource))
    .filter((text) => text.includes(requestId));
  const named = own.join('\n');
  for (const name of [
    'Observation/exa-obs',
    'DocumentReference/exa-note',
    'Consent/exa-c',
    'Binary/exa-bin',
    'DocumentReference/exa-pdf',
  ])
    expect([name, named.includes(name)]).toEqual([name, true]);
  expect(named).not.toContain('exa-hidden');
  await client.get(`${status}/record.zip`, { 'x-request-id': 'fetched-record' });
  const after = (await all.get('AuditEvent?patient=exa&_sort=-_lastUpdated&_count=5')).json;
  const fetch = (after.entry as { resource: Resource }[])
    .map(({ resource }) => resource)
    .find((each) => JSON.stringify(each).includes('fetched-record'))!;
  expect([fetch.action, fetch.outcome, fetch.meta?.profile?.[0]]).toEqual([
    'R',
    '0',
    expect.stringContaining('PatientRead'),
  ]);
});

describe('nobody else', () => {
  it.each([
    ['a professional who may read the record', () => carnet.as('dentist')],
    ['another patient', () => as('Patient/exb')],
  ])('orders it: %s', async (_, client) => {
    const reply = await client().get('Patient/exa/$export-record');
    const absent = await client().get('Patient/never/$export-record');
    expect([reply.status, reply.text]).toEqual([404, absent.text]);
  });

  it('is told of an order, cancels it, or is given its file', async () => {
    const token = tokenOf('Patient/exa');
    const client = as('Patient/exa');
    const status = await ordered(client, 'exa');
    const { json } = await done(client, status);
    const [{ url }] = json.output as [{ url: string }];
    await all.put(
      'Consent/exa-all',
      consent('exa-all', 'exa', { type: 'permit', actor: [actor('Practitioner/demo-gp')] }),
    );
    for (const other of [carnet.as('dentist'), carnet.as('gp'), as('Patient/exb'), all]) {
      for (const path of [status, url]) {
        const [reply, absent] = [
          await other.get(path),
          await other.get(path.replace(/[0-9a-f]{32}/, 'f'.repeat(32))),
        ];
        expect([reply.status, reply.text]).toEqual([404, absent.text]);
      }
      expect((await other.delete(status)).status).toBe(404);
    }
    expect((await fetched(url, token)).status).toBe(200);
    // the same person by another app
    const elsewhere = carnet.tokenFor(
      { reference: 'Patient/exa', related: [], client: 'another-app' },
      'patient',
    );
    expect((await fetched(url, elsewhere)).status).toBe(404);
    // or with less
    const less = carnet.tokenFor(
      { reference: 'Patient/exa', related: [], scope: 'patient/Patient.r' },
      'patient',
    );
    expect((await fetched(url, less)).status).toBe(403);
  });
});

it('is over when it is cancelled', async () => {
  const client = as('Patient/exa');
  const status = await ordered(client, 'exa');
  await done(client, status);
  expect((await client.delete(status)).status).toBe(202);
  expect((await client.get(status)).status).toBe(404);
  expect((await client.get(`${status}/record.zip`)).status).toBe(404);
});

describe('a right that is lost in between', () => {
  const child = (id: string) => ({ reference: `Patient/${id}` });
  /** A child whose mother has ordered the record. */
  async function orderedByMother(id: string): Promise<{ mother: Client; status: string }> {
    await putAll(all, [
      { ...person(id, 'Petit', '255069999999936'), birthDate: '2020-01-01' },
      {
        resourceType: 'RelatedPerson',
        id: `${id}-link`,
        patient: child(id),
        relationship: [{ coding: [{ system: DELEGATION, code: 'legal-representative' }] }],
      },
      bare({ id: `${id}-doc`, subject: child(id), ...attachment({ data: base64('x') }) }),
      bare({ id: `${id}-other`, subject: child(id), ...attachment({ data: base64('y') }) }),
    ]);
    const mother = as('Patient/ex-mother', { related: [`RelatedPerson/${id}-link`] });
    const status = await ordered(mother, id);
    expect((await done(mother, status)).status).toBe(200);
    expect((await mother.get(`${status}/record.zip`)).status).toBe(200);
    return { mother, status };
  }

  it('to speak for the patient: neither file nor progress is told', async () => {
    const { mother, status } = await orderedByMother('exk1');
    expect((await all.delete('RelatedPerson/exk1-link')).status).toBe(204);
    for (const path of [status, `${status}/record.zip`]) expect((await mother.get(path)).status).toBe(404);
  });

  it('to see one document: the file is dropped, and a new one lacks it', async () => {
    const { mother, status } = await orderedByMother('exk2');
    const hidden = bare({
      id: 'exk2-doc',
      subject: child('exk2'),
      ...label('INVISIBLE_REPRESENTANTS_LEGAUX'),
    });
    expect((await all.put('DocumentReference/exk2-doc', hidden)).status).toBe(200);
    for (const path of [`${status}/record.zip`, status]) expect((await mother.get(path)).status).toBe(404);
    const again = await ordered(mother, 'exk2');
    expect((await done(mother, again)).json.extension.documents).toBe(1);
  });
});

it('has the FHIR documents of its documents, as long as these are the patient’s to see', async () => {
  await putAll(all, [person('exf', 'Martin', '255069999999937')]);
  const fhir = {
    resourceType: 'Bundle',
    identifier: { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:2f3c1f0e-0d5c-4b5c-9d3a-6a5c6d7e8f90' },
    type: 'document',
    timestamp: '2026-05-02T10:00:00Z',
    entry: [
      {
        fullUrl: 'urn:uuid:9f3c1f0e-0d5c-4b5c-9d3a-6a5c6d7e8f90',
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: { text: 'note' },
          subject: { reference: 'Patient/exf' },
          date: '2026-05-02',
          author: [{ display: 'Dr X' }],
          title: 'Une note à part',
        },
      },
    ],
  };
  const { id: _id, ...sent } = bare({
    subject: { reference: 'Patient/exf' },
    ...attachment({ contentType: 'application/fhir+json', data: base64(JSON.stringify(fhir)) }),
  });
  const { status, json } = await carnet.as('hospital').post('DocumentReference', sent);
  expect([status, json.content[0].attachment.url]).toEqual([201, expect.stringMatching(/^Bundle\//)]);
  const patient = as('Patient/exf');
  const { files, url } = await exported(patient, tokenOf('Patient/exf'), 'exf');
  const [name] = [...files.keys()].filter((each) => each.startsWith('documents/'));
  expect(files.get(name!)!.toString()).toContain('Une note à part');
  const hides = [{ op: 'add', path: '/securityLabel', value: label('INVISIBLE_PATIENT').securityLabel }];
  expect((await carnet.as('hospital').patch(`DocumentReference/${json.id}`, hides)).status).toBe(200);
  expect((await fetched(url, tokenOf('Patient/exf'))).status).toBe(404);
});

it('is one order when it is asked for twice at once, and at most ten in a day', async () => {
  await putAll(all, [person('exl', 'Long', '255069999999937')]);
  const client = as('Patient/exl');
  const both = await Promise.all(Array.from({ length: 8 }, () => ordered(client, 'exl')));
  expect(new Set(both).size).toBe(1);
  for (let order = 0; order < 10; order += 1) {
    const reply = await client.get('Patient/exl/$export-record');
    if (reply.status === 429) break;
    await client.delete(reply.headers.get('content-location')!);
  }
  const reply = await client.post('Patient/exl/$export-record', { resourceType: 'Parameters' });
  expect([reply.status, reply.json.issue[0].code]).toEqual([429, 'throttled']);
  expect(Number(reply.headers.get('retry-after'))).toBeGreaterThan(3600);
});

it.each([
  ['language=de', 'value'],
  ['_since=2020-01-01', 'not-supported'],
])('refuses %s', async (query, code) => {
  const reply = await as('Patient/exa').get(`Patient/exa/$export-record?${query}`);
  expect([reply.status, reply.json.issue[0].code]).toEqual([400, code]);
});

it('is sealed under the patient’s key, and swept after a day', async () => {
  await putAll(all, [person('exs', 'Seal', '255069999999938')]);
  const client = as('Patient/exs');
  const status = await ordered(client, 'exs');
  expect((await done(client, status)).status).toBe(200);
  const job = await database.exports.findOne({ _id: status.slice(-32) });
  const file = await filesOf(database.db).findOne({ 'metadata.patient': 'exs' });
  expect([file!._id.toHexString(), job!.content]).toEqual([job!.content, file!._id.toHexString()]);
  const chunk = await chunksOf(database.db).findOne({ files_id: file!._id });
  expect(chunk!.data.includes('index.html')).toBe(false);
  expect(JSON.stringify(job)).not.toMatch(/Seal|carnet-portal/);
  expect(job!.until.getTime() - job!.at).toBe(DAY);
  await sweepContents(database, carnet.server.store, Date.now() + 2 * DAY);
  expect(await filesOf(database.db).countDocuments({ 'metadata.patient': 'exs' })).toBe(0);
  expect((await client.get(`${status}/record.zip`)).status).toBe(404);
});

it('is built by another process when the one that began it died, and given up after three', async () => {
  await putAll(all, [person('exr', 'Restart', '255069999999939')]);
  const order = async (tries: number): Promise<Reply> => {
    const other = await testServer(import.meta.url, { like: carnet });
    const client = other.as({ token: other.tokenFor({ reference: 'Patient/exr', related: [] }, 'patient') });
    const status = await ordered(client, 'exr');
    await other.close();
    const died = {
      state: 'building',
      open: true,
      claim: 'of the dead',
      lease: Date.now() - 1,
      tries,
    } as const;
    await database.exports.updateOne(
      { _id: status.slice(-32) },
      { $set: died, $unset: { result: 1, content: 1 } },
    );
    const third = await testServer(import.meta.url, { like: carnet });
    try {
      const path = status.slice(status.indexOf('Patient/'));
      const again = third.as({ token: third.tokenFor({ reference: 'Patient/exr', related: [] }, 'patient') });
      return await done(again, path);
    } finally {
      await third.close();
    }
  };
  expect((await order(1)).status).toBe(200);
  const given = await order(3);
  expect([given.status, given.json.issue[0].code]).toEqual([500, 'processing']);
}, 60_000);
