/** https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
import { FhirError } from '../fhir/outcome.ts';
import type { Scope, Subject } from '../consent/subject.ts';

const RESOURCE_SCOPE = /^(patient|user|system)\/([A-Za-z]{1,64}|\*)\.([a-z]{1,5}|\*)$/;
const V1: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };
const RIGHTS = new Set(['directory.write', 'registration.write', 'consent.write', 'consent.collect']);

export interface Granted {
  scopes: Scope[];
  rights: string[];
}

/** What isn't understood grants nothing; a scope with arguments is narrower than can be told here: refused. */
export function parseScopes(text: string): Granted {
  const granted: Granted = { scopes: [], rights: [] };
  for (const scope of text.split(' ', 200)) {
    if (RIGHTS.has(scope)) granted.rights.push(scope);
    if (/^(patient|user|system)\//.test(scope) && scope.includes('?')) {
      throw new FhirError(
        'forbidden',
        'scopes with search arguments are not supported: ask for one without',
        {
          headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
        },
      );
    }
    const [, context, type, letters] = RESOURCE_SCOPE.exec(scope) ?? [];
    if (context === undefined || letters === undefined) continue;
    const interactions = V1[letters] ?? (isOrdered(letters) ? letters : undefined);
    if (interactions === undefined) continue;
    granted.scopes.push({ context: context as Scope['context'], type: type!, interactions });
  }
  const contexts = new Set(granted.scopes.map(({ context }) => context));
  if (contexts.has('system') && contexts.size > 1) {
    throw new FhirError('login', 'a token has either `system/` scopes or `patient/` and `user/` scopes');
  }
  return granted;
}

/** v2 letters come in the order of `cruds`, each once. */
function isOrdered(letters: string): boolean {
  return /^c?r?u?d?s?$/.test(letters);
}

/**
 * A scope is a ceiling; the gate is under it.
 * @param type `*`: a request that names no type, which must be allowed for all
 * @throws FhirError 403
 */
export function checkScope(subject: Subject, type: string, letter: 'c' | 'r' | 'u' | 'd' | 's'): void {
  const allowed = subject.scopes.some(
    (scope) => (scope.type === '*' || scope.type === type) && scope.interactions.includes(letter),
  );
  if (allowed) return;
  throw new FhirError('forbidden', `the token has no scope for this: \`${type}.${letter}\` is needed`, {
    headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' },
  });
}
