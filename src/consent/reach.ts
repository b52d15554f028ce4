/**
 * Whether a statement can fit anybody: there may be a caller whom it means, with a purpose that it wants, and something
 * that it is about. What it takes to fit one caller: statements.ts, which this agrees with.
 */
import type { Actors, Effect, Named } from './actors.ts';
import { memberIn, membersOf } from './members.ts';
import type { Block } from './policy.ts';
import type { Statement } from './provision.ts';
import { fits } from './statements.ts';
import { EMERGENCIES, PURPOSES } from './vocabulary.ts';

/**
 * Somebody, at some moment.
 * @param voided whom it doesn't mean by name any more: see `blockedSince`
 */
export function canFit(
  statement: Statement,
  named: Named,
  patient: string,
  now: number,
  voided: (person: string) => boolean = () => false,
): boolean {
  const { effect, about, actors, from, until } = statement;
  return (
    from < until &&
    about.is !== 'none' &&
    isEverMeant(statement) &&
    canMean(
      actors.map((each) => {
        const whom = whomOf(each, effect, named, patient, now);
        return effect === 'deny' ? whom : withoutVoided(whom, voided);
      }),
    )
  );
}

/**
 * Who is named by name, and was blocked since, isn't, as one of a team that is named beside them neither; who acts in an
 * organization, or is in a team alone, still is.
 */
function withoutVoided(whom: Whom, voided: (person: string) => boolean): Whom {
  if (whom.persons === 'all') return whom;
  const gone = new Set(
    whom.ways.filter(({ name, isTeam }) => !isTeam && voided(name)).map(({ name }) => name),
  );
  const left = whom.ways.filter(
    ({ name, isTeam, where }) =>
      name.startsWith('Organization/') ||
      (!gone.has(name) && (isTeam || where === undefined || !voided(where))),
  );
  return { ...whom, persons: new Set(left.map(({ name }) => name)) };
}

/** Whom a Block that isn't younger than a permit has named: the permit doesn't name them any more. */
export function blockedSince(
  blocks: readonly Block[],
  written: number,
  { named, patient, now }: { named: Named; patient: string; now: number },
): (person: string) => boolean {
  const whom = blocks
    .filter(
      ({ from, until, stands, written: ended }) =>
        from <= now && written < (stands ? Math.min(until, now) : ended),
    )
    .map(({ actors }) => whomOf(actors, 'deny', named, patient, now).persons);
  return (person) => whom.some((persons) => persons === 'all' || persons.has(person));
}

/** There is a purpose that it fits, in the usual way or in an emergency. */
function isEverMeant(statement: Statement): boolean {
  if (statement.effect === 'deny') return true;
  const purposes = [...PURPOSES, ...statement.purposes.flat()];
  return (
    purposes.some((each) => fits(statement, { purposes: [each] }, 'usual')) ||
    EMERGENCIES.some((mode) => fits(statement, { purposes: [mode] }, { mode, unmasking: false }))
  );
}

/** How somebody is meant: as one of a team or group, or by a role in an organization. */
interface Way {
  name: string;
  isTeam: boolean;
  where?: string | undefined;
}

/** Whom one list of actors can mean. */
export interface Whom {
  /** Of these a caller is one; `all`: whoever they are. */
  persons: ReadonlySet<string> | 'all';
  professions: ReadonlySet<string>;
  ways: readonly Way[];
  /** A resource that it names isn't there, or says something that isn't understood. */
  untold: boolean;
}

/** As `levelIn` has it, of all callers at once. */
export function whomOf(actors: Actors, effect: Effect, named: Named, patient: string, now: number): Whom {
  const ways: Way[] = [...actors.persons, ...actors.groups].map((name) => ({ name, isTeam: false }));
  let untold = false;
  for (const reference of actors.named) {
    const resource = named.get(reference);
    const where = memberIn(resource?.organization);
    const found = membersOf(resource, effect, patient, where === undefined ? [] : [where], now);
    const isTeam = !reference.startsWith('PractitionerRole/');
    if (found === 'untold') untold = true;
    else ways.push(...found.map((name) => ({ name, isTeam, where })));
  }
  const anybody = effect === 'deny' && (actors.unclear || untold);
  return {
    persons: anybody ? 'all' : new Set(ways.map(({ name }) => name)),
    professions: new Set(actors.professions),
    ways,
    untold,
  };
}

/**
 * One caller can be meant by all of these: who is one Practitioner, Patient or Device and has one profession, but may
 * act in many Organizations and be many RelatedPersons.
 */
function canMean(lists: readonly Pick<Whom, 'persons' | 'professions'>[]): boolean {
  const narrow = lists.flatMap(({ persons, professions }) => {
    const names = persons === 'all' ? undefined : Array.from(persons);
    const many = names === undefined || names.some((name) => /^(Organization|RelatedPerson)\//.test(name));
    return many ? [] : [{ persons: new Set(names), professions }];
  });
  const [first] = narrow;
  if (first === undefined) return true;
  const byPerson = Array.from(first.persons).some((person) =>
    isShared(narrow.filter(({ persons }) => !persons.has(person)).map(({ professions }) => professions)),
  );
  if (byPerson) return true;
  return Array.from(first.professions).some((profession) =>
    isShared(narrow.filter(({ professions }) => !professions.has(profession)).map(({ persons }) => persons)),
  );
}

/** Something is in each of them. */
function isShared(sets: readonly ReadonlySet<string>[]): boolean {
  const [first, ...others] = sets;
  return first === undefined || [...first].some((each) => others.every((set) => set.has(each)));
}
