/** Writes to one thing wait for each other here, so that they seldom meet in the database. */
export class Queue {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** INVARIANT: stands in all its lines at once, so that no two wait for each other. */
  async run<T>(keys: readonly string[], work: () => Promise<T>): Promise<T> {
    const turn = Promise.all(keys.map(async (key) => this.#tails.get(key))).then(work);
    const tail = turn.catch(() => {});
    for (const key of keys) this.#tails.set(key, tail);
    try {
      return await turn;
    } finally {
      for (const key of keys) if (this.#tails.get(key) === tail) this.#tails.delete(key);
    }
  }
}
