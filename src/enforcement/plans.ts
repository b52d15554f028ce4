/**
 * What the lines give a caller of a patient, remembered as long as nothing that they stand on changes: the policy
 * (another object after each change), the caller (one object for a token) and the moments at which something begins
 * or ends.
 */
import { type Attributes, type Condition, NONE, and, keyed } from '../condition/condition.ts';
import { isShutOut } from '../consent/adding.ts';
import { type Caller, callerOf } from '../consent/caller.ts';
import { type Decision, NOBODY, type Verdict, judge, plan, verdictsFor } from '../consent/lines.ts';
import { type Standing, standingOf } from '../consent/link.ts';
import type { Policy } from '../consent/policy.ts';
import type { Representative, Subject } from '../consent/subject.ts';
import type { PolicySource, Stated } from './ports.ts';

export interface Plan {
  /** With labels and codes as the store keeps them. */
  condition: Condition;
  /** The same for equal conditions. */
  name: string;
  /** What the caller is to the patient. */
  standing: Standing['is'];
  /** Which line gives it, or doesn't; `isGiven`: it does. For the traces. */
  decide(facts: Attributes, isGiven: boolean): Decision;
  /** By which a search finds what this one has deposited: of each resource found `decide` would say it more narrowly. */
  finding(found: Pick<Attributes, 'by'>): Decision;
  /** By which a number was told, whatever it counted. */
  counting(): Decision;
}

interface Remembered extends Plan {
  /** Milliseconds, from <= now < until. */
  from: number;
  until: number;
}

const remembered = new WeakMap<Policy, WeakMap<Subject, Remembered>>();
const callers = new WeakMap<Subject, Caller>();

export function planFor(stated: Stated, subject: Subject, source: PolicySource, now: number): Plan {
  const own = ownPlan(stated, subject, source, now);
  const { connectedBy } = subject;
  if (connectedBy === undefined) return own;
  const theirs = ownPlan(stated, representativeOf(subject, connectedBy), source, now);
  return within(own, theirs, linkOf(stated.policy, subject, now) ?? []);
}

const representatives = new WeakMap<Subject, Subject>();

function representativeOf(subject: Subject, { role, reference, related }: Representative): Subject {
  let made = representatives.get(subject);
  if (made === undefined) {
    const { connectedBy: _app, ...rest } = subject;
    made = { ...rest, role, reference, related, depositor: reference };
    representatives.set(subject, made);
  }
  return made;
}

/** What says that who connected the app represents the patient now; undefined: nothing does. None: the patient did. */
export function linkOf(policy: Policy, subject: Subject, now: number): readonly string[] | undefined {
  const { connectedBy } = subject;
  if (connectedBy === undefined) return [];
  const { is, because } = standingOf(policy, callerFor(representativeOf(subject, connectedBy)), now);
  return is === 'representative' ? because : undefined;
}

/**
 * What an app is given that a representative connected: no more than they are, and nothing once they speak for nobody.
 * @param link says that they do: the app acts for them
 */
function within(own: Plan, theirs: Plan, link: readonly string[]): Plan {
  const condition = theirs.standing === 'representative' ? and(own.condition, theirs.condition) : NONE;
  const decide = (facts: Attributes, isGiven: boolean): Decision => {
    if (isGiven) return linked(own.decide(facts, true));
    if (theirs.standing !== 'representative') return NOBODY;
    const decided = theirs.decide(facts, false);
    return decided.effect === 'deny' ? decided : own.decide(facts, false);
  };
  const linked = (decided: Decision): Decision => ({ ...decided, because: [...decided.because, ...link] });
  const finding = (found: Pick<Attributes, 'by'>): Decision => linked(own.finding(found));
  const counting = (): Decision => (theirs.standing === 'representative' ? linked(own.counting()) : NOBODY);
  return { ...own, condition, name: JSON.stringify(condition), decide, finding, counting };
}

function ownPlan({ policy, named }: Stated, subject: Subject, source: PolicySource, now: number): Plan {
  const known = remembered.get(policy)?.get(subject);
  if (known !== undefined && known.from <= now && now < known.until) return known;
  const caller = callerFor(subject);
  const isOut = isShutOut(policy, caller, named, now);
  const condition = isOut ? NONE : keyed(plan(policy, caller, source.rules, now, named), source.key);
  const standing = standingOf(policy, caller, now);
  let judged: ((facts: Attributes) => Decision) | undefined;
  let found: Decision | undefined;
  /** By which what others deposited is given. */
  const others = (): Decision =>
    speaks(standing)
      ? spoken(standing)
      : (found ??= granting(verdictsFor(policy, caller, source.rules, now, named).flat()));
  const made = {
    condition,
    name: JSON.stringify(condition),
    standing: standing.is,
    decide(facts: Attributes, isGiven: boolean): Decision {
      if (isOut) return NOBODY;
      if (isGiven && speaks(standing)) return facts.by === caller.depositor ? DEPOSITED : spoken(standing);
      judged ??= judge(policy, caller, source.rules, now, named, source.key);
      return judged(facts);
    },
    finding({ by }: Pick<Attributes, 'by'>): Decision {
      return by === caller.depositor ? DEPOSITED : others();
    },
    counting(): Decision {
      if (isOut) return NOBODY;
      const granted = others();
      return granted.line === ELSE ? DEPOSITED : granted;
    },
    from: now,
    until: nextChange(policy, now),
  };
  if (lasts(policy, caller)) {
    const plans = remembered.get(policy) ?? new WeakMap<Subject, Remembered>();
    remembered.set(policy, plans.set(subject, made));
  }
  return made;
}

/** Of those that say so, in one decision of a search. */
const MOST_CITED = 20;

/** Lines 3 and 6, without asking all of them: plans of the family are made for each request. */
const DEPOSITED: Decision = { effect: 'permit', line: 3, because: [], cited: [] };

/** The line that gives nothing. */
const ELSE = 12;

/** The lines that give something: the first of them, and all that says so. */
function granting(verdicts: readonly Verdict[]): Decision {
  const given = verdicts.filter(({ line, permit }) => line > 3 && permit.is !== 'none');
  const cited = given.flatMap(({ because }) =>
    because
      .filter(({ effect }) => effect === 'permit')
      .slice(0, MOST_CITED)
      .map(({ because: each, at }) => (at === undefined ? { because: each } : { because: each, at })),
  );
  const because = [...new Set(cited.map((each) => each.because))];
  return { effect: 'permit', line: given[0]?.line ?? ELSE, because, cited };
}

function spoken({ because }: Standing): Decision {
  return { effect: 'permit', line: 6, because, cited: [] };
}

function speaks({ is }: Standing): boolean {
  return is === 'patient' || is === 'representative';
}

export function callerFor(subject: Subject): Caller {
  let caller = callers.get(subject);
  if (caller === undefined) callers.set(subject, (caller = callerOf(subject)));
  return caller;
}

/** Not where the condition itself tells the time, nor where it stands on resources that are read for each request. */
function lasts(policy: Policy, { role, emergencies, regulator }: Caller): boolean {
  const family = role === 'patient' || role === 'representative';
  return !family && emergencies.length === 0 && !regulator && policy.names.length === 0;
}

function nextChange({ moments }: Policy, now: number): number {
  let low = 0;
  let high = moments.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (moments[middle]! <= now) low = middle + 1;
    else high = middle;
  }
  return moments[low] ?? Infinity;
}
