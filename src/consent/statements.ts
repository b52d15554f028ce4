/**
 * What a patient's Consents together say of a caller, level by level: of one Consent the deepest provision that fits
 * decides. The order of lines asks in three ways: as usual, in an emergency, and of what an emergency unmasks.
 */
import { ALL, type Condition, NONE, and, not, or } from '../condition/condition.ts';
import { type Effect, LEVELS, type Level, type Named, levelIn, levelOf } from './actors.ts';
import { type Caller, type Emergency, isProfessional } from './caller.ts';
import type { OfConsent, Policy } from './policy.ts';
import type { Statement } from './provision.ts';
import { EMERGENCIES, isPurpose, withWider } from './vocabulary.ts';

/** One voice: what it permits or denies of the patient's resources, and which Consent says so. */
export interface Said {
  effect: Effect;
  about: Condition;
  because: string;
  /** Which of its provisions. */
  at?: string;
  administrator: boolean;
}

export type ByLevel = ReadonlyMap<Level, readonly Said[]>;
export type EmergencyMode = (typeof EMERGENCIES)[number];

/** What fits a request: `usual`, or an emergency's mode. */
export type Way = 'usual' | { mode: EmergencyMode; unmasking: boolean };

export function said(policy: Policy, caller: Caller, way: Way, named: Named, now: number): ByLevel {
  const applying = new Map<string, { statement: OfConsent; level: Level }[]>();
  const voided = blockedUntil(policy, caller, named, now);
  for (const statement of statementsFor(policy, caller)) {
    if (now < statement.from || now >= statement.until || !fits(statement, caller, way)) continue;
    const level = levelOf(statement.actors, statement.effect, caller, named, policy.patient, now);
    if (level === undefined) continue;
    if (statement.effect === 'permit' && level === 'caller' && statement.written < voided) continue;
    const others = applying.get(statement.consent);
    if (others === undefined) applying.set(statement.consent, [{ statement, level }]);
    else others.push({ statement, level });
  }
  const all = new Map<Level, Said[]>(LEVELS.map((level) => [level, []]));
  for (const statements of applying.values()) verdictOf(statements, all);
  return all;
}

/** Unblocking somebody doesn't bring back what was permitted to them before. */
function blockedUntil({ blocks, patient }: Policy, caller: Caller, named: Named, now: number): number {
  const ended = blocks
    .filter(
      ({ actors, from }) => from <= now && levelIn(actors, 'deny', caller, named, patient, now) !== undefined,
    )
    .map(({ stands, until, written }) => (stands ? Math.min(until, now) : written));
  return Math.max(-Infinity, ...ended);
}

/**
 * Adds what one Consent says, its deepest provisions first: the deepest that fits decides. A deny stands at the levels
 * of all its denies that fit, a permit at those of the permits that are deeper than these: so neither one deny more
 * nor one permit less ever makes it less telling.
 */
function verdictOf(
  statements: readonly { statement: OfConsent; level: Level }[],
  all: Map<Level, Said[]>,
): void {
  const depths = [...new Set(statements.map(({ statement }) => statement.depth))].sort((a, b) => b - a);
  /** Of the provisions that are deeper, deepest first. */
  const deeper: Record<Effect, Condition>[] = [];
  let denied: Condition = NONE;
  for (const depth of depths) {
    const here = statements.filter(({ statement }) => statement.depth === depth);
    const abouts = (effect: Effect): Condition =>
      or(
        ...here
          .filter(({ statement }) => statement.effect === effect)
          .map(({ statement }) => statement.about),
      );
    const layer = { permit: abouts('permit'), deny: abouts('deny') };
    denied = or(denied, layer.deny);
    // the deepest of the deeper ones is a deny, or there is none
    const refusing = deeper.reduceRight<Condition>(
      (rest, { permit, deny }) => either(deny, permit, rest),
      ALL,
    );
    for (const { statement, level } of here) {
      const { effect, about, because, at, administrator } = statement;
      const own = and(about, effect === 'deny' ? refusing : not(denied));
      if (own.is !== 'none') all.get(level)!.push({ effect, about: own, because, at, administrator });
    }
    deeper.push(layer);
  }
}

/**
 * The deny, or where there is no permit the rest. Built without looking for what is twice in it, as `or` does: of
 * provisions nested by the dozen that would cost a hundred times the rest.
 */
function either(deny: Condition, permit: Condition, rest: Condition): Condition {
  const unless = not(permit);
  if (deny.is === 'all' || unless.is === 'none' || rest.is === 'none') return deny;
  const otherwise: Condition =
    unless.is === 'all' ? rest : rest.is === 'all' ? unless : { is: 'and', of: [unless, rest] };
  if (deny.is === 'none' || otherwise.is === 'all') return otherwise;
  return { is: 'or', of: [deny, otherwise] };
}

export function effects(voices: readonly Said[], effect: Effect): Condition {
  return or(...voices.filter((each) => each.effect === effect).map(({ about }) => about));
}

function statementsFor({ statements, names }: Policy, caller: Caller): Set<OfConsent> {
  const { persons, groups, profession } = caller;
  const looked = ['*', ...persons, ...groups, ...names, ...(profession === undefined ? [] : [profession])];
  return new Set(looked.flatMap((name) => statements.get(name) ?? []));
}

export function fits(statement: Statement, caller: Pick<Caller, 'purposes'>, way: Way): boolean {
  if (way === 'usual') return statement.purposes.every((list) => fitsPurpose(list, statement.effect, caller));
  if (!statement.emergency || (way.unmasking && !statement.masked)) return false;
  return statement.purposes.every((list) =>
    EMERGENCIES.some((each) => list.includes(each))
      ? list.includes(way.mode)
      : fitsPurpose(list, statement.effect, caller),
  );
}

/**
 * A caller who states no purpose, or one that isn't known, may have any, and one of several acts for each: enough to
 * be denied, not permitted. What is permitted for an emergency alone is line 7's.
 */
function fitsPurpose(
  listed: readonly string[],
  effect: Effect,
  { purposes }: Pick<Caller, 'purposes'>,
): boolean {
  const usual = (each: string): boolean => !EMERGENCIES.some((emergency) => emergency === each);
  const stated = effect === 'permit' ? listed.filter(usual) : listed;
  const fit = (purpose: string): boolean => withWider(purpose).some((each) => stated.includes(each));
  if (purposes.length === 0) return effect === 'deny';
  return effect === 'deny'
    ? purposes.some((purpose) => fit(purpose) || !isPurpose(purpose))
    : purposes.every(fit);
}

/** The mode of the request, of this patient. */
export function modeOf(
  caller: Caller,
  patient: string,
  hours: number,
  now: number,
): EmergencyMode | undefined {
  if (!isProfessional(caller)) return undefined;
  if (caller.regulator && caller.purposes.includes('ETREAT')) return 'ETREAT';
  if (!caller.purposes.includes('BTG')) return undefined;
  const breaks = caller.emergencies.some(
    (each) => each.patient === `Patient/${patient}` && isReason(each.reason) && lasts(each, hours, now),
  );
  return breaks ? 'BTG' : undefined;
}

function lasts({ since }: Emergency, hours: number, now: number): boolean {
  return since <= now && now < since + hours * 3_600_000;
}

const LEAST_REASON = 10;

/** By themselves nobody sees them: what has no room, controls, marks on letters, a blank of braille. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Cc}\p{M}\u2800]/gu;

/** Says why, for who reads it. */
export function isReason(text: string): boolean {
  return text.replace(UNSEEN, '').trim().length >= LEAST_REASON;
}
