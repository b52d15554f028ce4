/**
 * Who may write what. Pure. Depositing needs no authorisation; the content is the depositor's to change, labels also
 * the patient's and their family's; and nobody widens their own access by anything they write.
 */
import type { Attributes } from '../condition/condition.ts';
import { DIRECTORY, UNKNOWN_PATIENT } from '../fhir/subjects.ts';
import type { Standing } from './link.ts';
import { type Subject, keptBy, reaches } from './subject.ts';

export type Relation = Standing['is'];

export interface Writing {
  subject: Subject;
  /** What the writer is to each patient whose data it is. */
  relations: readonly Relation[];
  /** `labels`: nothing else changes. */
  kind: 'create' | 'change' | 'labels' | 'delete';
  after: Pick<Attributes, 'type' | 'patients'>;
  /** Who deposited what is changed. */
  by?: string;
  /** Of an app: the one patient lets it add such data. */
  adds?: boolean;
  /** A Consent that says that it was collected in the patient's presence. */
  collected?: boolean;
  /** To whom what is written opens something, `*`: any professional. */
  opensTo?: readonly string[];
}

export type Refusal = 'context' | 'right' | 'depositor' | 'patient' | 'self' | undefined;

/** By which scopes: what is labelled is changed. */
const LETTERS: Record<Writing['kind'], RegExp> = { create: /c/, change: /u/, labels: /u/, delete: /d/ };

/** What a patient's data stand on: written with a right of its own. */
const REGISTERED = new Set(['Patient', 'RelatedPerson', 'Person', 'Group', 'CareTeam']);
/** Made by the server, and deposited by other systems that keep traces; the demo's test caller may load examples. */
const SERVERS_OWN = new Set(['AuditEvent']);

/**
 * @param excluded roles that have no part in health data
 * @returns why it is refused; undefined when it may be
 */
export function refusesWrite(writing: Writing, excluded: readonly string[]): Refusal {
  const { subject, relations, kind, after, by } = writing;
  const { role, rights } = subject;
  const { type, patients } = after;
  if (role === 'all') return undefined;
  if (excluded.includes(role)) return 'right';
  if (!reaches(subject, type, LETTERS[kind], patients)) return 'context';
  if (SERVERS_OWN.has(type)) return deposits(writing) ? undefined : 'right';
  if (DIRECTORY.has(type) && patients.length === 0) {
    return rights.includes('directory.write') ? selfish(writing) : 'right';
  }
  const own = by === undefined || by === keptBy(subject, type);
  if (type === 'Consent') return consentRefusal(writing, own);
  if (REGISTERED.has(type)) {
    if (!own) return 'depositor';
    return rights.includes('registration.write') ? selfish(writing) : 'right';
  }
  if (!own) return kind === 'labels' && isFamily(relations) ? undefined : 'depositor';
  if (role === 'patient' || role === 'representative') {
    return patients.length === 0 || isFamily(relations) ? undefined : 'patient';
  }
  // what an app is told of, it may read: it deposits nothing by asking
  return role === 'app' && type !== 'Subscription' && writing.adds !== true ? 'right' : undefined;
}

/**
 * By what something is written: the patient's own word, that of who speaks for them, a Consent by which an app adds, a
 * right of the token, or the deposit, which needs no authorisation and is its depositor's. docs/audit.md
 */
export type WriteRule = 'patient' | 'representative' | 'caregiver' | 'collect' | 'right' | 'deposit';

const BY_RIGHT = new Set([...REGISTERED, ...SERVERS_OWN, 'Consent']);

/** Of what may be written. @param standing what the writer is to the patient */
export function ruleOf({
  subject,
  standing,
  type,
  by,
}: {
  subject: Pick<Subject, 'role' | 'depositor'>;
  standing: Relation;
  type: string;
  by: string;
}): WriteRule {
  if (standing !== 'other') return standing;
  if (subject.role === 'app' && by === subject.depositor) return 'collect';
  return BY_RIGHT.has(type) ? 'right' : 'deposit';
}

/** A system whose token says so of this very type; what it has deposited stays as it is. */
function deposits({ subject: { role, scopes }, kind, by, after }: Writing): boolean {
  const isNew = kind === 'create' && by === undefined;
  return (
    isNew &&
    role === 'system' &&
    scopes.some(({ type, interactions }) => type === after.type && interactions.includes('c'))
  );
}

/** The patient's own word, whoever recorded it; else recorded by a registry, or collected in their presence. */
function consentRefusal(writing: Writing, own: boolean): Refusal {
  const { subject, relations, kind, after, collected } = writing;
  if (relations.length > 0 && relations.every((is) => is === 'patient')) return undefined;
  // it would outlive the link, or the right to register
  const refusal = selfish(writing);
  if (speaksFor(relations)) return refusal;
  if (!own) return 'depositor';
  if (after.patients.includes(UNKNOWN_PATIENT)) return 'right';
  if (subject.rights.includes('consent.write')) return refusal;
  const collects = subject.role === 'professional' && subject.rights.includes('consent.collect');
  const isNew = kind === 'create' && writing.by === undefined;
  return collects && collected === true && isNew && after.patients.length === 1 ? undefined : 'right';
}

function selfish({ subject, opensTo = [] }: Writing): Refusal {
  const { reference, related, organizations } = subject;
  return [reference, ...related, ...organizations].some((name) => opensTo.includes(name))
    ? 'self'
    : undefined;
}

export function isFamily(relations: readonly Relation[]): boolean {
  return relations.length > 0 && relations.every((is) => is !== 'other');
}

/** An aidant manages nobody's access. */
function speaksFor(relations: readonly Relation[]): boolean {
  return relations.length > 0 && relations.every((is) => is === 'patient' || is === 'representative');
}
