/** Who guesses a password waits longer each time, whichever process they ask. */
import fc from 'fast-check';
import { delayAfter } from '../../src/auth/attempts.ts';
import {
  actionIn,
  authorizeParams,
  Browser,
  oauthServer,
  type Oauth,
  PASSWORD,
  pkce,
} from './support/oauth.ts';

let servers: Oauth[];
beforeAll(async () => {
  const one = await oauthServer(import.meta.url, { proxies: 1 });
  servers = [one, await oauthServer(import.meta.url, { like: one.carnet, proxies: 1 })];
}, 120_000);
afterAll(async () => {
  for (const { carnet } of (servers ?? []).toReversed()) await carnet.close();
});

it('waits longer with each failure, for a quarter of an hour at most', () => {
  fc.assert(
    fc.property(fc.nat(1000), (failures) => {
      expect(delayAfter(failures + 1)).toBeGreaterThanOrEqual(delayAfter(failures));
      expect(delayAfter(failures)).toBeLessThanOrEqual(900);
    }),
  );
  expect([0, 3, 4, 5, 6].map(delayAfter)).toEqual([0, 0, 2, 4, 8]);
});

it('of many guesses that come at once only as many are tried as one after the other', async () => {
  const [one] = servers as [Oauth, Oauth];
  const browser = new Browser(one.issuer);
  const query = new URLSearchParams(authorizeParams(one, pkce().challenge)).toString();
  const shown = await browser.get(`${one.issuer}/authorize?${query}`);
  const start = performance.now();
  const guesses = Array.from({ length: 20 }, (_, index) =>
    browser.post(
      actionIn(shown, 'login'),
      { user: 'dentist', password: `guess ${index}` },
      { 'x-forwarded-for': '10.1.1.1' },
    ),
  );
  const statuses = (await Promise.all(guesses)).map(({ status }) => status);
  expectTried(statuses, start);
});

/** Of 20 guesses; where they took longer than one has to wait, another is tried. @param start as of performance.now() */
function expectTried(statuses: readonly number[], start: number): void {
  const seconds = (performance.now() - start) / 1000;
  let tried = 4;
  for (let waited = delayAfter(tried); waited < seconds; waited += delayAfter(tried)) tried += 1;
  const count = statuses.filter((status) => status === 401).length;
  expect([count >= 4, count <= tried]).toEqual([true, true]);
  expect(statuses.filter((status) => status === 429)).toHaveLength(20 - count);
}

/** What each guess from one address is answered. @param guesses user, password and the server that is asked */
async function guessed(address: string, guesses: [string, string, Oauth][]): Promise<number[]> {
  const all = guesses.map(async ([user, password, server]) => {
    const browser = new Browser(server.issuer);
    const query = new URLSearchParams(authorizeParams(server, pkce().challenge)).toString();
    const shown = await browser.get(`${server.issuer}/authorize?${query}`);
    return () => browser.post(actionIn(shown, 'login'), { user, password }, { 'x-forwarded-for': address });
  });
  const posts = await Promise.all(all);
  return (await Promise.all(posts.map((post) => post()))).map(({ status }) => status);
}

it('of many guesses that come at once to two processes no more are tried than by one', async () => {
  const guesses = Array.from({ length: 20 }, (_, index): [string, string, Oauth] => [
    'teen',
    `guess ${index}`,
    servers[index % 2]!,
  ]);
  const start = performance.now();
  expectTried(await guessed('10.1.1.2', guesses), start);
});

it('an address that guesses at many accounts waits, also where its own account is logged in to between', async () => {
  const [one] = servers as [Oauth, Oauth];
  const at = async (user: string, password: string): Promise<number> =>
    (await guessed('10.1.1.3', [[user, password, one]]))[0]!;
  const guesses = async (...users: string[]): Promise<number[]> => {
    const found: number[] = [];
    for (const user of users) found.push(await at(user, 'guess'));
    return found;
  };
  expect(await guesses('a', 'b', 'c')).toEqual([401, 401, 401]);
  // of those behind one address some are right: once that pays for the others
  expect(await at('gp', PASSWORD)).toBe(200);
  expect(await guesses('d', 'e', 'f')).toEqual([401, 401, 401]);
  expect(await at('gp', PASSWORD)).toBe(200);
  expect(await guesses('g', 'h')).toEqual([401, 429]);
});

it('who mistypes and then is right leaves no wait behind, neither for themself nor for their address', async () => {
  const [one] = servers as [Oauth, Oauth];
  const at = async (password: string): Promise<number> =>
    (await guessed('10.1.1.4', [['gp', password, one]]))[0]!;
  for (let round = 0; round < 3; round += 1)
    expect([await at('mistyped'), await at('again'), await at(PASSWORD)]).toEqual([401, 401, 200]);
});

it('makes who guesses wait, also with the right password, also elsewhere', async () => {
  const statuses: number[] = [];
  const tries = async (server: Oauth, password: string): Promise<void> => {
    const browser = new Browser(server.issuer);
    const query = new URLSearchParams(authorizeParams(server, pkce().challenge)).toString();
    const shown = await browser.get(`${server.issuer}/authorize?${query}`);
    statuses.push((await browser.post(actionIn(shown, 'login'), { user: 'patient', password })).status);
  };
  const [one, other] = servers as [Oauth, Oauth];
  for (let index = 0; index < 9; index += 1) await tries(index % 2 === 0 ? one : other, 'guess');
  expect(statuses.slice(0, 4)).toEqual([401, 401, 401, 401]);
  expect(statuses.at(-1)).toBe(429);
  await tries(other, PASSWORD);
  expect(statuses.at(-1)).toBe(429);
});
