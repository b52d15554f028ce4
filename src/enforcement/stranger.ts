/**
 * Who is given what they deposited as they deposited it: without the labels that others have put on it since, and
 * without the versions in which nothing else changed. Everybody but the patient themself.
 */
import type { Subject } from '../consent/subject.ts';
import { withoutLabels } from '../fhir/labels.ts';
import { idIn } from './bounds.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Shown, Told } from './ports.ts';

export interface Stranger {
  depositor: string;
  /** The patient who is the caller, by logical id. */
  self?: string;
}

export function strangerOf({ depositor, role, reference }: Subject): Stranger {
  return role === 'patient' ? { depositor, self: idIn(reference) } : { depositor };
}

/** Whether others' labels on it, and the versions that brought them, are kept from the caller. */
export function isStrangerTo(
  { depositor, self }: Stranger,
  { by, patients }: Pick<Shown, 'by' | 'patients'>,
): boolean {
  return by === depositor && !(patients.length === 1 && patients[0] === self);
}

/** The resource without these labels, as the version that its depositor is told it still is. */
export function asDeposited(
  resource: Resource,
  isUnshown: (label: string) => boolean,
  told: Told | undefined,
): Resource {
  const bare = withoutLabels(resource, isUnshown);
  if (told === undefined) return bare;
  const lastUpdated = new Date(told.at).toISOString();
  return { ...bare, meta: { ...bare.meta, versionId: told.vid, lastUpdated } };
}
