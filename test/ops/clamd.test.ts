/** What is said to clamd and what its answers mean, on a real socket: clamd(8). The daemon itself: npm run test:clamav */
import { createServer, type Server, type Socket } from 'node:net';
import { clamd } from '../../src/ops/scanning/clamd.ts';
import { freePort } from '../support/server.ts';

let server: Server | undefined;
afterEach(() => server?.close());

/** Takes a command and all its chunks, then says this. */
async function saying(
  answer: (received: Buffer, socket: Socket) => void,
): Promise<{ port: number; host: string }> {
  server = createServer((socket) => {
    let received = Buffer.alloc(0);
    socket.on('error', () => {});
    socket.on('data', (piece) => {
      received = Buffer.concat([received, piece]);
      answer(received, socket);
    });
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  return { host: '127.0.0.1', port: (server.address() as { port: number }).port };
}

const atEnd = (text: string) => (received: Buffer, socket: Socket) => {
  if (received.subarray(-4).equals(Buffer.alloc(4))) socket.end(text);
};

async function* pieces(...texts: string[]): AsyncGenerator<Buffer> {
  for (const text of texts) yield Buffer.from(text);
}

it.each([
  ['stream: OK\0', { is: 'clean' }],
  ['stream: Eicar-Test-Signature FOUND\0', { is: 'infected', name: 'Eicar-Test-Signature' }],
  ['INSTREAM size limit exceeded. ERROR\0', { is: 'unknown' }],
  ['stream: OK', { is: 'unknown' }],
  ['', { is: 'unknown' }],
  ['stream: OK\0stream: x FOUND\0', { is: 'clean' }],
  ['other: OK\0', { is: 'unknown' }],
])('takes `%s` for what it is', async (answer, verdict) => {
  const scanner = clamd(await saying(atEnd(answer)), 1000);
  expect(await scanner.scan(pieces('a', 'b'))).toMatchObject(verdict);
});

it('sends each piece with its length before it, and an end', async () => {
  let seen: Buffer = Buffer.alloc(0);
  const scanner = clamd(
    await saying((received, socket) => {
      seen = received;
      atEnd('stream: OK\0')(received, socket);
    }),
  );
  await scanner.scan(pieces('abc', 'de'));
  expect(seen).toEqual(Buffer.from('zINSTREAM\0\0\0\0\x03abc\0\0\0\x02de\0\0\0\0', 'latin1'));
});

it.each<[string, () => Promise<{ host: string; port: number }>]>([
  ['nobody is there', async () => ({ host: '127.0.0.1', port: await freePort() })],
  ['nobody answers', () => saying(() => {})],
  ['the connection is cut', () => saying((_, socket) => socket.destroy())],
])('knows nothing when %s, and takes all that there is', async (_, address) => {
  let read = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for (; read < 20; read += 1) yield Buffer.alloc(100_000);
  }
  const scanner = clamd(await address(), 500);
  expect((await scanner.scan(counted())).is).toBe('unknown');
  expect(read).toBe(20);
  expect(await scanner.ping()).toBe(false);
});

it('asks whether it is there', async () => {
  const scanner = clamd(
    await saying((received, socket) => received.equals(Buffer.from('zPING\0')) && socket.end('PONG\0')),
  );
  expect(await scanner.ping()).toBe(true);
});
