/** PractitionerRoles, CareTeams and Groups of "Who is named" of `conformance/consent-rules.md`: whom they mean now. */
import { surelyContains } from './reference-dates.ts';
import {
  type Effect,
  items,
  type Json,
  type Level,
  mayMeanOtherwise,
  object,
  readReference,
  type Situation,
} from './reference-words.ts';

const MEMBERS = ['Practitioner', 'Organization', 'RelatedPerson', 'Patient', 'Device'];

/** The level at which such a reference names the caller. */
export function nameThrough(reference: string, effect: Effect, situation: Situation): Level | undefined {
  const found = situation.said.named.get(reference);
  const anybody = effect === 'deny' ? 'caller' : undefined;
  if (found === undefined || mayMeanOtherwise(found)) return anybody;
  const { persons, groups } = situation.caller;
  if (reference.startsWith('PractitionerRole/')) {
    const practitioner = readTyped(found.practitioner, ['Practitioner']);
    if (practitioner === undefined) return anybody;
    const holds = effect === 'deny' || holdsNow(found, situation);
    return holds && persons.includes(practitioner) ? 'caller' : undefined;
  }
  const members = reference.startsWith('CareTeam/')
    ? membersOfTeam(found, effect, situation)
    : membersOfGroup(found, effect, situation);
  if (members.includes(undefined) && effect === 'deny') return anybody;
  const means = members.some(
    (member) => member !== undefined && (persons.includes(member) || groups.includes(member)),
  );
  return means ? 'group' : undefined;
}

/** Members whose part in a team is now, as `Type/id`; nothing for one who can't be told. */
export function membersNow({ participant }: Json, now: Date): (string | undefined)[] {
  return items(participant)
    .map(object)
    .filter(({ period }) => surelyContains(period, now))
    .map(({ member }) => readTyped(member, MEMBERS));
}

function holdsNow(role: Json, { caller, now }: Situation): boolean {
  if (role.active === false || !surelyContains(role.period, now)) return false;
  if (role.organization === undefined) return true;
  const organization = readTyped(role.organization, ['Organization']);
  return organization !== undefined && caller.groups.includes(organization);
}

function membersOfTeam(team: Json, effect: Effect, { said, now }: Situation): (string | undefined)[] {
  if (effect === 'deny')
    return items(team.participant).map((each) => readTyped(object(each).member, MEMBERS));
  const isOthers = team.subject !== undefined && readReference(team.subject) !== `Patient/${said.id}`;
  const counts = team.status === 'active' && surelyContains(team.period, now) && !isOthers;
  return counts ? membersNow(team, now) : [];
}

function membersOfGroup(group: Json, effect: Effect, { now }: Situation): (string | undefined)[] {
  const isDescribed = group.characteristic !== undefined;
  const members = items(group.member).map(object);
  if (effect === 'deny') {
    return [...members.map(({ entity }) => readTyped(entity, MEMBERS)), ...(isDescribed ? [undefined] : [])];
  }
  if (group.actual !== true || group.active === false || isDescribed) return [];
  return members
    .filter(({ inactive, period }) => inactive !== true && surelyContains(period, now))
    .map(({ entity }) => readTyped(entity, MEMBERS));
}

function readTyped(value: unknown, types: readonly string[]): string | undefined {
  const reference = readReference(value);
  return reference !== undefined && types.includes(reference.split('/')[0]!) ? reference : undefined;
}
