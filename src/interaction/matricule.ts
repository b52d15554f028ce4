/** What a change of a patient's national number takes beside the right to register: docs/interactions/patients.md */
import type { Stored } from '../enforcement/ports.ts';
import { parseJson } from '../fhir/json.ts';
import { kept, numbersChanged } from '../fhir/matricule.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { mayLookFor } from './finding.ts';
import type { Exchange } from './exchange.ts';

/**
 * A number that was another's all along may go: it leads to them. Who may not look for people isn't told that there is
 * another.
 * @returns whether the patient has another number by now
 * @throws FhirError 422, 409
 */
export async function requireNumbers(
  { subject, store }: Exchange,
  live: Stored,
  resource: Resource,
): Promise<boolean> {
  if (subject.role === 'all') return false;
  const { added, dropped } = numbersChanged(parseJson(live.body) as Resource, resource);
  const isOthers = async (number: string): Promise<boolean> =>
    mayLookFor(subject) && (await store.whoIs([`identifier=${number}`], live.id)) !== undefined;
  for (const number of dropped) if (!(await isOthers(number))) throw kept();
  for (const number of added) {
    if (!(await isOthers(number))) continue;
    throw new FhirError(
      'duplicate',
      'another open space has this number: two files of one person become one by `Patient/$merge`',
      { expression: 'Patient.identifier' },
    );
  }
  return added.length + dropped.length > 0;
}
