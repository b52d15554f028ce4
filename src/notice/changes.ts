/** Of which changes of resources patients are told, and as what. Pure. */
import { isCollected } from '../consent/collected.ts';
import type { Rules } from '../consent/rules.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Kind } from './kinds.ts';
import { messageTo } from './messages.ts';
import type { Changed } from './outbox.ts';

/** Who is told, of what. */
export interface Of {
  reader: string;
  patient: string;
  /** Of the server. */
  base: string;
  rules: Rules;
}

type News = (
  change: Pick<Changed, 'method' | 'version' | 'sends'>,
  resource: Resource | undefined,
  of: Of,
) => Kind | undefined;

const CANCELLED = new Set<unknown>(['cancelled', 'entered-in-error', 'noshow']);

const TYPES: Readonly<Record<string, News>> = {
  DocumentReference: ({ method, version }) =>
    method === 'DELETE' ? 'document-deleted' : version === 1 ? 'document-added' : 'document-changed',
  Consent: ({ version }, resource, { rules }) =>
    version === 1 && resource !== undefined && isCollected(resource, rules)
      ? 'consent-collected'
      : 'consent-changed',
  Patient: () => 'number-changed',
  Appointment: ({ method, version }, resource) =>
    method === 'DELETE' || CANCELLED.has(resource?.status)
      ? 'appointment-cancelled'
      : version === 1
        ? 'appointment-added'
        : 'appointment-changed',
  Communication: ({ sends }, resource, of) =>
    sends === true && resource !== undefined ? messageTo(resource, of) : undefined,
};

/** Of the Patient, a number that changed alone. */
export const isNews = ({ type, renumbers }: Changed): boolean =>
  isTold(type) && (type !== 'Patient' || renumbers === true);

export const isTold = (type: string): boolean => TYPES[type] !== undefined;

/** Undefined: the reader isn't told. @param isFirst no version before may be told of to the reader */
export function kindOf(
  change: Changed,
  resource: Resource | undefined,
  isFirst: boolean,
  of: Of,
): Kind | undefined {
  const isNew = isFirst && change.method !== 'DELETE';
  return TYPES[change.type]!(isNew ? { ...change, ...FIRST } : change, resource, of);
}

/** What shows by itself when the time of its announcement is over. */
export function shownAs(type: string, resource: Resource | undefined, of: Of): Kind | undefined {
  return type === 'DocumentReference'
    ? 'announcement-ended'
    : TYPES[type]!({ method: 'PUT', ...FIRST }, resource, of);
}

const FIRST = { version: 1, sends: true } as const;
