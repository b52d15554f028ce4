/**
 * Writes. A unit (one interaction's changes) is one transaction: new versions, old ones to history, the versions
 * that the gate stands on, locks, audit records. Units that wait at the same moment share a transaction, since
 * transactions are what costs; when that one fails they are tried one by one, so nobody pays for another's conflict.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ObjectId } from 'mongodb';
import { type Commit, Stale, type Stored, type Trace } from '../../enforcement/ports.ts';
import { carryOut } from './carry-out.ts';
import type { Chain } from '../chain/chain.ts';
import { Late, Unanswered, commitSurely, isConflict, isTransient, tooLate } from './conflict.ts';
import type { Database } from '../database.ts';
import { attributes } from '../document.ts';
import type { Encoder, Encoded } from './encoder.ts';
import { isAway } from '../fault.ts';
import { type OutboxDoc, rowOf } from '../outgoing/outbox.ts';
import { prepare } from './prepared.ts';
import { beside } from '../outgoing/subscription-writes.ts';
import type { Traces } from '../traces/traces.ts';
import { UNWATCHED, type Watch } from '../watch.ts';

const TOGETHER = 32;
const UNDER_WAY = 2;
/** A transaction that takes longer is not waited for: another begins beside it. Milliseconds. */
const LONG = 25;
const TRIES = 8;
const LATE_TRIES = 2;
/** How long writes wait for a database that is away, as while another node takes over. */
const AWAY_WITHIN = 10_000;
/** Together shorter than VISIBLE_WITHIN: what takes longer is begun again with a new time, so that polling misses nothing. */
const WRITTEN_WITHIN = 6_000;
const COMMIT_WITHIN = 3_000;

interface Unit {
  commit: Commit;
  resolve: (stored: Stored[]) => void;
  reject: (error: unknown) => void;
}

export class Committer {
  readonly #database: Database;
  readonly #encoder: Encoder;
  readonly #traces: Traces;
  readonly #watch: Watch;
  readonly #chain: Chain;
  readonly #bindSoon: () => void;
  readonly #subscriptions: Buffer;
  #waiting: Unit[] = [];
  #underWay = 0;
  #scheduled = false;
  #impatient: NodeJS.Timeout | undefined;

  /** @param chained what the audit records enter, and who is told of it */
  constructor(
    database: Database,
    encoder: Encoder,
    traces: Traces,
    chained: { chain: Chain; bindSoon: () => void; subscriptions: Buffer },
    watch = UNWATCHED,
  ) {
    this.#database = database;
    this.#encoder = encoder;
    this.#traces = traces;
    this.#chain = chained.chain;
    this.#bindSoon = chained.bindSoon;
    this.#subscriptions = chained.subscriptions;
    this.#watch = watch;
  }

  commit(commit: Commit): Promise<Stored[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(isLate = false): void {
    if (this.#scheduled || this.#underWay >= UNDER_WAY || this.#waiting.length === 0) return;
    // what waits for the one under way shares the next
    if (this.#underWay > 0 && this.#waiting.length < TOGETHER && !isLate) {
      this.#impatient ??= setTimeout(() => {
        this.#impatient = undefined;
        this.#schedule(true);
      }, LONG);
      return;
    }
    clearTimeout(this.#impatient);
    this.#impatient = undefined;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      void this.#next();
    });
  }

  async #next(): Promise<void> {
    const batch = this.#together();
    this.#underWay += 1;
    try {
      await this.#attempt(batch);
    } catch (error) {
      for (const { reject } of batch) reject(error);
    } finally {
      this.#underWay -= 1;
      this.#schedule();
    }
  }

  /** Units that touch nothing in common, in the order they came; the rest waits. */
  #together(): Unit[] {
    const batch: Unit[] = [];
    const rest: Unit[] = [];
    const touched = new Set<string>();
    for (const unit of this.#waiting) {
      const keys = [
        ...unit.commit.changes.map(({ type, id }) => `${type}/${id}`),
        ...unit.commit.locks.map(({ key }) => key),
      ];
      if (batch.length < TOGETHER && keys.every((key) => !touched.has(key))) batch.push(unit);
      else rest.push(unit);
      for (const key of keys) touched.add(key);
    }
    this.#waiting = rest;
    return batch;
  }

  async #attempt(batch: readonly Unit[]): Promise<void> {
    const since = performance.now();
    try {
      const stored = await this.#write(batch);
      this.#watch.committed(batch.length, performance.now() - since);
      for (const [index, { resolve }] of batch.entries()) resolve(stored[index]!);
    } catch (error) {
      if (batch.length === 1 && isConflict(error)) {
        this.#watch.conflicted();
        throw new Stale();
      }
      if (batch.length === 1 || error instanceof Unanswered) throw error;
      this.#watch.retried();
      for (const unit of batch) {
        try {
          await this.#attempt([unit]);
        } catch (own) {
          unit.reject(own);
        }
      }
    }
  }

  async #write(batch: readonly Unit[]): Promise<Stored[][]> {
    const since = Date.now();
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#transaction(batch);
      } catch (error) {
        if (!isTransient(error)) throw error;
        if (isAway(error)) {
          if (Date.now() - since > AWAY_WITHIN)
            throw new Unanswered('the database can not be reached: try again', error);
        } else if (error instanceof Late) {
          if (batch.length === 1 && attempt === LATE_TRIES)
            throw tooLate(error, batch[0]!.commit.changes.length);
          if (batch.length > 1) throw error;
        } else if (attempt === TRIES || batch.length > 1) throw error;
        this.#watch.retried();
        await sleep(2 ** Math.min(attempt, TRIES) + Math.random() * 10);
      }
    }
  }

  async #transaction(batch: readonly Unit[]): Promise<Stored[][]> {
    await this.#encoder.prepare(batch.flatMap(({ commit }) => commit.changes));
    const at = Date.now();
    const results: Stored[][] = [];
    const whole: Encoded[] = [];
    const traces: Trace[] = [];
    const outbox: OutboxDoc[] = [];
    for (const { commit } of batch) {
      const encoded = await this.#encoder.encode(commit.changes, at);
      whole.push(...encoded);
      for (const { rid, version, change } of encoded)
        if (version.type !== 'AuditEvent') outbox.push(rowOf(rid, version, commit, change));
      results.push(encoded.map(({ rid, version, body }) => ({ ...attributes(rid, version), body })));
      traces.push(...commit.audit(at));
    }
    const prepared = prepare(
      whole,
      await this.#traces.encode(traces, at),
      batch.flatMap(({ commit }) => commit.locks),
      outbox,
      at,
    );
    prepared.subscriptions = await beside(this.#database, this.#subscriptions, whole);
    const entry = this.#chain.enter([...prepared.auditResources, ...prepared.audit]);
    let isSent = false;
    const session = this.#database.client.startSession();
    try {
      session.startTransaction({ maxCommitTimeMS: COMMIT_WITHIN });
      await carryOut(this.#database, prepared, session);
      if (Date.now() - at > WRITTEN_WITHIN) throw new Late();
      isSent = true;
      await commitSurely(session);
      this.#chain.written(entry);
      return results;
    } catch (error) {
      if (isSent) this.#chain.unsure(entry);
      else this.#chain.unwritten(entry);
      if (session.inTransaction()) await session.abortTransaction().catch(() => {});
      if (!(error instanceof Unanswered))
        await this.#drop(whole.flatMap(({ version }) => version.spill ?? []));
      throw error;
    } finally {
      if (entry.numbers.length > 0) this.#bindSoon();
      await session.endSession();
    }
  }

  /** Content that was spilled for what is not written after all; what can't be dropped now is swept later. */
  async #drop(spilled: readonly ObjectId[]): Promise<void> {
    await Promise.allSettled(spilled.map((id) => this.#database.spill.delete(id)));
  }
}
