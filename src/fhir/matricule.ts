/**
 * A national number that changes: the one before stays with the patient as an old one, so that both lead to them; the
 * new one is that of a qualified identity. https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins Pure.
 */
import { isNational, nationalIn, traitsOf } from './identity.ts';
import { FhirError } from './outcome.ts';
import type { Json, Resource } from './resource.ts';

const AT = { expression: 'Patient.identifier' };
const ENDED: ReadonlySet<unknown> = new Set(['old', 'temp']);
const NUMBER = /^[1-8]\d{4}(\d{2}|2[AB])\d{6}\d{2}$/;

/** `system|value` of each. */
export interface Renumbered {
  /** Those that the patient hadn't before. */
  added: readonly string[];
  /** Those that the patient has no more. */
  dropped: readonly string[];
}

/** @throws FhirError 422 */
export function numbersChanged(before: Resource, after: Resource): Renumbered {
  const [had, has] = [nationalIn(before), nationalIn(after)];
  const dropped = had.filter((number) => !has.includes(number));
  const now = items(after.identifier);
  const ending = currentIn(before).filter((number) => !currentIn(after).includes(number));
  const isEnded = ({ use, period }: Json): boolean =>
    use !== 'old' || typeof (period as Json | undefined)?.end === 'string';
  if (!now.filter((each) => ending.includes(nameOf(each))).every(isEnded))
    throw refused('a national number that is replaced has the end of its `period`');
  const found = currentIn(after).filter((number) => !had.includes(number));
  if (found.length === 0) return { added: [], dropped };
  if (currentIn(after).length > 1)
    throw refused('one national number is the current one: the one before has `use` `old`');
  if (!found.every((number) => isWellFormed(number.slice(number.indexOf('|') + 1))))
    throw refused('a national number has 13 characters and their key of two digits');
  if (traitsOf(after) === undefined)
    throw refused(
      'the identity of a new number is whole: name at birth (`use` official), first given name, `birthDate` and `gender`',
    );
  return { added: found, dropped };
}

export const kept = (): FhirError =>
  refused('a national number isn’t dropped: it stays with `use` `old` and the end of its `period`');

/** Thirteen characters and their key: 97 less what is left of a division by 97; Corsica's letters count as 19 and 18. */
export function isWellFormed(number: string): boolean {
  if (!NUMBER.test(number)) return false;
  const digits = number.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return 97 - (Number(digits) % 97) === Number(number.slice(13));
}

function currentIn({ identifier }: Resource): string[] {
  return items(identifier)
    .filter(({ system, value, use }) => {
      const isNumber = typeof system === 'string' && isNational(system) && typeof value === 'string';
      return isNumber && !ENDED.has(use);
    })
    .map(nameOf);
}

const nameOf = ({ system, value }: Json): string => `${String(system)}|${String(value)}`;

const refused = (text: string): FhirError => new FhirError('business-rule', text, AT);

function items(value: unknown): Json[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).filter(
    (item): item is Json => typeof item === 'object' && item !== null,
  );
}
