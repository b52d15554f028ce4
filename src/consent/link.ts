/** Who stands for a patient. https://hl7.org/fhir/R4/relatedperson.html */
import type { Json, Resource } from '../fhir/resource.ts';
import type { Caller } from './caller.ts';
import { type Told, codingOf } from './coding.ts';
import { type Span, spanOf } from './period.ts';
import { DELEGATION, MODIFIERS } from './vocabulary.ts';

/** The most telling first. */
const KINDS = ['legal-protection', 'legal-representative', 'caregiver'] as const;
type Kind = (typeof KINDS)[number];

export interface Link extends Span {
  /** `RelatedPerson/x` */
  reference: string;
  kinds: readonly Kind[];
  because: string;
}

/** Undefined: it is no link, as somebody of the family alone is none. */
export function linkIn(person: Resource): Link | undefined {
  const span = spanOf(person.period);
  const codings = (Array.isArray(person.relationship) ? (person.relationship as unknown[]) : []).flatMap(
    (concept) => codingsIn(concept),
  );
  const kinds = KINDS.filter((kind) =>
    codings.some(({ system, code }) => system === DELEGATION && code === kind),
  );
  const counts =
    span !== undefined &&
    kinds.length > 0 &&
    (person.active === undefined || person.active === true) &&
    MODIFIERS.every((name) => person[name] === undefined);
  if (!counts) return undefined;
  const reference = `RelatedPerson/${person.id}`;
  return { ...span, reference, kinds, because: `${reference}/_history/${person.meta?.versionId ?? ''}` };
}

/** Those that can be read; beside them a text or a code of one's own may stand. */
function codingsIn(concept: unknown): Told[] {
  const { coding } = (typeof concept === 'object' && concept !== null ? concept : {}) as Json;
  return (Array.isArray(coding) ? (coding as unknown[]) : []).flatMap((each) => codingOf(each) ?? []);
}

/** What the caller is to the patient, and what says so. */
export interface Standing {
  is: 'patient' | 'representative' | 'caregiver' | 'other';
  because: readonly string[];
}

/** @param majority when the patient comes of age */
export function standingOf(
  { patient, links, majority }: { patient: string; links: readonly Link[]; majority: number | undefined },
  { role, persons }: Caller,
  now: number,
): Standing {
  if (role !== 'patient' && role !== 'representative') return { is: 'other', because: [] };
  if (role === 'patient' && persons[0] === `Patient/${patient}`) return { is: 'patient', because: [] };
  const own = links.filter(
    ({ reference, from, until }) => persons.includes(reference) && from <= now && now < until,
  );
  const isMinor = majority !== undefined && now < majority;
  const legal = own.find(
    ({ kinds }) => kinds.includes('legal-protection') || (isMinor && kinds.includes('legal-representative')),
  );
  if (legal !== undefined) return { is: 'representative', because: [legal.because] };
  const caregiver = own.find(({ kinds }) => kinds.includes('caregiver'));
  return caregiver === undefined
    ? { is: 'other', because: [] }
    : { is: 'caregiver', because: [caregiver.because] };
}
