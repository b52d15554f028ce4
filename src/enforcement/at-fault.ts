/** Which of the changes that are written together a fault is of: a transaction tells its sender the entry. */
import { FhirError } from '../fhir/outcome.ts';
import type { Change } from './ports.ts';

const faults = new WeakMap<FhirError, Change>();

/** One after the other. @throws FhirError the first fault */
export async function ofEach(
  changes: readonly Change[],
  check: (change: Change) => Promise<void> | void,
): Promise<void> {
  for (const change of changes) {
    try {
      await check(change);
    } catch (error) {
      if (error instanceof FhirError) faults.set(error, change);
      throw error;
    }
  }
}

/** Undefined: it is of none, or nobody can say of which. */
export const changeAtFault = (error: unknown): Change | undefined =>
  error instanceof FhirError ? faults.get(error) : undefined;
