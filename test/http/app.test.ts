import { brotliDecompressSync, gzipSync, gunzipSync } from 'node:zlib';
import request from 'supertest';
import { FhirError } from '../../src/fhir/outcome.ts';
import { ROUTES } from '../../src/http/routes.ts';
import { fakeApp, store, subject, type Faked } from './support/app.ts';
import { processorTime } from '../support/processor.ts';

const FHIR = 'application/fhir+json';
const patient = { resourceType: 'Patient', name: [{ family: 'Martin' }] };

/** A caller with a good token. */
const caller = (faked: Faked = {}) => {
  const { app, heard } = fakeApp(faked);
  return { heard, as: request.agent(app).set('authorization', 'Bearer good'), app };
};

/** superagent would turn bytes into JSON. */
const asIs = (body: unknown): string => body as string;

const issueOf = (body: { issue?: { code: string; details: { text: string } }[] }) => body.issue?.[0];

/** The path of a route with its places filled. */
const filled = (path: string): string =>
  path
    .replace('[compartment]/[id]/[type]', 'Patient/1/Observation')
    .replace('[compartment]', 'Patient')
    .replace('[definition]', 'ValueSet')
    .replace('[type]', 'Patient')
    .replace('[id]', '1')
    .replace('[vid]', '2');

describe('the routes', () => {
  it.each(
    ROUTES.filter((route) => !('open' in route)).map(
      (route) => [`${route.method} ${route.path}`, route] as const,
    ),
  )('%s reaches its interaction, with its scope, and is recorded', async (_name, route) => {
    const { as, heard } = caller();
    const method = route.method.toLowerCase() as 'get' | 'post' | 'put' | 'patch' | 'delete';
    let sent = as[method](`/fhir/${filled(route.path)}`);
    const kind = 'body' in route ? route.body : undefined;
    if (kind === 'resource' || kind === 'patch')
      sent = sent.set('content-type', FHIR).send(JSON.stringify(patient));
    const answer = await sent;
    expect(answer.status).toBe(200);
    expect(answer.body.interaction).toBe(route.interaction);
    expect(heard.exchanges[0]).toMatchObject({
      subject,
      store,
      interaction: route.interaction,
      method: route.method,
    });
    expect(heard.records).toMatchObject([
      { trace: { audit: { code: route.code, action: route.action } }, result: { status: 200 } },
    ]);
    expect(heard.scopes.map((scope) => scope.split('.')[1])).toEqual('scope' in route ? [route.scope] : []);
  });

  it.each(
    ROUTES.filter((route) => !('open' in route)).map(
      (route) => [`${route.method} ${route.path}`, route] as const,
    ),
  )('%s is refused to nobody with 401 and does nothing', async (_name, route) => {
    const { app, heard } = fakeApp();
    const method = route.method.toLowerCase() as 'get';
    const answer = await request(app)[method](`/fhir/${filled(route.path)}`);
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="carnet"');
    expect(issueOf(answer.body)!.code).toBe('login');
    expect(heard).toMatchObject({ exchanges: [], records: [], scopes: [] });
  });

  it('serves HEAD as GET without a body', async () => {
    const { as } = caller();
    const get = await as.get('/fhir/Patient/1');
    const head = await as.head('/fhir/Patient/1');
    expect(head.status).toBe(200);
    expect(head.headers['content-length']).toBe(get.headers['content-length']);
    expect(head.text).toBeUndefined();
  });

  it('names the compartment and the type that is asked', async () => {
    const { as, heard } = caller();
    await as.get('/fhir/Patient/1/Observation?code=x');
    await as.get('/fhir/Patient/1/*');
    expect(heard.exchanges.map(({ params }) => params)).toEqual([
      { compartment: { type: 'Patient', id: '1' }, type: 'Observation' },
      { compartment: { type: 'Patient', id: '1' } },
    ]);
    expect(heard.scopes).toEqual(['Observation.s', '*.s']);
  });

  it('checks the scope for each type of a system search', async () => {
    const { as, heard } = caller();
    await as.get('/fhir?_type=Patient,Observation');
    expect(heard.scopes).toEqual(['Patient.s', 'Observation.s']);
  });

  it('records a refused scope without opening the store', async () => {
    const open = jestFree();
    const { as, heard } = caller({
      open: open.call,
      checkScope() {
        throw new FhirError('forbidden', 'scope is missing');
      },
    });
    const answer = await as.get('/fhir/Patient/1');
    expect(answer.status).toBe(403);
    expect(open.calls).toBe(0);
    expect(heard.exchanges).toEqual([]);
    expect(heard.records).toMatchObject([{ result: { status: 403 } }]);
  });
});

function jestFree() {
  const counter = {
    calls: 0,
    call: () => {
      counter.calls++;
      return store;
    },
  };
  return counter;
}

describe('what is public', () => {
  it('serves metadata', async () => {
    const answer = await request(fakeApp().app).get('/fhir/metadata');
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toBe('application/fhir+json; charset=utf-8');
    expect(answer.body.resourceType).toBe('CapabilityStatement');
  });

  it('refuses the terminology mode of metadata', async () => {
    expect((await request(fakeApp().app).get('/fhir/metadata?mode=terminology')).status).toBe(400);
  });

  it('does not open metadata to other methods', async () => {
    expect((await request(fakeApp().app).post('/fhir/metadata')).status).toBe(401);
  });

  it('tells that it lives, and whether it is ready', async () => {
    const checks = { database: 'failed' } as const;
    const { app } = fakeApp({ ready: async () => ({ ready: false, checks }) });
    expect((await request(app).get('/health/live')).body).toEqual({ live: true });
    const ready = await request(app).get('/health/ready');
    expect([ready.status, ready.body]).toEqual([503, { ready: false, checks }]);
    expect((await request(fakeApp().app).get('/health/ready')).status).toBe(200);
  });
});

describe('addresses', () => {
  const refused: [string, string, string, number, string][] = [
    ['an encoded slash', 'get', '/fhir/Patient/a%2Fb', 400, 'invalid'],
    ['an encoded backslash', 'get', '/fhir/Patient/a%5Cb', 400, 'invalid'],
    ['encoded dots', 'get', '/fhir/Patient/%2e%2e', 400, 'invalid'],
    ['a NUL', 'get', '/fhir/Patient/a%00', 400, 'invalid'],
    ['a line break', 'get', '/fhir/Patient/a%0d%0ab', 400, 'invalid'],
    ['malformed percent-encoding in the path', 'get', '/fhir/Patient/%ZZ', 400, 'invalid'],
    ['overlong UTF-8', 'get', '/fhir/Patient/%c0%af', 400, 'invalid'],
    ['an empty segment', 'get', '/fhir//Patient', 400, 'invalid'],
    ['malformed percent-encoding in the query', 'get', '/fhir/Patient?name=%E0%A4%A', 400, 'invalid'],
    ['a NUL in the query', 'get', '/fhir/Patient?name=a%00', 400, 'invalid'],
    ['more than 1,000 parameters', 'get', `/fhir/Patient?${'a&'.repeat(1001)}`, 400, 'too-long'],
    ['an overlong address', 'get', `/fhir/Patient?name=${'a'.repeat(8000)}`, 414, 'too-long'],
    ['a type that is off', 'get', '/fhir/Claim/1', 404, 'not-supported'],
    ['what is no type', 'get', '/fhir/Toto/1', 404, 'not-supported'],
    ['a type of the prototype', 'get', '/fhir/constructor/1', 404, 'not-supported'],
    ['what is no compartment', 'get', '/fhir/Observation/1/Patient', 404, 'not-supported'],
    ['a compartment of a type that is off', 'get', '/fhir/Patient/1/Claim', 404, 'not-supported'],
    ['an operation that is not served', 'post', '/fhir/Patient/1/$nothing', 404, 'not-supported'],
    ['an address outside of the base', 'get', '/other', 404, 'not-supported'],
    ['an address that only begins like the base', 'get', '/fhirx/Patient', 404, 'not-supported'],
    ['too many segments', 'get', `/fhir${'/a'.repeat(50)}`, 404, 'not-supported'],
    ['a method that is not allowed', 'delete', '/fhir/Patient/1/_history/2', 405, 'not-supported'],
    ['a bad id on DELETE', 'delete', '/fhir/Patient/a_b', 400, 'value'],
    ['an overlong id on DELETE', 'delete', `/fhir/Patient/${'a'.repeat(65)}`, 400, 'value'],
    ['a bad id of a compartment', 'get', '/fhir/Patient/a!b/Observation', 400, 'value'],
  ];
  it.each(refused)('refuses %s', async (_sentence, method, path, status, code) => {
    const { as, heard } = caller();
    const answer = await as[method as 'get'](path);
    expect([answer.status, issueOf(answer.body)?.code]).toEqual([status, code]);
    expect(heard.exchanges).toEqual([]);
  });

  it('says that a type is off', async () => {
    const { as } = caller();
    expect(issueOf((await as.get('/fhir/Claim')).body)!.details.text).toBe('type `Claim` is not served');
    expect(issueOf((await as.get('/fhir/Toto')).body)!.details.text).toBe('`Toto` is not a resource type');
  });

  it('lists the methods that are allowed', async () => {
    const { as } = caller();
    expect((await as.post('/fhir/Patient/1')).headers.allow).toBe('GET, HEAD, PUT, PATCH, DELETE');
    expect((await as.options('/fhir/Patient')).headers.allow).toBe('POST, PUT, PATCH, DELETE, GET, HEAD');
  });

  it('decodes the query strictly and in order, `+` as a blank', async () => {
    const { as, heard } = caller();
    await as.get(
      '/fhir/Patient?name=a+b%2Bc&name=%C3%A9&active&__proto__=x&a[$gt]=1&&_format=json&_pretty=true',
    );
    expect(heard.exchanges[0]!.query).toEqual([
      ['name', 'a b+c'],
      ['name', 'é'],
      ['active', ''],
      ['__proto__', 'x'],
      ['a[$gt]', '1'],
    ]);
  });

  it('puts the fields of a form after the parameters of the address', async () => {
    const { as, heard } = caller();
    await as.post('/fhir/Patient/_search?a=1').type('form').send('b=2+3&a=4');
    expect(heard.exchanges[0]!.query).toEqual([
      ['a', '1'],
      ['b', '2 3'],
      ['a', '4'],
    ]);
    expect((await as.post('/fhir/Patient/_search')).status).toBe(200);
  });

  it.each([
    ['too long', 'application/x-www-form-urlencoded', `a=${'b'.repeat(70_000)}`, 413],
    ['not UTF-8', 'application/x-www-form-urlencoded', Buffer.from([0x61, 0x3d, 0xff]), 400],
    ['JSON', 'application/json', '{}', 415],
  ])('refuses a form that is %s', async (_sentence, type, body, status) => {
    const { as } = caller();
    expect((await as.post('/fhir/Patient/_search').type(type).serialize(asIs).send(body)).status).toBe(
      status,
    );
  });
});

describe('what was not found', () => {
  const hidden = {
    interactions: { read: async () => Promise.reject(new FhirError('not-found', 'Patient/1 is hidden')) },
  };

  it('is told in one body, whatever the interaction says and whatever the id', async () => {
    const { as } = caller(hidden);
    const answers = await Promise.all(
      ['1', '2', 'a_b', 'a'.repeat(70)].map((id) => as.get(`/fhir/Patient/${id}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    expect(answers[0]!.text).not.toContain('Patient');
    const shapes = answers.map(({ headers: { date: _date, 'x-request-id': _id, ...rest } }) =>
      JSON.stringify(rest),
    );
    expect(new Set(shapes).size).toBe(1);
  });

  it('leaves on ticks of 20 ms', async () => {
    const { as } = caller(hidden);
    await as.get('/fhir/Patient/1');
    for (let i = 0; i < 5; i++) {
      const start = performance.now();
      await as.get('/fhir/Patient/1');
      expect(performance.now() - start).toBeGreaterThanOrEqual(19);
    }
  });

  it('leaves on ticks in a Bundle too, and for updates and deletes that hide what is there', async () => {
    const { as } = caller({
      interactions: {
        ...hidden.interactions,
        transaction: async ({ dispatch }) => {
          await dispatch({ method: 'GET', url: 'Patient/a_b', headers: {} }).catch(() => {});
          return { status: 200, body: patient };
        },
        delete: async () => ({ status: 204 }),
        update: async () => Promise.reject(new FhirError('not-supported', 'not allowed', { status: 405 })),
      },
    });
    const paced = [
      () => as.post('/fhir').type(FHIR).send('{"resourceType":"Bundle"}'),
      () => as.delete('/fhir/Patient/1'),
      () => as.put('/fhir/Patient/1').type(FHIR).send(JSON.stringify(patient)),
    ];
    for (const send of paced) {
      const start = performance.now();
      await send();
      expect(performance.now() - start).toBeGreaterThanOrEqual(19);
    }
  });
});

describe('bodies', () => {
  it('are given as parsed JSON with their bytes', async () => {
    const { as, heard } = caller();
    await as
      .post('/fhir/Patient')
      .type('application/fhir+json; charset=UTF-8; fhirVersion=4.0')
      .send(JSON.stringify(patient));
    expect(heard.exchanges[0]!.body).toMatchObject({ kind: 'json', contentType: FHIR, value: patient });
    expect((heard.exchanges[0]!.body as { bytes: Buffer }).bytes.toString()).toBe(JSON.stringify(patient));
  });

  it('may be a JSON Patch, which is a list', async () => {
    const { as, heard } = caller();
    await as
      .patch('/fhir/Patient/1')
      .type('application/json-patch+json')
      .send('[{"op":"remove","path":"/active"}]');
    expect(heard.exchanges[0]!.body).toMatchObject({
      contentType: 'application/json-patch+json',
      value: [{ op: 'remove' }],
    });
  });

  it('may be anything for Binary', async () => {
    const { as, heard } = caller();
    const bytes = Buffer.from([0x25, 0x50, 0x44, 0x46, 0xff]);
    await as.post('/fhir/Binary').type('application/pdf').send(bytes);
    await as.put('/fhir/Binary/1').type('text/plain; charset=latin1').send(bytes);
    expect(heard.exchanges.map(({ body }) => body)).toEqual([
      { kind: 'raw', contentType: 'application/pdf', bytes },
      { kind: 'raw', contentType: 'text/plain; charset=latin1', bytes },
    ]);
  });

  it.each(['gzip', 'br', 'deflate'] as const)('may be compressed with %s', async (encoding) => {
    const zlib = await import('node:zlib');
    const compress = { gzip: zlib.gzipSync, br: zlib.brotliCompressSync, deflate: zlib.deflateSync }[
      encoding
    ];
    const { as, heard } = caller();
    const body = compress(Buffer.from(JSON.stringify(patient)));
    const answer = await as
      .post('/fhir/Patient')
      .type(FHIR)
      .set('content-encoding', encoding)
      .serialize(asIs)
      .send(body);
    expect(answer.status).toBe(200);
    expect(heard.exchanges[0]!.body).toMatchObject({ value: patient });
  });

  const deep = (depth: number) => `{"a":${'['.repeat(depth)}${']'.repeat(depth)}}`;
  const bomb = gzipSync(Buffer.alloc(50_000_000));
  const gzip = { 'content-encoding': 'gzip' };
  const refused: [string, string, string | Buffer, Record<string, string>, number][] = [
    ['malformed JSON', FHIR, '{"a":', {}, 400],
    ['JSON that is no object', FHIR, '[]', {}, 400],
    ['100-deep JSON', FHIR, deep(100), {}, 400],
    ['100,000-deep JSON', FHIR, deep(90_000), {}, 400],
    ['duplicate keys', FHIR, '{"resourceType":"Patient","id":"1","id":"2"}', {}, 400],
    ['invalid UTF-8', FHIR, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), {}, 400],
    ['__proto__', FHIR, '{"resourceType":"Patient","__proto__":{"admin":true}}', {}, 400],
    ['an empty body', FHIR, '', {}, 400],
    ['a body over the limit', FHIR, Buffer.alloc(200_001, 32), {}, 413],
    ['a gzip bomb', FHIR, bomb, gzip, 413],
    ['broken gzip', FHIR, 'not gzip', gzip, 400],
    [
      'gzip that ends too soon',
      FHIR,
      gzipSync(Buffer.from(JSON.stringify(patient))).subarray(0, 30),
      gzip,
      400,
    ],
    ['an unknown content encoding', FHIR, '{}', { 'content-encoding': 'compress' }, 415],
    ['a content encoding of the prototype', FHIR, '{}', { 'content-encoding': 'constructor' }, 415],
    ['two content encodings', FHIR, '{}', { 'content-encoding': 'gzip, gzip' }, 415],
    ['XML of no namespace', 'application/fhir+xml', '<Patient/>', {}, 400],
    ['plain text', 'text/plain', 'x', {}, 415],
    ['a form', 'application/x-www-form-urlencoded', 'a=b', {}, 415],
    ['another character set', 'application/fhir+json; charset=latin1', '{}', {}, 415],
    ['another version of FHIR', 'application/fhir+json; fhirVersion=5.0', '{}', {}, 415],
  ];
  it.each(refused)(
    'are refused when they are %s, in time and with an outcome',
    async (_sentence, type, body, headers, status) => {
      const { as, heard } = caller();
      const start = processorTime();
      const answer = await as.post('/fhir/Patient').type(type).set(headers).serialize(asIs).send(body);
      expect(answer.status).toBe(status);
      expect(answer.body.resourceType).toBe('OperationOutcome');
      expect(heard.exchanges).toEqual([]);
      expect(processorTime() - start).toBeLessThan(2_000);
      expect((await as.get('/fhir/Patient/1')).status).toBe(200);
    },
  );

  it('say what is accepted', async () => {
    const { as } = caller();
    const text = issueOf((await as.post('/fhir/Patient').type('text/turtle').send('x')).body)!.details.text;
    expect(text).toBe(
      'content type `text/turtle` is not supported here; allowed: application/fhir+json, application/json, ' +
        'text/json, application/fhir+xml, application/xml, text/xml',
    );
    expect((await as.post('/fhir/Binary').type('application/fhir+xml').send('<Binary/>')).status).toBe(400);
  });

  it('need a content type', async () => {
    const { as } = caller();
    const sent = as.post('/fhir/Binary').set('content-type', '');
    expect((await sent.send(Buffer.from('x'))).status).toBe(415);
  });
});

describe('what comes back', () => {
  const long = { resourceType: 'Patient', name: [{ family: 'é'.repeat(2000) }] };
  const answering = (answer: object): Faked => ({
    interactions: { read: async () => ({ status: 200, ...answer }) },
  });

  it('carries the headers of every answer', async () => {
    const { as } = caller();
    const { headers } = await as.get('/fhir/Patient/1');
    expect(headers).toMatchObject({
      'content-type': 'application/fhir+json; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect(headers).not.toHaveProperty('x-powered-by');
    expect(headers).not.toHaveProperty('etag');
  });

  it('echoes a request id that is safe to repeat and makes one otherwise', async () => {
    const { as, heard } = caller();
    const idOf = async (sent: string) =>
      (await as.get('/fhir/Patient/1').set('x-request-id', sent)).headers['x-request-id'];
    expect(await idOf('abc-1')).toBe('abc-1');
    expect(heard.exchanges[0]!.requestId).toBe('abc-1');
    expect(await idOf('a b')).toMatch(/^[0-9a-f-]{36}$/);
    expect(await idOf('a'.repeat(129))).toMatch(/^[0-9a-f-]{36}$/);
  });

  it('sends bytes as they are', async () => {
    const bytes = Buffer.from('{"resourceType":"Patient","x":1.00}');
    const { as } = caller(answering({ body: bytes, headers: { etag: 'W/"1"' } }));
    const answer = await as.get('/fhir/Patient/1');
    expect(answer.text).toBe(bytes.toString());
    expect(answer.headers.etag).toBe('W/"1"');
  });

  it('sends content with its own type', async () => {
    const { as } = caller(
      answering({ body: Buffer.from('%PDF'), headers: { 'content-type': 'application/pdf' } }),
    );
    const answer = await as.get('/fhir/Binary/1').set('accept', 'application/pdf');
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/pdf']);
  });

  it('refuses a `_pretty` that is neither, unless it may be lenient', async () => {
    const { as } = caller();
    expect((await as.get('/fhir/Patient/1?_pretty=x')).status).toBe(400);
    expect((await as.get('/fhir/Patient/1?_pretty=x').set('prefer', 'handling=lenient')).status).toBe(200);
    expect((await as.get('/fhir/Patient/1?_pretty=false')).status).toBe(200);
  });

  it('indents on request without touching numbers', async () => {
    const bytes = Buffer.from('{"a":[1.00,{"b":"x: {\\"y\\"}, z"}],"c":{},"d":[]}');
    const { as } = caller(answering({ body: bytes }));
    const answer = await as.get('/fhir/Patient/1?_pretty=true');
    expect(answer.text).toBe(
      '{\n  "a": [\n    1.00,\n    {\n      "b": "x: {\\"y\\"}, z"\n    }\n  ],\n  "c": {},\n  "d": []\n}\n',
    );
  });

  it.each([
    ['br', brotliDecompressSync],
    ['gzip', gunzipSync],
  ] as const)('is compressed with %s when it is long', async (encoding, decompress) => {
    const { app } = caller(answering({ body: long }));
    const answer = await request(app)
      .get('/fhir/Patient/1')
      .set('authorization', 'Bearer good')
      .set('accept-encoding', encoding)
      .buffer(true)
      .parse((response, done) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => done(null, Buffer.concat(chunks)));
      });
    expect(answer.headers['content-encoding']).toBe(encoding);
    expect(answer.headers.vary).toContain('accept-encoding');
    const sent = answer.body as Buffer;
    // Some versions of superagent inflate by themselves.
    const text = sent[0] === 0x7b ? sent : decompress(sent);
    expect(JSON.parse(text.toString())).toEqual(long);
  });

  it.each(['identity', 'br;q=0, gzip;q=0', 'zstd'])('is not compressed for `%s`', async (accepted) => {
    const { as } = caller(answering({ body: long }));
    expect((await as.get('/fhir/Patient/1').set('accept-encoding', accepted)).headers).not.toHaveProperty(
      'content-encoding',
    );
  });

  it('has no body with 204 and 304', async () => {
    for (const status of [204, 304]) {
      const { as } = caller({ interactions: { read: async () => ({ status, headers: { etag: 'W/"1"' } }) } });
      const answer = await as.get('/fhir/Patient/1');
      expect([answer.status, answer.text, answer.headers.etag]).toEqual([status, '', 'W/"1"']);
      expect(answer.headers).not.toHaveProperty('content-type');
    }
  });
});

describe('negotiation', () => {
  it.each([
    ['no Accept', undefined, '', 200],
    ['everything', '*/*', '', 200],
    ['a browser', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', '', 200],
    ['fhir+json', 'application/fhir+json', '', 200],
    ['json with a version', 'application/fhir+json; fhirVersion=4.0', '', 200],
    ['another version', 'application/fhir+json; fhirVersion=5.0', '', 406],
    ['xml', 'application/fhir+xml', '', 200, 'application/fhir+xml'],
    ['json refused by weight', 'application/json;q=0', '', 406],
    ['xml before json', 'application/fhir+xml, application/fhir+json;q=0.5', '', 200, 'application/fhir+xml'],
    ['_format=json over Accept', 'application/fhir+xml', '?_format=json', 200],
    ['_format as a full type', undefined, '?_format=application/fhir%2Bjson', 200],
    ['_format with an unescaped plus', undefined, '?_format=application/fhir+json', 200],
    ['_format=xml', undefined, '?_format=xml', 200, 'application/fhir+xml'],
    ['_format=ttl', undefined, '?_format=ttl', 406],
    ['_format with a version', undefined, '?_format=application/fhir%2Bjson;fhirVersion=4.0', 200],
    ['_format with another version', undefined, '?_format=application/fhir%2Bjson;fhirVersion=5.0', 406],
  ])('with %s', async (_sentence, accept, query, status, type = 'application/fhir+json') => {
    const { app } = fakeApp();
    let sent = request(app).get(`/fhir/Patient/1${query}`).set('authorization', 'Bearer good');
    if (accept !== undefined) sent = sent.set('accept', accept);
    const answer = await sent;
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toBe(`${type}; charset=utf-8`);
  });

  it('is left to the interaction when a Binary is read', async () => {
    const { as } = caller();
    expect((await as.get('/fhir/Binary/1').set('accept', 'image/png')).status).toBe(200);
    expect((await as.get('/fhir/Binary').set('accept', 'image/png')).status).toBe(406);
  });
});

describe('Prefer', () => {
  const created: Faked = {
    interactions: { create: async () => ({ status: 201, headers: { location: 'x' }, body: { ...patient } }) },
  };
  const post = (prefer: string) =>
    caller(created).as.post('/fhir/Patient').type(FHIR).set('prefer', prefer).send(JSON.stringify(patient));

  it('gives the resource, nothing or an outcome after a write', async () => {
    expect((await post('return=representation')).body.resourceType).toBe('Patient');
    const minimal = await post('return=minimal');
    expect([minimal.status, minimal.text, minimal.headers.location]).toEqual([201, '', 'x']);
    expect(issueOf((await post('return=OperationOutcome')).body)).toMatchObject({
      details: { text: 'created' },
    });
    expect((await post('return=everything')).body.resourceType).toBe('Patient');
  });

  it('is strict unless lenient is asked for', async () => {
    const { as, heard } = caller();
    for (const prefer of [
      '',
      'handling=lenient',
      'respond-async, handling="lenient"; return=minimal',
      'handling=strict',
      'handling=sloppy',
    ]) {
      await as.get('/fhir/Patient').set('prefer', prefer);
    }
    expect(heard.exchanges.map(({ prefer }) => prefer.handling)).toEqual([
      'strict',
      'lenient',
      'lenient',
      'strict',
      'strict',
    ]);
  });

  it('changes no read', async () => {
    const { as } = caller();
    expect((await as.get('/fhir/Patient/1').set('prefer', 'return=minimal')).body.resourceType).toBe('Basic');
  });
});

describe('errors', () => {
  const failing = (error: unknown) => caller({ interactions: { read: async () => Promise.reject(error) } });

  it('tell what a FhirError says, with its status, headers and element', async () => {
    const { as } = failing(
      new FhirError('conflict', 'stale', { expression: 'Patient.meta', headers: { etag: 'W/"2"' } }),
    );
    const answer = await as.get('/fhir/Patient/1');
    expect([answer.status, answer.headers.etag]).toEqual([412, 'W/"2"']);
    expect(answer.body).toEqual({
      resourceType: 'OperationOutcome',
      issue: [
        { severity: 'error', code: 'conflict', details: { text: 'stale' }, expression: ['Patient.meta'] },
      ],
    });
  });

  it.each([
    ['an Error', new Error('E11000 duplicate key {"name":"Martin"}')],
    ['a string', 'Martin'],
    ['nothing', undefined],
  ])('keep %s that was thrown inside', async (_sentence, thrown) => {
    const { as, heard } = failing(thrown);
    const answer = await as.get('/fhir/Patient/1');
    expect(answer.status).toBe(500);
    expect(answer.body.issue).toEqual([
      { severity: 'error', code: 'exception', details: { text: 'internal error' } },
    ]);
    const logged = heard.log.find((line) => line.includes('"failed"'))!;
    expect(JSON.parse(logged).requestId).toBe(answer.headers['x-request-id']);
    expect(heard.log.join('')).not.toContain('Martin');
  });

  it('become 500 when the answer cannot be rendered', async () => {
    const body: Record<string, unknown> = { resourceType: 'Patient' };
    body.self = body;
    const { as } = caller({ interactions: { read: async () => ({ status: 200, body: body as never }) } });
    expect((await as.get('/fhir/Patient/1')).status).toBe(500);
    const broken = caller({
      interactions: { read: async () => ({ status: 200, headers: { etag: 'a\r\nb: c' } }) },
    });
    expect((await broken.as.get('/fhir/Patient/1')).status).toBe(500);
  });

  it('ask to come back after 503', async () => {
    const { as } = failing(new FhirError('transient', 'try again'));
    const answer = await as.get('/fhir/Patient/1');
    expect([answer.status, answer.headers['retry-after']]).toEqual([503, '1']);
  });
});

describe('the trace', () => {
  it('is durable before anything of the answer leaves', async () => {
    const order: string[] = [];
    const { as } = caller({
      async record() {
        await new Promise((resolve) => setTimeout(resolve, 30));
        order.push('recorded');
      },
    });
    await as.get('/fhir/Patient/1').then(() => order.push('answered'));
    expect(order).toEqual(['recorded', 'answered']);
  });

  it('that fails keeps the answer back', async () => {
    const { as } = caller({ record: async () => Promise.reject(new Error('no disk')) });
    const answer = await as.get('/fhir/Patient/1');
    expect([answer.status, issueOf(answer.body)!.code]).toEqual([503, 'transient']);
    expect(answer.text).not.toContain('Basic');
  });

  it('tells of errors too', async () => {
    const { as, heard } = caller({ interactions: { read: async () => Promise.reject(new Error('x')) } });
    await as.get('/fhir/Patient/1');
    expect(heard.records[0]!.result).toMatchObject({ status: 500 });
  });
});

describe('the log', () => {
  it('names the interaction and no address', async () => {
    const { as, heard } = caller();
    await as.get('/fhir/Patient/secret-id?name=Martin');
    const line = heard.log.find((text) => text.includes('answered'))!;
    expect(JSON.parse(line)).toMatchObject({ method: 'GET', interaction: 'read', status: 200 });
    expect(heard.log.join('')).not.toMatch(/secret-id|Martin|good/);
  });
});

describe('dispatch', () => {
  const within = (
    entry: Parameters<import('../../src/interaction/exchange.ts').Exchange['dispatch']>[0],
    faked: Faked = {},
  ) => {
    const made = caller({
      ...faked,
      interactions: {
        ...faked.interactions,
        transaction: async ({ dispatch }) => ({ ...(await dispatch(entry)) }),
      },
    });
    return {
      ...made,
      answer: made.as.post('/fhir').type(FHIR).set('if-match', 'W/"1"').send('{"resourceType":"Bundle"}'),
    };
  };

  it('matches and decodes an entry as a request, for the same caller and store', async () => {
    const { answer, heard } = within({
      method: 'GET',
      url: 'Patient?name=a+b&_format=json',
      headers: { 'if-none-match': 'W/"2"' },
    });
    expect((await answer).body.interaction).toBe('search-type');
    const inner = heard.exchanges[1]!;
    expect(inner).toMatchObject({
      subject,
      store,
      query: [['name', 'a b']],
      method: 'GET',
      url: 'Patient?name=a+b&_format=json',
    });
    expect([inner.header('if-none-match'), inner.header('if-match'), inner.header('constructor')]).toEqual([
      'W/"2"',
      undefined,
      undefined,
    ]);
    expect(inner.body).toBeUndefined();
    expect(heard.scopes).toEqual(['Patient.s']);
    expect(heard.records.map(({ trace }) => trace.interaction)).toEqual(['search-type', 'transaction']);
  });

  it('takes an absolute address below the own base', async () => {
    const { answer, heard } = within({
      method: 'GET',
      url: 'http://carnet.test/fhir/Patient/1',
      headers: {},
    });
    await answer;
    expect(heard.exchanges[1]!.params).toEqual({ type: 'Patient', id: '1' });
  });

  it.each([
    ['a Bundle', { method: 'POST', url: '' }, 400],
    ['metadata', { method: 'GET', url: 'metadata' }, 400],
    ['a foreign address', { method: 'GET', url: 'http://other.test/fhir/Patient/1' }, 400],
    ['an update without resource', { method: 'PUT', url: 'Patient/1' }, 400],
    ['a type that is off', { method: 'GET', url: 'Claim/1' }, 404],
    ['a method that is not allowed', { method: 'BREW', url: 'Patient/1' }, 405],
    ['an encoded slash', { method: 'GET', url: 'Patient/a%2Fb' }, 400],
  ])('refuses %s', async (_sentence, entry, status) => {
    const { answer, heard } = within({ ...entry, headers: {} });
    expect((await answer).status).toBe(status);
    expect(heard.exchanges.length).toBe(1);
  });

  it('checks the scope of the entry', async () => {
    const { answer } = within(
      { method: 'GET', url: 'Patient/1', headers: {} },
      {
        checkScope: () => {
          throw new FhirError('forbidden', 'scope is missing');
        },
      },
    );
    expect((await answer).status).toBe(403);
  });
});
