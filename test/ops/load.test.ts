import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { requestsOf, type Load, type Unreadable } from '../../src/cli/loading/requests.ts';
import { send, type Server } from '../../src/cli/loading/send.ts';
import { foldersOf } from '../../src/cli/folders.ts';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carnet-load-'));
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function requestsIn(name: string, content: unknown): Promise<(Load | Unreadable)[]> {
  const path = join(folder, name);
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content));
  const found = [];
  for await (const request of requestsOf(path)) found.push(request);
  return found;
}

const PATIENT = { resourceType: 'Patient', id: 'a' };

describe('a file becomes requests', () => {
  it.each(['transaction', 'batch'])('a %s as it is, to be processed', async (type) => {
    const bundle = { resourceType: 'Bundle', type, entry: [{ resource: PATIENT }] };
    expect(await requestsIn('x.json', bundle)).toEqual([
      { label: 'x.json', target: 'base', body: JSON.stringify(bundle), bytes: JSON.stringify(bundle).length },
    ]);
  });

  it.each(['collection', 'searchset', 'history'])('a %s as the resources in it', async (type) => {
    const outcome = { resource: { resourceType: 'OperationOutcome' }, search: { mode: 'outcome' } };
    const entry = [
      { resource: PATIENT },
      outcome,
      { resource: { resourceType: 'Group' } },
      { fullUrl: 'urn:x' },
    ];
    const found = await requestsIn('x.json', { resourceType: 'Bundle', type, entry });
    expect(found.map((each) => 'target' in each && each.target)).toEqual([
      { type: 'Patient', id: 'a' },
      { type: 'Group', id: undefined },
    ]);
  });

  it.each(['document', 'message'])('a %s as the one resource that it is', async (type) => {
    const found = await requestsIn('x.json', {
      resourceType: 'Bundle',
      id: 'd',
      type,
      entry: [{ resource: PATIENT }],
    });
    expect(found).toMatchObject([{ target: { type: 'Bundle', id: 'd' } }]);
  });

  it('NDJSON as one resource a line, and a bad line spoils only itself', async () => {
    const lines = [
      '\uFEFF{"resourceType":"Patient","id":"a"}',
      '',
      '{"resource',
      '[1]',
      '{"resourceType":"Group","id":"b"}',
    ];
    expect(await requestsIn('x.ndjson', lines.join('\r\n'))).toMatchObject([
      { label: 'x.ndjson:1', target: { type: 'Patient', id: 'a' } },
      { label: 'x.ndjson:3', fault: 'not JSON' },
      { label: 'x.ndjson:4', fault: expect.stringContaining('no FHIR resource') },
      { label: 'x.ndjson:5', target: { type: 'Group', id: 'b' } },
    ]);
  });

  it.each(['../Consent', 'Patient?x', 'Patient/a', '$x', ''])(
    'no type `%s` gets into an address',
    async (resourceType) => {
      expect(await requestsIn('x.json', { resourceType, id: 'a' })).toMatchObject([
        { fault: expect.any(String) },
      ]);
    },
  );

  it.each(['../b', 'a/b', 'a?b', '', 7])('no id `%s` gets into an address', async (id) => {
    expect(await requestsIn('x.json', { ...PATIENT, id })).toMatchObject([
      { target: { type: 'Patient', id: undefined } },
    ]);
  });
});

describe('a request is sent', () => {
  let http: HttpServer;
  let server: Server;
  let seen: string[];
  let answers: [status: number, body?: unknown, headers?: Record<string, string>][];

  beforeEach(async () => {
    [seen, answers] = [[], []];
    http = createServer((request, response) => void answer(request, response)).listen(0, '127.0.0.1');
    await new Promise((resolve) => http.once('listening', resolve));
    const { port } = http.address() as AddressInfo;
    server = { base: `http://127.0.0.1:${port}/fhir`, token: 'token', patience: 2000, retries: 3, pause: 5 };
  });

  afterEach(() => {
    http.closeAllConnections();
    http.close();
  });

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await text(request);
    seen.push(`${request.method} ${request.url}`);
    const [status, body, headers] = answers.shift() ?? [200];
    if (status === 0) response.destroy();
    else response.writeHead(status, headers).end(body === undefined ? '' : JSON.stringify(body));
  }

  const put: Load = { label: 'x', body: '{}', bytes: 2, target: { type: 'Patient', id: 'a' } };
  const post: Load = { ...put, target: { type: 'Patient' } };
  const bundle: Load = { ...put, target: 'base' };
  const outcome = (words: string): object => ({
    issue: [{ severity: 'error', details: { text: words }, expression: ['Patient.name'] }],
  });

  it('by PUT where it has an id, by POST where it has none, and to the base when it is processed', async () => {
    answers = [[201], [201], [200, { entry: [] }]];
    for (const load of [put, post, bundle]) await send(load, server);
    expect(seen).toEqual(['PUT /fhir/Patient/a', 'POST /fhir/Patient', 'POST /fhir']);
  });

  it.each([403, 405])('again by POST where PUT is answered %s', async (status) => {
    answers = [[status, outcome('not by you')], [201]];
    expect(await send(put, server)).toEqual({ stored: 1, failures: [] });
    expect(seen).toEqual(['PUT /fhir/Patient/a', 'POST /fhir/Patient']);
  });

  it.each([429, 502, 503, 504])('again after %s', async (status) => {
    answers = [[status], [status, undefined, { 'retry-after': '0' }], [201]];
    expect(await send(post, server)).toEqual({ stored: 1, failures: [] });
    expect(seen).toHaveLength(3);
  });

  it('again by PUT after a lost connection, but not by POST, which may have arrived', async () => {
    answers = [[0], [201]];
    expect(await send(put, server)).toEqual({ stored: 1, failures: [] });
    seen.splice(0);
    answers = [[0], [201]];
    expect((await send(post, server)).failures).toEqual([expect.stringMatching('^no answer: ')]);
    expect(seen).toEqual(['POST /fhir/Patient']);
  });

  it('again, also by POST, while nothing listens there', async () => {
    const { port } = http.address() as AddressInfo;
    http.close();
    setTimeout(() => http.listen(port, '127.0.0.1'), 60);
    expect(await send(post, { ...server, pause: 50 })).toEqual({ stored: 1, failures: [] });
  });

  it('no more often than it may, and the last answer is the reason', async () => {
    answers = Array.from({ length: 9 }, () => [503, outcome('later')]);
    expect(await send(post, server)).toEqual({ stored: 0, failures: ['503: later (Patient.name)'] });
    expect(seen).toHaveLength(4);
  });

  it('and a refusal is told with its reason, at once', async () => {
    answers = [[422, outcome('wrong')]];
    expect(await send(put, server)).toEqual({ stored: 0, failures: ['422: wrong (Patient.name)'] });
    expect(seen).toHaveLength(1);
  });

  it('and the entries of a batch are counted one by one', async () => {
    const entry = [
      { response: { status: '201 Created' } },
      { response: { status: '422', outcome: outcome('wrong') } },
      {},
    ];
    answers = [[200, { entry }]];
    const { stored, failures } = await send(bundle, server);
    expect(stored).toBe(1);
    expect(failures).toEqual(['422: wrong (Patient.name)', expect.any(String)]);
  });

  it('and an answer that is no JSON is still a failure', async () => {
    answers = [[500, 'oh']];
    expect(await send(put, server)).toEqual({ stored: 0, failures: ['500: no reason given'] });
  });
});

describe('the folders of a backup', () => {
  it('lie apart', () => {
    expect(foldersOf('/a/data', '/b/keys', '')).toEqual({ data: '/a/data', keys: '/b/keys' });
    expect(foldersOf('/a/data', '/a/data-keys', '')).toEqual({ data: '/a/data', keys: '/a/data-keys' });
  });

  it.each([
    ['/a', '/a'],
    ['/a', '/a/keys'],
    ['/a/data', '/a'],
    ['/a/b/../keys', '/a/keys/'],
  ])('%s and %s are refused', (data, keys) => {
    expect(() => foldersOf(data, keys, '')).toThrow('must lie apart');
  });
});
