/**
 * Writes. A unit (one interaction's changes) is one transaction: new versions, old ones to history, the versions
 * that the gate stands on, locks, audit records. Units that wait at the same moment share a transaction, since
 * transactions are what costs; when that one fails they are tried one by one, so nobody pays for another's conflict.
 */
import { MongoServerError, type AnyBulkWriteOperation, type ClientSession } from 'mongodb';
import { type Change, type Commit, Stale, type Stored, type Trace } from '../enforcement/ports.ts';
import type { Database, LockDoc, PatientDoc } from './database.ts';
import { type Doc, type HistoryDoc, attributes } from './document.ts';
import type { Encoder, Encoded } from './encoder.ts';
import { mentions } from './mentions.ts';
import { DECIDING } from './policies.ts';

const TOGETHER = 32;
const UNDER_WAY = 2;
const TRIES = 8;
const TIMES = { maxTimeMS: 15_000 };
/** Shorter than VISIBLE_WITHIN: a commit that takes longer fails, so that polling by time misses nothing. */
const COMMIT_WITHIN = 5_000;

interface Unit {
  commit: Commit;
  resolve: (stored: Stored[]) => void;
  reject: (error: unknown) => void;
}

interface Prepared {
  resources: AnyBulkWriteOperation<Doc>[];
  auditResources: Doc[];
  history: HistoryDoc[];
  audit: Doc[];
  locks: AnyBulkWriteOperation<LockDoc>[];
  patients: AnyBulkWriteOperation<PatientDoc>[];
  counts: { inserted: number; replaced: number; deleted: number; locks: number };
}

export class Committer {
  readonly #database: Database;
  readonly #encoder: Encoder;
  #waiting: Unit[] = [];
  #underWay = 0;
  #scheduled = false;

  constructor(database: Database, encoder: Encoder) {
    this.#database = database;
    this.#encoder = encoder;
  }

  commit(commit: Commit): Promise<Stored[]> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ commit, resolve, reject });
      this.#schedule();
    });
  }

  #schedule(): void {
    if (this.#scheduled || this.#underWay >= UNDER_WAY || this.#waiting.length === 0) return;
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
    try {
      const stored = await this.#write(batch);
      for (const [index, { resolve }] of batch.entries()) resolve(stored[index]!);
    } catch (error) {
      if (batch.length > 1 && isConflict(error)) {
        for (const unit of batch) {
          try {
            await this.#attempt([unit]);
          } catch (own) {
            unit.reject(own);
          }
        }
        return;
      }
      throw isConflict(error) ? new Stale() : error;
    }
  }

  async #write(batch: readonly Unit[]): Promise<Stored[][]> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.#transaction(batch);
      } catch (error) {
        if (!isTransient(error) || attempt === TRIES || batch.length > 1) throw error;
        await new Promise((resolve) => setTimeout(resolve, 2 ** attempt + Math.random() * 10));
      }
    }
  }

  async #transaction(batch: readonly Unit[]): Promise<Stored[][]> {
    const at = Date.now();
    const results: Stored[][] = [];
    const whole: Encoded[] = [];
    const traces: Trace[] = [];
    for (const { commit } of batch) {
      const encoded = await this.#encoder.encode(commit.changes, at);
      whole.push(...encoded);
      results.push(encoded.map(({ rid, version, body }) => ({ ...attributes(rid, version), body })));
      traces.push(...commit.audit(at));
    }
    const prepared = prepare(whole, await this.#encoder.traces(traces, at), batch.flatMap(({ commit }) => commit.locks));
    const session = this.#database.client.startSession();
    try {
      session.startTransaction({ maxCommitTimeMS: COMMIT_WITHIN });
      await this.#run(prepared, session);
      await commitWithin(session, at);
      return results;
    } catch (error) {
      if (session.inTransaction()) await session.abortTransaction().catch(() => {});
      throw error;
    } finally {
      await session.endSession();
    }
  }

  async #run(prepared: Prepared, session: ClientSession): Promise<void> {
    const { resources, history, audit, locks, patients } = this.#database;
    const options = { session, ...TIMES };
    const { counts } = prepared;
    if (prepared.locks.length > 0) {
      const done = await locks.bulkWrite(prepared.locks, { ...options, ordered: true });
      if (done.matchedCount + done.upsertedCount !== counts.locks) throw new Stale();
    }
    if (prepared.resources.length > 0) {
      const done = await resources.bulkWrite(prepared.resources, { ...options, ordered: true });
      if (
        done.insertedCount !== counts.inserted ||
        done.matchedCount !== counts.replaced ||
        done.deletedCount !== counts.deleted
      ) {
        throw new Stale();
      }
    }
    if (prepared.history.length > 0) await history.insertMany(prepared.history, options);
    const records = [...prepared.auditResources, ...prepared.audit];
    if (records.length > 0) await audit.insertMany(records, { ...options, ordered: false });
    if (prepared.patients.length > 0) await patients.bulkWrite(prepared.patients, { ...options, ordered: true });
  }
}

function prepare(encoded: readonly Encoded[], audit: Doc[], locks: Commit['locks']): Prepared {
  const prepared: Prepared = {
    resources: [],
    auditResources: [],
    history: [],
    audit,
    locks: locks.map(({ key, seen }) => ({
      // absent: an upsert of what exists by now meets its unique id
      updateOne: {
        filter: { _id: key, n: seen },
        update: { $inc: { n: 1 }, $set: { touched: new Date() } },
        upsert: seen === 0,
      },
    })),
    patients: [],
    counts: { inserted: 0, replaced: 0, deleted: 0, locks: locks.length },
  };
  const raised = new Set<string>();
  const shared = new Set<string>();
  for (const { rid, version, doc, previous, change } of encoded) {
    if (change.type === 'AuditEvent') {
      if (doc !== undefined) prepared.auditResources.push(doc);
      continue;
    }
    if (previous !== undefined) {
      prepared.history.push(previous as HistoryDoc);
      if (doc !== undefined) {
        prepared.resources.push({ replaceOne: { filter: { _id: rid, v: previous.v }, replacement: doc } });
        prepared.counts.replaced += 1;
      } else {
        prepared.resources.push({ deleteOne: { filter: { _id: rid, v: previous.v } } });
        prepared.history.push({ ...version, rid } as HistoryDoc);
        prepared.counts.deleted += 1;
      }
    } else if (doc !== undefined) {
      prepared.resources.push({ insertOne: { document: doc } });
      prepared.counts.inserted += 1;
    }
    if (DECIDING.has(change.type)) for (const patient of change.patients) raised.add(patient);
    for (const patient of mixed(change)) shared.add(patient);
  }
  for (const patient of new Set([...raised, ...shared])) {
    prepared.patients.push({
      updateOne: {
        filter: { _id: patient },
        update: { $inc: { v: 1 }, ...(shared.has(patient) ? { $set: { shared: true } } : {}) },
        upsert: true,
      },
    });
  }
  return prepared;
}

/** The patients of a resource that is several's, and those that it mentions besides. */
function mixed({ patients, resource }: Change): string[] {
  const mentioned = resource === undefined ? [] : mentions(resource, patients);
  return patients.length > 1 ? [...patients, ...mentioned] : mentioned;
}

async function commitWithin(session: ClientSession, at: number): Promise<void> {
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      const unknown = error instanceof MongoServerError && error.hasErrorLabel('UnknownTransactionCommitResult');
      // INVARIANT: sent again until the answer is known: a commit may not be reported as failed and yet hold
      if (!unknown || Date.now() - at > 60_000) throw error;
    }
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Stale || isTransient(error) || isDuplicate(error);
}

function isTransient(error: unknown): boolean {
  return (
    error instanceof MongoServerError &&
    (error.hasErrorLabel('TransientTransactionError') || error.code === 112 || error.code === 251)
  );
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === 11000;
}
