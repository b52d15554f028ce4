/** Logins as MongoDB holds them: what a stolen dump shows, what is found by what, and what happens at once. */
import { MongoClient } from 'mongodb';
import type { Person } from '../../src/auth/accounts.ts';
import { nationalRules } from '../../src/config/national-rules.ts';
import { connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { ensureLayout } from '../../src/store/layout.ts';
import { ShutPersons } from '../../src/store/records/shut.ts';
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

it('who was suspended before persons were marked is marked at the next start, once', async () => {
  const { uri, dbName } = at.carnet.database;
  const database = await connect(uri, dbName);
  try {
    const login = { ...LOGIN, sub: 'long ago' };
    const person = { ...working(), reference: 'Practitioner/long-ago', related: ['RelatedPerson/long-ago'] };
    const account = (await logins().keep(login, [person]))!;
    const open = (await logins().keep({ ...LOGIN, sub: 'open' }, [
      { ...working(), reference: 'Practitioner/open' },
    ]))!;
    const life = await logins().asserted(person.reference);
    await database.logins.updateMany({ account }, { $set: { suspended: true } });
    const ring = new KeyRing(database.records.keys, await keyFile(`${at.carnet.dataDir}/kek.json`));
    const shut = new ShutPersons(database, ring);
    const start = () => ensureLayout(database, ring, at.carnet.base, nationalRules(), () => {});
    await start();
    // it isn't looked at again in a database of now
    expect(await shut.areOpen([person.reference])).toBe(true);
    await database.records.layout.updateOne({ _id: 'store' }, { $unset: { areShut: 1 } });
    await start();
    expect(await shut.areOpen([person.reference])).toBe(false);
    expect(await shut.areOpen(['RelatedPerson/long-ago'])).toBe(false);
    expect([await logins().asserted(person.reference), await alive([life])]).toEqual([undefined, 0]);
    expect(await shut.areOpen(['Practitioner/open'])).toBe(true);
    expect(await lives(open)).toHaveLength(1);
    await logins().resume(account);
    expect(await shut.areOpen([person.reference, 'RelatedPerson/long-ago'])).toBe(true);
    await start();
    expect(await shut.areOpen([person.reference])).toBe(true);
  } finally {
    await database.close();
  }
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
