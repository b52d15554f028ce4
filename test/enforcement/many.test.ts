/** A search over many patients, and a patient with many Consents: exact, bounded, told what to add. */
import type { Resource } from '../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

const PATIENTS = 330;
const HL7 = 'http://terminology.hl7.org/CodeSystem';
const DOCTOR = 'Practitioner/many';
const since = `${new Date().toISOString().slice(0, 10)}T00:00:00Z`;

let carnet: TestServer;
let doctor: Client;
let all: Client;

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  doctor = carnet.as({
    token: carnet.tokenFor({ reference: DOCTOR, profession: '10', organizations: [] }, 'gp'),
  });
  await write(
    Array.from({ length: PATIENTS }, (_, index) => [patient(index), ...observations(index)]).flat(),
  );
  await write(Array.from({ length: PATIENTS }, (_, index) => permit(index, DOCTOR)));
}, 120_000);
afterAll(() => carnet?.close());

async function write(resources: Resource[]): Promise<void> {
  for (let start = 0; start < resources.length; start += 400) {
    const entry = resources.slice(start, start + 400).map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    }));
    const { status, text } = await all.post('', { resourceType: 'Bundle', type: 'transaction', entry });
    expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  }
}

const patient = (index: number): Resource => ({
  resourceType: 'Patient',
  id: `many-${index}`,
  active: index !== 7,
});

/** One of today, one of a long stay that began years ago, one that is over. */
function observations(index: number): Resource[] {
  const spans: [string, object][] = [
    ['new', { effectiveDateTime: since }],
    ['long', { effectivePeriod: { start: '2020-01-01', end: '2999-01-01' } }],
    ['old', { effectiveDateTime: '2020-01-01' }],
  ];
  return spans.map(([name, effective]) => ({
    resourceType: 'Observation',
    id: `many-${index}-${name}`,
    status: 'final',
    code: { text: name },
    subject: { reference: `Patient/many-${index}` },
    ...(index % 2 === 0 ? {} : { meta: { security: [{ system: 'http://label.example', code: 'HIDE' }] } }),
    ...effective,
  }));
}

const actor = (reference: string) => ({
  role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
  reference: { reference },
});

function consent(id: string, index: number, provision: object): Resource {
  return {
    resourceType: 'Consent',
    id,
    status: 'active',
    scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
    category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
    patient: { reference: `Patient/many-${index}` },
    policy: [{ uri: 'https://profiles.ihe.net/ITI/PCF/Policy-basic-normal' }],
    provision,
  };
}

/** Of every third patient the doctor is permitted nothing; of the odd ones not what is labelled. */
function permit(index: number, reference: string): Resource {
  const hidden = { type: 'deny', securityLabel: [{ system: 'http://label.example', code: 'HIDE' }] };
  return consent(`many-consent-${index}`, index, {
    type: index % 3 === 0 ? 'deny' : 'permit',
    actor: [actor(reference)],
    ...(index % 3 === 0 ? {} : { provision: [hidden] }),
  });
}

/** Even, not closed, permitted. */
const wanted = (name: string): string[] =>
  Array.from({ length: PATIENTS }, (_, index) => index)
    .filter((index) => index % 2 === 0 && index % 3 !== 0)
    .map((index) => `many-${index}-${name}`);

async function found(url: string): Promise<{ ids: string[]; total: number }> {
  const ids: string[] = [];
  let next: string | undefined = url;
  let total = -1;
  while (next !== undefined) {
    const { status, json } = await doctor.get(next);
    expect([status, json?.issue?.[0]]).toEqual([200, undefined]);
    if (total < 0) total = json.total;
    ids.push(...(json.entry ?? []).map(({ resource }: { resource: Resource }) => resource.id));
    next = json.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
  }
  return { ids: ids.sort(), total };
}

it('finds exactly what the Consents of many patients allow, by a lower bound on a date', async () => {
  const { ids, total } = await found(`Observation?date=ge${since}&_count=50`);
  const expected = [...wanted('new'), ...wanted('long')].sort();
  expect(ids).toEqual(expected);
  expect(total).toBe(expected.length);
}, 60_000);

it('finds exactly what the Consents of many patients allow, by when it was last updated', async () => {
  const { ids, total } = await found(`Observation?_lastUpdated=ge${since}&_count=100`);
  const expected = ['new', 'long', 'old'].flatMap(wanted).sort();
  expect(ids).toEqual(expected);
  expect(total).toBe(expected.length);
}, 60_000);

it('finds what is of several patients, as soon as there is such a thing, where each of them allows it', async () => {
  const shared = (id: string, ...of: number[]): Resource => ({
    resourceType: 'Appointment',
    id,
    status: 'booked',
    start: since,
    end: since,
    participant: of.map((index) => ({
      actor: { reference: `Patient/many-${index}` },
      status: 'accepted',
    })),
  });
  const url = `Appointment?date=ge${since}`;
  expect(await found(url)).toEqual({ ids: [], total: 0 });
  await write([shared('many-both', 2, 8), shared('many-one', 2, 3)]);
  expect(await found(url)).toEqual({ ids: ['many-both'], total: 1 });
}, 60_000);

it('wants a patient or a lower bound on a date when it would span many patients', async () => {
  const { status, json } = await doctor.get('Observation?code:text=new');
  expect([status, json.issue[0].code]).toEqual([403, 'too-costly']);
  expect(json.issue[0].details.text).toContain('`patient`');
});

it('finds what the doctor deposited too, whoever gave consent', async () => {
  const own = { ...observations(3)[0]!, id: undefined, meta: undefined };
  const made = await doctor.post('Observation', own);
  expect(made.status).toBe(201);
  const { ids } = await found(`Observation?_lastUpdated=ge${since}&_count=1000`);
  expect(ids).toContain(made.json.id);
  await all.delete(`Observation/${made.json.id}`);
}, 60_000);

it('a revocation holds on the next search over many patients', async () => {
  const gone = 'many-4-new';
  expect((await found(`Observation?date=ge${since}&_count=1000`)).ids).toContain(gone);
  await write([consent('many-consent-4', 4, { type: 'deny', actor: [actor(DOCTOR)] })]);
  const { ids, total } = await found(`Observation?date=ge${since}&_count=1000`);
  expect(ids).not.toContain(gone);
  expect(total).toBe(ids.length);
}, 60_000);

it('a thousand Consents that each name one resource are asked exactly, though no query could hold them', async () => {
  const named = Array.from({ length: 1200 }, (_, index) => `Observation/${'x'.repeat(40)}-${index}`);
  const instance = (reference: string) => ({ data: [{ meaning: 'instance', reference: { reference } }] });
  await write(
    named.map((reference, index) =>
      consent(`many-named-${index}`, 12, { type: 'permit', actor: [actor(DOCTOR)], ...instance(reference) }),
    ),
  );
  await write([
    consent('many-consent-12', 12, {
      type: 'permit',
      actor: [actor(DOCTOR)],
      ...instance('Observation/many-12-new'),
    }),
  ]);
  expect((await found('Observation?patient=many-12&_sort=-date')).ids).toEqual(['many-12-new']);
  expect((await doctor.get('Observation/many-12-new')).status).toBe(200);
  expect((await doctor.get('Observation/many-12-old')).status).toBe(404);
}, 120_000);
