/**
 * One tick, one query: what the requests of one turn of the event loop ask for by key is asked in one call, since
 * the driver's cost for each call is what dominates. A request never joins a call that was already sent, so what
 * it gets is as fresh as if it had asked alone.
 */

interface Waiting<V> {
  resolve: (value: V | undefined) => void;
  reject: (error: unknown) => void;
}

export class Gather<V, K = string> {
  readonly #fetch: (keys: K[]) => Promise<Map<K, V>>;
  readonly #atOnce: number;
  #waiting = new Map<K, Waiting<V>[]>();
  #underWay = 0;
  #scheduled = false;

  /** @param atOnce calls under way at a time: fewer gather more */
  constructor(fetch: (keys: K[]) => Promise<Map<K, V>>, atOnce = 2) {
    this.#fetch = fetch;
    this.#atOnce = atOnce;
  }

  get(key: K): Promise<V | undefined> {
    return new Promise((resolve, reject) => {
      const others = this.#waiting.get(key);
      if (others === undefined) this.#waiting.set(key, [{ resolve, reject }]);
      else others.push({ resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= this.#atOnce || this.#waiting.size === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#send();
    });
  }

  async #send(): Promise<void> {
    const batch = this.#waiting;
    this.#waiting = new Map();
    this.#underWay += 1;
    try {
      const found = await this.#fetch([...batch.keys()]);
      for (const [key, waiting] of batch) for (const { resolve } of waiting) resolve(found.get(key));
    } catch (error) {
      for (const waiting of batch.values()) for (const { reject } of waiting) reject(error);
    } finally {
      this.#underWay -= 1;
      this.#schedule();
    }
  }
}
