/** Subscriptions that are refused, and why; who may subscribe, and who may look at a Subscription. */
import { type TestServer, testServer } from '../support/server.ts';
import { hostIn } from '../../src/subscription/hosts.ts';
import { TOPIC, byCriteria, byTopic } from './support/endpoint.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url, {
    subscriptionHosts: ['hooks.example.org', 'http://plain.example:9000'].map(hostIn),
  });
});
afterAll(() => carnet?.close());

const HOOK = 'https://hooks.example.org/a';
const criteria = (text: string) => byCriteria(HOOK, text);
const channel = (more: object) => byCriteria(HOOK, 'DocumentReference?', more);
const endpoint = (url: string) => byCriteria(url, 'DocumentReference?status=current');

test.each([
  ['a type that nobody is told of', criteria('AuditEvent?'), 'no type that can be subscribed to'],
  ['Subscriptions themselves', criteria('Subscription?'), 'no type that can be subscribed to'],
  ['a type that is not served', criteria('Claim?'), 'no type that can be subscribed to'],
  ['all types', criteria('*?patient=x'), 'no type that can be subscribed to'],
  ['an unknown parameter', criteria('DocumentReference?nonsense=1'), 'unknown parameter `nonsense`'],
  ['a chain', criteria('DocumentReference?patient.name=x'), 'chains'],
  ['a reverse chain', criteria('Patient?_has:Observation:patient:code=1'), 'chains'],
  ['a list', criteria('DocumentReference?_list=x'), 'chains'],
  ['what shapes an answer', criteria('DocumentReference?_include=*'), 'shapes an answer'],
  ['a page size', criteria('DocumentReference?_count=1'), 'shapes an answer'],
  ['an endless filter', criteria(`DocumentReference?description=${'x'.repeat(2100)}`), 'at most 2000'],
  ['another host', endpoint('https://evil.example/'), 'not one that this server may tell'],
  ['another port', endpoint('https://hooks.example.org:8443/'), 'not one that this server may tell'],
  ['no TLS', endpoint('http://hooks.example.org/'), 'not one that this server may tell'],
  [
    'a host that only ends alike',
    endpoint('https://a.hooks.example.org/'),
    'not one that this server may tell',
  ],
  ['a user in the address', endpoint('https://u:p@hooks.example.org/'), 'without user and fragment'],
  ['a fragment', endpoint('https://hooks.example.org/#a'), 'without user and fragment'],
  ['another protocol', endpoint('file:///etc/passwd'), '`https` address'],
  ['loopback', endpoint('http://127.0.0.1/'), 'not one that this server may tell'],
  ['loopback as a number', endpoint('http://2130706433/'), 'not one that this server may tell'],
  ['loopback in IPv6', endpoint('http://[::1]/'), 'not one that this server may tell'],
  ['metadata of a cloud', endpoint('http://169.254.169.254/'), 'not one that this server may tell'],
  ['two lines in a header', channel({ header: ['X-A: b\r\nHost: c'] }), 'one line'],
  ['a header without a value', channel({ header: ['X-A'] }), 'one line'],
  ['a header of ours', channel({ header: ['Host: a'] }), 'the server'],
  ['a length in a header', channel({ header: ['Content-Length: 1'] }), 'the server'],
  ['too many headers', channel({ header: Array.from({ length: 11 }, (_, n) => `X-${n}: a`) }), 'at most 10'],
  ['another payload', channel({ payload: 'application/fhir+xml' }), 'the payload is'],
  ['a message', channel({ type: 'message' }), 'the channel is one of'],
  ['an SMS', channel({ type: 'sms', endpoint: 'tel:1' }), 'the channel is one of'],
  [
    'an e-mail where none is sent',
    channel({ type: 'email', endpoint: 'mailto:a@b.example' }),
    'no e-mail is sent',
  ],
  ['a websocket elsewhere', channel({ type: 'websocket' }), 'no endpoint'],
  ['an end that is past', { ...criteria('Flag?'), end: '2020-01-01T00:00:00Z' }, 'the end is past'],
  ['another topic', byTopic({ endpoint: HOOK }, { topic: `${TOPIC}s` }), 'is no topic'],
  [
    'a filter of another type',
    byTopic({ endpoint: HOOK }, { filter: 'Observation?patient=x' }),
    'the filter is',
  ],
  ['a content that isn’t one', byTopic({ endpoint: HOOK }, { content: 'all' }), 'the payload needs'],
  [
    'a heartbeat without a pause',
    byTopic({ endpoint: HOOK }, { extension: [['heartbeat-period', { valueUnsignedInt: 1 }]] }),
    'is from 10 to 86400',
  ],
  [
    'an extension that isn’t understood',
    byTopic({ endpoint: HOOK }, { extension: [['else', { valueUnsignedInt: 1 }]] }),
    "doesn't take the extension",
  ],
])('%s is refused', async (_, resource, why) => {
  const { status, text } = await carnet.as('gp').post('Subscription', resource);
  expect([status, text]).toEqual([422, expect.stringContaining(why)]);
});

test('the value of a header is in no error', async () => {
  const { text } = await carnet.as('gp').post('Subscription', channel({ header: ['X-A: secret\nB: c'] }));
  expect(text).not.toContain('secret');
});

test.each([
  ['a patient', 'patient', {}, 403],
  ['an operator', 'operator', { scope: 'user/*.cruds' }, 403],
  ['a professional', 'gp', {}, 201],
  ['a professional in an emergency', 'gp', { purposes: ['BTG'] }, 403],
  [
    'a professional with a token of break-glass',
    'gp',
    { emergency: { patient: 'Patient/x', reason: 'unconscious in the street', since: Date.now() } },
    403,
  ],
  ['a professional without a scope for what is asked', 'gp', { scope: 'user/Subscription.cruds' }, 403],
  [
    'a professional who may read it and not search',
    'gp',
    { scope: 'user/Subscription.cruds user/Flag.r' },
    403,
  ],
  ['a professional without the scope to subscribe', 'gp', { scope: 'user/*.rs' }, 403],
  ['a system', 'hospital', {}, 201],
  ['an app', 'app', { scope: 'patient/*.rs patient/Subscription.cruds' }, 201],
  ['an app that may only read', 'app', {}, 403],
] as const)('%s subscribes: %s %j is %i', async (_, like, changes, wanted) => {
  const token = carnet.tokenFor(changes as object, like);
  const { status, json } = await carnet.as({ token }).post('Subscription', criteria('Flag?'));
  expect(status).toBe(wanted);
  if (status === 201) expect(json.status).toBe('requested');
});

test('a Subscription is its subscriber’s: to others it is absent', async () => {
  const { json } = await carnet.as('gp').post('Subscription', channel({ header: ['Authorization: secret'] }));
  const path = `Subscription/${json.id}`;
  for (const like of ['hospital', 'dentist', 'patient', 'registrar'] as const) {
    const client = carnet.as(like);
    for (const each of [path, `${path}/$status`, `${path}/$events`, `${path}/_history`])
      expect([each, (await client.get(each)).status]).toEqual([each, 404]);
    expect((await client.put(path, { ...json, status: 'off' })).status).toBe(405);
    expect((await client.delete(path)).status).toBe(204);
    expect((await client.get(`Subscription?_id=${json.id}`)).json.total).toBe(0);
  }
  expect((await carnet.as('gp').get(path)).json).toMatchObject({ status: 'requested', id: json.id });
  expect((await carnet.as('all').put(path, json)).status).toBe(403);
  expect((await carnet.as('gp').delete(path)).status).toBe(204);
  expect((await carnet.as('gp').get(`${path}/$status`)).status).toBe(404);
});

test('rights end: no Subscription lasts longer than a month', async () => {
  const { json } = await carnet
    .as('gp')
    .post('Subscription', { ...criteria('Flag?'), end: '2099-01-01T00:00:00Z' });
  expect(Date.parse(json.end) - Date.now()).toBeLessThanOrEqual(31 * 86_400_000);
  const soon = new Date(Date.now() + 3_600_000).toISOString();
  const short = await carnet.as('gp').post('Subscription', { ...criteria('Flag?'), end: soon });
  expect(short.json.end).toBe(soon);
});

test('in a transaction it is refused too, and nothing is written', async () => {
  const entry = [endpoint('https://evil.example/')].map((resource) => ({
    resource,
    request: { method: 'POST', url: 'Subscription' },
  }));
  const reply = await carnet.as('hospital').post('', { resourceType: 'Bundle', type: 'transaction', entry });
  expect(reply.status).toBe(422);
  expect(
    (await carnet.as('hospital').get('Subscription?criteria=DocumentReference?status=current')).json.total,
  ).toBe(0);
});
