/** Security labels, wherever a type carries them: https://hl7.org/fhir/R4/security-labels.html */
import type { Coding, Json, Resource } from './resource.ts';

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** `system|code` and, for who asks whatever the system, `*|code` of `meta.security`, `securityLabel` and a Composition's `confidentiality` together, without doubles. */
export function labelsOf(resource: Resource): string[] {
  const own = (Array.isArray(resource.securityLabel) ? resource.securityLabel : []) as Json[];
  const codings = [
    ...(resource.meta?.security ?? []),
    ...own.flatMap((concept) => (Array.isArray(concept.coding) ? (concept.coding as Coding[]) : [])),
    ...(typeof resource.confidentiality === 'string'
      ? [{ system: CONFIDENTIALITY, code: resource.confidentiality }]
      : []),
  ];
  return [...new Set(codings.flatMap(({ system = '', code = '' }) => [`${system}|${code}`, `*|${code}`]))];
}
