/** ITI-105: what a document carries in itself becomes a Binary. https://profiles.ihe.net/ITI/MHD/ITI-105.html */
import { items } from '../fhir/items.ts';
import { attachmentFault, knownOf } from '../fhir/content/attachment.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { claimsSimplified, isSimplified } from './codes.ts';

/**
 * Of a document that claims a simplified publish; all others are kept as they are. What is kept claims it no more.
 * Pure but for the ids. @throws FhirError 422 when size, hash or type are not the content's */
export function splitOff(
  document: Resource,
  newId: () => string,
): { document: Resource; binaries: Resource[] } {
  if (!claimsSimplified(document)) return { document, binaries: [] };
  const binaries: Resource[] = [];
  const content = items(document.content).map((each, index) => {
    const attachment = each.attachment as Json | undefined;
    if (typeof attachment?.data !== 'string') return each;
    const at = `DocumentReference.content[${index}].attachment`;
    if (attachment.url !== undefined)
      throw new FhirError('invariant', 'an attachment has `data` or `url`', { expression: at });
    const { data, ...rest } = attachment;
    const { contentType = 'application/octet-stream' } = rest;
    const told = measured(rest, data as string, contentType, at);
    const id = newId();
    const securityContext = { reference: `DocumentReference/${document.id}` };
    binaries.push({ resourceType: 'Binary', id, contentType, securityContext, data });
    return { ...each, attachment: { ...rest, url: `Binary/${id}`, ...told } };
  });
  return { document: { ...unclaimed(document), content }, binaries };
}

function unclaimed({ meta: { profile = [], ...meta } = {}, ...document }: Resource): Resource {
  const left = profile.filter((each) => !isSimplified(each));
  const kept = left.length === 0 ? meta : { ...meta, profile: left };
  return { ...document, ...(Object.keys(kept).length === 0 ? {} : { meta: kept }) } as Resource;
}

/**
 * What XDS wants to be told of content: bytes, and SHA-1 in base64.
 * @throws FhirError 422 when the attachment says otherwise
 */
export function measured(
  attachment: Json,
  data: string,
  contentType: unknown,
  expression: string,
): { size: number; hash: string } {
  const known = knownOf(data, contentType);
  const fault = attachmentFault(attachment, known);
  if (fault !== undefined) throw new FhirError('business-rule', fault, { expression });
  return { size: known.size, hash: typeof attachment.hash === 'string' ? attachment.hash : known.sha1() };
}
