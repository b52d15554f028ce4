import { once } from 'node:events';
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import tls from 'node:tls';
import { answerForLostSockets } from '../../src/store/lost-sockets.ts';

const accepted: Socket[] = [];
const keep = (socket: Socket): number => accepted.push(socket.on('error', () => {}));
/** Both know it, so that no certificate is needed. */
const psk = Buffer.alloc(32, 7);
const secret = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const servers = {
  TCP: createServer(keep),
  TLS: tls.createServer({ ...secret, pskCallback: () => psk, pskIdentityHint: 'test' }, keep),
};
beforeAll(async () => {
  answerForLostSockets();
  answerForLostSockets();
  for (const server of Object.values(servers)) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
});
afterAll(() => {
  for (const socket of accepted) socket.destroy();
  for (const server of Object.values(servers)) server.close();
});

async function connection(by: 'TCP' | 'TLS'): Promise<Socket> {
  const { port } = servers[by].address() as AddressInfo;
  if (by === 'TCP') {
    const socket = connect(port, '127.0.0.1').on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }
  const pskCallback = () => ({ psk, identity: 'test' });
  const socket = tls
    .connect({ ...secret, port, host: '127.0.0.1', pskCallback, checkServerIdentity: () => undefined })
    .on('error', () => {});
  await once(socket, 'secureConnect');
  return socket;
}

describe.each(['TCP', 'TLS'] as const)('over %s', (by) => {
  it('lets nobody wait for a connection that is lost already', async () => {
    const socket = await connection(by);
    socket.destroy();
    expect(socket.write('x')).toBe(true);
  });

  it('lets nobody wait any longer for a connection that gets lost', async () => {
    const socket = await connection(by);
    while (socket.write(Buffer.alloc(1024 * 1024)));
    const drained = once(socket, 'drain');
    socket.destroy();
    await drained;
    expect(socket.destroyed).toBe(true);
  });

  it('leaves a good connection alone: it says when it is full', async () => {
    const socket = await connection(by);
    let writes = 0;
    while (socket.write(Buffer.alloc(1024 * 1024))) writes += 1;
    expect(writes).toBeLessThan(1_000);
    socket.destroy();
  });
});
