/** An account that is suspended reaches whatever was given to its person: tokens of issuers elsewhere, and Subscriptions. */
import { MongoClient } from 'mongodb';
import type { Account, Person } from '../../src/auth/accounts.ts';
import { demoCallers, type CallerName } from '../../src/demo/callers.ts';
import { demoAccounts } from '../../src/demo/logins.ts';
import { permits, says } from '../enforcement/support/space.ts';
import { document, person } from '../leaks/support/content.ts';
import { byCriteria, type Endpoint, endpoint, until } from '../subscription/support/endpoint.ts';
import type { Client } from '../support/server.ts';
import { launch, type Oauth, oauthServer, PUBLIC } from './support/oauth.ts';
import { signer, system } from './support/system.ts';

let hook: Endpoint;
let servers: Oauth[];
let mongo: MongoClient;
/** In place of the demo's account, whose roles don't end. */
let doctor: Account | undefined;

beforeAll(async () => {
  hook = await endpoint();
  const one = await oauthServer(import.meta.url, {
    noticesEvery: 30,
    subscriptionHosts: [hook.host],
    accounts: { find: async (id) => (id === 'demo emergency' ? doctor : demoAccounts.find(id)) },
  });
  servers = [one, await oauthServer(import.meta.url, { like: one.carnet })];
  mongo = await MongoClient.connect(one.carnet.database.uri);
  const all = one.carnet.as('all');
  for (const id of ['demo-mother', 'demo-child']) {
    await all.put(`Patient/${id}`, person(id, 'Delaunay', '1'));
    await all.put(`Consent/c-${id}`, {
      ...says(id, permits('Device/app', 'Practitioner/demo-gp', 'Practitioner/demo-emergency')),
      id: `c-${id}`,
    });
  }
}, 120_000);
afterAll(async () => {
  await mongo?.close();
  for (const { carnet } of (servers ?? []).toReversed()) await carnet.close();
  await hook?.stop();
});

const logins = () => servers[0]!.carnet.server.entrance!.logins;

let accounts = 0;
/** An account of a caller, as a login elsewhere opens it. */
async function accountOf(caller: CallerName): Promise<string> {
  const { role, reference, related, organizations, profession, purposes, regulator, name } =
    demoCallers[caller];
  const who = { role, reference, related, organizations, profession, purposes, regulator, name } as Person;
  return (await logins().keep({ issuer: 'https://upstream.example', sub: `sub-${(accounts += 1)}` }, [who]))!;
}

/** Of a read by id, of a search and of a write, in both processes, which each have seen the token before. */
async function statuses(caller: CallerName): Promise<number[]> {
  const asked = servers.flatMap(({ carnet }) => {
    const client = carnet.as(caller);
    return [
      client.get('Patient/demo-mother'),
      client.get('Patient?_id=demo-mother'),
      client.get('Organization/nowhere'),
      client.delete('Observation/nothing'),
    ];
  });
  return (await Promise.all(asked)).map(({ status }) => status);
}

it.each<[CallerName, number[]]>([
  ['gp', [200, 200, 404, 204]],
  ['patient', [200, 200, 404, 204]],
])('a token of an issuer elsewhere ends with the account of its person: %s', async (caller, right) => {
  const [first, second] = [await accountOf(caller), await accountOf(caller)];
  const others = await statuses('emergency');
  expect(await statuses(caller)).toEqual([...right, ...right]);
  const ended = Array.from({ length: 8 }, () => 401);
  for (const account of [first, second]) {
    await logins().suspend(account);
    expect(await statuses(caller)).toEqual(ended);
  }
  expect(await statuses('emergency')).toEqual(others);
  // each of them keeps the person out
  await logins().resume(first);
  expect(await statuses(caller)).toEqual(ended);
  await logins().resume(second);
  expect(await statuses(caller)).toEqual([...right, ...right]);
});

it('who is suspended doesn’t come in as the relation of another either', async () => {
  const [{ carnet }] = servers as [Oauth, Oauth];
  const relation = demoCallers.patient.related[0]!;
  const claims = { role: 'representative' as const, reference: relation, related: [relation] };
  const parent = carnet.as({ token: carnet.tokenFor(claims, 'patient') });
  const before = (await parent.get('Patient/demo-mother')).status;
  expect(before).not.toBe(401);
  const account = await accountOf('patient');
  await logins().suspend(account);
  expect((await parent.get('Patient/demo-mother')).status).toBe(401);
  await logins().resume(account);
  expect((await parent.get('Patient/demo-mother')).status).toBe(before);
});

it('systems are no persons: theirs go on', async () => {
  const account = await accountOf('emergency');
  await logins().suspend(account);
  expect((await servers[0]!.carnet.as('hospital').get('DocumentReference')).status).toBe(200);
  await logins().resume(account);
});

/** A Subscription to the mother's documents, which has begun. @returns its id */
async function subscribe(client: Client): Promise<string> {
  const asked = byCriteria(hook.url, 'DocumentReference?patient=demo-mother');
  const { status, text, json } = await client.post('Subscription', asked);
  if (status !== 201) throw new Error(text);
  await until(async () => (await statusOf(json.id)) === 'active');
  return json.id;
}

async function statusOf(id: string): Promise<string | undefined> {
  const db = mongo.db(servers[0]!.carnet.database.dbName);
  const found = await db.collection<{ _id: string; status: string }>('subscriptions').findOne({ _id: id });
  return found?.status;
}

let documents = 0;
/** Something to tell. @returns by what a delivery of it is known */
async function deposit(): Promise<string> {
  const id = `told-${(documents += 1)}`;
  await servers[0]!.carnet.as('all').put(`DocumentReference/${id}`, document(id, 'demo-mother'));
  return id;
}
const tellings = (id: string): number => hook.sent.filter(({ path }) => path.endsWith(id)).length;

/** One of two Subscriptions ends: the other tells who is waiting that this one had its turn too. */
async function endsAlone(ending: Client, end: () => Promise<unknown>): Promise<void> {
  const witness = servers[0]!.carnet.as('gp');
  const [ended, other] = [await subscribe(ending), await subscribe(witness)];
  const before = await deposit();
  await until(() => tellings(before) === 2);
  await end();
  const after = await deposit();
  await until(async () => tellings(after) > 0 && (await statusOf(ended)) === 'error');
  expect([tellings(after), await statusOf(other)]).toEqual([1, 'active']);
  await witness.delete(`Subscription/${other}`);
}

it('the Subscriptions of who is suspended end, and say so when they are back', async () => {
  const account = await accountOf('emergency');
  const emergency = servers[0]!.carnet.as('emergency');
  await endsAlone(emergency, () => logins().suspend(account));
  expect((await emergency.get('Subscription')).status).toBe(401);
  await logins().resume(account);
  const { json } = await emergency.get('Subscription?status=error');
  expect(json.entry[0].resource).toMatchObject({ error: expect.stringContaining('write it again') });
});

it('also where the person is back before there is anything to tell: what was given stays ended', async () => {
  const account = await accountOf('emergency');
  const persons = (await logins().find(account))!.persons;
  doctor = { id: 'demo emergency', persons };
  const scope = 'openid user/*.cruds';
  const { access_token: token } = await launch(servers[0]!, 'emergency', { scope });
  await endsAlone(servers[0]!.carnet.as({ token }), async () => {
    await logins().suspend(account);
    await logins().resume(account);
  });
});

it('those of software that is shut out end with it', async () => {
  const [one] = servers as [Oauth, Oauth];
  const key = await signer();
  await one.register(system('subscribing', key, { scope: 'system/*.cruds' }), {
    ...PUBLIC,
    id: 'app',
    device: 'Device/app',
  });
  const shown = await key.shows('subscribing', one.issuer);
  const form = { grant_type: 'client_credentials', scope: 'system/*.cruds', ...shown };
  const answer = await fetch(`${one.issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
  const { access_token: ofSystem } = (await answer.json()) as { access_token: string };
  await one.carnet.as('all').put('Consent/c-system', {
    ...says('demo-mother', permits('Organization/demo-hospital')),
    id: 'c-system',
  });
  await endsAlone(one.carnet.as({ token: ofSystem }), () => one.suspend('subscribing'));
  const asked = { client_id: 'app', scope: 'launch/patient patient/*.cruds' };
  const { access_token: ofApp } = await launch(one, 'patient', asked);
  await endsAlone(one.carnet.as({ token: ofApp }), () => one.suspend('app'));
});
