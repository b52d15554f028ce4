/**
 * Whom a PractitionerRole, a CareTeam or a Group means, as it stands now: surely for a permit, possibly for a deny.
 * https://hl7.org/fhir/R4/careteam.html, https://hl7.org/fhir/R4/group.html, https://hl7.org/fhir/R4/practitionerrole.html
 */
import { items } from '../fhir/items.ts';
import type { Reference, Resource } from '../fhir/resource.ts';
import type { Effect } from './actors.ts';
import { contains } from './period.ts';
import { MODIFIERS } from './vocabulary.ts';

const MEMBER = /^(Practitioner|Organization|RelatedPerson|Patient|Device)\/[A-Za-z0-9\-.]{1,64}$/;

/** Untold: it isn't there, or says something that isn't understood. */
export function membersOf(
  resource: Resource | undefined,
  effect: Effect,
  patient: string,
  organizations: readonly string[],
  now: number,
): readonly string[] | 'untold' {
  if (resource === undefined || MODIFIERS.some((name) => resource[name] !== undefined)) return 'untold';
  switch (resource.resourceType) {
    case 'PractitionerRole':
      return holder(resource, effect, organizations, now);
    case 'CareTeam':
      return teamMembers(resource, effect, patient, now);
    case 'Group':
      return groupMembers(resource, effect, now);
    default:
      return 'untold';
  }
}

function holder(
  role: Resource,
  effect: Effect,
  organizations: readonly string[],
  now: number,
): readonly string[] | 'untold' {
  const practitioner = memberIn(role.practitioner);
  if (effect === 'deny') return practitioner === undefined ? 'untold' : [practitioner];
  const where = memberIn(role.organization);
  const holds =
    practitioner !== undefined &&
    (role.active === undefined || role.active === true) &&
    contains(role.period, now) &&
    (role.organization === undefined || (where !== undefined && organizations.includes(where)));
  return holds ? [practitioner] : [];
}

function teamMembers(
  team: Resource,
  effect: Effect,
  patient: string,
  now: number,
): readonly string[] | 'untold' {
  const participants = items(team.participant);
  const members = participants.map(({ member }) => memberIn(member));
  if (effect === 'deny') return all(members);
  const subject = (team.subject as Reference | undefined)?.reference;
  const works =
    team.status === 'active' &&
    contains(team.period, now) &&
    (team.subject === undefined || subject === `Patient/${patient}`);
  return works ? known(members.filter((_, index) => contains(participants[index]!.period, now))) : [];
}

function groupMembers(group: Resource, effect: Effect, now: number): readonly string[] | 'untold' {
  const members = items(group.member);
  const entities = members.map(({ entity }) => memberIn(entity));
  const enumerated = group.characteristic === undefined;
  if (effect === 'deny') return enumerated ? all(entities) : 'untold';
  const counts = enumerated && group.actual === true && (group.active === undefined || group.active === true);
  return counts
    ? known(
        entities.filter((_, index) => {
          const { inactive, period } = members[index]!;
          return (inactive === undefined || inactive === false) && contains(period, now);
        }),
      )
    : [];
}

/** All who may be in it, whatever else it says. */
export function everyMember({ resourceType, practitioner, participant, member }: Resource): string[] {
  switch (resourceType) {
    case 'PractitionerRole':
      return known([memberIn(practitioner)]);
    case 'CareTeam':
      return known(items(participant).map((each) => memberIn(each.member)));
    case 'Group':
      return known(items(member).map((each) => memberIn(each.entity)));
    default:
      return [];
  }
}

/** Whom a resource may open something to by naming them in itself. */
export function namedIn(resource: Resource): string[] {
  return [...everyMember(resource), ...known(items(resource.generalPractitioner).map(memberIn))];
}

/** The literal local reference to somebody. */
export function memberIn(reference: unknown): string | undefined {
  const literal = (reference as Reference | undefined)?.reference;
  return typeof literal === 'string' && MEMBER.test(literal) ? literal : undefined;
}

function all(members: readonly (string | undefined)[]): readonly string[] | 'untold' {
  return members.includes(undefined) ? 'untold' : known(members);
}

function known(members: readonly (string | undefined)[]): string[] {
  return members.filter((member) => member !== undefined);
}
