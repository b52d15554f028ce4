/**
 * `Patient/x/$access-status?identifier=system|number`: is the space open, and am I authorised? For who deposits and asks about patients.
 * https://carnet.example/fhir/OperationDefinition/access-status
 */
import { FhirError } from '../fhir/outcome.ts';
import type { Context } from '../interaction/context.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';
import { parametersIn } from './parameters.ts';
import { mayLookFor, nationalNumber } from '../interaction/finding.ts';

/** Spaces that are unknown, opposed or closed are one: 404. Blocked and never authorised are one too. */
export async function accessStatus(
  context: Context,
  { params, subject, store, query, body }: Exchange,
): Promise<Answer> {
  if (!mayLookFor(subject)) throw new FhirError('not-found', 'not found');
  const number = nationalNumber(parametersIn({ query, body }));
  if (number === undefined) {
    throw new FhirError(
      'required',
      'the parameter `identifier` is required: the national number, `system|value`',
    );
  }
  await context.finds.take(subject);
  // an id alone tells nobody that there is somebody
  const patient = await store.whoIs([`identifier=${number}`]);
  if (patient?.id !== params.id) throw new FhirError('not-found', 'not found');
  const authorised = await store.isAuthorised(params.id!);
  return {
    status: 200,
    body: {
      resourceType: 'Parameters',
      parameter: [
        { name: 'open', valueBoolean: true },
        { name: 'authorised', valueBoolean: authorised },
      ],
    },
  };
}
