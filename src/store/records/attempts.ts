/** Failed logins as MongoDB holds them: of all processes together, under hashes, forgotten after a day. */
import { createHmac } from 'node:crypto';
import type { Collection } from 'mongodb';
import { type Attempts, delayAfter, type Tried } from '../../auth/attempts.ts';
import { networkOf } from '../../auth/rate.ts';
import { Queue } from '../../interaction/queue.ts';
import type { Database } from '../database.ts';
import { isDuplicate, twice } from '../fault.ts';

/** Beside those of `rate-limiter-flexible`, see rates.ts. */
interface AttemptDoc {
  key: string;
  failures: number;
  /** When the next may be made. */
  next: Date;
  expire: Date;
}

/** Milliseconds. */
const DAY = 86_400_000;
const TIME = { maxTimeMS: 10_000 };
const AT_ONCE = new Date(0);
const ALL = Number.MAX_SAFE_INTEGER;
/** By number of failures, milliseconds; from the last on it is the same. */
const DELAYS = Array.from({ length: 20 }, (_, failures) => delayAfter(failures) * 1000);

export class MongoAttempts implements Attempts {
  readonly #docs: Collection<AttemptDoc>;
  readonly #key: Buffer;
  readonly #queue = new Queue();

  /** @param key under which names are kept: people type their password where their name belongs */
  constructor({ db }: Database, key: Buffer) {
    this.#docs = db.collection<AttemptDoc>('attempts');
    this.#key = key;
  }

  async begin({ account, address }: Tried): Promise<number> {
    const names = this.#names({ account, address });
    const wait = await this.#wait(names);
    if (wait > 0) return wait;
    const [first, second] = names;
    if (!(await this.#count(first))) return Math.max(1, await this.#wait(names));
    if (await this.#count(second)) return 0;
    await this.#take(first, 1);
    return Math.max(1, await this.#wait(names));
  }

  async succeeded(tried: Tried): Promise<void> {
    const [account, address] = this.#names(tried);
    const before = await this.#docs.findOneAndDelete({ key: account }, TIME);
    const isFirst = await this.#once(`${account} ${address}`);
    await this.#take(address, isFirst ? ALL : (before?.failures ?? 1));
  }

  /** In a day. */
  async #once(name: string): Promise<boolean> {
    try {
      const doc = { key: `forgave:${name}`, failures: 0, next: AT_ONCE, expire: new Date(Date.now() + DAY) };
      await this.#docs.insertOne(doc, TIME);
      return true;
    } catch (error) {
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  inTurn<T>({ account, address }: Tried, work: () => Promise<T>): Promise<T> {
    return this.#queue.run([`account ${account}`, `address ${networkOf(address)}`], work);
  }

  async #wait(names: readonly string[]): Promise<number> {
    const found = await this.#docs.find({ key: { $in: [...names] } }, TIME).toArray();
    return Math.max(0, ...found.map(({ next }) => next.getTime() - Date.now()));
  }

  /** One more, unless it must wait: looked at and written at once. */
  async #count(key: string): Promise<boolean> {
    const now = new Date();
    const isOver = { $lte: [{ $ifNull: ['$expire', now] }, now] };
    const failures = { $cond: [isOver, 1, { $add: ['$failures', 1] }] };
    const delay = { $arrayElemAt: [DELAYS, { $min: ['$failures', DELAYS.length - 1] }] };
    const next = { $cond: [{ $eq: [delay, 0] }, AT_ONCE, { $add: [now, delay] }] };
    const set = [
      { $set: { failures, expire: { $cond: [isOver, new Date(now.getTime() + DAY), '$expire'] } } },
      { $set: { next } },
    ];
    const filter = { key, next: { $lte: now } };
    try {
      await twice(() => this.#docs.updateOne(filter, set, { upsert: true, ...TIME }));
      return true;
    } catch (error) {
      // it is there, and its time hasn't come
      if (isDuplicate(error)) return false;
      throw error;
    }
  }

  /** So many failures fewer; who waits for them waits no more. */
  async #take(key: string, failures: number): Promise<void> {
    const left = { $max: [0, { $subtract: ['$failures', failures] }] };
    await this.#docs.updateOne({ key }, [{ $set: { failures: left, next: AT_ONCE } }], TIME);
  }

  #names({ account, address }: Tried): [string, string] {
    const named = (name: string): string =>
      `tries:${createHmac('sha256', this.#key).update(name).digest('base64url')}`;
    return [named(`account ${account}`), named(`address ${networkOf(address)}`)];
  }
}
