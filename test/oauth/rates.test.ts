/** How often one address, one client and one account may ask: https://datatracker.ietf.org/doc/html/rfc6585#section-4 */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import { person } from '../leaks/support/content.ts';
import {
  actionIn,
  authorizeParams,
  Browser,
  CALLBACK,
  launch,
  type Oauth,
  oauthServer,
  PASSWORD,
  pkce,
  tokenRequest,
} from './support/oauth.ts';

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const RATES = { rates: { address: 60, client: 3, account: 2, requests: 300 }, proxies: 1 };
let oauth: Oauth;
/** Another process with the same database. */
let other: Oauth;
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url, RATES);
  other = await oauthServer(import.meta.url, { ...RATES, like: oauth.carnet });
  await oauth.carnet.as('all').put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  for (const id of ['lab', 'clinic', 'other'])
    await oauth.register({
      id,
      name: id,
      auth: 'private_key_jwt',
      jwks: { keys: [{ ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES384', use: 'sig' }] as never },
      redirectUris: [],
      scope: 'system/*.cruds',
      system: { organization: `Organization/${id}`, rights: [], idPrefixes: [] },
    });
}, 120_000);
afterAll(async () => {
  await other?.carnet.close();
  await oauth?.carnet.close();
});

const from = (address: string): Record<string, string> => ({ 'x-forwarded-for': address });

async function systemToken(client: string, address: string, { issuer } = oauth): Promise<Response> {
  const assertion = await new SignJWT({})
    .setProtectedHeader({ alg: 'ES384', kid: 'k' })
    .setIssuer(client)
    .setSubject(client)
    .setAudience(`${issuer}/token`)
    .setJti(randomUUID())
    .setExpirationTime('2m')
    .sign(privateKey);
  return fetch(`${issuer}/token`, {
    method: 'POST',
    headers: from(address),
    body: new URLSearchParams({
      grant_type: 'client_credentials',
      scope: 'system/*.rs',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }),
  });
}

it('one client gets so many tokens, from whatever address, and other clients go on', async () => {
  const answers = [];
  for (const address of ['192.0.2.1', '192.0.2.2', '192.0.2.3', '192.0.2.4'])
    answers.push(await systemToken('lab', address));
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 429]);
  const wait = Number(answers[3]!.headers.get('retry-after'));
  expect(wait).toBeGreaterThan(0);
  expect(wait).toBeLessThanOrEqual(60);
  expect(await answers[3]!.json()).toEqual({
    error: 'temporarily_unavailable',
    error_description: `too many tokens of one client: try again in ${wait} seconds`,
  });
  expect((await systemToken('other', '192.0.2.1')).status).toBe(200);
});

it('one client is counted by two processes together, also where it asks both at once', async () => {
  const asked = [oauth, other, oauth, other, oauth, other].map((server, index) =>
    systemToken('clinic', `192.0.2.${20 + index}`, server),
  );
  const statuses = (await Promise.all(asked)).map(({ status }) => status);
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, 200, 200, 429, 429, 429]);
});

it('one address is counted by two processes together', async () => {
  const form = { token: 'x', client_id: 'public' };
  const statuses: number[] = [];
  for (let asked = 0; asked < 70; asked += 1) {
    const server = asked % 2 === 0 ? oauth : other;
    statuses.push((await tokenRequest(server, form, from('192.0.2.30'), 'revoke')).status);
  }
  expect(statuses).toEqual([...Array(60).fill(200), ...Array(10).fill(429)]);
});

it('who has a network of addresses is counted as one; the next network goes on', async () => {
  const form = { token: 'x', client_id: 'public' };
  const ask = async (address: string) => (await tokenRequest(oauth, form, from(address), 'revoke')).status;
  const statuses: number[] = [];
  for (let asked = 0; asked < 65; asked += 1)
    statuses.push(await ask(`2001:db8:0:1:${asked.toString(16)}::1`));
  expect(statuses).toEqual([...Array(60).fill(200), ...Array(5).fill(429)]);
  expect(await ask('2001:db8:0:2::1')).toBe(200);
});

it('one account authorizes so often; another goes on', async () => {
  await launch(oauth, 'patient');
  await launch(oauth, 'patient');
  const browser = new Browser(oauth.issuer);
  const params = new URLSearchParams(authorizeParams(oauth, pkce().challenge)).toString();
  let seen = await browser.get(`${oauth.issuer}/authorize?${params}`);
  seen = await browser.post(actionIn(seen, 'login'), { user: 'patient', password: PASSWORD });
  seen = await browser.post(actionIn(seen, 'authorize'), {});
  expect(seen.status).toBe(429);
  expect(Number(seen.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await launch(oauth, 'gp', { scope: 'openid user/*.rs' })).access_token).toBeDefined();
});

it('one address asks so often, in whatever way; another goes on, and keys are for everybody', async () => {
  const form = { token: 'x', client_id: 'public' };
  const statuses = new Set<number>();
  for (let asked = 0; asked < 70; asked += 1)
    statuses.add((await tokenRequest(oauth, form, from('192.0.2.9'), 'revoke')).status);
  expect([...statuses]).toEqual([200, 429]);
  const refused = await fetch(`${oauth.issuer}/authorize`, {
    headers: { ...from('192.0.2.9'), accept: 'text/html' },
  });
  expect(refused.status).toBe(429);
  expect(refused.headers.get('content-type')).toContain('text/html');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  // also told to an application in a browser: this process knows where its pages are
  const origin = new URL(CALLBACK).origin;
  const told = await fetch(`${other.issuer}/revoke`, {
    method: 'POST',
    headers: { ...from('192.0.2.9'), origin },
  });
  expect([told.status, told.headers.get('access-control-allow-origin')]).toEqual([429, origin]);
  expect(told.headers.get('access-control-expose-headers')).toBe('Retry-After');
  expect((await fetch(`${oauth.issuer}/jwks`, { headers: from('192.0.2.9') })).status).toBe(200);
  expect((await tokenRequest(oauth, form, from('192.0.2.8'), 'revoke')).status).toBe(200);
});
