/** A server with an authorization server, clients registered for the test, and a browser with cookies and no script. */
import { createHash, randomBytes, type X509Certificate } from 'node:crypto';
import type { Accounts, PasswordLogin } from '../../../src/auth/accounts.ts';
import { type Client, secretHash } from '../../../src/auth/clients.ts';
import type { Upstream } from '../../../src/auth/upstream.ts';
import type { AuthRates } from '../../../src/oauth/pace.ts';
import { demoAccounts, demoPasswords } from '../../../src/demo/logins.ts';
import type { Host } from '../../../src/subscription/hosts.ts';
import { type TestServer, testServer } from '../../support/server.ts';

export const PASSWORD = 'for tests only';
export const SECRET = 'a generated secret of the confidential client';
export const CALLBACK = 'https://app.example/callback';
export const APP_SCOPE =
  'openid fhirUser profile launch launch/patient launch/encounter offline_access online_access patient/*.cruds user/*.cruds';

export const PUBLIC: Client = {
  id: 'public',
  name: 'Rythme',
  auth: 'none',
  redirectUris: [CALLBACK],
  scope: APP_SCOPE,
  device: 'Device/app',
};

export const CONFIDENTIAL: Client = {
  ...PUBLIC,
  id: 'confidential',
  auth: 'client_secret',
  secretHash: secretHash(SECRET),
};

export interface Oauth {
  carnet: TestServer;
  issuer: string;
  register(...clients: Client[]): Promise<void>;
  suspend(id: string): Promise<boolean>;
}

export async function oauthServer(
  file: string,
  options: Parameters<typeof testServer>[1] & {
    accounts?: Accounts;
    clientKeyHosts?: Host[];
    rates?: AuthRates;
    authorities?: readonly X509Certificate[];
    upstreams?: readonly Upstream[];
    /** Of the form; the demo's unless told. */
    passwords?: PasswordLogin;
    /** Whether there is the demo's form. */
    hasForm?: boolean;
  } = {},
): Promise<Oauth> {
  const carnet = await testServer(file, {
    ...options,
    requests: options.rates?.requests,
    authorization: (issuer) => ({
      issuer,
      accounts: options.accounts ?? demoAccounts,
      ...(options.hasForm === false ? {} : { passwords: options.passwords ?? demoPasswords(PASSWORD) }),
      upstreams: options.upstreams,
      clientKeyHosts: options.clientKeyHosts,
      rates: options.rates,
      authorities: options.authorities,
    }),
  });
  const clients = carnet.server.clients!;
  const register = async (...wanted: Client[]): Promise<void> => {
    for (const client of wanted) await clients.register(client);
  };
  if (options.like === undefined) await register(PUBLIC, CONFIDENTIAL);
  return {
    carnet,
    issuer: `${new URL(carnet.base).origin}/oauth`,
    register,
    suspend: (id) => clients.suspend(id),
  };
}

export interface Seen {
  status: number;
  headers: Headers;
  url: string;
  text: string;
}

/** Follows redirects on the server's own origin, and those of others it may visit; stops where one leads elsewhere. */
export class Browser {
  readonly #cookies = new Map<string, { value: string; path: string }>();
  readonly #origin: string;
  readonly #others: readonly string[];
  /** Every address it was at. */
  readonly visited: string[] = [];

  constructor(issuer: string, ...others: readonly string[]) {
    this.#origin = new URL(issuer).origin;
    this.#others = others.map((each) => new URL(each).origin);
  }

  get cookies(): string[] {
    return [...this.#cookies.keys()];
  }

  get(url: string, headers: Record<string, string> = {}): Promise<Seen> {
    return this.#go('GET', url, undefined, headers);
  }

  post(url: string, form: Record<string, string>, headers: Record<string, string> = {}): Promise<Seen> {
    return this.#go('POST', url, new URLSearchParams(form), headers);
  }

  async #go(
    method: string,
    url: string,
    body: URLSearchParams | undefined,
    headers: Record<string, string>,
  ): Promise<Seen> {
    let [at, how, sent] = [new URL(url, this.#origin).href, method, body];
    for (let hops = 0; hops < 20; hops += 1) {
      const { pathname } = new URL(at);
      this.visited.push(at);
      const cookie = [...this.#cookies]
        .filter(([, { path }]) => pathname.startsWith(path))
        .map(([name, { value }]) => `${name}=${value}`)
        .join('; ');
      const response = await fetch(at, {
        method: how,
        redirect: 'manual',
        headers: { ...headers, ...(cookie === '' ? {} : { cookie }), accept: 'text/html' },
        ...(sent === undefined ? {} : { body: sent }),
      });
      for (const each of response.headers.getSetCookie()) this.#keep(each);
      const location = response.headers.get('location');
      const text = await response.text();
      if (location === null) return { status: response.status, headers: response.headers, url: at, text };
      at = new URL(location, at).href;
      if (![this.#origin, ...this.#others].includes(new URL(at).origin))
        return { status: response.status, headers: response.headers, url: at, text };
      [how, sent] = ['GET', undefined];
    }
    throw new Error('too many redirects');
  }

  #keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';').map((part) => part.trim());
    const [name = ''] = pair.split('=', 1);
    const path = attributes.find((each) => /^path=/i.test(each))?.slice(5) ?? '/';
    if (/expires=thu, 01 jan 1970/i.test(line)) this.#cookies.delete(name);
    else this.#cookies.set(name, { value: pair.slice(name.length + 1), path });
  }
}

export interface Pkce {
  verifier: string;
  challenge: string;
}

export function pkce(): Pkce {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

export function authorizeParams(
  oauth: Oauth,
  challenge: string,
  more: Record<string, string | undefined> = {},
) {
  const params = {
    client_id: 'public',
    response_type: 'code',
    redirect_uri: CALLBACK,
    scope: 'openid fhirUser launch/patient patient/*.rs',
    state: 'a state',
    aud: oauth.carnet.base,
    code_challenge: challenge,
    code_challenge_method: 'S256',
    ...more,
  };
  return Object.fromEntries(
    Object.entries(params).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** The form's address, as the page has it. */
export function actionIn({ text }: Seen, step: string): string {
  const found = new RegExp(`action="([^"]*/${step})"`).exec(text)?.[1];
  if (found === undefined) throw new Error(`no form for ${step} in: ${text.slice(0, 2000)}`);
  return found;
}

/** Logs in, allows, and gives the address that the client is sent to. @param of for whom, where there is a choice */
export async function walk(
  oauth: Oauth,
  user: string,
  params: Record<string, string>,
  browser = new Browser(oauth.issuer),
  of?: string,
): Promise<URL> {
  let seen = await browser.get(`${oauth.issuer}/authorize?${new URLSearchParams(params).toString()}`);
  if (seen.text.includes('/login"'))
    seen = await browser.post(actionIn(seen, 'login'), { user, password: PASSWORD });
  const [, person] = new RegExp(`value="([\\w-]+ ${of})"`).exec(seen.text) ?? [];
  const chosen: Record<string, string> = person === undefined ? {} : { person };
  if (seen.text.includes('/authorize"')) seen = await browser.post(actionIn(seen, 'authorize'), chosen);
  return new URL(seen.url);
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Tokens = any;

export async function tokenRequest(
  oauth: Oauth,
  form: Record<string, string>,
  headers: Record<string, string> = {},
  path = 'token',
): Promise<{ status: number; json: Tokens }> {
  const response = await fetch(`${oauth.issuer}/${path}`, {
    method: 'POST',
    headers,
    body: new URLSearchParams(form),
  });
  const text = await response.text();
  return { status: response.status, json: text === '' ? undefined : (JSON.parse(text) as Tokens) };
}

/** The whole of a standalone launch by hand. */
export async function launch(
  oauth: Oauth,
  user: string,
  more: Record<string, string | undefined> = {},
  browser = new Browser(oauth.issuer),
  of?: string,
): Promise<Tokens> {
  const { verifier, challenge } = pkce();
  const params = authorizeParams(oauth, challenge, more);
  const back = await walk(oauth, user, params, browser, of);
  const code = back.searchParams.get('code');
  if (code === null) throw new Error(`no code: ${back.href}`);
  const { status, json } = await tokenRequest(
    oauth,
    {
      grant_type: 'authorization_code',
      code,
      redirect_uri: params.redirect_uri!,
      code_verifier: verifier,
      ...(params.client_id === 'confidential' ? {} : { client_id: params.client_id! }),
    },
    params.client_id === 'confidential' ? basic() : {},
  );
  if (status !== 200) throw new Error(JSON.stringify(json));
  return json;
}

/** The same for one of those whom the screen offers. */
export async function launchAs(oauth: Oauth, user: string, patient: string, scope: string): Promise<Tokens> {
  const { verifier, challenge } = pkce();
  const params = authorizeParams(oauth, challenge, { scope });
  const browser = new Browser(oauth.issuer);
  let seen = await browser.get(`${oauth.issuer}/authorize?${new URLSearchParams(params).toString()}`);
  seen = await browser.post(actionIn(seen, 'login'), { user, password: PASSWORD });
  const [, choice = ''] = new RegExp(`value="([\\w-]+ ${patient})"`).exec(seen.text) ?? [];
  seen = await browser.post(actionIn(seen, 'authorize'), { person: choice });
  const code = new URL(seen.url).searchParams.get('code');
  if (code === null) throw new Error(seen.url);
  const { json } = await tokenRequest(oauth, {
    grant_type: 'authorization_code',
    code,
    redirect_uri: params.redirect_uri!,
    code_verifier: verifier,
    client_id: 'public',
  });
  return json;
}

export function basic(id = 'confidential', secret = SECRET): Record<string, string> {
  const both = `${encodeURIComponent(id)}:${encodeURIComponent(secret)}`;
  return { authorization: `Basic ${Buffer.from(both).toString('base64')}` };
}
