/** How often the authorization server is asked: by an address, by a client, for an account. */
import { networkOf, type Rate } from '../auth/rate.ts';

/** In a minute. */
export interface AuthRates {
  /** Requests of any kind. */
  address: number;
  /** Tokens of its own. */
  client: number;
  /** Authorizations. */
  account: number;
}

export const AUTH_RATES: AuthRates = { address: 6000, client: 6000, account: 600 };

export class Pace {
  readonly #counts: Record<keyof AuthRates, Rate>;

  constructor(counts: Record<keyof AuthRates, Rate>) {
    this.#counts = counts;
  }

  /** Counts one. @returns seconds to wait; 0: none */
  wait(kind: keyof AuthRates, name: string): Promise<number> {
    return this.#counts[kind](kind === 'address' ? networkOf(name) : name);
  }
}
