/**
 * Content that documents named before claims were kept, or before they took what says by itself whose it is: sealed under its
 * patient's key now, and read as its document is. What none names stays as it is.
 */
import { Claims } from './claims.ts';
import { Contents } from './contents.ts';
import type { Database } from '../database.ts';
import type { KeyRing } from '../keys/keys.ts';
import { Reading } from '../reading.ts';

const TOLD = 1000;

export async function claimOlder(
  database: Database,
  ring: KeyRing,
  base: string,
  tell: (what: string) => void,
): Promise<void> {
  const { resources } = database;
  const claims = new Claims(
    database,
    ring,
    new Reading(database, ring),
    new Contents(database.db, ring),
    base,
  );
  let done = 0;
  const contents = resources.find(
    { type: { $in: ['Binary', 'Bundle'] }, owners: { $exists: false } },
    { projection: { _id: 1, by: 1 } },
  );
  for await (const { _id: rid, by } of contents) {
    const claim = await claims.of({ rid, by });
    if (claim !== undefined) await claims.own(claim);
    done += 1;
    if (done % TOLD === 0) tell(`${done} contents sealed under their patients' keys`);
  }
}
