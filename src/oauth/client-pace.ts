/** How many tokens one client is given, application or system. */
import type { errors as Errors, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { registrationOf } from './adapter.ts';
import type { Pace } from './pace.ts';

export interface ClientPace {
  pace: Pace;
  errors: typeof Errors;
}

/** Counts one. @throws OIDCProviderError 429 */
export async function keepPace(ctx: KoaContextWithOIDC, { pace, errors }: ClientPace): Promise<void> {
  const wait = await pace.wait('client', registrationOf(ctx.oidc.client!).client.id);
  if (wait === 0) return;
  ctx.set('retry-after', String(wait));
  const text = `too many tokens of one client: try again in ${wait} seconds`;
  const tooMany = new errors.OIDCProviderError(429, 'temporarily_unavailable');
  throw Object.assign(tooMany, { error_description: text });
}

/** It comes from a code or a refresh token, with which it was counted. */
export const isCounted = ({ oidc }: KoaContextWithOIDC): boolean =>
  oidc.entities.AuthorizationCode !== undefined || oidc.entities.RefreshToken !== undefined;

/**
 * Counts codes and refresh tokens before they are used up: one that came too soon is still good, and doesn't count as used twice.
 * What is no such is not counted, so that nobody spends what is a public client's.
 * @param current the request that is answered
 */
export function countUses(
  { AuthorizationCode, RefreshToken }: Provider,
  current: () => KoaContextWithOIDC,
  options: ClientPace,
): void {
  for (const { prototype } of [AuthorizationCode, RefreshToken]) {
    const { consume } = prototype;
    prototype.consume = async function counted(this: InstanceType<Provider['RefreshToken']>) {
      await keepPace(current(), options);
      await consume.call(this);
    };
  }
}
