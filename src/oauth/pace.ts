/** How often the authorization server is asked: by an address, by a client, for an account. Kept by each process. */
import { RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

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

/** Seconds. */
const MINUTE = 60;

export class Pace {
  readonly #limits: Record<keyof AuthRates, RateLimiterMemory>;

  constructor({ address, client, account }: AuthRates) {
    const limit = (keyPrefix: string, points: number): RateLimiterMemory =>
      new RateLimiterMemory({ keyPrefix, points, duration: MINUTE });
    this.#limits = {
      address: limit('address', address),
      client: limit('client', client),
      account: limit('account', account),
    };
  }

  /** Counts one. @returns seconds to wait; 0: none */
  async wait(kind: keyof AuthRates, name: string): Promise<number> {
    try {
      await this.#limits[kind].consume(name);
      return 0;
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    }
  }
}
