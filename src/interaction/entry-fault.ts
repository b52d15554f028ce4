/** The fault of one entry makes a whole transaction fail: https://hl7.org/fhir/R4/http.html#transaction */
import type { PlannedEntry } from '../fhir/bundle.ts';
import { FhirError } from '../fhir/outcome.ts';

/** An entry's error as the transaction's: its element is told from the Bundle on. */
export function blamed({ index }: Pick<PlannedEntry, 'index'>, error: unknown): unknown {
  if (!(error instanceof FhirError) || isInternal(error)) return error;
  const issues = error.issues.map((issue) => ({
    ...issue,
    expression: [
      `Bundle.entry[${index}]`,
      ...(issue.expression === undefined ? [] : ['resource', ...within(issue.expression)]),
    ].join('.'),
  }));
  return FhirError.of(issues, error.status === 404 ? 422 : error.status);
}

export function blaming(entry: Pick<PlannedEntry, 'index'>): (error: unknown) => never {
  return (error) => {
    throw blamed(entry, error);
  };
}

/** `Observation.status` within the Observation: `status`; the Observation itself: nothing. */
const within = (expression: string): string[] => {
  const path = expression.replace(/^[A-Z][A-Za-z]*(\.|$)/, '');
  return path === '' ? [] : [path];
};

export const isInternal = (error: FhirError): boolean => error.status >= 500;
