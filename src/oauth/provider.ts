/**
 * The authorization server: oidc-provider, set to what SMART asks of one.
 * https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html
 */
import { createHmac, type JsonWebKey, type X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { KoaContextWithOIDC, Provider as OidcProvider, Configuration } from 'oidc-provider';
import type { AccountLog } from '../audit/identity/log.ts';
import type { Accounts } from '../auth/accounts.ts';
import { isIssuedBy, isNamed } from '../auth/certified.ts';
import { type Clients, isSecret } from '../auth/clients.ts';
import type { Artifacts } from '../auth/grants.ts';
import type { From } from '../auth/records.ts';
import { adapterFor, type Registration, registrationOf } from './adapter.ts';
import { assertionFault } from './assertion-fault.ts';
import { registerAssertion } from './assertion.ts';
import { countUses } from './client-pace.ts';
import { type Exchange, registerExchange } from './exchange.ts';
import { findHolding, isInForce } from './holding.ts';
import { type Library, loadProvider } from './library.ts';
import { errorPage } from './pages/error.ts';
import { loggedOut, logoutPage } from './pages/logout.ts';
import { onwardPage } from './pages/onward.ts';
import { policy } from './policy.ts';
import { LIVES } from './lives.ts';
import type { Pace } from './pace.ts';
import { followLogouts } from './upstream/leaving.ts';
import type { Elsewhere } from './upstream/parties.ts';
import type { Practising } from './practising.ts';
import { narrowRefreshes } from './refreshed.ts';
import { IDENTITY, LAUNCH, scopesAsked } from './scopes.ts';
import { languageOf } from './language.ts';
import { authMethods, type Offers } from './smart.ts';
import { tokenClaims } from './token-claims.ts';

export interface ProviderOptions {
  issuer: string;
  /** Absolute FHIR base, without a slash at the end: the audience. */
  base: string;
  keys: readonly JsonWebKey[];
  /** Signs cookies. */
  cookieKey: Buffer;
  /** Makes `sub` another for each client. */
  pairwiseKey: Buffer;
  artifacts: Artifacts;
  clients: Clients;
  accounts: Accounts;
  /** Absent: no token of another provider is exchanged. */
  exchange?: Pick<Exchange, 'elsewhere'>;
  /** Where people log in who are led there to log out too. */
  elsewhere: Pick<Elsewhere, 'party'>;
  practising: Practising;
  events: AccountLog;
  /** Who sent a request. */
  from(request: IncomingMessage): From;
  /** The TLS certificate of the client with which a request came. */
  certificate(request: IncomingMessage): X509Certificate | undefined;
  /** That issue certificates to clients: where there is none, nobody shows themself so. */
  authorities: readonly X509Certificate[];
  offers: Offers;
  /** Of an application that runs in a browser. */
  isOrigin(origin: string): boolean;
  /** Reads a client's key set, where that is allowed. */
  readKeySet(address: string | URL | Request): Promise<Response>;
  /** A patient's app is still connected by this Consent. */
  stands(consent: string): Promise<boolean>;
  pace: Pace;
  /** Told of what failed here. */
  failed(error: unknown): void;
}

/** RS384 and ES384 are SMART's; an assertion lives five minutes at most. */
const ASSERTIONS = ['RS384', 'ES384'] as const;
const LONGEST_ASSERTION = 300;
const TOLERANCE = 5;

export async function createProvider(options: ProviderOptions): Promise<OidcProvider> {
  const { Provider, errors, interactionPolicy } = await loadProvider();
  const { issuer, base, artifacts, clients, accounts } = options;
  const root = new URL(issuer).pathname;
  const isSecure = issuer.startsWith('https:');
  const cookie = { httpOnly: true, sameSite: 'lax', signed: true, secure: isSecure } as const;
  const configuration: Configuration = {
    adapter: adapterFor(artifacts, clients, errors, options.exchange !== undefined),
    jwks: { keys: [...options.keys] as never },
    clients: [],
    claims: { openid: ['sub'], fhirUser: ['fhirUser'], profile: ['name', 'fhirUser'] },
    conformIdTokenClaims: false,
    scopes: [...IDENTITY, ...LAUNCH],
    subjectTypes: ['public', 'pairwise'],
    // each client is a sector by itself: nothing is fetched
    sectorIdentifierUriValidate: () => false,
    pairwiseIdentifier: async (_ctx, accountId, client) =>
      createHmac('sha256', options.pairwiseKey).update(`${client.clientId} ${accountId}`).digest('base64url'),
    responseTypes: ['code'],
    pkce: { required: () => true },
    // a page of the application's own
    clientBasedCORS: (_ctx, origin, client) =>
      (client.redirectUris ?? []).some((uri) => new URL(uri).origin === origin),
    clientAuthMethods: [
      'none',
      'client_secret_basic',
      'client_secret_post',
      'private_key_jwt',
      'self_signed_tls_client_auth',
      'tls_client_auth',
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: [...ASSERTIONS],
      idTokenSigningAlgValues: ['RS256', 'ES256'],
    } as never,
    async assertJwtClientAuthClaimsAndHeader(_ctx, claims) {
      const lasts = Number(claims.exp) - Date.now() / 1000;
      if (!(lasts <= LONGEST_ASSERTION))
        throw new errors.InvalidClientAuth('the assertion expires in more than five minutes');
    },
    fetch: (address) => options.readKeySet(address),
    clockTolerance: TOLERANCE,
    extraClientMetadata: { properties: ['registration'] },
    extraParams: {
      async aud(ctx: KoaContextWithOIDC, value: string | undefined, client: object) {
        checkRequest(ctx, value, registrationOf(client));
      },
      launch: null,
    } as never,
    cookies: {
      keys: [options.cookieKey.toString('base64url')],
      names: { session: 'carnet_session', interaction: 'carnet_asked', resume: 'carnet_resume' },
      long: { ...cookie, path: root },
      short: cookie,
    },
    features: {
      devInteractions: { enabled: false },
      dPoP: { enabled: false },
      // INVARIANT: also where no proxy passes certificates: who must show one, then, is refused
      mTLS: {
        enabled: true,
        certificateBoundAccessTokens: true,
        selfSignedTlsClientAuth: true,
        tlsClientAuth: true,
        certificateAuthorized: (ctx) => {
          const shown = options.certificate(ctx.req);
          return shown !== undefined && isIssuedBy(shown, options.authorities, Date.now());
        },
        certificateSubjectMatches: (ctx) => {
          const shown = options.certificate(ctx.req);
          const { certificateName: name } = registrationOf(ctx.oidc.client!).client;
          return shown !== undefined && name !== undefined && isNamed(shown, name);
        },
        getCertificate: (ctx) => options.certificate(ctx.req),
      },
      pushedAuthorizationRequests: { enabled: false },
      // one server, one audience: `aud` is checked, see checkRequest
      resourceIndicators: { enabled: false },
      clientCredentials: { enabled: true },
      introspection: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) =>
          (token.clientId === client.clientId || registrationOf(client).client.introspects === true) &&
          isInForce(token, options),
      },
      revocation: {
        enabled: true,
        allowedPolicy: async (_ctx, client, token) => token.clientId === client.clientId,
      },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: async (ctx, form) => {
          ctx.set('content-security-policy', policy(afterLogout(ctx)));
          ctx.body = logoutPage(form, languageOf(ctx), root);
        },
        postLogoutSuccessSource: async (ctx) => void (ctx.body = loggedOut(languageOf(ctx), root)),
      },
    },
    // each launch is authorized by itself
    loadExistingGrant: async (ctx) => {
      const { consent } = (ctx.oidc.result ?? {}) as { consent?: { grantId?: string } };
      return consent?.grantId === undefined ? undefined : ctx.oidc.provider.Grant.find(consent.grantId);
    },
    rotateRefreshToken: true,
    issueRefreshToken: async (_ctx, client, code) =>
      client.grantTypeAllowed('refresh_token') &&
      (code.scopes.has('offline_access') || code.scopes.has('online_access')),
    interactions: {
      url: async (_ctx, { uid }) => `${root}/interaction/${uid}`,
      policy: policyFor(interactionPolicy, accounts),
    },
    findAccount: async (ctx, sub, token) => {
      if ((await accounts.find(sub)) === undefined) return undefined;
      return {
        accountId: sub,
        async claims() {
          const grantId =
            (token as { grantId?: string } | undefined)?.grantId ?? ctx.oidc.entities.Grant?.jti;
          const settled = grantId === undefined ? undefined : await artifacts.settled(grantId);
          if (settled === undefined) return { sub };
          const { fhirUser, name, connection } = settled;
          if (connection !== undefined && !(await options.stands(connection.consent))) return { sub };
          return { sub, name, fhirUser: `${base}/${fhirUser}` };
        },
      };
    },
    extraTokenClaims: tokenClaims({ ...options, errors }),
    routes: {
      authorization: '/authorize',
      token: '/token',
      jwks: '/jwks',
      userinfo: '/userinfo',
      introspection: '/introspect',
      revocation: '/revoke',
      end_session: '/logout',
    },
    ttl: {
      AccessToken: LIVES.access,
      ClientCredentials: LIVES.system,
      AuthorizationCode: LIVES.code,
      IdToken: 3600,
      Interaction: LIVES.interaction,
      Session: LIVES.session,
      Grant: LIVES.grant,
      RefreshToken: (_ctx, token) => (token.scopes.has('offline_access') ? LIVES.refresh : LIVES.session),
    },
    renderError: async (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(out, languageOf(ctx), root);
    },
  };

  /** @throws the error that the client is told, at its redirect URI */
  function checkRequest(ctx: KoaContextWithOIDC, aud: string | undefined, { client }: Registration): void {
    const { params } = ctx.oidc;
    if (aud === undefined) throw new errors.InvalidRequest('`aud` must name the FHIR base');
    if (aud.replace(/\/$/, '') !== base)
      throw new errors.InvalidRequest(`\`aud\` is not the FHIR base of this server: it is ${base}`);
    const { scopes, fault } = scopesAsked(params!.scope as string | undefined, client.scope, 'person');
    if (fault !== undefined) throw new errors.InvalidScope(fault, String(params!.scope));
    if (scopes.length === 0) throw new errors.InvalidScope('no scope is asked for', '');
    // SMART's clients ask for both kinds of launch at once; a launch without its scope is none
    const isLaunched = params!.launch !== undefined;
    if (isLaunched && !scopes.includes('launch'))
      throw new errors.InvalidRequest('the parameter `launch` comes with the scope `launch`');
    params!.scope = scopes.filter((scope) => isLaunched || scope !== 'launch').join(' ');
  }

  const provider = new Provider(issuer, configuration);
  provider.proxy = true;
  provider.silent = true;
  provider.on('server_error', (_ctx, error) => options.failed(error));
  hardened(provider, artifacts);
  findHolding(provider, options);
  narrowRefreshes(provider, () => Provider.ctx as KoaContextWithOIDC | undefined);
  countUses(provider, () => Provider.ctx as KoaContextWithOIDC, { pace: options.pace, errors });
  followLogouts(provider, options);
  const acting = { artifacts, events: options.events, from: options.from, certificate: options.certificate };
  if (options.exchange !== undefined)
    registerExchange(provider, errors, { ...options.exchange, ...acting, base });
  registerAssertion(provider, errors, {
    ...acting,
    practising: options.practising,
    audience: `${issuer}/token`,
    algorithms: ASSERTIONS,
    longest: LONGEST_ASSERTION,
    tolerance: TOLERANCE,
  });
  provider.use(async (ctx, next) => {
    await next();
    keepToOrigins(ctx as unknown as KoaContextWithOIDC, options);
    explain(ctx as unknown as KoaContextWithOIDC);
    if (ctx.oidc?.route === 'introspection') notOurs(ctx as unknown as KoaContextWithOIDC);
    if (ctx.oidc?.route === 'discovery') declare(ctx.body as Record<string, unknown>, options.offers);
    if (ctx.oidc?.route === 'token' || ctx.oidc?.route === 'introspection')
      ctx.body = shown(ctx as unknown as KoaContextWithOIDC);
    const onward = onwardPage(ctx.body, languageOf(ctx), root);
    if (onward === undefined) return;
    ctx.set(
      'content-security-policy',
      policy(new URL(onward.action, issuer).href, afterLogout(ctx as never)),
    );
    ctx.body = onward.html;
  });
  return provider;
}

/** The library knows certificates also where no proxy passes any: they aren't declared there. */
function declare(configuration: Record<string, unknown>, offers: Offers): void {
  configuration.token_endpoint_auth_methods_supported = ['none', ...authMethods(offers)];
  if (!offers.certificates) delete configuration.tls_client_certificate_bound_access_tokens;
}

/** The library's own, and that who is logged in as an account that is no more, or is suspended, logs in again. */
function policyFor({ base, Check }: Library['interactionPolicy'], accounts: Accounts) {
  const policy = base();
  const gone = new Check('no_account', 'End-User authentication is required', async (ctx) => {
    const { accountId } = ctx.oidc.session ?? {};
    const isGone = accountId !== undefined && (await accounts.find(accountId)) === undefined;
    return isGone ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT;
  });
  policy.get('login')!.checks.add(gone);
  return policy;
}

/** What the library leaves to its models, made to hold also when several come at once. */
function hardened(provider: OidcProvider, artifacts: Artifacts): void {
  const { ReplayDetection, Session, Client, OIDCContext } = provider;
  Object.assign(ReplayDetection, {
    unique: (iss: string, jti: string, exp: number) =>
      artifacts.once('ReplayDetection', `${iss} ${jti}`, Math.max(1, exp - Math.floor(Date.now() / 1000))),
  });
  const destroy = Session.prototype.destroy;
  Session.prototype.destroy = async function end(this: InstanceType<typeof Session>) {
    await artifacts.endSession(this.uid);
    await destroy.call(this);
  };
  // the library lets a native app's loopback address have another port
  Client.prototype.redirectUriAllowed = function isRegistered(
    this: InstanceType<typeof Client>,
    uri: string,
  ) {
    return this.redirectUris!.includes(uri);
  };
  Client.prototype.postLogoutRedirectUriAllowed = function isRegistered(
    this: InstanceType<typeof Client>,
    uri: string,
  ) {
    return this.postLogoutRedirectUris!.includes(uri);
  };
  Client.prototype.compareClientSecret = function compare(this: InstanceType<typeof Client>, secret: string) {
    return isSecret(secret, this.clientSecret);
  };
  // SMART's scopes can't be listed beforehand: all that were asked for count, once checkRequest has checked them
  Object.defineProperty(OIDCContext.prototype, 'requestParamOIDCScopes', {
    get(this: { requestParamScopes: Set<string> }) {
      return this.requestParamScopes;
    },
  });
}

/** Where the client wants the browser to be once it is logged out; checked by the library before. */
function afterLogout({ oidc }: { oidc?: { params?: Record<string, unknown> } }): string | undefined {
  const uri = oidc?.params?.post_logout_redirect_uri;
  return typeof uri === 'string' ? uri : undefined;
}

/** Routes that are read from any origin: the same for everybody. */
const PUBLISHED: ReadonlySet<string | undefined> = new Set(
  ['jwks', 'discovery'].flatMap((route) => [route, `cors.${route}`]),
);

/** The library answers browsers' preflights, and whoever shows no client, from any origin. */
function keepToOrigins(ctx: KoaContextWithOIDC, { isOrigin }: Pick<ProviderOptions, 'isOrigin'>): void {
  if (ctx.response.get('retry-after') !== '') ctx.append('access-control-expose-headers', 'Retry-After');
  if (PUBLISHED.has(ctx.oidc?.route) || isOrigin(ctx.get('origin'))) return;
  ctx.remove('access-control-allow-origin');
}

/** A JSON Web Token is none of ours, which is no fault of who asks: https://datatracker.ietf.org/doc/html/rfc7662#section-2.2 */
function notOurs(ctx: KoaContextWithOIDC): void {
  const { error } = (ctx.body ?? {}) as { error?: unknown };
  if (error !== 'unsupported_token_type') return;
  ctx.status = 200;
  ctx.body = { active: false };
}

/** Of an assertion that shows no client: what its developer can mend. */
function explain({ body, oidc }: KoaContextWithOIDC): void {
  const assertion: unknown = oidc?.params?.client_assertion;
  const { error } = (typeof body === 'object' && body !== null ? body : {}) as { error?: unknown };
  if (error !== 'invalid_client' || typeof assertion !== 'string') return;
  const wanted = {
    algorithms: ASSERTIONS,
    audiences: oidc.clientJwtAuthExpectedAudience(),
    longest: LONGEST_ASSERTION,
    tolerance: TOLERANCE,
  };
  const fault = assertionFault(assertion, wanted, Date.now() / 1000);
  Object.assign(body as object, { error_description: `the client’s assertion is not accepted: ${fault}` });
}

/** With the context of the launch, and without what is kept beside a token. */
function shown({ body, oidc }: KoaContextWithOIDC): unknown {
  if (typeof body !== 'object' || body === null) return body;
  if (oidc.route === 'introspection') {
    const { held: _held, ...rest } = body as Record<string, unknown>;
    return rest;
  }
  const { AccessToken } = oidc.entities;
  const { patient, encounter } = (AccessToken?.extra ?? {}) as { patient?: string; encounter?: string };
  if (AccessToken === undefined || !('access_token' in body)) return body;
  return {
    ...body,
    ...(patient === undefined ? {} : { patient }),
    ...(encounter === undefined ? {} : { encounter }),
    need_patient_banner: true,
    smart_style_url: `${oidc.provider.issuer}/smart-style.json`,
  };
}
