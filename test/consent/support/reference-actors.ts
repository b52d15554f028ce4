/** "Who is named" of `conformance/consent-rules.md`. */
import { nameThrough } from './reference-members.ts';
import {
  type Effect,
  hasOnly,
  isProfessional,
  items,
  type Json,
  type Level,
  LEVELS,
  object,
  readConcept,
  readReference,
  type Situation,
} from './reference-words.ts';

const RECIPIENTS = ['IRCP', 'PRCP', 'GRANTEE'];
const CALLERS = ['Practitioner', 'Patient', 'RelatedPerson', 'Device', 'Organization'];
const THROUGH = ['PractitionerRole', 'CareTeam', 'Group'];

/** The most telling level at which nested provisions, outermost first, mean the caller; or they don't. */
export function named(provisions: readonly Json[], effect: Effect, situation: Situation): Level | undefined {
  const lists = provisions.flatMap(({ actor }) => (actor === undefined ? [] : [actor]));
  if (lists.length === 0) return effect === 'deny' || isProfessional(situation.caller) ? 'anyone' : undefined;
  const levels = lists.map((list) =>
    mostTelling(
      items(list).flatMap((entry) => nameOf(entry, effect, situation) ?? []),
      list,
      effect,
    ),
  );
  return levels.includes(undefined) ? undefined : LEVELS.find((level) => levels.includes(level));
}

function mostTelling(found: Level[], list: unknown, effect: Effect): Level | undefined {
  const unreadable = !Array.isArray(list) || list.length === 0;
  if (unreadable) return effect === 'deny' ? 'caller' : undefined;
  return LEVELS.find((level) => found.includes(level));
}

function nameOf(entry: unknown, effect: Effect, situation: Situation): Level | undefined {
  const { caller, rules } = situation;
  const read = readActor(entry, rules.professions);
  if (read === undefined) return effect === 'deny' ? 'caller' : undefined;
  if ('professions' in read) {
    const practised = caller.profession !== undefined && read.professions.includes(caller.profession);
    return practised ? 'profession' : undefined;
  }
  if (THROUGH.includes(typeOf(read.reference))) return nameThrough(read.reference, effect, situation);
  if (caller.persons.includes(read.reference)) return 'caller';
  return caller.groups.includes(read.reference) ? 'group' : undefined;
}

/** Whom an actor names: who is referred to, or who practises a profession; or it can't be told. */
function readActor(
  entry: unknown,
  systems: readonly string[],
): { reference: string } | { professions: string[] } | undefined {
  if (!hasOnly(entry, ['id', 'role', 'reference'])) return undefined;
  const actor = entry as Json;
  const role = readConcept(actor.role);
  if (role === undefined) return undefined;
  const professions = role.filter(({ system }) => systems.includes(system)).map(({ code }) => code);
  const { reference: literal, identifier } = object(actor.reference);
  if (professions.length > 0 && literal === undefined && identifier === undefined) return { professions };
  const receives = role.some(
    ({ system, code }) =>
      system.startsWith('http://terminology.hl7.org/CodeSystem/v3-') && RECIPIENTS.includes(code),
  );
  const reference = readReference(actor.reference);
  if (!receives || reference === undefined) return undefined;
  return [...CALLERS, ...THROUGH].includes(typeOf(reference)) ? { reference } : undefined;
}

function typeOf(reference: string): string {
  return reference.split('/')[0]!;
}
