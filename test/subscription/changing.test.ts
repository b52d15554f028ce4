/** What becomes readable, and what is deleted: who may know of it is told, nobody else, and the numbers have no gap. */
import { setTimeout as sleep } from 'node:timers/promises';
import { mailbox, mailing, type Mailbox } from '../notice/support/mailbox.ts';
import { people, permitting, visibility } from '../notice/support/world.ts';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { type Endpoint, byCriteria, byTopic, endpoint, read, until } from './support/endpoint.ts';

let carnet: TestServer;
let hook: Endpoint;
let box: Mailbox;

beforeAll(async () => {
  [hook, box] = [await endpoint(), await mailbox()];
  carnet = await testServer(import.meta.url, {
    noticesEvery: 30,
    subscriptionHosts: [hook.host],
    mail: mailing(box),
  });
  await putAll(carnet.as('all'), people(4));
  for (const of of ['n-1', 'n-2', 'n-3'])
    await carnet.as('all').post('Consent', permitting(of, 'Practitioner/demo-emergency'));
});
afterAll(async () => {
  await carnet?.close();
  await hook?.stop();
  await box?.stop();
});

const subscriber = () => carnet.as('emergency');
const masked = [{ coding: [visibility('MASQUE_PS')] }];
const document = (patient: string, description: string, more: object = {}) => ({
  resourceType: 'DocumentReference',
  status: 'current',
  description,
  type: { coding: [{ system: 'http://loinc.org', code: '11502-2' }] },
  subject: { reference: `Patient/${patient}` },
  content: [{ attachment: { contentType: 'text/plain' } }],
  ...more,
});
const deposit = async (...args: Parameters<typeof document>): Promise<{ id: string }> => {
  const { status, json, text } = await carnet.as('hospital').post('DocumentReference', document(...args));
  if (status !== 201) throw new Error(text);
  return json;
};
const patient = (of: string) =>
  carnet.as({ token: carnet.tokenFor({ reference: `Patient/${of}`, related: [] }, 'patient') });

async function subscribed(resource: object): Promise<string> {
  hook.sent.length = 0;
  const { json, text } = await subscriber().post('Subscription', resource);
  if (json.id === undefined) throw new Error(text);
  await until(async () => (await subscriber().get(`Subscription/${json.id}`)).json.status === 'active');
  return json.id;
}
const events = () =>
  hook.sent.flatMap(({ text }) => {
    const { entry } = JSON.parse(text) as { entry: { request: { method: string; url: string } }[] };
    return read(text).events.map(({ number }, at) => ({ number, ...entry[at + 1]!.request }));
  });

test('a document that is unmasked is told of, as a new one; while it was masked nothing was', async () => {
  const id = await subscribed(byTopic({ endpoint: hook.url }, { filter: 'patient=n-1' }));
  const hidden = await deposit('n-1', 'masked', { securityLabel: masked });
  const shown = await deposit('n-1', 'plain');
  await until(() => events().length === 1);
  const { securityLabel: _, ...open } = (await patient('n-1').get(`DocumentReference/${hidden.id}`)).json;
  expect((await patient('n-1').put(`DocumentReference/${hidden.id}`, open)).status).toBe(200);
  await until(() => events().length === 2);
  expect(events()).toEqual([
    { number: 1, method: 'POST', url: 'DocumentReference' },
    { number: 2, method: 'POST', url: 'DocumentReference' },
  ]);
  // masked again, it is no more to be had again either
  expect(
    (await patient('n-1').put(`DocumentReference/${hidden.id}`, { ...open, securityLabel: masked })).status,
  ).toBe(200);
  const again = await subscriber().get(`Subscription/${id}/$events`);
  expect(read(again.text).events).toEqual([{ number: 1, focus: shown.id }]);
  expect(again.text).not.toContain(hidden.id);
  await subscriber().delete(`Subscription/${id}`);
});

test('a Consent that opens what is older is no event: a new version is', async () => {
  const { id: old } = await deposit('n-4', 'older');
  const id = await subscribed(byTopic({ endpoint: hook.url }, { filter: 'patient=n-4' }));
  await carnet.as('all').post('Consent', permitting('n-4', 'Practitioner/demo-emergency'));
  const { id: later } = await deposit('n-4', 'later');
  await until(() => events().length === 1);
  await sleep(200);
  expect(hook.sent.flatMap(({ text }) => read(text).events.map(({ focus }) => focus))).toEqual([later]);
  expect((await subscriber().get(`DocumentReference/${old}`)).status).toBe(200);
  await subscriber().delete(`Subscription/${id}`);
});

test('by topic a deletion is told, without what was deleted, to whom the deleted was open and fitted the filter', async () => {
  const asked = { content: 'full-resource', filter: 'patient=n-2&description=one' };
  const id = await subscribed(byTopic({ endpoint: hook.url }, asked));
  const one = await deposit('n-2', 'one');
  const other = await deposit('n-2', 'other');
  const hidden = await deposit('n-2', 'one', { securityLabel: masked });
  const last = await deposit('n-2', 'one');
  await until(() => events().length === 2);
  for (const each of [hidden, other, one, last])
    expect((await carnet.as('hospital').delete(`DocumentReference/${each.id}`)).status).toBe(204);
  await until(() => events().length === 4);
  expect(events()).toEqual([
    { number: 1, method: 'POST', url: 'DocumentReference' },
    { number: 2, method: 'POST', url: 'DocumentReference' },
    { number: 3, method: 'DELETE', url: `DocumentReference/${one.id}` },
    { number: 4, method: 'DELETE', url: `DocumentReference/${last.id}` },
  ]);
  expect(hook.sent.slice(-1).flatMap(({ text }) => read(text).resources)).toEqual([]);
  const all = hook.sent.map(({ text }) => text).join();
  for (const { id: untold } of [hidden, other]) expect(all).not.toContain(untold);
  await subscriber().delete(`Subscription/${id}`);
});

test('by criteria no deletion is told', async () => {
  const id = await subscribed(byCriteria(hook.url, 'DocumentReference?patient=n-3', { payload: undefined }));
  const one = await deposit('n-3', 'one');
  await until(() => hook.sent.length === 1);
  await carnet.as('hospital').delete(`DocumentReference/${one.id}`);
  await deposit('n-3', 'two');
  await until(() => hook.sent.length === 2);
  await sleep(200);
  expect(hook.sent).toHaveLength(2);
  await subscriber().delete(`Subscription/${id}`);
});

test.each([
  ['en-GB', 'Hello,'],
  ['fr', 'Bonjour,'],
  [undefined, 'Bonjour,'],
])('an e-mail to a subscriber who writes in %s says it so', async (language, subject) => {
  const id = await subscribed({
    ...byCriteria('mailto:ward@hospital.example', 'DocumentReference?patient=n-3', {
      type: 'email',
      payload: undefined,
    }),
    ...(language === undefined ? {} : { language }),
  });
  box.letters.length = 0;
  await deposit('n-3', 'one');
  const letter = await until(() => box.letters.find(({ to }) => to.includes('ward@hospital.example')));
  expect(letter.raw).toContain(subject);
  await subscriber().delete(`Subscription/${id}`);
});
