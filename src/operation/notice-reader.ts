/** As whom notices of a patient are read: the patient, or who speaks for them; for everybody else there is none. */
import { FhirError } from '../fhir/outcome.ts';
import type { Context } from '../interaction/context.ts';
import { type Subject, reaches } from '../consent/subject.ts';
import type { Exchange } from '../interaction/exchange.ts';
import type { Of } from '../notice/notice.ts';

/** @throws FhirError not-found; forbidden when the token's scopes leave Communications out */
export async function readerOf(
  context: Context,
  { params, store, subject }: Exchange,
): Promise<Required<Of>> {
  const id = params.id!;
  checkScopes(subject);
  const patient = await store.read('Patient', id);
  const reader = await context.inbox.readerFor(id, subject);
  if (patient === undefined || patient.method === 'DELETE' || reader === undefined)
    throw new FhirError('not-found', 'not found');
  return { patient: id, reader };
}

const ROLES: Readonly<Record<string, Subject['role']>> = {
  Practitioner: 'professional',
  Organization: 'system',
  // an app's Device is no system: apps are told nothing
  Device: 'system',
};

/** Of all their patients: a practitioner's, or those of an organization or device, for its own systems. @throws FhirError not-found, forbidden */
export function professionalOf({ params, subject }: Exchange, type: string): Of {
  checkScopes(subject);
  if (!reaches(subject, 'Communication', /r/, [undefined]))
    throw new FhirError('forbidden', 'the token is of one patient, and these are of all');
  const reader = `${type}/${params.id}`;
  const own = subject.role === ROLES[type] && subject.reference === reader;
  if (!own && subject.role !== 'all') throw new FhirError('not-found', 'not found');
  return { reader };
}

function checkScopes({ scopes }: Subject): void {
  const reaches = scopes.some(
    ({ type, interactions }) => (type === '*' || type === 'Communication') && interactions.includes('r'),
  );
  if (!reaches) throw new FhirError('forbidden', 'the scope `r` on `Communication` is required');
}
