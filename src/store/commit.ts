/**
 * Writes. A unit (one interaction's changes) is one transaction: new versions, old ones to history, the versions
 * that the gate stands on, locks, audit records. Units that wait at the same moment share a transaction, since
 * transactions are what costs; when that one fails they are tried one by one, so nobody pays for another's conflict.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import {
  MongoError,
  MongoServerError,
  type AnyBulkWriteOperation,
  type ClientSession,
  type ObjectId,
} from 'mongodb';
import { type Change, type Commit, Stale, type Stored, type Trace } from '../enforcement/ports.ts';
import { DECIDING, isOpen } from '../consent/policy.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Database, LockDoc, PatientDoc } from './database.ts';
import { type Doc, type HistoryDoc, attributes } from './document.ts';
import type { Encoder, Encoded } from './encoder.ts';
import { isAway } from './fault.ts';
import { mentions } from './mentions.ts';
import { type OutboxDoc, rowOf } from './outbox.ts';
import { type SubscriptionDoc, beside, subscribe } from './subscription-writes.ts';
import type { Chain } from './chain.ts';
import type { Traces } from './traces.ts';
import { UNWATCHED, type Watch } from './watch.ts';

const TOGETHER = 32;
const UNDER_WAY = 2;
const TRIES = 8;
const LATE_TRIES = 2;
/** How long writes wait for a database that is away, as while another node takes over. */
const AWAY_WITHIN = 10_000;
const TIMES = { maxTimeMS: 15_000 };
/** Together shorter than VISIBLE_WITHIN: what takes longer is begun again with a new time, so that polling misses nothing. */
const WRITTEN_WITHIN = 6_000;
const COMMIT_WITHIN = 3_000;
/** How long the database is asked whether a commit holds, when the answer was lost. */
const UNSURE_WITHIN = 60_000;

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
  outbox: OutboxDoc[];
  subscriptions: AnyBulkWriteOperation<SubscriptionDoc>[];
  patients: AnyBulkWriteOperation<PatientDoc>[];
  /** What is made under an id that its caller chose, and the mark of a deletion that it comes after. */
  named: string[];
  revived: { rid: string; vid: string; patient: string; at: number }[];
  counts: { inserted: number; replaced: number; deleted: number; locks: number };
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
          if (batch.length === 1 && attempt === LATE_TRIES) throw tooMuch(error);
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
      for (const { rid, version } of encoded)
        if (version.type !== 'AuditEvent') outbox.push(rowOf(rid, version, commit.actor));
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
      await this.#run(prepared, session);
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
    await this.#afterDeletions(prepared, session);
    if (prepared.revived.length > 0) {
      await history.bulkWrite(
        // a cluster that is sharded on `patient` takes the update of one document by that alone
        prepared.revived.map(({ rid, vid, patient, at: end }) => ({
          updateOne: { filter: { rid, vid, patient }, update: { $set: { end } } },
        })),
        options,
      );
    }
    if (prepared.history.length > 0) await history.insertMany(prepared.history, options);
    const records = [...prepared.auditResources, ...prepared.audit];
    if (records.length > 0) await audit.insertMany(records, { ...options, ordered: false }).catch(unrecorded);
    if (prepared.outbox.length > 0) await this.#database.outbox.insertMany(prepared.outbox, options);
    if (prepared.subscriptions.length > 0) await subscribe(this.#database, prepared.subscriptions, options);
    if (prepared.patients.length > 0)
      await patients.bulkWrite(prepared.patients, { ...options, ordered: true });
  }

  /** What is made anew comes right after the deletion that its version counts from: no other was made and deleted since. */
  async #afterDeletions({ named, revived }: Prepared, session: ClientSession): Promise<void> {
    const rids = [...named, ...revived.map(({ rid }) => rid)];
    if (rids.length === 0) return;
    const marks = await this.#database.history
      .find(
        { rid: { $in: rids }, method: 'DELETE' },
        { session, projection: { rid: 1, vid: 1 }, sort: { rid: 1, at: 1 }, hint: 'rid_at', ...TIMES },
      )
      .toArray();
    const newest = new Map(marks.map(({ rid, vid }) => [rid, vid]));
    if (named.some((rid) => newest.has(rid)) || revived.some(({ rid, vid }) => newest.get(rid) !== vid))
      throw new Stale();
  }

  /** Content that was spilled for what is not written after all; what can't be dropped now is swept later. */
  async #drop(spilled: readonly ObjectId[]): Promise<void> {
    await Promise.allSettled(spilled.map((id) => this.#database.spill.delete(id)));
  }
}

/** The transaction took so long that its time would be missed by who polls. */
class Late extends Error {}

const tooMuch = (cause: Late): FhirError =>
  new FhirError('too-costly', 'this takes too long to be written at once: send less', { cause });

/** The database is away, so nothing else can be tried either. */
class Unanswered extends FhirError {
  constructor(text: string, cause: unknown) {
    super('timeout', text, { cause });
  }
}

function prepare(
  encoded: readonly Encoded[],
  audit: Doc[],
  locks: Commit['locks'],
  outbox: OutboxDoc[],
  at: number,
): Prepared {
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
    outbox,
    subscriptions: [],
    patients: [],
    named: [],
    revived: [],
    counts: { inserted: 0, replaced: 0, deleted: 0, locks: locks.length },
  };
  const raised = new Set<string>();
  const shared = new Set<string>();
  const spaces = new Map<string, boolean>();
  for (const { rid, version, doc, previous, change } of encoded) {
    for (const patient of mixed(change)) shared.add(patient);
    if (change.type === 'AuditEvent') {
      if (doc !== undefined) prepared.auditResources.push(doc);
      continue;
    }
    if (previous !== undefined) {
      prepared.history.push(previous);
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
      if (change.previous !== undefined)
        prepared.revived.push({
          rid,
          vid: change.previous.vid,
          patient: change.previous.patients[0] ?? '',
          at: version.at,
        });
      else if (change.method === 'PUT') prepared.named.push(rid);
    }
    if (decides(change.type)) for (const patient of change.patients) raised.add(patient);
    if (change.type === 'Patient')
      spaces.set(change.id, change.resource !== undefined && isOpen(change.resource));
  }
  for (const patient of new Set([...raised, ...shared])) {
    prepared.patients.push({
      updateOne: {
        filter: { _id: patient },
        update: {
          $inc: { v: 1 },
          $set: {
            ...(shared.has(patient) ? { shared: true } : {}),
            ...(spaces.get(patient) === false ? { closed: true } : {}),
          },
          ...(spaces.get(patient) === false ? { $min: { closedAt: at } } : {}),
          ...(spaces.get(patient) === true ? { $unset: { closed: true, closedAt: 1 } } : {}),
        },
        upsert: true,
      },
    });
  }
  return prepared;
}

function decides(type: string): boolean {
  return (DECIDING as readonly string[]).includes(type);
}

/** The patients of a resource that is several's, and those that it mentions besides. */
function mixed({ patients, resource }: Change): string[] {
  const mentioned = resource === undefined ? [] : mentions(resource, patients);
  return patients.length > 1 ? [...patients, ...mentioned] : mentioned;
}

/** INVARIANT: sent again until the answer is known: a commit may not be reported as failed and yet hold. */
async function commitSurely(session: ClientSession): Promise<void> {
  const since = Date.now();
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!(error instanceof MongoError && error.hasErrorLabel('UnknownTransactionCommitResult')))
        throw error;
      if (Date.now() - since > UNSURE_WITHIN) {
        throw new Unanswered('the database does not answer: what was sent may be written or not', error);
      }
      await sleep(50);
    }
  }
}

/** What can't be traced isn't done. */
function unrecorded(cause: unknown): never {
  throw isConflict(cause)
    ? cause
    : new FhirError('transient', 'the access could not be recorded; try again', { cause });
}

function isConflict(error: unknown): boolean {
  return error instanceof Stale || isTransient(error) || isDuplicate(error);
}

function isTransient(error: unknown): boolean {
  if (error instanceof Late || isAway(error)) return true;
  if (!(error instanceof MongoError)) return false;
  return error.hasErrorLabel('TransientTransactionError') || error.code === 112 || error.code === 251;
}

export function isDuplicate(error: unknown): boolean {
  return error instanceof MongoServerError && error.code === 11000;
}
