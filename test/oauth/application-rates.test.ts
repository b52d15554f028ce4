/** How many tokens one application is given, and how often it asks, for whomever. */
import { person } from '../leaks/support/content.ts';
import { CALLBACK, launch, type Oauth, oauthServer, PUBLIC, tokenRequest } from './support/oauth.ts';

const RATES = { rates: { address: 600, client: 3, account: 20, requests: 20 } };
let oauth: Oauth;
/** Another process with the same database. */
let other: Oauth;
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url, RATES);
  other = await oauthServer(import.meta.url, { ...RATES, like: oauth.carnet });
  await oauth.carnet.as('all').put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  for (const id of ['refreshing', 'asking', 'calm']) await oauth.register({ ...PUBLIC, id });
}, 120_000);
afterAll(async () => {
  await other?.carnet.close();
  await oauth?.carnet.close();
});

const scope = 'openid user/*.rs offline_access';
const refreshed = (client_id: string, refresh_token: string, server = oauth) =>
  tokenRequest(server, { grant_type: 'refresh_token', refresh_token, client_id });

it('one gets so many tokens, for whomever; one that is refused has used nothing up', async () => {
  const client_id = 'refreshing';
  const first = await launch(oauth, 'dentist', { client_id, scope });
  await launch(oauth, 'emergency', { client_id, scope });
  const { status, json } = await refreshed(client_id, first.refresh_token, other);
  expect(status).toBe(200);
  for (const server of [oauth, other]) {
    const refused = await refreshed(client_id, json.refresh_token, server);
    expect(refused).toMatchObject({ status: 429, json: { error: 'temporarily_unavailable' } });
    expect(refused.json.error_description).toMatch(
      /^too many tokens of one client: try again in \d+ seconds$/,
    );
  }
  // told to its pages too
  const origin = new URL(CALLBACK).origin;
  const { headers } = await fetch(`${other.issuer}/token`, {
    method: 'POST',
    headers: { origin },
    body: new URLSearchParams({ grant_type: 'refresh_token', refresh_token: json.refresh_token, client_id }),
  });
  expect(headers.get('access-control-allow-origin')).toBe(origin);
  expect(headers.get('access-control-expose-headers')).toContain('Retry-After');
  // one that comes twice ends everything: this one didn't
  expect((await oauth.carnet.as({ token: json.access_token }).get('Patient?_id=x')).status).toBe(200);
  // what is no token of its own spends nothing of another's
  for (let asked = 0; asked < 5; asked += 1)
    expect((await refreshed('calm', 'made-up')).json.error).toBe('invalid_grant');
  expect((await launch(oauth, 'samu', { client_id: 'calm', scope })).access_token).toBeDefined();
});

it('one asks so often, for whomever and of whatever process; another goes on', async () => {
  const tokens = await Promise.all(
    ['dentist', 'emergency'].map((user) => launch(oauth, user, { client_id: 'asking', scope })),
  );
  const ask = (asked: number, address: string) =>
    (asked % 2 === 0 ? oauth : other).carnet.as({ token: tokens[asked % 2].access_token }).get(address);
  const statuses: number[] = [];
  for (let asked = 0; asked < 20; asked += 1)
    statuses.push((await ask(asked, asked % 3 === 0 ? 'Patient/nobody' : 'Patient?_id=nobody')).status);
  expect(new Set(statuses)).toEqual(new Set([200, 404]));
  const refused = await Promise.all(
    ['Patient/demo-mother', 'Patient/nobody', 'Patient?_id=demo-mother', 'Nothing', ''].map(
      (address, index) => ask(index, address),
    ),
  );
  for (const { status, headers, json } of refused) {
    expect(status).toBe(429);
    const wait = Number(headers.get('retry-after'));
    expect(wait).toBeGreaterThan(0);
    expect(wait).toBeLessThanOrEqual(60);
    expect(json).toMatchObject({ resourceType: 'OperationOutcome', issue: [{ code: 'throttled' }] });
    expect(json.issue[0].details.text).toBe(
      `the application asked more than 20 times in a minute: try again in ${wait} seconds, and ask for more at a time (a search, \`_include\`, a batch)`,
    );
  }
  const calm = await launch(oauth, 'samu', { client_id: 'calm', scope });
  expect((await oauth.carnet.as({ token: calm.access_token }).get('Patient?_id=x')).status).toBe(200);
  expect((await fetch(`${oauth.carnet.base}/metadata`)).status).toBe(200);
});
