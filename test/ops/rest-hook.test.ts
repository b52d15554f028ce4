/** Endpoints that answer anything but HTTP as it should be: each delivery ends, soon, and takes no more of an answer than its status. */
import { createServer, type Server, type Socket } from 'node:net';
import { restHook } from '../../src/ops/subscriptions/rest-hook.ts';
import { hostIn } from '../../src/subscription/hosts.ts';
import type { Plan } from '../../src/subscription/plan.ts';

const again = (socket: Socket, what: string | Buffer): void => {
  const writing = setInterval(() => socket.write(what), 5);
  socket.on('close', () => clearInterval(writing));
};
const SILENT = 'the endpoint did not answer';

test.each<[string, string | undefined, (socket: Socket) => void]>([
  ['garbage', SILENT, (socket) => socket.write('\0\u0001garbage\r\n\r\n')],
  [
    'another protocol',
    SILENT,
    (socket) => socket.write('HTTP/1.1 101 Hello\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'),
  ],
  [
    'informational answers without end',
    SILENT,
    (socket) => again(socket, 'HTTP/1.1 103 Early Hints\r\n\r\n'),
  ],
  [
    'a head without end',
    SILENT,
    (socket) => again(socket, `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(60_000)}\r\n`),
  ],
  ['a letter at a time', SILENT, (socket) => again(socket, 'H')],
  ['nothing, and closes', SILENT, (socket) => socket.end()],
  ['with a reset', SILENT, (socket) => socket.resetAndDestroy()],
  ['a refusal', 'the endpoint answered 503', (socket) => socket.write('HTTP/1.1 503 No\r\n\r\n')],
  [
    'a body without end',
    undefined,
    (socket) => again(socket, `HTTP/1.1 200 OK\r\n\r\n${'x'.repeat(65_536)}`),
  ],
])('an endpoint that answers %s', async (_, fault, answer) => {
  const taken: Socket[] = [];
  const server: Server = createServer((socket) => {
    taken.push(socket);
    socket.on('error', () => {});
    socket.once('data', () => answer(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const endpoint = `http://127.0.0.1:${port}/`;
  const plan = { target: { kind: 'rest-hook', endpoint, headers: [] }, timeout: 500 } as unknown as Plan;
  const way = await restHook([hostIn(endpoint)]).reach(plan, 'x');
  const sent = way.send({ kind: 'handshake', subscription: 'x', body: Buffer.from('{}') });
  const ended = sent.then(
    () => undefined,
    (error: Error) => error.message,
  );
  expect(await ended).toBe(fault);
  way.close();
  for (const socket of taken)
    if (!socket.closed) await new Promise((resolve) => socket.once('close', resolve));
  server.close();
});
