/**
 * A FHIR document that is the content of a DocumentReference (MHD's FHIR Documents option). It brings copies of its
 * own of the patient and of all that it names, so what it says itself doesn't tell whose it is here: like a Binary it
 * is read under the decision of the DocumentReferences that name it, by nobody else but its depositor.
 * https://profiles.ihe.net/ITI/MHD/1332_option.html
 */
import type { Coding, Resource } from '../fhir/resource.ts';

const FOLLOWS: Coding = {
  system: 'https://carnet.example/fhir/CodeSystem/handling',
  code: 'follows-document',
};

/** Marks it, for good: it can't become the data of patients later. */
export function following(bundle: Resource): Resource {
  if (followsDocument(bundle)) return bundle;
  return { ...bundle, meta: { ...bundle.meta, tag: [...(bundle.meta?.tag ?? []), FOLLOWS] } };
}

export function followsDocument({ resourceType, type, meta }: Resource): boolean {
  const tags = Array.isArray(meta?.tag) ? meta.tag : [];
  return (
    resourceType === 'Bundle' &&
    type === 'document' &&
    tags.some(({ system, code }) => system === FOLLOWS.system && code === FOLLOWS.code)
  );
}
