/** Failed logins, by account and by address: each lets the next wait longer. */

export interface Attempts {
  /** Milliseconds to wait before the next try; 0: none. */
  wait(names: readonly string[]): Promise<number>;
  failed(names: readonly string[]): Promise<void>;
  succeeded(names: readonly string[]): Promise<void>;
  /** Alone among those of any of these names in this process: who comes at once is counted one after the other. */
  inTurn<T>(names: readonly string[], work: () => Promise<T>): Promise<T>;
}

/** Failures that nobody waits for. */
const FREE = 3;
/** Seconds. */
const LONGEST = 900;

/** @param failures in a row @returns seconds */
export function delayAfter(failures: number): number {
  return failures <= FREE ? 0 : Math.min(LONGEST, 2 ** (failures - FREE));
}
