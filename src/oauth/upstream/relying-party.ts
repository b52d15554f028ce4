/**
 * We as a client of an OpenID provider: authorization code, PKCE, state, nonce; issuer, signature, level and, where it
 * is agreed, encryption checked. https://openid.net/specs/openid-connect-core-1_0.html#CodeFlowAuth
 */
import type { Configuration, CustomFetch } from 'openid-client';
import type { Upstream } from '../../auth/upstream.ts';
import { loadClient } from './library.ts';
import type { OwnKeys } from './own-keys.ts';

/** What a login that was begun is held to when it comes back. */
export interface Begun {
  state: string;
  nonce: string;
  verifier: string;
}

export interface Arrived {
  issuer: string;
  sub: string;
  acr: string;
  claims: Record<string, unknown>;
  /** As it was signed; absent where the provider has nobody log out by it. */
  idToken?: string;
}

/** Why a login is refused, as traces tell it: short, and nothing of what came. */
export class Refused extends Error {
  readonly why: string;

  constructor(why: string, cause?: unknown) {
    super(`the login is refused: ${why}`, { cause });
    this.why = why;
  }
}

/** Milliseconds: what a provider says of itself is read again. */
const FRESH_FOR = 3_600_000;
/** Seconds. */
const WITHIN = 10;
const MOST_BYTES = 256 * 1024;
/** Seconds that clocks may differ. */
const TOLERANCE = 10;

export class RelyingParty {
  readonly upstream: Upstream;
  readonly #redirectUri: string;
  readonly #leftUri: string;
  readonly #keys: OwnKeys;
  #known: { configuration: Promise<Configuration>; at: number; keys: string } | undefined;

  /** @param redirectUri compared exactly, by the provider, as is `leftUri`, where people come back logged out */
  constructor(upstream: Upstream, redirectUri: string, leftUri: string, keys: OwnKeys) {
    this.upstream = upstream;
    this.#redirectUri = redirectUri;
    this.#leftUri = leftUri;
    this.#keys = keys;
  }

  /** @returns where to send the browser, and what to keep. @throws Refused when the provider can't be reached */
  async begin(language: string): Promise<{ url: string; begun: Begun }> {
    const library = await loadClient();
    const begun = {
      state: library.randomState(),
      nonce: library.randomNonce(),
      verifier: library.randomPKCECodeVerifier(),
    };
    const { scope, acr } = this.upstream;
    const url = library.buildAuthorizationUrl(await this.#configuration(), {
      redirect_uri: this.#redirectUri,
      scope,
      acr_values: acr[0]!,
      state: begun.state,
      nonce: begun.nonce,
      code_challenge: await library.calculatePKCECodeChallenge(begun.verifier),
      code_challenge_method: 'S256',
      prompt: 'login',
      ui_locales: language,
    });
    return { url: url.href, begun };
  }

  /** @param query as it came back. @throws Refused */
  async complete(query: URLSearchParams, begun: Begun): Promise<Arrived> {
    const library = await loadClient();
    const { upstream } = this;
    const configuration = await this.#configuration();
    try {
      const current = new URL(this.#redirectUri);
      current.search = query.toString();
      const tokens = await library.authorizationCodeGrant(configuration, current, {
        expectedState: begun.state,
        expectedNonce: begun.nonce,
        pkceCodeVerifier: begun.verifier,
        idTokenExpected: true,
      });
      const { iss, sub, acr } = tokens.claims()!;
      const { id_token: opened } = library.getDecryptedResponses(tokens) ?? {};
      if (upstream.encryption !== undefined && opened?.token_endpoint === undefined)
        throw new Refused('id token in clear');
      if (typeof acr !== 'string' || !upstream.acr.includes(acr)) throw new Refused('acr');
      const claims = await library.fetchUserInfo(configuration, tokens.access_token, sub);
      if (upstream.encryption !== undefined && library.getDecryptedResponses(claims) === undefined)
        throw new Refused('claims in clear');
      // one that was encrypted to us the provider can't read: https://openid.net/specs/openid-connect-core-1_0.html#AuthRequest
      const idToken = opened?.token_endpoint ?? tokens.id_token!;
      const { end_session_endpoint: leaves } = configuration.serverMetadata();
      return { issuer: iss, sub, acr, claims, ...(leaves === undefined ? {} : { idToken }) };
    } catch (error) {
      if (error instanceof Refused) throw error;
      throw new Refused(codeOf(error), error);
    }
  }

  /**
   * Where the browser is sent to log out there; undefined: the provider announces no such address.
   * @param idToken of the login @throws Refused when it can't be reached
   */
  async leave(idToken: string, state: string): Promise<string | undefined> {
    const library = await loadClient();
    const configuration = await this.#configuration();
    if (configuration.serverMetadata().end_session_endpoint === undefined) return undefined;
    return library.buildEndSessionUrl(configuration, {
      id_token_hint: idToken,
      post_logout_redirect_uri: this.#leftUri,
      state,
    }).href;
  }

  /**
   * Whose an access token is that somebody else was given there. @param clients those of the provider's whose tokens count
   * @throws Refused
   */
  async subjectOf(token: string, clients: readonly string[]): Promise<Arrived & { until: number }> {
    const library = await loadClient();
    const { upstream } = this;
    const configuration = await this.#configuration();
    try {
      const {
        active,
        client_id: given,
        sub,
        acr,
        exp,
      } = await library.tokenIntrospection(configuration, token);
      if (!active || typeof sub !== 'string' || typeof exp !== 'number') throw new Refused('inactive');
      // one that another service was given is replayed here
      if (typeof given !== 'string' || !clients.includes(given)) throw new Refused('client');
      if (typeof acr !== 'string' || !upstream.acr.includes(acr)) throw new Refused('acr');
      const claims = await library.fetchUserInfo(configuration, token, sub);
      return { issuer: configuration.serverMetadata().issuer, sub, acr, claims, until: exp };
    } catch (error) {
      if (error instanceof Refused) throw error;
      throw new Refused(codeOf(error), error);
    }
  }

  /** As the provider says of itself; what couldn't be read is tried again by the next who comes. */
  async #configuration(): Promise<Configuration> {
    const keys = this.#keys.version(Date.now());
    const isFresh = this.#known?.keys === keys && Date.now() - this.#known.at <= FRESH_FOR;
    if (this.#known === undefined || !isFresh) {
      const known = { configuration: this.#discovered(), at: Date.now(), keys };
      this.#known = known;
      known.configuration.catch(() => {
        if (this.#known === known) this.#known = undefined;
      });
    }
    try {
      return await this.#known.configuration;
    } catch (error) {
      throw error instanceof Refused ? error : new Refused('unreachable', error);
    }
  }

  async #discovered(): Promise<Configuration> {
    const library = await loadClient();
    const { issuer, client, idToken, userinfo, encryption } = this.upstream;
    const authentication =
      client.auth === 'private_key_jwt'
        ? library.PrivateKeyJwt(await this.#keys.signing(Date.now()))
        : client.auth === 'client_secret_post'
          ? library.ClientSecretPost(client.secret)
          : library.ClientSecretBasic(client.secret);
    const metadata = {
      id_token_signed_response_alg: idToken,
      ...(userinfo === undefined ? {} : { userinfo_signed_response_alg: userinfo }),
      [library.clockTolerance]: TOLERANCE,
    };
    const configuration = await library.discovery(new URL(issuer), client.id, metadata, authentication, {
      timeout: WITHIN,
      [library.customFetch]: bounded,
      execute: [
        library.enableNonRepudiationChecks,
        ...(issuer.startsWith('http:') ? [library.allowInsecureRequests] : []),
      ],
    });
    if (encryption !== undefined) {
      const keys = await this.#keys.decryption(encryption);
      library.enableDecryptingResponses(configuration, ['A256GCM', 'A128GCM', 'A128CBC-HS256'], ...keys);
    }
    return configuration;
  }
}

/** No redirect is followed, and no answer read beyond the bound. */
const bounded: CustomFetch = async (url, options) => {
  const response = await fetch(url, { ...options, redirect: 'manual' } as RequestInit);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new Error('the answer of the provider is too large');
    chunks.push(chunk);
  }
  const { status, headers } = response;
  const body = status === 204 || status === 304 ? null : Buffer.concat(chunks);
  return new Response(body, { status, headers });
};

/** The library's word for it, or the provider's. */
function codeOf(error: unknown): string {
  const { error: told, code } = (error ?? {}) as { error?: unknown; code?: unknown };
  const found = [told, code].find((each) => typeof each === 'string');
  return typeof found === 'string' ? found.slice(0, 60) : 'failed';
}
