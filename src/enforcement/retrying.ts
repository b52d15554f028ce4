/** Again from the start when somebody else wrote first. */
import { setTimeout as sleep } from 'node:timers/promises';
import { FhirError } from '../fhir/outcome.ts';
import { Stale } from './ports.ts';

const ATTEMPTS = 40;
/** Of the wait before an attempt, milliseconds, each time longer. */
const STEP = 4;

/**
 * @param said when it was in vain
 * @param longest attempts after which waits grow no longer
 * @throws FhirError transient
 */
export async function retrying<T>(work: () => Promise<T>, said: string, longest = ATTEMPTS): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (!(error instanceof Stale)) throw error;
      if (attempt === ATTEMPTS) throw new FhirError('transient', said, { cause: error });
      await sleep(Math.random() * STEP * Math.min(attempt, longest));
    }
  }
}
