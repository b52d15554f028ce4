/** A document's class is that of its type: docs/decisions/0040-who-feeds-what.md */
import { misclassed } from '../consent/classing.ts';
import type { DocumentTypes } from '../consent/rules.ts';
import { FhirError } from '../fhir/outcome.ts';
import { ofEach } from './at-fault.ts';
import { bodyOf, isDocument } from './feeding.ts';
import type { Vet } from './vetting.ts';

/** @param types absent: the country has no list */
export function classing(types: DocumentTypes | undefined): Vet {
  return async (changes) => {
    if (types === undefined) return;
    await ofEach(changes, ({ resource, previous }) => {
      if (resource === undefined || !isDocument(resource)) return;
      const wrong = misclassed(resource, bodyOf(previous), types);
      if (wrong === undefined) return;
      const allowed = wrong.allowed.map((code) => `\`${code}\``).join(', ');
      const text = `the class \`${wrong.found}\` is not that of the type \`${wrong.type}\`; allowed: ${allowed}, and classes of other systems`;
      throw new FhirError('business-rule', text, { expression: wrong.expression });
    });
  };
}
