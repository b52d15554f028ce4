/**
 * Content that a patient's app adds. Its Device adds for many patients, and content is nobody's until a document names it:
 * so it is written with its document, is given as part of that alone, and no document takes up what another brought.
 */
import { type Condition, and } from '../condition/condition.ts';
import type { Subject } from '../consent/subject.ts';
import { contentIn } from '../fhir/content/attachment.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Change } from './ports.ts';
import type { Vet } from './vetting.ts';

/** What an app is given by itself, whoever deposited it. */
export const NOT_CONTENT: Condition = {
  is: 'not',
  of: and({ is: 'type', among: ['Binary'] }, { is: 'impersonal' }),
};

export const alone = (): FhirError =>
  new FhirError(
    'forbidden',
    'an app adds a Binary in one transaction with a DocumentReference of its patient that names it, and without `securityContext`',
  );

/** @param base of the server */
export function appContent({ role, patient }: Subject, base: string): Vet {
  return async (changes) => {
    if (role !== 'app') return;
    const documents = changes.filter(({ resource }) => resource?.resourceType === 'DocumentReference');
    const named = new Set(
      documents
        .filter(({ patients: [only, ...others] }) => only === patient && others.length === 0)
        .flatMap(({ resource }) => contentIn(resource!, base)),
    );
    const added = changes.filter(({ type, resource }) => type === 'Binary' && resource !== undefined);
    for (const { id, patients, previous } of added)
      if (patients.length > 0 || previous !== undefined || !named.has(`Binary/${id}`)) throw alone();
    const brought = new Set(added.map(({ id }) => `Binary/${id}`));
    for (const { resource, previous } of documents) {
      const before = contentBefore(previous, base);
      if (contentIn(resource!, base).every((name) => brought.has(name) || before.includes(name))) continue;
      throw new FhirError(
        'business-rule',
        'an app names content that it adds in the same transaction, or that the document had before',
        { expression: 'DocumentReference.content' },
      );
    }
  };
}

function contentBefore(previous: Change['previous'], base: string): readonly string[] {
  return previous === undefined || previous.method === 'DELETE'
    ? []
    : contentIn(parseJson(previous.body) as Resource, base);
}
