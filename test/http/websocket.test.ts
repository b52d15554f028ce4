/** Connections that are nobody's yet: who opens many of them, or asks a lot of one, keeps nobody else out. */
import { createServer, type Server } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocket } from 'ws';
import { type Sockets, sockets } from '../../src/http/websocket.ts';
import { until } from '../subscription/support/endpoint.ts';

const GOOD = 'g'.repeat(43);
const open: WebSocket[] = [];
let server: Server;
let ways: Sockets;
let asked: string[];

beforeEach(async () => {
  asked = [];
  server = createServer();
  ways = sockets(server, 'http://localhost/fhir', async (token) => {
    asked.push(token);
    await sleep(20);
    return token === GOOD ? ['s'] : [];
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterEach(async () => {
  for (const each of open.splice(0)) each.terminate();
  ways.close();
  await sleep(50);
  server.closeAllConnections();
  server.close();
});

async function connected(): Promise<WebSocket> {
  const { port } = server.address() as { port: number };
  const socket = new WebSocket(`ws://127.0.0.1:${port}/fhir/websocket`);
  open.push(socket);
  socket.on('error', () => {});
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
}

test('of many that say nothing the first are closed for the next, and who is bound stays', async () => {
  const bound = await connected();
  bound.send(`bind-with-token ${GOOD}`);
  await until(() => ways.isHere('s'));
  const silent: WebSocket[] = [];
  for (let n = 0; n < 520; n += 1) silent.push(await connected());
  await until(() => silent.filter(({ readyState }) => readyState === WebSocket.CLOSED).length === 20);
  const isOpen = silent.map(({ readyState }) => readyState === WebSocket.OPEN);
  expect(isOpen).toEqual([...Array<boolean>(20).fill(false), ...Array<boolean>(500).fill(true)]);
  expect(bound.readyState).toBe(WebSocket.OPEN);
});

test('tokens sent at once are asked about one after the other, up to the first in vain', async () => {
  const socket = await connected();
  for (const token of [GOOD, 'a'.repeat(43), ...Array<string>(200).fill('b'.repeat(43)), GOOD])
    socket.send(`bind-with-token ${token}`);
  await new Promise((resolve) => socket.once('close', resolve));
  expect(asked).toEqual([GOOD, 'a'.repeat(43)]);
  await until(() => !ways.isHere('s'));
});
