/** Tokens over HTTP: https://datatracker.ietf.org/doc/html/rfc6750 */
import { request } from 'node:http';
import { permits, says } from '../enforcement/support/space.ts';
import { document, observation, person } from '../leaks/support/content.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  const all = carnet.as('all');
  for (const resource of [person('p', 'Martin', '1'), document('d', 'p'), observation('o', 'p', 1)]) {
    await all.put(`${resource.resourceType}/${resource.id}`, resource);
  }
  await all.put('Consent/c', { ...says('p', permits('Practitioner/demo-gp')), id: 'c' });
});
afterAll(() => carnet?.close());

/** With headers as they are, one line each. */
function raw(
  path: string,
  headers: string[],
): Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; text: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(
      `${carnet.base}/${path}`,
      { headers: ['host', 'carnet.test', ...headers] as never },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () =>
          resolve({
            status: response.statusCode!,
            headers: response.headers,
            text: Buffer.concat(chunks).toString(),
          }),
        );
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

it.each([
  ['none', []],
  ['one that is none', ['authorization', 'Bearer x.y.z']],
  ['another scheme', ['authorization', 'Basic eDp5']],
])('%s: 401 with WWW-Authenticate and an OperationOutcome, whatever is asked', async (_, headers) => {
  for (const path of [
    'Patient/p',
    'Patient/absent',
    'Patient',
    'Nothing',
    '_history',
    '$unknown',
    'AuditEvent',
    'Patient/p/%2e%2e',
  ]) {
    const { status, headers: answered, text } = await raw(path, headers);
    expect([path, status, answered['www-authenticate']]).toEqual([
      path,
      401,
      expect.stringMatching(/^Bearer/),
    ]);
    expect(JSON.parse(text)).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'login' }] });
  }
});

it('a repeated Authorization is refused, in either order', async () => {
  const good = `Bearer ${carnet.token('all')}`;
  const other = `Bearer ${carnet.token('dentist')}`;
  const each = [
    [good, other],
    [other, good],
    [good, good],
    ['Bearer x', good],
  ];
  for (const [first, second] of each) {
    const { status } = await raw('Patient/p', ['Authorization', first!, 'authorization', second!]);
    expect(status).toBe(401);
  }
  expect((await raw('Patient/p', ['authorization', good])).status).toBe(200);
});

it('a token in the query or a form counts for nothing', async () => {
  const token = carnet.token('all');
  expect((await raw(`Patient/p?access_token=${token}`, [])).status).toBe(401);
  const posted = await fetch(`${carnet.base}/Patient/_search`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: `access_token=${token}`,
  });
  expect(posted.status).toBe(401);
});

describe('scopes that are too few', () => {
  const withScope = (scope: string): Client =>
    carnet.as({ token: carnet.tokenFor({ scope, rights: [] }, 'all') });
  const forbidden = async (
    asked: Promise<{ status: number; headers: Headers; json: unknown }>,
  ): Promise<void> => {
    const { status, headers, json } = await asked;
    expect([status, headers.get('www-authenticate')]).toEqual([403, 'Bearer error="insufficient_scope"']);
    expect(json).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'forbidden' }] });
  };

  it.each<[scope: string, ask: (client: Client) => ReturnType<Client['get']>]>([
    ['', (client) => client.get('Patient/p')],
    ['system/Observation.cruds', (client) => client.get('Patient/p')],
    ['system/Patient.s', (client) => client.get('Patient/p')],
    ['system/Patient.r', (client) => client.get('Patient?name=x')],
    ['system/Patient.cuds', (client) => client.get('Patient/p/_history')],
    ['system/Patient.rs', (client) => client.put('Patient/p', person('p', 'Martin', '1'))],
    ['system/Patient.ruds', (client) => client.post('Patient', person('p', 'Martin', '1'))],
    ['system/Patient.crus', (client) => client.delete('Patient/p')],
    [
      'system/Patient.crds',
      (client) => client.patch('Patient/p', [{ op: 'add', path: '/active', value: true }]),
    ],
    [
      'system/Patient.r',
      (client) =>
        client.post('Patient/_search', 'name=x', { 'content-type': 'application/x-www-form-urlencoded' }),
    ],
    ['system/Patient.s', (client) => client.get('Patient/p/Observation')],
    ['system/Patient.s', (client) => client.get('?_type=Patient,Observation')],
    ['system/Patient.s', (client) => client.get('?_lastUpdated=gt2000')],
    ['system/Patient.cruds', (client) => client.get('_history')],
    [
      'system/DocumentReference.c',
      (client) => client.post('DocumentReference', document('', 'p'), { 'if-none-exist': '_id=d' }),
    ],
    ['system/DocumentReference.u', (client) => client.put('DocumentReference?_id=d', document('d', 'p'))],
    ['system/DocumentReference.d', (client) => client.delete('DocumentReference?_id=d')],
    [
      'system/DocumentReference.r',
      (client) => client.post('DocumentReference/d/$meta-add', { resourceType: 'Parameters' }),
    ],
  ])('%p', async (scope, ask) => {
    await forbidden(ask(withScope(scope)));
  });

  it('hold in each entry of a batch, and fail a transaction', async () => {
    const client = withScope('system/Patient.r');
    const entry = [
      { request: { method: 'GET', url: 'Patient/p' } },
      { request: { method: 'GET', url: 'DocumentReference/d' } },
    ];
    const batch = await client.post('', { resourceType: 'Bundle', type: 'batch', entry });
    expect(
      batch.json.entry.map(({ response }: { response: { status: string } }) => response.status.slice(0, 3)),
    ).toEqual(['200', '403']);
    expect((await client.post('', { resourceType: 'Bundle', type: 'transaction', entry })).status).toBe(403);
  });

  it.each([
    ['user/Patient.rs', 'Patient?_revinclude=DocumentReference:patient', 'DocumentReference/d'],
    ['user/Patient.rs', 'Patient?_has:Observation:patient:value-quantity=1', 'Patient/p'],
    ['user/DocumentReference.rs', 'DocumentReference?patient.name=martin', 'DocumentReference/d'],
    ['user/DocumentReference.rs', 'DocumentReference?_include=DocumentReference:patient', 'Patient/p'],
  ])('of a professional who names nobody, with %s, %s shows nothing of %s', async (scope, path, hidden) => {
    const withScope = (each: string): Client =>
      carnet.as({ token: carnet.tokenFor({ scope: each, rights: [] }, 'gp') });
    const { status, text } = await withScope(scope).get(path);
    const shown = `"fullUrl":"${carnet.base}/${hidden}"`;
    expect([status, text.includes(shown)]).toEqual([200, false]);
    expect((await withScope('user/*.rs').get(path)).text).toContain(shown);
  });

  it.each([
    ['system/Patient.rs', 'Patient?_id=p&_revinclude=DocumentReference:patient', 'DocumentReference/d'],
    [
      'system/Patient.rs system/DocumentReference.u',
      'Patient?_id=p&_revinclude=DocumentReference:patient',
      'DocumentReference/d',
    ],
    [
      'system/DocumentReference.rs system/Patient.d',
      'DocumentReference?_id=d&_include=DocumentReference:patient',
      'Patient/p',
    ],
    [
      'system/Patient.rs system/Observation.c',
      'Patient?_has:Observation:patient:value-quantity=1',
      'Patient/p',
    ],
    ['system/DocumentReference.rs', 'DocumentReference?patient.name=martin', 'DocumentReference/d'],
  ])('with %s, %s shows nothing of %s', async (scope, path, hidden) => {
    const { status, text } = await withScope(scope).get(path);
    const shown = `"fullUrl":"${carnet.base}/${hidden}"`;
    expect([status, text.includes(shown)]).toEqual([200, false]);
    expect((await withScope('system/*.rs').get(path)).text).toContain(shown);
  });
});

it('a slash that is encoded is none, and no way around the scopes', async () => {
  const client = carnet.as({ token: carnet.tokenFor({ scope: 'system/Patient.r' }, 'all') });
  for (const path of [
    'Patient%2fp',
    'Patient/p%2f_history',
    'Patient/..%2fDocumentReference%2fd',
    'Patient/%2e%2e/DocumentReference/d',
    'Patient/p/..%2f..%2fDocumentReference/d',
  ]) {
    const { status, text } = await client.get(path);
    expect([path, status >= 400 && status < 500, text.includes('"DocumentReference"')]).toEqual([
      path,
      true,
      false,
    ]);
  }
});

it('/metadata and health are for everybody', async () => {
  expect((await raw('metadata', [])).status).toBe(200);
  expect((await fetch(`${carnet.base.replace('/fhir', '')}/health/live`)).status).toBe(200);
});
