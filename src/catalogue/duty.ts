/**
 * Who steers what may connect: three duties, each of other people. None of them reads health data: whoever has one is
 * an operator, whom line 1 of conformance/consent-rules.md gives nothing.
 */
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';

export const DUTIES = ['operator', 'reviewer', 'security-officer'] as const;
export type Duty = (typeof DUTIES)[number];

/** As a token says it, among its scopes. */
export const RIGHTS: Record<Duty, string> = {
  operator: 'registry.operate',
  reviewer: 'registry.review',
  'security-officer': 'registry.secure',
};

export interface Steward {
  /** `Practitioner/x`: a person, who alone acts under it. */
  reference: string;
  name?: string;
  duty: Duty;
}

/** @throws FhirError 403: nobody of theirs, or of several duties at once */
export function stewardOf({ role, reference, name, rights }: Subject): Steward {
  const duties = DUTIES.filter((duty) => rights.includes(RIGHTS[duty]));
  const [duty] = duties;
  if (role !== 'operator' || duty === undefined || duties.length > 1) {
    throw new FhirError(
      'forbidden',
      'for one of: operator, reviewer, security officer; each with a token of one duty',
    );
  }
  if (!reference.startsWith('Practitioner/')) {
    throw new FhirError('forbidden', 'a person decides here, not software');
  }
  return { reference, duty, ...(name === undefined ? {} : { name }) };
}

/** @throws FhirError 403 */
export function requireDuty({ duty }: Steward, among: readonly Duty[]): void {
  if (!among.includes(duty)) throw new FhirError('forbidden', `this is for: ${among.join(', ')}`);
}
