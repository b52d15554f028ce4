/**
 * The states of an app, and who moves it from one to the next: one table. What lets somebody in wants a second person,
 * of another duty; what shuts somebody out takes one. Pure.
 */
import { FhirError } from '../fhir/outcome.ts';
import { type Duty, DUTIES } from './duty.ts';
import { CRITERIA, type Listing, type State } from './listing.ts';

export interface Step {
  from: State;
  to: State;
  /** Who asks for it. */
  by: readonly Duty[];
  /** Whose word it wants besides; absent: it holds at once. */
  second?: readonly Duty[];
}

// prettier-ignore
export const STEPS: readonly Step[] = [
  { from: 'candidate', to: 'under-review', by: ['operator'] },
  { from: 'under-review', to: 'candidate', by: ['reviewer', 'security-officer'] },
  { from: 'under-review', to: 'listed', by: ['reviewer'], second: ['security-officer', 'operator'] },
  { from: 'listed', to: 'suspended', by: DUTIES },
  { from: 'suspended', to: 'listed', by: ['reviewer'], second: ['security-officer', 'operator'] },
  { from: 'candidate', to: 'delisted', by: ['operator', 'reviewer'] },
  { from: 'under-review', to: 'delisted', by: ['operator', 'reviewer'] },
  { from: 'listed', to: 'delisted', by: ['operator', 'reviewer'] },
  { from: 'suspended', to: 'delisted', by: ['operator', 'reviewer'] },
];

/** @throws FhirError 422 */
export function stepBetween(from: State, to: State): Step {
  const step = STEPS.find((each) => each.from === from && each.to === to);
  if (step !== undefined) return step;
  const allowed = STEPS.filter((each) => each.from === from).map((each) => each.to);
  throw new FhirError(
    'business-rule',
    `what is \`${from}\` can't become \`${to}\`; allowed: ${allowed.join(', ') || 'nothing, it is at its end'}`,
  );
}

/** What is listed was reviewed by each criterion, and is so still. @throws FhirError 422 */
export function requireReviewed({ reviews, reviewedUntil }: Listing, now: number): void {
  const verdicts = new Map(reviews.map(({ criterion, verdict }) => [criterion, verdict]));
  const open = CRITERIA.filter((criterion) => verdicts.get(criterion) !== 'met');
  if (open.length > 0) {
    throw new FhirError('business-rule', `not met, or not reviewed yet: ${open.join(', ')}`);
  }
  if (reviewedUntil === undefined || endOf(reviewedUntil) <= now) {
    throw new FhirError('business-rule', 'the review says no day, or one that is over: `reviewedUntil`');
  }
}

/** The first moment after that day, milliseconds. */
export function endOf(day: string): number {
  return Date.parse(day) + 86_400_000;
}

/** Candidates reach a sandbox of synthetic people alone. */
export function connects(state: State, isSandbox: boolean): boolean {
  return state === 'listed' || (isSandbox && (state === 'candidate' || state === 'under-review'));
}
