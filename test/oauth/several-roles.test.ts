/** A doctor who is also a mother: one login holds both, she chooses, and the token carries one. */
import { says, permits } from '../enforcement/support/space.ts';
import { document, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import { CALLBACK } from './support/oauth.ts';
import { fcClaims, pscClaims } from './support/claims.ts';
import {
  allow,
  arrive,
  type Elsewhere,
  elsewhereServer,
  go,
  leave,
  logOut,
  onwardIn,
  rolesIn,
  typeCode,
  type Walk,
  wayIn,
} from './support/elsewhere.ts';

const SCOPE = 'openid fhirUser patient/*.rs user/*.rs';
const MOTHER = fcClaims({
  family_name: 'ROUSSELOT',
  preferred_username: 'LAMBERT',
  given_name: 'Sophie Anne',
});
const DOCTOR = pscClaims({ family: 'Lambert', given: 'Sophie' });
let at: Elsewhere;
beforeAll(async () => {
  at = await elsewhereServer(import.meta.url);
  const all = at.carnet.as('all');
  for (const [id, family, given] of [
    ['mother', 'Rousselot', 'Sophie'],
    ['husband', 'Delaunay', 'Julien'],
  ] as const) {
    await all.put(`Patient/${id}`, {
      ...person(id, family, ''),
      identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.11', value: '288093818510021' }],
      name: [{ use: 'official', family, given: [given] }],
      birthDate: '1988-09-17',
      gender: id === 'mother' ? 'female' : 'male',
    });
    await all.put(`DocumentReference/${id}`, document(id, id));
  }
}, 120_000);
afterAll(() => at?.close());

const as = (tokens: { access_token: string }): Client => at.carnet.as({ token: tokens.access_token });

async function doctor(acr = 'eidas2', sub = 'doctor', claims = DOCTOR): Promise<Walk> {
  at.psc.comes = { sub, acr, claims };
  return go(await arrive(at, { scope: SCOPE }), 'psc');
}

async function patient(sub = 'mother', claims = MOTHER): Promise<Walk> {
  at.fc.comes = { sub, acr: 'eidas2', claims };
  return go(await arrive(at, { scope: SCOPE }), 'fc');
}

/** Of who is logged in. */
async function add(walk: Walk, claims: Record<string, unknown>, sub: string): Promise<Walk> {
  at.fc.comes = { sub, acr: 'eidas2', claims };
  return { ...walk, seen: await walk.browser.get(wayIn(walk.seen, 'fc')) };
}

it('a professional adds their space once, by its code, and chooses each time as whom they come', async () => {
  const { codes } = at.carnet.server.entrance!;
  const begun = await doctor();
  expect(rolesIn(begun.seen)).toEqual([]);
  expect(begun.seen.text).toContain('Ajouter FranceConnect+');
  const asked = await add(begun, MOTHER, 'mother');
  const joined = await typeCode(asked, await codes.issue('mother'));
  const roles = rolesIn(joined.seen);
  expect(roles.map(({ text }) => text)).toEqual([
    'Sophie Lambert, professionnel de santé, Maison de santé des Peupliers',
    'Sophie Rousselot, patient',
  ]);
  expect(joined.seen.text).not.toContain('Ajouter FranceConnect+');
  const mine = await allow(at, joined, roles[1]!.key);
  expect(mine.patient).toBe('mother');
  expect((await as(mine).get('DocumentReference/mother')).status).toBe(200);
  const again = await doctor();
  const theirs = await allow(at, again, rolesIn(again.seen)[0]!.key);
  expect((await as(theirs).get('DocumentReference/mother')).status).toBe(404);
  // each reads what is theirs to read, and nothing of the other
  await at.carnet
    .as('all')
    .put('Consent/husband', { ...says('husband', permits(await practitioner())), id: 'husband' });
  expect((await as(theirs).get('DocumentReference/husband')).status).toBe(200);
  expect((await as(mine).get('DocumentReference/husband')).status).toBe(404);
  // the session came from two providers, and the browser leaves both, one after the other
  const first = onwardIn(await logOut(at, joined.browser))!;
  expect(first.origin).toBe(at.psc.issuer);
  const second = onwardIn(await leave(first, joined.browser))!;
  expect(second.origin).toBe(at.fc.issuer);
  expect((await leave(second, joined.browser)).url).toBe(`${CALLBACK}?state=logged+out`);
  expect((await as(mine).get('DocumentReference/mother')).status).toBe(401);
});

async function practitioner(): Promise<string> {
  const { logins } = at.carnet.server.entrance!;
  return (await logins.known({ issuer: at.psc.issuer, sub: 'doctor' }))!.persons[0]!.reference;
}

it('a login as a patient opens no professional’s role, and a low level no space', async () => {
  const asPatient = await patient();
  expect(rolesIn(asPatient.seen)).toEqual([]);
  expect(asPatient.seen.text).toContain('Sophie Rousselot');
  expect((await allow(at, asPatient)).patient).toBe('mother');
  const low = await doctor('eidas1');
  expect(rolesIn(low.seen)).toEqual([]);
  expect(low.seen.text).toContain('Sophie Lambert');
});

it('nobody adds the space of somebody else to their own login', async () => {
  const { codes } = at.carnet.server.entrance!;
  const claims = pscClaims({ number: '899700000201', family: 'Petit', given: 'Anne' });
  const husband = fcClaims({ family_name: 'DELAUNAY', given_name: 'Julien', gender: 'male' });
  const code = await codes.issue('husband');
  const begun = await doctor('eidas2', 'another doctor', claims);
  const refused = await add(begun, husband, 'husband');
  expect(refused.seen.text).not.toContain('/activate"');
  expect(rolesIn(refused.seen)).toEqual([]);
  // also when he has a login of his own
  await typeCode(await patient('husband', husband), code);
  const tried = await add(await doctor('eidas2', 'another doctor', claims), husband, 'husband');
  expect(rolesIn(tried.seen)).toEqual([]);
  const { account } = (await at.carnet.server.entrance!.logins.known({
    issuer: at.fc.issuer,
    sub: 'husband',
  }))!;
  expect(await at.carnet.server.entrance!.logins.find(account)).toMatchObject({
    persons: [{ reference: 'Patient/husband' }],
  });
  // and who has a space already adds no other
  const full = await doctor();
  await expect(add(full, MOTHER, 'mother')).rejects.toThrow('no way fc');
  const action = /action="([^"]*)\/authorize"/.exec(full.seen.text)![1]!;
  const forced = await full.browser.get(`${action}/with?upstream=fc`);
  expect(forced.url.endsWith('/failed')).toBe(true);
});

it('suspended, the login ends as whomever it came', async () => {
  const walk = await doctor();
  const tokens = await allow(at, walk, rolesIn(walk.seen)[1]!.key);
  const { logins } = at.carnet.server.entrance!;
  const { account } = (await logins.known({ issuer: at.psc.issuer, sub: 'doctor' }))!;
  await logins.suspend(account);
  expect((await as(tokens).get('DocumentReference/mother')).status).toBe(401);
  expect((await doctor()).seen.status).toBe(401);
  expect((await patient()).seen.text).toContain('/activate"');
});
