/** ITI-105: what a document carries in itself becomes a Binary. https://profiles.ihe.net/ITI/MHD/ITI-105.html */
import { items } from '../fhir/items.ts';
import { attachmentFault, knownOf } from '../fhir/content/attachment.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { jsonOf } from '../fhir/xml/read.ts';
import { claimsSimplified, isSimplified } from './codes.ts';
import { following } from './document-bundle.ts';

/** A FHIR document is served as the Bundle that it is: https://build.fhir.org/ig/euridice-org/eu-health-data-api/document-exchange.html */
const FHIR = /^application\/fhir\+(json|xml)\s*(;|$)/i;

export interface Split {
  document: Resource;
  /** Binaries, and FHIR documents. */
  contents: Resource[];
}

/**
 * Of a document that claims a simplified publish, and FHIR documents of any; all else is kept as it is. What is kept
 * claims it no more. Pure but for the ids. @throws FhirError 422 when size, hash or type are not the content's
 * @param bundles whether FHIR documents become Bundles
 */
export function splitOff(document: Resource, newId: () => string, { bundles }: { bundles: boolean }): Split {
  const isSplit = claimsSimplified(document);
  const contents: Resource[] = [];
  const content = items(document.content).map((each, index) => {
    const attachment = each.attachment as Json | undefined;
    if (typeof attachment?.data !== 'string') return each;
    const at = `DocumentReference.content[${index}].attachment`;
    const bundle = bundles ? documentIn(attachment, at) : undefined;
    if (!isSplit && bundle === undefined) return each;
    if (attachment.url !== undefined)
      throw new FhirError('invariant', 'an attachment has `data` or `url`', { expression: at });
    const { data, size: _size, hash: _hash, ...rest } = attachment;
    const { contentType = 'application/octet-stream' } = rest;
    const told = measured(attachment, data as string, contentType, at);
    const id = newId();
    if (bundle !== undefined) {
      contents.push(following({ ...bundle, id }));
      return { ...each, attachment: { ...rest, url: `Bundle/${id}` } };
    }
    const securityContext = { reference: `DocumentReference/${document.id}` };
    contents.push({ resourceType: 'Binary', id, contentType, securityContext, data });
    return { ...each, attachment: { ...rest, url: `Binary/${id}`, ...told } };
  });
  const kept = isSplit ? unclaimed(document) : document;
  return { document: contents.length === 0 ? kept : { ...kept, content }, contents };
}

/** The FHIR document that an attachment holds. @throws FhirError 422 when it is no FHIR, as its type says */
export function documentIn({ data, contentType }: Json, expression: string): Resource | undefined {
  if (typeof data !== 'string' || typeof contentType !== 'string') return undefined;
  const form = FHIR.exec(contentType)?.[1]?.toLowerCase();
  if (form === undefined) return undefined;
  const bytes = Buffer.from(data, 'base64');
  try {
    const resource = parseJson(form === 'xml' ? jsonOf(bytes) : bytes) as Resource;
    return resource.resourceType === 'Bundle' && resource.type === 'document' ? resource : undefined;
  } catch (cause) {
    if (!(cause instanceof FhirError)) throw cause;
    const text = `the content is not \`application/fhir+${form}\`: ${cause.issues[0]!.text}`;
    throw new FhirError('business-rule', text, { expression, cause });
  }
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
  return { size: known.size, hash: known.sha1() };
}
