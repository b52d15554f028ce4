/**
 * A document or a list that names its patient by national number alone, or by a search: it is who that finds, by the rule
 * of conditional references. Unknown, opposed and closed spaces are refused alike. docs/interactions/patients.md
 */
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Reference, Resource } from '../fhir/resource.ts';
import type { Context } from '../interaction/context.ts';
import type { Exchange } from '../interaction/exchange.ts';
import { mayLookFor, nationalNumber } from '../interaction/finding.ts';
import { referenceTo } from '../interaction/references.ts';

/** With the reference by which that is looked for; of who may not look for people, as it is. */
export function namedByNumber(resource: Resource, subject: Subject): Resource {
  const { reference, identifier } = (resource.subject ?? {}) as Reference;
  if (reference !== undefined || identifier === undefined || !mayLookFor(subject)) return resource;
  const number = nationalNumber([['identifier', `${identifier.system ?? ''}|${identifier.value ?? ''}`]]);
  if (number === undefined) return resource;
  return {
    ...resource,
    subject: { ...(resource.subject as Reference), reference: `Patient?identifier=${number}` },
  };
}

/** With the patient whom it finds. @throws FhirError 422: nobody, or several */
export async function patientKnown(
  context: Context,
  exchange: Exchange,
  resource: Resource,
): Promise<Resource> {
  const named = namedByNumber(resource, exchange.subject);
  const subject = named.subject as Reference | undefined;
  if (typeof subject?.reference !== 'string' || !subject.reference.startsWith('Patient?')) return named;
  const reference = await referenceTo(context, exchange, subject.reference, []);
  if (reference === undefined) {
    throw new FhirError('business-rule', 'the patient that the document names is not known here', {
      expression: `${resource.resourceType}.subject`,
    });
  }
  return { ...named, subject: { ...subject, reference } };
}
