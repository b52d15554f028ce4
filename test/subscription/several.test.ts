/** Several Subscriptions at once: one question for their status, one connection, and a client too slow for them. */
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type Sockets, sockets } from '../../src/http/websocket.ts';
import type { Plan } from '../../src/subscription/plan.ts';
import { type Reply, type TestServer, putAll, testServer } from '../support/server.ts';
import { people } from '../notice/support/world.ts';
import { byTopic, depositing, read, until } from './support/endpoint.ts';

let carnet: TestServer;
const open: WebSocket[] = [];

beforeAll(async () => {
  carnet = await testServer(import.meta.url, { noticesEvery: 30 });
  await putAll(carnet.as('all'), people(2));
});
afterEach(() => open.splice(0).forEach((each) => each.terminate()));
afterAll(() => carnet?.close());

const hospital = () => carnet.as('hospital');
const deposit = depositing(() => carnet);
const websocket = { type: 'websocket', endpoint: undefined };
const subscribe = async (as = hospital()): Promise<string> => {
  const { json, text } = await as.post('Subscription', byTopic(websocket));
  if (json.id === undefined) throw new Error(text);
  return json.id;
};
const idsIn = ({ json }: Reply): string[] =>
  ((json.entry ?? []) as Entry[])
    .map(({ resource: { parameter } }) => parameter.find(({ name }) => name === 'subscription')!)
    .map(({ valueReference }) => valueReference!.reference.split('/').at(-1)!)
    .sort();
interface Entry {
  fullUrl: string;
  resource: { id: string; parameter: { name: string; valueReference?: { reference: string } }[] };
}

test('$status tells of several at once, by id and by state, and of nobody else’s', async () => {
  const mine = [await subscribe(), await subscribe()].sort();
  const app = carnet.as({
    token: carnet.tokenFor({ scope: 'patient/*.rs patient/Subscription.cruds' }, 'app'),
  });
  const theirs = await subscribe(app);
  const [first, second] = mine as [string, string];
  await hospital().put(`Subscription/${second}`, { ...byTopic(websocket), id: second, status: 'off' });
  expect(idsIn(await hospital().get('Subscription/$status'))).toEqual(mine);
  expect(idsIn(await hospital().get(`Subscription/$status?id=${first}&id=${theirs}&id=nobody`))).toEqual([
    first,
  ]);
  expect(idsIn(await hospital().get(`Subscription/$status?id=${first},${second}`))).toEqual(mine);
  expect(idsIn(await hospital().get('Subscription/$status?status=off'))).toEqual([second]);
  const posted = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'id', valueId: first },
      { name: 'id', valueId: second },
      { name: 'status', valueCode: 'requested' },
      { name: 'status', valueCode: 'active' },
    ],
  };
  const reply = await hospital().post('Subscription/$status', posted);
  expect([reply.json.type, reply.json.total, idsIn(reply)]).toEqual(['searchset', 1, [first]]);
  const [{ fullUrl, resource }] = reply.json.entry as [Entry];
  expect(fullUrl).toBe(`urn:uuid:${resource.id}`);
  // of another's nothing can be told from what isn't there
  const [hidden, absent] = [
    await hospital().get(`Subscription/$status?id=${theirs}`),
    await hospital().get('Subscription/$status?id=nobody'),
  ];
  expect([hidden.status, hidden.text]).toEqual([200, absent.text]);
  expect((await hospital().get('Subscription/$status?status=broken')).status).toBe(400);
  for (const id of mine) await hospital().delete(`Subscription/${id}`);
  await app.delete(`Subscription/${theirs}`);
});

test('one token binds several, and each is told on the one connection', async () => {
  const ids = [await subscribe(), await subscribe()];
  for (const [query, status] of [
    [`id=${ids[0]}&id=nobody`, 404],
    ['id=nobody', 404],
    [`id=${ids[0]}&id=${ids[1]}`, 200],
    ['', 200],
  ] as const) {
    const reply = await hospital().get(`Subscription/$get-ws-binding-token?${query}`);
    expect([query, reply.status]).toEqual([query, status]);
  }
  const { json } = await hospital().get(`Subscription/$get-ws-binding-token?id=${ids.join('&id=')}`);
  const values = (json.parameter as { name: string; valueString?: string; valueUrl?: string }[]).filter(
    ({ name }) => name !== 'expiration',
  );
  expect(values.filter(({ name }) => name === 'subscription')).toHaveLength(2);
  const socket = new WebSocket(values.find(({ name }) => name === 'websocket-url')!.valueUrl!);
  open.push(socket);
  const messages: string[] = [];
  socket.on('message', (data: Buffer) => messages.push(data.toString()));
  await new Promise((resolve) => socket.once('open', resolve));
  socket.send(`bind-with-token ${values.find(({ name }) => name === 'token')!.valueString}`);
  const told = () => messages.filter((each) => each.startsWith('{'));
  await until(() => told().length >= 2);
  expect(messages.filter((each) => each.startsWith('bound')).sort()).toEqual(
    ids.map((id) => `bound ${id}`).sort(),
  );
  const document = await deposit('for both');
  await until(() => told().filter((text) => read(text).type === 'event-notification').length === 2);
  for (const text of told().slice(2)) expect(read(text).events).toEqual([{ number: 1, focus: document }]);
  for (const id of ids) await hospital().delete(`Subscription/${id}`);
});

const WAITING = 256 * 1024;
const MESSAGE = Buffer.alloc(200 * 1024, 'x');

test('a client that doesn’t read is closed before more than a bound waits for it', async () => {
  const server: Server = createServer();
  const ids = Array.from({ length: 200 }, (_, n) => `s-${n}`);
  const ways: Sockets = sockets(server, 'http://localhost/fhir', async () => ids, WAITING);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  try {
    const socket = new WebSocket(`ws://127.0.0.1:${port}/fhir/websocket`);
    open.push(socket);
    await new Promise((resolve) => socket.once('open', resolve));
    socket.send(`bind-with-token ${'t'.repeat(43)}`);
    await until(() => ways.isHere('s-199'));
    socket.pause();
    const plan = { timeout: 5_000 } as Plan;
    const before = process.memoryUsage().external;
    const sent = ids.map(async (id) => {
      const way = await ways.reach(plan, id);
      return way.send({ kind: 'event-notification', subscription: id, body: MESSAGE }).then(
        () => 'taken',
        () => 'refused',
      );
    });
    const ends = (await Promise.allSettled(sent)).map((each) =>
      each.status === 'fulfilled' ? each.value : 'nobody',
    );
    // what the network took before is far less than all of it
    expect(ends.filter((each) => each === 'taken').length).toBeLessThan(60);
    await until(() => !ways.isHere('s-0'));
    expect(process.memoryUsage().external - before).toBeLessThan(ids.length * MESSAGE.length);
    for (const id of ids) await expect(ways.reach(plan, id)).rejects.toThrow('nobody is connected');
  } finally {
    ways.close();
    await sleep(50);
    server.closeAllConnections();
    server.close();
  }
});
