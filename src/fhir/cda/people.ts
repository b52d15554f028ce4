/**
 * Whom a CDA R2 is about, and how it writes people, as FHIR has them. Pure.
 * http://www.hl7.org/implement/standards/product_brief.cfm?product_id=7
 */
import { present, some } from '../present.ts';
import type { Identifier, Json, Resource } from '../resource.ts';
import { type XmlElement, child, childrenOf, textOf } from '../xml-tree.ts';

const HL7 = 'urn:hl7-org:v3';
const RFC = 'urn:ietf:rfc:3986';
const GENDERS: Readonly<Record<string, string>> = { M: 'male', F: 'female', U: 'unknown' };

export const isCda = ({ name, namespace }: XmlElement): boolean =>
  name === 'ClinicalDocument' && namespace === HL7;

/** @param role `recordTarget/patientRole` */
export function patientOf(role: XmlElement): Resource {
  const patient = child(role, 'patient');
  const birthDate = timeOf(child(patient, 'birthTime'))?.slice(0, 10);
  return present({
    resourceType: 'Patient',
    id: 'patient',
    identifier: some(childrenOf(role, 'id').flatMap((id) => identifierOf(id) ?? [])),
    name: some(childrenOf(patient, 'name').flatMap(humanName)),
    gender: GENDERS[child(patient, 'administrativeGenderCode')?.attributes.code ?? ''],
    birthDate: birthDate?.length === 10 ? birthDate : undefined,
  }) as Resource;
}

/** In French names `BR` is the name at birth and the first given one, `SP` and `CL` are those in use. */
export function humanName(name: XmlElement): Json[] {
  const family = textOf(atBirthFirst(childrenOf(name, 'family'))[0]);
  const given = atBirthFirst(childrenOf(name, 'given')).flatMap((each) => textOf(each) ?? []);
  if (family === undefined && given.length === 0) return [];
  return [present({ use: 'official', family, given: some(given) })];
}

const isAtBirth = ({ attributes }: XmlElement): boolean => attributes.qualifier === 'BR';
const atBirthFirst = (parts: readonly XmlElement[]): XmlElement[] =>
  parts.toSorted((one, other) => Number(isAtBirth(other)) - Number(isAtBirth(one)));

export function identifierOf(element: XmlElement | undefined): Identifier | undefined {
  const { root, extension, nullFlavor } = element?.attributes ?? {};
  if (root === undefined || nullFlavor !== undefined) return undefined;
  const uri = /^[0-2](\.(0|[1-9]\d*))+$/.test(root) ? `urn:oid:${root}` : `urn:uuid:${root.toLowerCase()}`;
  return extension === undefined ? { system: RFC, value: uri } : { system: uri, value: extension };
}

/** `20260502101500+0200` as `2026-05-02T10:15:00+02:00`; a time without a zone is left to the day. */
export function timeOf(element: XmlElement | undefined): string | undefined {
  const { value = '' } = element?.attributes ?? {};
  const parts = /^(\d{4})(\d{2})?(\d{2})?(?:(\d{2})(\d{2})(\d{2})?(?:\.\d+)?)?([+-]\d{4})?$/.exec(value);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second = '00', zone] = parts;
  const date = [year, month, day].filter((each) => each !== undefined).join('-');
  if (hour === undefined || zone === undefined) return date;
  return `${date}T${hour}:${minute}:${second}${zone.slice(0, 3)}:${zone.slice(3)}`;
}
