/** How often one may do something: counted by `rate-limiter-flexible`. */
import { isIPv6 } from 'node:net';
import { type RateLimiterAbstract, RateLimiterRes } from 'rate-limiter-flexible';

/** Counts one. @returns seconds to wait; 0: none */
export type Rate = (name: string) => Promise<number>;

/** Seconds. */
export const MINUTE = 60;

/** Names whose shares are remembered. */
const REMEMBERED = 10_000;

interface Share {
  left: number;
  /** Milliseconds: then it is worth nothing, and who was refused may ask again. */
  until: number;
  isRefused: boolean;
}

/**
 * What is counted elsewhere for all processes is taken from there a share at a time: a call for each share, and never more
 * than there is. What a process doesn't use of its share is lost to the others until the window ends.
 */
export function rateInShares(limiter: RateLimiterAbstract, share: number): Rate {
  const shares = new Map<string, Promise<Share>>();

  async function take(name: string): Promise<Share> {
    try {
      const { msBeforeNext } = await limiter.consume(name, share);
      return { left: share, until: Date.now() + msBeforeNext, isRefused: false };
    } catch (refused) {
      if (!(refused instanceof RateLimiterRes)) throw refused;
      return { left: 0, until: Date.now() + refused.msBeforeNext, isRefused: true };
    }
  }

  function remember(name: string, taken: Promise<Share>): void {
    if (shares.size >= REMEMBERED) shares.delete(shares.keys().next().value!);
    shares.set(name, taken);
    taken.catch(() => shares.get(name) === taken && shares.delete(name));
  }

  return async (name) => {
    for (;;) {
      const held = shares.get(name);
      const mine = (await held) ?? NONE;
      const wait = mine.until - Date.now();
      if (mine.isRefused && wait > 0) return Math.ceil(wait / 1000);
      if (mine.left > 0 && wait > 0) {
        mine.left -= 1;
        return 0;
      }
      // of those that wait the first takes another, for all of them
      if (shares.get(name) === held) remember(name, take(name));
    }
  };
}

const NONE: Share = { left: 0, until: 0, isRefused: false };

/**
 * As what an address is counted: of IPv6 the first 64 bits, since whoever has one of them has them all.
 * https://datatracker.ietf.org/doc/html/rfc6177#section-2
 */
export function networkOf(address: string): string {
  const [bare = ''] = address.split('%', 1);
  if (!isIPv6(bare)) return address;
  const [before = '', after] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const [first, last] = [before, after ?? ''].map((part) => part.split(':').filter(Boolean)) as [
    string[],
    string[],
  ];
  const between = Array<string>(8 - first.length - last.length).fill('0');
  return `${[...first, ...between, ...last].slice(0, 4).join(':')}::/64`;
}
