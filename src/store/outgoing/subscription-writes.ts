/**
 * What stands beside a Subscription, in the transaction that writes it: what it asks for, where it goes and whose
 * rights it goes by, sealed; and how far it has come.
 */
import type { AnyBulkWriteOperation, ClientSession, UpdateFilter } from 'mongodb';
import { parseJson } from '../../fhir/json.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Resource } from '../../fhir/resource.ts';
import type { Numbered } from '../../subscription/ports.ts';
import type { Database } from '../database.ts';
import type { Encoded } from '../write/encoder.ts';
import { seal } from '../keys/sealing.ts';

export interface SubscriptionDoc {
  /** Of the resource. */
  _id: string;
  vid: string;
  status: 'requested' | 'active' | 'error' | 'off';
  sealed: Buffer;
  place: number;
  since: number;
  events: number;
  /** The last number that was given; absent: none that hasn't arrived. */
  given?: number;
  sent: number;
  tries: number;
  failing?: number;
  fault?: string;
  /** When it may be tried, milliseconds. */
  next: number;
  claim?: string;
  /** Until when the claim holds. */
  until?: number;
}

export interface EventDoc extends Omit<Numbered, 'id'> {
  /** `subscription number` */
  _id: string;
  subscription: string;
  resource: string;
  /** For MongoDB to drop it. */
  made: Date;
}

export interface BindingDoc {
  /** Hash of the token. */
  _id: string;
  subscriptions: string[];
  until: Date;
}

/** Of one subscriber. */
const MOST = 200;
const OPTIONS = { maxTimeMS: 10_000 };
export const HEAD = ' head';
/** Of the key that seals them. */
export const PURPOSE = 'subscriptions';

export const about = (id: string): string => `rights of Subscription ${id}`;

/** What stands beside the resources that are written. */
export async function beside(
  database: Database,
  key: Buffer,
  written: readonly Encoded[],
): Promise<AnyBulkWriteOperation<SubscriptionDoc>[]> {
  const own = written.filter(({ change }) => change.type === 'Subscription');
  if (own.length === 0) return [];
  await checkMost(database, own);
  const head = (await database.followers.findOne({ _id: HEAD }, OPTIONS))?.n ?? 0;
  return own.map(({ change, version: { vid, at } }) => {
    const { id, resource, subscriber, previous } = change;
    if (resource === undefined) return { deleteOne: { filter: { _id: id } } };
    const status = resource.status as SubscriptionDoc['status'];
    if (subscriber === undefined)
      return { updateOne: { filter: { _id: id }, update: { $set: { vid, status } } } };
    const sealed = seal(key, Buffer.from(JSON.stringify({ subject: subscriber, resource })), about(id));
    const set = { vid, status, sealed, tries: 0, next: 0 };
    const start = { place: head, since: at };
    const goesOn = previous !== undefined && isSame(previous.body, resource);
    const update: UpdateFilter<SubscriptionDoc> = {
      $set: { ...set, ...(goesOn ? {} : start) },
      $setOnInsert: { events: 0, sent: 0, ...(goesOn ? start : {}) },
      $unset: { failing: 1, fault: 1, claim: 1, until: 1 },
    };
    return { updateOne: { filter: { _id: id }, update, upsert: true } };
  });
}

/** It asks for the same, and was not off: it goes on where it was. */
function isSame(body: Buffer, { criteria, _criteria }: Resource): boolean {
  if (body.length === 0) return false;
  const before = parseJson(body) as Resource;
  const asked = (each: unknown, more: unknown): string => JSON.stringify([each, more]);
  return before.status !== 'off' && asked(before.criteria, before._criteria) === asked(criteria, _criteria);
}

/** Events of one that is deleted go with it: its id may come again. */
export async function subscribe(
  { subscriptions, subscriptionEvents }: Database,
  writes: readonly AnyBulkWriteOperation<SubscriptionDoc>[],
  options: { session: ClientSession },
): Promise<void> {
  await subscriptions.bulkWrite([...writes], options);
  const deleted = writes.flatMap((each) =>
    'deleteOne' in each ? [each.deleteOne.filter._id as string] : [],
  );
  if (deleted.length > 0) await subscriptionEvents.deleteMany({ subscription: { $in: deleted } }, options);
}

async function checkMost({ resources }: Database, own: readonly Encoded[]): Promise<void> {
  const made = own.filter(
    ({ change }) => change.previous === undefined || change.previous.method === 'DELETE',
  );
  for (const by of new Set(made.map(({ change }) => change.by))) {
    const filter = { by, type: 'Subscription' };
    const had = await resources.countDocuments(filter, { limit: MOST, hint: 'by_type_at', ...OPTIONS });
    if (had + made.filter(({ change }) => change.by === by).length <= MOST) continue;
    throw new FhirError('too-costly', `a subscriber has up to ${MOST} Subscriptions: delete some`);
  }
}
