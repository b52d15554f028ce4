/** As whom notices of a patient are read: the patient, or who speaks for them; for everybody else there is none. */
import { FhirError } from '../fhir/outcome.ts';
import type { Context } from '../interaction/context.ts';
import type { Exchange } from '../interaction/exchange.ts';

/** @throws FhirError not-found; forbidden when the token's scopes leave Communications out */
export async function readerOf(
  context: Context,
  { params, store, subject }: Exchange,
): Promise<{ patient: string; reader: string }> {
  const id = params.id!;
  const reaches = subject.scopes.some(
    ({ type, interactions }) => (type === '*' || type === 'Communication') && interactions.includes('r'),
  );
  if (!reaches) throw new FhirError('forbidden', 'the scope `r` on `Communication` is required');
  const patient = await store.read('Patient', id);
  const reader = await context.inbox.readerFor(id, subject);
  if (patient === undefined || patient.method === 'DELETE' || reader === undefined)
    throw new FhirError('not-found', 'not found');
  return { patient: id, reader };
}
