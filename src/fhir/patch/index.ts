/** The patch interaction's kinds of document: https://hl7.org/fhir/R4/http.html#patch */
import { parseJson } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Resource } from '../resource.ts';
import { isObject } from './document.ts';
import { fhirPathPatch } from './fhirpath-patch.ts';
import { jsonPatch } from './json-patch.ts';
import { xmlPatch } from './xml-patch.ts';

export { fhirPathPatch, jsonPatch, xmlPatch };

export const JSON_PATCH = 'application/json-patch+json';
export const XML_PATCH = 'application/xml-patch+xml';

/** A list is a JSON Patch, Parameters a FHIRPath Patch, and a Binary holds a JSON or an XML Patch. */
export function applyPatch(resource: Resource, document: unknown): Resource {
  if (Array.isArray(document)) return jsonPatch(resource, document);
  if (isObject(document) && document.resourceType === 'Parameters')
    return fhirPathPatch(resource, document as Resource);
  if (isObject(document) && document.resourceType === 'Binary') return byContent(resource, document);
  throw new FhirError('structure', 'a patch is a JSON Patch, an XML Patch or a Parameters resource');
}

function byContent(
  resource: Resource,
  { contentType, data }: { contentType?: unknown; data?: unknown },
): Resource {
  const bytes = typeof data === 'string' ? Buffer.from(data, 'base64') : undefined;
  if (bytes !== undefined && contentType === JSON_PATCH)
    return jsonPatch(resource, parseJson(bytes, { array: true }));
  if (bytes !== undefined && contentType === XML_PATCH) return xmlPatch(resource, bytes);
  throw new FhirError('not-supported', `the Binary must hold \`${JSON_PATCH}\` or \`${XML_PATCH}\``, {
    status: 415,
  });
}

/** As it stands in a Bundle. */
export const patchIn = (contentType: string, bytes: Buffer): Resource => ({
  resourceType: 'Binary',
  contentType,
  data: bytes.toString('base64'),
});
