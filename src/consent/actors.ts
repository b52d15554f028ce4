/** Whom a provision names. https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.actor */
import type { Json, Reference, Resource } from '../fhir/resource.ts';
import { type Caller, isProfessional } from './caller.ts';
import { codingsOf } from './coding.ts';
import { membersOf } from './members.ts';
import { TERMINOLOGY } from './vocabulary.ts';

export type Effect = 'permit' | 'deny';

/** What names the caller, the most telling first. */
export const LEVELS = ['caller', 'group', 'profession', 'anyone'] as const;
export type Level = (typeof LEVELS)[number];

/** `unclear`: an actor that can't be told, who for a deny may be anybody. */
export interface Actors {
  persons: readonly string[];
  /** Organizations. */
  groups: readonly string[];
  /** PractitionerRoles, CareTeams and Groups: whom they mean is told by the resource as it stands now. */
  named: readonly string[];
  professions: readonly string[];
  unclear: boolean;
}

export const NOBODY_KNOWN: Actors = { persons: [], groups: [], named: [], professions: [], unclear: true };

const PERSONS = /^(Practitioner|RelatedPerson|Patient|Device)\/[A-Za-z0-9\-.]{1,64}$/;
const GROUPS = /^Organization\/[A-Za-z0-9\-.]{1,64}$/;
const NAMED = /^(PractitionerRole|CareTeam|Group)\/[A-Za-z0-9\-.]{1,64}$/;
const RECEIVES = new Set(['IRCP', 'PRCP', 'GRANTEE']);

/** @param professions their code systems */
export function actorsOf(value: unknown, professions: readonly string[]): Actors {
  const found = {
    persons: [] as string[],
    groups: [] as string[],
    named: [] as string[],
    professions: [] as string[],
    unclear: false,
  };
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  for (const item of items) {
    const {
      role,
      reference,
      id: _id,
      ...rest
    } = (typeof item === 'object' && item !== null ? item : {}) as Json;
    const { reference: literal, identifier } = (reference ?? {}) as Reference;
    const codings = codingsOf(role) ?? [];
    const receives = codings.some(
      ({ system, code }) => system.startsWith(`${TERMINOLOGY}v3-`) && RECEIVES.has(code),
    );
    const practised = codings.filter(({ system }) => professions.includes(system)).map(({ code }) => code);
    const list = typeof literal === 'string' && receives ? listFor(literal) : undefined;
    if (Object.keys(rest).length > 0) found.unclear = true;
    else if (list !== undefined) found[list].push(literal!);
    // somebody's identifier is not everybody of the profession
    else if (literal === undefined && identifier === undefined && practised.length > 0)
      found.professions.push(...practised);
    else found.unclear = true;
  }
  if (items.length === 0) found.unclear = true;
  return found;
}

function listFor(reference: string): 'persons' | 'groups' | 'named' | undefined {
  if (PERSONS.test(reference)) return 'persons';
  if (GROUPS.test(reference)) return 'groups';
  return NAMED.test(reference) ? 'named' : undefined;
}

/** What is known of the resources that Consents name as actors; absent: there is no such resource now. */
export type Named = ReadonlyMap<string, Resource>;

/** How actors mean the caller; undefined when they don't. */
export function levelIn(
  { persons, groups, named, professions, unclear }: Actors,
  effect: Effect,
  caller: Caller,
  resources: Named,
  patient: string,
  now: number,
): Level | undefined {
  // who can't be told may be the caller, as far as a deny goes
  if (unclear && effect === 'deny') return 'caller';
  if (caller.persons.some((name) => persons.includes(name) || groups.includes(name))) return 'caller';
  const levels = named.map((reference): Level | undefined => {
    const members = membersOf(resources.get(reference), effect, patient, caller.groups, now);
    if (members === 'untold') return effect === 'deny' ? 'caller' : undefined;
    const isOne = members.some((name) => caller.persons.includes(name) || caller.groups.includes(name));
    return isOne ? (reference.startsWith('PractitionerRole/') ? 'caller' : 'group') : undefined;
  });
  if (caller.groups.some((name) => groups.includes(name))) levels.push('group');
  if (caller.profession !== undefined && professions.includes(caller.profession)) levels.push('profession');
  return LEVELS.find((level) => levels.includes(level));
}

/** The most telling level at which all of these mean the caller. Nobody named: a permit means any professional. */
export function levelOf(
  actors: readonly Actors[],
  effect: Effect,
  caller: Caller,
  resources: Named,
  patient: string,
  now: number,
): Level | undefined {
  if (actors.length === 0) return effect === 'deny' || isProfessional(caller) ? 'anyone' : undefined;
  const levels = actors.map((each) => levelIn(each, effect, caller, resources, patient, now));
  return levels.includes(undefined) ? undefined : LEVELS.find((level) => levels.includes(level));
}
