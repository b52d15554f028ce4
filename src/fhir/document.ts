/** A FHIR document, and whom it is about: https://hl7.org/fhir/R4/documents.html Pure. */
import { items } from './items.ts';
import type { Json, Reference, Resource } from './resource.ts';

export const isDocument = ({ resourceType, type }: Resource): boolean =>
  resourceType === 'Bundle' && type === 'document';

/** What begins it; undefined: it is none. */
export function compositionOf(bundle: Resource): Resource | undefined {
  const first = items(bundle.entry)[0]?.resource as Resource | undefined;
  return isDocument(bundle) && first?.resourceType === 'Composition' ? first : undefined;
}

/** Entries of it that a reference inside may mean. */
export function entriesNamed(bundle: Resource, { reference }: Reference): Json[] {
  if (reference === undefined) return [];
  return items(bundle.entry).filter(({ fullUrl, resource }) => {
    const { resourceType, id } = (resource ?? {}) as Partial<Resource>;
    return fullUrl === reference || (id !== undefined && `${resourceType}/${id}` === reference);
  });
}
