/**
 * Traces of what was read: durable before the answer leaves, written together by those who wait. The last record of a
 * batch binds the batch to the chain, and with it the records of writes since.
 */
import type { Trace } from '../../enforcement/ports.ts';
import type { ChainKeeper } from '../chain/keeper.ts';
import type { Link } from '../chain/link.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';
import { insert } from '../command.ts';
import { mentions } from '../write/mentions.ts';
import type { Traces } from './traces.ts';
import { UNWATCHED, type Watch } from '../watch.ts';

/** Requests whose traces are written together, and things that these name: it fits a message to MongoDB. */
const TOGETHER = 256;
const NAMED_TOGETHER = 5000;
/** INVARIANT: one, since a link comes after the one before it. */
const UNDER_WAY = 1;
/** How long records of writes wait for a batch of reads that binds them. Milliseconds. */
const LOOSE_FOR = 100;
const CHECKED_EVERY = 60_000;
/** So that who starts later knows that this process lives. */
const SIGN_OF_LIFE = 3_600_000;

type Rest = Pick<Link, 'what' | 'about'>;

interface Waiting {
  /** Milliseconds. */
  since: number;
  traces: (at: number) => Trace[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

export class AuditLog {
  readonly #database: Database;
  readonly #traces: Traces;
  readonly #watch: Watch;
  readonly #keeper: ChainKeeper;
  readonly #checking: NodeJS.Timeout;
  #binding: NodeJS.Timeout | undefined;
  /** Links to be made of their own, and who waits for them. */
  #due: { rest: Rest; resolve?: () => void; reject?: (error: unknown) => void }[] = [];
  #checked = { links: 0, at: 0 };
  #idle: (() => void)[] = [];
  #waiting: Waiting[] = [];
  #writing: Waiting[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(database: Database, traces: Traces, keeper: ChainKeeper, watch = UNWATCHED) {
    this.#database = database;
    this.#traces = traces;
    this.#keeper = keeper;
    this.#watch = watch;
    this.#checking = setInterval(() => this.#check(), CHECKED_EVERY).unref();
  }

  /** When the trace was asked for that has waited longest. */
  get waitingSince(): number | undefined {
    return (this.#writing[0] ?? this.#waiting[0])?.since;
  }

  record(traces: (at: number) => Trace[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ since: Date.now(), traces, resolve, reject });
      this.#schedule();
    });
  }

  /** Records of writes have entered the chain, or never will: soon a link tells of it. */
  bindSoon(): void {
    this.#binding ??= setTimeout(() => {
      this.#binding = undefined;
      this.#bindNow();
    }, LOOSE_FOR).unref();
  }

  /** A link of its own, which tells of something. Durable when it resolves. */
  bind(rest: Rest): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#due.push({ rest, resolve, reject });
      this.#schedule();
    });
  }

  #bindNow(): void {
    if (!this.#keeper.chain.isDue) return;
    if (!this.#due.some(({ resolve }) => resolve === undefined)) this.#due.push({ rest: {} });
    this.#schedule();
  }

  /** Nothing may be recorded after. */
  async close(): Promise<void> {
    clearInterval(this.#checking);
    clearTimeout(this.#binding);
    while (this.#underWay > 0 || this.#waiting.length > 0 || this.#due.length > 0)
      await new Promise<void>((resolve) => this.#idle.push(resolve));
    // one that isn't closed verifies too
    await this.#keeper.close().catch(() => {});
  }

  /** A link of its own, which tells later starts where to look from, and is signed. */
  #check(): void {
    const { links } = this.#keeper.chain;
    if (links === this.#checked.links && Date.now() - this.#checked.at < SIGN_OF_LIFE) return;
    this.#checked = { links: links + 1, at: Date.now() };
    // what can't be bound now will be a minute later
    void this.bind({})
      .then(() => this.#keeper.check())
      .catch(() => {});
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= UNDER_WAY) return;
    if (this.#waiting.length === 0 && this.#due.length === 0) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      // a batch binds what is loose
      if (this.#waiting.length > 0) this.#due = this.#due.filter(({ resolve }) => resolve !== undefined);
      void (this.#due.length > 0 ? this.#bind() : this.#write());
    });
  }

  async #bind(): Promise<void> {
    const due = this.#due.splice(0, 1)[0]!;
    this.#underWay += 1;
    try {
      await this.#keeper.open();
      await this.#keeper.alone(due.rest);
      due.resolve?.();
    } catch (error) {
      if (due.reject === undefined) this.bindSoon();
      else due.reject(error);
    } finally {
      this.#done();
    }
  }

  #done(): void {
    this.#underWay -= 1;
    this.#schedule();
    for (const resolve of this.#idle.splice(0)) resolve();
  }

  async #write(): Promise<void> {
    const batch: Waiting[] = [];
    this.#writing = batch;
    this.#underWay += 1;
    let written = -1;
    try {
      const now = Date.now();
      const traces = this.#take(batch, now);
      const docs = await this.#traces.encode(traces, now);
      await this.#flag(
        traces.filter((_, index) => docs[index]?.ids !== undefined && docs[index].patient !== ''),
      );
      if (docs.length > 0) await this.#insert(docs, now);
      else this.bindSoon();
      written = docs.length;
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#watch.traced(Math.max(written, 0), Date.now() - batch[0]!.since, written >= 0);
      this.#writing = [];
      this.#done();
    }
  }

  /** As many as are written together go over to `batch`. */
  #take(batch: Waiting[], now: number): Trace[] {
    const taken: Trace[] = [];
    let named = 0;
    while (this.#waiting.length > 0 && batch.length < TOGETHER && named < NAMED_TOGETHER) {
      const next = this.#waiting.shift()!;
      batch.push(next);
      for (const trace of next.traces(now)) {
        taken.push(trace);
        named += (trace.own.entity as unknown[]).length;
      }
    }
    return taken;
  }

  async #insert(docs: readonly Doc[], now: number): Promise<void> {
    const { chain, isOpen } = this.#keeper;
    if (!isOpen) await this.#keeper.open();
    const entry = chain.enter(docs);
    if (this.#database.sharded) {
      // the batch may be written in part: a link comes when it is whole
      await insert(this.#database.audit, docs).then(
        () => chain.written(entry),
        (error: unknown) => {
          chain.unsure(entry);
          throw error;
        },
      );
      this.bindSoon();
      return;
    }
    // INVARIANT: on the last one, so that what is written of a batch that was cut off has no link
    const draft = chain.bind(now, entry);
    docs.at(-1)!.link = draft.link;
    try {
      await insert(this.#database.audit, docs);
    } catch (error) {
      chain.lost(draft);
      this.bindSoon();
      throw error;
    }
    this.#keeper.bound(draft);
  }

  /** Patients whom another's trace names: searches for theirs must look further. Few, so one by one is soon enough. */
  async #flag(traces: readonly Trace[]): Promise<void> {
    const named = new Set(
      traces.flatMap(({ frame, own, patient }) => mentions({ ...frame, ...own }, [patient])),
    );
    if (named.size === 0) return;
    const operations = [...named].map((patient) => ({
      updateOne: {
        filter: { _id: patient },
        update: { $inc: { v: 1 }, $set: { shared: true } },
        upsert: true,
      },
    }));
    await this.#database.patients.bulkWrite(operations, { ordered: false, maxTimeMS: 10_000 });
  }
}
