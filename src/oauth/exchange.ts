/**
 * A system that acts for a professional who logged in to it at a provider of ours exchanges their token:
 * https://datatracker.ietf.org/doc/html/rfc8693
 */
import type { IncomingMessage } from 'node:http';
import type { errors as Errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { AccountLog } from '../audit/identity/log.ts';
import type { Artifacts } from '../auth/grants.ts';
import type { From } from '../auth/records.ts';
import { registrationOf } from './adapter.ts';
import { whoIs } from './login.ts';
import { LIVES } from './lives.ts';
import { scopesAsked, scopesFor } from './scopes.ts';
import { TOKEN_EXCHANGE } from './smart.ts';
import { settle } from './settle.ts';
import type { Elsewhere } from './upstream/parties.ts';
import { Refused } from './upstream/relying-party.ts';

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const LONGEST = 8000;

export interface Exchange {
  elsewhere: Elsewhere;
  events: AccountLog;
  from(request: IncomingMessage): From;
}

type Params = Record<
  'subject_token' | 'subject_token_type' | 'requested_token_type' | 'scope',
  string | undefined
>;

export function registerExchange(
  provider: Provider,
  errors: typeof Errors,
  options: Exchange & { artifacts: Artifacts },
): void {
  const names = [
    'subject_token',
    'subject_token_type',
    'requested_token_type',
    'scope',
    'audience',
    'resource',
  ];
  provider.registerGrantType(TOKEN_EXCHANGE, (ctx) => exchange(ctx as never), names);

  async function exchange(ctx: KoaContextWithOIDC): Promise<void> {
    const { client } = registrationOf(ctx.oidc.client!);
    const { persons, system } = client;
    if (persons === undefined || system === undefined)
      throw new errors.UnauthorizedClient('the client is not registered to act for professionals');
    const { subject_token: token, scope: asked } = paramsIn(ctx.oidc.params as never);
    const { scopes, fault } = scopesAsked(asked, persons.scope, 'person');
    if (fault !== undefined) throw new errors.InvalidScope(fault, asked ?? '');
    const granted = scopesFor(scopes, 'professional', false).filter((each) => each.startsWith('user/'));
    if (granted.length === 0) throw new errors.InvalidScope('no `user/` scope is asked for', asked ?? '');
    const { upstream, subject, admitted } = await subjectOf(ctx, token, persons.upstreamClients);
    const person = admitted.persons.find(
      ({ organizations, regulator }) => !regulator && organizations.includes(system.organization),
    );
    const settled = person && settle(person, client, {});
    if (person === undefined || settled === undefined) return refuse(ctx, upstream, 'organization');
    const { Grant, AccessToken } = provider;
    const grant = new Grant({ accountId: admitted.account, clientId: client.id });
    grant.addOIDCScope(granted.join(' '));
    const grantId = await grant.save();
    const seconds = Math.max(1, Math.min(LIVES.system, subject.until - Math.floor(Date.now() / 1000)));
    await options.artifacts.begin('grant', grantId, seconds, settled);
    const made = new AccessToken({
      accountId: admitted.account,
      client: ctx.oidc.client!,
      grantId,
      gty: 'token_exchange',
      scope: granted.join(' '),
      expiresIn: seconds,
    } as never);
    ctx.oidc.entity('AccessToken', made);
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
      scope: granted.join(' '),
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
    throw new errors.InvalidGrant('the subject token is not accepted for this client');
  }
}
