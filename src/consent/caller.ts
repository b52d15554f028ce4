/** Who is calling, as the lines ask: all of it from the token. */
import type { Role, Subject } from './subject.ts';
import { withWider } from './vocabulary.ts';

export interface Caller {
  role: Role;
  /** The caller's own reference, and the RelatedPersons that they are. */
  persons: readonly string[];
  /** Organizations in which they act. */
  groups: readonly string[];
  profession?: string;
  purposes: readonly string[];
  /** In whose name deposits are kept. */
  depositor: string;
  rights: readonly string[];
  /** In which the caller broke the glass. */
  emergencies: readonly Emergency[];
  /** Answers for an emergency call centre. */
  regulator: boolean;
}

/** Breaking the glass: one patient, a written reason, a beginning (milliseconds). */
export interface Emergency {
  /** `Patient/x` */
  patient: string;
  reason: string;
  since: number;
}

export function callerOf(subject: Subject): Caller {
  const { role, reference, related, organizations, profession, purposes, depositor, rights } = subject;
  return {
    role,
    persons: [reference, ...related],
    groups: organizations,
    profession,
    purposes,
    depositor,
    rights,
    emergencies: subject.emergencies,
    regulator: subject.regulator,
  };
}

export function isProfessional({ role }: Caller): boolean {
  return role === 'professional';
}

/** Neither a professional nor the system of an organization: patients, relatives, apps. */
export function isLay({ role }: Caller): boolean {
  return role !== 'professional' && role !== 'system';
}

/** As a permit for treatment wants them: stated, and each a kind of it. */
export function treats({ purposes }: Caller): boolean {
  return purposes.length > 0 && purposes.every((purpose) => withWider(purpose).includes('TREAT'));
}
