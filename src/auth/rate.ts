/** How often one may do something: counted by `rate-limiter-flexible`, here or in the database. */
import { type RateLimiterAbstract, RateLimiterMemory, RateLimiterRes } from 'rate-limiter-flexible';

/** Counts one. @returns seconds to wait; 0: none */
export type Rate = (name: string) => Promise<number>;

/** Seconds. */
export const MINUTE = 60;

/** Counted by this process alone. @param seconds in which there are so many */
export function rateHere(points: number, seconds: number): Rate {
  return rateOf(new RateLimiterMemory({ points, duration: seconds }));
}

export function rateOf(limiter: RateLimiterAbstract): Rate {
  return async (name) => {
    try {
      await limiter.consume(name);
      return 0;
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      return Math.max(1, Math.ceil(refused.msBeforeNext / 1000));
    }
  };
}
