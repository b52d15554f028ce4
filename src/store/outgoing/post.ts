/** E-mails under way: see src/notice/mail.ts. No address and nothing of what they tell is kept here. */
import { fewRandomBytes } from '../../fhir/random.ts';
import type { Mail, Parked, Post } from '../../notice/mail.ts';
import type { Database } from '../database.ts';
import { isDuplicate } from '../fault.ts';
import type { DeliveryDoc } from './notices.ts';
import { Passed } from './outbox.ts';

export interface MailDoc extends Omit<Mail, 'id' | 'notices'> {
  _id: string;
  notices: { id: string; patient: string }[];
  /** Absent once it is parked. */
  open?: true;
  /** When it may be tried, milliseconds. */
  next: number;
  /** Whose it is until then. */
  claim?: string;
  parked?: number;
  fault?: string;
}

/** Who claimed an e-mail has this long; then another may. Milliseconds. */
export const CLAIMED_FOR = 120_000;
const AT_ONCE = 500;
/** Deliveries that are looked at for one round of letters. */
const LOOKED_AT = 10 * AT_ONCE;
/** Letters that are made together. */
const TOGETHER = 25;
const OPTIONS = { maxTimeMS: 10_000 };

export class MongoPost implements Post {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async gather(now: number): Promise<number> {
    const { deliveries, mails } = this.#database;
    const due = await deliveries
      .aggregate<{ _id: string; count: number }>([
        { $match: { due: { $lte: now } } },
        { $sort: { due: 1 } },
        { $limit: LOOKED_AT },
        { $group: { _id: '$reader', due: { $min: '$due' }, count: { $sum: 1 } } },
        { $sort: { due: 1 } },
      ])
      .toArray();
    const readers = due.map(({ _id }) => _id);
    const open = await mails.find({ open: true, reader: { $in: readers } }, OPTIONS).toArray();
    const busy = new Set(open.map(({ reader }) => reader));
    const looked = due.reduce((sum, { count }) => sum + count, 0);
    if (looked === LOOKED_AT && open.length > 0) await this.#behind(open, now);
    const free = readers.filter((reader) => !busy.has(reader));
    let made = 0;
    for (let start = 0; start < free.length; start += TOGETHER)
      made += await this.#makeAll(free.slice(start, start + TOGETHER), now);
    return made;
  }

  /**
   * What waits behind letters under way is due when those are tried next: it would stand before what others wait for,
   * all the time that one server takes nothing.
   */
  async #behind(open: readonly MailDoc[], now: number): Promise<void> {
    await this.#database.deliveries.bulkWrite(
      open.map(({ reader, next }) => ({
        updateMany: {
          filter: { reader, due: { $lte: now } },
          update: { $set: { due: Math.max(next, now + 1) } },
        },
      })),
      { ordered: false },
    );
  }

  /** In one transaction, which costs what one letter's costs; alone where another process was there first. */
  async #makeAll(readers: readonly string[], now: number): Promise<number> {
    if (await this.#make(readers, now)) return readers.length;
    let made = 0;
    if (readers.length > 1) for (const reader of readers) if (await this.#make([reader], now)) made += 1;
    return made;
  }

  /** One for each of them, or none. */
  async #make(readers: readonly string[], now: number): Promise<boolean> {
    const { client, deliveries, mails } = this.#database;
    const session = client.startSession();
    const options = { session, ...OPTIONS };
    try {
      await session.withTransaction(async () => {
        const each: { reader: string; due: DeliveryDoc[] }[] = [];
        for (const reader of readers) {
          const due = await deliveries
            .find({ reader, due: { $lte: now } }, { sort: { due: 1, _id: 1 }, limit: AT_ONCE, ...options })
            .toArray();
          if (due.length === 0) throw new Passed();
          each.push({ reader, due });
        }
        await mails.insertMany(
          each.map(({ reader, due }) => ({
            _id: fewRandomBytes(16).toString('hex'),
            reader,
            notices: due.map(({ _id: id, patient }) => ({ id, patient })),
            since: now,
            next: now,
            tries: 0,
            open: true as const,
          })),
          options,
        );
        const gone = each.flatMap(({ due }) => due.map(({ _id }) => _id));
        await deliveries.deleteMany({ _id: { $in: gone } }, options);
      });
      return true;
    } catch (error) {
      // another process made it
      if (error instanceof Passed || isDuplicate(error)) return false;
      throw error;
    } finally {
      await session.endSession();
    }
  }

  async claim(now: number, limit: number): Promise<Mail[]> {
    const { mails } = this.#database;
    const due = { open: true as const, next: { $lte: now } };
    const ids = await mails
      .find(due, { projection: { _id: 1 }, sort: { next: 1 }, limit, ...OPTIONS })
      .toArray();
    if (ids.length === 0) return [];
    const named = { _id: { $in: ids.map(({ _id }) => _id) } };
    const claim = fewRandomBytes(12).toString('hex');
    await mails.updateMany({ ...named, ...due }, { $set: { next: now + CLAIMED_FOR, claim } }, OPTIONS);
    return (await mails.find({ ...named, claim }, OPTIONS).toArray()).map(mailOf);
  }

  async join({ id, reader }: Mail, until: number): Promise<void> {
    const { client, deliveries, mails } = this.#database;
    const waiting = { reader, due: { $lte: until } };
    // seldom: it costs a transaction
    if ((await deliveries.findOne(waiting, OPTIONS)) === null) return;
    const session = client.startSession();
    const options = { session, ...OPTIONS };
    try {
      await session.withTransaction(async () => {
        const due = await deliveries
          .find(waiting, { sort: { due: 1, _id: 1 }, limit: AT_ONCE, ...options })
          .toArray();
        const $each = due.map(({ _id, patient }) => ({ id: _id, patient }));
        const joined = await mails.updateOne(
          { _id: id, open: true },
          { $push: { notices: { $each } } },
          options,
        );
        if (joined.matchedCount === 1)
          await deliveries.deleteMany({ _id: { $in: due.map(({ _id }) => _id) } }, options);
      });
    } finally {
      await session.endSession();
    }
  }

  async done({ id }: Mail): Promise<void> {
    await this.#database.mails.deleteOne({ _id: id }, OPTIONS);
  }

  async later({ id }: Mail, next: number, fault: string): Promise<void> {
    const change = { $set: { next, fault }, $inc: { tries: 1 } };
    await this.#database.mails.updateOne({ _id: id, open: true }, change, OPTIONS);
  }

  async park({ id }: Mail, now: number, fault: string): Promise<void> {
    const change = {
      $set: { parked: now, fault },
      $inc: { tries: 1 },
      $unset: { open: 1 as const },
    };
    await this.#database.mails.updateOne({ _id: id, open: true }, change, OPTIONS);
  }

  async parked(limit: number): Promise<Parked[]> {
    const docs = await this.#database.mails
      .find({ parked: { $exists: true } }, { sort: { parked: 1 }, limit, ...OPTIONS })
      .toArray();
    return docs.map((doc) => ({ ...mailOf(doc), parked: doc.parked!, fault: doc.fault ?? '' }));
  }

  /** One at a time for each reader: what waits behind another of the reader's joins it. */
  async release(now: number): Promise<number> {
    const { mails } = this.#database;
    const docs = await mails
      .find({ parked: { $exists: true } }, { sort: { parked: 1 }, ...OPTIONS })
      .toArray();
    let released = 0;
    for (const { _id, reader } of docs) {
      try {
        const { modifiedCount } = await mails.updateOne(
          { _id, parked: { $exists: true } },
          { $set: { open: true, next: now, since: now, tries: 0 }, $unset: { parked: 1 } },
          OPTIONS,
        );
        released += modifiedCount;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        released += await this.#join(_id, reader);
      }
    }
    return released;
  }

  async #join(parked: string, reader: string): Promise<number> {
    const { client, mails } = this.#database;
    const session = client.startSession();
    try {
      return await session.withTransaction(async () => {
        const gone = await mails.findOneAndDelete({ _id: parked, parked: { $exists: true } }, { session });
        if (gone === null) return 0;
        const joined = await mails.updateOne(
          { reader, open: true },
          { $push: { notices: { $each: gone.notices } } },
          { session },
        );
        if (joined.matchedCount === 0) throw new Passed();
        return 1;
      });
    } catch (error) {
      if (error instanceof Passed) return 0;
      throw error;
    } finally {
      await session.endSession();
    }
  }
}

function mailOf({ _id: id, reader, notices, since, tries }: MailDoc): Mail {
  return { id, reader, notices, since, tries };
}
