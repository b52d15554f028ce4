/** Carnet with two providers beside it, and a browser that goes to them and back. */
import { type Upstream, upstreamsIn } from '../../../src/auth/upstream.ts';
import {
  actionIn,
  authorizeParams,
  Browser,
  CALLBACK,
  type Oauth,
  oauthServer,
  pkce,
  type Seen,
  tokenRequest,
  type Tokens,
} from './oauth.ts';
import { type UpstreamServer, upstreamServer } from './upstream.ts';

export const SECRET = 'a secret that both know';

export interface Elsewhere extends Oauth {
  psc: UpstreamServer;
  fc: UpstreamServer;
  /** FranceConnect+ begins anew, and reads our keys. */
  openFc(): Promise<void>;
  close(): Promise<void>;
}

export async function elsewhereServer(
  file: string,
  changes: { psc?: Partial<Upstream>; fc?: Partial<Upstream> } = {},
): Promise<Elsewhere> {
  const [psc, fc] = await Promise.all([upstreamServer('RS256'), upstreamServer('ES256')]);
  const [one, two] = upstreamsIn(
    JSON.stringify([
      {
        id: 'psc',
        claims: 'pro-sante-connect',
        issuer: psc.issuer,
        scope: 'openid identity scope_all',
        client: { id: 'carnet-at-psc', secret: SECRET },
        bounds: { regulator: true },
      },
      {
        id: 'fc',
        claims: 'franceconnect',
        issuer: fc.issuer,
        scope: 'openid identity',
        client: { id: 'carnet-at-fc', auth: 'private_key_jwt' },
      },
    ]),
  );
  const upstreams = [
    { ...one!, ...changes.psc },
    { ...two!, ...changes.fc },
  ];
  const oauth = await oauthServer(file, { upstreams, hasForm: false, proxies: 1 });
  const others = ['hospital-at-psc', 'another-at-psc'].map((id) => ({
    client_id: id,
    client_secret: `${SECRET} of ${id}`,
    redirect_uris: ['https://ehr.example/callback'],
  }));
  await psc.open(
    {
      client_id: 'carnet-at-psc',
      client_secret: SECRET,
      redirect_uris: [`${oauth.issuer}/back/psc`],
      post_logout_redirect_uris: [`${oauth.issuer}/left/psc`],
    },
    ...others,
  );
  const { encryption, userinfo } = upstreams[1]!;
  const openFc = async (): Promise<void> => {
    const jwks: unknown = JSON.parse(await (await fetch(`${oauth.issuer}/upstream-jwks`)).text());
    await fc.open({
      client_id: 'carnet-at-fc',
      token_endpoint_auth_method: 'private_key_jwt',
      redirect_uris: [`${oauth.issuer}/back/fc`],
      post_logout_redirect_uris: [`${oauth.issuer}/left/fc`],
      jwks,
      id_token_signed_response_alg: 'ES256',
      userinfo_signed_response_alg: userinfo,
      id_token_encrypted_response_alg: encryption,
      id_token_encrypted_response_enc: 'A256GCM',
      userinfo_encrypted_response_alg: encryption,
      userinfo_encrypted_response_enc: 'A256GCM',
    });
  };
  await openFc();
  return {
    ...oauth,
    psc,
    fc,
    openFc,
    async close() {
      await oauth.carnet.close();
      await Promise.all([psc.close(), fc.close()]);
    },
  };
}

export interface Walk {
  browser: Browser;
  verifier: string;
  seen: Seen;
}

/** To the page that offers the ways in. */
export async function arrive(at: Elsewhere, more: Record<string, string> = {}): Promise<Walk> {
  const { verifier, challenge } = pkce();
  const browser = new Browser(at.issuer, at.psc.issuer, at.fc.issuer);
  const query = new URLSearchParams(authorizeParams(at, challenge, more)).toString();
  return { browser, verifier, seen: await browser.get(`${at.issuer}/authorize?${query}`) };
}

/** The way as the page has it. */
export function wayIn({ text }: Seen, id: string): string {
  const found = new RegExp(`href="([^"]*/with\\?upstream=${id})"`).exec(text)?.[1];
  if (found === undefined) throw new Error(`no way ${id} in: ${text.slice(0, 2000)}`);
  return found;
}

export async function go(walk: Walk, id: 'psc' | 'fc'): Promise<Walk> {
  return { ...walk, seen: await walk.browser.get(wayIn(walk.seen, id)) };
}

let homes = 0;

/** Each time from another address: failures count for it too. */
export async function typeCode(walk: Walk, code: string): Promise<Walk> {
  const from = { 'x-forwarded-for': `10.0.${(homes += 1) >> 8}.${homes & 255}` };
  return { ...walk, seen: await walk.browser.post(actionIn(walk.seen, 'activate'), { code }, from) };
}

/** Allows, as the role that is named, and exchanges the code. */
export async function allow(at: Elsewhere, walk: Walk, person?: string): Promise<Tokens> {
  const form = person === undefined ? {} : { person };
  const { url } = await walk.browser.post(actionIn(walk.seen, 'authorize'), form as Record<string, string>);
  const code = new URL(url).searchParams.get('code');
  if (code === null) throw new Error(`no code: ${url}`);
  const { status, json } = await tokenRequest(at, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: new URL(url).origin + new URL(url).pathname,
    code_verifier: walk.verifier,
    client_id: 'public',
  });
  if (status !== 200) throw new Error(JSON.stringify(json));
  return json;
}

/** Logs out here, as the application asks for it. */
export async function logOut(at: Elsewhere, browser: Browser): Promise<Seen> {
  const query = { client_id: 'public', post_logout_redirect_uri: CALLBACK, state: 'logged out' };
  const asked = await browser.get(`${at.issuer}/logout?${new URLSearchParams(query).toString()}`);
  return browser.post(`${at.issuer}/logout/confirm`, { xsrf: xsrfIn(asked), logout: 'yes' });
}

/** The address at the provider to which the page leads by itself. */
export function onwardIn({ text }: Seen): URL | undefined {
  const [, address] = /http-equiv="refresh" content="0; url=([^"]*)"/.exec(text) ?? [];
  return address === undefined ? undefined : new URL(address.replaceAll('&amp;', '&'));
}

/** Logs out there too, and comes back. */
export async function leave(to: URL, browser: Browser): Promise<Seen> {
  const asked = await browser.get(to.href);
  return browser.post(`${to.origin}/session/end/confirm`, { xsrf: xsrfIn(asked), logout: 'yes' });
}

function xsrfIn({ text }: Seen): string {
  return /name="xsrf" value="([^"]+)"/.exec(text)?.[1] ?? '';
}

/** What the authorization page offers to choose from. */
export function rolesIn({ text }: Seen): { key: string; text: string }[] {
  return [...text.matchAll(/name="person"\s+value="([^"]*)"\s+required[^>]*\/>([^<]*)</g)].map(
    ([, key, words]) => ({
      key: key!,
      text: words!,
    }),
  );
}
