/**
 * Labels that a depositor isn't shown are found by everybody else alone: the terms that stand for them are kept apart.
 * https://hl7.org/fhir/R4/search.html#security
 */
const PARAMETERS = ['_security', 'security-label'];

/** Under which a resource is found, by a term of a label that its depositor isn't shown. */
export function unshownTerm(term: string): string {
  return `~${term}`;
}

export function isOfLabels(term: string): boolean {
  return PARAMETERS.some((code) => term.startsWith(`${code}=`) || term.startsWith(`${code}:`));
}

/** The terms of a resource, those that it has for its unshown labels alone kept apart. */
export function keptApart(whole: readonly string[], shown: readonly string[]): string[] {
  const also = new Set(shown);
  return whole.map((term) => (also.has(term) ? term : unshownTerm(term)));
}
