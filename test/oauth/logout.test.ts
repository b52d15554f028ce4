/** Logging out ends every session of the login, in every browser, and every token but those of `offline_access`. */
import { person } from '../leaks/support/content.ts';
import {
  actionIn,
  authorizeParams,
  Browser,
  launch,
  type Oauth,
  oauthServer,
  PASSWORD,
  pkce,
  type Seen,
  tokenRequest,
  type Tokens,
} from './support/oauth.ts';

let servers: Oauth[];
beforeAll(async () => {
  const one = await oauthServer(import.meta.url);
  servers = [one, await oauthServer(import.meta.url, { like: one.carnet })];
  await one.carnet.as('all').put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
}, 120_000);
afterAll(async () => {
  for (const { carnet } of (servers ?? []).toReversed()) await carnet.close();
});

const at = (): Oauth => servers[0]!;
const ONLINE = 'launch/patient patient/*.rs online_access';
const OFFLINE = 'launch/patient patient/*.rs offline_access';

/** Of what the token reads, in both processes. */
const statuses = ({ access_token: token }: Tokens): Promise<number[]> =>
  Promise.all(
    servers.map(async ({ carnet }) => (await carnet.as({ token }).get('Patient/demo-mother')).status),
  );

const refreshed = async ({ refresh_token }: Tokens): Promise<number> =>
  (await tokenRequest(at(), { grant_type: 'refresh_token', refresh_token, client_id: 'public' })).status;

async function logOut(browser: Browser): Promise<Seen> {
  const asked = await browser.get(`${at().issuer}/logout`);
  expect(asked.text).toContain('sur tous vos appareils');
  return browser.post(`${at().issuer}/logout/confirm`, { xsrf: xsrfIn(asked), logout: 'yes' });
}
const xsrfIn = ({ text }: Seen): string => /name="xsrf" value="([^"]+)"/.exec(text)![1]!;

function ask(browser: Browser, more: Record<string, string> = {}): Promise<Seen> {
  const query = new URLSearchParams(authorizeParams(at(), pkce().challenge, more));
  return browser.get(`${at().issuer}/authorize?${query.toString()}`);
}
const isIn = async (browser: Browser): Promise<boolean> => (await ask(browser)).text.includes('/authorize"');

it('in each browser the session ends, and what hangs on it', async () => {
  const [here, there, others] = Array.from({ length: 3 }, () => new Browser(at().issuer)) as [
    Browser,
    Browser,
    Browser,
  ];
  const [mine, elsewhere] = [
    await launch(at(), 'patient', { scope: ONLINE }, here),
    await launch(at(), 'patient', { scope: ONLINE }, there),
  ];
  const theirs = await launch(at(), 'grandmother', { scope: ONLINE }, others);
  expect([await isIn(here), await isIn(there)]).toEqual([true, true]);
  for (const each of [mine, elsewhere]) expect(await statuses(each)).toEqual([200, 200]);
  await logOut(here);
  for (const each of [mine, elsewhere]) {
    expect(await statuses(each)).toEqual([401, 401]);
    expect(await refreshed(each)).toBe(400);
  }
  expect([await isIn(here), await isIn(there), await isIn(others)]).toEqual([false, false, true]);
  expect(await refreshed(theirs)).toBe(200);
});

it('what may go on without the person goes on', async () => {
  const [here, there] = [new Browser(at().issuer), new Browser(at().issuer)];
  await launch(at(), 'patient', { scope: ONLINE }, here);
  const lasting = await launch(at(), 'patient', { scope: OFFLINE }, there);
  await logOut(here);
  expect(await isIn(there)).toBe(false);
  expect(await statuses(lasting)).toEqual([200, 200]);
  expect(await refreshed(lasting)).toBe(200);
});

it('an authorization that was asked for before is not allowed any more, and connects nothing', async () => {
  const [here, there] = [new Browser(at().issuer), new Browser(at().issuer)];
  await launch(at(), 'patient', { scope: ONLINE }, here);
  await launch(at(), 'patient', { scope: ONLINE }, there);
  const open = await ask(there);
  const all = at().carnet.as('all');
  const consents = async (): Promise<number> => (await all.get('Consent?patient=demo-mother')).json.total;
  const before = await consents();
  await logOut(here);
  const { url, text } = await there.post(actionIn(open, 'authorize'), {});
  expect([url.includes('code='), text.includes('code=')]).toEqual([false, false]);
  expect(await consents()).toBe(before);
});

it('a session doesn’t come back by what was under way in it', async () => {
  const [here, there] = [new Browser(at().issuer), new Browser(at().issuer)];
  await launch(at(), 'patient', { scope: ONLINE }, here);
  const mine = await launch(at(), 'patient', { scope: ONLINE }, there);
  const asked = Array.from({ length: 12 }, () => ask(there));
  await logOut(here);
  await Promise.all(asked);
  expect(await isIn(there)).toBe(false);
  expect(await statuses(mine)).toEqual([401, 401]);
});

it('another person who logs in where somebody still is ends that session, and none elsewhere', async () => {
  const [here, there] = [new Browser(at().issuer), new Browser(at().issuer)];
  const mine = await launch(at(), 'patient', { scope: ONLINE }, here);
  const elsewhere = await launch(at(), 'patient', { scope: ONLINE }, there);
  const again = await ask(here, { prompt: 'login' });
  const page = await here.post(actionIn(again, 'login'), { user: 'grandmother', password: PASSWORD });
  await here.post(`${at().issuer}/logout/confirm`, { xsrf: xsrfIn(page), logout: 'yes' });
  expect(await statuses(mine)).toEqual([401, 401]);
  expect(await statuses(elsewhere)).toEqual([200, 200]);
  expect(await isIn(there)).toBe(true);
});
