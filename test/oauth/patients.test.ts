/** Patients come from FranceConnect+: five traits, once a code, then issuer and `sub`. */
import { join } from 'node:path';
import { decodeProtectedHeader } from 'jose';
import { SPACE_STATUS } from '../../src/consent/vocabulary.ts';
import { connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { UpstreamKeys } from '../../src/store/keys/upstream-keys.ts';
import { document, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import { fcClaims } from './support/claims.ts';
import {
  allow,
  arrive,
  type Elsewhere,
  elsewhereServer,
  go,
  leave,
  logOut,
  onwardIn,
  typeCode,
  type Walk,
} from './support/elsewhere.ts';
import { CALLBACK, type Seen } from './support/oauth.ts';

const DEMO_INS = 'urn:oid:1.2.250.1.213.1.4.11';
let at: Elsewhere;
beforeAll(async () => {
  at = await elsewhereServer(import.meta.url);
}, 120_000);
afterAll(() => at?.close());

const as = (tokens: { access_token: string }): Client => at.carnet.as({ token: tokens.access_token });
const codes = () => at.carnet.server.entrance!.codes;
const plain = ({ status, text }: Seen) => [status, text.replaceAll(/interaction\/[\w-]+/g, 'interaction')];

let count = 100;
/** A space, of somebody born in Grenoble on 17 September 1988. */
async function space(
  id: string,
  changes: object = {},
): Promise<{ family: string; claims: Record<string, unknown> }> {
  count += 1;
  const family = `Durand-${id}`;
  const resource = {
    ...person(id, family, ''),
    identifier: [{ system: DEMO_INS, value: `28809381850${count}21`.slice(0, 15) }],
    name: [{ use: 'official', family, given: ['Claire', 'Anne'] }],
    birthDate: '1988-09-17',
    gender: 'female',
    ...changes,
  };
  const { status, text } = await at.carnet.as('all').put(`Patient/${id}`, resource);
  if (status >= 300) throw new Error(text);
  await at.carnet.as('all').put(`DocumentReference/${id}`, document(id, id));
  return { family, claims: fcClaims({ family_name: family.toUpperCase() }) };
}

async function comes(sub: string, claims: Record<string, unknown>): Promise<Walk> {
  at.fc.comes = { sub, acr: 'eidas2', claims };
  return go(await arrive(at), 'fc');
}

const isActivate = ({ text }: Seen): boolean => text.includes('/activate"');

it('the first time the code of the space is asked for, and once it was right never again', async () => {
  const { claims } = await space('first');
  const code = await codes().issue('first');
  expect(code).toMatch(/^[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}$/);
  const walk = await comes('sub-first', claims);
  expect(walk.seen.status).toBe(200);
  expect(walk.seen.text).toContain('Code d’activation');
  expect(walk.seen.url).not.toContain('code=');
  const wrong = await typeCode(walk, 'AAAA-AAAA-AAAA');
  expect(wrong.seen.status).toBe(401);
  const right = await typeCode(wrong, ` ${code.toLowerCase().replaceAll('-', ' ')} `);
  const tokens = await allow(at, right);
  expect(tokens.patient).toBe('first');
  expect((await as(tokens).get('DocumentReference/first')).status).toBe(200);
  const again = await comes('sub-first', fcClaims({ family_name: 'Married since', birthplace: '75056' }));
  expect(isActivate(again.seen)).toBe(false);
  expect((await allow(at, again)).patient).toBe('first');
  const other = await comes('sub-another', claims);
  expect(plain((await typeCode(other, code)).seen)[0]).toBe(401);
});

it('logins are traced for the patient: the link, and by what', async () => {
  const history = await at.carnet.as('all').get('AuditEvent?patient=first&_count=100');
  const events = (history.json.entry as { resource: { subtype?: { code: string }[] } }[]).map(
    ({ resource }) => resource,
  );
  const codesOf = events.map(({ subtype }) => subtype?.at(-1)?.code);
  expect(codesOf.filter((each) => each === 'account-created')).toHaveLength(1);
  expect(codesOf.filter((each) => each === 'login')).toHaveLength(2);
  const login = JSON.stringify(events.find(({ subtype }) => subtype?.at(-1)?.code === 'login'));
  expect(login).toContain('eidas2');
  for (const told of ['sub-first', 'nobody@example.org']) expect(login).not.toContain(told);
});

it('nobody, several, a wrong place of birth, a closed or opposed space, a wrong code: one answer', async () => {
  const right = await space('right');
  const code = await codes().issue('right');
  const twin = await space('twin-a', { name: [{ use: 'official', family: 'Twin', given: ['Claire'] }] });
  await space('twin-b', { name: [{ use: 'official', family: 'Twin', given: ['Claire'] }] });
  const state = (valueCode: string) => ({ extension: [{ url: SPACE_STATUS, valueCode }] });
  const closed = await space('closed', state('closed'));
  const opposed = await space('opposed', state('opposed'));
  const inactive = await space('inactive', { active: false });
  const nowhere = await space('nowhere', { identifier: [{ system: 'urn:example:hospital', value: '1' }] });
  const answers = [];
  const tries: [string, Record<string, unknown>, string][] = [
    ['wrong code', right.claims, 'BBBB-BBBB-BBBB'],
    ['no code', right.claims, ''],
    ['nobody', fcClaims({ family_name: 'Nobody' }), code],
    ['several', { ...twin.claims, family_name: 'Twin' }, await codes().issue('twin-a')],
    ['closed', closed.claims, await codes().issue('closed')],
    ['opposed', opposed.claims, await codes().issue('opposed')],
    ['inactive', inactive.claims, await codes().issue('inactive')],
    ['another place', { ...right.claims, birthplace: '75056' }, code],
    ['born abroad', { ...right.claims, birthplace: '', birthcountry: '99132' }, code],
    ['no place is known', nowhere.claims, await codes().issue('nowhere')],
    ['another first name', { ...right.claims, given_name: 'Anne Claire' }, code],
    ['another day', { ...right.claims, birthdate: '1988-09-18' }, code],
    ['traits are missing', { ...right.claims, gender: undefined }, code],
    ['another’s code', right.claims, await codes().issue('first')],
  ];
  for (const [why, claims, typed] of tries) {
    const walk = await comes(`sub ${why}`, claims);
    const { seen } = await typeCode(walk, typed);
    answers.push([why, plain(walk.seen), plain(seen)]);
  }
  const [, asked, answered] = answers[0]!;
  expect(answers).toEqual(tries.map(([why]) => [why, asked, answered]));
  expect(answered![0]).toBe(401);
  // and none of them used the code up
  const walk = await comes('sub right', right.claims);
  expect((await allow(at, await typeCode(walk, code))).patient).toBe('right');
});

it('the list of applications is that of who logged in elsewhere too', async () => {
  const { claims } = await space('listed');
  const walk = await typeCode(await comes('sub-listed', claims), await codes().issue('listed'));
  await allow(at, walk);
  const seen = await walk.browser.get(`${at.issuer}/apps`);
  expect([seen.status, seen.url]).toEqual([200, `${at.issuer}/apps`]);
  expect(seen.text).toContain('Rythme');
});

it('a linked login whose space has closed is answered as one that never was', async () => {
  const { claims, family } = await space('closing');
  const linked = await typeCode(await comes('sub-closing', claims), await codes().issue('closing'));
  const tokens = await allow(at, linked);
  await space('closing', {
    name: [{ use: 'official', family, given: ['Claire'] }],
    extension: [{ url: SPACE_STATUS, valueCode: 'closed' }],
  });
  const [here, stranger] = [await comes('sub-closing', claims), await comes('sub-stranger', fcClaims())];
  expect(plain(here.seen)).toEqual(plain(stranger.seen));
  expect((await as(tokens).get('DocumentReference/closing')).status).toBe(404);
});

it('a suspended link is answered as one that never was, also with a new code', async () => {
  const { claims } = await space('suspended');
  const linked = await typeCode(await comes('sub-suspended', claims), await codes().issue('suspended'));
  const tokens = await allow(at, linked);
  const { logins } = at.carnet.server.entrance!;
  const { account } = (await logins.known({ issuer: at.fc.issuer, sub: 'sub-suspended' }))!;
  await logins.suspend(account);
  expect((await as(tokens).get('DocumentReference/suspended')).status).toBe(401);
  const code = await codes().issue('suspended');
  const walk = await comes('sub-suspended', claims);
  expect((await typeCode(walk, code)).seen.status).toBe(401);
});

it('a code is good once, for six weeks, until the next one', async () => {
  await space('codes');
  const [old, code] = [await codes().issue('codes'), await codes().issue('codes')];
  expect(await codes().use('codes', old)).toBe(false);
  expect(await codes().use('first', code)).toBe(false);
  const both = await Promise.all([codes().use('codes', code), codes().use('codes', code)]);
  expect(both.filter(Boolean)).toHaveLength(1);
});

it('who guesses codes waits longer each time, whichever space it would be', async () => {
  const { claims } = await space('guessed');
  const code = await codes().issue('guessed');
  let walk = await comes('sub-guessing', claims);
  const statuses: number[] = [];
  for (let index = 0; index < 6 && statuses.at(-1) !== 429; index += 1) {
    walk = await typeCode(walk, 'CCCC-CCCC-CCCC');
    statuses.push(walk.seen.status);
  }
  expect(statuses.at(-1)).toBe(429);
  expect((await typeCode(walk, code)).seen.status).toBe(429);
  const nobody = await comes('sub-guessing', fcClaims({ family_name: 'Nobody' }));
  expect((await typeCode(nobody, code)).seen.status).toBe(429);
});

it('who is known by their number among the family of others calls as that too', async () => {
  const { claims } = await space('parent');
  const all = at.carnet.as('all');
  const { json: parent } = await all.get('Patient/parent');
  await space('their-child');
  const relation = (id: string, value: string) =>
    all.put(`RelatedPerson/${id}`, {
      resourceType: 'RelatedPerson',
      id,
      patient: { reference: 'Patient/their-child' },
      identifier: [{ system: DEMO_INS, value }],
    });
  await relation('mother', parent.identifier[0].value);
  await relation('somebody-else', '288093818599921');
  await typeCode(await comes('sub-parent', claims), await codes().issue('parent'));
  const known = await at.carnet.server.entrance!.logins.known({ issuer: at.fc.issuer, sub: 'sub-parent' });
  expect(known?.persons).toMatchObject([
    { role: 'patient', reference: 'Patient/parent', related: ['RelatedPerson/mother'], purposes: ['PATRQT'] },
  ]);
});

it('another way may be chosen before the code', async () => {
  const walk = await comes('sub-other-way', fcClaims());
  const other = /href="([^"]*\/other)"/.exec(walk.seen.text)![1]!;
  const seen = await walk.browser.get(other);
  expect(seen.text).toContain('/with?upstream=psc');
});

it('our keys towards a provider rotate while people log in, whichever of them it knows', async () => {
  const { claims } = await space('rotated');
  const { uri, dbName } = at.carnet.database;
  const database = await connect(uri, dbName);
  const published = async (use: string): Promise<string[]> => {
    const { keys } = (await (await fetch(`${at.issuer}/upstream-jwks`)).json()) as {
      keys: Record<string, string>[];
    };
    return keys.filter((each) => each.use === use).map(({ kid }) => kid!);
  };
  const isRead = async (): Promise<boolean> => isActivate((await comes('sub-rotated', claims)).seen);
  const signedBy = () => decodeProtectedHeader(at.fc.seen.at(-1)!.form.client_assertion as string).kid;
  try {
    const ring = new KeyRing(database.records.keys, await keyFile(join(at.carnet.dataDir, 'kek.json')));
    const keys = new UpstreamKeys(database, ring);
    const rotate = async (now: number): Promise<void> => {
      await keys.rotate(now);
      await at.carnet.server.entrance!.readKeys();
    };
    const [[signs], [reads]] = [await published('sig'), await published('enc')];
    await rotate(Date.now());
    expect(await published('sig')).toEqual([expect.any(String), signs]);
    expect(await published('enc')).toEqual([expect.not.stringMatching(`^${reads}$`)]);
    // it has what was published before, then what is now; we sign with what is known for sure
    expect([await isRead(), signedBy()]).toEqual([true, signs]);
    await at.openFc();
    expect([await isRead(), signedBy()]).toEqual([true, signs]);
    await rotate(Date.now() - 16 * 60_000);
    await at.openFc();
    expect([await isRead(), signedBy()]).toEqual([true, expect.not.stringMatching(`^${signs}$`)]);
    await rotate(Date.now() + 8 * 86_400_000);
    const kept = await database.upstreamKeys.find({ alg: 'ES256' }).toArray();
    expect(kept.map(({ _id }) => _id)).not.toContain(signs);
    expect(kept).toHaveLength(2);
  } finally {
    await database.close();
  }
});

it('who logs out is led to FranceConnect+ with the token that it signed, without our wrapping, and comes back', async () => {
  const { claims } = await space('leaving');
  const walk = await typeCode(await comes('sub-leaving', claims), await codes().issue('leaving'));
  await allow(at, walk);
  const to = onwardIn(await logOut(at, walk.browser))!;
  expect(decodeProtectedHeader(to.searchParams.get('id_token_hint')!).alg).toBe('ES256');
  expect(to.searchParams.get('state')).toMatch(/^[\w-]{43}$/);
  expect((await leave(to, walk.browser)).url).toBe(`${CALLBACK}?state=logged+out`);
});
