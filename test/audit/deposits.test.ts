/** Traces of other systems: deposited with a scope of their own, marked, and never taken for this server's. */
import type { Resource } from '../../src/fhir/resource.ts';
import { Space, permits } from '../enforcement/support/space.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

const SCOPE = 'system/AuditEvent.c system/AuditEvent.rs';
const depositor = (scope = SCOPE, like: 'hospital' | 'gp' | 'patient' | 'loader' = 'hospital'): Client =>
  carnet.as({ token: carnet.tokenFor({ scope }, like) });

const event = (patient: string, more: object = {}): Resource => ({
  resourceType: 'AuditEvent',
  type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
  recorded: '2026-01-01T08:00:00Z',
  outcome: '0',
  agent: [
    {
      who: { reference: 'Practitioner/demo-gp' },
      requestor: true,
      network: { address: '198.51.100.9', type: '2' },
    },
  ],
  source: { observer: { display: 'the hospital’s own system' } },
  entity: [{ what: { reference: `Patient/${patient}` } }],
  ...more,
});
const TAG = 'https://carnet.example/fhir/CodeSystem/trace-origin|deposited'.replace('|', '%7C');
const total = async (client: Client, path: string): Promise<number> => (await client.get(path)).json.total;

it('a system deposits one, marked: the patient reads it, apart from this server’s own', async () => {
  const space = await Space.of(carnet);
  const made = await depositor().post('AuditEvent', event(space.id));
  expect([made.status, made.status === 201 || made.text]).toEqual([201, true]);
  const { json } = await space.me.get(`AuditEvent/${made.json.id}`);
  expect(json.meta.tag).toEqual([
    { system: 'https://carnet.example/fhir/CodeSystem/trace-origin', code: 'deposited' },
  ]);
  expect([json.recorded, json.source]).toEqual([
    '2026-01-01T08:00:00Z',
    { observer: { display: 'the hospital’s own system' } },
  ]);
  const ids = async (query: string): Promise<string[]> =>
    (
      (await space.me.get(`AuditEvent?patient=${space.id}&${query}`)).json.entry as { resource: Resource }[]
    ).map(({ resource }) => resource.id!);
  expect(await ids(`_tag=${TAG}`)).toEqual([made.json.id]);
  const others = await ids(`_tag:not=${TAG}`);
  expect([others.length > 0, others.includes(made.json.id)]).toEqual([true, false]);
  expect((await depositor().get(`AuditEvent/${made.json.id}`)).json).toEqual(json);
});

it('however much one names, its patient reads it, and finds it by each', async () => {
  const space = await Space.of(carnet);
  const names = Array.from({ length: 400 }, (_, index) => `Observation/elsewhere-${index}`);
  const entity = [`Patient/${space.id}`, ...names].map((reference) => ({ what: { reference } }));
  const { json } = await depositor().post('AuditEvent', event(space.id, { entity }));
  expect((await space.me.get(`AuditEvent/${json.id}`)).status).toBe(200);
  expect(await total(space.me, `AuditEvent?patient=${space.id}&entity=${names.at(-1)}`)).toBe(1);
  const many = Array.from({ length: 2100 }, (_, index) => ({
    what: { reference: `Observation/o-${index}` },
  }));
  const refused = await depositor().post('AuditEvent', event(space.id, { entity: many }));
  expect([refused.status, refused.json.issue[0].code]).toEqual([422, 'business-rule']);
});

it('the deposit leaves a trace of its own', async () => {
  const space = await Space.of(carnet);
  const { json } = await depositor().post('AuditEvent', event(space.id));
  const { json: found } = await space.me.get(`AuditEvent?entity=AuditEvent/${json.id}`);
  expect(found.entry[0].resource).toMatchObject({ action: 'C', subtype: [{ code: 'create' }] });
});

it('who is named in it as its author is given nothing by that', async () => {
  const space = await Space.of(carnet);
  await space.says(permits('Practitioner/demo-gp'));
  const { json } = await depositor().post('AuditEvent', event(space.id));
  expect((await carnet.as('gp').get(`AuditEvent/${json.id}`)).status).toBe(404);
  expect(await total(carnet.as('gp'), `AuditEvent?patient=${space.id}&_tag=${TAG}`)).toBe(0);
  expect(await total(space.me, `AuditEvent?patient=${space.id}&address=198.51.100.9`)).toBe(0);
});

it('it can’t claim to be this server’s', async () => {
  const space = await Space.of(carnet);
  for (const observer of [
    { display: carnet.base },
    { reference: `${carnet.base}/Device/x` },
    { identifier: { value: carnet.base } },
  ]) {
    const { status } = await depositor().post('AuditEvent', event(space.id, { source: { observer } }));
    expect(status).toBe(422);
  }
  const tag = [{ system: 'https://carnet.example/fhir/CodeSystem/trace-origin', code: 'own' }];
  const { json } = await depositor().post('AuditEvent', event(space.id, { meta: { tag } }));
  expect(json.meta.tag.map(({ code }: { code: string }) => code)).toEqual(['deposited']);
});

it.each<[string, Parameters<typeof depositor>, number]>([
  ['a system without the scope of its own', ['system/*.cruds'], 403],
  ['a system that may only read them', ['system/AuditEvent.rs'], 403],
  ['a professional', ['user/AuditEvent.crs', 'gp'], 403],
  ['the patient', ['patient/AuditEvent.crs', 'patient'], 403],
])('%s deposits none', async (_, who, status) => {
  const space = await Space.of(carnet);
  expect((await depositor(...who).post('AuditEvent', event(space.id))).status).toBe(status);
  expect(await total(space.me, `AuditEvent?patient=${space.id}&_tag=${TAG}`)).toBe(0);
});

it('it is validated as any resource', async () => {
  const space = await Space.of(carnet);
  const { source: _, ...without } = event(space.id);
  expect((await depositor().post('AuditEvent', without)).status).toBe(400);
  expect((await depositor().post('AuditEvent', event(space.id, { outcome: 'x' }))).status).toBe(422);
});

it('it is deposited in a batch and a transaction too, and by no other interaction', async () => {
  const space = await Space.of(carnet);
  const client = depositor('system/AuditEvent.cruds');
  for (const type of ['batch', 'transaction']) {
    const entry = [{ resource: event(space.id), request: { method: 'POST', url: 'AuditEvent' } }];
    const { json, text } = await client.post('', { resourceType: 'Bundle', type, entry });
    expect([json.entry?.[0].response.status.slice(0, 3), text]).toEqual(['201', text]);
  }
  const { json: made } = await client.post('AuditEvent', event(space.id));
  const path = `AuditEvent/${made.id}`;
  const refusals = [
    await client.put(path, { ...event(space.id), id: made.id }),
    await client.patch(path, [{ op: 'replace', path: '/outcome', value: '4' }]),
    await client.delete(path),
    await client.delete(`AuditEvent?_id=${made.id}`),
    await client.put('AuditEvent/hospital-1', { ...event(space.id), id: 'hospital-1' }),
    await client.put(`AuditEvent?_id=${made.id}`, { ...event(space.id), id: made.id }),
  ];
  for (const { status } of refusals) expect([403, 405]).toContain(status);
  expect((await space.me.get(path)).json).toEqual(made);
  expect(await total(space.me, `AuditEvent?patient=${space.id}&_tag=${TAG}`)).toBe(3);
});
