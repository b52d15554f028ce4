/** Subscriptions as they are delivered: see src/subscription/ports.ts. */
import { createHash, randomBytes } from 'node:crypto';
import type { Subject } from '../../consent/subject.ts';
import { Access } from '../../enforcement/access.ts';
import { Stale } from '../../enforcement/ports.ts';
import { parseJson } from '../../fhir/json.ts';
import { labelsOf } from '../../fhir/labels.ts';
import { fewRandomBytes } from '../../fhir/random.ts';
import type { Resource } from '../../fhir/resource.ts';
import {
  type Claimed,
  type Desk,
  type Kept,
  type Ledger,
  Lost,
  type Numbered,
  type Opened,
} from '../../subscription/ports.ts';
import type { Database } from '../database.ts';
import type { KeyRing } from '../keys/keys.ts';
import { unseal } from '../keys/sealing.ts';
import type { Store } from '../store.ts';
import { type EventDoc, HEAD, PURPOSE, type SubscriptionDoc, about } from './subscription-writes.ts';

const OPTIONS = { maxTimeMS: 10_000 };
const FOLLOWER = 'subscriptions';
/** What fails holds the outbox back no longer than this; what waits for a connection, until it ends by itself. Milliseconds. */
const HELD = 7 * 86_400_000;
const MOST = 10_000;

const internal = Access.internal('the state of a Subscription, as its subscriber reads it');

export class Subscriptions implements Desk, Ledger {
  readonly #database: Database;
  readonly #key: Buffer;
  readonly #store: Store;

  constructor(database: Database, ring: KeyRing, store: Store) {
    this.#database = database;
    this.#key = ring.derive(PURPOSE);
    this.#store = store;
  }

  async due(now: number): Promise<Kept[]> {
    const docs = await this.#database.subscriptions
      .find(
        { status: { $in: ['requested', 'active'] }, next: { $lte: now } },
        { projection: { sealed: 0 }, sort: { next: 1 }, limit: MOST, hint: 'status_next', ...OPTIONS },
      )
      .toArray();
    return docs.filter(({ until = 0 }) => until <= now).map(keptOf);
  }

  async open({ id, vid }: Kept): Promise<Opened | undefined> {
    const doc = await this.#database.subscriptions.findOne({ _id: id, vid }, OPTIONS);
    return doc === null ? undefined : this.#opened(doc);
  }

  async claim({ id, vid }: Kept, now: number, until: number): Promise<Claimed | undefined> {
    const claim = fewRandomBytes(12).toString('hex');
    const doc = await this.#database.subscriptions.findOneAndUpdate(
      {
        _id: id,
        vid,
        status: { $in: ['requested', 'active'] },
        next: { $lte: now },
        $or: [{ until: { $exists: false } }, { until: { $lte: now } }],
      },
      { $set: { claim, until } },
      { returnDocument: 'after', projection: { sealed: 0 }, ...OPTIONS },
    );
    return doc === null ? undefined : { ...keptOf(doc as SubscriptionDoc), claim };
  }

  async pending({ id, events, place }: Kept): Promise<Numbered[]> {
    const docs = await this.#database.subscriptionEvents
      .find(
        { subscription: id, number: { $gt: events }, n: { $gt: place } },
        { sort: { number: 1 }, hint: NUMBERS, ...OPTIONS },
      )
      .toArray();
    return docs.map(numberedOf);
  }

  async offer({ id, claim }: Claimed, events: readonly Numbered[], until: number): Promise<void> {
    const { client, subscriptions, subscriptionEvents } = this.#database;
    const made = new Date();
    const docs = events.map(({ id: resource, ...event }) => ({
      ...event,
      _id: `${id} ${event.number}`,
      subscription: id,
      resource,
      made,
    }));
    const session = client.startSession();
    try {
      await session.withTransaction(async () => {
        const $set = { until, given: docs.at(-1)!.number };
        const held = await subscriptions.updateOne({ _id: id, claim }, { $set }, { session });
        if (held.matchedCount !== 1) throw new Lost();
        await subscriptionEvents.insertMany(docs, { session });
      });
    } finally {
      await session.endSession();
    }
  }

  async renew({ id, claim }: Claimed, until: number, place: number): Promise<void> {
    const update = { $set: { until }, $max: { place } };
    const held = await this.#database.subscriptions.updateOne({ _id: id, claim }, update, OPTIONS);
    if (held.matchedCount !== 1) throw new Lost();
  }

  async arrived(
    { id, claim }: Claimed,
    done: { place: number; events: number; sent: number },
  ): Promise<void> {
    const update = { $set: { ...done, tries: 0 }, $unset: { failing: 1 as const, fault: 1 as const } };
    const held = await this.#database.subscriptions.updateOne({ _id: id, claim }, update, OPTIONS);
    if (held.matchedCount !== 1) throw new Lost();
  }

  async later(
    { id, claim }: Claimed,
    failed: { next: number; failing: number; fault: string },
  ): Promise<void> {
    const update = { $set: failed, $inc: { tries: 1 }, $unset: FREE };
    await this.#database.subscriptions.updateOne({ _id: id, claim }, update, OPTIONS);
  }

  async release({ id, claim }: Claimed, next: number): Promise<void> {
    const update = { $set: { next }, $unset: FREE };
    await this.#database.subscriptions.updateOne({ _id: id, claim }, update, OPTIONS);
  }

  async become(
    { id, vid }: Kept,
    status: 'active' | 'error' | 'off',
    fault?: string,
  ): Promise<string | undefined> {
    const previous = await this.#store.get(internal, 'Subscription', id);
    if (previous?.vid !== vid) return undefined;
    const { error: _, ...rest } = parseJson(previous.body) as Resource;
    const resource = { ...rest, status, ...(fault === undefined ? {} : { error: fault }) } as Resource;
    const { type, patients, by } = previous;
    const change = { method: 'PUT' as const, type, id, patients, by, resource, previous };
    try {
      const [stored] = await this.#store.commit({
        changes: [{ ...change, labels: labelsOf(resource) }],
        locks: [],
        audit: () => [],
      });
      return stored!.vid;
    } catch (error) {
      if (error instanceof Stale) return undefined;
      throw error;
    }
  }

  async skip({ id, vid }: Kept, place: number): Promise<void> {
    const filter = { _id: id, vid, claim: { $exists: false } };
    await this.#database.subscriptions.updateOne(filter, { $max: { place } }, OPTIONS);
  }

  async hold(now: number): Promise<void> {
    const { subscriptions, followers } = this.#database;
    const head = await followers.findOne({ _id: HEAD }, OPTIONS);
    const [first] = await subscriptions
      .find(
        {
          status: { $in: ['requested', 'active'] },
          $or: [{ failing: { $exists: false } }, { failing: { $gt: now - HELD } }],
        },
        { projection: { place: 1 }, sort: { place: 1 }, limit: 1, ...OPTIONS },
      )
      .toArray();
    const n = first?.place ?? head?.n ?? 0;
    await followers.updateOne({ _id: FOLLOWER }, { $max: { n } }, { upsert: true, ...OPTIONS });
  }

  /** For its subscriber, who was given the resource. Events count from their number on, whether they arrived or not. */
  async state(id: string): Promise<{ events: number; fault?: string } | undefined> {
    const projection = { events: 1, given: 1, fault: 1 };
    const doc = await this.#database.subscriptions.findOne({ _id: id }, { projection, ...OPTIONS });
    if (doc === null) return undefined;
    return { events: givenOf(doc), ...(doc.fault === undefined ? {} : { fault: doc.fault }) };
  }

  /** That have a number, from and to these; at most so many. */
  async events(id: string, from: number, to: number, limit: number): Promise<Numbered[]> {
    const docs = await this.#database.subscriptionEvents
      .find(
        { subscription: id, number: { $gte: from, $lte: to } },
        { sort: { number: 1 }, limit, hint: NUMBERS, ...OPTIONS },
      )
      .toArray();
    return docs.map(numberedOf);
  }

  async rights(id: string): Promise<Subject | undefined> {
    const doc = await this.#database.subscriptions.findOne({ _id: id }, OPTIONS);
    return doc === null ? undefined : this.#opened(doc).subject;
  }

  async token(ids: readonly string[], until: number): Promise<string> {
    const token = randomBytes(32).toString('base64url');
    const _id = hashOf(token);
    await this.#database.bindings.insertOne({ _id, subscriptions: [...ids], until: new Date(until) });
    return token;
  }

  /** The Subscriptions that a token binds to, once; their next turns come at once. None: it is no token. */
  async bind(token: string): Promise<string[]> {
    const { bindings, subscriptions } = this.#database;
    const found = await bindings.findOneAndDelete({ _id: hashOf(token) }, OPTIONS);
    if (found === null || found.until.getTime() <= Date.now()) return [];
    const own = { _id: { $in: found.subscriptions }, status: { $in: ['requested', 'active'] as const } };
    await subscriptions.updateMany(own, { $set: { next: 0 } }, OPTIONS);
    const held = await subscriptions.find(own, { projection: { _id: 1 }, ...OPTIONS }).toArray();
    return found.subscriptions.filter((id) => held.some(({ _id }) => _id === id));
  }

  #opened({ _id, sealed }: SubscriptionDoc): Opened {
    return JSON.parse(unseal(this.#key, sealed, about(_id)).toString()) as {
      subject: Subject;
      resource: Resource;
    };
  }
}

const NUMBERS = 'subscription_number';
const FREE = { claim: 1, until: 1 } as const;

function keptOf(doc: SubscriptionDoc): Kept {
  const { _id: id, vid, status, place, since, events, sent, tries, failing } = doc;
  return {
    id,
    vid,
    status: status as Kept['status'],
    place,
    since,
    events,
    given: givenOf(doc),
    sent,
    tries,
    ...(failing === undefined ? {} : { failing }),
  };
}

const givenOf = ({ events, given = 0 }: Pick<SubscriptionDoc, 'events' | 'given'>): number =>
  Math.max(events, given);

function numberedOf({ n, type, resource: id, vid, at, number }: EventDoc): Numbered {
  return { n, type, id, vid, at, number };
}

/** A stolen database binds nobody. */
const hashOf = (token: string): string => createHash('sha256').update(token).digest('base64url');
