/** The patch interaction's three kinds of document: https://hl7.org/fhir/R4/http.html#patch */
import { parseJson } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Resource } from '../resource.ts';
import { isObject } from './document.ts';
import { fhirPathPatch } from './fhirpath-patch.ts';
import { jsonPatch } from './json-patch.ts';

export { fhirPathPatch, jsonPatch };

/** A list is a JSON Patch, Parameters a FHIRPath Patch, and a Binary (in Bundles) holds a JSON Patch. */
export function applyPatch(resource: Resource, document: unknown): Resource {
  if (Array.isArray(document)) return jsonPatch(resource, document);
  if (isObject(document) && document.resourceType === 'Parameters')
    return fhirPathPatch(resource, document as Resource);
  if (isObject(document) && document.resourceType === 'Binary')
    return jsonPatch(resource, contentOf(document));
  throw new FhirError('structure', 'a patch is a JSON Patch or a Parameters resource');
}

function contentOf({ contentType, data }: { contentType?: unknown; data?: unknown }): unknown {
  if (contentType !== 'application/json-patch+json' || typeof data !== 'string') {
    throw new FhirError('not-supported', 'the Binary must hold `application/json-patch+json`', {
      status: 415,
    });
  }
  return parseJson(Buffer.from(data, 'base64'), { array: true });
}
