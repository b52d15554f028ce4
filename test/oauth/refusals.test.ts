/** What is refused, one request for each; nothing of it gets a token. https://datatracker.ietf.org/doc/html/rfc9700 */
import {
  authorizeParams,
  basic,
  Browser,
  CALLBACK,
  CONFIDENTIAL,
  launch,
  type Oauth,
  oauthServer,
  PASSWORD,
  pkce,
  PUBLIC,
  actionIn,
  tokenRequest,
  walk,
} from './support/oauth.ts';

let oauth: Oauth;
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  await oauth.register({ ...PUBLIC, id: 'narrow', scope: 'openid launch/patient patient/Observation.rs' });
  await oauth.register({ ...PUBLIC, id: 'gone' });
  await oauth.register({
    ...PUBLIC,
    id: 'native',
    redirectUris: ['org.example.app:/callback', 'http://127.0.0.1:8123/callback'],
  });
  await oauth.suspend('gone');
  await oauth.register({ ...CONFIDENTIAL, id: 'resources', introspects: true });
}, 120_000);
afterAll(() => oauth?.carnet.close());

type Change = Record<string, string | undefined>;

/** Told to the client at its redirect URI. */
it.each<[string, string, Change]>([
  ['no `aud`', 'invalid_request', { aud: undefined }],
  ['another `aud`', 'invalid_request', { aud: 'https://elsewhere.example/fhir' }],
  ['an `aud` that begins alike', 'invalid_request', { aud: 'http://127.0.0.1/fhir.evil.example' }],
  ['no PKCE', 'invalid_request', { code_challenge: undefined, code_challenge_method: undefined }],
  ['PKCE `plain`', 'invalid_request', { code_challenge_method: 'plain' }],
  ['a challenge without a method', 'invalid_request', { code_challenge_method: undefined }],
  ['a challenge that is too short', 'invalid_request', { code_challenge: 'short' }],
  ['the implicit flow', 'unsupported_response_type', { response_type: 'token' }],
  ['the hybrid flow', 'unsupported_response_type', { response_type: 'code id_token' }],
  ['an unsupported `prompt`', 'invalid_request', { prompt: 'create' }],
  ['`prompt=none` without a session', 'login_required', { prompt: 'none' }],
  ['a request object', 'request_not_supported', { request: 'e30.e30.' }],
  ['a request by address', 'request_uri_not_supported', { request_uri: 'https://app.example/r' }],
  ['no scope', 'invalid_scope', { scope: undefined }],
  ['only scopes that nobody knows', 'invalid_scope', { scope: 'email phone' }],
  ['a scope wider than registered', 'invalid_scope', { client_id: 'narrow', scope: 'patient/*.rs' }],
  [
    'letters wider than registered',
    'invalid_scope',
    { client_id: 'narrow', scope: 'patient/Observation.cruds' },
  ],
  ['another type than registered', 'invalid_scope', { client_id: 'narrow', scope: 'patient/Condition.rs' }],
  ['another context than registered', 'invalid_scope', { client_id: 'narrow', scope: 'user/Observation.rs' }],
  [
    'a v1 scope wider than registered',
    'invalid_scope',
    { client_id: 'narrow', scope: 'patient/Observation.write' },
  ],
  ['a type that R4 doesn’t have', 'invalid_scope', { scope: 'patient/Foo.rs' }],
  ['a scope of a system', 'invalid_scope', { scope: 'system/*.rs' }],
  ['mixed contexts', 'invalid_scope', { scope: 'patient/*.rs system/*.rs' }],
  ['a right', 'invalid_scope', { scope: 'patient/*.rs registration.write' }],
  ['`%2f` in a scope', 'invalid_scope', { scope: 'patient%2f*.rs' }],
  ['`%2F` in a scope', 'invalid_scope', { scope: 'user%2FPatient.rs' }],
  ['a scope without a type', 'invalid_scope', { scope: 'patient/.rs' }],
  ['a scope without letters', 'invalid_scope', { scope: 'patient/Patient' }],
  ['letters twice', 'invalid_scope', { scope: 'patient/Patient.rr' }],
  ['letters out of order', 'invalid_scope', { scope: 'patient/Patient.sr' }],
  ['an upper-case context', 'invalid_scope', { scope: 'PATIENT/Patient.rs' }],
  ['an unsupported argument', 'invalid_scope', { scope: 'patient/Observation.rs?status=final' }],
  ['an argument of another type', 'invalid_scope', { scope: 'patient/Immunization.rs?code=x|y' }],
  ['an unsupported modifier', 'invalid_scope', { scope: 'patient/Observation.rs?category:in=x|y' }],
  ['a launch scope with arguments', 'invalid_scope', { scope: 'patient/*.rs launch/patient?role=x' }],
  ['`%2f` in a launch scope', 'invalid_scope', { scope: 'patient/*.rs launch%2Fpatient' }],
  ['a patient’s app that asks for no data', 'access_denied', { scope: 'openid fhirUser' }],
  ['a launch without `launch`', 'invalid_request', { launch: 'x' }],
])('to the client: %s', async (_, error, change) => {
  const back = await walk(oauth, 'patient', authorizeParams(oauth, pkce().challenge, change));
  expect(`${back.origin}${back.pathname}`).toBe(CALLBACK);
  const said = new URLSearchParams(back.search === '' ? back.hash.slice(1) : back.search);
  expect([said.get('error'), said.get('code'), said.get('state')]).toEqual([error, null, 'a state']);
});

/** Told to the person: whoever sent them there is not to be sent anything. */
it.each<[string, Change]>([
  ['an unknown client', { client_id: 'nobody' }],
  ['a suspended client', { client_id: 'gone' }],
  ['no client', { client_id: undefined }],
  ['another redirect URI', { redirect_uri: 'https://evil.example/callback' }],
  ['a redirect URI that goes on', { redirect_uri: `${CALLBACK}/more` }],
  ['a redirect URI with a query', { redirect_uri: `${CALLBACK}?x=1` }],
  ['a redirect URI in other case', { redirect_uri: 'https://app.example/Callback' }],
  ['a redirect URI by another port', { redirect_uri: 'https://app.example:444/callback' }],
  ['a redirect URI with a user', { redirect_uri: 'https://app.example@evil.example/callback' }],
  ['a redirect URI by another scheme', { redirect_uri: 'http://app.example/callback' }],
  ['another loopback port', { client_id: 'native', redirect_uri: 'http://127.0.0.1:8124/callback' }],
  ['another loopback path', { client_id: 'native', redirect_uri: 'http://127.0.0.1:8123/other' }],
  ['another path of its own scheme', { client_id: 'native', redirect_uri: 'org.example.app:/other' }],
  ['a redirect URI that is a script', { redirect_uri: 'javascript:alert(1)' }],
])('to the person: %s', async (_, change) => {
  const params = new URLSearchParams(authorizeParams(oauth, pkce().challenge, change)).toString();
  const seen = await new Browser(oauth.issuer).get(`${oauth.issuer}/authorize?${params}`);
  expect([seen.status, seen.url.startsWith(oauth.issuer)]).toEqual([400, true]);
  expect(seen.text).toContain('<h1>');
  expect(seen.text).not.toContain('alert(1)');
});

it('a parameter that comes twice', async () => {
  const params = new URLSearchParams(authorizeParams(oauth, pkce().challenge));
  params.append('scope', 'patient/*.cruds');
  const seen = await new Browser(oauth.issuer).get(`${oauth.issuer}/authorize?${params.toString()}`);
  expect(new URL(seen.url).searchParams.get('error') ?? seen.status).toMatch(/invalid_request|400/);
});

/** A code for the public client, and what it is exchanged with. */
async function code(): Promise<Record<string, string>> {
  const { verifier, challenge } = pkce();
  const back = await walk(oauth, 'patient', authorizeParams(oauth, challenge));
  return {
    grant_type: 'authorization_code',
    code: back.searchParams.get('code')!,
    redirect_uri: CALLBACK,
    code_verifier: verifier,
    client_id: 'public',
  };
}

// prettier-ignore
const AT_TOKEN: [string, string, Change, Record<string, string>?][] = [
  ['another verifier', 'invalid_grant', { code_verifier: pkce().verifier }],
  ['no verifier', 'invalid_grant', { code_verifier: undefined }],
  ['another redirect URI', 'invalid_grant', { redirect_uri: 'https://app.example/other' }],
  ['a made-up code', 'invalid_grant', { code: 'x'.repeat(43) }],
  ['no code', 'invalid_request', { code: undefined }],
  ['another client’s', 'invalid_grant', { client_id: undefined }, basic()],
  ['a suspended client', 'invalid_client', { client_id: 'gone' }],
  ['an unknown client', 'invalid_client', { client_id: 'nobody' }],
  ['a confidential client without its secret', 'invalid_client', { client_id: 'confidential' }],
  ['a wrong secret', 'invalid_client', { client_id: undefined }, basic('confidential', 'wrong')],
  [
    'the hash in place of the secret',
    'invalid_client',
    { client_id: undefined },
    basic('confidential', CONFIDENTIAL.secretHash),
  ],
  [
    'two ways of showing oneself',
    'invalid_request',
    { client_id: 'confidential', client_secret: 'x' },
    basic(),
  ],
  ['an unknown grant', 'unsupported_grant_type', { grant_type: 'password' }],
  ['a grant that isn’t the client’s', 'invalid_request', { grant_type: 'client_credentials' }],
  ['no grant', 'invalid_request', { grant_type: undefined }],
];

it.each(AT_TOKEN.map(([name, error, change, headers = {}]) => [name, error, change, headers] as const))(
  'at the token endpoint: %s',
  async (_, error, change, headers) => {
    const form = Object.entries({ ...(await code()), ...change }).filter(([, value]) => value !== undefined);
    const { status, json } = await tokenRequest(oauth, Object.fromEntries(form) as never, headers);
    expect([json.error, json.access_token]).toEqual([error, undefined]);
    expect(status).toBeGreaterThanOrEqual(400);
  },
);

it('a code that is used twice, and all that came from it', async () => {
  const form = await code();
  const { json } = await tokenRequest(oauth, form);
  expect(json.access_token).toBeDefined();
  expect((await tokenRequest(oauth, form)).json.error).toBe('invalid_grant');
  expect((await oauth.carnet.as({ token: json.access_token }).get('Patient/x')).status).toBe(401);
});

it('introspection and revocation of another’s token; a resource server may ask', async () => {
  const { access_token: token, refresh_token: refresh } = await launch(oauth, 'patient', {
    scope: 'openid patient/*.rs offline_access',
  });
  const ask = async (form: Record<string, string>, headers = {}, path = 'introspect') =>
    (await tokenRequest(oauth, { token, ...form }, headers, path)).json;
  expect(await ask({}, basic())).toEqual({ active: false });
  expect(await ask({ token: refresh }, basic())).toEqual({ active: false });
  const own = await ask({ client_id: 'public' });
  expect(own).toMatchObject({ active: true, client_id: 'public', patient: 'demo-mother' });
  expect(own).not.toHaveProperty('held');
  expect(await ask({}, basic('resources'))).toMatchObject({
    active: true,
    scope: expect.stringContaining('patient/*.rs'),
  });
  expect((await tokenRequest(oauth, { token }, {}, 'introspect')).status).toBeGreaterThanOrEqual(400);
  await ask({}, basic(), 'revoke');
  expect(await ask({ client_id: 'public' })).toMatchObject({ active: true });
});

it('introspection of a JSON Web Token, which is none of ours', async () => {
  const { id_token: token } = await launch(oauth, 'patient', { scope: 'openid patient/*.rs' });
  expect(await tokenRequest(oauth, { token }, basic('resources'), 'introspect')).toEqual({
    status: 200,
    json: { active: false },
  });
  expect((await tokenRequest(oauth, { token }, {}, 'introspect')).status).toBeGreaterThanOrEqual(400);
});

it('a refresh with more than was given, by another client, or of nothing', async () => {
  const { refresh_token: token } = await launch(oauth, 'patient', {
    scope: 'patient/Observation.rs patient/Condition.rs?category=s|c offline_access',
  });
  const refresh = { grant_type: 'refresh_token', refresh_token: token, client_id: 'public' };
  for (const scope of [
    'patient/*.rs',
    'patient/Observation.crs',
    'patient/Observation.*',
    'patient/Observation.read patient/Observation.write',
    'patient/Observation.rs patient/Patient.rs',
    'patient/Condition.rs',
    'patient/Condition.rs?category=s|d',
    'patient/Condition.r?category=s|c&code=s|c patient/Condition.rs',
    'user/Observation.rs',
    'system/Observation.rs',
    'patient%2fObservation.rs',
    'patient/Observation.rs?status=final',
    'patient/Observation.rs openid',
    'patient/Observation.rs registration.write',
    'patient/Observation.rs email',
  ])
    expect([scope, (await tokenRequest(oauth, { ...refresh, scope })).json.error]).toEqual([
      scope,
      'invalid_scope',
    ]);
  const { client_id: _mine, ...theirs } = refresh;
  expect((await tokenRequest(oauth, theirs, basic())).json.error).toBe('invalid_grant');
  const made = { ...refresh, refresh_token: 'x'.repeat(43) };
  expect((await tokenRequest(oauth, made)).json.error).toBe('invalid_grant');
});

it.each([
  ['a refresh token', 'refresh_token'],
  ['an ID token', 'id_token'],
])('%s in place of an access token', async (_, name) => {
  const tokens = await launch(oauth, 'patient', { scope: 'openid patient/*.rs offline_access' });
  expect((await oauth.carnet.as({ token: tokens[name] }).get('Patient/x')).status).toBe(401);
});

it('an access token in an address', async () => {
  const { access_token: token } = await launch(oauth, 'patient');
  expect((await fetch(`${oauth.carnet.base}/Patient/x?access_token=${token}`)).status).toBe(401);
  expect((await fetch(`${oauth.issuer}/userinfo?access_token=${token}`)).status).toBeGreaterThanOrEqual(400);
});

it('a screen of another browser, of another site, or that was answered before', async () => {
  const mine = new Browser(oauth.issuer);
  const params = new URLSearchParams(authorizeParams(oauth, pkce().challenge)).toString();
  const seen = await mine.get(`${oauth.issuer}/authorize?${params}`);
  const form = { user: 'patient', password: PASSWORD };
  const action = actionIn(seen, 'login');
  expect((await new Browser(oauth.issuer).post(action, form)).status).toBe(400);
  expect((await mine.post(action, form, { origin: 'https://evil.example' })).status).toBe(403);
  expect((await mine.post(action, { ...form, password: 'wrong' })).status).toBe(401);
  expect((await mine.post(action, { ...form, user: 'nobody' })).status).toBe(401);
  expect((await mine.post(action.replace('/login', '/authorize'), {})).status).toBe(400);
  const next = await mine.post(action, form);
  expect(next.text).toContain('/authorize"');
  expect((await mine.post(action, form)).status).toBe(400);
});

it('an address of the authorization server that leads nowhere', async () => {
  for (const path of [
    '',
    '/',
    '/nothing',
    '/interaction/x',
    '/reg',
    '/device/auth',
    '/request',
    '/backchannel',
  ])
    expect((await fetch(`${oauth.issuer}${path}`, { method: 'POST' })).status).toBeGreaterThanOrEqual(400);
});
