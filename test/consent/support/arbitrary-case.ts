/** Whole cases at random: what a patient and others stated, who calls, what they ask for, by which rules, and when. */
import fc from 'fast-check';
import type { Json } from '../../../src/fhir/resource.ts';
import { manyConsents, moments } from './arbitrary.ts';
import { group, patients, pick, related, role, sometimes, team } from './arbitrary-around.ts';
import { callers } from './arbitrary-caller.ts';
import { resources } from './arbitrary-resource.ts';
import type { Case } from './case.ts';
import { carries } from './reference-rules.ts';
import { rulesWith } from './rules.ts';
import { HIDDEN_SINCE, PATIENT, VISIBILITY } from './universe.ts';

const OTHER_RULES: Json[] = [
  { default: 'permit' },
  { default: 'permit' },
  { emergency: { BTG: { default: 'deny' }, ETREAT: { default: 'deny' } } },
  { emergency: { masked: 'permit' } },
  { emergency: { masked: 'permit' } },
  { emergency: { masked: 'permit' } },
  { emergency: { BTG: { matrix: false } } },
  { emergency: { BTG: { hours: 1 } } },
  { sharing: false },
  { trusted: ['10', '40'] },
  { trusted: [] },
  { labels: { masked: [`${VISIBILITY}|MASQUE_PS`] } },
  { announcement: { show: { months: 0, days: 28 } } },
  { majority: 15 },
  { excluded: ['system'] },
  { matrix: null },
];
const rules = fc.oneof(
  { weight: 3, arbitrary: fc.constant(undefined) },
  { weight: 1, arbitrary: pick<Json | undefined>(...OTHER_RULES) },
);

const kept = <T>(each: fc.Arbitrary<(T | undefined)[]>) =>
  each.map((list) => list.filter((one) => one !== undefined));
export const statements = fc
  .record({
    consents: manyConsents,
    relatedPersons: kept(fc.tuple(sometimes(related('aunt'), 0.8), sometimes(related('uncle')))),
    patient: sometimes(patients, 0.9),
    teams: kept(fc.tuple(sometimes(team('t'), 0.8), sometimes(team('u'), 0.8))),
    others: kept(
      fc.tuple(sometimes(group, 0.8), sometimes(role('gp'), 0.8), sometimes(role('dentist'), 0.8)),
    ),
    rules,
  })
  .map(({ patient, teams, others, rules: changes, ...said }) => ({
    ...said,
    ...(patient === undefined ? {} : { patient }),
    ...(changes === undefined ? {} : { rules: changes }),
    careTeams: teams.filter(
      ({ subject }) => (subject as Json | undefined)?.reference === `Patient/${PATIENT}`,
    ),
    named: [...teams, ...others],
  }));
export type Stated = typeof statements extends fc.Arbitrary<infer T> ? T : never;

/** A resource as it was deposited. */
export const deposits = fc.record({
  resource: resources,
  by: pick(
    ...Array<string>(12).fill('Organization/lab'),
    'Practitioner/gp',
    'Organization/hospital',
    'Patient/p',
  ),
  since: pick(...HIDDEN_SINCE),
});
export type Deposit = typeof deposits extends fc.Arbitrary<infer T> ? T : never;

/** What has no label that hides it says of no moment since which it has one. */
export function caseOf(
  said: Stated,
  { resource: what, by, since }: Deposit,
  caller: Case['caller'],
  now: string,
): Case {
  const isHidden = carries(what, rulesWith(said.rules).labels.hiddenFromPatient);
  // most traces are this server's
  const traced = what.resourceType === 'AuditEvent' && by === 'Organization/lab';
  const whose = traced ? 'carnet' : by;
  return { ...said, resource: what, by: whose, ...(isHidden ? { hiddenSince: since } : {}), caller, now };
}

export const cases: fc.Arbitrary<Case> = fc
  .tuple(statements, deposits, callers, moments)
  .map(([said, deposit, caller, now]) => caseOf(said, deposit, caller, now));
