/**
 * Who may write what. Pure. Depositing needs no authorisation; changing needs to be the depositor; and nobody
 * widens their own access by anything they write.
 */
import type { Subject } from './subject.ts';
import type { Attributes } from '../condition/condition.ts';
import { DIRECTORY, UNKNOWN_PATIENT } from '../fhir/subjects.ts';

type Written = Pick<Attributes, 'type' | 'patients' | 'by'>;

export type Refusal = 'right' | 'depositor' | 'patient' | undefined;

/** What a patient's data stand on: written with a right of its own, or by the patient. */
const REGISTERED = new Set(['Patient', 'RelatedPerson', 'Person', 'Group', 'CareTeam']);
/** Only made by the server; the demo's test caller may load examples. */
const SERVERS_OWN = new Set(['AuditEvent']);

/** @returns why it is refused; undefined when it may be */
export function refusesWrite(subject: Subject, after: Written, before: Written | undefined): Refusal {
  if (subject.role === 'all') return undefined;
  if (subject.role === 'operator' || SERVERS_OWN.has(after.type)) return 'right';
  if (DIRECTORY.has(after.type) && after.patients.length === 0) {
    return subject.rights.includes('directory.write') ? undefined : 'right';
  }
  if (before !== undefined && before.by !== subject.depositor) return 'depositor';
  if (after.type === 'Consent') return mayConsent(subject, after) ? undefined : 'right';
  if (REGISTERED.has(after.type)) return subject.rights.includes('registration.write') ? undefined : 'right';
  if (subject.role === 'patient') return ownOnly(subject, after) ? undefined : 'patient';
  if (subject.role === 'app') return 'right';
  return undefined;
}

/** A Consent is the patient's own word, or recorded by a registry that has the right to. */
function mayConsent(subject: Subject, after: Written): boolean {
  if (subject.rights.includes('consent.write')) return !after.patients.includes(UNKNOWN_PATIENT);
  return subject.role === 'patient' && ownOnly(subject, after) && after.patients.length > 0;
}

function ownOnly(subject: Subject, { patients }: Written): boolean {
  return patients.every((patient) => `Patient/${patient}` === subject.reference);
}
