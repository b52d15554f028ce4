/**
 * What a patient's Consents together say of a caller: a condition over the patient's resources. Pure: no clock, no
 * store. The order is the product's own, published in conformance/consent-rules.md:
 *
 * - of one Consent, the deepest provision that fits decides;
 * - of several, the one that names the caller goes before one that names an organization of theirs, that before one
 *   that names a profession, and that before one that names nobody;
 * - at one level deny beats permit; nothing said is a deny.
 */
import { type Condition, NONE, and, not, or } from '../condition/condition.ts';
import type { Resource } from '../fhir/resource.ts';
import { type Actors, type Effect, LEVELS, type Level, type Statement, compileConsent } from './provision.ts';
import { isPurpose, withWider } from './vocabulary.ts';

export interface Policy {
  /** By who they name; those that name nobody, or whom can't be told, under `*`. */
  statements: ReadonlyMap<string, readonly OfConsent[]>;
}

/** A statement and which of the Consents makes it. */
interface OfConsent extends Statement {
  consent: number;
}

export interface Caller {
  /** The caller's own references. */
  persons: readonly string[];
  /** Organizations in which they act. */
  groups: readonly string[];
  profession?: string;
  /** Natural person who practises: a permit that names nobody means them. */
  professional: boolean;
  purposes: readonly string[];
}

export function compile(consents: readonly Resource[]): Policy {
  const statements = new Map<string, OfConsent[]>();
  const all = consents.flatMap((each, consent) =>
    compileConsent(each).map((statement): OfConsent => ({ ...statement, consent })),
  );
  for (const statement of all) {
    for (const name of namesIn(statement)) {
      const others = statements.get(name);
      if (others === undefined) statements.set(name, [statement]);
      else others.push(statement);
    }
  }
  return { statements };
}

/** The names under which a Consent's permits can be found: `*` when one names nobody, or a profession. */
export function grantees(consent: Resource): string[] {
  const permits = compileConsent(consent).filter(
    ({ effect, about }) => effect === 'permit' && about.is !== 'none',
  );
  return [...new Set(permits.flatMap(namesIn).map((name) => (/\//.test(name) ? name : '*')))];
}

/** Which of the patient's resources the caller may be given now. Milliseconds. */
export function permitted(policy: Policy, caller: Caller, now: number): Condition {
  const applying = new Map<number, { statement: Statement; level: Level }[]>();
  for (const statement of new Set(namesOf(caller).flatMap((name) => policy.statements.get(name) ?? []))) {
    const level = levelOf(statement, caller);
    if (
      level === undefined ||
      now < statement.from ||
      now >= statement.until ||
      !fitsPurpose(statement, caller)
    )
      continue;
    const others = applying.get(statement.consent);
    if (others === undefined) applying.set(statement.consent, [{ statement, level }]);
    else others.push({ statement, level });
  }
  const said: Said = new Map(LEVELS.map((level) => [level, { permit: NONE, deny: NONE }]));
  for (const statements of applying.values()) verdictOf(statements, said);
  let decided: Condition = NONE;
  let result: Condition = NONE;
  for (const level of LEVELS) {
    const { permit, deny } = said.get(level)!;
    result = or(result, and(permit, not(deny), not(decided)));
    decided = or(decided, permit, deny);
  }
  return result;
}

type Said = Map<Level, { permit: Condition; deny: Condition }>;

/** Adds what one Consent says, its deepest provisions first. */
function verdictOf(statements: readonly { statement: Statement; level: Level }[], said: Said): void {
  const depths = [...new Set(statements.map(({ statement }) => statement.depth))].sort((a, b) => b - a);
  let deeper: Condition = NONE;
  for (const depth of depths) {
    const here = statements.filter(({ statement }) => statement.depth === depth);
    const denied = or(
      ...here.filter(({ statement }) => statement.effect === 'deny').map(({ statement }) => statement.about),
    );
    for (const { statement, level } of here) {
      const sum = said.get(level)!;
      if (statement.effect === 'deny') sum.deny = or(sum.deny, and(statement.about, not(deeper)));
      else sum.permit = or(sum.permit, and(statement.about, not(denied), not(deeper)));
    }
    deeper = or(deeper, ...here.map(({ statement }) => statement.about));
  }
}

/** How a statement means the caller; undefined when it doesn't. */
function levelOf({ actors, effect }: Statement, caller: Caller): Level | undefined {
  if (actors.length === 0) return effect === 'deny' || caller.professional ? 'anyone' : undefined;
  const levels = actors.map((each) => levelIn(each, effect, caller));
  return levels.includes(undefined) ? undefined : LEVELS.find((level) => levels.includes(level));
}

function levelIn(
  { persons, groups, professions, unclear }: Actors,
  effect: Effect,
  caller: Caller,
): Level | undefined {
  // who can't be told may be the caller, as far as a deny goes
  if (unclear && effect === 'deny') return 'caller';
  if (caller.persons.some((name) => persons.includes(name) || groups.includes(name))) return 'caller';
  if (caller.groups.some((name) => groups.includes(name))) return 'group';
  if (caller.profession !== undefined && professions.includes(caller.profession)) return 'profession';
  return undefined;
}

/**
 * A caller who states no purpose, or one that isn't known, may have any, and one of several acts for each: enough to
 * be denied, not permitted.
 */
function fitsPurpose({ purposes, effect }: Statement, caller: Caller): boolean {
  return purposes.every((stated) => {
    const fits = (purpose: string): boolean => withWider(purpose).some((each) => stated.includes(each));
    if (caller.purposes.length === 0) return effect === 'deny';
    return effect === 'deny'
      ? caller.purposes.some((purpose) => fits(purpose) || !isPurpose(purpose))
      : caller.purposes.every(fits);
  });
}

/** Names of which the caller must have one, or `*`: who can't be told may be anybody for a deny, and is nobody for a permit. */
function namesIn({ actors, effect }: Statement): string[] {
  const clear = actors.find(({ unclear }) => effect === 'permit' || !unclear);
  if (clear !== undefined) return [...clear.persons, ...clear.groups, ...clear.professions];
  return ['*'];
}

function namesOf({ persons, groups, profession }: Caller): string[] {
  return ['*', ...persons, ...groups, ...(profession === undefined ? [] : [profession])];
}
