/** What takes two people: asked for by one, confirmed by another of another duty. Pure. */
import { FhirError } from '../fhir/outcome.ts';
import type { Duty, Steward } from './duty.ts';

export interface Proposal {
  id: string;
  /**
   * `listing`: an app becomes listed; `client`: a system is registered or widened; `issuer`: tokens of it are trusted;
   * `merge`: two files of one person become one.
   */
  kind: 'listing' | 'client' | 'issuer' | 'merge';
  /** Id of what it is about. */
  about: string;
  /** What it becomes. */
  change: unknown;
  /** Of what it was made; when that has changed since, it is asked for anew. */
  version?: number;
  by: Steward;
  /** Whose word it wants besides. */
  second: readonly Duty[];
  /** Milliseconds. */
  at: number;
  state: 'open' | 'confirmed' | 'refused';
  decided?: { by: Steward; at: number; reason?: string };
}

/** Milliseconds: what nobody confirms is asked for anew. */
export const OPEN_FOR = 30 * 86_400_000;

/** @throws FhirError 403, 409 */
export function requireSecond({ state, at, by, second }: Proposal, steward: Steward, now: number): void {
  if (state !== 'open') throw new FhirError('duplicate', `this was ${state} before`);
  if (now >= at + OPEN_FOR)
    throw new FhirError('duplicate', 'this was asked for more than 30 days ago: ask anew');
  if (steward.reference === by.reference) throw new FhirError('forbidden', 'another person confirms');
  if (steward.duty === by.duty || !second.includes(steward.duty)) {
    throw new FhirError(
      'forbidden',
      `this wants the word of: ${second.filter((duty) => duty !== by.duty).join(', ')}`,
    );
  }
}
