/**
 * A refresh may ask for less than was granted, also for less of a scope (`patient/Observation.rs` of `patient/*.rs`),
 * where the library compares words: https://datatracker.ietf.org/doc/html/rfc6749#section-6
 */
import type { KoaContextWithOIDC, Provider } from 'oidc-provider';
import { isResourceScope } from '../auth/scopes.ts';
import { scopesAsked } from './scopes.ts';

/** @param current the request that is answered */
export function narrowRefreshes(
  { RefreshToken, Grant }: Provider,
  current: () => KoaContextWithOIDC | undefined,
): void {
  Object.defineProperty(RefreshToken.prototype, 'scopes', {
    get(this: InstanceType<Provider['RefreshToken']>) {
      const granted = this.scope ?? '';
      return new Set([...wordsOf(granted), ...narrower(current(), granted)]);
    },
  });
  const filtered = Grant.prototype.getOIDCScopeFiltered;
  Grant.prototype.getOIDCScopeFiltered = function within(this: InstanceType<Provider['Grant']>, filter) {
    const narrowed = narrower(current(), this.getOIDCScope());
    return [...new Set([...wordsOf(filtered.call(this, filter)), ...narrowed])].join(' ');
  };
}

/** What a refresh asks for that isn't a word of what was granted, but less; nothing of it where some is more. */
function narrower(context: KoaContextWithOIDC | undefined, granted: string): string[] {
  const { params, route } = context?.oidc ?? {};
  if (route !== 'token' || params?.grant_type !== 'refresh_token' || typeof params.scope !== 'string')
    return [];
  const words = wordsOf(granted);
  const { scopes, fault } = scopesAsked(params.scope, granted, 'person');
  return fault === undefined
    ? scopes.filter((scope) => isResourceScope(scope) && !words.includes(scope))
    : [];
}

const wordsOf = (scope: string): string[] => scope.split(' ').filter(Boolean);
