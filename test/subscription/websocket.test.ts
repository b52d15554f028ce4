/** Subscriptions by websocket and by e-mail, with a real client and a real SMTP server. */
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { WebSocket } from 'ws';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { type Mailbox, mailbox, mailing } from '../notice/support/mailbox.ts';
import { people } from '../notice/support/world.ts';
import { byCriteria, byTopic, depositing, read, until } from './support/endpoint.ts';

let carnet: TestServer;
let box: Mailbox;
const open: WebSocket[] = [];

beforeAll(async () => {
  box = await mailbox();
  carnet = await testServer(import.meta.url, {
    noticesEvery: 30,
    mail: mailing(box),
  });
  await putAll(carnet.as('all'), people(2));
});
afterEach(() => open.splice(0).forEach((each) => each.terminate()));
afterAll(async () => {
  await carnet?.close();
  await box?.stop();
});

const deposit = depositing(() => carnet);
const subscribe = async (resource: object): Promise<string> => {
  const { status, json, text } = await carnet.as('hospital').post('Subscription', resource);
  if (status !== 201) throw new Error(text);
  return json.id;
};
const tokenFor = async (id: string): Promise<{ token: string; url: string }> => {
  const { json } = await carnet.as('hospital').get(`Subscription/${id}/$get-ws-binding-token`);
  const valueOf = (name: string) => json.parameter.find((each: { name: string }) => each.name === name);
  return { token: valueOf('token').valueString, url: valueOf('websocket-url').valueUrl };
};

interface Connected {
  messages: string[];
  closed: () => number | undefined;
  socket: WebSocket;
}

async function connect(url: string, first: string): Promise<Connected> {
  const socket = new WebSocket(url);
  open.push(socket);
  const messages: string[] = [];
  let code: number | undefined;
  socket.on('message', (data: Buffer) => messages.push(data.toString()));
  socket.on('close', (with_: number) => (code = with_));
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  socket.send(first);
  return { messages, closed: () => code, socket };
}

const websocket = { type: 'websocket', endpoint: undefined };

test('who binds a connection is told of each event, and after an absence of what they missed, in order', async () => {
  const id = await subscribe(byTopic(websocket, { content: 'full-resource' }));
  const { token, url } = await tokenFor(id);
  const first = await connect(url, `bind-with-token ${token}`);
  await until(() => first.messages.length >= 2);
  expect(first.messages[0]).toBe(`bound ${id}`);
  expect(read(first.messages[1]!)).toMatchObject({ type: 'handshake', count: 0 });
  const a = await deposit('a');
  await until(() => first.messages.length >= 3);
  expect(read(first.messages[2]!)).toMatchObject({
    type: 'event-notification',
    events: [{ number: 1, focus: a }],
    resources: [{ description: 'a' }],
  });
  first.socket.terminate();
  await sleep(100);
  const missed = [await deposit('b'), await deposit('c')];
  const again = await tokenFor(id);
  const second = await connect(again.url, `bind-with-token ${again.token}`);
  await until(() => second.messages.length > 1 && read(second.messages.at(-1)!).count === 3);
  const events = second.messages.slice(1).flatMap((text) => read(text).events);
  expect(events).toEqual(missed.map((focus, n) => ({ number: n + 2, focus })));
  await carnet.as('hospital').delete(`Subscription/${id}`);
});

test('without a topic the message is a ping', async () => {
  const id = await subscribe(
    byCriteria('', 'DocumentReference?patient=n-1', {
      ...websocket,
      payload: undefined,
      endpoint: undefined,
    }),
  );
  const { token, url } = await tokenFor(id);
  const { messages } = await connect(url, `bind-with-token ${token}`);
  await until(async () => (await carnet.as('hospital').get(`Subscription/${id}`)).json.status === 'active');
  await deposit('d');
  await until(() => messages.length > 1);
  expect(messages).toEqual([`bound ${id}`, `ping ${id}`]);
  await carnet.as('hospital').delete(`Subscription/${id}`);
});

test('a token binds once, and nothing else binds', async () => {
  const id = await subscribe(byTopic(websocket));
  const { token, url } = await tokenFor(id);
  const first = await connect(url, `bind-with-token ${token}`);
  await until(() => first.messages.length > 0);
  await sleep(200);
  for (const first of [`bind-with-token ${token}`, `bind ${id}`, `bind-with-token ${'A'.repeat(43)}`, '{}']) {
    const other = await connect(url, first);
    await until(() => other.closed() !== undefined);
    expect([first, other.closed(), other.messages]).toEqual([first, 1008, []]);
  }
  const huge = await connect(url, 'x'.repeat(5_000));
  await until(() => huge.closed() !== undefined);
  expect(huge.closed()).toBe(1009);
  await carnet.as('hospital').delete(`Subscription/${id}`);
});

test('a connection elsewhere is refused', async () => {
  const address = carnet.base.replace(/^http/, 'ws');
  for (const path of ['', '/websocket/x', '/Patient', '/../websocket'])
    await expect(connect(`${address}${path}`, '')).rejects.toThrow('404');
});

test.each(['GET', 'POST'])(
  'a %s that offers another protocol is answered as if it didn’t',
  async (method) => {
    const body = JSON.stringify({ resourceType: 'DocumentReference', status: 'current', content: [] });
    const { port } = new URL(carnet.base);
    const path =
      method === 'GET' ? '/fhir/DocumentReference?patient=n-1' : '/fhir/DocumentReference/$validate';
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    for (let n = 0; n < 3; n += 1) {
      const status = await new Promise((resolve, reject) => {
        const sent = request({
          agent,
          port,
          path,
          method,
          headers: {
            authorization: `Bearer ${carnet.token('hospital')}`,
            connection: 'Upgrade, HTTP2-Settings',
            upgrade: 'h2c',
            'http2-settings': 'AAEAAEAAAAIAAAAAAAMAAAAAAAQBAAAAAAUAAEAAAAYABgAA',
            ...(method === 'GET'
              ? {}
              : { 'content-type': 'application/fhir+json', 'content-length': body.length }),
          },
        });
        sent.on('error', reject);
        sent.on('response', (answer) => {
          answer.resume();
          answer.on('end', () => resolve(answer.statusCode));
        });
        sent.write('');
        // the body comes apart from the head
        setTimeout(() => sent.end(method === 'GET' ? undefined : body), 20);
      });
      expect(status).toBe(200);
    }
    agent.destroy();
  },
);

test('the token of another’s Subscription is not to be had', async () => {
  const id = await subscribe(byTopic(websocket));
  for (const like of ['gp', 'patient', 'lab'] as const) {
    const reply = await carnet.as(like).get(`Subscription/${id}/$get-ws-binding-token`);
    expect([like, reply.status]).toEqual([like, 404]);
  }
  await carnet.as('hospital').delete(`Subscription/${id}`);
});

test('$events tells again what was told, and of no more than was asked for', async () => {
  const id = await subscribe(byTopic(websocket, { content: 'id-only' }));
  const { token, url } = await tokenFor(id);
  const { messages } = await connect(url, `bind-with-token ${token}`);
  await until(() => messages.length > 1);
  const ids = [await deposit('e'), await deposit('f'), await deposit('g')];
  await until(() => read(messages.at(-1)!).count === 3);
  const hospital = carnet.as('hospital');
  const all = await hospital.get(`Subscription/${id}/$events`);
  expect(read(all.text)).toMatchObject({
    type: 'query-event',
    count: 3,
    events: ids.map((focus, n) => ({ number: n + 1, focus })),
  });
  const some = await hospital.get(
    `Subscription/${id}/$events?eventsSinceNumber=2&eventsUntilNumber=2&content=empty`,
  );
  expect(read(some.text).events).toEqual([{ number: 2 }]);
  expect((await hospital.get(`Subscription/${id}/$events?content=full-resource`)).status).toBe(400);
  const narrow = carnet.as({ token: carnet.tokenFor({ scope: 'system/Subscription.cruds' }, 'hospital') });
  expect((await narrow.get(`Subscription/${id}/$events`)).status).toBe(403);
  const status = await hospital.get(`Subscription/${id}/$status`);
  expect(status.json).toMatchObject({ type: 'searchset', total: 1 });
  expect(status.text).toContain('query-status');
  await hospital.delete(`Subscription/${id}`);
});

test('an e-mail says that something is new, and not what', async () => {
  const id = await subscribe(
    byCriteria('mailto:records@hospital.example', 'DocumentReference?patient=n-1', {
      type: 'email',
      payload: undefined,
    }),
  );
  await until(async () => (await carnet.as('hospital').get(`Subscription/${id}`)).json.status === 'active');
  box.letters.length = 0;
  const told = await deposit('very secret');
  const letter = await until(() => box.letters.find(({ to }) => to.includes('records@hospital.example')));
  for (const secret of [told, 'very secret', 'n-1', 'DocumentReference', id])
    expect(letter.raw).not.toContain(secret);
  const full = byTopic({ type: 'email', endpoint: 'mailto:a@b.example' }, { content: 'id-only' });
  const refused = await carnet.as('hospital').post('Subscription', full);
  expect([refused.status, refused.text]).toEqual([422, expect.stringContaining('no content')]);
  const beating = byTopic(
    { type: 'email', endpoint: 'mailto:a@b.example' },
    { content: 'empty', extension: [['heartbeat-period', { valueUnsignedInt: 10 }]] },
  );
  expect((await carnet.as('hospital').post('Subscription', beating)).text).toContain('no heartbeat');
  await carnet.as('hospital').delete(`Subscription/${id}`);
});

test('by e-mail many events are one, none comes for a handshake, and the next no sooner than in ten minutes', async () => {
  const hospital = carnet.as('hospital');
  const asked = byTopic({ type: 'email', endpoint: 'mailto:many@hospital.example' }, { content: 'empty' });
  const client = await MongoClient.connect(carnet.database.uri, { readConcernLevel: 'majority' });
  const subscriptions = client.db(carnet.database.dbName).collection('subscriptions');
  const letters = () => box.letters.filter(({ to }) => to.includes('many@hospital.example')).length;
  const countOf = async (id: string): Promise<number> =>
    read(JSON.stringify({ entry: (await hospital.get(`Subscription/${id}/$status`)).json.entry })).count;
  box.letters.length = 0;
  const id = await subscribe(asked);
  const isActive = async () => (await hospital.get(`Subscription/${id}`)).json.status === 'active';
  await until(isActive);
  expect(letters()).toBe(0);
  const three = Array.from({ length: 3 }, (_, n) => deposit(`${n}`));
  await Promise.all(three);
  await until(async () => letters() > 0);
  await deposit('later');
  // written anew it is no sooner either
  expect((await hospital.put(`Subscription/${id}`, { ...asked, id })).status).toBe(200);
  await until(isActive);
  await sleep(500);
  expect(letters()).toBe(1);
  await subscriptions.updateOne({ _id: id as never }, { $inc: { sent: -600_000 } });
  await until(() => letters() === 2);
  await until(async () => (await countOf(id)) === 4);
  await hospital.delete(`Subscription/${id}`);
  await client.close();
});

test('an app of patients subscribes by no e-mail, which could go to anybody', async () => {
  const token = carnet.tokenFor({ scope: 'patient/*.rs patient/Subscription.cruds' }, 'app');
  const mail = byCriteria('mailto:a@b.example', 'Flag?', { type: 'email', payload: undefined });
  const { status, text } = await carnet.as({ token }).post('Subscription', mail);
  expect([status, text]).toEqual([403, expect.stringContaining('not by e-mail')]);
});
