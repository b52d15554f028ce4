/**
 * What the lines give a caller of a patient, remembered as long as nothing that they stand on changes: the policy
 * (another object after each change), the caller (one object for a token) and the moments at which something begins
 * or ends.
 */
import { type Condition, keyed } from '../condition/condition.ts';
import { type Caller, callerOf } from '../consent/caller.ts';
import { plan } from '../consent/lines.ts';
import type { Policy } from '../consent/policy.ts';
import type { Subject } from '../consent/subject.ts';
import type { PolicySource, Stated } from './ports.ts';

export interface Plan {
  /** With labels and codes as the store keeps them. */
  condition: Condition;
  /** The same for equal conditions. */
  name: string;
}

interface Remembered extends Plan {
  /** Milliseconds, from <= now < until. */
  from: number;
  until: number;
}

const remembered = new WeakMap<Policy, WeakMap<Subject, Remembered>>();
const callers = new WeakMap<Subject, Caller>();

export function planFor(
  { policy, named }: Stated,
  subject: Subject,
  source: PolicySource,
  now: number,
): Plan {
  const known = remembered.get(policy)?.get(subject);
  if (known !== undefined && known.from <= now && now < known.until) return known;
  const caller = callerFor(subject);
  const condition = keyed(plan(policy, caller, source.rules, now, named), source.key);
  const made = { condition, name: JSON.stringify(condition), from: now, until: nextChange(policy, now) };
  if (lasts(policy, caller)) {
    const plans = remembered.get(policy) ?? new WeakMap<Subject, Remembered>();
    remembered.set(policy, plans.set(subject, made));
  }
  return made;
}

export function callerFor(subject: Subject): Caller {
  let caller = callers.get(subject);
  if (caller === undefined) callers.set(subject, (caller = callerOf(subject)));
  return caller;
}

/** Not where the condition itself tells the time, nor where it stands on resources that are read for each request. */
function lasts(policy: Policy, { role, emergency, regulator }: Caller): boolean {
  const family = role === 'patient' || role === 'representative';
  return !family && emergency === undefined && !regulator && policy.names.length === 0;
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
