/** Professionals come from Pro Santé Connect: https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth */
import { says, permits } from '../enforcement/support/space.ts';
import { document, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import { pscClaims } from './support/claims.ts';
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
  type Walk,
} from './support/elsewhere.ts';
import { authorizeParams, Browser, CALLBACK, pkce, tokenRequest } from './support/oauth.ts';

const SCOPE = 'openid fhirUser user/*.rs';
let at: Elsewhere;
beforeAll(async () => {
  at = await elsewhereServer(import.meta.url);
}, 120_000);
afterAll(() => at?.close());

const as = (tokens: { access_token: string }): Client => at.carnet.as({ token: tokens.access_token });
const fhirUser = ({ id_token: token }: { id_token: string }): string =>
  JSON.parse(Buffer.from(token.split('.')[1]!, 'base64url').toString()).fhirUser;

async function comes(
  claims: Record<string, unknown>,
  sub = 'f:realm:899700000013',
  scope = SCOPE,
): Promise<Walk> {
  at.psc.comes = { sub, acr: 'eidas2', claims };
  return go(await arrive(at, { scope }), 'psc');
}

it('there is a way in for professionals and one for patients, and no form without the demo', async () => {
  const { seen, browser } = await arrive(at, { scope: SCOPE });
  expect(seen.status).toBe(200);
  expect(seen.text).toContain('Se connecter avec Pro Santé Connect');
  expect(seen.text).toContain('Se connecter avec FranceConnect+');
  expect(seen.text).not.toContain('type="password"');
  const action = /action="([^"]*)\/leave"/.exec(seen.text)![1]!;
  const tried = await browser.post(`${action}/login`, { user: 'gp', password: 'for tests only' });
  expect([tried.status, tried.url.endsWith('/login')]).toEqual([200, true]);
});

it('a doctor who logs in is entered in the directory, and reads as themselves', async () => {
  const walk = await comes(pscClaims());
  expect(walk.seen.text).toContain('Sophie Lambert');
  const tokens = await allow(at, walk);
  const name = fhirUser(tokens).slice(at.carnet.base.length + 1);
  const doctor = as(tokens);
  const { json: practitioner } = await doctor.get(name);
  expect(practitioner).toMatchObject({
    active: true,
    name: [{ use: 'official', family: 'Lambert', given: ['Sophie'] }],
    qualification: [{ code: { coding: [{ system: 'urn:oid:1.2.250.1.71.1.2.7', code: '10' }] } }],
  });
  expect(practitioner.identifier).toMatchObject([
    { system: 'https://rpps.esante.gouv.fr', value: '99700000013' },
    { system: 'urn:oid:1.2.250.1.71.4.2.1', value: '899700000013' },
  ]);
  const { json: roles } = await doctor.get(`PractitionerRole?practitioner=${name}&_include=*`);
  expect(roles.total).toBe(1);
  const found = (roles.entry as { resource: { resourceType: string } }[]).map(({ resource }) => resource);
  const organization = found.find(({ resourceType }) => resourceType === 'Organization');
  expect(organization).toMatchObject({
    name: 'Maison de santé des Peupliers',
    identifier: [{ system: 'urn:oid:1.2.250.1.71.4.2.2', value: '1990000069' }],
    type: [{ coding: [{ code: 'SA07' }] }],
  });
  const all = at.carnet.as('all');
  await all.put('Patient/p', person('p', 'Martin', '290010112345678'));
  await all.put('DocumentReference/d', document('d', 'p'));
  expect((await doctor.get('DocumentReference/d')).status).toBe(404);
  await all.put('Consent/c', { ...says('p', permits(name)), id: 'c' });
  expect((await doctor.get('DocumentReference/d')).status).toBe(200);
});

it('the provider sees our secret, a proof of the code, and nothing else of who asks', () => {
  const { authorization, form } = at.psc.seen[0]!;
  expect(authorization).toMatch(/^Basic /);
  expect(Object.keys(form).sort()).toEqual(['code', 'code_verifier', 'grant_type', 'redirect_uri']);
});

it('claims that changed are what the directory has; what nobody claims any more ends with its tokens', async () => {
  const claims = { number: '899700000021', given: 'Marc', family: 'Vidal', profession: '40' };
  const sub = 'f:realm:899700000021';
  const [here, there] = [
    { finess: '990000077', name: 'Cabinet des Halles' },
    { technical: 'R102671', name: 'Cabinet du Canal' },
  ];
  const first = await comes(
    pscClaims({ ...claims, activities: [here, there] }),
    sub,
    `${SCOPE} offline_access`,
  );
  const roles = rolesIn(first.seen);
  expect(roles.map(({ text }) => text)).toEqual([
    'Marc Vidal, professionnel de santé, Cabinet des Halles',
    'Marc Vidal, professionnel de santé, Cabinet du Canal',
  ]);
  const tokens = await allow(at, first, roles[1]!.key);
  const name = fhirUser(tokens).slice(at.carnet.base.length + 1);
  const search = `PractitionerRole?practitioner=${name}&active=true`;
  expect((await as(tokens).get(search)).json.total).toBe(2);
  const second = await comes(pscClaims({ ...claims, family: 'Vidal-Roy', activities: [here] }), sub);
  expect((await as(tokens).get(search)).status).toBe(401);
  const refresh = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token, client_id: 'public' };
  expect((await tokenRequest(at, refresh)).status).toBe(400);
  const later = as(await allow(at, second));
  expect((await later.get(search)).json.total).toBe(1);
  expect((await later.get(name)).json.name[0].family).toBe('Vidal-Roy');
  expect((await later.get(`${name}/_history`)).json.total).toBe(2);
});

it('what a register keeps of a doctor stays as it is; whom it says is not active comes not in', async () => {
  const all = at.carnet.as('all');
  const kept = (id: string, number: string, active: boolean) => ({
    resourceType: 'Practitioner',
    id,
    active,
    identifier: [{ system: 'https://rpps.esante.gouv.fr', value: number }],
    name: [{ family: 'Registered' }],
  });
  await all.put('Practitioner/known', kept('known', '99700000101', true));
  await all.put('Practitioner/struck', kept('struck', '99700000102', false));
  const tokens = await allow(at, await comes(pscClaims({ number: '899700000101' }), 'known'));
  expect(fhirUser(tokens)).toBe(`${at.carnet.base}/Practitioner/known`);
  expect((await as(tokens).get('Practitioner/known')).json.name).toEqual([{ family: 'Registered' }]);
  const struck = await comes(pscClaims({ number: '899700000102' }), 'struck');
  expect([struck.seen.status, struck.seen.url.endsWith('/failed')]).toEqual([401, true]);
});

it('only the provider’s own claim makes a regulator: a role beside the others, for this session', async () => {
  const claims = { number: '899700000047', given: 'Paul', family: 'Kerjean' };
  const sub = 'f:realm:899700000047';
  const plain = await allow(at, await comes(pscClaims(claims), sub));
  const walk = await comes(pscClaims({ ...claims, regulator: true }), sub, `${SCOPE} offline_access`);
  const roles = rolesIn(walk.seen);
  expect(roles.map(({ text }) => text.split(', ')[1])).toEqual([
    'professionnel de santé',
    'régulation médicale',
  ]);
  const tokens = await allow(at, walk, roles[1]!.key);
  expect(tokens).not.toHaveProperty('refresh_token');
  const all = at.carnet.as('all');
  await all.put('Patient/r', person('r', 'Durand', '290010112345600'));
  await all.put('DocumentReference/r', document('r', 'r'));
  expect((await as(tokens).get('DocumentReference/r')).status).toBe(200);
  expect((await as(plain).get('DocumentReference/r')).status).toBe(404);
  const next = await comes(pscClaims(claims), sub);
  expect(rolesIn(next.seen)).toEqual([]);
  expect((await as(tokens).get('DocumentReference/r')).status).toBe(401);
});

it.each([
  ['a number that is no RPPS', pscClaims({ number: '099700000013' })],
  ['no profession', pscClaims({ profession: '' })],
  ['no claims', {}],
])('nobody comes in with %s', async (_, claims) => {
  const { seen } = await comes(claims, `sub of ${_}`);
  expect([seen.status, seen.url.endsWith('/failed')]).toEqual([401, true]);
  expect(seen.text).toContain('La connexion n’a pas abouti');
});

it('a suspended login ends at once, and comes not in again until it is resumed', async () => {
  const sub = 'f:realm:899700000054';
  const claims = pscClaims({ number: '899700000054' });
  const tokens = await allow(at, await comes(claims, sub));
  const { logins } = at.carnet.server.entrance!;
  const { account } = (await logins.known({ issuer: at.psc.issuer, sub }))!;
  expect((await as(tokens).get('metadata')).status).toBe(200);
  expect((await as(tokens).get('Practitioner')).status).toBe(200);
  const still = await comes(claims, sub);
  expect(await logins.suspend(account)).toBe(true);
  // where somebody is logged in still, and may not be any more, the ways in are shown
  const params = new URLSearchParams(authorizeParams(at, pkce().challenge, { scope: SCOPE }));
  const shown = await still.browser.get(`${at.issuer}/authorize?${params.toString()}`);
  expect([shown.status, shown.text.includes('/with?upstream=psc')]).toEqual([200, true]);
  expect((await as(tokens).get('Practitioner')).status).toBe(401);
  expect((await comes(claims, sub)).seen.status).toBe(401);
  expect(await logins.resume(account)).toBe(true);
  expect((await as(tokens).get('Practitioner')).status).toBe(401);
  expect((await as(await allow(at, await comes(claims, sub))).get('Practitioner')).status).toBe(200);
});

it('who logs out is led to log out at the provider too, and comes back to the application', async () => {
  const walk = await comes(pscClaims());
  const { browser } = walk;
  const tokens = await allow(at, walk);
  expect((await as(tokens).get('Practitioner')).status).toBe(200);
  const page = await logOut(at, browser);
  expect((await as(tokens).get('Practitioner')).status).toBe(401);
  expect(page.text).toContain('Pro Santé Connect');
  const to = onwardIn(page)!;
  expect(to.origin).toBe(at.psc.issuer);
  const { id_token_hint: hint, state, post_logout_redirect_uri: back } = Object.fromEntries(to.searchParams);
  expect(back).toBe(`${at.issuer}/left/psc`);
  expect(JSON.parse(Buffer.from(hint!.split('.')[1]!, 'base64url').toString())).toMatchObject({
    iss: at.psc.issuer,
    aud: 'carnet-at-psc',
  });
  // whoever isn't the browser that was sent, or comes otherwise than it was sent, goes nowhere
  const returns = (id: string, value: string) => `${at.issuer}/left/${id}?state=${value}`;
  expect((await new Browser(at.issuer).get(returns('psc', state!))).status).toBe(400);
  expect((await browser.get(returns('fc', state!))).status).toBe(400);
  expect((await browser.get(returns('psc', 'made-up'))).status).toBe(400);
  expect((await browser.get(`${at.issuer}/left/psc`)).status).toBe(400);
  expect((await leave(to, browser)).url).toBe(`${CALLBACK}?state=logged+out`);
  expect((await browser.get(returns('psc', state!))).status).toBe(400);
});

it('the provider’s token is kept as long as the session: logged out before, or here by another, nobody is led there', async () => {
  const walk = await comes(pscClaims());
  await allow(at, walk);
  const ours = walk.browser;
  expect(onwardIn(await logOut(at, ours))).toBeDefined();
  expect((await logOut(at, ours)).url).toBe(`${CALLBACK}?state=logged+out`);
});
