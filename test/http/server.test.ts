import { once } from 'node:events';
import { connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import type { Server } from 'node:http';
import { createServer } from '../../src/http/server.ts';
import { fakeApp } from './support/app.ts';

let server: Server;
let heard: ReturnType<typeof fakeApp>['heard'];

beforeAll(async () => {
  const fake = fakeApp();
  heard = fake.heard;
  server = createServer(fake.app, { headers: 300, request: 600, keepAlive: 1_000 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});

/** Sends the text as it is and gives all that comes until the server closes, or the time is over. */
async function raw(text: string | Buffer, ms = 400): Promise<string> {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  let received = '';
  socket.on('data', (chunk) => (received += chunk.toString()));
  socket.on('error', () => {});
  socket.write(text);
  await Promise.race([once(socket, 'close'), new Promise((resolve) => setTimeout(resolve, ms))]);
  socket.destroy();
  return received;
}

const isServing = async () =>
  (await raw('GET /health/live HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n')).startsWith('HTTP/1.1 200');
const request = (line: string, headers = '', body = '') =>
  `${line}\r\nhost: a\r\nauthorization: Bearer good\r\nconnection: close\r\n${headers}\r\n${body}`;

describe('the server', () => {
  const cases: [string, string, number][] = [
    ['what is no HTTP', 'hello\r\n\r\n', 400],
    ['a header with a line break', request('GET /fhir/Patient/1 HTTP/1.1', 'x-a: b\rx-c: d\r\n'), 400],
    ['a header with a NUL', request('GET /fhir/Patient/1 HTTP/1.1', 'x-a: b\0\r\n'), 400],
    [
      'headers that are too long',
      request('GET /fhir/Patient/1 HTTP/1.1', `x-a: ${'a'.repeat(40_000)}\r\n`),
      431,
    ],
    ['an address longer than all headers may be', request(`GET /fhir/${'a'.repeat(60_000)} HTTP/1.1`), 414],
    ['an overlong address', request(`GET /fhir/${'a'.repeat(9_000)} HTTP/1.1`), 414],
    ['dots in the path', request('GET /fhir/Patient/../../etc/passwd HTTP/1.1'), 400],
    ['an absolute target', request('GET http://other.test/fhir/Patient/1 HTTP/1.1'), 400],
    ['a request that names no host', 'GET /fhir/Patient/1 HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    ['an odd expectation', request('POST /fhir/Patient HTTP/1.1', 'expect: 200-ok\r\n'), 417],
    [
      'two lengths',
      request('POST /fhir/Patient HTTP/1.1', 'content-length: 1\r\ncontent-length: 2\r\n', '{}'),
      400,
    ],
    [
      'a length and chunks',
      request(
        'POST /fhir/Patient HTTP/1.1',
        'content-length: 1\r\ntransfer-encoding: chunked\r\n',
        '0\r\n\r\n',
      ),
      400,
    ],
  ];
  it.each(cases)('answers %s with an outcome, and lives', async (_sentence, text, status) => {
    const answer = await raw(text);
    expect(answer.split(' ')[1]).toBe(String(status));
    expect(answer).toContain('"resourceType":"OperationOutcome"');
    expect(answer).not.toMatch(/ at |node:|HPE_/);
    expect(await isServing()).toBe(true);
  });

  it('tells a header that goes on in a later packet from an address', async () => {
    const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
    socket.setNoDelay(true);
    socket.write(`${request('GET /fhir/Patient/1 HTTP/1.1').trimEnd()}\r\nx-a: `);
    await new Promise((resolve) => setTimeout(resolve, 50));
    socket.write('a'.repeat(40_000));
    const [answer] = (await once(socket, 'data')) as [Buffer];
    socket.destroy();
    expect(answer.toString().split(' ')[1]).toBe('431');
  });

  it('leaves nothing of a body that was cut off', async () => {
    const before = heard.exchanges.length;
    await raw(
      request(
        'POST /fhir/Patient HTTP/1.1',
        'content-type: application/fhir+json\r\ncontent-length: 100\r\n',
        '{"resource',
      ),
      100,
    );
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(heard.exchanges.length).toBe(before);
    expect(await isServing()).toBe(true);
  });

  it('refuses a body that is announced too long before it is sent', async () => {
    const head = 'content-type: application/fhir+json\r\ncontent-length: 999999999\r\n';
    expect(await raw(request('POST /fhir/Patient HTTP/1.1', head))).toMatch(/^HTTP\/1.1 413/);
  });

  it('lives when a caller leaves before the answer', async () => {
    await Promise.all(Array.from({ length: 20 }, () => raw(request('GET /fhir/Patient/1 HTTP/1.1'), 1)));
    expect(await isServing()).toBe(true);
  });
});
