/**
 * Records that were asked for as files, as MongoDB holds them: who asked, and what the file tells of, sealed under the
 * patient's key; the file is content that no resource names, so that it is swept after a day.
 */
import { createHmac, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { type Filter } from 'mongodb';
import type { Subject } from '../../consent/subject.ts';
import type { Content, Kept } from '../../enforcement/ports.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Claimed, Desk, Job, Order, Progress, Result, State } from '../../record/export/ports.ts';
import type { Contents } from '../content/contents.ts';
import type { Database } from '../database.ts';
import { isDuplicate } from '../fault.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';

export interface ExportDoc {
  _id: string;
  /** Keyed: which caller asked, for which patient. */
  who: string;
  /** Its place among those of a day; each is taken once. */
  slot: number;
  patient: string;
  at: number;
  until: Date;
  state: State | 'cancelled';
  /** It waits or is under way: one at a time. */
  open?: true;
  tries: number;
  claim?: string;
  /** Until when the claim holds; 0 when nobody has it. Milliseconds. */
  lease: number;
  progress: Progress;
  order: Buffer;
  /** What was made: see `Result`. */
  result?: Buffer;
  content?: string;
}

/** Milliseconds. */
const DAY = 86_400_000;
const LEASE = 60_000;
/** Of one caller for one patient, in a day. */
const MOST = 10;
/** Times that it is begun. */
const TRIES = 3;
const TIME = { maxTimeMS: 10_000 };

export class Exports implements Desk {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #contents: Contents;
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor(database: Database, ring: KeyRing, contents: Contents, now: () => number) {
    this.#database = database;
    this.#ring = ring;
    this.#contents = contents;
    this.#key = ring.derive('exports');
    this.#now = now;
  }

  async order(order: Order): Promise<string> {
    const { exports } = this.#database;
    const who = this.#whoIs(order.patient, order.subject);
    const id = randomBytes(16).toString('hex');
    const key = (await this.#ring.ensure([order.patient])).get(order.patient)!;
    for (let attempt = 0; attempt <= MOST; attempt += 1) {
      const taken = await exports
        .find({ who }, { projection: { slot: 1, open: 1, until: 1 }, ...TIME })
        .toArray();
      const underWay = taken.find(({ open }) => open);
      if (underWay !== undefined) return underWay._id;
      const slot = Array.from({ length: MOST }, (_, each) => each).find((each) =>
        taken.every((other) => other.slot !== each),
      );
      if (slot === undefined) throw this.#throttled(taken.map(({ until }) => until.getTime()));
      const at = this.#now();
      const doc: ExportDoc = {
        _id: id,
        who,
        slot,
        patient: order.patient,
        at,
        until: new Date(at + DAY),
        state: 'waiting',
        open: true,
        tries: 0,
        lease: 0,
        progress: { done: 0 },
        order: seal(key, Buffer.from(JSON.stringify(order)), about(id, 'order')),
      };
      try {
        await exports.insertOne(doc);
        return id;
      } catch (error) {
        // another request of the same caller was sooner: look again
        if (!isDuplicate(error)) throw error;
      }
    }
    throw new FhirError('transient', 'the record is being asked for by several requests: try again');
  }

  async find(patient: string, id: string, subject: Subject): Promise<Job | undefined> {
    const who = this.#whoIs(patient, subject);
    const doc = await this.#database.exports.findOne({ _id: id, who }, TIME);
    if (doc === null || doc.state === 'cancelled' || doc.until.getTime() <= this.#now()) return undefined;
    const key = await this.#ring.get(patient);
    if (key === undefined) return undefined;
    const order = opened<Order>(key, doc.order, about(id, 'order'));
    const result = doc.result && (await unpacked(unseal(key, doc.result, about(id, 'result'))));
    const { state, at, until, progress } = doc;
    return { ...order, id, state, at, until: until.getTime(), progress, result };
  }

  async cancel({ id }: Pick<Job, 'id'>): Promise<void> {
    const doc = await this.#database.exports.findOneAndUpdate(
      { _id: id },
      { $set: { state: 'cancelled' }, $unset: { open: 1, claim: 1, result: 1, content: 1 } },
      { returnDocument: 'before', ...TIME },
    );
    if (doc?.content !== undefined) await this.drop(doc.content);
  }

  async claim(): Promise<Claimed | undefined> {
    for (;;) {
      const now = this.#now();
      const claim = randomBytes(8).toString('hex');
      const doc = await this.#database.exports.findOneAndUpdate(
        { open: true, lease: { $lt: now } },
        { $set: { state: 'building', claim, lease: now + LEASE }, $inc: { tries: 1 } },
        { returnDocument: 'after', sort: { lease: 1 }, ...TIME },
      );
      if (doc === null) return undefined;
      const { _id: id, at, patient, tries } = doc;
      const key = await this.#ring.get(patient);
      if (key !== undefined && tries <= TRIES)
        return { ...opened<Order>(key, doc.order, about(id, 'order')), id, at, claim };
      await this.#set({ id, claim }, { state: 'failed' });
    }
  }

  async progress({ id, claim }: Claimed, progress: Progress): Promise<boolean> {
    const set = { progress, lease: this.#now() + LEASE };
    const done = await this.#database.exports.updateOne(held(id, claim), { $set: set }, TIME);
    return done.matchedCount === 1;
  }

  async finish({ id, claim, patient }: Claimed, result: Result): Promise<boolean> {
    const key = await this.#ring.get(patient);
    if (key === undefined) return false;
    const packed = await promisify(gzip)(Buffer.from(JSON.stringify(result)));
    const sealed = seal(key, packed, about(id, 'result'));
    return this.#set({ id, claim }, { state: 'done', result: sealed, content: result.id });
  }

  async fail({ id, claim }: Claimed, again: boolean): Promise<void> {
    if (!again) await this.#set({ id, claim }, { state: 'failed' });
    else
      await this.#database.exports.updateOne(
        held(id, claim),
        { $set: { lease: 0 }, $unset: { claim: 1 } },
        TIME,
      );
  }

  content({ id }: Result): Promise<Content | undefined> {
    return this.#contents.find(id);
  }

  keep(source: AsyncIterable<Buffer>, patient: string): Promise<Kept> {
    return this.#contents.keep(source, patient);
  }

  drop(content: string): Promise<void> {
    return this.#contents.drop(content);
  }

  async #set({ id, claim }: { id: string; claim: string }, set: Partial<ExportDoc>): Promise<boolean> {
    const done = await this.#database.exports.updateOne(
      held(id, claim),
      { $set: set, $unset: { open: 1, claim: 1 } },
      { ...TIME, writeConcern: { w: 'majority', journal: true } },
    );
    return done.matchedCount === 1;
  }

  #whoIs(patient: string, { reference, client, role }: Subject): string {
    return createHmac('sha256', this.#key)
      .update(JSON.stringify([patient, reference, client, role]))
      .digest('base64url');
  }

  #throttled(until: readonly number[]): FhirError {
    const seconds = Math.max(1, Math.ceil((Math.min(...until) - this.#now()) / 1000));
    return new FhirError('throttled', `a record may be asked for ${MOST} times in a day: try again later`, {
      headers: { 'retry-after': String(seconds) },
    });
  }
}

const held = (id: string, claim: string): Filter<ExportDoc> => ({ _id: id, claim, open: true });

const about = (id: string, what: string): string => `export ${id} ${what}`;

const opened = <T>(key: Buffer, sealed: Buffer, of: string): T =>
  JSON.parse(unseal(key, sealed, of).toString()) as T;

const unpacked = async (packed: Buffer): Promise<Result> =>
  JSON.parse((await promisify(gunzip)(packed)).toString()) as Result;
