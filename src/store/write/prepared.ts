/** What a transaction writes, from versions that are encoded: pure, so that all of it is known before it begins. */
import type { AnyBulkWriteOperation } from 'mongodb';
import type { Change, Commit } from '../../enforcement/ports.ts';
import { DECIDING, isOpen } from '../../consent/policy.ts';
import type { LockDoc, PatientDoc } from '../database.ts';
import type { Doc, HistoryDoc } from '../document.ts';
import type { Encoded } from './encoder.ts';
import { mentions } from './mentions.ts';
import { type PieceDoc, keeping } from '../content/pieces.ts';
import type { OutboxDoc } from '../outgoing/outbox.ts';
import type { SubscriptionDoc } from '../outgoing/subscription-writes.ts';

export interface Prepared {
  resources: AnyBulkWriteOperation<Doc>[];
  auditResources: Doc[];
  history: HistoryDoc[];
  audit: Doc[];
  locks: AnyBulkWriteOperation<LockDoc>[];
  outbox: OutboxDoc[];
  subscriptions: AnyBulkWriteOperation<SubscriptionDoc>[];
  /** Data that is kept once. */
  pieces: AnyBulkWriteOperation<PieceDoc>[];
  patients: AnyBulkWriteOperation<PatientDoc>[];
  /** What is made under an id that its caller chose, and the mark of a deletion that it comes after. */
  named: string[];
  revived: { rid: string; vid: string; patient: string; at: number }[];
  counts: { inserted: number; replaced: number; deleted: number; locks: number };
}

export function prepare(
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
    pieces: keeping(encoded.flatMap(({ pieces }) => pieces)),
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
    const before = change.previous?.patients ?? [];
    if (decides(change.type)) for (const patient of [...change.patients, ...before]) raised.add(patient);
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
