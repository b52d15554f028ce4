/**
 * What happens around accounts, clients and the catalogue, by the codes of DICOM and ATNA: one table.
 * https://dicom.nema.org/medical/dicom/current/output/chtml/part15/sect_A.5.3.html
 */
import type { Coding } from '../../fhir/resource.ts';

const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
export const ACCOUNT_EVENT = 'https://carnet.example/fhir/CodeSystem/account-event';

const dicom = (code: string, display: string): Coding => ({ system: DCM, code, display });
const AUTHENTICATION = dicom('110114', 'User Authentication');
const ALERT = dicom('110113', 'Security Alert');
const LOGIN = dicom('110122', 'Login');
const LOGOUT = dicom('110123', 'Logout');
const USER = dicom('110137', 'User Security Attributes Changed');
const ROLES = dicom('110136', 'Security Roles Changed');
const SECURITY = dicom('110129', 'Security Configuration');
const OVERRIDE = dicom('110127', 'Emergency Override Started');
const OVERRIDE_ENDED = dicom('110138', 'Emergency Override Stopped');
const REFUSED = dicom('110126', 'Node Authentication');

/** What a history calls it: see history/words.ts. */
export type AccountDeed = 'login' | 'logout' | 'connect' | 'disconnect' | 'account';

interface Row {
  type: Coding;
  /** Of DICOM; the event's own code stands beside it. */
  subtype: Coding;
  action: 'C' | 'R' | 'U' | 'D' | 'E';
  /** What is meant unless the event says otherwise: 4 is a refusal. */
  outcome: '0' | '4';
  deed: AccountDeed;
}

export const ACCOUNT_EVENTS = {
  login: { type: AUTHENTICATION, subtype: LOGIN, action: 'E', outcome: '0', deed: 'login' },
  'login-failed': { type: AUTHENTICATION, subtype: LOGIN, action: 'E', outcome: '4', deed: 'login' },
  logout: { type: AUTHENTICATION, subtype: LOGOUT, action: 'E', outcome: '0', deed: 'logout' },
  /** Another role or patient was chosen within a session. */
  'role-chosen': { type: ALERT, subtype: ROLES, action: 'E', outcome: '0', deed: 'account' },
  /** Software could not prove who it is. */
  'client-refused': { type: ALERT, subtype: REFUSED, action: 'E', outcome: '4', deed: 'account' },
  /** A code or a refresh token came twice. */
  'token-reused': { type: ALERT, subtype: USER, action: 'E', outcome: '4', deed: 'account' },
  'tokens-revoked': { type: ALERT, subtype: USER, action: 'D', outcome: '0', deed: 'account' },
  'account-created': { type: ALERT, subtype: USER, action: 'C', outcome: '0', deed: 'account' },
  'account-changed': { type: ALERT, subtype: USER, action: 'U', outcome: '0', deed: 'account' },
  'account-locked': { type: ALERT, subtype: USER, action: 'U', outcome: '0', deed: 'account' },
  'account-closed': { type: ALERT, subtype: USER, action: 'D', outcome: '0', deed: 'account' },
  'app-connected': { type: ALERT, subtype: USER, action: 'C', outcome: '0', deed: 'connect' },
  'app-disconnected': { type: ALERT, subtype: USER, action: 'D', outcome: '0', deed: 'disconnect' },
  'client-registered': { type: ALERT, subtype: SECURITY, action: 'C', outcome: '0', deed: 'account' },
  'client-changed': { type: ALERT, subtype: SECURITY, action: 'U', outcome: '0', deed: 'account' },
  'client-removed': { type: ALERT, subtype: SECURITY, action: 'D', outcome: '0', deed: 'account' },
  'issuer-changed': { type: ALERT, subtype: SECURITY, action: 'U', outcome: '0', deed: 'account' },
  /** An app of the catalogue: `detail.state` says which state it has now. */
  'listing-changed': { type: ALERT, subtype: SECURITY, action: 'U', outcome: '0', deed: 'account' },
  /** Somebody approved or proposed one of two steps. */
  'step-proposed': { type: ALERT, subtype: SECURITY, action: 'C', outcome: '0', deed: 'account' },
  'step-approved': { type: ALERT, subtype: SECURITY, action: 'U', outcome: '0', deed: 'account' },
  'step-refused': { type: ALERT, subtype: SECURITY, action: 'U', outcome: '4', deed: 'account' },
  /** Two files of one person have become one. */
  'record-merged': { type: ALERT, subtype: SECURITY, action: 'U', outcome: '0', deed: 'account' },
  'keys-rotated': { type: ALERT, subtype: SECURITY, action: 'U', outcome: '0', deed: 'account' },
  'emergency-started': { type: ALERT, subtype: OVERRIDE, action: 'E', outcome: '0', deed: 'account' },
  'emergency-ended': { type: ALERT, subtype: OVERRIDE_ENDED, action: 'E', outcome: '0', deed: 'account' },
} as const satisfies Record<string, Row>;

export type AccountEventKind = keyof typeof ACCOUNT_EVENTS;

/** Of the subtype's own code. */
export function accountDeed(code: string): AccountDeed | undefined {
  return Object.hasOwn(ACCOUNT_EVENTS, code) ? ACCOUNT_EVENTS[code as AccountEventKind].deed : undefined;
}
