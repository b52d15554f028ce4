/** Subscriptions by rest-hook, end to end: a real endpoint that comes and goes. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { blocking, people, permitting, visibility } from '../notice/support/world.ts';
import { type Endpoint, byCriteria, byTopic, endpoint, read, until } from './support/endpoint.ts';
import { faults } from '../audit/support/balp.ts';

let hook: Endpoint;
let other: Endpoint;
let carnet: TestServer;

beforeAll(async () => {
  [hook, other] = [await endpoint(), await endpoint()];
  carnet = await testServer(import.meta.url, {
    noticesEvery: 30,
    subscriptionHosts: [hook.host, other.host],
  });
  await putAll(carnet.as('all'), people());
  for (let n = 1; n <= 8; n += 1)
    await carnet.as('all').post('Consent', permitting(`n-${n}`, 'Practitioner/demo-emergency'));
});
afterAll(async () => {
  await carnet?.close();
  await hook?.stop();
  await other?.stop();
});

afterEach(async () => {
  for (const id of made.splice(0)) await drop(id);
  for (const each of [hook, other]) {
    await each.stop();
    await each.start();
    Object.assign(each, { status: 200, silent: false, location: undefined });
    each.sent.length = 0;
  }
});
const made: string[] = [];

const document = (patient: string, text: string, labels: object[] = []) => ({
  resourceType: 'DocumentReference',
  status: 'current',
  description: text,
  type: { coding: [{ system: 'http://loinc.org', code: '11502-2' }] },
  subject: { reference: `Patient/${patient}` },
  content: [{ attachment: { contentType: 'text/plain' } }],
  ...(labels.length === 0 ? {} : { securityLabel: labels.map((coding) => ({ coding: [coding] })) }),
});
const deposit = async (...args: Parameters<typeof document>): Promise<string> => {
  const { status, json, text } = await carnet.as('hospital').post('DocumentReference', document(...args));
  if (status !== 201) throw new Error(text);
  return json.id;
};
const subscribe = async (resource: object): Promise<string> => {
  const { status, json, text } = await carnet.as('emergency').post('Subscription', resource);
  if (status !== 201) throw new Error(text);
  made.push(json.id);
  return json.id;
};
const statusOf = async (id: string) => (await carnet.as('emergency').get(`Subscription/${id}`)).json.status;
const active = (id: string) => until(async () => (await statusOf(id)) === 'active');
const drop = (id: string) => carnet.as('emergency').delete(`Subscription/${id}`);

test('a resource that meets the criteria is written to the endpoint, with the headers', async () => {
  const header = ['Authorization: Bearer of-the-subscriber'];
  const id = await subscribe(
    byCriteria(hook.url, 'DocumentReference?patient=n-1&status=current', { header }),
  );
  await active(id);
  const [, mine] = [await deposit('n-2', 'of another'), await deposit('n-1', 'one')];
  const got = await until(() => hook.sent.find(({ path }) => path.endsWith(mine)));
  expect(got).toMatchObject({ method: 'PUT', path: `/hook/DocumentReference/${mine}` });
  expect(got.headers).toMatchObject({
    authorization: 'Bearer of-the-subscriber',
    'content-type': 'application/fhir+json; charset=utf-8',
  });
  expect(JSON.parse(got.text)).toMatchObject({ id: mine, description: 'one' });
  expect(hook.sent).toHaveLength(1);
});

test('without a payload the endpoint learns only that something is there', async () => {
  const id = await subscribe(byCriteria(hook.url, 'DocumentReference?patient=n-1', { payload: undefined }));
  await active(id);
  await deposit('n-1', 'one');
  const got = await until(() => hook.sent[0]);
  expect(got).toMatchObject({ method: 'POST', path: '/hook', text: '' });
});

test('a topic is shaken hands on, then told in order, each event with its number', async () => {
  const asked = { content: 'full-resource', filter: 'DocumentReference?patient=n-3' };
  const id = await subscribe(byTopic({ endpoint: hook.url }, asked));
  await active(id);
  expect(hook.sent.map(({ text }) => read(text))).toEqual([
    { type: 'handshake', status: 'requested', count: 0, events: [], resources: [] },
  ]);
  const ids = [await deposit('n-3', 'a'), await deposit('n-3', 'b'), await deposit('n-3', 'c')];
  await deposit('n-2', 'of another');
  await until(() => hook.sent.length > 1 && read(hook.sent.at(-1)!.text).count === 3);
  const told = hook.sent.slice(1).map(({ text }) => read(text));
  expect(told.flatMap(({ events }) => events)).toEqual(ids.map((focus, n) => ({ number: n + 1, focus })));
  expect(told.flatMap(({ resources }) => resources.map(({ description }) => description))).toEqual([
    'a',
    'b',
    'c',
  ]);
});

test('an endpoint that was away gets everything in order, and delays no other', async () => {
  const asked = { filter: 'patient=n-4' };
  const [id, quick] = [
    await subscribe(byTopic({ endpoint: hook.url }, asked)),
    await subscribe(byTopic({ endpoint: other.url }, asked)),
  ];
  await active(id);
  await active(quick);
  await hook.stop();
  const ids = [await deposit('n-4', 'a'), await deposit('n-4', 'b'), await deposit('n-4', 'c')];
  await until(() => other.sent.length > 1 && read(other.sent.at(-1)!.text).count === 3);
  await hook.start();
  // written again, it is tried at once
  await carnet.as('emergency').put(`Subscription/${id}`, { ...byTopic({ endpoint: hook.url }, asked), id });
  await until(() => hook.sent.length > 2 && read(hook.sent.at(-1)!.text).count === 3);
  const told = hook.sent.slice(1).map(({ text }) => read(text));
  expect(told.flatMap(({ events }) => events)).toEqual(ids.map((focus, n) => ({ number: n + 1, focus })));
});

test('what is taken back between event and delivery is not sent, and leaves no gap in the numbers', async () => {
  const id = await subscribe(byTopic({ endpoint: hook.url }));
  await active(id);
  await hook.stop();
  await deposit('n-5', 'taken back');
  const masked = await deposit('n-6', 'masked');
  const kept = await deposit('n-7', 'kept');
  await sleep(300);
  await carnet.as('all').post('Consent', blocking('n-5', 'Practitioner/demo-emergency'));
  const own = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/n-6', related: [] }, 'patient') });
  const add = { name: 'meta', valueMeta: { security: [visibility('MASQUE_PS')] } };
  const meta = { resourceType: 'Parameters', parameter: [add] };
  expect((await own.post(`DocumentReference/${masked}/$meta-add`, meta)).status).toBe(200);
  await hook.start();
  await carnet.as('emergency').put(`Subscription/${id}`, { ...byTopic({ endpoint: hook.url }), id });
  await until(() => hook.sent.length > 1 && read(hook.sent.at(-1)!.text).count > 0);
  await sleep(300);
  const told = hook.sent.slice(1).map(({ text }) => read(text));
  expect(told.flatMap(({ events }) => events)).toEqual([{ number: 1, focus: kept }]);
});

test('an answer that was lost is told again, with its number', async () => {
  const extension: [string, object][] = [['timeout', { valueUnsignedInt: 1 }]];
  const resource = byTopic({ endpoint: hook.url }, { filter: 'patient=n-8', extension });
  const id = await subscribe(resource);
  await active(id);
  hook.silent = true;
  const first = await deposit('n-8', 'a');
  await until(() => hook.sent.length === 2);
  await until(async () =>
    (await carnet.as('emergency').get(`Subscription/${id}/$status`)).text.includes('did not answer'),
  );
  hook.silent = false;
  const second = await deposit('n-8', 'b');
  await carnet.as('emergency').put(`Subscription/${id}`, { ...resource, id });
  await until(() => hook.sent.length > 3 && read(hook.sent.at(-1)!.text).count === 2);
  const told = hook.sent.map(({ text }) => read(text)).filter(({ type }) => type === 'event-notification');
  expect(told.flatMap(({ events }) => events)).toEqual([
    { number: 1, focus: first },
    { number: 1, focus: first },
    { number: 2, focus: second },
  ]);
});

test('a redirect is not followed, and one that is gone for good ends it', async () => {
  hook.status = 307;
  hook.location = other.url;
  const id = await subscribe(byTopic({ endpoint: hook.url }));
  await until(() => hook.sent.length === 1);
  await until(async () =>
    (await carnet.as('emergency').get(`Subscription/${id}/$status`)).text.includes('answered 307'),
  );
  hook.status = 410;
  hook.location = undefined;
  await carnet.as('emergency').put(`Subscription/${id}`, { ...byTopic({ endpoint: hook.url }), id });
  await until(async () => (await statusOf(id)) === 'error');
  expect(other.sent).toEqual([]);
  expect((await carnet.as('emergency').get(`Subscription/${id}`)).json.error).toBe(
    'the endpoint answered 410',
  );
});

test('each delivery with data leaves a trace of the subscriber, with the patient alone', async () => {
  const id = await subscribe(byTopic({ endpoint: hook.url }, { filter: 'patient=n-1' }));
  await active(id);
  const told = await deposit('n-1', 'traced');
  await until(() => hook.sent.length > 1);
  const { json } = await carnet
    .as('all')
    .get(`AuditEvent?patient=n-1&agent=Practitioner/demo-emergency&_count=1000`);
  const trace = json.entry.find(({ resource }: { resource: unknown }) =>
    JSON.stringify(resource).includes(told),
  ).resource;
  expect(faults(trace, trace.meta.profile[0])).toEqual([]);
  expect(trace.meta.profile[0]).toMatch(/IHE\.BasicAudit\.PrivacyDisclosure\.Source$/);
  expect(trace).toMatchObject({
    outcome: '0',
    agent: expect.arrayContaining([expect.objectContaining({ requestor: true })]),
  });
  expect(JSON.stringify(trace)).toContain(Buffer.from(`Subscription/${id}/$events`).toString('base64'));
});
