/** Codes and canonicals of IHE MHD and ANS PDSm: https://profiles.ihe.net/ITI/MHD/ and https://interop.esante.gouv.fr/ig/fhir/pdsm */
import { items } from '../fhir/items.ts';
import { listType } from '../fhir/lists.ts';
import type { Coding, Identifier, Json, Resource } from '../fhir/resource.ts';

/** https://profiles.ihe.net/fhir/ihe.formatcode.fhir/ */
export const FORMATS = 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode';

/** Of what its media type tells enough. */
export const SUFFICIENT: Coding = { system: FORMATS, code: 'urn:ihe:iti:xds:2017:mimeTypeSufficient' };

/** A Bundle that claims one of these is checked as such, whatever is in it. */
const PROVIDE =
  /\/(IHE\.MHD\.(Minimal|Comprehensive|UnContained\.Comprehensive)\.ProvideBundle|pdsm-comprehensive-provide-document-bundle)(\||$)/;

/** A document that claims one of these brings its content in itself: ITI-105. */
const SIMPLIFIED =
  /\/(IHE\.MHD\.SimplifiedPublish\.DocumentReference|pdsm-simplified-publish|mhd-simplified-document-reference)(\||$)/;

export const isSimplified = (profile: string): boolean => SIMPLIFIED.test(profile);

export function claimsSimplified({ meta }: Resource): boolean {
  return (meta?.profile ?? []).some(isSimplified);
}

export function claimsProvide({ meta }: Resource): boolean {
  return (meta?.profile ?? []).some((profile) => PROVIDE.test(profile));
}

/** `system|value` of what its source calls this very document, or this List: XDS's uniqueId. */
export function uniqueIdOf(resource: Resource): string | undefined {
  if (resource.resourceType === 'DocumentReference')
    return nameOf(resource.masterIdentifier as Identifier | undefined);
  if (listType(resource) === undefined) return undefined;
  const identifiers = items(resource.identifier) as (Identifier & { use?: string })[];
  return nameOf(identifiers.find(({ use }) => use === 'usual') ?? identifiers[0]);
}

function nameOf(identifier: Identifier | undefined): string | undefined {
  const { system = '', value } = identifier ?? {};
  return typeof value === 'string' && value !== '' ? `${system}|${value}` : undefined;
}

export function attachmentsOf({ content }: Resource): Json[] {
  return items(content).flatMap(({ attachment }) =>
    typeof attachment === 'object' && attachment !== null ? [attachment as Json] : [],
  );
}
