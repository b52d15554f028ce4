/** The applications of a patient: how long each is connected, the list of them, and their end; for a child too. */
import { MongoClient } from 'mongodb';
import { DELEGATION, label } from '../enforcement/support/space.ts';
import { document, observation, person } from '../leaks/support/content.ts';
import { codesOf, settled } from '../notice/support/world.ts';
import type { Client } from '../support/server.ts';
import {
  basic,
  CONFIDENTIAL,
  actionIn,
  authorizeParams,
  Browser,
  launch,
  launchAs,
  type Oauth,
  oauthServer,
  PASSWORD,
  pkce,
  PUBLIC,
  type Seen,
  tokenRequest,
  type Tokens,
} from './support/oauth.ts';

let servers: [Oauth, Oauth];
let oauth: Oauth;
let mother: Client;
let mongo: MongoClient;
const link = {
  resourceType: 'RelatedPerson',
  id: 'demo-child-mother',
  active: true,
  patient: { reference: 'Patient/demo-child' },
  relationship: [{ coding: [{ system: DELEGATION, code: 'legal-representative' }] }],
};

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url, { noticesEvery: 50 });
  mongo = await MongoClient.connect(oauth.carnet.database.uri);
  servers = [oauth, await oauthServer(import.meta.url, { like: oauth.carnet })];
  const all = oauth.carnet.as('all');
  const born = new Date(Date.now() - 8 * 365 * 86_400_000).toISOString().slice(0, 10);
  await all.put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await all.put('Patient/demo-child', { ...person('demo-child', 'Delaunay', '2'), birthDate: born });
  await all.put('Observation/own', observation('own', 'demo-mother', 1));
  await all.put('Observation/child', observation('child', 'demo-child', 1));
  await all.put(
    'DocumentReference/secret',
    document('secret', 'demo-child', { meta: { security: [label('INVISIBLE_REPRESENTANTS_LEGAUX')] } }),
  );
  await all.put('RelatedPerson/demo-child-mother', link);
  await oauth.register({ ...PUBLIC, id: 'other', name: 'Autre', device: 'Device/other' });
  mother = oauth.carnet.as('patient');
}, 120_000);
afterAll(async () => {
  for (const { carnet } of (servers ?? []).toReversed()) await carnet.close();
  await mongo?.close();
});

const OFFLINE = 'openid launch/patient offline_access patient/*.rs';
const as = (tokens: Tokens, at = oauth): Client => at.carnet.as({ token: tokens.access_token });
const refreshed = (tokens: Tokens, client_id = 'public') =>
  tokenRequest(oauth, { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id });

/** Logged in, at the list. */
async function listed(user = 'patient', headers: Record<string, string> = {}): Promise<[Browser, Seen]> {
  const browser = new Browser(oauth.issuer);
  const seen = await browser.get(`${oauth.issuer}/apps`, headers);
  return [browser, await browser.post(actionIn(seen, 'login'), { user, password: PASSWORD }, headers)];
}

const hidden = (seen: Seen, name: string): string[] =>
  [...seen.text.matchAll(new RegExp(`name="${name}" value="([^"]*)"`, 'g'))].map(([, value]) => value!);
const plain = ({ text }: Seen): string => text.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');

/** Connects for one of those whom the screen offers. */
const launchFor = (patient: string, scope = OFFLINE): Promise<Tokens> =>
  launchAs(oauth, 'patient', patient, scope);

async function connectionsOf(patient: string): Promise<{ id: string; [name: string]: unknown }[]> {
  const { json } = await mother.get(`Consent?patient=${patient}&status=active`);
  return (json.entry ?? []).map(({ resource }: { resource: object }) => resource);
}

it('the list says what each reads, until when, and when it last did; ended there, nothing of it is left', async () => {
  const tokens = await launch(oauth, 'patient', {
    scope: 'openid launch/patient offline_access patient/Observation.rs',
  });
  const other = await launch(oauth, 'patient', { client_id: 'other' });
  for (const at of servers) expect((await as(tokens, at).get('Observation/own')).status).toBe(200);
  const [browser, seen] = await listed();
  expect(seen.status).toBe(200);
  expect(plain(seen)).toMatch(
    /Rythme Elle consulte les mesures et résultats d’analyses Connectée le .* Jusqu’au .* Dernier accès \d+ .* \d\d:\d\d Accès hors connexion oui/,
  );
  expect(plain(seen)).toMatch(/Autre Elle consulte toutes les données/);
  const consent = (await connectionsOf('demo-mother')).find((each) =>
    JSON.stringify(each).includes('Device/app"'),
  )!;
  const after = await browser.post(`${oauth.issuer}/apps`, {
    proof: hidden(seen, 'proof')[0]!,
    connection: consent.id,
  });
  expect(plain(after)).toContain('L’accès de l’application est terminé.');
  for (const at of servers) expect((await as(tokens, at).get('Observation/own')).status).toBe(401);
  expect(await refreshed(tokens)).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  expect((await mother.get(`Consent/${consent.id}`)).json.status).toBe('inactive');
  expect((await as(other).get('Observation/own')).status).toBe(200);
  const { text } = await mother.get('AuditEvent?patient=demo-mother&_count=50&_sort=-date');
  expect(text).toContain('"code":"app-disconnected"');
});

it('a launch for a session leaves a connection that lasts; the button ends both', async () => {
  const scope = 'openid launch/patient patient/Observation.rs';
  const own = async () =>
    (await connectionsOf('demo-mother')).filter((each) => JSON.stringify(each).includes('Device/app"'));
  const lasting = await launch(oauth, 'patient', { scope: `${scope} offline_access` });
  const before = await own();
  const session = await launch(oauth, 'patient', { scope });
  expect((await as(session).get('Observation/own')).status).toBe(200);
  const both = await own();
  expect([before.length, both.length]).toEqual([1, 2]);
  expect(both).toContainEqual(before[0]);
  const again = await refreshed(lasting);
  expect(again.status).toBe(200);
  const [browser, seen] = await listed();
  const { id } = both.find((each) => each.id !== before[0]!.id)!;
  await browser.post(`${oauth.issuer}/apps`, { proof: hidden(seen, 'proof')[0]!, connection: id });
  expect(await own()).toEqual([]);
  for (const tokens of [session, again.json])
    expect((await as(tokens).get('Observation/own')).status).toBe(401);
});

it('in English for who reads English, to nobody who isn’t logged in, and with no word that another site sends', async () => {
  await launch(oauth, 'patient');
  const [browser, seen] = await listed('patient', { 'accept-language': 'en' });
  expect(plain(seen)).toContain('My connected applications');
  const before = await connectionsOf('demo-mother');
  const [connection] = before as [{ id: string }];
  const [proof] = hidden(seen, 'proof') as [string];
  const form = { proof, connection: connection.id };
  await browser.post(`${oauth.issuer}/apps`, { connection: connection.id });
  await browser.post(`${oauth.issuer}/apps`, { ...form, proof: `${proof.slice(1)}x` });
  const foreign = await browser.post(`${oauth.issuer}/apps`, form, { origin: 'https://evil.example' });
  expect(foreign.status).toBe(403);
  const nobody = await new Browser(oauth.issuer).post(`${oauth.issuer}/apps`, form);
  expect(nobody.text).toContain('/login"');
  // another patient's, by their own proof
  const [father, fathers] = await listed('father');
  expect(plain(fathers)).toContain('Aucune application');
  await launch(oauth, 'father', {}, father).catch(() => {});
  const [again, his] = await listed('father');
  await again.post(`${oauth.issuer}/apps`, {
    proof: hidden(his, 'proof')[0] ?? '',
    connection: connection.id,
  });
  expect(await connectionsOf('demo-mother')).toEqual(before);
});

it('a Consent that was taken back otherwise lets no token be refreshed', async () => {
  const tokens = await launch(oauth, 'patient', { scope: OFFLINE });
  const again = await refreshed(tokens);
  expect(again.status).toBe(200);
  for (const consent of await connectionsOf('demo-mother'))
    await mother.put(`Consent/${consent.id}`, { ...consent, status: 'inactive' });
  expect((await as(again.json).get('Observation/own')).status).toBe(404);
  expect(await refreshed(again.json)).toMatchObject({
    status: 400,
    json: {
      error: 'invalid_grant',
      error_description: 'the connection has ended: the patient is asked again',
    },
  });
});

it('on the day on which its review ends an app is out, and the patient is asked again and told why', async () => {
  const soon = Date.now() + 12_000;
  await oauth.register({
    ...PUBLIC,
    id: 'other',
    name: 'Autre',
    device: 'Device/other',
    reviewedUntil: soon,
  });
  const tokens = await launch(oauth, 'patient', { client_id: 'other', scope: OFFLINE });
  expect((await as(tokens).get('Observation/own')).status).toBe(200);
  const ends = (await connectionsOf('demo-mother')).map((each) =>
    Date.parse((each as unknown as { provision: { period: { end: string } } }).provision.period.end),
  );
  expect(ends).toContain(soon);
  await new Promise((resolve) => setTimeout(resolve, soon - Date.now() + 50));
  for (const at of servers) expect((await as(tokens, at).get('Observation/own')).status).toBe(401);
  expect(await refreshed(tokens, 'other')).toMatchObject({ status: 400, json: { error: 'invalid_grant' } });
  const browser = new Browser(oauth.issuer);
  const params = authorizeParams(oauth, pkce().challenge, { client_id: 'other', scope: OFFLINE });
  let seen = await browser.get(`${oauth.issuer}/authorize?${new URLSearchParams(params).toString()}`);
  seen = await browser.post(actionIn(seen, 'login'), { user: 'patient', password: PASSWORD });
  expect(plain(seen)).toContain('L’examen de cette application par le service est terminé');
  const anew = await launch(oauth, 'patient', { client_id: 'other', scope: OFFLINE });
  expect((await as(anew).get('Observation/own')).status).toBe(200);
  const [last] = (await connectionsOf('demo-mother'))
    .map((each) => (each as unknown as { provision: { period: { end: string } } }).provision.period.end)
    .sort()
    .toReversed();
  expect(Date.parse(last!)).toBeLessThan(Date.now() + 91 * 86_400_000);
});

it('connected by a parent it is the child’s, sees no more than the parent, and ends with the link', async () => {
  const tokens = await launchFor('demo-child');
  expect(tokens.patient).toBe('demo-child');
  expect((await as(tokens).get('Observation/child')).status).toBe(200);
  expect((await as(tokens).get('Observation/own')).status).toBe(404);
  expect((await as(tokens).get('DocumentReference/secret')).status).toBe(404);
  expect((await as(tokens).get('DocumentReference?patient=demo-child')).json.total).toBe(0);
  expect((await as(tokens).get('Observation?patient=demo-child')).json.total).toBe(1);
  const [consent] = await connectionsOf('demo-child');
  expect(consent).toMatchObject({ performer: [{ reference: 'RelatedPerson/demo-child-mother' }] });
  // the trace tells for whom the app acts, by what says that they represent the child
  for (const action of ['R', 'E']) {
    const traces = await mother.get(
      `AuditEvent?patient=demo-child&agent=Device/app&action=${action}&outcome=0`,
    );
    expect([traces.status, traces.json.entry.length > 0]).toEqual([200, true]);
    expect(traces.text).toContain(`Consent/${consent!.id}/_history/`);
    expect(traces.text).toContain('RelatedPerson/demo-child-mother/_history/');
  }
  const [, seen] = await listed();
  expect(plain(seen)).toMatch(/Pour .*que vous représentez Rythme/);
  for (const ended of [
    { ...link, active: false },
    { ...link, period: { end: '2024-01-01' } },
  ]) {
    await oauth.carnet.as('all').put('RelatedPerson/demo-child-mother', ended);
    for (const at of servers) {
      expect((await as(tokens, at).get('Observation/child')).status).toBe(404);
      expect((await as(tokens, at).get('Observation?patient=demo-child')).json.total).toBe(0);
    }
    await oauth.carnet.as('all').put('RelatedPerson/demo-child-mother', link);
    expect((await as(tokens).get('Observation/child')).status).toBe(200);
  }
  // who speaks for nobody goes on with nothing, and resource servers are told so
  await oauth.register({ ...CONFIDENTIAL, id: 'resources', introspects: true });
  const isActive = async (): Promise<boolean> =>
    (await tokenRequest(oauth, { token: tokens.access_token }, basic('resources'), 'introspect')).json.active;
  expect(await isActive()).toBe(true);
  await oauth.carnet.as('all').put('RelatedPerson/demo-child-mother', { ...link, active: false });
  expect(await isActive()).toBe(false);
  const refreshed = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'public' };
  expect((await tokenRequest(oauth, refreshed)).json.error).toBe('invalid_grant');
  await oauth.carnet.as('all').put('RelatedPerson/demo-child-mother', link);
});

it('whom nobody says that the person represents can’t be chosen', async () => {
  await expect(launchFor('demo-father')).rejects.toThrow('access_denied');
  await oauth.carnet.as('all').put('RelatedPerson/demo-child-mother', {
    ...link,
    relationship: [{ coding: [{ system: DELEGATION, code: 'caregiver' }] }],
  });
  await expect(launchFor('demo-child')).rejects.toThrow('access_denied');
  await oauth.carnet.as('all').put('RelatedPerson/demo-child-mother', link);
});

it('every 90 days, and at its end, patient and parent are told of an app; once it has ended, no more', async () => {
  await launchFor('demo-child');
  const [consent] = (await connectionsOf('demo-child')) as [{ id: string }];
  const told = async (): Promise<string[]> => {
    await settled(oauth.carnet);
    return codesOf((await mother.get('Patient/demo-child/$notices')).json).filter((code) =>
      /^app-(reminder|ended)$/.test(code),
    );
  };
  const holds = mongo.db(oauth.carnet.database.dbName).collection('holds');
  const due = async (what: string): Promise<number> => {
    await settled(oauth.carnet);
    const hold = { name: `Consent/${consent.id}`, 'cause.what': what };
    return ((await holds.findOne(hold)) as unknown as { due: number }).due;
  };
  const comesDue = async (what: string): Promise<void> => {
    const hold = { name: `Consent/${consent.id}`, 'cause.what': what };
    expect((await holds.updateOne(hold, { $set: { due: 0 } })).matchedCount).toBe(1);
    for (let tries = 0; (await holds.findOne({ ...hold, due: 0 })) !== null && tries < 2000; tries += 1)
      await new Promise((resolve) => setTimeout(resolve, 25));
  };
  const days = (at: number): number => Math.round((at - Date.now()) / 86_400_000);
  expect(await told()).toEqual([]);
  expect([days(await due('remind')), days(await due('over'))]).toEqual([90, 365]);
  await comesDue('remind');
  expect(await told()).toEqual(['app-reminder']);
  expect(days(await due('remind'))).toBe(90);
  const { json } = await mother.get(`Consent/${consent.id}`);
  const yesterday = new Date(Date.now() - 1000).toISOString();
  const end = { ...json.provision.period, start: '2026-01-01', end: yesterday };
  await mother.put(`Consent/${consent.id}`, { ...json, provision: { ...json.provision, period: end } });
  await comesDue('over');
  expect(await told()).toEqual(['app-ended', 'app-reminder']);
  await comesDue('remind');
  expect(await told()).toEqual(['app-ended', 'app-reminder']);
});

it('professionals see and end theirs that go on without them, and nobody else’s', async () => {
  const scope = 'openid user/Observation.rs user/Condition.rs offline_access';
  const [kept, other] = [await launch(oauth, 'gp', { scope }), await launch(oauth, 'emergency', { scope })];
  await launch(oauth, 'gp', { scope: 'openid user/*.rs' });
  const reads = async ({ access_token: token }: Tokens) =>
    (await oauth.carnet.as({ token }).get('Observation?patient=demo-mother')).status;
  const [browser, seen] = await listed('gp', { 'accept-language': 'en' });
  expect(plain(seen)).toContain('Rythme It reads');
  expect(hidden(seen, 'connection')).toHaveLength(1);
  const [proof, theirs] = [
    hidden(seen, 'proof')[0]!,
    hidden((await listed('emergency'))[1], 'connection')[0]!,
  ];
  await browser.post(`${oauth.issuer}/apps`, { proof, connection: theirs });
  expect(await reads(other)).toBe(200);
  const ended = await browser.post(`${oauth.issuer}/apps`, {
    proof,
    connection: hidden(seen, 'connection')[0]!,
  });
  expect(hidden(ended, 'connection')).toEqual([]);
  expect([await reads(kept), (await refreshed(kept)).status]).toEqual([401, 400]);
  expect([await reads(other), (await refreshed(other)).status]).toEqual([200, 200]);
});
