/** Who asks what others would see: the patient or who speaks for them; for everybody else there is no such patient. */
import type { Insight } from '../enforcement/insight.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Exchange } from '../interaction/exchange.ts';

/** @throws FhirError not-found */
export async function insightFor({ params, store }: Exchange): Promise<Insight> {
  const [patient, insight] = [await store.read('Patient', params.id!), await store.insight(params.id!)];
  if (patient === undefined || patient.method === 'DELETE' || insight === undefined) {
    throw new FhirError('not-found', 'not found');
  }
  return insight;
}
