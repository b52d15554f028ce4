/** A prepared transaction, carried out; whoever wrote first meanwhile makes it fail. */
import type { ClientSession } from 'mongodb';
import { Stale } from '../../enforcement/ports.ts';
import { FhirError } from '../../fhir/outcome.ts';
import { isConflict } from './conflict.ts';
import type { Database } from '../database.ts';
import type { Prepared } from './prepared.ts';
import { subscribe } from '../outgoing/subscription-writes.ts';

const TIMES = { maxTimeMS: 15_000 };

/** @throws Stale, FhirError when it can't be traced */
export async function carryOut(
  database: Database,
  prepared: Prepared,
  session: ClientSession,
): Promise<void> {
  const { resources, history, audit, locks, patients } = database;
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
  if (prepared.pieces.length > 0) await database.pieces.bulkWrite(prepared.pieces, options);
  await afterDeletions(database, prepared, session);
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
  if (prepared.outbox.length > 0) await database.outbox.insertMany(prepared.outbox, options);
  if (prepared.subscriptions.length > 0) await subscribe(database, prepared.subscriptions, options);
  if (prepared.patients.length > 0)
    await patients.bulkWrite(prepared.patients, { ...options, ordered: true });
}

/** What is made anew comes right after the deletion that its version counts from: no other was made and deleted since. */
async function afterDeletions(
  database: Database,
  { named, revived }: Prepared,
  session: ClientSession,
): Promise<void> {
  const rids = [...named, ...revived.map(({ rid }) => rid)];
  if (rids.length === 0) return;
  const marks = await database.history
    .find(
      { rid: { $in: rids }, method: 'DELETE' },
      { session, projection: { rid: 1, vid: 1 }, sort: { rid: 1, at: 1 }, hint: 'rid_at', ...TIMES },
    )
    .toArray();
  const newest = new Map(marks.map(({ rid, vid }) => [rid, vid]));
  if (named.some((rid) => newest.has(rid)) || revived.some(({ rid, vid }) => newest.get(rid) !== vid))
    throw new Stale();
}

/** What can't be traced isn't done. */
function unrecorded(cause: unknown): never {
  throw isConflict(cause)
    ? cause
    : new FhirError('transient', 'the access could not be recorded; try again', { cause });
}
