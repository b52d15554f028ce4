/** The store of one transaction: what its entries commit waits for the others, and is written at once or not at all. */
import { changeAtFault } from './at-fault.ts';
import type { Change, Lock, Stored } from './ports.ts';
import { ScopedStore } from './scoped-store.ts';

interface Waiting {
  changes: readonly Change[];
  locks: readonly Lock[];
  resolve: (stored: Stored[]) => void;
  reject: (error: unknown) => void;
}

/** Gathers the commits of the entries of one transaction. */
export class StagedStore extends ScopedStore {
  override readonly staged = true;
  readonly #also: Lock[] = [];
  readonly #whole: ScopedStore;
  readonly #waiting: Waiting[] = [];
  #told: () => void = () => {};

  constructor(whole: ScopedStore) {
    super(...ScopedStore.partsOf(whole));
    this.#whole = whole;
  }

  override commit(changes: readonly Change[], locks: readonly Lock[] = []): Promise<Stored[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ changes, locks, resolve, reject });
      this.#told();
    });
  }

  /** What the transaction as a whole stands on. */
  hold(lock: Lock): void {
    this.#also.push(lock);
  }

  /** Waits until each of these has either failed or staged its changes, then commits all, or none. */
  async settle<T>(entries: readonly Promise<T>[]): Promise<PromiseSettledResult<T>[]> {
    let settled = 0;
    let failed = false;
    await new Promise<void>((resolve) => {
      const check = (): void => {
        if (failed || settled + this.#waiting.length >= entries.length) resolve();
      };
      this.#told = check;
      for (const entry of entries) {
        entry.then(
          () => {
            settled += 1;
            check();
          },
          () => {
            failed = true;
            check();
          },
        );
      }
      check();
    });
    // whichever entry was ready first: what is written and traced comes in one order
    const waiting = this.#waiting.splice(0).sort((a, b) => compare(nameOf(a), nameOf(b)));
    try {
      if (failed) throw new Abandoned();
      const stored = await this.#whole.commit(
        waiting.flatMap(({ changes }) => changes),
        distinct([...this.#also, ...waiting.flatMap(({ locks }) => locks)]),
      );
      let start = 0;
      for (const { changes, resolve } of waiting) resolve(stored.slice(start, (start += changes.length)));
    } catch (error) {
      this.#told = () => {
        for (const { reject } of this.#waiting.splice(0)) reject(error);
      };
      const change = changeAtFault(error);
      for (const { changes, reject } of waiting)
        reject(change === undefined || changes.includes(change) ? error : new Abandoned());
    }
    return Promise.allSettled(entries);
  }
}

/** Another entry of the transaction failed. */
export class Abandoned extends Error {}

const nameOf = ({ changes: [first] }: Waiting): string =>
  first === undefined ? '' : `${first.type}/${first.id}`;
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));

function distinct(locks: readonly Lock[]): Lock[] {
  return [...new Map(locks.map((lock) => [lock.key, lock])).values()];
}
