/**
 * That there is nothing, where the patient or a professional said so; that nothing is found says nothing.
 * https://hl7.org/fhir/uv/ips/Design-Conventions.html and https://hl7.org/fhir/R4/valueset-list-empty-reason.html
 */
import type { Resource } from '../../fhir/resource.ts';
import { codesOf, referenceOf } from './elements.ts';

/** A resource with who deposited it. */
export interface Found {
  resource: Resource;
  by?: string;
}

const ABSENT = 'http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips';
const SNOMED = 'http://snomed.info/sct';

/** By section. Partial ones, such as "no known drug allergy", say nothing of the rest: they are entries. */
const NOTHING: Readonly<Record<string, readonly string[]>> = {
  '48765-2': [`${ABSENT}|no-known-allergies`, `${SNOMED}|716186003`],
  '11450-4': [`${ABSENT}|no-known-problems`, `${SNOMED}|160245001`],
  '10160-0': [`${ABSENT}|no-known-medications`, `${SNOMED}|787481004`],
};
/** That nothing is known is no entry either. */
const UNKNOWN = ['no-allergy-info', 'no-problem-info', 'no-medication-info'].map(
  (code) => `${ABSENT}|${code}`,
);
/** Lists of these sections, by other codes too. */
const LISTS: Readonly<Record<string, readonly string[]>> = {
  '48765-2': ['48765-2', '52472-8'],
  '11450-4': ['11450-4'],
  '10160-0': ['10160-0', '29549-3'],
};
const SPEAKERS = /^(Patient|RelatedPerson|Practitioner|PractitionerRole)\//;

export function saysNothing({ resource }: Found, section: string): boolean {
  return has(resource, NOTHING[section] ?? []);
}

export function saysUnknown({ resource }: Found): boolean {
  return has(resource, UNKNOWN);
}

/** A List that is empty since nothing is known to be there. */
export function isEmptyList({ resource }: Found, section: string): boolean {
  const { status, code, emptyReason, entry } = resource;
  return (
    resource.resourceType === 'List' &&
    status === 'current' &&
    entry === undefined &&
    codesOf(emptyReason).some((each) => each.code === 'nilknown') &&
    codesOf(code).some((each) => LISTS[section]?.includes(each.code) === true)
  );
}

/** The patient, who speaks for them, or a professional: no app, and no system in nobody's name. */
export function isSaidBySomebody({ resource, by }: Found): boolean {
  if (by?.startsWith('Device/') === true) return false;
  const { asserter, recorder, informationSource, requester, source } = resource;
  const named = [asserter, recorder, informationSource, requester, source]
    .map(referenceOf)
    .find((each) => each !== undefined);
  return SPEAKERS.test(named ?? by ?? '');
}

function has({ code, medicationCodeableConcept }: Resource, wanted: readonly string[]): boolean {
  return [...codesOf(code), ...codesOf(medicationCodeableConcept)].some((each) =>
    wanted.includes(`${each.system}|${each.code}`),
  );
}
