/** A standalone launch, by hand and by the book: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html */
import { says, permits } from '../enforcement/support/space.ts';
import { document, person } from '../leaks/support/content.ts';
import { demoAccounts, demoPasswords } from '../../src/demo/logins.ts';
import { type Client, testServer } from '../support/server.ts';
import {
  APP_SCOPE,
  actionIn,
  Browser,
  authorizeParams,
  basic,
  launch,
  type Oauth,
  oauthServer,
  PASSWORD,
  pkce,
  tokenRequest,
  walk,
} from './support/oauth.ts';

let oauth: Oauth;
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  for (const patient of ['demo-mother', 'demo-father']) {
    await all.put(`Patient/${patient}`, person(patient, 'Delaunay', patient));
    await all.put(`DocumentReference/${patient}`, document(patient, patient));
    const consent = { ...says(patient, permits('Device/app', 'Practitioner/demo-gp')), id: patient };
    await all.put(`Consent/${patient}`, consent);
  }
}, 120_000);
afterAll(() => oauth?.carnet.close());

const as = (tokens: { access_token: string }): Client => oauth.carnet.as({ token: tokens.access_token });

it('a doctor logs in, allows, and reads as themselves', async () => {
  const tokens = await launch(oauth, 'gp', { scope: 'openid fhirUser user/*.rs' });
  expect(tokens).toMatchObject({
    token_type: 'Bearer',
    scope: 'openid fhirUser user/*.rs',
    need_patient_banner: true,
    smart_style_url: `${oauth.issuer}/smart-style.json`,
  });
  expect(tokens.access_token).not.toContain('.');
  expect(tokens).not.toHaveProperty('patient');
  expect(tokens).not.toHaveProperty('refresh_token');
  const claims = JSON.parse(Buffer.from(tokens.id_token.split('.')[1], 'base64url').toString());
  expect(claims).toMatchObject({
    iss: oauth.issuer,
    aud: 'public',
    fhirUser: `${oauth.carnet.base}/Practitioner/demo-gp`,
  });
  expect((await as(tokens).get('Patient/demo-father')).status).toBe(200);
  expect((await as(tokens).get('Patient/demo-mother')).status).toBe(200);
});

it('a patient’s app reads that patient, and nobody else who has connected it too', async () => {
  const tokens = await launch(oauth, 'patient');
  expect(tokens.patient).toBe('demo-mother');
  const app = as(tokens);
  expect((await app.get('DocumentReference/demo-mother')).status).toBe(200);
  const hidden = await app.get('DocumentReference/demo-father');
  const absent = await app.get('DocumentReference/demo-absent');
  expect([hidden.status, hidden.text]).toEqual([404, absent.text.replaceAll('demo-absent', 'demo-father')]);
  for (const query of ['DocumentReference?patient=demo-father', 'Patient?_id=demo-father']) {
    expect((await app.get(query)).json.total).toBe(0);
  }
  expect((await app.get('DocumentReference?patient=demo-mother')).json.total).toBe(1);
  const theirs = await launch(oauth, 'father');
  expect((await as(theirs).get('DocumentReference/demo-father')).status).toBe(200);
  expect((await as(theirs).get('DocumentReference/demo-mother')).status).toBe(404);
});

it('`sub` is another for each client, and the same at each login', async () => {
  const subOf = async (more: object): Promise<string> => {
    const { id_token: token } = await launch(oauth, 'patient', { scope: 'openid patient/*.rs', ...more });
    return JSON.parse(Buffer.from(token.split('.')[1], 'base64url').toString()).sub;
  };
  const [one, again, other] = [await subOf({}), await subOf({}), await subOf({ client_id: 'confidential' })];
  expect(again).toBe(one);
  expect(other).not.toBe(one);
  expect(one).not.toContain('mother');
});

it('a scope is a ceiling: what it doesn’t name is refused, whatever the Consent says', async () => {
  const tokens = await launch(oauth, 'patient', { scope: 'patient/DocumentReference.r' });
  expect((await as(tokens).get('DocumentReference/demo-mother')).status).toBe(200);
  expect((await as(tokens).get('DocumentReference?patient=demo-mother')).status).toBe(403);
  expect((await as(tokens).get('Patient/demo-mother')).status).toBe(403);
});

it('an authorization by POST is stored and fetched by the browser, so that its cookies come along', async () => {
  const browser = new Browser(oauth.issuer);
  await launch(oauth, 'gp', { scope: 'openid user/*.rs' }, browser);
  const { challenge } = pkce();
  const params = authorizeParams(oauth, challenge, { scope: 'openid user/*.rs' });
  const seen = await browser.post(`${oauth.issuer}/authorize`, params, { origin: 'https://app.example' });
  // logged in already: the question is whether the application may
  expect(seen.text).toContain('/authorize"');
  expect(seen.text).not.toContain('/login"');
});

it('a refresh rotates; one used again ends all that came from the authorization', async () => {
  const { refresh_token: first, access_token: begun } = await launch(oauth, 'patient', {
    scope: 'openid launch/patient patient/*.rs offline_access',
  });
  const refresh = (token: string) =>
    tokenRequest(oauth, { grant_type: 'refresh_token', refresh_token: token, client_id: 'public' });
  const { json: second } = await refresh(first);
  expect(second).toMatchObject({ patient: 'demo-mother', scope: expect.stringContaining('patient/*.rs') });
  expect(second.refresh_token).not.toBe(first);
  expect((await as(second).get('Patient/demo-mother')).status).toBe(200);
  expect((await as({ access_token: begun }).get('Patient/demo-mother')).status).toBe(200);
  expect(await refresh(first)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  for (const token of [begun, second.access_token])
    expect((await as({ access_token: token }).get('Patient/demo-mother')).status).toBe(401);
  expect(await refresh(second.refresh_token)).toMatchObject({ status: 400 });
});

it('a refresh asks for less, of a scope too; the next may ask for all again', async () => {
  let { refresh_token: token } = await launch(oauth, 'patient', {
    scope: 'openid launch/patient patient/*.rs offline_access',
  });
  const refresh = async (scope?: string) => {
    const form = { grant_type: 'refresh_token', refresh_token: token as string, client_id: 'public' };
    const { json } = await tokenRequest(oauth, scope === undefined ? form : { ...form, scope });
    token = json.refresh_token;
    return json;
  };
  const asked = 'patient/Patient.r patient/Condition.read patient/Observation.rs?category=a|b';
  const less = await refresh(asked);
  expect(less.scope.split(' ')).toEqual(asked.split(' '));
  expect(less).not.toHaveProperty('id_token');
  expect((await as(less).get('Patient/demo-mother')).status).toBe(200);
  expect((await as(less).get('Condition?patient=demo-mother')).status).toBe(200);
  expect((await as(less).get('Patient?_id=demo-mother')).status).toBe(403);
  expect((await as(less).get('DocumentReference?patient=demo-mother')).status).toBe(403);
  const all = await refresh();
  expect(all.scope.split(' ')).toEqual(['openid', 'launch/patient', 'patient/*.rs', 'offline_access']);
  expect((await as(all).get('DocumentReference?patient=demo-mother')).status).toBe(200);
});

it('of eight refreshes at once one is answered', async () => {
  const { refresh_token: token } = await launch(oauth, 'patient', { scope: 'patient/*.rs offline_access' });
  const answers = await Promise.all(
    Array.from({ length: 8 }, () =>
      tokenRequest(oauth, { grant_type: 'refresh_token', refresh_token: token, client_id: 'public' }),
    ),
  );
  const given = answers.filter(({ status }) => status === 200);
  expect(given.length).toBeLessThanOrEqual(1);
  // the token came twice from somewhere: what was given is worth nothing
  for (const { json } of given) expect((await as(json).get('Patient/demo-mother')).status).toBe(401);
});

it('of eight exchanges of a code at once one is answered, and that is ended', async () => {
  const { verifier, challenge } = pkce();
  const params = authorizeParams(oauth, challenge);
  const code = (await walk(oauth, 'patient', params)).searchParams.get('code')!;
  const exchange = () =>
    tokenRequest(oauth, {
      grant_type: 'authorization_code',
      code,
      redirect_uri: params.redirect_uri!,
      code_verifier: verifier,
      client_id: 'public',
    });
  const answers = await Promise.all(Array.from({ length: 8 }, exchange));
  const given = answers.filter(({ status }) => status === 200);
  expect(given.length).toBeLessThanOrEqual(1);
  for (const { json } of given) expect((await as(json).get('Patient/demo-mother')).status).toBe(401);
});

it('a confidential client shows its secret, of which a hash is kept', async () => {
  const tokens = await launch(oauth, 'patient', { client_id: 'confidential', scope: APP_SCOPE });
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token };
  expect(await tokenRequest(oauth, refresh, basic('confidential', 'another secret'))).toMatchObject({
    status: 401,
    json: { error: 'invalid_client' },
  });
  expect((await tokenRequest(oauth, refresh, basic())).status).toBe(200);
});

it('the two documents that clients begin with are read from anywhere, without a token', async () => {
  for (const path of ['.well-known/smart-configuration', 'metadata']) {
    const response = await fetch(`${oauth.carnet.base}/${path}`, {
      headers: { origin: 'https://app.example' },
    });
    expect([response.status, response.headers.get('access-control-allow-origin')]).toEqual([200, '*']);
  }
  const jsonAt = async (url: string) => (await (await fetch(url)).json()) as Record<string, unknown>;
  const smart = await jsonAt(`${oauth.carnet.base}/.well-known/smart-configuration`);
  expect(smart).toMatchObject({
    authorization_endpoint: `${oauth.issuer}/authorize`,
    token_endpoint: `${oauth.issuer}/token`,
    code_challenge_methods_supported: ['S256'],
  });
  const openid = await jsonAt(`${oauth.issuer}/.well-known/openid-configuration`);
  for (const name of ['authorization_endpoint', 'token_endpoint', 'jwks_uri', 'introspection_endpoint'])
    expect(openid[name]).toBe(smart[name]);
  // no proxy passes certificates here
  expect(openid).not.toHaveProperty('tls_client_certificate_bound_access_tokens');
  expect(openid.token_endpoint_auth_methods_supported).toEqual([
    'none',
    ...(smart.token_endpoint_auth_methods_supported as string[]),
  ]);
});

it('where the base is https, cookies go by TLS alone, those of sessions too', async () => {
  const by = (issuer: string): string => issuer.replace(/^https:/, 'http:');
  const secure = await testServer(import.meta.url, {
    like: oauth.carnet,
    authorization: (issuer) => ({
      issuer: issuer.replace(/^http:/, 'https:'),
      accounts: demoAccounts,
      passwords: demoPasswords(PASSWORD),
    }),
  });
  try {
    const root = secure.base.replace(/fhir$/, 'oauth');
    const params = { ...authorizeParams(oauth, pkce().challenge), aud: secure.base };
    const sent: string[] = [];
    const jar = new Map<string, string>();
    const go = async (url: string, body?: URLSearchParams): Promise<Response> => {
      const cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
      const init = { redirect: 'manual', headers: { cookie } } as const;
      const answer = await fetch(by(url), body === undefined ? init : { ...init, method: 'POST', body });
      for (const line of answer.headers.getSetCookie()) {
        sent.push(line);
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line)!;
        jar.set(name!, value!);
      }
      const location = answer.headers.get('location');
      return location === null ? answer : go(new URL(location, url).href);
    };
    const shown = await go(`${root}/authorize?${new URLSearchParams(params).toString()}`);
    const seen = { status: 200, headers: shown.headers, url: '', text: await shown.text() };
    const form = new URLSearchParams({ user: 'patient', password: PASSWORD });
    await go(new URL(actionIn(seen, 'login'), root).href, form);
    expect(sent.map((line) => line.split('=', 1)[0])).toEqual(
      expect.arrayContaining(['carnet_asked', 'carnet_resume', 'carnet_session']),
    );
    for (const line of sent) expect(line).toMatch(/; secure/i);
  } finally {
    await secure.close();
  }
});

it('cookies are out of reach of scripts and of other sites; screens hold no script and load none', async () => {
  const params = new URLSearchParams(authorizeParams(oauth, pkce().challenge)).toString();
  const sent = await fetch(`${oauth.issuer}/authorize?${params}`, { redirect: 'manual' });
  const cookies = sent.headers.getSetCookie();
  expect(cookies.length).toBeGreaterThan(0);
  for (const cookie of cookies) expect(cookie).toMatch(/samesite=lax.*httponly/i);
  const seen = await new Browser(oauth.issuer).get(`${oauth.issuer}/authorize?${params}`);
  expect(seen.text).not.toMatch(/<script|\son\w+=|style="/);
  expect(seen.headers.get('content-security-policy')).toMatch(
    /^default-src 'none'; style-src 'self';.*form-action 'self' https:\/\/app\.example$/,
  );
  expect(seen.headers.get('cache-control')).toBe('no-store');
});
