/** Backend services: https://hl7.org/fhir/smart-app-launch/STU2.2/backend-services.html */
import { createServer, type Server } from 'node:http';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import { person, document } from '../leaks/support/content.ts';
import { type Client as Registered } from '../../src/auth/clients.ts';
import type { Client } from '../support/server.ts';
import { freePort } from '../support/server.ts';
import { type Oauth, oauthServer, tokenRequest } from './support/oauth.ts';

const TYPE = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
type Key = Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];

let oauth: Oauth;
let keySet: Server;
let keySetUri: string;
let served: unknown = { keys: [] };
let asked = 0;
const keys: Record<string, Key> = {};

beforeAll(async () => {
  const port = await freePort();
  keySetUri = `http://127.0.0.1:${port}/jwks`;
  keySet = createServer((request, response) => {
    asked += 1;
    if (request.url === '/elsewhere') response.writeHead(302, { location: '/jwks' }).end();
    else response.end(JSON.stringify(served));
  }).listen(port, '127.0.0.1');
  oauth = await oauthServer(import.meta.url, {
    clientKeyHosts: [{ secure: false, name: '127.0.0.1', port }],
  });
  const jwks = { keys: [] as object[] };
  for (const alg of ['ES384', 'RS384', 'ES256'] as const) {
    const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
    keys[alg] = privateKey;
    jwks.keys.push({ ...(await exportJWK(publicKey)), kid: alg, alg, use: 'sig' });
  }
  served = jwks;
  await oauth.register(backend('lab', { jwks: { keys: [...jwks.keys] as never } }));
  const all = oauth.carnet.as('all');
  await all.put('Patient/p', person('p', 'Martin', '1'));
  await all.put('DocumentReference/other', document('other', 'p'));
}, 120_000);
afterAll(async () => {
  await oauth?.carnet.close();
  keySet?.close();
});

function backend(id: string, more: Partial<Registered>): Registered {
  return {
    id,
    name: 'Laboratoire',
    auth: 'private_key_jwt',
    redirectUris: [],
    scope: 'system/DocumentReference.cruds system/Patient.rs',
    system: { organization: 'Organization/lab', rights: [], idPrefixes: ['lab-'] },
    ...more,
  };
}

interface Assertion {
  alg?: string;
  client?: string;
  iss?: string;
  sub?: string;
  aud?: string;
  lasts?: number;
  jti?: string;
  kid?: string;
  key?: unknown;
}

async function assertion(change: Assertion = {}): Promise<string> {
  const { alg = 'ES384', client = 'lab', lasts = 240 } = change;
  const now = Math.floor(Date.now() / 1000);
  return new SignJWT({})
    .setProtectedHeader({ alg, kid: change.kid ?? alg, typ: 'JWT' })
    .setIssuer(change.iss ?? client)
    .setSubject(change.sub ?? client)
    .setAudience(change.aud ?? `${oauth.issuer}/token`)
    .setIssuedAt(now)
    .setExpirationTime(now + lasts)
    .setJti(change.jti ?? `${Math.random()}`)
    .sign((change.key ?? keys[alg]!) as Key);
}

const request = (text: string, scope = 'system/DocumentReference.cruds') =>
  tokenRequest(oauth, {
    grant_type: 'client_credentials',
    scope,
    client_assertion_type: TYPE,
    client_assertion: text,
  });

it.each(['ES384', 'RS384'])(
  'a system shows its key by %s, and gets a token for five minutes',
  async (alg) => {
    const { status, json } = await request(await assertion({ alg }));
    expect([status, json]).toEqual([
      200,
      {
        access_token: expect.stringMatching(/^[\w-]{43}$/),
        token_type: 'Bearer',
        expires_in: 300,
        scope: 'system/DocumentReference.cruds',
      },
    ]);
  },
);

it('it deposits for its own organization, reads its deposits, and nobody else’s', async () => {
  const { json } = await request(await assertion());
  const lab: Client = oauth.carnet.as({ token: json.access_token });
  const { id: _id, ...fresh } = document('x', 'p');
  const made = await lab.post('DocumentReference', fresh);
  expect(made.status).toBe(201);
  expect((await lab.get(`DocumentReference/${made.json.id}`)).status).toBe(200);
  expect((await lab.put('DocumentReference/lab-1', document('lab-1', 'p'))).status).toBe(201);
  expect((await lab.get('DocumentReference/other')).status).toBe(404);
  expect((await lab.get('DocumentReference?patient=p')).json.total).toBe(2);
  expect((await lab.get('Patient/p')).status).toBe(403);
});

it('of eight assertions with one `jti` at once one is taken', async () => {
  const text = await assertion({ jti: 'the same' });
  const answers = await Promise.all(Array.from({ length: 8 }, () => request(text)));
  expect(answers.filter(({ status }) => status === 200)).toHaveLength(1);
  const others = answers.filter(({ status }) => status !== 200);
  for (const { status, json } of others) expect([status, json.error]).toEqual([401, 'invalid_client']);
  expect((await request(await assertion({ jti: 'the same' }))).status).toBe(401);
});

it('keys by address are read where they may be, without redirects, and read again when they change', async () => {
  await oauth.register(backend('by-uri', { jwksUri: keySetUri }));
  const before = asked;
  expect((await request(await assertion({ client: 'by-uri' }))).status).toBe(200);
  expect((await request(await assertion({ client: 'by-uri' }))).status).toBe(200);
  expect(asked).toBe(before + 1);
  const refused = {
    'a redirect': keySetUri.replace('/jwks', '/elsewhere'),
    'a host that is not listed': 'https://keys.example.org/jwks',
    'an address of this network': 'http://10.0.0.1/jwks',
    'this machine by another port': `${oauth.issuer}/jwks`,
  };
  for (const [why, jwksUri] of Object.entries(refused)) {
    await oauth.register(backend('by-uri', { jwksUri }));
    const { status, json } = await request(await assertion({ client: 'by-uri' }));
    expect([why, status, json.error]).toEqual([why, 401, 'invalid_client']);
  }
  served = { keys: [], padding: 'x'.repeat(300_000) };
  await oauth.register(backend('by-uri', { jwksUri: `${keySetUri}?large` }));
  expect((await request(await assertion({ client: 'by-uri' }))).status).toBe(401);
});

const NOT_KNOWN = 'signed by no key of a client that is registered here, or was used before';

it.each<[string, Assertion, string]>([
  ['an expiry in more than five minutes', { lasts: 600 }, 'expires within 300 seconds'],
  ['one that has expired', { lasts: -60 }, 'has expired'],
  ['another audience', { aud: 'https://elsewhere.example/token' }, '/oauth/token'],
  ['another issuer', { iss: 'other' }, '`iss` and `sub`'],
  ['an unknown client', { client: 'nobody' }, NOT_KNOWN],
  ['a key that is not the client’s', { key: undefined, alg: 'ES384', kid: 'RS384' }, NOT_KNOWN],
  ['an algorithm that is not SMART’s', { alg: 'ES256' }, 'RS384, ES384'],
  [
    'a secret in place of a key',
    { alg: 'HS256', key: new TextEncoder().encode('x'.repeat(32)) },
    'RS384, ES384',
  ],
])('refused, and told what to mend: %s', async (_, change, told) => {
  const { status, json } = await request(await assertion(change));
  expect([status, json.error]).toEqual([401, 'invalid_client']);
  expect(json.error_description).toContain(told);
});

it.each([
  ['a scope that the client is not registered for', 'system/Observation.rs'],
  ['wider letters', 'system/Patient.cruds'],
  ['all types', 'system/*.rs'],
  ['a scope of a user', 'user/DocumentReference.rs'],
  ['a scope of a patient', 'patient/DocumentReference.rs'],
  ['mixed contexts', 'system/DocumentReference.rs user/DocumentReference.rs'],
  ['a right that it wasn’t given', 'system/DocumentReference.rs registration.write'],
  ['letters out of order', 'system/DocumentReference.sr'],
  ['an escaped slash', 'system%2fDocumentReference.rs'],
  ['an unsupported argument', 'system/DocumentReference.rs?status=current'],
  ['nothing', 'openid'],
])('refused as scope: %s', async (_, scope) => {
  const { status, json } = await request(await assertion(), scope);
  expect([status, json.error]).toEqual([400, 'invalid_scope']);
});

it('an assertion without a signature is refused', async () => {
  const [header, payload] = (await assertion()).split('.') as [string, string];
  const none = Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url');
  for (const text of [`${none}.${payload}.`, `${header}.${payload}.`, `${header}.${payload}`]) {
    const { status } = await request(text);
    expect([400, 401]).toContain(status);
  }
});

it('without an assertion, or by the name alone, there is no token', async () => {
  const form = { grant_type: 'client_credentials', scope: 'system/DocumentReference.cruds' };
  for (const more of [
    {},
    { client_id: 'lab' },
    { client_id: 'public' },
    { client_id: 'lab', client_secret: 'x' },
  ])
    expect((await tokenRequest(oauth, { ...form, ...(more as object) })).status).toBeGreaterThanOrEqual(400);
});
