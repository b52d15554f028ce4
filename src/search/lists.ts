/**
 * Functional lists: a patient's current one of a kind, told by its code. https://hl7.org/fhir/R4/lifecycle.html#lists
 */
const LOINC = 'http://loinc.org';
const KINDS = 'http://terminology.hl7.org/CodeSystem/list-example-codes';

/** `$current-drug-allergies` is left out: R4 knows no code that tells it from the list of all allergies. */
const CODES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    '$current-problems': [`${LOINC}|46105-3`, `${LOINC}|11450-4`, `${KINDS}|problems`],
    '$current-medications': [`${LOINC}|57828-6`, `${LOINC}|10160-0`, `${KINDS}|medications`],
    '$current-allergies': [`${LOINC}|18716-1`, `${LOINC}|52472-8`, `${LOINC}|48765-2`, `${KINDS}|allergies`],
  }),
);

export const FUNCTIONAL_LISTS: readonly string[] = [...CODES.keys()];

/** `system|code` of the Lists that are this one. */
export function codesOf(list: string): readonly string[] {
  return CODES.get(list) ?? [];
}
