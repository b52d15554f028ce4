/** Security labels, wherever a type carries them: https://hl7.org/fhir/R4/security-labels.html */
import type { Coding, Json, Resource } from './resource.ts';

/** `system|code` of `meta.security` and of `securityLabel` together, without doubles. */
export function labelsOf(resource: Resource): string[] {
  const own = (Array.isArray(resource.securityLabel) ? resource.securityLabel : []) as Json[];
  const codings = [
    ...(resource.meta?.security ?? []),
    ...own.flatMap((concept) => (Array.isArray(concept.coding) ? (concept.coding as Coding[]) : [])),
  ];
  return [...new Set(codings.map(({ system = '', code = '' }) => `${system}|${code}`))];
}
