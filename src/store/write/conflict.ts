/** What comes in the way of a transaction: others, the clock, a database that is away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type ClientSession, MongoError } from 'mongodb';
import { Stale } from '../../enforcement/ports.ts';
import { FhirError } from '../../fhir/outcome.ts';
import { isAway, isDuplicate } from '../fault.ts';

/** How long the database is asked whether a commit holds, when the answer was lost. Milliseconds. */
const UNSURE_WITHIN = 60_000;

/** The transaction took so long that its time would be missed by who polls. */
export class Late extends Error {}

/** Changes that take long by what else the machine has to do, not by their number. */
const FEW = 20;

export const tooLate = (cause: Late, changes: number): FhirError =>
  changes > FEW
    ? new FhirError('too-costly', 'this takes too long to be written at once: send less', { cause })
    : new FhirError('transient', 'the server is too busy to write this in time: try again later', { cause });

/** The database is away, so nothing else can be tried either. */
export class Unanswered extends FhirError {
  constructor(text: string, cause: unknown) {
    super('timeout', text, { cause });
  }
}

/** INVARIANT: sent again until the answer is known: a commit may not be reported as failed and yet hold. */
export async function commitSurely(session: ClientSession): Promise<void> {
  const since = Date.now();
  for (;;) {
    try {
      await session.commitTransaction();
      return;
    } catch (error) {
      if (!(error instanceof MongoError && error.hasErrorLabel('UnknownTransactionCommitResult')))
        throw error;
      if (Date.now() - since > UNSURE_WITHIN) {
        throw new Unanswered('the database does not answer: what was sent may be written or not', error);
      }
      await sleep(50);
    }
  }
}

export function isConflict(error: unknown): boolean {
  return error instanceof Stale || isTransient(error) || isDuplicate(error);
}

export function isTransient(error: unknown): boolean {
  if (error instanceof Late || isAway(error)) return true;
  if (!(error instanceof MongoError)) return false;
  return error.hasErrorLabel('TransientTransactionError') || error.code === 112 || error.code === 251;
}
