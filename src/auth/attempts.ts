/** Failed logins, by account and by address: each lets the next wait longer. */

/** By what a try is counted: what it is for, and from where it comes. */
export interface Tried {
  account: string;
  address: string;
}

export interface Attempts {
  /**
   * A try counts as failed before it is made, so that of those that come at once, to whatever process, no more are made
   * than one after the other. @returns milliseconds to wait, and nothing was counted; 0: it may be made
   */
  begin(tried: Tried): Promise<number>;
  /**
   * The account's failures are forgotten. The address's too, once a day for each account: behind it there are people who are
   * right. Then only its share of that account's: who guesses at others' is not forgiven it by a login of their own.
   */
  succeeded(tried: Tried): Promise<void>;
  /** Alone among those of this account or address in this process: who is right isn't made to wait by who is under way. */
  inTurn<T>(tried: Tried, work: () => Promise<T>): Promise<T>;
}

/** Failures that nobody waits for. */
const FREE = 3;
/** Seconds. */
const LONGEST = 900;

/** @param failures in a row @returns seconds */
export function delayAfter(failures: number): number {
  return failures <= FREE ? 0 : Math.min(LONGEST, 2 ** (failures - FREE));
}
