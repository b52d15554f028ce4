/**
 * What FranceConnect+ says of a person: five traits, and no national number. Pure.
 * https://docs.partenaires.franceconnect.gouv.fr/fs/fs-technique/fs-technique-scope-fc/
 */
import type { Traits } from '../../fhir/identity.ts';

export interface FiveTraits extends Traits {
  /** The commune's INSEE code, or the country's of who was born abroad. */
  birthPlace: string;
}

/** What is kept of the claims while a code is waited for. */
const TRAITS = 'family_name given_name given_name_array birthdate gender birthplace birthcountry'.split(' ');

export function traitsAlone(claims: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(claims).filter(([name]) => TRAITS.includes(name)));
}

/** Undefined when one of them is missing or can't be read: four tell nobody for certain. */
export function traitsClaimed(claims: Record<string, unknown>): FiveTraits | undefined {
  const { family_name: family, birthdate, gender } = claims;
  const given = firstGiven(claims);
  const birthPlace = [claims.birthplace, claims.birthcountry].find(isPlace);
  if (
    !isText(family) ||
    given === undefined ||
    typeof birthdate !== 'string' ||
    // who doesn't know the day of their birth has `00` there
    !/^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/.test(birthdate) ||
    (gender !== 'female' && gender !== 'male') ||
    birthPlace === undefined
  )
    return undefined;
  return { family, given, birthDate: birthdate, gender, birthPlace };
}

/** All given names come, in one text with spaces between, or as a list too. */
function firstGiven({
  given_name: names,
  given_name_array: list,
}: Record<string, unknown>): string | undefined {
  const [listed] = Array.isArray(list) ? (list as unknown[]) : [];
  if (isText(listed)) return listed;
  return isText(names) ? names.trim().split(/\s+/, 1)[0] : undefined;
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '' && value.length <= 200;
}

function isPlace(value: unknown): value is string {
  return typeof value === 'string' && /^(\d{5}|2[AB]\d{3})$/.test(value);
}
