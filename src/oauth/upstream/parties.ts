/** The ways in from elsewhere, and what is under way at each. */
import type { JsonWebKey } from 'node:crypto';
import type { Clock } from '../../auth/clock.ts';
import type { Upstream } from '../../auth/upstream.ts';
import type { Admitted, Outcome } from './admit.ts';
import type { Arrived } from './relying-party.ts';
import { RelyingParty } from './relying-party.ts';
import type { OwnKeys } from './own-keys.ts';

/** What the screens need of logins elsewhere. */
export interface Elsewhere {
  upstreams: readonly Upstream[];
  party(id: string): RelyingParty | undefined;
  admit(upstream: Upstream, arrived: Arrived, account?: string): Promise<Outcome>;
  /** Undefined: one answer for all that isn't so. */
  link(upstream: Upstream, arrived: Arrived, typed: string, account?: string): Promise<Admitted | undefined>;
  /** By which the refusal of a code leaves: its time tells nothing of whether there is a space. */
  clock: Clock;
  /** Those by which who has logged in may add another role of theirs. */
  joinable(account: string): Promise<readonly Upstream[]>;
  /** Names a login for counting: it tells nothing of who it is. */
  nameOf(arrived: Arrived): string;
  /** Our public keys. */
  published(): { keys: JsonWebKey[] };
}

/** `https://x.org/oauth/back/psc` */
export function redirectUriOf(issuer: string, id: string): string {
  return `${issuer}/back/${id}`;
}

/** `https://x.org/oauth/left/psc` */
export function leftUriOf(issuer: string, id: string): string {
  return `${issuer}/left/${id}`;
}

export function parties(
  upstreams: readonly Upstream[],
  issuer: string,
  keys: OwnKeys,
): (id: string) => RelyingParty | undefined {
  const each = new Map(
    upstreams.map((upstream) => [
      upstream.id,
      new RelyingParty(upstream, redirectUriOf(issuer, upstream.id), leftUriOf(issuer, upstream.id), keys),
    ]),
  );
  return (id) => each.get(id);
}
