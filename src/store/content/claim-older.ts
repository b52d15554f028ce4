/**
 * Content that documents named before claims were kept, or before they took what says by itself whose it is: sealed under its
 * patient's key now, and read as its document is. What none names stays as it is.
 */
import { locationOf } from '../../fhir/content/attachment.ts';
import { Claims } from './claims.ts';
import { Contents } from './contents.ts';
import type { Database } from '../database.ts';
import type { KeyRing } from '../keys/keys.ts';
import { Reading } from '../reading.ts';
import { Terms } from '../terms.ts';

/** Documents that name one content. */
const MOST = 200;
const TOLD = 1000;

export async function claimOlder(
  database: Database,
  ring: KeyRing,
  base: string,
  tell: (what: string) => void,
): Promise<void> {
  const { resources } = database;
  const terms = new Terms(ring.derive('terms'));
  const claims = new Claims(
    database,
    ring,
    new Reading(database, ring),
    new Contents(database.db, ring),
    base,
  );
  let done = 0;
  const contents = resources.find(
    {
      $or: [
        { type: { $in: ['Binary', 'Bundle'] }, patient: '', owners: { $exists: false } },
        { type: { $in: ['Binary', 'Bundle'] }, patient: { $ne: '' } },
      ],
    },
    { projection: { _id: 1, by: 1 } },
  );
  for await (const { _id: rid, by } of contents) {
    const documents = await resources
      .find(
        { ids: terms.of(locationOf(rid)), type: 'DocumentReference', by },
        { projection: { _id: 1, patient: 1, others: 1 }, limit: MOST, hint: 'ids_type_date' },
      )
      .toArray();
    const patients = documents.flatMap(({ patient, others = [] }) => [patient, ...others]);
    await claims.own({ rid, by, patients: patients.filter((each) => each !== '') });
    done += 1;
    if (done % TOLD === 0) tell(`${done} contents sealed under their patients' keys`);
  }
}
