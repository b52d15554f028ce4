/** What has ended has ended on the next request, in every process. */
import { permits, says } from '../enforcement/support/space.ts';
import { person } from '../leaks/support/content.ts';
import { MongoClient } from 'mongodb';
import {
  basic,
  Browser,
  CONFIDENTIAL,
  launch,
  type Oauth,
  oauthServer,
  PUBLIC,
  tokenRequest,
} from './support/oauth.ts';

let servers: Oauth[];
beforeAll(async () => {
  const one = await oauthServer(import.meta.url);
  servers = [one, await oauthServer(import.meta.url, { like: one.carnet })];
  await one.register({ ...CONFIDENTIAL, id: 'resources', introspects: true });
  const all = one.carnet.as('all');
  await all.put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await all.put('Consent/c', {
    ...says('demo-mother', permits('Device/app', 'Practitioner/demo-gp')),
    id: 'c',
  });
}, 120_000);
afterAll(async () => {
  for (const { carnet } of (servers ?? []).toReversed()) await carnet.close();
});

/** Of what is read with the token, and of what is searched after it. */
const WAYS = ['Patient/demo-mother', 'Patient?_id=demo-mother'];

/** At both, which each have seen the token before. */
async function statuses(token: string): Promise<number[]> {
  const asked = servers.map(async (oauth) => {
    const { carnet } = oauth;
    const answers = await Promise.all(WAYS.map((way) => carnet.as({ token }).get(way)));
    const [read, searched] = answers.map(({ status }) => status);
    expect(searched === 401).toBe(read === 401);
    const userinfo = await fetch(`${oauth.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${token}` },
    });
    if (read === 401) expect([await isActive(oauth, token), userinfo.status]).toEqual([false, 401]);
    return read!;
  });
  return Promise.all(asked);
}

/** As a resource server is told. */
async function isActive(oauth: Oauth, token: string): Promise<boolean> {
  const { json } = await tokenRequest(oauth, { token }, basic('resources'), 'introspect');
  return json.active;
}

it('a token that its client revoked', async () => {
  const [one] = servers as [Oauth, Oauth];
  const { access_token: token } = await launch(one, 'patient');
  expect(await statuses(token)).toEqual([200, 200]);
  const asked = { token, client_id: 'public' };
  expect((await tokenRequest(one, asked, {}, 'revoke')).status).toBe(200);
  expect(await statuses(token)).toEqual([401, 401]);
});

it('the tokens of an app that was suspended; resumed, it needs new ones', async () => {
  const [one, other] = servers as [Oauth, Oauth];
  const tokens = await launch(one, 'patient', { scope: 'patient/*.rs offline_access' });
  expect(await statuses(tokens.access_token)).toEqual([200, 200]);
  expect(await other.suspend('public')).toBe(true);
  expect(await statuses(tokens.access_token)).toEqual([401, 401]);
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'public' };
  expect(await tokenRequest(one, refresh)).toMatchObject({ status: 401, json: { error: 'invalid_client' } });
  expect(await one.carnet.server.clients!.resume('public')).toBe(true);
  expect(await statuses(tokens.access_token)).toEqual([401, 401]);
  const { access_token: anew } = (await tokenRequest(one, refresh)).json;
  expect(await statuses(anew)).toEqual([200, 200]);
});

it('the tokens of a client that was registered otherwise', async () => {
  const [one] = servers as [Oauth, Oauth];
  const { access_token: token } = await launch(one, 'gp', { scope: 'user/*.rs' });
  await one.register({ ...PUBLIC, scope: 'patient/*.rs' });
  expect(await statuses(token)).toEqual([401, 401]);
  await one.register(PUBLIC);
  expect(await statuses(token)).toEqual([401, 401]);
});

it('what a patient’s Consent gave the app, while the token goes on', async () => {
  const [one, other] = servers as [Oauth, Oauth];
  const { access_token: token } = await launch(one, 'patient');
  expect(await statuses(token)).toEqual([200, 200]);
  expect(await isActive(other, token)).toBe(true);
  const told = async (): Promise<object> => {
    const userinfo = await fetch(`${one.issuer}/userinfo`, { headers: { authorization: `Bearer ${token}` } });
    return (await userinfo.json()) as object;
  };
  expect(Object.keys(await told())).toEqual(['sub', 'fhirUser']);
  const all = other.carnet.as('all');
  // what the patient said, and what the screen wrote when they connected it
  const { json } = await all.get('Consent?patient=demo-mother');
  for (const { resource } of json.entry) {
    const ended = await all.put(`Consent/${resource.id}`, { ...resource, status: 'inactive' });
    expect(ended.status).toBe(200);
  }
  expect(await statuses(token)).toEqual([404, 404]);
  expect(await isActive(one, token)).toBe(false);
  expect(Object.keys(await told())).toEqual(['sub']);
  const given = { ...says('demo-mother', permits('Device/app', 'Practitioner/demo-gp')), id: 'c' };
  await all.put('Consent/c', given);
  expect(await statuses(token)).toEqual([200, 200]);
});

it('logging out ends the session and its tokens, but not those of offline_access', async () => {
  const [one] = servers as [Oauth, Oauth];
  const browser = new Browser(one.issuer);
  const online = await launch(one, 'gp', { scope: 'openid user/*.rs online_access' }, browser);
  await one.register(CONFIDENTIAL);
  const offline = await launch(
    one,
    'gp',
    { scope: 'openid user/*.rs offline_access', client_id: 'confidential' },
    browser,
  );
  expect(await statuses(online.access_token)).toEqual([200, 200]);
  expect(await statuses(offline.access_token)).toEqual([200, 200]);
  const asked = await browser.get(`${one.issuer}/logout`);
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(asked.text)?.[1] ?? '';
  await browser.post(`${one.issuer}/logout/confirm`, { xsrf, logout: 'yes' });
  expect(await statuses(online.access_token)).toEqual([401, 401]);
  expect(await statuses(offline.access_token)).toEqual([200, 200]);
  const refresh = { grant_type: 'refresh_token', refresh_token: online.refresh_token, client_id: 'public' };
  expect((await tokenRequest(one, refresh)).status).toBe(400);
});

it('nothing that a stolen database shows logs anybody in', async () => {
  const [one] = servers as [Oauth, Oauth];
  const tokens = await launch(one, 'patient', { scope: 'openid patient/*.rs offline_access' });
  const { uri, dbName } = one.carnet.database;
  const mongo = await MongoClient.connect(uri);
  try {
    const kept: string[] = [];
    for (const name of ['artifacts', 'clients', 'issuerKeys']) {
      for await (const doc of mongo.db(dbName).collection(name).find()) kept.push(JSON.stringify(doc));
    }
    expect(kept.length).toBeGreaterThan(5);
    const all = kept.join('\n');
    for (const secret of [tokens.access_token, tokens.refresh_token, 'demo-mother', 'demo-gp', '"d":'])
      expect([secret, all.includes(secret)]).toEqual([secret, false]);
  } finally {
    await mongo.close();
  }
});
