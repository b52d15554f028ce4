/** A hospital's system exchanges the token of a professional who logged in there: https://datatracker.ietf.org/doc/html/rfc8693 */
import { randomUUID } from 'node:crypto';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { says, permits } from '../enforcement/support/space.ts';
import { document, person } from '../leaks/support/content.ts';
import type { Client } from '../../src/auth/clients.ts';
import type { Client as Caller } from '../support/server.ts';
import { pscClaims } from './support/claims.ts';
import { type Elsewhere, elsewhereServer } from './support/elsewhere.ts';
import { tokenRequest } from './support/oauth.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS = 'urn:ietf:params:oauth:token-type:access_token';
const HERE = { finess: '990000036', name: 'Centre hospitalier des Tilleuls' };
const ELSEWHERE = { finess: '990000077', name: 'Cabinet des Halles' };
let at: Elsewhere;
let key: Awaited<ReturnType<typeof generateKeyPair>>['privateKey'];
let jwks: { keys: object[] };

beforeAll(async () => {
  at = await elsewhereServer(import.meta.url);
  const pair = await generateKeyPair('ES384', { extractable: true });
  key = pair.privateKey;
  jwks = { keys: [{ ...(await exportJWK(pair.publicKey)), kid: 'k', alg: 'ES384', use: 'sig' }] };
  const persons = { scope: 'user/*.rs', upstreamClients: ['hospital-at-psc'] };
  await at.register(system('hospital', { persons }), system('plain', {}));
  const all = at.carnet.as('all');
  await all.put('Organization/hospital', {
    resourceType: 'Organization',
    id: 'hospital',
    active: true,
    name: HERE.name,
    identifier: [{ system: 'urn:oid:1.2.250.1.71.4.2.2', value: '1990000036' }],
  });
  await all.put('Patient/p', person('p', 'Martin', '290010112345678'));
  await all.put('DocumentReference/d', document('d', 'p'));
}, 120_000);
afterAll(() => at?.close());
beforeEach(() => {
  at.psc.comes = {
    sub: 'doctor',
    acr: 'eidas2',
    claims: pscClaims({ number: '899700000039', activities: [ELSEWHERE, HERE] }),
  };
});

function system(id: string, more: Partial<Client>): Client {
  return {
    id,
    name: 'Dossier de l’hôpital',
    auth: 'private_key_jwt',
    redirectUris: [],
    jwks: jwks as never,
    scope: 'system/DocumentReference.cu',
    system: { organization: 'Organization/hospital', rights: [], idPrefixes: [] },
    ...more,
  };
}

async function exchange(token: string, more: Record<string, string> = {}, client = 'hospital') {
  const now = Math.floor(Date.now() / 1000);
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: 'ES384', kid: 'k' })
    .setIssuer(client)
    .setSubject(client)
    .setAudience(`${at.issuer}/token`)
    .setIssuedAt(now)
    .setExpirationTime(now + 240)
    .setJti(randomUUID())
    .sign(key);
  return tokenRequest(at, {
    grant_type: GRANT,
    subject_token: token,
    subject_token_type: ACCESS,
    scope: 'user/*.rs',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
    client_assertion: assertion,
    ...more,
  });
}

const as = (token: string): Caller => at.carnet.as({ token });

it('the professional reads as themselves, in the organization whose system it is, for five minutes', async () => {
  const { status, json } = await exchange(await at.psc.give('hospital-at-psc'), { audience: at.carnet.base });
  expect(status).toBe(200);
  expect(json).toMatchObject({
    access_token: expect.stringMatching(/^[\w-]{20,}$/),
    issued_token_type: ACCESS,
    token_type: 'Bearer',
    expires_in: 300,
    scope: 'user/*.rs',
  });
  const doctor = as(json.access_token);
  expect((await doctor.get('DocumentReference/d')).status).toBe(404);
  const all = at.carnet.as('all');
  await all.put('Consent/c', { ...says('p', permits('Organization/hospital')), id: 'c' });
  expect((await doctor.get('DocumentReference/d')).status).toBe(200);
  const traces = JSON.stringify((await all.get('AuditEvent?patient=p&_count=50')).json);
  expect(traces).toContain('Sophie Lambert');
  // what permits another of their organizations doesn't count here
  const there = (await all.get('Organization?identifier=1990000077')).json.entry[0].resource.id as string;
  await all.put('Consent/c', { ...says('p', permits(`Organization/${there}`)), id: 'c' });
  expect((await doctor.get('DocumentReference/d')).status).toBe(404);
});

it('clients find it in the metadata', async () => {
  const found = await fetch(`${at.carnet.base}/.well-known/smart-configuration`);
  expect(((await found.json()) as { grant_types_supported: string[] }).grant_types_supported).toContain(
    GRANT,
  );
});

it('it lives no longer than the token that it came from', async () => {
  const { json } = await exchange(await at.psc.give('hospital-at-psc', 60));
  expect(json.expires_in).toBeGreaterThan(50);
  expect(json.expires_in).toBeLessThanOrEqual(60);
});

it('it ends with the role, and with the system', async () => {
  const { json } = await exchange(await at.psc.give('hospital-at-psc'));
  expect((await as(json.access_token).get('Practitioner')).status).toBe(200);
  at.psc.comes.claims = pscClaims({ number: '899700000039', activities: [ELSEWHERE] });
  const later = await exchange(await at.psc.give('hospital-at-psc'));
  expect([later.status, later.json.error]).toEqual([400, 'invalid_grant']);
  expect((await as(json.access_token).get('Practitioner')).status).toBe(401);
});

it('it ends when the account is suspended, and comes not again until it is resumed', async () => {
  const { logins } = at.carnet.server.entrance!;
  const { json } = await exchange(await at.psc.give('hospital-at-psc'));
  const { account } = (await logins.known({ issuer: at.psc.issuer, sub: 'doctor' }))!;
  expect((await as(json.access_token).get('Practitioner')).status).toBe(200);
  await logins.suspend(account);
  expect((await as(json.access_token).get('Practitioner')).status).toBe(401);
  expect((await exchange(await at.psc.give('hospital-at-psc'))).json.error).toBe('invalid_grant');
  await logins.resume(account);
  expect((await exchange(await at.psc.give('hospital-at-psc'))).status).toBe(200);
});

it.each<[string, () => Promise<{ status: number; json: { error: string } }>, string]>([
  [
    'a token that another service was given',
    async () => exchange(await at.psc.give('another-at-psc')),
    'invalid_grant',
  ],
  [
    'a token that Carnet was given',
    async () => exchange(await at.psc.give('carnet-at-psc')),
    'invalid_grant',
  ],
  ['a token that nobody was given', () => exchange('made-up'), 'invalid_grant'],
  ['no token', () => exchange(''), 'invalid_request'],
  [
    'another kind of token',
    async () =>
      exchange(await at.psc.give('hospital-at-psc'), {
        subject_token_type: 'urn:ietf:params:oauth:token-type:id_token',
      }),
    'invalid_request',
  ],
  [
    'another kind asked for',
    async () =>
      exchange(await at.psc.give('hospital-at-psc'), {
        requested_token_type: 'urn:ietf:params:oauth:token-type:refresh_token',
      }),
    'invalid_request',
  ],
  [
    'a token for another audience',
    async () =>
      exchange(await at.psc.give('hospital-at-psc'), { audience: 'https://elsewhere.example/fhir' }),
    'invalid_target',
  ],
  [
    'a token for another resource',
    async () => exchange(await at.psc.give('hospital-at-psc'), { resource: `${at.carnet.base}/../other` }),
    'invalid_target',
  ],
  [
    'a token of somebody who acts for them',
    async () =>
      exchange(await at.psc.give('hospital-at-psc'), {
        actor_token: await at.psc.give('hospital-at-psc'),
        actor_token_type: ACCESS,
      }),
    'invalid_request',
  ],
  [
    'a scope too wide',
    async () => exchange(await at.psc.give('hospital-at-psc'), { scope: 'user/*.cruds' }),
    'invalid_scope',
  ],
  [
    'a scope of the system',
    async () => exchange(await at.psc.give('hospital-at-psc'), { scope: 'system/DocumentReference.cu' }),
    'invalid_scope',
  ],
  [
    'no scope',
    async () => exchange(await at.psc.give('hospital-at-psc'), { scope: 'openid' }),
    'invalid_scope',
  ],
  [
    'a system that isn’t registered for it',
    async () => exchange(await at.psc.give('hospital-at-psc'), {}, 'plain'),
    'invalid_request',
  ],
])('%s is refused', async (_, tries, error) => {
  const { status, json } = await tries();
  expect([status, json.error]).toEqual([400, error]);
});

it('a login at a lower level, and one without claims, is refused', async () => {
  const { sub, claims } = at.psc.comes;
  at.psc.comes = { sub, acr: 'none', claims };
  expect((await exchange(await at.psc.give('hospital-at-psc'))).json.error).toBe('invalid_grant');
  at.psc.comes = { sub: 'nobody', acr: 'eidas2', claims: {} };
  expect((await exchange(await at.psc.give('hospital-at-psc'))).json.error).toBe('invalid_grant');
});
