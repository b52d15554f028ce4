/**
 * A real OpenID provider in place of Pro Santé Connect or FranceConnect+, with their claims. Whoever comes is logged in as
 * the person that the test says; what it answers can be spoiled on the way, as an attacker or a fault would.
 */
import { generateKeyPairSync } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { CompactEncrypt, importJWK, type JWK, SignJWT, UnsecuredJWT } from 'jose';
import type { Adapter, AdapterPayload, Configuration, Provider } from 'oidc-provider';
import { loadProvider } from '../../../src/oauth/library.ts';

export interface Comes {
  sub: string;
  acr: string;
  claims: Record<string, unknown>;
}

export interface Spoil {
  /** Of the ID token, which is signed and wrapped anew with them; what isn't said is as it should be. */
  claims?: Record<string, unknown>;
  /** In place of the provider's own. */
  signedBy?: 'nobody' | 'a stranger';
  /** Sent without its wrapping. */
  isBare?: boolean;
  /** Sent as plain JSON. */
  userinfo?: 'json';
  /** Of the answer in the browser. */
  answer?: (query: URLSearchParams) => void;
}

export interface UpstreamServer {
  issuer: string;
  /** Who comes next. */
  comes: Comes;
  spoil: Spoil;
  /** How clients proved who they are, as it saw it. */
  seen: { authorization?: string; form: Record<string, unknown> }[];
  /** Knows Carnet from here on, the first, and others beside it. */
  open(client: Record<string, unknown>, ...others: Record<string, unknown>[]): Promise<void>;
  /** An access token of who comes, as a client of the provider's own has it. @param seconds that it lives */
  give(client: string, seconds?: number): Promise<string>;
  close(): Promise<void>;
}

const CLAIMS = [
  'SubjectNameID SubjectRefPro Acces_Regulation_Medicale given_name family_name',
  'birthdate gender birthplace birthcountry preferred_username email',
].flatMap((each) => each.split(' '));

export async function upstreamServer(alg: 'RS256' | 'ES256'): Promise<UpstreamServer> {
  const { Provider } = await loadProvider();
  let provider: Provider | undefined;
  const server: Server = createServer((request, response) => {
    if (request.url!.startsWith('/login/')) void login(request, response);
    else void provider!.callback()(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const key = keyOf(alg, 'upstream-key');
  const upstream: UpstreamServer = {
    issuer,
    comes: { sub: '', acr: '', claims: {} },
    spoil: {},
    seen: [],
    async open(client, ...others) {
      provider = new Provider(issuer, configurationFor(upstream, key, [client, ...others]));
      provider.use(async (ctx, next) => {
        await next();
        if (ctx.oidc?.route === 'token') {
          const { authorization } = ctx.headers;
          upstream.seen.push({ ...(authorization && { authorization }), form: { ...ctx.oidc.body } });
          const { accountId: sub, nonce, acr } = ctx.oidc.entities.AuthorizationCode ?? {};
          const claims = { iss: issuer, sub, nonce, acr };
          await spoilToken(upstream.spoil, ctx.body as { id_token?: string }, claims, key, client);
        }
        if (ctx.oidc?.route === 'userinfo' && upstream.spoil.userinfo === 'json') {
          ctx.type = 'json';
          ctx.body = { sub: upstream.comes.sub, ...upstream.comes.claims };
        }
        const location = ctx.response.get('location') ?? '';
        if (location.includes('/back/')) {
          const url = new URL(location);
          upstream.spoil.answer?.(url.searchParams);
          ctx.response.set('location', url.href);
        }
      });
    },
    async give(clientId, seconds = 600) {
      const { Grant, AccessToken, Client } = provider!;
      const grant = new Grant({ accountId: upstream.comes.sub, clientId });
      grant.addOIDCScope('openid identity scope_all');
      const token = new AccessToken({
        accountId: upstream.comes.sub,
        client: (await Client.find(clientId))!,
        grantId: await grant.save(),
        gty: 'authorization_code',
        scope: 'openid identity scope_all',
        expiresIn: seconds,
      } as never);
      return token.save();
    },
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
  const login = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { sub, acr } = upstream.comes;
    await provider!.interactionFinished(request, response, { login: { accountId: sub, acr } });
  };
  return upstream;
}

/** What it keeps, for as long as it lives. */
function adapterFor(clients: readonly Record<string, unknown>[]): (kind: string) => Adapter {
  const kept = new Map<string, AdapterPayload>();
  const clientOf = (id: string) =>
    clients.find((each) => each.client_id === id) as AdapterPayload | undefined;
  return (kind) => {
    const findBy = async (name: 'uid' | 'userCode', value: string): Promise<AdapterPayload | undefined> =>
      [...kept].find(([key, each]) => key.startsWith(`${kind} `) && each[name] === value)?.[1];
    return {
      upsert: async (id, payload) => void kept.set(`${kind} ${id}`, payload),
      find: async (id) => (kind === 'Client' ? clientOf(id) : kept.get(`${kind} ${id}`)),
      findByUid: (uid) => findBy('uid', uid),
      findByUserCode: (code) => findBy('userCode', code),
      consume: async (id) => void Object.assign(kept.get(`${kind} ${id}`)!, { consumed: true }),
      destroy: async (id) => void kept.delete(`${kind} ${id}`),
      revokeByGrantId: async (grant) => {
        for (const [key, each] of kept) if (each.grantId === grant) kept.delete(key);
      },
    };
  };
}

function configurationFor(
  upstream: UpstreamServer,
  key: JWK,
  clients: readonly Record<string, unknown>[],
): Configuration {
  return {
    adapter: adapterFor(clients),
    extraTokenClaims: () => ({ acr: upstream.comes.acr }),
    jwks: { keys: [key as never] },
    claims: { openid: ['sub'], identity: CLAIMS },
    scopes: ['openid', 'identity', 'scope_all'],
    acrValues: ['eidas1', 'eidas2', 'eidas3'],
    features: {
      devInteractions: { enabled: false },
      encryption: { enabled: true },
      jwtUserinfo: { enabled: true },
      introspection: { enabled: true, allowedPolicy: () => true },
    },
    enabledJWA: {
      idTokenEncryptionAlgValues: ['RSA-OAEP', 'RSA-OAEP-256', 'ECDH-ES'],
      userinfoEncryptionAlgValues: ['RSA-OAEP', 'RSA-OAEP-256', 'ECDH-ES'],
      idTokenSigningAlgValues: ['RS256', 'ES256'],
      userinfoSigningAlgValues: ['RS256', 'ES256'],
      clientAuthSigningAlgValues: ['ES256'],
    } as never,
    pkce: { required: () => true },
    interactions: { url: (_ctx, { uid }) => `/login/${uid}` },
    cookies: { keys: ['a key for tests'] },
    clientBasedCORS: () => false,
    ttl: { Interaction: 600, Grant: 600, Session: 600, AccessToken: 600, IdToken: 600 },
    async loadExistingGrant(ctx) {
      const { Grant } = ctx.oidc.provider;
      const grant = new Grant({
        accountId: ctx.oidc.session!.accountId!,
        clientId: ctx.oidc.client!.clientId,
      });
      grant.addOIDCScope('openid identity scope_all');
      await grant.save();
      return grant;
    },
    findAccount: (_ctx, sub) => ({
      accountId: sub,
      claims: async () => ({ sub, ...upstream.comes.claims }),
    }),
  };
}

async function spoilToken(
  { claims, signedBy, isBare }: Spoil,
  body: { id_token?: string },
  right: Record<string, unknown>,
  key: JWK,
  { client_id: audience, id_token_encrypted_response_alg: keyAlg, jwks }: Record<string, unknown>,
): Promise<void> {
  if (body.id_token === undefined || (claims ?? signedBy ?? isBare) === undefined) return;
  const now = Math.floor(Date.now() / 1000);
  const payload = { ...right, aud: audience, iat: now, exp: now + 300, ...claims };
  const alg = key.alg as 'RS256' | 'ES256';
  const signer = signedBy === 'a stranger' ? keyOf(alg, key.kid!) : key;
  const token =
    signedBy === 'nobody'
      ? new UnsecuredJWT(payload as never).encode()
      : await new SignJWT(payload as never)
          .setProtectedHeader({ alg, kid: signer.kid! })
          .sign(await importJWK(signer, alg));
  if (isBare === true || keyAlg === undefined) {
    body.id_token = token;
    return;
  }
  const to = (jwks as { keys: JWK[] }).keys.find((each) => each.alg === keyAlg)!;
  body.id_token = await new CompactEncrypt(Buffer.from(token))
    .setProtectedHeader({ alg: keyAlg as string, enc: 'A256GCM', kid: to.kid!, cty: 'JWT' })
    .encrypt(await importJWK(to, keyAlg as string));
}

function keyOf(alg: 'RS256' | 'ES256', kid: string): JWK {
  const { privateKey } =
    alg === 'RS256'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' } as JWK;
}
