/** The Patients of two files of one person, once one replaces the other. https://hl7.org/fhir/R4/patient.html#links Pure. */
import { isNational } from '../../fhir/identity.ts';
import type { Identifier, Json, Resource } from '../../fhir/resource.ts';

const MOST_LINKS = 100;

/** The file that is no longer in use: it is closed to everybody, and says which one is. @param by logical id */
export function replaced(patient: Resource, by: string): Resource {
  return { ...patient, active: false, link: linked(patient, by, 'replaced-by') };
}

/**
 * The one that is in use, by the identifiers of both: national ones of the other become old ones, unless it had none.
 * @param today `YYYY-MM-DD`
 */
export function replacing(patient: Resource, other: Resource, today: string): Resource {
  const own = identifiersOf(patient);
  const hasNumber = own.some(isCurrentNumber);
  const brought = identifiersOf(other)
    .filter(({ system, value }) => own.every((each) => each.system !== system || each.value !== value))
    .map((each) => (hasNumber && isCurrentNumber(each) ? ended(each, today) : each));
  const identifier = [...own, ...brought];
  return {
    ...patient,
    ...(identifier.length === 0 ? {} : { identifier }),
    link: linked(patient, other.id!, 'replaces'),
  };
}

/** Of whom it is told that another file is in use in its place. */
export function replacementOf({ link }: Resource): string | undefined {
  const found = items(link).find(({ type }) => type === 'replaced-by')?.other as Json | undefined;
  return /^Patient\/([A-Za-z0-9\-.]{1,64})$/.exec(String(found?.reference))?.[1];
}

/** As it was until today. */
function ended(identifier: Json, today: string): Json {
  return { ...identifier, use: 'old', period: { ...(identifier.period as Json | undefined), end: today } };
}

function isCurrentNumber({ system, use }: Json): boolean {
  return typeof system === 'string' && isNational(system) && use !== 'old';
}

function linked(patient: Resource, other: string, type: string): Json[] {
  const reference = `Patient/${other}`;
  const rest = items(patient.link).filter(
    (each) => (each.other as Json | undefined)?.reference !== reference,
  );
  return [...rest.slice(0, MOST_LINKS), { other: { reference }, type }];
}

const identifiersOf = ({ identifier }: Resource): (Json & Identifier)[] => items(identifier);

function items(value: unknown): Json[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).filter(
    (item): item is Json => typeof item === 'object' && item !== null,
  );
}
