/** Logins as MongoDB holds them: what a stolen dump shows, what is found by what, and what happens at once. */
import { MongoClient } from 'mongodb';
import type { Person } from '../../src/auth/accounts.ts';
import { type Oauth, oauthServer } from '../oauth/support/oauth.ts';

let at: Oauth;
let mongo: MongoClient;
beforeAll(async () => {
  at = await oauthServer(import.meta.url);
  mongo = await MongoClient.connect(at.carnet.database.uri);
}, 120_000);
afterAll(async () => {
  await mongo?.close();
  await at?.carnet.close();
});

const LOGIN = { issuer: 'https://upstream.example', sub: 'f:realm:899700000013' };
const working = (...organizations: string[]): Person => ({
  role: 'professional',
  reference: 'Practitioner/x',
  related: [],
  organizations,
  profession: '10',
  purposes: ['TREAT'],
  regulator: false,
  name: 'Sophie Lambert',
});
const logins = () => at.carnet.server.entrance!.logins;
const lives = async (account: string): Promise<(string | undefined)[]> =>
  ((await logins().find(account))?.persons ?? []).map(({ life }) => life);
const alive = (ids: readonly (string | undefined)[]): Promise<number> =>
  mongo
    .db(at.carnet.database.dbName)
    .collection<{ _id: string }>('artifacts')
    .countDocuments({ _id: { $in: ids as string[] } });

it('of several who come first at once there is one account, and each role lives once', async () => {
  const kept = await Promise.all(Array.from({ length: 5 }, () => logins().keep(LOGIN, [working()])));
  expect(new Set(kept).size).toBe(1);
  const known = await lives(kept[0]!);
  expect([known.length, await alive(known)]).toEqual([1, 1]);
});

it('a role keeps its life as long as it is the same, and ends when it isn’t claimed', async () => {
  const login = { ...LOGIN, sub: 'changing' };
  const [here, there] = [working('Organization/here'), working('Organization/there')];
  const account = (await logins().keep(login, [here, there]))!;
  const before = await lives(account);
  await logins().keep(login, [{ ...there, name: 'Sophie Lambert-Roy' }]);
  expect(await lives(account)).toEqual([before[1]]);
  expect(await alive(before)).toBe(1);
  await logins().suspend(account);
  expect(await alive(before)).toBe(0);
});

it('a stolen database tells neither who logs in nor as whom, and no code', async () => {
  const code = await at.carnet.server.entrance!.codes.issue('somebody');
  const db = mongo.db(at.carnet.database.dbName);
  const kept = [];
  for (const name of ['logins', 'asserted', 'upstreamKeys', 'artifacts'])
    for await (const doc of db.collection(name).find()) kept.push(JSON.stringify(doc));
  const all = kept.join('\n');
  for (const told of [LOGIN.sub, LOGIN.issuer, 'Practitioner', 'Lambert', 'somebody', code, '"d":'])
    expect([told, all.includes(told)]).toEqual([told, false]);
});

it('an account is found by an index', async () => {
  const db = mongo.db(at.carnet.database.dbName);
  const plan = await db.collection('logins').find({ account: 'x' }, { hint: 'account' }).explain();
  expect(JSON.stringify(plan.queryPlanner)).toContain('"indexName":"account"');
  const chosen = await db.collection('logins').find({ account: 'x' }).explain();
  expect(JSON.stringify(chosen.queryPlanner)).not.toContain('COLLSCAN');
});
