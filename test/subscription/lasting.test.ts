/** Nothing is lost and nothing is told twice: servers that stop, are killed, or are two. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { people } from '../notice/support/world.ts';
import { type Endpoint, byTopic, depositing, endpoint, read, until } from './support/endpoint.ts';

let hook: Endpoint;
let quiet: TestServer;
const options = () => ({ noticesEvery: 30, subscriptionHosts: [hook.host] });

beforeAll(async () => {
  hook = await endpoint();
  // takes writes, and tells nobody
  quiet = await testServer(import.meta.url, { subscriptionHosts: [hook.host] });
  await putAll(quiet.as('all'), people(1));
});
afterAll(async () => {
  await quiet?.close();
  await hook?.stop();
});

const deposit = depositing(() => quiet);
const another = (): Promise<TestServer> => testServer(import.meta.url, { ...options(), like: quiet });
const asked = { extension: [['timeout', { valueUnsignedInt: 1 }]] as [string, object][] };
const subscribe = async (): Promise<string> =>
  (await quiet.as('hospital').post('Subscription', byTopic({ endpoint: hook.url }, asked))).json.id;
const told = () =>
  hook.sent.map(({ text }) => read(text)).filter(({ type }) => type === 'event-notification');
const events = () => told().flatMap((each) => each.events);

test('what came while no server delivered is told by the next, in order', async () => {
  hook.sent.length = 0;
  const id = await subscribe();
  const before = [await deposit('a'), await deposit('b')];
  const first = await another();
  await until(() => events().length === 2);
  await first.close();
  const after = [await deposit('c'), await deposit('d')];
  const second = await another();
  await until(() => events().length === 4);
  await sleep(200);
  await second.close();
  expect(events()).toEqual([...before, ...after].map((focus, n) => ({ number: n + 1, focus })));
  await quiet.as('hospital').delete(`Subscription/${id}`);
});

test('two servers tell each event once', async () => {
  hook.sent.length = 0;
  const id = await subscribe();
  const both = [await another(), await another()];
  await until(() => hook.sent.length > 0);
  const ids: string[] = [];
  for (let n = 0; n < 20; n += 1) ids.push(await deposit(`${n}`));
  await until(() => events().length >= 20);
  await sleep(300);
  for (const each of both) await each.close();
  expect(events()).toEqual(ids.map((focus, n) => ({ number: n + 1, focus })));
  expect(hook.sent.map(({ text }) => read(text).type).filter((type) => type === 'handshake')).toHaveLength(1);
  await quiet.as('hospital').delete(`Subscription/${id}`);
});

test('what a killed server had begun is told again with its number, when its lease is over', async () => {
  hook.sent.length = 0;
  const id = await subscribe();
  const first = await another();
  await until(async () => (await quiet.as('hospital').get(`Subscription/${id}`)).json.status === 'active');
  hook.silent = true;
  const begun = await deposit('begun');
  await until(() => events().length === 1);
  // what a kill leaves: a claim that nobody gives back, and an event that has its number
  const client = await MongoClient.connect(quiet.database.uri, { readConcernLevel: 'majority' });
  const subscriptions = client.db(quiet.database.dbName).collection('subscriptions');
  await subscriptions.updateOne(
    { _id: id as never },
    { $set: { claim: 'of the dead', until: Date.now() + 2_000, next: 0 } },
  );
  await first.close();
  hook.silent = false;
  const after = await deposit('after');
  const second = await another();
  await sleep(500);
  expect(events()).toHaveLength(1);
  await until(() => events().length === 3);
  await second.close();
  await client.close();
  expect(events()).toEqual([
    { number: 1, focus: begun },
    { number: 1, focus: begun },
    { number: 2, focus: after },
  ]);
  await quiet.as('hospital').delete(`Subscription/${id}`);
});

test('a heartbeat comes when nothing else did, and says how many events there were', async () => {
  hook.sent.length = 0;
  const beating = { extension: [['heartbeat-period', { valueUnsignedInt: 10 }]] as [string, object][] };
  const { json } = await quiet
    .as('hospital')
    .post('Subscription', byTopic({ endpoint: hook.url }, { ...beating }));
  const server = await another();
  await until(() => hook.sent.length === 1);
  await deposit('a');
  await until(() => events().length === 1);
  const since = Date.now();
  const beat = await until(() => hook.sent.find(({ text }) => read(text).type === 'heartbeat'));
  expect(Date.now() - since).toBeGreaterThan(8_000);
  expect(read(beat.text)).toMatchObject({ status: 'active', count: 1, events: [] });
  await server.close();
  await quiet.as('hospital').delete(`Subscription/${json.id}`);
});

test('at its end it is off', async () => {
  const end = new Date(Date.now() + 1_500).toISOString();
  const { json } = await quiet
    .as('hospital')
    .post('Subscription', { ...byTopic({ endpoint: hook.url }), end });
  const server = await another();
  await until(async () => (await quiet.as('hospital').get(`Subscription/${json.id}`)).json.status === 'off');
  hook.sent.length = 0;
  await deposit('after the end');
  await sleep(300);
  expect(hook.sent).toEqual([]);
  await server.close();
});

test('an endpoint that was away for a day ends it, with the reason, and writing it again goes on', async () => {
  hook.sent.length = 0;
  const id = await subscribe();
  const resourceOf = async () => (await quiet.as('hospital').get(`Subscription/${id}`)).json;
  const server = await another();
  await until(async () => (await resourceOf()).status === 'active');
  await hook.stop();
  const missed = await deposit('missed');
  const client = await MongoClient.connect(quiet.database.uri, { readConcernLevel: 'majority' });
  const subscriptions = client.db(quiet.database.dbName).collection('subscriptions');
  await until(async () => (await subscriptions.findOne({ _id: id as never }))?.tries === 1);
  const set = { failing: Date.now() - 86_400_001, next: 0 };
  await subscriptions.updateOne({ _id: id as never }, { $set: set });
  await until(async () => (await resourceOf()).status === 'error');
  expect((await resourceOf()).error).toBe('the endpoint could not be connected to');
  await hook.start();
  const { error: _, ...resource } = await resourceOf();
  expect((await quiet.as('hospital').put(`Subscription/${id}`, resource)).status).toBe(200);
  await until(() => events().length === 1);
  expect(events()).toEqual([{ number: 1, focus: missed }]);
  expect((await resourceOf()).error).toBeUndefined();
  await server.close();
  await quiet.as('hospital').delete(`Subscription/${id}`);
  await client.close();
});

test('what is written meanwhile is not ended by what the endpoint before answers', async () => {
  const other = await endpoint();
  let answer = (): void => {};
  hook.sent.length = 0;
  hook.status = 410;
  hook.held = new Promise((resolve) => (answer = resolve));
  const server = await testServer(import.meta.url, {
    ...options(),
    subscriptionHosts: [hook.host, other.host],
    like: quiet,
  });
  const hospital = server.as('hospital');
  const { id } = (await hospital.post('Subscription', byTopic({ endpoint: hook.url }))).json;
  await until(() => hook.sent.length === 1);
  const moved = { ...byTopic({ endpoint: other.url }), id };
  expect((await hospital.put(`Subscription/${id}`, moved)).status).toBe(200);
  answer();
  await until(() => other.sent.length === 1);
  await sleep(300);
  expect((await hospital.get(`Subscription/${id}`)).json.status).toBe('active');
  hook.status = 200;
  delete hook.held;
  await hospital.delete(`Subscription/${id}`);
  await server.close();
  await other.stop();
});

test('no number is given twice, and what was begun for other criteria is not told', async () => {
  hook.sent.length = 0;
  const id = await subscribe();
  const server = await another();
  await until(async () => (await quiet.as('hospital').get(`Subscription/${id}`)).json.status === 'active');
  const begin = async (text: string): Promise<void> => {
    hook.silent = true;
    hook.sent.length = 0;
    await deposit(text);
    await until(() => events().length === 1);
  };
  const changed = async (filter: string): Promise<void> => {
    hook.sent.length = 0;
    hook.silent = false;
    const asked = { ...byTopic({ endpoint: hook.url }, { filter }), id };
    expect((await quiet.as('hospital').put(`Subscription/${id}`, asked)).status).toBe(200);
    await until(() => hook.sent.some(({ text }) => read(text).type === 'handshake'));
  };
  await begin('begun');
  expect(events()).toMatchObject([{ number: 1 }]);
  await changed('description=wanted');
  const wanted = await deposit('wanted');
  await until(() => events().length === 1);
  expect(events()).toEqual([{ number: 2, focus: wanted }]);
  await begin('wanted');
  expect(events()).toMatchObject([{ number: 3 }]);
  // what is kept seven days is kept no more
  const client = await MongoClient.connect(quiet.database.uri, { readConcernLevel: 'majority' });
  await client.db(quiet.database.dbName).collection('subscriptionEvents').deleteMany({});
  await changed('description=later');
  const later = await deposit('later');
  await until(() => events().length === 1);
  expect(events()).toEqual([{ number: 4, focus: later }]);
  const status = await quiet.as('hospital').get(`Subscription/${id}/$status`);
  expect(read(JSON.stringify({ entry: status.json.entry })).count).toBe(4);
  await server.close();
  await client.close();
  await quiet.as('hospital').delete(`Subscription/${id}`);
});

test('many rows that hold nothing for it are passed over, and what comes after is told', async () => {
  hook.sent.length = 0;
  const { json } = await quiet
    .as('hospital')
    .post('Subscription', byTopic({ endpoint: hook.url }, { filter: 'description=wanted' }));
  const entry = Array.from({ length: 450 }, (_, n) => ({
    resource: {
      resourceType: 'DocumentReference',
      status: 'current',
      description: `other ${n}`,
      subject: { reference: 'Patient/n-1' },
      content: [{ attachment: { contentType: 'text/plain' } }],
    },
    request: { method: 'POST', url: 'DocumentReference' },
  }));
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry };
  expect((await quiet.as('hospital').post('', bundle)).status).toBe(200);
  const wanted = await deposit('wanted');
  const server = await another();
  await until(() => events().length === 1);
  expect(events()).toEqual([{ number: 1, focus: wanted }]);
  await server.close();
  await quiet.as('hospital').delete(`Subscription/${json.id}`);
});

test('one that was damaged is tried later, and delays no other', async () => {
  hook.sent.length = 0;
  const damaged = await subscribe();
  const id = await subscribe();
  const client = await MongoClient.connect(quiet.database.uri, { readConcernLevel: 'majority' });
  const subscriptions = client.db(quiet.database.dbName).collection('subscriptions');
  const _id = damaged as never;
  await subscriptions.updateOne({ _id }, { $set: { sealed: Buffer.alloc(100) } });
  const server = await another();
  await until(async () => (await subscriptions.findOne({ _id }))?.tries === 1);
  await deposit('after');
  await until(() => told().length > 0);
  expect((await subscriptions.findOne({ _id }))!.next).toBeGreaterThan(Date.now() + 5_000);
  await server.close();
  await client.close();
  for (const each of [damaged, id]) await quiet.as('hospital').delete(`Subscription/${each}`);
});

test('a subscriber has a bounded number of Subscriptions', async () => {
  const lab = quiet.as('lab');
  const entry = Array.from({ length: 201 }, () => ({
    resource: byTopic({ endpoint: hook.url }),
    request: { method: 'POST', url: 'Subscription' },
  }));
  const bundle = (count: number) => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: entry.slice(0, count),
  });
  expect((await lab.post('', bundle(201))).status).toBe(403);
  expect((await lab.post('', bundle(200))).status).toBe(200);
  expect((await lab.post('Subscription', entry[0]!.resource)).text).toContain('up to 200 Subscriptions');
});
