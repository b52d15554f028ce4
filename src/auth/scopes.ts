/** https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
import { FhirError } from '../fhir/outcome.ts';
import type { Role, Scope, Subject } from '../consent/subject.ts';
import { scopeCondition } from './scope-arguments.ts';

const RESOURCE_SCOPE = /^(patient|user|system)\/([A-Za-z]{1,64}|\*)\.([a-z]{1,5}|\*)(?:\?(.{1,1000}))?$/;
const RESOURCE = /^(patient|user|system)(\/|%2f|\.|$)/i;
const MOST = 200;
const V1: Record<string, string> = { read: 'rs', write: 'cud', '*': 'cruds' };
const RIGHTS = new Set([
  'directory.write',
  'registration.write',
  'consent.write',
  'consent.collect',
  'registry.operate',
  'registry.review',
  'registry.secure',
]);

/** Whom a scope of each context is for: what a role can't have been given grants nothing. */
export const CONTEXTS: Record<Role, readonly Scope['context'][]> = {
  patient: ['patient', 'user'],
  representative: ['patient', 'user'],
  professional: ['user'],
  system: ['system'],
  app: ['patient'],
  operator: ['user', 'system'],
  insurer: ['user', 'system'],
  employer: ['user', 'system'],
  authority: ['user', 'system'],
  all: ['patient', 'user', 'system'],
};

export interface Granted {
  scopes: Scope[];
  rights: string[];
}

/**
 * What isn't understood grants nothing, or is refused when a client asks for it (`strict`); arguments that aren't
 * supported are always refused: without them the scope would give more.
 * @throws FhirError
 */
export function parseScopes(text: string, handling: 'strict' | 'lenient' = 'lenient'): Granted {
  const granted: Granted = { scopes: [], rights: [] };
  for (const scope of text.split(' ', MOST)) {
    if (RIGHTS.has(scope)) granted.rights.push(scope);
    if (!RESOURCE.test(scope)) continue;
    const parsed = parseScope(scope);
    if (parsed !== undefined) granted.scopes.push(parsed);
    else if (handling === 'strict') throw new FhirError('invalid', `\`${scope.slice(0, 100)}\` is no scope`);
  }
  const contexts = new Set(granted.scopes.map(({ context }) => context));
  if (contexts.has('system') && contexts.size > 1) {
    throw new FhirError('login', 'a token has either `system/` scopes or `patient/` and `user/` scopes');
  }
  for (const { type, where } of granted.scopes) {
    // what may be changed is found by its name: that would lead around the arguments
    const isChanged = granted.scopes.some(
      (other) => (other.type === '*' || other.type === type) && /[ud]/.test(other.interactions),
    );
    if (where !== undefined && isChanged) {
      throw new FhirError('forbidden', `a token has either arguments or the right to change for \`${type}\``);
    }
  }
  return granted;
}

/** Whether it is meant as one; a slash that is written in another way doesn't make it something else. */
export function isResourceScope(scope: string): boolean {
  return RESOURCE.test(scope);
}

/** What a scope allows, the other allows too. */
export function narrows(scope: string, other: string): boolean {
  const [a, b] = [parseScope(scope), parseScope(other)];
  if (a === undefined || b === undefined || a.context !== b.context) return false;
  return (
    (b.type === '*' || a.type === b.type) &&
    a.interactions.split('').every((letter) => b.interactions.includes(letter)) &&
    (b.where === undefined || JSON.stringify(a.where) === JSON.stringify(b.where))
  );
}

function parseScope(scope: string): Scope | undefined {
  const [, context, type, letters, text] = RESOURCE_SCOPE.exec(scope) ?? [];
  if (context === undefined || type === undefined || letters === undefined) return undefined;
  const interactions = V1[letters] ?? (isOrdered(letters) ? letters : undefined);
  if (interactions === undefined) return undefined;
  const parsed = { context: context as Scope['context'], type, interactions };
  if (text === undefined) return parsed;
  if (!/^r?s?$/.test(letters))
    throw new FhirError('forbidden', 'scopes with search arguments are for reading: `r`, `s` or `rs`');
  return { ...parsed, where: scopeCondition(type, text) };
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
