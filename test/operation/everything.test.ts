/** https://hl7.org/fhir/R4/patient-operation-everything.html */
import { Client as KitClient } from 'fhir-kit-client';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { document as bare, observation, pages } from '../interaction/support/resources.ts';
import { actor, consent, person } from '../leaks/support/content.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
let all: Client;
let patient: Client;
let dentist: Client;
const subject = { reference: 'Patient/eve' };
const DENTIST = 'Practitioner/demo-dentist';
const LABEL =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';

const document = (more: Json): Resource =>
  bare({ type: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] }, ...more });

const RESOURCES: Resource[] = [
  { resourceType: 'Organization', id: 'eve-clinic', name: 'Clinique' },
  { resourceType: 'Organization', id: 'eve-other', name: 'Not referred to' },
  { resourceType: 'Practitioner', id: 'eve-dr', name: [{ family: 'Roux' }] },
  {
    resourceType: 'PractitionerRole',
    id: 'eve-role',
    practitioner: { reference: 'Practitioner/eve-dr' },
    organization: { reference: 'Organization/eve-clinic' },
  },
  { resourceType: 'Medication', id: 'eve-drug', code: { text: 'Paracétamol' } },
  person('eve', 'Martin', '255069999999934'),
  person('eve-twin', 'Martin', '255069999999935'),
  consent('eve-c', 'eve', { type: 'permit', actor: [actor(DENTIST)] }),
  {
    resourceType: 'Encounter',
    id: 'eve-stay',
    status: 'finished',
    class: { code: 'IMP' },
    subject,
    period: { start: '2020-03-01', end: '2020-03-04' },
  },
  document({
    id: 'eve-doc',
    subject,
    date: '2024-02-01T10:00:00Z',
    author: [{ reference: 'PractitionerRole/eve-role' }],
  }),
  document({
    id: 'eve-masked',
    subject,
    date: '2024-02-01T10:00:00Z',
    securityLabel: [{ coding: [{ system: LABEL, code: 'MASQUE_PS' }] }],
  }),
  observation({
    id: 'eve-obs',
    subject,
    encounter: { reference: 'Encounter/eve-stay' },
    effectiveDateTime: '2020-03-02',
  }),
  observation({ id: 'eve-undated', subject }),
  observation({ id: 'eve-not-hers', subject: { reference: 'Patient/eve-twin' } }),
  {
    resourceType: 'MedicationRequest',
    id: 'eve-rx',
    status: 'active',
    intent: 'order',
    subject,
    medicationReference: { reference: 'Medication/eve-drug' },
    authoredOn: '2023-05-06',
  },
];

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await putAll(all, RESOURCES);
  patient = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/eve' }, 'patient') });
  dentist = carnet.as('dentist');
});
afterAll(() => carnet?.close());

interface Told {
  resource: Resource;
  search: { mode: string };
}
const told = ({ json }: Reply, mode?: string): string[] =>
  ((json.entry ?? []) as Told[])
    .filter(({ search }) => mode === undefined || search.mode === mode)
    .map(({ resource }) => resource.id as string)
    .sort();

const HERS = ['eve', 'eve-c', 'eve-doc', 'eve-masked', 'eve-obs', 'eve-rx', 'eve-stay', 'eve-undated'];

it('gives a patient all of theirs, and who and what it refers to', async () => {
  const reply = await patient.get('Patient/eve/$everything');
  expect([reply.status, reply.json.type, reply.json.total]).toEqual([200, 'searchset', HERS.length]);
  expect(told(reply, 'match')).toEqual(HERS);
  expect(told(reply, 'include')).toEqual(['eve-clinic', 'eve-dr', 'eve-drug', 'eve-role']);
});

it('is asked by POST too, and by others’ clients', async () => {
  const parameter = [
    { name: '_type', valueCode: 'Observation' },
    { name: '_type', valueCode: 'Encounter' },
    { name: 'start', valueDate: '2020-01-01' },
  ];
  const posted = await patient.post('Patient/eve/$everything', { resourceType: 'Parameters', parameter });
  expect(told(posted)).toEqual(['eve-obs', 'eve-stay', 'eve-undated']);
  const kit = new KitClient({ baseUrl: carnet.base, bearerToken: carnet.token('all') });
  const found = (await kit.operation({
    name: '$everything',
    resourceType: 'Patient',
    id: 'eve',
    method: 'GET',
    input: { _type: 'MedicationRequest,Medication' },
  })) as unknown as Reply['json'];
  expect(told({ json: found } as Reply)).toEqual(['eve-drug', 'eve-rx']);
});

it.each([
  ['start=2023-01-01', ['eve', 'eve-c', 'eve-doc', 'eve-masked', 'eve-rx', 'eve-undated']],
  ['end=2020-03-01', ['eve', 'eve-stay', 'eve-undated']],
  ['start=2020-03-04&end=2023-12-31', ['eve', 'eve-rx', 'eve-stay', 'eve-undated']],
  ['_type=Observation&end=2020', ['eve-obs', 'eve-undated']],
  ['_since=2099-01-01T00:00:00Z', []],
  ['_since=2020-01-01T00:00:00Z&_type=Patient', ['eve']],
  ['_type=Practitioner', []],
])('of `%s` it tells what was then, and what has no date', async (query, wanted) => {
  expect(
    told(await all.get(`Patient/eve/$everything?${query}`), 'match').filter((id) => id !== 'eve-c'),
  ).toEqual(wanted.filter((id) => id !== 'eve-c'));
});

it('comes in pages, each match once, whose links are the caller’s own', async () => {
  const replies = await pages(patient, 'Patient/eve/$everything?_count=3');
  expect(replies.map(({ json }) => json.total)).toEqual([8, 8, 8]);
  expect(replies.flatMap((reply) => told(reply, 'match')).sort()).toEqual(HERS);
  const next = replies[0]!.json.link[1].url as string;
  expect(next).not.toContain('eve-');
  expect((await dentist.get(next)).status).toBe(400);
  expect((await patient.get(`${next}&_count=1`)).status).toBe(400);
});

it('decides each page again', async () => {
  const first = await dentist.get('Patient/eve/$everything?_count=2');
  const next = first.json.link[1].url as string;
  await patient.put('Consent/eve-c', consent('eve-c', 'eve', { type: 'deny', actor: [actor(DENTIST)] }));
  const after = await dentist.get(next);
  expect(after.status).toBe(404);
  await patient.put('Consent/eve-c', consent('eve-c', 'eve', { type: 'permit', actor: [actor(DENTIST)] }));
});

it('leaves out what the caller may not be given, counted neither', async () => {
  const reply = await dentist.get('Patient/eve/$everything?_type=DocumentReference');
  expect([reply.json.total, told(reply)]).toEqual([1, ['eve-doc']]);
});

it('gives what the token’s scopes reach alone', async () => {
  const narrow = carnet.as({
    token: carnet.tokenFor(
      { reference: 'Patient/eve', scope: 'patient/Patient.r patient/Observation.rs' },
      'patient',
    ),
  });
  expect(told(await narrow.get('Patient/eve/$everything'))).toEqual(['eve', 'eve-obs', 'eve-undated']);
});

it('knows no patient who is hidden or absent', async () => {
  const stranger = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/other' }, 'patient') });
  const [hidden, absent] = [
    await stranger.get('Patient/eve/$everything'),
    await stranger.get('Patient/nobody/$everything'),
  ];
  expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
});

it('is traced with what it told, and told in the access history', async () => {
  await dentist.get('Patient/eve/$everything?_type=DocumentReference');
  const { json } = await all.get(
    'AuditEvent?patient=eve&agent=Practitioner/demo-dentist&_sort=-date&_count=1',
  );
  const { action, entity } = json.entry[0].resource;
  const named = entity.map(({ what }: { what?: { reference?: string } }) => what?.reference);
  expect([action, named.includes('DocumentReference/eve-doc')]).toEqual(['R', true]);
  expect(JSON.stringify(named)).not.toContain('eve-masked');
});

it.each([
  ['_type=Nothing', 'no resource type'],
  ['_count=0', 'from 1'],
  ['start=yesterday', 'a date'],
  ['start=2020&start=2021', 'at most'],
  ['patient=x', 'not supported'],
])('refuses `%s`', async (query, why) => {
  const reply = await all.get(`Patient/eve/$everything?${query}`);
  expect([reply.status, reply.text]).toEqual([400, expect.stringContaining(why)]);
});

it('of an Encounter gives what belongs to it, and whose it is', async () => {
  const reply = await patient.get('Encounter/eve-stay/$everything');
  expect([told(reply, 'match'), told(reply, 'include')]).toEqual([['eve-obs', 'eve-stay'], ['eve']]);
  expect((await all.get('Encounter/eve-stay/$everything?start=2020')).status).toBe(400);
  const stranger = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/other' }, 'patient') });
  expect((await stranger.get('Encounter/eve-stay/$everything')).status).toBe(404);
});
