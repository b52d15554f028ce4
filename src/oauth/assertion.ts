/**
 * A system names the professional of its organization for whom it acts, by an assertion that it signs. That is its own
 * word, less than their login: docs/decisions/0029-asserted-persons.md
 * https://datatracker.ietf.org/doc/html/rfc7523#section-2.1
 */
import { createPublicKey, type JsonWebKey } from 'node:crypto';
import jwt, { type JwtPayload } from 'jsonwebtoken';
import type { errors as Errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { mayAssert } from '../auth/clients.ts';
import { type Acting, personScopes, tokenFor } from './acting.ts';
import { registrationOf } from './adapter.ts';
import { invalidGrant } from './invalid-grant.ts';
import { LIVES } from './lives.ts';
import { whoIs } from './login.ts';
import type { Practising } from './practising.ts';
import { JWT_BEARER } from './smart.ts';
import { settle } from './settle.ts';

export interface Assertion extends Acting {
  practising: Practising;
  /** The one audience: the token endpoint. */
  audience: string;
  algorithms: readonly jwt.Algorithm[];
  /** Seconds that an assertion may live at most, and that clocks may differ. */
  longest: number;
  tolerance: number;
}

interface Claims {
  sub: string;
  jti: string;
  exp: number;
}

/** Of the library's client: keys of the registration, or read from where it says. */
interface KeyStore {
  selectForVerify(wanted: { alg: string; kid: string | undefined }): JsonWebKey[];
  fresh(): boolean;
  refresh(): Promise<void>;
}

const LONGEST_TEXT = 8000;
const LONGEST_ID = 200;
const HOW = 'assertion';

export function registerAssertion(provider: Provider, errors: typeof Errors, options: Assertion): void {
  const { artifacts, events, from, practising, audience, algorithms, longest, tolerance } = options;
  provider.registerGrantType(JWT_BEARER, (ctx) => answer(ctx as never), ['assertion', 'scope']);

  async function answer(ctx: KoaContextWithOIDC): Promise<void> {
    const { client } = registrationOf(ctx.oidc.client!);
    const { persons, system } = client;
    if (persons === undefined || system === undefined || !mayAssert(client))
      throw new errors.UnauthorizedClient('the client is not registered to name professionals');
    const { assertion, scope } = ctx.oidc.params as { assertion?: string; scope?: string };
    if (assertion === undefined || assertion.length > LONGEST_TEXT)
      throw new errors.InvalidRequest('`assertion` is missing');
    const scopes = personScopes(errors, scope, persons.scope);
    const { sub } = await claimsOf(ctx, assertion);
    const person = await practising(sub, system.organization);
    const settled = person && settle(person, client, {});
    if (person === undefined || settled === undefined)
      return refuse(
        ctx,
        'directory',
        'its `sub` is nobody who is known to practise in the client’s organization',
      );
    settled.holder.assertedBy = client.id;
    const token = await tokenFor(ctx, provider, errors, options, {
      account: person.reference,
      settled,
      scopes,
      seconds: LIVES.system,
      gty: 'jwt_bearer',
    });
    await events.record({
      what: 'login',
      who: { ...whoIs(person), isAsserted: true },
      client: client.id,
      ...from(ctx.req),
      about: [system.organization],
      detail: { by: HOW },
    });
    ctx.body = {
      access_token: await token.save(),
      token_type: 'Bearer',
      expires_in: LIVES.system,
      scope: scopes.join(' '),
    };
  }

  /** Of an assertion that the client signed, for us, now, and sent once. */
  async function claimsOf(ctx: KoaContextWithOIDC, assertion: string): Promise<Claims> {
    const { clientId } = ctx.oidc.client!;
    const signed = await verified(ctx, assertion);
    if (signed === undefined)
      return refuse(ctx, 'signature', 'it is not signed by a key of the client, or has expired');
    const { iss, sub, aud, exp, jti } = signed;
    if (iss !== clientId) return refuse(ctx, 'issuer', '`iss` is the client');
    if (aud !== audience) return refuse(ctx, 'audience', `\`aud\` is ${audience}, and nothing else`);
    const lasts = typeof exp === 'number' ? exp - Date.now() / 1000 : Infinity;
    if (typeof exp !== 'number' || lasts > longest)
      return refuse(ctx, 'expiry', 'it expires within five minutes: `exp`');
    if (typeof jti !== 'string' || jti === '' || jti.length > LONGEST_ID)
      return refuse(ctx, 'jti', `it has a \`jti\` of up to ${LONGEST_ID} characters`);
    if (typeof sub !== 'string') return refuse(ctx, 'subject', '`sub` names the professional');
    const kept = Math.max(1, Math.ceil(lasts) + tolerance);
    if (!(await artifacts.once('Assertion', `${clientId} ${jti}`, kept)))
      return refuse(ctx, 'replay', 'it was used before');
    return { sub, jti, exp };
  }

  async function verified(ctx: KoaContextWithOIDC, assertion: string): Promise<JwtPayload | undefined> {
    const header = headerOf(assertion);
    const alg = algorithms.find((each) => each === header?.alg);
    if (header === undefined || alg === undefined || header.crit !== undefined) return undefined;
    const store = (ctx.oidc.client as unknown as { asymmetricKeyStore: KeyStore }).asymmetricKeyStore;
    const select = () => store.selectForVerify({ alg, kid: header.kid });
    if (select().length === 0 && !store.fresh()) await store.refresh();
    for (const key of select()) {
      try {
        const publicKey = createPublicKey({ key, format: 'jwk' });
        const claims = jwt.verify(assertion, publicKey, { algorithms: [alg], clockTolerance: tolerance });
        if (typeof claims === 'object') return claims;
      } catch {
        // the next key, or none
      }
    }
    return undefined;
  }

  async function refuse(ctx: KoaContextWithOIDC, why: string, text: string): Promise<never> {
    await events.record({
      what: 'login-failed',
      client: ctx.oidc.client!.clientId,
      ...from(ctx.req),
      detail: { why, by: HOW },
    });
    throw invalidGrant(errors, `the assertion is not accepted: ${text}`);
  }
}

function headerOf(assertion: string): (jwt.JwtHeader & { crit?: unknown }) | undefined {
  try {
    return jwt.decode(assertion, { complete: true })?.header;
  } catch {
    return undefined;
  }
}
