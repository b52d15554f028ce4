/** What callers send is health data wherever they put it: none of it may reach logs, metrics or spans. */
import { Writable } from 'node:stream';
import { MongoClient } from 'mongodb';
import { createLog } from '../../src/ops/log.ts';
import { clientFor, testServer, type TestServer } from '../support/server.ts';
import { forgetSpans, recordSpans, type Recorded } from './support/spans.ts';

const SECRET = /martinez|1540375112034|hiv|claire/i;
const TOKEN = 'only-for-prometheus-0123456789';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

let carnet: TestServer;
let spans: Recorded[];
const lines: string[] = [];

beforeAll(async () => {
  spans = recordSpans();
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk));
      done();
    },
  });
  carnet = await testServer(import.meta.url, {
    log: createLog({ level: 'trace', destination }),
    metrics: { host: '127.0.0.1', token: TOKEN },
  });
}, 120_000);
afterAll(async () => {
  forgetSpans();
  await carnet?.close();
});

const patient = {
  resourceType: 'Patient',
  id: 'claire-martinez',
  identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.8', value: '1540375112034' }],
  name: [{ family: 'Martinez', given: ['Claire'] }],
};

type Case = [
  sentence: string,
  method: string,
  path: string,
  body?: unknown,
  headers?: Record<string, string>,
];

// prettier-ignore
const CASES: Case[] = [
  ['a write that succeeds', 'PUT', 'Patient/claire-martinez', patient],
  ['an id that is taken', 'PUT', 'Patient/claire-martinez', patient, { 'if-match': 'W/"martinez"' }],
  ['a read', 'GET', 'Patient/claire-martinez'],
  ['an id that nobody has', 'GET', 'Patient/martinez-1540375112034'],
  ['a type that isn’t one', 'GET', 'Martinez/1540375112034'],
  ['an operation that isn’t one', 'POST', 'Patient/claire-martinez/$martinez', {}],
  ['a search', 'GET', 'Patient?name=martinez&identifier=1540375112034'],
  ['a search by POST', 'POST', 'Patient/_search', 'name=martinez', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['a parameter that isn’t one', 'GET', 'Patient?martinez=1540375112034', undefined, { prefer: 'handling=strict' }],
  ['a malformed address', 'GET', 'Patient/martinez%ZZ'],
  ['a body that isn’t JSON', 'POST', 'Patient', '{"family": "Martinez", hiv'],
  ['a resource that isn’t valid', 'POST', 'Observation', { resourceType: 'Observation', hiv: 'Martinez', status: 'hiv' }],
  ['a Bundle', 'POST', '', { resourceType: 'Bundle', type: 'batch', entry: [{ request: { method: 'GET', url: 'Patient?name=martinez' } }] }],
  ['a transaction that fails', 'POST', '', { resourceType: 'Bundle', type: 'transaction', entry: [{ resource: { ...patient, gender: 'martinez' }, request: { method: 'PUT', url: 'Patient/claire-martinez' } }] }],
  ['headers', 'GET', 'Patient', undefined, { 'x-martinez': 'hiv', cookie: 'martinez=hiv', 'user-agent': 'Martinez', referer: 'http://x/martinez', accept: 'application/martinez' }],
  ['a trace context', 'GET', 'metadata', undefined, { traceparent: '00-martinez-1540375112034', tracestate: 'martinez=hiv', baggage: 'patient=martinez' }],
  ['a token', 'GET', 'Patient/x', undefined, { authorization: 'Bearer martinez.claire.hiv' }],
  ['a method that isn’t served', 'LOCK', 'Patient/claire-martinez'],
];

it.each(CASES.map(([sentence, ...sent]) => ({ sentence, sent })))(
  'nothing of $sentence is in logs, metrics or spans',
  async ({ sent }) => {
    const [method, path, body, headers] = sent;
    const [logged, ended] = [lines.length, spans.length];
    const caller = clientFor(carnet.base, carnet.tokenFor({ reference: 'Device/claire-martinez' }, 'all'));
    const { status } = await caller.send(method, path, body, headers);
    expect(status).toBeLessThan(500);
    await new Promise((resolve) => setTimeout(resolve, 20));
    const [log, span] = [lines.slice(logged).join(''), JSON.stringify(spans.slice(ended))];
    expect(log).toContain('answered');
    expect(log).not.toMatch(SECRET);
    expect(span).toContain('"carnet.route"');
    expect(span).not.toMatch(SECRET);
    const metrics = await fetch(new URL('/metrics', carnet.base), {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(metrics.status).toBe(200);
    expect(await metrics.text()).not.toMatch(SECRET);
  },
);

it('a fault of the database is logged without the document that it is about', async () => {
  const before = lines.length;
  const client = new MongoClient(carnet.database.uri);
  try {
    const db = client.db(carnet.database.dbName);
    await db.command({ collMod: 'resources', validator: { type: { $ne: 'Condition' } } });
    const { status } = await carnet.as('all').put('Condition/hiv-martinez', {
      resourceType: 'Condition',
      id: 'hiv-martinez',
      code: { text: 'HIV' },
      subject: { reference: 'Patient/claire-martinez' },
    });
    expect(status).toBe(500);
  } finally {
    await client.close();
  }
  const log = lines.slice(before).join('');
  expect(log).toContain('Document failed validation');
  expect(log).not.toMatch(SECRET);
});

describe('a request that is followed', () => {
  const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
  const seen = () => spans.filter(({ traceId }) => traceId === TRACE);

  it('is a span named by its route, with the gate, the reading and the trace beneath it', async () => {
    const { status } = await carnet.as('gp').get('Patient?_id=nobody-at-all', { traceparent });
    expect(status).toBeLessThan(500);
    const root = seen().find(({ parent }) => parent === '00f067aa0ba902b7')!;
    expect(root).toMatchObject({
      name: 'search-type',
      attributes: {
        'http.request.method': 'GET',
        'http.response.status_code': status,
        'carnet.route': 'search-type',
      },
    });
    const search = seen().find(({ name }) => name === 'search')!;
    expect(search.parent).toBe(root.spanId);
  });

  it('has its trace id in its line of the log', async () => {
    const { headers } = await carnet.as('all').get('Patient/nobody-at-all', { traceparent });
    await new Promise((resolve) => setTimeout(resolve, 20));
    const line = lines
      .map((each) => JSON.parse(each) as Record<string, unknown>)
      .find(({ requestId }) => requestId === headers.get('x-request-id'));
    expect(line).toMatchObject({ traceId: TRACE, interaction: 'read', status: 404 });
  });

  it('shows writes with their commit, and reads with their gate and their trace', async () => {
    const id = 'followed';
    await carnet.as('all').put(`Patient/${id}`, { resourceType: 'Patient', id }, { traceparent });
    await carnet.as('gp').get(`DocumentReference?patient=${id}`, { traceparent });
    const names = new Set(seen().map(({ name }) => name));
    expect([...names]).toEqual(expect.arrayContaining(['update', 'commit', 'search', 'gate', 'audit']));
  });
});
