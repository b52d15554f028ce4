/** A client that others wrote goes through the whole API: https://github.com/Vermonster/fhir-kit-client */
import { Client, type FhirResource } from 'fhir-kit-client';
import type { Json } from '../../src/fhir/resource.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { bundle, byName, document, named, observation, only, patient, post } from './support/resources.ts';

let carnet: TestServer;
let client: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  client = new Client({ baseUrl: carnet.base, bearerToken: carnet.token('all') });
});
afterAll(() => carnet?.close());

const statusOf = (answer: object): number | undefined =>
  Client.httpFor(answer as Parameters<typeof Client.httpFor>[0]).response?.status;
const refusal = (call: Promise<unknown>): Promise<{ response: { status: number; data: Json } }> =>
  call.then(
    () => Promise.reject(new Error('was not refused')),
    (error) => error,
  );
interface Found extends FhirResource {
  total: number;
  link: { relation: string; url: string }[];
  entry: { resource: Json; response: Json }[];
}
const found = (bundle: FhirResource): Found => bundle as unknown as Found;

it('learns what the server can do', async () => {
  const open = new Client({ baseUrl: carnet.base });
  const statement = await open.capabilityStatement();
  expect(statement).toMatchObject({
    resourceType: 'CapabilityStatement',
    fhirVersion: '4.0.1',
    kind: 'instance',
  });
  const types = (statement.rest as { resource: { type: string }[] }[])[0]!.resource.map(({ type }) => type);
  expect(types).toEqual(expect.arrayContaining(['Patient', 'DocumentReference', 'Consent']));
});

it('is refused without a token, and takes one', async () => {
  const other = new Client({ baseUrl: carnet.base });
  expect((await refusal(other.read({ resourceType: 'Patient', id: 'kit' }))).response.status).toBe(401);
  other.bearerToken = carnet.token('gp');
  expect((await refusal(other.read({ resourceType: 'Patient', id: 'kit' }))).response.status).toBe(404);
});

it('creates, reads, updates, patches and deletes', async () => {
  const resourceType = 'Patient';
  const made = await client.create({ resourceType, body: patient() });
  const { id, meta } = made as unknown as { id: string; meta: { versionId: string } };
  expect([statusOf(made), typeof id]).toEqual([201, 'string']);
  expect(await client.read({ resourceType, id })).toEqual(made);

  const updated = await client.update({ resourceType, id, body: { ...made, gender: 'female' } });
  expect([statusOf(updated), updated.gender]).toEqual([200, 'female']);
  expect(await client.vread({ resourceType, id, version: meta.versionId })).toEqual(made);

  const patched = await client.patch({
    resourceType,
    id,
    jsonPatch: [{ op: 'replace', path: '/gender', value: 'other' }],
  });
  expect(patched.gender).toBe('other');

  const history = found(await client.history({ resourceType, id }));
  expect([history.type, history.total]).toEqual(['history', 3]);

  expect(statusOf(await client.delete({ resourceType, id }))).toBe(204);
  const gone = await refusal(client.read({ resourceType, id }));
  expect([gone.response.status, gone.response.data.resourceType]).toEqual([410, 'OperationOutcome']);
});

it('updates under a condition and with `If-Match`', async () => {
  const resourceType = 'Observation';
  const body = observation({ identifier: [named('kit')] });
  const [name, value] = byName('kit').split(/=(.*)/s) as [string, string];
  const made = await client.update({ resourceType, searchParams: { [name]: value }, body });
  const next = await client.update({ resourceType, searchParams: { [name]: value }, body });
  expect([statusOf(made), statusOf(next), next.id]).toEqual([201, 200, made.id]);
  const stale = { headers: { 'If-Match': `W/"${(made.meta as { versionId: string }).versionId}"` } };
  const refused = await refusal(
    client.update({ resourceType, id: made.id as string, body: next, options: stale }),
  );
  expect(refused.response.status).toBe(412);
});

describe('searches', () => {
  beforeAll(async () => {
    await client.update({ resourceType: 'Patient', id: 'kit', body: patient({ id: 'kit' }) });
    for (let day = 1; day <= 7; day += 1) {
      const more = { subject: { reference: 'Patient/kit' }, date: `2024-05-0${day}T10:00:00Z` };
      await client.create({ resourceType: 'DocumentReference', body: document(more) });
    }
  });

  it('of a type, page by page, to the end', async () => {
    const searchParams = { patient: 'kit', _sort: '-date', _count: '3' };
    const dates: unknown[] = [];
    let page: FhirResource | undefined = await client.resourceSearch({
      resourceType: 'DocumentReference',
      searchParams,
    });
    while (page !== undefined) {
      const shown: Found = found(page);
      expect(shown.total).toBe(7);
      dates.push(...shown.entry.map(({ resource }) => String(resource.date).slice(0, 10)));
      page = await client.nextPage({ bundle: shown });
    }
    expect(dates).toEqual([7, 6, 5, 4, 3, 2, 1].map((day) => `2024-05-0${day}`));
  });

  it('by a form, of a compartment, of the system', async () => {
    const posted = await client.resourceSearch({
      resourceType: 'DocumentReference',
      searchParams: { patient: 'kit', status: 'current' },
      options: { postSearch: true },
    });
    expect(posted.total).toBe(7);
    const compartment = { resourceType: 'Patient', id: 'kit' };
    const held = await client.compartmentSearch({ resourceType: 'DocumentReference', compartment });
    expect(held.total).toBe(7);
    const system = await client.systemSearch({
      searchParams: { _type: 'Patient,DocumentReference', _id: 'kit' },
    });
    expect(system.total).toBe(1);
  });

  it('are told what is wrong', async () => {
    const refused = await refusal(
      client.search({ resourceType: 'Patient', searchParams: { colour: 'red' } }),
    );
    expect([refused.response.status, refused.response.data.resourceType]).toEqual([400, 'OperationOutcome']);
  });
});

it('has the history of a type and of the system', async () => {
  const ofType = found(await client.history({ resourceType: 'Patient' }));
  expect(ofType.type).toBe('history');
  const ofSystem = found(await client.history());
  expect(ofSystem.entry.length).toBeGreaterThan(ofType.entry.length);
});

it('sends batches and transactions', async () => {
  const fullUrl = 'urn:uuid:7e1d3a52-2a3f-4b7e-9f4a-0c3b1c6a2f10';
  const entries = [
    post(patient({ active: true }), fullUrl),
    post(observation({ subject: { reference: fullUrl } })),
  ];
  const done = found(await client.transaction({ body: bundle('transaction', ...entries) }));
  expect(done.entry.map(({ response }) => response.status)).toEqual(['201 Created', '201 Created']);
  const [type, id] = String(done.entry[1]!.response.location)
    .slice(carnet.base.length + 1)
    .split('/') as [string, string];
  const made = await client.read({ resourceType: type, id });
  const patientMade = await client.resolve({ reference: (made.subject as { reference: string }).reference });
  expect([patientMade.resourceType, patientMade.active]).toEqual(['Patient', true]);

  const batch = bundle('batch', only('GET', `Observation/${id}`), only('GET', 'Observation/none'));
  const answered = found(await client.batch({ body: batch }));
  expect(answered.entry.map(({ response }) => String(response.status).slice(0, 3))).toEqual(['200', '404']);
});

it('calls operations', async () => {
  const valid = await client.operation({ name: 'validate', resourceType: 'Patient', input: patient() });
  expect((valid.issue as Json[])[0]!.severity).toBe('information');
  await client.update({ resourceType: 'Patient', id: 'op', body: patient({ id: 'op' }) });
  const tag = { system: 'https://carnet.test/tags', code: 'kit' };
  const input = { resourceType: 'Parameters', parameter: [{ name: 'meta', valueMeta: { tag: [tag] } }] };
  await client.operation({ name: '$meta-add', resourceType: 'Patient', id: 'op', input });
  const meta = await client.operation({ name: 'meta', resourceType: 'Patient', id: 'op', method: 'GET' });
  expect(JSON.stringify(meta)).toContain('"code":"kit"');
});
