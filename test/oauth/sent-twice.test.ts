/** A button that is pressed again before the answer is there. */
import {
  actionIn,
  authorizeParams,
  Browser,
  type Oauth,
  oauthServer,
  PASSWORD,
  pkce,
  type Seen,
} from './support/oauth.ts';

let oauth: Oauth;
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
}, 120_000);
afterAll(() => oauth?.carnet.close());

it('a screen that is sent several times at once is answered with a code, or told that it is over', async () => {
  const browser = new Browser(oauth.issuer);
  const params = authorizeParams(oauth, pkce().challenge, { scope: 'openid user/*.rs' });
  let seen = await browser.get(`${oauth.issuer}/authorize?${new URLSearchParams(params).toString()}`);
  seen = await browser.post(actionIn(seen, 'login'), { user: 'gp', password: PASSWORD });
  const sent = await Promise.all(
    Array.from({ length: 6 }, (): Promise<Seen> => browser.post(actionIn(seen, 'authorize'), {})),
  );
  const codes = sent.filter(({ url }) => new URL(url).searchParams.has('code'));
  expect(codes.length).toBeGreaterThan(0);
  const others = sent.filter((each) => !codes.includes(each)).map(({ status }) => status);
  expect(others.filter((status) => status !== 400)).toEqual([]);
});
