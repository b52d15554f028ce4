/**
 * Who is told: the patient, who speaks for them by law; of emergencies their general practitioner; of what is withdrawn
 * for malware who deposited it.
 */
import { type Caller, callerOf } from '../consent/caller.ts';
import type { Named } from '../consent/actors.ts';
import { decide } from '../consent/lines.ts';
import { standingOf } from '../consent/link.ts';
import type { Policy } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import type { Subject } from '../consent/subject.ts';

type As = Pick<Subject, 'role' | 'purposes'> & { context: Subject['scopes'][number]['context'] };
const LAY: As = { role: 'representative', purposes: ['PATRQT'], context: 'patient' };
const SYSTEM: As = { role: 'system', purposes: ['TREAT'], context: 'system' };
const BY_TYPE: Readonly<Record<string, As>> = {
  Patient: { ...LAY, role: 'patient' },
  Practitioner: { role: 'professional', purposes: ['TREAT'], context: 'user' },
  Organization: SYSTEM,
  Device: SYSTEM,
};

/** A reader, as the gate takes them when they aren't there: with no more than they are to the patient. */
export function subjectOf(reader: string): Subject {
  const { role, purposes, context } = BY_TYPE[reader.slice(0, reader.indexOf('/'))] ?? LAY;
  return {
    role,
    reference: reader,
    related: [],
    depositor: reader,
    organizations: [],
    purposes,
    emergencies: [],
    regulator: false,
    scopes: [{ context, type: '*', interactions: 'rs' }],
    rights: [],
    idPrefixes: [],
    client: 'carnet',
  };
}

/** `Patient/x`, and the RelatedPersons who are legal representatives now. */
export function readersOf(policy: Policy, now: number): string[] {
  const representatives = policy.links
    .map(({ reference }) => reference)
    .filter((reference) => standingOf(policy, callerOf(subjectOf(reference)), now).is === 'representative');
  return [`Patient/${policy.patient}`, ...new Set(representatives)];
}

/** Who has an inbox beside those who speak for a patient: `Practitioner/x`, `Organization/x`, `Device/x`. */
export const isDepositor = (reader: string): boolean => /^(Practitioner|Organization|Device)\//.test(reader);

/** As whom the caller reads notices of this patient; undefined: as nobody. */
export function readerFor(policy: Policy, subject: Subject, now: number): string | undefined {
  // the demo's test caller
  if (subject.role === 'all') return `Patient/${policy.patient}`;
  const { is, because } = standingOf(policy, callerOf(subject), now);
  if (is === 'patient') return `Patient/${policy.patient}`;
  return is === 'representative' ? because[0]?.replace(/\/_history\/.*$/, '') : undefined;
}

/** Practitioners whom the patient chose as theirs and hasn't blocked: told of emergencies in an open space. */
export function practitionersOf(policy: Policy, rules: Rules, named: Named, now: number): string[] {
  return policy.generalPractitioners.filter((reference) => {
    if (!reference.startsWith('Practitioner/')) return false;
    const caller: Caller = callerOf(subjectOf(reference));
    const { line } = decide(policy, caller, rules, now, named, spaceOf(policy.patient));
    return policy.open && line !== 4;
  });
}

const spaceOf = (patient: string) => ({
  type: 'Patient',
  id: patient,
  patients: [patient],
  by: '',
  labels: [],
  codes: [],
  about: [],
  authors: [],
});
