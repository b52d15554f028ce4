/**
 * The outbox: see src/notice/outbox.ts. A row enters in the transaction of its cause, with `waiting` and no number;
 * `number` gives the next numbers in a transaction of its own that reads a snapshot, so numbers have no gaps, come in
 * the order of a resource's versions, and never appear behind one that was read.
 *
 * A follower keeps its place as a document of `followers`, `{ _id: name, n }`, and moves it in the transaction of what
 * it makes of the rows (`moveOn`): killed anywhere, or run twice, it makes each thing once.
 */
import { type ClientSession, ObjectId } from 'mongodb';
import type { Change, Commit } from '../../enforcement/ports.ts';
import { parseJson } from '../../fhir/json.ts';
import type { Resource } from '../../fhir/resource.ts';
import { isSent } from '../../notice/messages.ts';
import type { Cause, Outbox, ParkedRow, Row } from '../../notice/outbox.ts';
import { insert } from '../command.ts';
import type { Database } from '../database.ts';
import { isDuplicate } from '../fault.ts';
import type { VersionDoc } from '../document.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';

export interface OutboxDoc {
  _id: ObjectId;
  /** Absent until it is numbered, and `waiting` after. */
  n?: number;
  /** When it came, milliseconds: the order of numbering. */
  waiting?: number;
  at: number;
  patients: string[];
  /** What is as clear in `resources`. */
  cause?: Exclude<Cause, { cause: 'visit' | 'account' | 'unreadable' }>;
  /** Sealed under the key of the one patient. */
  sealed?: Buffer;
  /** No notice could be made of it. */
  parked?: { at: number; fault: string; again?: true };
}

export interface FollowerDoc {
  _id: string;
  n: number;
}

/** What happened otherwise than by a write. */
export interface Entered {
  at: number;
  patient: string;
  cause: Cause;
}

interface Entering {
  rows: readonly Entered[];
  resolve: () => void;
  reject: (error: unknown) => void;
}

const AT_ONCE = 500;
const HEAD = ' head';
const OPTIONS = { maxTimeMS: 10_000 };

export function rowOf(
  rid: string,
  version: VersionDoc,
  { actor, isMove }: Pick<Commit, 'actor' | 'isMove'>,
  change: Change,
): Omit<OutboxDoc, '_id'> & { _id: ObjectId } {
  const { type, vid, v, method, by, patient, others = [], at } = version;
  return {
    _id: new ObjectId(),
    waiting: at,
    at,
    patients: patient === '' ? [] : [patient, ...others],
    cause: {
      cause: 'change',
      type,
      id: rid.slice(type.length + 1),
      vid,
      version: v,
      method,
      by,
      ...(actor === undefined ? {} : { actor }),
      ...(isMove === undefined ? {} : { isMove }),
      ...(change.renumbers === true ? { renumbers: true } : {}),
      ...(sends(change) ? { sends: true } : {}),
    },
  };
}

function sends({ type, resource, previous }: Change): boolean {
  if (type !== 'Communication') return false;
  const { body } = previous?.whole ?? previous ?? {};
  const before = body === undefined || body.length === 0 ? undefined : (parseJson(body) as Resource);
  return isSent(resource, before);
}

export class MongoOutbox implements Outbox {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #entering: Entering[] = [];

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
  }

  /** What the requests of a moment were given is entered together. Durable when it returns. */
  enter(rows: readonly Entered[]): Promise<void> {
    if (rows.length === 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#entering.push({ rows, resolve, reject });
      if (this.#entering.length === 1) setImmediate(() => void this.#enterAll());
    });
  }

  async #enterAll(): Promise<void> {
    const batch = this.#entering.splice(0);
    try {
      const docs = await this.#docs(batch.flatMap(({ rows }) => rows));
      if (docs.length > 0) await insert(this.#database.outbox, docs);
      for (const { resolve } of batch) resolve();
    } catch (error) {
      for (const { reject } of batch) reject(error);
    }
  }

  /** What enters with a transaction, or by itself. Durable when it returns. */
  async add(rows: readonly Entered[], session?: ClientSession): Promise<void> {
    const docs = await this.#docs(rows);
    if (docs.length > 0) await this.#database.outbox.insertMany(docs, { ...OPTIONS, session });
  }

  async #docs(rows: readonly Entered[]): Promise<OutboxDoc[]> {
    const docs: OutboxDoc[] = [];
    for (const { at, patient, cause } of rows) {
      const doc: OutboxDoc = { _id: new ObjectId(), waiting: at, at, patients: [patient] };
      if (cause.cause === 'visit' || cause.cause === 'account') {
        const key = await this.#ring.get(patient);
        // there is no such patient, or no more
        if (key === undefined) continue;
        doc.sealed = seal(key, Buffer.from(JSON.stringify(cause)), about(doc));
      } else if (cause.cause !== 'unreadable') doc.cause = cause;
      docs.push(doc);
    }
    return docs;
  }

  async number(): Promise<number> {
    const { client, outbox, followers } = this.#database;
    const session = client.startSession();
    try {
      return await session.withTransaction(
        async () => {
          const waiting = await outbox
            .find(
              { waiting: { $exists: true } },
              {
                projection: { _id: 1 },
                sort: { waiting: 1, _id: 1 },
                limit: AT_ONCE,
                hint: 'waiting',
                session,
                ...OPTIONS,
              },
            )
            .toArray();
          if (waiting.length === 0) return 0;
          const head = await followers.findOneAndUpdate(
            { _id: HEAD },
            { $inc: { n: waiting.length } },
            { upsert: true, returnDocument: 'before', session, ...OPTIONS },
          );
          const first = (head?.n ?? 0) + 1;
          await outbox.bulkWrite(
            waiting.map(({ _id }, index) => ({
              updateOne: { filter: { _id }, update: { $set: { n: first + index }, $unset: { waiting: 1 } } },
            })),
            { session, ordered: false },
          );
          return waiting.length;
        },
        { readConcern: { level: 'snapshot' }, maxCommitTimeMS: 10_000 },
      );
    } finally {
      await session.endSession();
    }
  }

  async after(n: number, limit: number): Promise<Row[]> {
    const docs = await this.#database.outbox
      .find({ n: { $gt: n } }, { sort: { n: 1 }, limit, hint: 'n', ...OPTIONS })
      .toArray();
    return Promise.all(docs.map((doc) => this.#row(doc)));
  }

  async position(follower: string): Promise<number> {
    const { followers } = this.#database;
    const known = await followers.findOne({ _id: follower }, OPTIONS);
    if (known !== null) return known.n;
    const head = await followers.findOne({ _id: HEAD }, OPTIONS);
    try {
      await followers.updateOne(
        { _id: follower },
        { $setOnInsert: { n: head?.n ?? 0 } },
        { upsert: true, ...OPTIONS },
      );
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    return (await followers.findOne({ _id: follower }, OPTIONS))!.n;
  }

  /** @throws Passed when another process was there first: nothing of the transaction may stay */
  async moveOn(
    follower: string,
    { from, to }: { from: number; to: number },
    session: ClientSession,
  ): Promise<void> {
    const moved = await this.#database.followers.updateOne(
      { _id: follower, n: from },
      { $set: { n: to } },
      { session, ...OPTIONS },
    );
    if (moved.matchedCount !== 1) throw new Passed();
  }

  async again(limit: number): Promise<Row[]> {
    const docs = await this.#database.outbox
      .find(
        { parked: { $exists: true }, 'parked.again': true },
        { sort: { n: 1 }, limit, hint: 'parked', ...OPTIONS },
      )
      .toArray();
    return Promise.all(docs.map((doc) => this.#row(doc)));
  }

  /** In the transaction in which the others move on; those that were told are parked no more. */
  async park(
    rows: readonly ParkedRow[],
    told: readonly number[],
    at: number,
    session: ClientSession,
  ): Promise<void> {
    const operations = [
      ...rows.map(({ n, fault }) => ({
        updateOne: { filter: { n }, update: { $set: { parked: { at, fault } } } },
      })),
      ...told.map((n) => ({
        updateOne: { filter: { n, parked: { $exists: true } }, update: { $unset: { parked: 1 as const } } },
      })),
    ];
    if (operations.length > 0) await this.#database.outbox.bulkWrite(operations, { session, ordered: false });
  }

  /** For an operator: what is parked, without whose it is. */
  async parked(limit: number): Promise<{ n: number; since: number; at: number; fault: string }[]> {
    const docs = await this.#database.outbox
      .find({ parked: { $exists: true } }, { sort: { n: 1 }, limit, hint: 'parked', ...OPTIONS })
      .toArray();
    return docs.map(({ n, at, parked }) => ({ n: n!, since: at, at: parked!.at, fault: parked!.fault }));
  }

  /** All that are parked are tried anew. How many. */
  async release(): Promise<number> {
    const { modifiedCount } = await this.#database.outbox.updateMany(
      { parked: { $exists: true } },
      { $set: { 'parked.again': true } },
      { hint: 'parked', ...OPTIONS },
    );
    return modifiedCount;
  }

  async prune(before: number): Promise<number> {
    const { outbox, followers } = this.#database;
    const each = await followers.find({ _id: { $ne: HEAD } }, OPTIONS).toArray();
    if (each.length === 0) return 0;
    const passed = Math.min(...each.map(({ n }) => n));
    const { deletedCount } = await outbox.deleteMany({
      n: { $lte: passed },
      at: { $lt: before },
      parked: { $exists: false },
    });
    return deletedCount;
  }

  async #row({ _id, n, at, patients, cause, sealed }: OutboxDoc): Promise<Row> {
    if (cause !== undefined) return { n: n!, at, patients, cause };
    const key = await this.#ring.get(patients[0]!);
    // erased since: nobody is to be told of it
    if (key === undefined) return { n: n!, at, patients: [], cause: ERASED };
    const row = { n: n!, at, patients };
    try {
      return {
        ...row,
        cause: JSON.parse(unseal(key, sealed!, about({ _id, patients })).toString()) as Cause,
      };
    } catch {
      // who follows tells what to do with it: the rows behind it are to be read
      return { ...row, cause: UNREADABLE };
    }
  }
}

/** Somebody else has handled these rows. */
export class Passed extends Error {}

const UNREADABLE: Cause = { cause: 'unreadable' };
const ERASED: Cause = { cause: 'visit', who: '', plain: false, about: [] };

function about({ _id, patients }: Pick<OutboxDoc, '_id' | 'patients'>): string {
  return `outbox ${_id.toHexString()} of ${patients.join(' ')}`;
}
