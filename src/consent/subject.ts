/** Who is calling: all of it from the token, never from resources that callers write. */

import type { Condition } from '../condition/condition.ts';
import type { Emergency } from './caller.ts';

/** Those that the tokens of a deployment may claim. INVARIANT: not `all`. */
export const ROLES = [
  'patient',
  'representative',
  'professional',
  'system',
  'app',
  'operator',
  'insurer',
  'employer',
  'authority',
] as const;

/** `all` is the demo's test caller; which roles no Consent opens anything to, the country's rules say. */
export type Role = (typeof ROLES)[number] | 'all';

export interface Subject {
  role: Role;
  /** `Patient/x`, `Practitioner/x`, `Organization/x` or `Device/x`: the token's `fhirUser`. */
  reference: string;
  /** `RelatedPerson/x`: whom of other patients' families the caller is. */
  related: string[];
  /** Name in whose behalf deposits are kept: the client's or person's reference. */
  depositor: string;
  /** `Organization/x`: where the caller works, or which the system belongs to. */
  organizations: string[];
  /** Profession, a code of TRE_G15 such as `10`. */
  profession?: string;
  /** Purposes of use (v3-ActReason) that the token carries. */
  purposes: string[];
  /** In which the caller broke the glass. */
  emergencies: readonly Emergency[];
  /** Who connected a patient's app, where that isn't the patient: it is given no more than they are. */
  connectedBy?: Representative;
  /** An app whose listing justifies that it is told national identifiers. */
  ins?: boolean;
  /** The system that says who is calling, where they didn't log in themselves. */
  assertedBy?: string;
  /** Answers for an emergency call centre. */
  regulator: boolean;
  /** Logical id of the patient in context, whom `patient/` scopes are about; absent: whomever the gate permits. */
  patient?: string;
  scopes: Scope[];
  /** Rights beside the SMART scopes: `directory.write`, `registration.write`, `consent.write`. */
  rights: string[];
  /** Prefixes of ids that this caller may create by PUT. */
  idPrefixes: string[];
  client: string;
  /** Display name for traces. */
  name?: string;
  /** Token id, for traces. */
  tokenId?: string;
  /** Names of what the rights hang on beyond the token and the authorization: client and role, see auth/grants.ts. */
  lives?: readonly string[];
  /** Of a JSON Web Token. */
  issuer?: string;
}

/** As the token of the representative themself would say it. */
export type Representative = Pick<Subject, 'role' | 'reference' | 'related'>;

/** `user/DocumentReference.rs`: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
export interface Scope {
  context: 'patient' | 'user' | 'system';
  /** resource type or `*` */
  type: string;
  /** subset of `cruds` */
  interactions: string;
  /** What its arguments leave; absent: all. */
  where?: Condition;
}

/**
 * In whose name it is kept. A patient's app is one Device for all its patients: what it asks to be told is of one
 * connection, of one patient and who connected it.
 */
export function keptBy(
  { role, depositor, patient, connectedBy }: Pick<Subject, 'role' | 'depositor' | 'patient' | 'connectedBy'>,
  type: string,
): string {
  if (type !== 'Subscription' || role !== 'app' || patient === undefined) return depositor;
  const through = connectedBy === undefined ? [] : [`through ${connectedBy.reference}`];
  return [depositor, `of Patient/${patient}`, ...through].join(' ');
}

/** Where a token has a patient in context, its `patient/` scopes are of that patient alone; undefined: of somebody else. */
export function reaches(
  { scopes, patient }: Pick<Subject, 'scopes' | 'patient'>,
  type: string,
  letters: RegExp,
  patients: readonly (string | undefined)[],
): boolean {
  if (patient === undefined || patients.every((each) => each === patient)) return true;
  return scopes.some(
    (scope) =>
      scope.context !== 'patient' &&
      (scope.type === '*' || scope.type === type) &&
      letters.test(scope.interactions),
  );
}

/** A natural person who has logged in and treats people: nobody else opens a record in an emergency. */
export function breaksGlass({ role, reference, assertedBy }: Subject): boolean {
  return role === 'professional' && reference.startsWith('Practitioner/') && assertedBy === undefined;
}
