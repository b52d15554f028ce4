/** Notices as MongoDB holds them: sealed under the patient's key, with nothing of what they tell in clear. */
import type { Subject } from '../../consent/subject.ts';
import { BY_DEFAULT, type Choices } from '../../notice/choices.ts';
import { type Batch, type Desk, FOLLOWER, type Kept, readerOf } from '../../notice/dispatch.ts';
import { tellable } from '../../notice/gate.ts';
import type { Inbox, Notice, NoticePage, Of } from '../../notice/notice.ts';
import type { Row } from '../../notice/outbox.ts';
import { readerFor } from '../../notice/reader.ts';
import { type Source, Teller } from '../../notice/tell.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { faultOf, isAway } from '../fault.ts';
import type { KeyRing } from '../keys/keys.ts';
import { type MongoOutbox, Passed } from './outbox.ts';
import { seal, unseal } from '../keys/sealing.ts';
import type { Query } from '../query/query.ts';
import type { Terms } from '../terms.ts';

export interface NoticeDoc {
  _id: string;
  patient: string;
  reader: string;
  /** The order: of the row, then within it. */
  n: number;
  /** By e-mail alone. */
  unlisted?: true;
  read?: number;
  sealed: Buffer;
}

export interface DeliveryDoc {
  _id: string;
  patient: string;
  reader: string;
  due: number;
}

export interface HoldDoc {
  /** `Type/id what patient` */
  _id: string;
  name: string;
  patient: string;
  cause: Row['cause'] & { cause: 'due' };
  due: number;
}

/** A group of notices, keyed: who came to whom isn't told. */
export interface GroupDoc {
  _id: string;
  last: number;
  /** For MongoDB to drop it. */
  seen: Date;
}

export interface ChoiceDoc {
  /** `patient reader` */
  _id: string;
  sealed: Buffer;
}

const OPTIONS = { maxTimeMS: 10_000 };
/** Names in one query: it stays below 100 KB. */
const GROUPS = 1000;
/** Looked at for one page, what its reader may not know now among them. */
const AT_ONCE = 200;
/** Unread ones that are counted. */
const MOST_UNREAD = 1000;

export class Notices implements Desk, Inbox {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #terms: Terms;
  readonly #outbox: MongoOutbox;
  readonly #source: Source;
  readonly teller: Teller;

  constructor(database: Database, ring: KeyRing, terms: Terms, outbox: MongoOutbox, source: Source) {
    this.#database = database;
    this.#ring = ring;
    this.#terms = terms;
    this.#outbox = outbox;
    this.#source = source;
    this.teller = new Teller(source, Date.now);
  }

  async keep(batch: Batch): Promise<void> {
    const { from, to, kept, continued, holds, released, parked, unparked } = batch;
    const docs = await Promise.all(kept.map((each) => this.#sealed(each)));
    const { client, notices, deliveries, groups, holds: held } = this.#database;
    const session = client.startSession();
    const options = { session, ...OPTIONS };
    try {
      await session.withTransaction(async () => {
        await this.#outbox.moveOn(FOLLOWER, { from, to }, session);
        await this.#outbox.park(parked, unparked, Date.now(), session);
        const found = docs.filter((doc) => doc !== undefined);
        if (found.length > 0) await notices.insertMany(found, options);
        const due = kept
          .filter((each, index) => each.mailDue !== undefined && docs[index] !== undefined)
          .map(({ notice: { id, patient, reader }, mailDue }) => ({
            _id: id,
            patient,
            reader,
            due: mailDue!,
          }));
        if (due.length > 0) await deliveries.insertMany(due, options);
        if (continued.size > 0) await groups.bulkWrite(this.#groups(continued), { session });
        if (released.length > 0) await held.deleteMany({ name: { $in: [...released] } }, options);
        for (const { patient, cause, due: at } of holds) {
          const name = `${cause.type}/${cause.id}`;
          const set = { name, patient, cause, due: at };
          const $setOnInsert = { _id: `${name} ${cause.what} ${patient}` };
          await held.updateOne(
            { name, patient, 'cause.what': cause.what },
            { $set: set, $setOnInsert },
            { upsert: true, ...options },
          );
        }
      });
    } catch (error) {
      // another process was there first
      if (!(error instanceof Passed)) throw error;
    } finally {
      await session.endSession();
    }
  }

  isPassing(error: unknown): boolean {
    return faultOf(error) !== undefined || isAway(error);
  }

  async lastOf(groups: readonly string[]): Promise<Map<string, number>> {
    const names = new Map(groups.map((group) => [this.#group(group), group]));
    const keys = [...names.keys()];
    const found = new Map<string, number>();
    for (let start = 0; start < keys.length; start += GROUPS) {
      const docs = await find(this.#database.groups, { _id: { $in: keys.slice(start, start + GROUPS) } });
      for (const { _id, last } of docs) found.set(names.get(_id)!, last);
    }
    return found;
  }

  async held(names: readonly string[]): Promise<string[]> {
    const found = await find(this.#database.holds, { name: { $in: [...names] }, 'cause.what': 'show' });
    return found.map(({ name }) => name);
  }

  async wake(now: number): Promise<number> {
    const { client, holds } = this.#database;
    const due = await holds
      .find({ due: { $lte: now } }, { sort: { due: 1 }, limit: 100, ...OPTIONS })
      .toArray();
    for (const { _id, due: at, patient, cause } of due) {
      const session = client.startSession();
      try {
        await session.withTransaction(async () => {
          const { deletedCount } = await holds.deleteOne({ _id, due: at }, { session });
          if (deletedCount === 1) await this.#outbox.add([{ at: now, patient, cause }], session);
        });
      } finally {
        await session.endSession();
      }
    }
    return due.length;
  }

  async readerFor(patient: string, subject: Subject): Promise<string | undefined> {
    const { policy } = (await this.#source.policies.policies([patient])).get(patient)!;
    return policy.open ? readerFor(policy, subject, Date.now()) : undefined;
  }

  async list(of: Of, count: number, after?: string): Promise<NoticePage> {
    const found: { notice: Notice; n: number }[] = [];
    const [n, id] = after === undefined ? [] : after.split(' ');
    const from = n === undefined ? undefined : { n: Number(n), _id: id! };
    for await (const given of this.#newestFirst({ ...of, unlisted: { $exists: false } }, AT_ONCE, from)) {
      found.push(...given);
      if (found.length > count) break;
    }
    const page = found.slice(0, count);
    const end = page.at(-1);
    return {
      notices: page.map(({ notice }) => notice),
      unread: await this.#unread(of),
      ...(found.length > count && end !== undefined ? { next: `${end.n} ${end.notice.id}` } : {}),
    };
  }

  /** Which of these the reader may be told now, of all that they were told. */
  async told(ids: readonly string[]): Promise<Notice[]> {
    const docs = await this.#database.notices.find({ _id: { $in: [...ids] } }, OPTIONS).toArray();
    return (await this.#given(docs)).map(({ notice }) => notice);
  }

  async read(of: Of, ids: readonly string[], now: number): Promise<string[]> {
    const own = { _id: { $in: [...ids] }, ...of };
    const { notices } = this.#database;
    const found = await this.#given(await notices.find(own, OPTIONS).toArray());
    const known = found.map(({ notice }) => notice.id);
    await notices.updateMany({ _id: { $in: known }, read: { $exists: false } }, { $set: { read: now } });
    return known;
  }

  async choices(of: Required<Of>): Promise<Choices> {
    return (await this.choicesOf([of])).get(readerOf(of))!;
  }

  async choicesOf(each: readonly Required<Of>[]): Promise<Map<string, Choices>> {
    const readers = new Map(each.map((of) => [readerOf(of), of.patient]));
    const docs =
      readers.size === 0 ? [] : await find(this.#database.choices, { _id: { $in: [...readers.keys()] } });
    const chosen = new Map<string, Choices>([...readers.keys()].map((_id) => [_id, BY_DEFAULT]));
    for (const { _id, sealed } of docs) {
      const key = await this.#ring.get(readers.get(_id)!);
      if (key === undefined) continue;
      chosen.set(_id, JSON.parse(unseal(key, sealed, `choices ${_id}`).toString()) as Choices);
    }
    return chosen;
  }

  async choose({ patient, reader }: Required<Of>, choices: Choices): Promise<void> {
    const key = (await this.#ring.ensure([patient])).get(patient)!;
    const _id = readerOf({ patient, reader });
    const sealed = seal(key, Buffer.from(JSON.stringify(choices)), `choices ${_id}`);
    await this.#database.choices.updateOne({ _id }, { $set: { sealed } }, { upsert: true, ...OPTIONS });
  }

  /** What its reader may not know now isn't counted, for the bound either. */
  async #unread(of: Of): Promise<number> {
    const unread = { ...of, unlisted: { $exists: false }, read: { $exists: false } };
    let count = 0;
    for await (const given of this.#newestFirst(unread, MOST_UNREAD)) {
      count += given.length;
      if (count >= MOST_UNREAD) return MOST_UNREAD;
    }
    return count;
  }

  /** Those that may be told now, of some at a time. */
  async *#newestFirst(
    query: Query,
    atOnce: number,
    from?: Pick<NoticeDoc, 'n' | '_id'>,
  ): AsyncGenerator<{ notice: Notice; n: number }[]> {
    for (let last = from, docs: NoticeDoc[]; ; last = docs.at(-1)) {
      docs = await find(this.#database.notices, last === undefined ? query : { ...query, $or: after(last) }, {
        sort: { n: -1, _id: 1 },
        limit: atOnce,
      });
      yield await this.#given(docs);
      if (docs.length < atOnce) return;
    }
  }

  async #given(docs: readonly NoticeDoc[]): Promise<{ notice: Notice; n: number }[]> {
    const opened = await Promise.all(docs.map((doc) => this.#open(doc)));
    const notices = opened.filter((notice) => notice !== undefined);
    const told = new Set(await tellable(this.#source, this.teller, notices, Date.now()));
    const order = new Map(docs.map(({ _id, n }) => [_id, n]));
    return notices
      .filter((notice) => told.has(notice))
      .map((notice) => ({ notice, n: order.get(notice.id)! }));
  }

  /** Undefined when its patient was erased. */
  async #open({ _id: id, patient, reader, read, sealed }: NoticeDoc): Promise<Notice | undefined> {
    const key = await this.#ring.get(patient);
    if (key === undefined) return undefined;
    const rest = JSON.parse(unseal(key, sealed, sealedAs({ id, patient, reader })).toString()) as Notice;
    return { ...rest, id, patient, reader, ...(read === undefined ? {} : { read }) };
  }

  async #sealed({ notice, n, inInbox }: Kept): Promise<NoticeDoc | undefined> {
    const { id, patient, reader, kind, at, about, who } = notice;
    const key = await this.#ring.get(patient);
    if (key === undefined) return undefined;
    const bytes = Buffer.from(JSON.stringify({ kind, at, about, who }));
    const sealed = seal(key, bytes, sealedAs(notice));
    return { _id: id, patient, reader, n, ...(inInbox ? {} : { unlisted: true as const }), sealed };
  }

  #groups(continued: ReadonlyMap<string, number>) {
    return [...continued].map(([group, last]) => ({
      updateOne: {
        filter: { _id: this.#group(group) },
        update: { $max: { last }, $set: { seen: new Date() } },
        upsert: true,
      },
    }));
  }

  #group(group: string): string {
    return this.#terms.text(`group=${group}`);
  }
}

const after = ({ n, _id }: Pick<NoticeDoc, 'n' | '_id'>): Query[] => [
  { n: { $lt: n } },
  { n, _id: { $gt: _id } },
];

function sealedAs({ id, patient, reader }: Pick<Notice, 'id' | 'patient' | 'reader'>): string {
  return `notice ${id} of ${patient} for ${reader}`;
}
