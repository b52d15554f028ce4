/** What a caller is granted, in one condition: directory, own traces, own deposits, and what the lines give of each patient. */
import { type Condition, ALL, NONE, and, not, or } from '../condition/condition.ts';
import { type Subject, keptBy } from '../consent/subject.ts';
import { DIRECTORY } from '../fhir/subjects.ts';
import { ownTraces } from './own-traces.ts';
import { type Plan, callerFor } from './plans.ts';

export const DIRECTORY_ONLY: Condition = and({ is: 'type', among: [...DIRECTORY] }, { is: 'impersonal' });

/** A patient, and what the lines give the caller of theirs. */
export interface Asked {
  patient: string;
  plan: Plan;
}

/**
 * Where one patient is asked, as with each read: a plan is one caller's for one patient, and another object as soon
 * as anything that it stands on changes.
 */
const known = new WeakMap<Plan, Condition>();

/** These are all the patients of whom anything is asked. */
export function grantedAmong(subject: Subject, asked: readonly Asked[]): Condition {
  const [alone, ...others] = asked;
  if (alone === undefined || others.length > 0) return granted(subject, asked);
  let condition = known.get(alone.plan);
  if (condition === undefined) known.set(alone.plan, (condition = granted(subject, asked)));
  return condition;
}

/** @param closed patients of whom nothing is given */
export function granted(
  subject: Subject,
  asked: readonly Asked[],
  closed: readonly string[] = [],
): Condition {
  const own: Condition = { is: 'by', among: [callerFor(subject).depositor] };
  return or(
    DIRECTORY_ONLY,
    ownTraces(subject),
    // the one thing of a patient's app that is nobody's data is what it asks to be told
    and({ is: 'impersonal' }, { is: 'by', among: [keptBy(subject, 'Subscription')] }),
    and(
      not({ is: 'impersonal' }),
      closed.length === 0 ? ALL : not({ is: 'concerns', among: closed }),
      // an app whom a patient has not let in has no part in what it added before
      ofPatients(asked, subject.role === 'app' ? NONE : own),
    ),
  );
}

/** What the lines give of somebody's data: each patient whose it is must give it. Of those not asked: own deposits. */
function ofPatients(asked: readonly Asked[], own: Condition): Condition {
  const groups = new Map<string, { condition: Condition; patients: string[] }>();
  for (const { patient, plan } of asked) {
    const group = groups.get(plan.name);
    if (group === undefined) groups.set(plan.name, { condition: plan.condition, patients: [patient] });
    else group.patients.push(patient);
  }
  // of these nothing more is given than of patients who were not asked
  groups.delete(JSON.stringify(own));
  const each = [...groups.values()].map(({ condition, patients: among }) =>
    or(not({ is: 'concerns', among }), condition),
  );
  const among = [...groups.values()].flatMap((group) => group.patients);
  return and(or(own, among.length === 0 ? NONE : { is: 'patients', among }), ...each);
}
