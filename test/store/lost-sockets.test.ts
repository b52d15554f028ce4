import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { answerForLostSockets } from '../../src/store/lost-sockets.ts';

const accepted: Socket[] = [];
const server = createServer((socket) => accepted.push(socket.on('error', () => {})));
beforeAll(async () => {
  answerForLostSockets();
  answerForLostSockets();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

async function connection(): Promise<Socket> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1').on('error', () => {});
  await once(socket, 'connect');
  return socket;
}

it('lets nobody wait for a connection that is lost already', async () => {
  const socket = await connection();
  socket.destroy();
  expect(socket.write('x')).toBe(true);
});

it('lets nobody wait any longer for a connection that gets lost', async () => {
  const socket = await connection();
  while (socket.write(Buffer.alloc(1024 * 1024)));
  const drained = once(socket, 'drain');
  socket.destroy();
  await drained;
  expect(socket.destroyed).toBe(true);
});

it('leaves a good connection alone: it says when it is full', async () => {
  const socket = await connection();
  let writes = 0;
  while (socket.write(Buffer.alloc(1024 * 1024))) writes += 1;
  expect(writes).toBeLessThan(1_000);
  socket.destroy();
});
