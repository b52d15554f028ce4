/** What a change of a patient's national number takes beside the right to register: docs/interactions/patients.md */
import type { Stored } from '../enforcement/ports.ts';
import { parseJson } from '../fhir/json.ts';
import { numbersChanged } from '../fhir/matricule.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { mayLookFor } from './finding.ts';
import type { Exchange } from './exchange.ts';

/**
 * Who may not look for people isn't told that there is another.
 * @throws FhirError 422, 409
 */
export async function requireNumbers(
  { subject, store }: Exchange,
  live: Stored,
  resource: Resource,
): Promise<void> {
  if (subject.role === 'all') return;
  for (const number of numbersChanged(parseJson(live.body) as Resource, resource)) {
    const other = mayLookFor(subject) ? await store.whoIs([`identifier=${number}`]) : undefined;
    if (other === undefined || other.id === live.id) continue;
    throw new FhirError(
      'duplicate',
      'another open space has this number: two files of one person become one by `Patient/$merge`',
      { expression: 'Patient.identifier' },
    );
  }
}
