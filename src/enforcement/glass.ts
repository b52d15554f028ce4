/** Broken glasses: who opened whose record in an emergency, when and why. docs/interactions/break-glass.md */
import type { Emergency } from '../consent/caller.ts';

export interface Glass {
  /** Those of one professional that are still open. */
  brokenBy(practitioner: string, now: number): Promise<Emergency[]>;
  /** Anew for the same patient: the earlier one is replaced. @param until milliseconds */
  break(practitioner: string, emergency: Emergency, until: number): Promise<void>;
}
