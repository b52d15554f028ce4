/**
 * What a professional records of a consent that a patient gave in their presence.
 * https://hl7.org/fhir/R4/consent-definitions.html#Consent.verification
 */
import { items } from '../fhir/items.ts';
import type { Reference, Resource } from '../fhir/resource.ts';
import { compileConsent } from './provision.ts';
import { policiesOf } from './root.ts';
import type { Rules } from './rules.ts';
import { POLICY } from './vocabulary.ts';

/** What only the patient says: whom they refuse, who may see what is masked, what becomes of new documents. */
const PERSONAL = [POLICY.block, POLICY.administrator, POLICY.maskNew];

/** It says so, that the patient spoke, and who verified it when; and nothing of emergencies. */
export function isCollected(consent: Resource, rules: Rules): boolean {
  const policies = policiesOf(consent);
  if (consent.resourceType !== 'Consent' || !policies.includes(POLICY.collected)) return false;
  if (PERSONAL.some((policy) => policies.includes(policy))) return false;
  if (compileConsent(consent, rules).some(({ emergency }) => emergency)) return false;
  const spoke = items(consent.performer).some(
    (performer) => performer.reference === (consent.patient as Reference | undefined)?.reference,
  );
  const verified = items(consent.verification).some(
    (each) =>
      each.verified === true &&
      typeof each.verificationDate === 'string' &&
      (each.verifiedWith as Reference | undefined)?.reference !== undefined,
  );
  const recorded = items(consent.organization).length > 0;
  return spoke && verified && recorded;
}
