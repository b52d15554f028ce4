/** How often the authorization server is asked: by an address, by a client, for an account. And the FHIR base by a client. */
import { networkOf, type Rate } from '../auth/rate.ts';

/** In a minute. */
export interface AuthRates {
  /** Requests of any kind. */
  address: number;
  /** Tokens that it is given. */
  client: number;
  /** Authorizations. */
  account: number;
  /** Of a client to the FHIR base. */
  requests: number;
}

export const AUTH_RATES: AuthRates = { address: 6000, client: 6000, account: 600, requests: 300_000 };

type Kind = Exclude<keyof AuthRates, 'requests'>;

export class Pace {
  readonly #counts: Record<Kind, Rate>;

  constructor(counts: Record<Kind, Rate>) {
    this.#counts = counts;
  }

  /** Counts one. @returns seconds to wait; 0: none */
  wait(kind: Kind, name: string): Promise<number> {
    return this.#counts[kind](kind === 'address' ? networkOf(name) : name);
  }
}
