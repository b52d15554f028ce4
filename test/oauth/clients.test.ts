/** The libraries that apps are built with, as they are: SMART's `fhirclient`, and `oauth4webapi`. */
import { createServer, type Server } from 'node:http';
import FHIR from 'fhirclient';
import { exportJWK, generateKeyPair } from 'jose';
import * as oauth2 from 'oauth4webapi';
import { permits, says } from '../enforcement/support/space.ts';
import { document, person } from '../leaks/support/content.ts';
import { freePort } from '../support/server.ts';
import {
  actionIn,
  Browser,
  launch,
  type Oauth,
  oauthServer,
  PASSWORD,
  PUBLIC,
  tokenRequest,
} from './support/oauth.ts';

const INSECURE = { [oauth2.allowInsecureRequests]: true };
let oauth: Oauth;
let app: Server;
let at: string;
/** What the app of `fhirclient` found out. */
let found: unknown;

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  await all.put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await all.put('DocumentReference/d', document('d', 'demo-mother'));
  await all.put('Consent/c', { ...says('demo-mother', permits('Practitioner/demo-gp')), id: 'c' });
  const port = await freePort();
  at = `http://127.0.0.1:${port}`;
  await oauth.register(
    { ...PUBLIC, id: 'smart-app', redirectUris: [`${at}/callback`], launchUri: `${at}/launch` },
    { ...PUBLIC, id: 'ehr', launches: true },
  );
  app = createServer(smartApp).listen(port, '127.0.0.1');
}, 120_000);
afterAll(async () => {
  app?.close();
  await oauth?.carnet.close();
});

/** Ten lines of an app: `/launch` sends to the authorization server, `/callback` reads. */
const kept = new Map<string, unknown>();
const storage = {
  get: async (key: string) => kept.get(key),
  set: async (key: string, value: unknown) => (kept.set(key, value), value),
  unset: async (key: string) => kept.delete(key),
};
const smartApp: Parameters<typeof createServer>[1] = (request, response) => {
  const smart = FHIR(request as never, response as never, storage as never);
  const work =
    request.url?.startsWith('/launch') === true
      ? smart.authorize({
          clientId: 'smart-app',
          redirectUri: `${at}/callback`,
          iss: oauth.carnet.base,
          pkceMode: 'required',
          ...scopeOf(request.url),
        })
      : smart.ready().then(async (client) => {
          const documents = await client.request(`DocumentReference?patient=${client.patient.id}`);
          const refreshed = await client.refresh();
          found = {
            patient: await client.patient.read(),
            documents,
            user: client.user.fhirUser,
            encounter: client.encounter.id,
            refreshed: refreshed.tokenResponse?.access_token,
          };
          response.end('done');
        });
  Promise.resolve(work).catch((error: unknown) => {
    found = error;
    response.statusCode = 500;
    response.end(String(error));
  });
};

const scopeOf = (url: string): { scope: string } => ({
  scope: `${url.includes('launch=') ? 'launch' : 'launch/patient'} openid fhirUser offline_access patient/*.rs`,
});

/** Opens the app in a browser, which goes to and fro until the app is there again. */
async function open(url: string, user: string): Promise<string> {
  const begun = await fetch(url, { redirect: 'manual' });
  const browser = new Browser(oauth.issuer);
  let seen = await browser.get(begun.headers.get('location')!);
  seen = await browser.post(actionIn(seen, 'login'), { user, password: PASSWORD });
  seen = await browser.post(actionIn(seen, 'authorize'), {});
  const back = await fetch(seen.url, { redirect: 'manual' });
  const again = back.headers.get('location');
  const last = again === null ? back : await fetch(new URL(again, at));
  return last.text();
}

it('fhirclient: a standalone launch, reads and a refresh', async () => {
  expect(await open(`${at}/launch`, 'patient')).toBe('done');
  expect(found).toMatchObject({
    patient: { resourceType: 'Patient', id: 'demo-mother' },
    documents: { total: 1 },
    user: 'Patient/demo-mother',
    refreshed: expect.stringMatching(/^[\w-]{43}$/),
  });
});

it('fhirclient: an EHR launch with patient and encounter', async () => {
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  const form = { client_id: 'smart-app', patient: 'demo-mother', encounter: 'e1' };
  const { json } = await tokenRequest(oauth, form, { authorization: `Bearer ${ehr}` }, 'launch');
  expect(await open(json.launch_url, 'gp')).toBe('done');
  expect(found).toMatchObject({ patient: { id: 'demo-mother' }, encounter: 'e1', documents: { total: 1 } });
});

const server = async (): Promise<oauth2.AuthorizationServer> => {
  const issuer = new URL(oauth.issuer);
  return oauth2.processDiscoveryResponse(issuer, await oauth2.discoveryRequest(issuer, INSECURE));
};

it('oauth4webapi finds it as an authorization server of OAuth alone too', async () => {
  const issuer = new URL(oauth.issuer);
  const options = { ...INSECURE, algorithm: 'oauth2' } as const;
  const found = await oauth2.processDiscoveryResponse(issuer, await oauth2.discoveryRequest(issuer, options));
  expect(found).toEqual(await server());
});

it('oauth4webapi: a standalone launch, a refresh and a revocation', async () => {
  const as = await server();
  const client = { client_id: 'public' };
  const verifier = oauth2.generateRandomCodeVerifier();
  const [state, nonce] = [oauth2.generateRandomState(), oauth2.generateRandomNonce()];
  const address = new URL(as.authorization_endpoint!);
  address.search = new URLSearchParams({
    ...client,
    response_type: 'code',
    redirect_uri: PUBLIC.redirectUris[0]!,
    scope: 'openid fhirUser launch/patient offline_access patient/*.rs',
    aud: oauth.carnet.base,
    code_challenge: await oauth2.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  }).toString();
  const browser = new Browser(oauth.issuer);
  let seen = await browser.get(address.href);
  seen = await browser.post(actionIn(seen, 'login'), { user: 'patient', password: PASSWORD });
  seen = await browser.post(actionIn(seen, 'authorize'), {});
  const back = oauth2.validateAuthResponse(as, client, new URL(seen.url), state);
  const response = await oauth2.authorizationCodeGrantRequest(
    as,
    client,
    oauth2.None(),
    back,
    PUBLIC.redirectUris[0]!,
    verifier,
    INSECURE,
  );
  const tokens = await oauth2.processAuthorizationCodeResponse(as, client, response, {
    expectedNonce: nonce,
    requireIdToken: true,
  });
  expect(tokens.patient).toBe('demo-mother');
  const again = await oauth2.refreshTokenGrantRequest(
    as,
    client,
    oauth2.None(),
    tokens.refresh_token!,
    INSECURE,
  );
  const renewed = await oauth2.processRefreshTokenResponse(as, client, again);
  const read = () =>
    oauth2.protectedResourceRequest(
      renewed.access_token,
      'GET',
      new URL(`${oauth.carnet.base}/Patient/demo-mother`),
      undefined,
      undefined,
      INSECURE,
    );
  expect((await read()).status).toBe(200);
  const ended = await oauth2.revocationRequest(as, client, oauth2.None(), renewed.refresh_token!, INSECURE);
  await oauth2.processRevocationResponse(ended);
  await expect(read()).rejects.toThrow();
});

it('oauth4webapi: backend services by private_key_jwt', async () => {
  const { privateKey, publicKey } = await generateKeyPair('ES384', { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), kid: 'k', alg: 'ES384', use: 'sig' };
  await oauth.register({
    id: 'lab',
    name: 'Laboratoire',
    auth: 'private_key_jwt',
    redirectUris: [],
    scope: 'system/DocumentReference.cruds',
    jwks: { keys: [jwk as never] },
    system: { organization: 'Organization/lab', rights: [], idPrefixes: ['lab-'] },
  });
  const as = await server();
  const client = { client_id: 'lab' };
  const response = await oauth2.clientCredentialsGrantRequest(
    as,
    client,
    oauth2.PrivateKeyJwt({ key: privateKey, kid: 'k' }),
    { scope: 'system/DocumentReference.cruds' },
    INSECURE,
  );
  const { access_token: token } = await oauth2.processClientCredentialsResponse(as, client, response);
  const { id: _id, ...fresh } = document('x', 'demo-mother');
  expect((await oauth.carnet.as({ token }).post('DocumentReference', fresh)).status).toBe(201);
});
