/** Hostile input at the whole server: refused soon, as an OperationOutcome that tells nothing of what is inside. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { MongoClient } from 'mongodb';
import { type TestServer, testServer } from '../support/server.ts';
import { type Expected, expectAlive, expectRefusal, raw, soon } from './support/refusals.ts';

let carnet: TestServer;
let baseline: number;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await carnet.as('all').put('Patient/alive', { resourceType: 'Patient', id: 'alive' });
  baseline = process.memoryUsage().rss;
});
afterAll(() => carnet?.close());
afterEach(() => expectAlive(carnet));

const MIB = 1024 * 1024;
const patient = (rest: object = {}) => ({ resourceType: 'Patient', ...rest });
const json = (text: string) => ({ body: Buffer.from(text) });
const nested = (depth: number, open: string, close: string) => open.repeat(depth) + close.repeat(depth);
const extension = (depth: number): object =>
  depth === 0
    ? { url: 'http://x', valueString: 'x' }
    : { url: 'http://x', extension: [extension(depth - 1)] };

interface Sent {
  method?: string;
  path?: string;
  body?: unknown;
  headers?: Record<string, string>;
}

const XML = { 'content-type': 'application/fhir+xml' };
const xml = (inside: string) => ({
  body: Buffer.from(`<Patient xmlns="http://hl7.org/fhir">${inside}</Patient>`),
  headers: XML,
});
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const patients = (count: number) => Array.from({ length: count }, (_, i) => ({ reference: `Patient/p${i}` }));
const appointment = (count: number) => ({
  resourceType: 'Appointment',
  status: 'proposed',
  participant: patients(count).map((actor) => ({ actor, status: 'accepted' })),
});
const group = (count: number) => ({
  resourceType: 'Group',
  type: 'person',
  actual: true,
  member: patients(count).map((entity) => ({ entity })),
});

const structure: Expected = { status: 400, code: 'structure' };
const invalid: Expected = { status: 400, code: 'invalid' };
const value: Expected = { status: 400, code: 'value' };
const tooLong: Expected = { status: 413, code: 'too-long' };
const unsupported: Expected = { status: 415, code: 'not-supported' };

const BODIES: [string, Sent, Expected][] = [
  ['malformed JSON', json('{"resourceType":"Patient",'), structure],
  ['JSON with a trailing comma', json('{"resourceType":"Patient",}'), structure],
  ['a JSON string', json('"Patient"'), structure],
  ['`null`', json('null'), structure],
  ['a JSON array', json('[{"resourceType":"Patient"}]'), structure],
  ['an empty body', json(''), { status: 400, code: 'required' }],
  ['JSON 100 levels deep', json(`{"resourceType":"Patient","x":${nested(99, '[', ']')}}`), structure],
  [
    'JSON 100,000 levels deep',
    json(`{"resourceType":"Patient","x":${nested(100_000, '[', ']')}}`),
    structure,
  ],
  ['extensions 100 levels deep', { body: patient({ extension: [extension(100)] }) }, structure],
  [
    'a key that is there twice',
    json('{"resourceType":"Patient","gender":"male","gender":"female"}'),
    structure,
  ],
  ['a type that is there twice', json('{"resourceType":"Patient","resourceType":"Binary"}'), structure],
  [
    'a key that is there twice by escapes',
    json('{"resourceType":"Patient","gender":"male","g\\u0065nder":"female"}'),
    structure,
  ],
  [
    'invalid UTF-8',
    {
      body: Buffer.concat([
        Buffer.from('{"resourceType":"Patient","language":"'),
        Buffer.from([0xc3, 0x28]),
        Buffer.from('"}'),
      ]),
    },
    structure,
  ],
  ['UTF-16', { body: Buffer.from('{"resourceType":"Patient"}', 'utf16le') }, structure],
  ['`__proto__`', json('{"resourceType":"Patient","__proto__":{"active":true}}'), structure],
  ['`__proto__` within', json('{"resourceType":"Patient","name":[{"__proto__":{"family":"x"}}]}'), structure],
  ['`constructor`', json('{"resourceType":"Patient","constructor":{"prototype":{"x":1}}}'), structure],
  ['a number out of range', json('{"resourceType":"Patient","multipleBirthInteger":1e999}'), value],
  [
    'a number of 100,000 digits',
    json(`{"resourceType":"Patient","multipleBirthInteger":${'1'.repeat(100_000)}}`),
    value,
  ],
  ['an operator for a code', { body: patient({ gender: { $gt: '' } }) }, structure],
  ['an operator for a string', { body: patient({ name: [{ family: { $gt: '' } }] }) }, structure],
  ['an operator for a list', { body: patient({ name: { $gt: '' } }) }, structure],
  [
    'an operator for an id',
    { method: 'PUT', path: 'Patient/x', body: patient({ id: { $gt: '' } }) },
    invalid,
  ],
  ['an operator for the type', { body: { resourceType: { $gt: '' } } }, invalid],
  ['an operator for the whole', { body: { $gt: '' } }, invalid],
  [
    'an operator for a reference',
    {
      path: 'Observation',
      body: { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { $gt: '' } },
    },
    structure,
  ],
  [
    'an operator for a reference’s text',
    {
      path: 'Observation',
      body: {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        subject: { reference: { $gt: '' } },
      },
    },
    structure,
  ],
  ['an operator for `meta`', { body: patient({ meta: { tag: { $gt: '' } } }) }, structure],
  [
    'an operator for a label',
    { body: patient({ meta: { security: [{ system: { $gt: '' }, code: 'x' }] } }) },
    structure,
  ],
  ['an operator for Bundle.type', { path: '', body: { resourceType: 'Bundle', type: { $gt: '' } } }, value],
  [
    'an operator for Bundle.entry',
    { path: '', body: { resourceType: 'Bundle', type: 'batch', entry: { $gt: '' } } },
    invalid,
  ],
  [
    'an operator for a Bundle’s url',
    {
      path: '',
      body: {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [{ request: { method: 'GET', url: { $gt: '' } } }],
      },
    },
    { status: 400, code: 'required' },
  ],
  [
    'an operator for a Bundle’s If-None-Exist',
    {
      path: '',
      body: {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [
          { resource: patient(), request: { method: 'POST', url: 'Patient', ifNoneExist: { $gt: '' } } },
        ],
      },
    },
    invalid,
  ],
  [
    'an operator for a JSON Patch',
    {
      method: 'PATCH',
      path: 'Patient/alive',
      body: [{ op: 'replace', path: { $gt: '' }, value: 1 }],
      headers: { 'content-type': 'application/json-patch+json' },
    },
    { status: 400, code: 'required' },
  ],
  [
    'an operator for Parameters',
    {
      method: 'POST',
      path: 'Patient/alive/$meta-add',
      body: { resourceType: 'Parameters', parameter: { $gt: '' } },
    },
    structure,
  ],
  ['another type than the address', { path: 'Observation', body: patient() }, invalid],
  [
    'JSON of 10,000,000 objects',
    json(`{"resourceType":"Patient","x":[${'{},'.repeat(10_000_000)}{}]}`),
    tooLong,
  ],
  [
    'JSON of 10,000,000 lists',
    json(`{"resourceType":"Patient","x":[${'[],'.repeat(10_000_000)}[]]}`),
    tooLong,
  ],
  [
    'XML that defines entities',
    {
      body: '<!DOCTYPE p [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><Patient xmlns="http://hl7.org/fhir"><id value="&b;"/></Patient>',
      headers: { 'content-type': 'application/fhir+xml' },
    },
    structure,
  ],
  ['XML of 32 MiB', { body: Buffer.alloc(32 * MIB, ' '), headers: XML }, tooLong],
  ['XML of 900,000 elements', xml('<name/>'.repeat(900_000)), tooLong],
  ['XML of a comment of 16 MB', xml(`<!--${'-x'.repeat(8_000_000)}-->`), tooLong],
  ['XML of a comment that never ends', xml(`<!--${'-x'.repeat(8_000_000)}`), tooLong],
  ['XML of an instruction of 16 MB', xml(`<?x ${'?x'.repeat(8_000_000)}?>`), tooLong],
  ['XML of 3,000,000 escaped characters', xml(`<id value="${'&amp;'.repeat(3_000_000)}"/>`), tooLong],
  [
    'XML of 200,000 attributes',
    xml(`<id ${Array.from({ length: 200_000 }, (_, index) => `a${index}="x"`).join(' ')}/>`),
    structure,
  ],
  ['plain text', { body: 'hello', headers: { 'content-type': 'text/plain' } }, unsupported],
  ['a form', { body: 'a=b', headers: FORM }, unsupported],
  [
    'another character set',
    { body: '{}', headers: { 'content-type': 'application/fhir+json; charset=latin1' } },
    unsupported,
  ],
  [
    'another FHIR version',
    { body: '{}', headers: { 'content-type': 'application/fhir+json; fhirVersion=5.0' } },
    unsupported,
  ],
  [
    'an unknown content encoding',
    { body: Buffer.from('{}'), headers: { 'content-encoding': 'zstd' } },
    unsupported,
  ],
  [
    'content encodings in a row',
    { body: gzipSync(gzipSync('{}')), headers: { 'content-encoding': 'gzip, gzip' } },
    unsupported,
  ],
  [
    'what only says that it is gzip',
    { body: Buffer.from('{}'), headers: { 'content-encoding': 'gzip' } },
    invalid,
  ],
  [
    'gzip that is cut off',
    { body: gzipSync(Buffer.alloc(100_000, ' ')).subarray(0, 50), headers: { 'content-encoding': 'gzip' } },
    invalid,
  ],
  [
    'a gzip bomb',
    { body: gzipSync(Buffer.alloc(200 * MIB)), headers: { 'content-encoding': 'gzip' } },
    tooLong,
  ],
  [
    'a brotli bomb',
    { body: brotliCompressSync(Buffer.alloc(100 * MIB)), headers: { 'content-encoding': 'br' } },
    tooLong,
  ],
  ['a body of 33 MiB', { body: Buffer.alloc(33 * MIB, ' ') }, tooLong],
  ['a form of 1 MiB', { path: 'Patient/_search', body: `name=${'x'.repeat(MIB)}`, headers: FORM }, tooLong],
  [
    'a Bundle of 10,000 entries',
    {
      path: '',
      body: {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: Array.from({ length: 10_000 }, () => ({
          resource: patient(),
          request: { method: 'POST', url: 'Patient' },
        })),
      },
    },
    tooLong,
  ],
  [
    'a batch of 10,000 entries',
    {
      path: '',
      body: {
        resourceType: 'Bundle',
        type: 'batch',
        entry: Array.from({ length: 10_000 }, () => ({ request: { method: 'GET', url: 'Patient/alive' } })),
      },
    },
    tooLong,
  ],
  [
    'a stored Bundle of 10,000 faulty entries',
    {
      path: 'Bundle',
      body: {
        resourceType: 'Bundle',
        type: 'collection',
        entry: Array.from({ length: 10_000 }, () => ({ resource: { resourceType: 'Patient', gender: 'x' } })),
      },
    },
    { status: 422, code: 'code-invalid' },
  ],
  [
    '200,000 identifiers',
    { body: patient({ identifier: Array.from({ length: 200_000 }, (_, i) => ({ value: `v${i}` })) }) },
    { status: 422, code: 'processing' },
  ],
  [
    'an Appointment of 2,000 patients',
    { path: 'Appointment', body: appointment(2_000) },
    { status: 422, code: 'business-rule' },
  ],
  [
    'a Group of 10,000 patients',
    { path: 'Group', body: group(10_000) },
    { status: 422, code: 'business-rule' },
  ],
  [
    'a stored Bundle of 10,000 patients',
    {
      path: 'Bundle',
      body: {
        resourceType: 'Bundle',
        type: 'collection',
        entry: Array.from({ length: 10_000 }, (_, i) => ({ resource: patient({ id: `x${i}` }) })),
      },
    },
    { status: 422, code: 'business-rule' },
  ],
  [
    'a transaction of 5,000 faulty entries',
    {
      path: '',
      body: {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: Array.from({ length: 5_000 }, () => ({
          resource: patient({ gender: 'x' }),
          request: { method: 'POST', url: 'Patient' },
        })),
      },
    },
    { status: 422, code: 'code-invalid' },
  ],
  [
    'a transaction of 5,000 references that lead nowhere',
    {
      path: '',
      body: {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: Array.from({ length: 5_000 }, (_, i) => ({
          resource: {
            resourceType: 'Flag',
            status: 'active',
            code: { text: 'x' },
            subject: { reference: `Patient?identifier=x|${i}` },
          },
          request: { method: 'POST', url: 'Flag' },
        })),
      },
    },
    { status: 422, code: 'business-rule' },
  ],
  ['an operator in a form', { path: 'Patient/_search', body: 'name[$gt]=', headers: FORM }, invalid],
  [
    'an operator in If-None-Exist',
    { body: patient(), headers: { 'if-none-exist': 'identifier[$ne]=x' } },
    invalid,
  ],
  [
    '100,000 faulty names',
    { body: patient({ name: Array.from({ length: 100_000 }, () => ({ use: 'x', given: [1] })) }) },
    structure,
  ],
  [
    'a million unknown keys',
    json(`{"resourceType":"Patient",${Array.from({ length: 1_000_000 }, (_, i) => `"k${i}":1`).join()}}`),
    structure,
  ],
  [
    'an id of a million letters',
    { method: 'PUT', path: 'Patient/x', body: patient({ id: 'x'.repeat(MIB) }) },
    invalid,
  ],
  [
    'a date that regular expressions choke on',
    { body: patient({ birthDate: `${'1'.repeat(100_000)}!` }) },
    value,
  ],
  [
    'a decimal that regular expressions choke on',
    {
      path: 'Observation',
      body: {
        resourceType: 'Observation',
        status: 'final',
        code: { text: 'x' },
        effectiveDateTime: `2024-01-01T00:00:00.${'0'.repeat(200_000)}x`,
      },
    },
    value,
  ],
  [
    'a uri that regular expressions choke on',
    { body: patient({ meta: { profile: [`http://${'a'.repeat(100_000)} `] } }) },
    value,
  ],
  [
    'base64 that regular expressions choke on',
    {
      path: 'Binary',
      body: { resourceType: 'Binary', contentType: 'text/plain', data: `${'AAAA '.repeat(200_000)}!` },
    },
    value,
  ],
  [
    'narrative that is not well-formed',
    {
      body: patient({
        text: {
          status: 'generated',
          div: `<div xmlns="http://www.w3.org/1999/xhtml">${'<p>'.repeat(50_000)}</div>`,
        },
      }),
    },
    { status: 422, code: 'invariant' },
  ],
  [
    'a script in the narrative',
    {
      body: patient({
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml"><script>x</script></div>',
        },
      }),
    },
    { status: 422, code: 'invariant' },
  ],
];

it.each(BODIES)(
  'refuses %s as a body',
  async (_sentence, { method = 'POST', path = 'Patient', body, headers }, expected) => {
    const reply = await soon(() => carnet.as('all').send(method, path, body, headers));
    expectRefusal(reply, expected);
  },
);

const notFound: Expected = { status: 404, code: 'not-found' };
const ADDRESSES: [string, string, Expected, string?][] = [
  ['an operator in brackets', 'Patient?name[$gt]=', invalid],
  ['an operator in brackets after an id', 'Patient?_id[$ne]=x', invalid],
  ['an operator as a modifier', 'Patient?name:$gt=x', invalid],
  ['an operator as a value of a number', 'ImagingStudy?_count={"$gt":""}', value],
  ['an operator as a date', 'Observation?date={"$gt":""}', value],
  ['an operator as a parameter', 'Patient?$where=sleep(10000)', invalid],
  ['`__proto__` as a parameter', 'Patient?__proto__=x', invalid],
  ['`constructor` as a parameter', 'Patient?constructor=x', invalid],
  ['`toString` as a chain', 'Observation?subject.toString=x', invalid],
  ['`__proto__` as a sort', 'Patient?_sort=__proto__', value],
  ['`__proto__` as a type', '__proto__', { status: 404, code: 'not-supported' }],
  ['`constructor` as a type', 'constructor/x', { status: 404, code: 'not-supported' }],
  ['a slash in an id', 'Patient/a%2Fb', invalid],
  ['a backslash in an id', 'Patient/a%5Cb', invalid],
  ['a NUL in an id', 'Patient/a%00b', invalid],
  ['an id of 65 letters', `Patient/${'x'.repeat(65)}`, notFound],
  ['an id with a blank', 'Patient/a%20b', notFound],
  ['an operator for an id', 'Patient/%7B%22$gt%22:%22%22%7D', notFound],
  ['an operator for a version', 'Patient/alive/_history/%7B%22$gt%22:%22%22%7D', notFound],
  ['malformed percent-encoding', 'Patient/%zz', invalid],
  ['malformed percent-encoding of a value', 'Patient?name=%zz', invalid],
  ['overlong UTF-8', 'Patient?name=%c0%af', invalid],
  ['a NUL in a value', 'Patient?name=%00', invalid],
  ['an address of 9,000 characters', `Patient?name=${'x'.repeat(9_000)}`, { status: 414, code: 'too-long' }],
  ['2,000 parameters', `Patient?${'a&'.repeat(2_000)}`, { status: 400, code: 'too-long' }],
  ['a forged page link', 'Patient?_page=AAAA', value],
  ['a negative count', 'Patient?_count=-1', value],
  ['a count of 1e9', 'Patient?_count=1e9', value],
  [
    'a chain of many links',
    `Observation?subject:Patient.${'x.'.repeat(500)}y=1`,
    { status: 400, code: 'too-costly' },
  ],
  [
    '`_has` nested deeply',
    `Patient?${'_has:Observation:subject:'.repeat(200)}_id=x`,
    { status: 400, code: 'too-costly' },
  ],
  ['`_filter`', 'Patient?_filter=name eq x', { status: 400, code: 'not-supported' }],
  ['`_query`', 'Patient?_query=x', { status: 400, code: 'not-supported' }],
  ['an unknown operation', 'Patient/$everything-there-is', { status: 404, code: 'not-supported' }],
  ['an unknown address', 'Patient/alive/_history/x/y/z', { status: 404, code: 'not-supported' }],
  ['a method that is not there', 'Patient/alive', { status: 405, code: 'not-supported' }, 'POST'],
];

it.each(ADDRESSES)('refuses %s in the address', async (_sentence, path, expected, method = 'GET') => {
  expectRefusal(await soon(() => carnet.as('all').send(method, path)), expected);
});

const HOSTILE_TEXT = [
  '.*',
  '^(a+)+$',
  '(((((((((a*)*)*)*)*)*)*)*)*)!',
  '[[[[',
  '\\',
  '$where',
  '{"$gt":""}',
  '{"$regex":".*"}',
  "';return true;var a='",
  '%00'.slice(0, 1) + '25',
  '\u202e\ufeff',
  '*',
];

it.each(HOSTILE_TEXT)('finds nobody by the name %j', async (text) => {
  await carnet.as('all').put('Patient/named', patient({ id: 'named', name: [{ family: 'Martin' }] }));
  for (const parameter of [
    'name',
    'name:exact',
    'name:contains',
    'family',
    'identifier',
    '_tag',
    '_id',
    '_profile',
    '_source',
  ]) {
    const path = `Patient?${encodeURIComponent(parameter)}=${encodeURIComponent(text)}`;
    const { status, json: found } = await soon(() => carnet.as('all').get(path));
    expect([parameter, status, found.total ?? found.resourceType]).toEqual([
      parameter,
      status,
      status === 200 ? 0 : 'OperationOutcome',
    ]);
  }
});

const HEADERS: [string, Record<string, string>, Expected][] = [
  ['Turtle wanted', { accept: 'text/turtle' }, { status: 406, code: 'not-supported' }],
  ['an If-Match that is no tag', { 'if-match': '{"$gt":""}' }, { status: 412, code: 'conflict' }],
];

it.each(HEADERS)('refuses %s in the headers', async (_sentence, headers, expected) => {
  const reply = await soon(() => carnet.as('all').put('Patient/alive', patient({ id: 'alive' }), headers));
  expectRefusal(reply, expected);
});

const TOKENS = [
  '',
  'Bearer',
  'Bearer x',
  'Bearer a.b.c',
  'Basic YWxsOmFsbA==',
  `Bearer ${'x'.repeat(20_000)}`,
  'Bearer {"$gt":""}',
];

it.each(TOKENS)('refuses the authorization %j', async (authorization) => {
  const reply = await soon(() => carnet.as('all').get('Patient/alive', { authorization }));
  expectRefusal(reply, { status: 401, code: 'login' });
  expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
});

const request = (line: string, headers = '', body = '') =>
  `${line}\r\nhost: a\r\nconnection: close\r\nauthorization: Bearer ${carnet.token('all')}\r\n${headers}\r\n${body}`;

const WIRE: [string, () => string | Buffer, Expected][] = [
  [
    'a header with a line break',
    () => request('GET /fhir/Patient/alive HTTP/1.1', 'x-a: b\rset-cookie: c\r\n'),
    invalid,
  ],
  [
    'a header with a lone line feed in its name',
    () => request('GET /fhir/Patient/alive HTTP/1.1', 'x-\na: b\r\n'),
    invalid,
  ],
  ['a line break in the address', () => request('GET /fhir/Patient/a\r\nb HTTP/1.1'), invalid],
  ['dots for an id', () => request('GET /fhir/Patient/%2e%2e/Binary/x HTTP/1.1'), invalid],
  ['dots in the address', () => request('GET /fhir/Patient/../../etc/passwd HTTP/1.1'), invalid],
  [
    'two lengths',
    () => request('POST /fhir/Patient HTTP/1.1', 'content-length: 2\r\ncontent-length: 3\r\n', '{}'),
    invalid,
  ],
  [
    'a length and chunks',
    () =>
      request(
        'POST /fhir/Patient HTTP/1.1',
        'content-length: 2\r\ntransfer-encoding: chunked\r\n',
        '0\r\n\r\n',
      ),
    invalid,
  ],
  [
    'headers of 64 KiB',
    () => request('GET /fhir/Patient/alive HTTP/1.1', `x-a: ${'a'.repeat(65_536)}\r\n`),
    { status: 431, code: 'too-long' },
  ],
  ['what is no HTTP', () => 'hello\r\n\r\n', invalid],
];

it.each(WIRE)('refuses %s on the wire', async (_sentence, bytes, expected) => {
  expectRefusal(await soon(() => raw(carnet.base, bytes())), expected);
});

it('sends no header that a caller has broken into lines', async () => {
  const reply = await carnet.as('all').get('Patient/alive', { 'x-request-id': 'a b' });
  expect(reply.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
});

it('keeps nothing of a request that was cut off', async () => {
  const client = await new MongoClient(carnet.database.uri).connect();
  try {
    const db = client.db(carnet.database.dbName);
    const counts = async () => {
      const names = ['resources', 'history', 'spill.files', 'spill.chunks'];
      return Promise.all(names.map((name) => db.collection(name).countDocuments()));
    };
    const before = await counts();
    const body = JSON.stringify(patient({ id: 'cut', name: [{ family: 'x'.repeat(100_000) }] }));
    const { hostname, port } = new URL(carnet.base);
    for (const share of [0, 0.5, 0.999]) {
      const socket = connect(Number(port), hostname);
      await once(socket, 'connect');
      const length = Buffer.byteLength(body);
      const head = `PUT /fhir/Patient/cut HTTP/1.1\r\nhost: a\r\nauthorization: Bearer ${carnet.token('all')}\r\ncontent-type: application/fhir+json\r\ncontent-length: ${length}\r\n\r\n`;
      socket.write(head + body.slice(0, Math.floor(length * share)));
      await sleep(50);
      socket.destroy();
    }
    await sleep(200);
    expect(await counts()).toEqual(before);
    expect((await carnet.as('all').get('Patient/cut')).status).toBe(404);
  } finally {
    await client.close();
  }
});

it('has kept its memory within bounds through all of this', () => {
  globalThis.gc?.();
  expect(process.memoryUsage().rss - baseline).toBeLessThan(900 * MIB);
});
