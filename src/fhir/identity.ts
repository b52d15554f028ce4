/**
 * Who a patient is: national identifiers, and the traits that a person is told by when the number isn't at hand.
 * https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins
 */
import type { Identifier, Json, Resource } from './resource.ts';
import { SUBSETTED } from './subsetted.ts';

/** INS, under its official, test and demo roots, and the number that came before it. */
const NATIONAL = /^urn:oid:1\.2\.250\.1\.213\.1\.4\.(2|8|9|10|11)$/;
/** Traits that are given on, beside the name and the identifiers. */
const BIRTH_PLACE = 'http://hl7.org/fhir/StructureDefinition/patient-birthPlace';
const INSEE_CODE = 'https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-address-insee-code';

/** Those of a qualified identity. */
const QUALIFIED = /^urn:oid:1\.2\.250\.1\.213\.1\.4\.(8|9|10|11)$/;

export const isNational = (system: string): boolean => NATIONAL.test(system);
export const isQualified = (system: string): boolean => QUALIFIED.test(system);

/** Of one who is looked for, or of one who is known: all four, or they tell nobody for certain. */
export interface Traits {
  /** Name at birth. */
  family: string;
  /** The first given name. */
  given: string;
  /** `YYYY-MM-DD` */
  birthDate: string;
  gender: string;
}

/** `system|value` of each national identifier, old ones too: who changes their number is found by both. */
export function nationalIn({ identifier }: Resource): string[] {
  return items(identifier).flatMap(({ system, value }: Identifier) =>
    typeof system === 'string' && typeof value === 'string' && isNational(system)
      ? [`${system}|${value}`]
      : [],
  );
}

/** Undefined when one of them is missing. */
export function traitsOf(patient: Resource): Traits | undefined {
  const { family, given } = nameOf(patient) ?? {};
  const first = Array.isArray(given) ? (given[0] as unknown) : undefined;
  const { birthDate, gender } = patient;
  const isWhole = [family, first, birthDate, gender].every((each) => typeof each === 'string' && each !== '');
  if (!isWhole || !/^\d{4}-\d{2}-\d{2}$/.test(birthDate as string)) return undefined;
  return {
    family: family as string,
    given: first as string,
    birthDate: birthDate as string,
    gender: gender as string,
  };
}

/** What a patient is found by who is asked for by all traits; equal for spellings that differ in case, accents and hyphens. */
export function traitsTerm({ family, given, birthDate, gender }: Traits): string {
  return `traits=${[spelled(family), spelled(given), birthDate, gender].join('|')}`;
}

/**
 * INSEE codes of the commune, or of the country, of birth: as it is recorded, else as the number has it. An INS-NIR
 * carries it after sex, year and month.
 */
export function birthPlacesOf(patient: Resource): string[] {
  const recorded = items(patient.extension)
    .filter(({ url }) => url === BIRTH_PLACE)
    .flatMap(({ valueAddress }) => items((valueAddress as Json | undefined)?.extension))
    .filter(({ url }) => url === INSEE_CODE)
    .flatMap(({ valueCoding }) => (valueCoding as Json | undefined)?.code ?? []);
  const codes = recorded.filter((code) => typeof code === 'string');
  if (codes.length > 0) return codes;
  return nationalIn(patient).flatMap((number) => {
    const [, place] = /\|\d{5}(\d{5}|2[AB]\d{3})\d{3}(\d{2})?$/.exec(number) ?? [];
    return place === undefined ? [] : [place];
  });
}

/** What may be told of a patient to who knows the number or all the traits: who it is, and nothing else. */
export function identityOf(patient: Resource): Resource {
  const { id, name, gender, birthDate, identifier, extension } = patient;
  const national = items(identifier).filter(({ system }) => typeof system === 'string' && isNational(system));
  const place = items(extension).filter(({ url }) => url === BIRTH_PLACE);
  const official = nameOf(patient);
  return {
    resourceType: 'Patient',
    id,
    meta: {
      tag: [SUBSETTED],
    },
    ...(place.length === 0 ? {} : { extension: place }),
    ...(national.length === 0 ? {} : { identifier: national }),
    ...(name === undefined || official === undefined ? {} : { name: [official] }),
    ...(gender === undefined ? {} : { gender }),
    ...(birthDate === undefined ? {} : { birthDate }),
  };
}

/** The name at birth: the official one, or the only one that says no use. */
function nameOf({ name }: Resource): Json | undefined {
  const names = items(name);
  return names.find(({ use }) => use === 'official') ?? names.find(({ use }) => use === undefined);
}

/** `SANTONI-ROUSSELOT` and `Santoni Rousselot` are one. */
export function spelled(text: string): string {
  return text
    .normalize('NFD')
    .replace(/\p{Mn}/gu, '')
    .toUpperCase()
    .replace(/Œ/g, 'OE')
    .replace(/Æ/g, 'AE')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();
}

function items(value: unknown): Json[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).filter(
    (item): item is Json => typeof item === 'object' && item !== null,
  );
}
