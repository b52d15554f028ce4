/** A document's type is one that its depositor may feed: docs/decisions/0040-who-feeds-what.md */
import { type Unfed, unfed } from '../consent/feeding.ts';
import type { DocumentTypes } from '../consent/rules.ts';
import type { Role } from '../consent/subject.ts';
import { parseJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import { ofEach } from './at-fault.ts';
import type { Change } from './ports.ts';
import type { Vet } from './vetting.ts';

/** Or may hold some. */
export const isDocument = ({ resourceType }: Resource): boolean => DOCUMENTS.has(resourceType);
const DOCUMENTS: ReadonlySet<string> = new Set(['DocumentReference', 'Composition', 'Bundle']);

/** @param types absent: everybody feeds every type */
export function feeding(role: Role, types: DocumentTypes | undefined): Vet {
  return async (changes) => {
    if (types === undefined || role === 'all') return;
    await ofEach(changes, ({ resource, previous }) => {
      if (resource === undefined || !isDocument(resource)) return;
      const found = unfed(resource, bodyOf(previous), role, types);
      if (found === undefined) return;
      throw new FhirError('business-rule', toldOf(found), { expression: found.expression });
    });
  };
}

export function bodyOf(previous: Change['previous']): Resource | undefined {
  return previous === undefined || previous.method === 'DELETE'
    ? undefined
    : (parseJson(previous.body) as Resource);
}

/** The shorter of two lists. */
function toldOf({ type, allowed, barred }: Unfed): string {
  const listed = (codes: readonly string[]): string => codes.map((code) => `\`${code}\``).join(', ');
  const told = allowed.length <= barred.length ? listed(allowed) : `every type but ${listed(barred)}`;
  return `a document of the type \`${type}\` is not yours to deposit; allowed: ${told}, and types that the national list doesn’t have`;
}
