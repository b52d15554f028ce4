/**
 * A system that acts for a professional who logged in to it at a provider of ours exchanges their token:
 * https://datatracker.ietf.org/doc/html/rfc8693
 */
import type { errors as Errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { type Acting, personScopes, tokenFor } from './acting.ts';
import { registrationOf } from './adapter.ts';
import { whoIs } from './login.ts';
import { invalidGrant } from './invalid-grant.ts';
import { LIVES } from './lives.ts';
import { TOKEN_EXCHANGE } from './smart.ts';
import { settle } from './settle.ts';
import type { Elsewhere } from './upstream/parties.ts';
import { Refused } from './upstream/relying-party.ts';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const LONGEST = 8000;

export interface Exchange extends Acting {
  /** Absolute FHIR base: the one target. */
  base: string;
  elsewhere: Elsewhere;
}

const NAMES = [
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'scope',
  'audience',
  'resource',
  'actor_token',
  'actor_token_type',
] as const;

type Params = Record<(typeof NAMES)[number], string | undefined>;

export function registerExchange(provider: Provider, errors: typeof Errors, options: Exchange): void {
  provider.registerGrantType(TOKEN_EXCHANGE, (ctx) => exchange(ctx as never), [...NAMES]);

  async function exchange(ctx: KoaContextWithOIDC): Promise<void> {
    const { client } = registrationOf(ctx.oidc.client!);
    const { persons, system } = client;
    if (persons?.upstreamClients === undefined || system === undefined)
      throw new errors.UnauthorizedClient('the client is not registered to act for professionals');
    const { subject_token: token, scope: asked } = paramsIn(ctx.oidc.params as never);
    const scopes = personScopes(errors, asked, persons.scope);
    const { upstream, subject, admitted } = await subjectOf(ctx, token, persons.upstreamClients);
    const person = admitted.persons.find(
      ({ organizations, regulator }) => !regulator && organizations.includes(system.organization),
    );
    const settled = person && settle(person, client, {});
    if (person === undefined || settled === undefined) return refuse(ctx, upstream, 'organization');
    const seconds = Math.max(1, Math.min(LIVES.system, subject.until - Math.floor(Date.now() / 1000)));
    const made = await tokenFor(ctx, provider, errors, options, {
      account: admitted.account,
      settled,
      scopes,
      seconds,
      gty: 'token_exchange',
    });
    await options.events.record({
      what: 'login',
      who: { account: admitted.account, ...whoIs(person) },
      client: client.id,
      ...options.from(ctx.req),
      detail: { method: upstream, acr: subject.acr, by: 'token exchange' },
    });
    ctx.body = {
      access_token: await made.save(),
      issued_token_type: ACCESS_TOKEN,
      token_type: 'Bearer',
      expires_in: seconds,
      scope: scopes.join(' '),
    };
  }

  function paramsIn(params: Params): { subject_token: string; scope: string | undefined } {
    const { subject_token: token, subject_token_type: type, requested_token_type: wanted } = params;
    if (token === undefined || token.length > LONGEST)
      throw new errors.InvalidRequest('`subject_token` is missing');
    if (type !== ACCESS_TOKEN)
      throw new errors.InvalidRequest(`\`subject_token_type\` must be ${ACCESS_TOKEN}`);
    if (wanted !== undefined && wanted !== ACCESS_TOKEN)
      throw new errors.InvalidRequest(`\`requested_token_type\` must be ${ACCESS_TOKEN}`);
    if (params.actor_token !== undefined || params.actor_token_type !== undefined)
      throw new errors.InvalidRequest('there is no exchange with an `actor_token`');
    for (const target of [params.audience, params.resource])
      if (target !== undefined && target !== options.base)
        throw new errors.InvalidTarget(`tokens are for this server alone: ${options.base}`);
    return { subject_token: token, scope: params.scope };
  }

  /** The provider says whose it is, and to which of its clients it was given: one that isn't this system's is nobody's here. */
  async function subjectOf(ctx: KoaContextWithOIDC, token: string, clients: readonly string[]) {
    const [upstream] = options.elsewhere.upstreams.filter(({ claims }) => claims === 'pro-sante-connect');
    const party = upstream && options.elsewhere.party(upstream.id);
    if (upstream === undefined || party === undefined) return refuse(ctx, '', 'unreachable');
    try {
      const subject = await party.subjectOf(token, clients);
      const admitted = await options.elsewhere.admit(upstream, subject);
      if (admitted.is !== 'admitted')
        throw new Refused(admitted.is === 'refused' ? admitted.why : admitted.is);
      return { upstream: upstream.id, subject, admitted };
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      return refuse(ctx, upstream.id, error.why);
    }
  }

  async function refuse(ctx: KoaContextWithOIDC, method: string, why: string): Promise<never> {
    await options.events.record({
      what: 'login-failed',
      client: ctx.oidc.client!.clientId,
      ...options.from(ctx.req),
      detail: { method, why, by: 'token exchange' },
    });
    throw invalidGrant(errors, 'the subject token is not accepted for this client');
  }
}
