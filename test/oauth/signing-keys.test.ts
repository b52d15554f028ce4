/** The keys that ID tokens are signed with: which of them, for whom, and how they are rotated. */
import { join } from 'node:path';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify } from 'jose';
import { connect, type Database } from '../../src/store/database.ts';
import { IssuerKeys } from '../../src/store/keys/issuer-keys.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { person } from '../leaks/support/content.ts';
import { launch, type Oauth, oauthServer, PUBLIC } from './support/oauth.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let oauth: Oauth;
let database: Database;
let keys: IssuerKeys;

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const { carnet } = oauth;
  await carnet.as('all').put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await oauth.register({ ...PUBLIC, id: 'elliptic', idTokenAlgorithm: 'ES256' });
  database = await connect(carnet.database.uri, carnet.database.dbName);
  keys = new IssuerKeys(
    database,
    new KeyRing(database.records.keys, await keyFile(join(carnet.dataDir, 'kek.json'))),
  );
}, 120_000);
afterAll(async () => {
  await database?.close();
  await oauth?.carnet.close();
});

const idToken = async (client_id: string, at = oauth): Promise<string> =>
  (await launch(at, 'gp', { client_id, scope: 'openid fhirUser user/*.rs' })).id_token;

/** Of each algorithm the first. */
const signing = async (now: number): Promise<unknown[]> => {
  const all = (await keys.all(now)) as { kid: string; alg: string }[];
  return ['RS256', 'ES256'].map((each) => all.find(({ alg }) => alg === each)?.kid);
};

it.each([
  ['public', 'RS256'],
  ['elliptic', 'ES256'],
])('of %s they are %s, and good by the published keys', async (client, alg) => {
  const token = await idToken(client);
  expect(decodeProtectedHeader(token).alg).toBe(alg);
  const published = createRemoteJWKSet(new URL(`${oauth.issuer}/jwks`));
  const { payload } = await jwtVerify(token, published, { issuer: oauth.issuer, audience: client });
  expect(payload.fhirUser).toBe(`${oauth.carnet.base}/Practitioner/demo-gp`);
});

it('new ones are published at once and sign a quarter of an hour later, also where the first are younger', async () => {
  const now = Date.now();
  const first = await signing(now);
  await keys.rotate(now);
  expect(await keys.all(now)).toHaveLength(4);
  expect(await signing(now)).toEqual(first);
  expect(await signing(now + 14 * MINUTE)).toEqual(first);
  const next = await signing(now + 16 * MINUTE);
  expect(next.filter((each) => first.includes(each))).toEqual([]);
  const later = await oauthServer(import.meta.url, { like: oauth.carnet });
  try {
    const response = await fetch(`${later.issuer}/jwks`);
    const { keys: published } = (await response.json()) as { keys: Record<string, unknown>[] };
    expect(published.map(({ kid }) => kid).toSorted()).toEqual([...first, ...next].toSorted());
    expect(published.filter(({ d }) => d !== undefined)).toEqual([]);
    expect(decodeProtectedHeader(await idToken('public', later)).kid).toBe(first[0]);
  } finally {
    await later.carnet.close();
  }
});

it('those of before are published for another day after the next ones sign', async () => {
  const now = Date.now() + 16 * MINUTE;
  const before = await keys.all(now);
  await keys.rotate(now + 23 * HOUR);
  expect(await keys.all(now)).toEqual(expect.arrayContaining(before));
  await keys.rotate(now + 25 * HOUR);
  const left = (await keys.all(now)) as { kid: string }[];
  expect(left.filter(({ kid }) => kid.endsWith('-1'))).toEqual([]);
});
