/** What a system's two grants that act for a person have alike: RFC 8693, exchange.ts, and RFC 7523, assertion.ts. */
import type { X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import type { errors as Errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import type { AccountLog } from '../audit/identity/log.ts';
import type { Artifacts, Settled } from '../auth/grants.ts';
import type { From } from '../auth/records.ts';
import { scopesAsked, scopesFor } from './scopes.ts';

export interface Acting {
  artifacts: Artifacts;
  events: AccountLog;
  from(request: IncomingMessage): From;
  /** With which a request came. */
  certificate(request: IncomingMessage): X509Certificate | undefined;
}

/** `user/` scopes within what the system may ask for. @throws InvalidScope */
export function personScopes(errors: typeof Errors, asked: string | undefined, ceiling: string): string[] {
  const { scopes, fault } = scopesAsked(asked, ceiling, 'person');
  if (fault !== undefined) throw new errors.InvalidScope(fault, asked ?? '');
  const granted = scopesFor(scopes, 'professional', false).filter((each) => each.startsWith('user/'));
  if (granted.length === 0) throw new errors.InvalidScope('no `user/` scope is asked for', asked ?? '');
  return granted;
}

export interface Given {
  /** Whose; where there is no account here, the person's reference. */
  account: string;
  settled: Settled;
  scopes: readonly string[];
  /** That it lives. */
  seconds: number;
  gty: string;
}

/** An access token of an authorization of its own: to be traced, then saved. @throws InvalidGrant */
export async function tokenFor(
  ctx: KoaContextWithOIDC,
  provider: Provider,
  errors: typeof Errors,
  { artifacts, certificate }: Acting,
  { account, settled, scopes, seconds, gty }: Given,
): Promise<InstanceType<Provider['AccessToken']>> {
  const { Grant, AccessToken } = provider;
  const client = ctx.oidc.client!;
  const scope = scopes.join(' ');
  const grant = new Grant({ accountId: account, clientId: client.clientId });
  grant.addOIDCScope(scope);
  const grantId = await grant.save();
  await artifacts.begin('grant', grantId, seconds, settled);
  const token = new AccessToken({
    accountId: account,
    client,
    grantId,
    gty,
    scope,
    expiresIn: seconds,
  } as never);
  if (client.tlsClientCertificateBoundAccessTokens === true) {
    const shown = certificate(ctx.req);
    if (shown === undefined) throw new errors.InvalidGrant('mutual TLS client certificate not provided');
    token.setThumbprint('x5t', shown);
  }
  ctx.oidc.entity('AccessToken', token);
  return token;
}
