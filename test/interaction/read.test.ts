/** https://hl7.org/fhir/R4/http.html#read and https://hl7.org/fhir/R4/http.html#vread */
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { get } from 'node:http';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { document, errorOf, headersOf, observation, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
let first: Reply;
let second: Reply;

const VERSIONED = ['etag', 'last-modified'] as const;
const long = 'é'.repeat(2000);

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await all.put('Patient/p1', patient({ id: 'p1' }));
  first = await all.put('Observation/o1', observation({ id: 'o1', valueString: 'one' }));
  second = await all.put(
    'Observation/o1',
    observation({
      id: 'o1',
      valueQuantity: { value: 1, unit: 'mg' },
      note: [{ text: long }],
      text: { status: 'generated', div: '<div xmlns="http://www.w3.org/1999/xhtml">one</div>' },
    }),
  );
});
afterAll(() => carnet?.close());

describe('read', () => {
  it('gives the current version with its ETag and Last-Modified', async () => {
    const reply = await all.get('Observation/o1');
    expect([reply.status, reply.headers.get('content-type')]).toEqual([
      200,
      'application/fhir+json; charset=utf-8',
    ]);
    expect(reply.json).toEqual(second.json);
    const { versionId, lastUpdated } = reply.json.meta;
    expect(headersOf(reply, ...VERSIONED)).toEqual([`W/"${versionId}"`, new Date(lastUpdated).toUTCString()]);
    expect(reply.headers.get('cache-control')).toBe('no-store');
  });

  it('answers HEAD as GET, without the body', async () => {
    for (const path of [
      'Observation/o1',
      `Observation/o1/_history/${first.json.meta.versionId}`,
      'Observation/none',
    ]) {
      const [got, head] = [await all.get(path), await all.send('HEAD', path)];
      expect([head.status, head.text]).toEqual([got.status, '']);
      const names = ['content-type', 'content-length', ...VERSIONED];
      expect(headersOf(head, ...names)).toEqual(headersOf(got, ...names));
    }
  });

  it.each([
    ['absent', 'Observation/absent'],
    ['no id at all', 'Observation/a_b'],
    ['of too long an id', `Observation/${'a'.repeat(65)}`],
    ['absent, and asked for as a version', 'Observation/absent/_history/1'],
    ['an absent version', 'Observation/o1/_history/1'],
    ['the version of another resource', () => `Patient/p1/_history/${second.json.meta.versionId}`],
  ])('answers 404 to what is %s', async (_what, path) => {
    const reply = await all.get(typeof path === 'string' ? path : path());
    expect(errorOf(reply)).toEqual([404, 'not-found']);
    expect(reply.text).toBe((await all.get('Observation/absent')).text);
  });

  it('answers what is hidden byte for byte as what is absent', async () => {
    const gp = carnet.as('gp');
    const vid = second.json.meta.versionId;
    for (const [hidden, absent] of [
      ['Observation/o1', 'Observation/o0'],
      ['Observation/o1?_summary=true', 'Observation/o0?_summary=true'],
      [`Observation/o1/_history/${vid}`, `Observation/o0/_history/${vid}`],
    ] as const) {
      const replies = [await gp.get(hidden), await gp.get(absent)];
      const [seen, unseen] = replies.map(({ status, text, headers }) => {
        const told = [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
        return { status, text, told };
      });
      expect(seen).toEqual(unseen);
      expect(seen!.status).toBe(404);
    }
  });

  it('says that a type is not served, or none', async () => {
    expect(await all.get('Claim/1')).toMatchObject({
      status: 404,
      json: { issue: [{ code: 'not-supported', details: { text: 'type `Claim` is not served' } }] },
    });
    expect(errorOf(await all.get('Patiënt/1'))[0]).toBe(404);
    expect(errorOf(await all.get('Foo/1'))).toEqual([404, 'not-supported']);
  });

  it('refuses a parameter that it does not know', async () => {
    expect(errorOf(await all.get('Observation/o1?patient=p1'))).toEqual([400, 'invalid']);
    expect(errorOf(await all.get('Observation/o1?_summary=most'))).toEqual([400, 'invalid']);
    const counted = await all.get('Observation/o1?_summary=count');
    expect([counted.status, counted.text]).toEqual([400, expect.stringContaining('true, text, data, false')]);
  });
});

describe('vread', () => {
  it('gives each version as it was', async () => {
    for (const { json } of [first, second]) {
      const reply = await all.get(`Observation/o1/_history/${json.meta.versionId}`);
      expect([reply.status, reply.json]).toEqual([200, json]);
      expect(headersOf(reply, ...VERSIONED)).toEqual([
        `W/"${json.meta.versionId}"`,
        new Date(json.meta.lastUpdated).toUTCString(),
      ]);
    }
  });

  it('names versions so that a gap tells nothing', () => {
    const [one, two] = [first, second].map(({ json }) => json.meta.versionId as string);
    expect(one).not.toBe(two);
    for (const vid of [one, two]) expect(vid).toMatch(/^[A-Za-z0-9\-.]{16,64}$/);
  });
});

describe('a part of a resource', () => {
  const SUBSETTED = expect.objectContaining({ code: 'SUBSETTED' });

  it.each([
    ['_summary=true', ['code', 'id', 'meta', 'resourceType', 'status', 'subject', 'valueQuantity']],
    ['_summary=text', ['code', 'id', 'meta', 'resourceType', 'status', 'text']],
    ['_summary=data', ['code', 'id', 'meta', 'note', 'resourceType', 'status', 'subject', 'valueQuantity']],
    ['_elements=note', ['code', 'id', 'meta', 'note', 'resourceType', 'status']],
  ])('is given by %s and says so', async (query, names) => {
    const reply = await all.get(`Observation/o1?${query}`);
    expect(reply.status).toBe(200);
    expect(Object.keys(reply.json).sort()).toEqual(names);
    expect(reply.json.meta.tag).toEqual([SUBSETTED]);
    expect(reply.json.meta.versionId).toBe(second.json.meta.versionId);
  });

  it('is the whole with `_summary=false`', async () => {
    expect((await all.get('Observation/o1?_summary=false')).json).toEqual(second.json);
  });

  it('is given of an older version too', async () => {
    const reply = await all.get(`Observation/o1/_history/${first.json.meta.versionId}?_elements=status`);
    expect(Object.keys(reply.json).sort()).toEqual(['code', 'id', 'meta', 'resourceType', 'status']);
  });
});

describe('the form of an answer', () => {
  it.each(['json', 'application/json', 'application/fhir%2Bjson', 'application/fhir+json', 'text/json'])(
    'is JSON with `_format=%s`, whatever Accept says',
    async (format) => {
      const reply = await all.get(`Observation/o1?_format=${format}`, { accept: 'application/fhir+xml' });
      expect([reply.status, reply.json]).toEqual([200, second.json]);
    },
  );

  it.each([
    ['Observation/o1', { accept: 'application/fhir+json; fhirVersion=5.0' }],
    ['Observation/o1?_format=ttl', { accept: 'application/fhir+json' }],
  ])('is 406 for %s %j', async (path, headers) => {
    expect(errorOf(await all.get(path, headers as Record<string, string>))).toEqual([406, 'not-supported']);
  });

  it('is indented with `_pretty=true`, with the same content', async () => {
    const reply = await all.get('Observation/o1?_pretty=true');
    expect(reply.text).toContain('\n  "id": "o1"');
    expect(reply.json).toEqual(second.json);
  });

  it.each([
    ['gzip', gunzipSync],
    ['br', brotliDecompressSync],
  ])('is compressed by %s when asked for', async (encoding, decompress) => {
    const { headers, bytes } = await raw('Observation/o1', { 'accept-encoding': encoding });
    expect(headers['content-encoding']).toBe(encoding);
    expect(headers.vary).toContain('accept-encoding');
    expect(bytes.length).toBe(Number(headers['content-length']));
    expect(JSON.parse(decompress(bytes).toString())).toEqual(second.json);
  });

  it('is as it is without Accept-Encoding', async () => {
    const { headers, bytes } = await raw('Observation/o1', {});
    expect(headers['content-encoding']).toBeUndefined();
    expect(JSON.parse(bytes.toString())).toEqual(second.json);
  });

  function raw(path: string, headers: Record<string, string>) {
    const authorization = `Bearer ${carnet.token('all')}`;
    return new Promise<{ headers: Record<string, unknown>; bytes: Buffer }>((resolve, reject) => {
      get(`${carnet.base}/${path}`, { headers: { authorization, ...headers } }, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({ headers: response.headers, bytes: Buffer.concat(chunks) }));
      }).on('error', reject);
    });
  }
});

describe('decimals', () => {
  const written =
    '{"resourceType":"Observation","id":"decimal","status":"final","code":{"text":"x"},"subject":{"reference":"Patient/p1"},' +
    '"valueQuantity":{"value":1.00},"referenceRange":[{"low":{"value":0.10},"high":{"value":12345678901234567890.5}}]}';
  const VALUES = ['"value":1.00}', '"value":0.10}', '"value":12345678901234567890.5}'];

  it.each([
    ['by PUT', () => all.put('Observation/decimal', written)],
    ['by POST', () => all.post('Observation', written)],
    ['by a read', () => all.get('Observation/decimal')],
    ['pretty', () => all.get('Observation/decimal?_pretty=true')],
    ['in part', () => all.get('Observation/decimal?_elements=value,referenceRange')],
    ['in a search', () => all.get('Observation?_id=decimal')],
    ['in a history', () => all.get('Observation/decimal/_history')],
    [
      'after a patch',
      () => all.patch('Observation/decimal', [{ op: 'add', path: '/issued', value: '2024-01-01T00:00:00Z' }]),
    ],
    ['by a transaction', () => all.post('', transaction(), { prefer: 'return=representation' })],
    ['by a conditional update', () => all.put('Observation?_id=decimal', written)],
  ])('come back as sent: %s', async (_how, send) => {
    const reply = await send();
    const text = reply.text.replaceAll(': ', ':').replaceAll(/\s+/g, '');
    expect([200, 201]).toContain(reply.status);
    for (const value of VALUES) expect(text).toContain(value);
  });

  const transaction = (): string =>
    `{"resourceType":"Bundle","type":"transaction","entry":[{"resource":${written},"request":{"method":"PUT","url":"Observation/decimal"}}]}`;
});

it('reads what a scope allows and nothing else', async () => {
  const made = await all.post('DocumentReference', document());
  const reader = carnet.as({ token: carnet.tokenFor({ scope: 'system/Observation.rs' }) });
  expect((await reader.get('Observation/o1')).status).toBe(200);
  for (const path of [`DocumentReference/${made.json.id}`, 'DocumentReference/absent']) {
    const refused = await reader.get(path);
    expect(errorOf(refused)).toEqual([403, 'forbidden']);
    expect(refused.headers.get('www-authenticate')).toContain('insufficient_scope');
  }
});
