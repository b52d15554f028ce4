/** Failed logins as MongoDB holds them: of all processes together, under hashes, forgotten after a day. */
import { createHmac } from 'node:crypto';
import { RateLimiterMongo } from 'rate-limiter-flexible';
import { type Attempts, delayAfter } from '../../auth/attempts.ts';
import { Queue } from '../../interaction/queue.ts';
import type { Database } from '../database.ts';

/** Seconds. */
const DAY = 86_400;
/** More than anybody reaches: what counts is how many there were. */
const UNBOUNDED = 1_000_000;

export class MongoAttempts implements Attempts {
  readonly #failures: RateLimiterMongo;
  readonly #waits: RateLimiterMongo;
  readonly #key: Buffer;
  readonly #queue = new Queue();

  /** @param key under which names are kept: people type their password where their name belongs */
  constructor({ client, db }: Database, key: Buffer) {
    const common = {
      storeClient: client,
      dbName: db.databaseName,
      tableName: 'attempts',
      // see INDEXES
      disableIndexesCreation: true,
    };
    this.#failures = new RateLimiterMongo({
      ...common,
      keyPrefix: 'failures',
      points: UNBOUNDED,
      duration: DAY,
    });
    this.#waits = new RateLimiterMongo({ ...common, keyPrefix: 'waits', points: 1, duration: 1 });
    this.#key = key;
  }

  async wait(names: readonly string[]): Promise<number> {
    const found = await Promise.all(names.map((name) => this.#waits.get(this.#named(name))));
    return Math.max(
      0,
      ...found.map((each) => (each === null || each.remainingPoints > 0 ? 0 : each.msBeforeNext)),
    );
  }

  async failed(names: readonly string[]): Promise<void> {
    await Promise.all(
      names.map(async (name) => {
        const key = this.#named(name);
        const { consumedPoints } = await this.#failures.consume(key);
        const seconds = delayAfter(consumedPoints);
        if (seconds > 0) await this.#waits.block(key, seconds);
      }),
    );
  }

  async succeeded(names: readonly string[]): Promise<void> {
    await Promise.all(names.map((name) => this.#failures.delete(this.#named(name))));
  }

  inTurn<T>(names: readonly string[], work: () => Promise<T>): Promise<T> {
    return this.#queue.run(names, work);
  }

  #named(name: string): string {
    return createHmac('sha256', this.#key).update(name).digest('base64url');
  }
}
