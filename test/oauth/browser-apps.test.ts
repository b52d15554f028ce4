/** Applications that run in a browser call from their own pages, and from no other's. */
import { person } from '../leaks/support/content.ts';
import { CALLBACK, launch, oauthServer, type Oauth } from './support/oauth.ts';

let server: Oauth;
beforeAll(async () => {
  server = await oauthServer(import.meta.url);
  await server.carnet.as('all').put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
}, 120_000);
afterAll(() => server?.carnet.close());

const OWN = new URL(CALLBACK).origin;
/** Registered before the server looked: its origins are read again in a while. */
const known = async (): Promise<void> => {
  for (let tries = 0; tries < 60; tries += 1) {
    if ((await ask(OWN)).headers.has('access-control-allow-origin')) return;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
};
const ask = (origin: string, path = 'Patient/demo-mother'): Promise<Response> =>
  fetch(`${server.carnet.base}/${path}`, {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'GET',
      'access-control-request-headers': 'authorization',
    },
  });
const allowed = ({ headers }: Response): string | null => headers.get('access-control-allow-origin');

it('is let read from its own pages', async () => {
  await known();
  const preflight = await ask(OWN);
  expect([preflight.status, allowed(preflight)]).toEqual([204, OWN]);
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
  const { access_token: token } = await launch(server, 'patient');
  const answer = await fetch(`${server.carnet.base}/Patient/demo-mother`, {
    headers: { origin: OWN, authorization: `Bearer ${token}` },
  });
  expect(allowed(answer)).toBe(OWN);
  expect(answer.headers.get('access-control-expose-headers')).toContain('etag');
}, 60_000);

it('is not let read from another’s', async () => {
  for (const origin of [
    'https://evil.example',
    'null',
    `${OWN}.evil.example`,
    OWN.replace('https', 'http'),
  ]) {
    const preflight = await ask(origin);
    expect([preflight.status === 204, allowed(preflight)]).toEqual([false, null]);
    const answer = await fetch(`${server.carnet.base}/Patient/demo-mother`, { headers: { origin } });
    expect(allowed(answer)).toBeNull();
  }
});

it('exchanges its code from its own pages', async () => {
  const token = (origin: string): Promise<Response> =>
    fetch(`${server.issuer}/token`, {
      method: 'POST',
      headers: { origin, 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams({
        grant_type: 'authorization_code',
        code: 'x',
        client_id: 'public',
        redirect_uri: CALLBACK,
      }),
    });
  expect(allowed(await token(OWN))).toBe(OWN);
  expect(allowed(await token('https://evil.example'))).toBeNull();
});

it('answers nobody else’s pages at the authorization server, with a client or without', async () => {
  await known();
  const asked = async (
    path: string,
    origin: string,
    init: { method?: string; headers?: Record<string, string> } = {},
  ) => allowed(await fetch(`${server.issuer}/${path}`, { ...init, headers: { origin, ...init.headers } }));
  const preflight = (method: string) => ({
    method: 'OPTIONS',
    headers: { 'access-control-request-method': method, 'access-control-request-headers': 'authorization' },
  });
  for (const path of ['token', 'revoke', 'introspect', 'userinfo']) {
    expect(await asked(path, OWN, preflight('POST'))).toBe(OWN);
    for (const origin of ['https://evil.example', 'null']) {
      expect(await asked(path, origin, preflight('POST'))).toBeNull();
      expect(await asked(path, origin, { method: 'POST' })).toBeNull();
    }
  }
  for (const path of ['jwks', '.well-known/openid-configuration'])
    expect(await asked(path, 'https://anywhere.example')).toBe('https://anywhere.example');
});

it('finds the two public documents from anywhere', async () => {
  for (const path of ['metadata', '.well-known/smart-configuration']) {
    const answer = await fetch(`${server.carnet.base}/${path}`, {
      headers: { origin: 'https://anywhere.example' },
    });
    expect([answer.status, allowed(answer)]).toEqual([200, '*']);
    // also with headers of which a browser asks beforehand
    expect([(await ask('https://anywhere.example', path)).status, allowed(await ask(OWN, path))]).toEqual([
      204,
      expect.stringMatching(/^\*$|^https:/),
    ]);
  }
});
