/** Which scopes a request may ask for: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
import type { Role } from '../consent/subject.ts';
import { CONTEXTS, isResourceScope, narrows, parseScopes } from '../auth/scopes.ts';
import { RESOURCE_TYPES } from '../fhir/definitions/index.ts';
import { FhirError } from '../fhir/outcome.ts';

export const IDENTITY = ['openid', 'fhirUser', 'profile', 'offline_access', 'online_access'] as const;
export const LAUNCH = ['launch', 'launch/patient', 'launch/encounter'] as const;
const TYPES: ReadonlySet<string> = new Set(['*', ...RESOURCE_TYPES]);
/** With arguments, or with a slash that is written in another way. */
const LAUNCHED = /^launch(%2f|\/[^?]*\?)/i;
const PLAIN: ReadonlySet<string> = new Set([...IDENTITY, ...LAUNCH]);

export interface Asked {
  /** As asked for, without what nobody here knows. */
  scopes: string[];
  /** Why it is refused; undefined when it may be. */
  fault?: string;
}

/** What a client that was registered with a scope may ask for. @param flow `system`: without a person */
export function scopesAsked(text: string | undefined, ceiling: string, flow: 'person' | 'system'): Asked {
  const scopes = [...new Set((text ?? '').split(' ').filter(Boolean))];
  if (scopes.length > 200) return { scopes: [], fault: 'more than 200 scopes' };
  // what it would be narrowed to is not to be dropped
  const narrowed = scopes.find((scope) => LAUNCHED.test(scope));
  if (narrowed !== undefined) return { scopes: [], fault: `\`${narrowed.slice(0, 100)}\` is no scope` };
  const known = scopes.filter((scope) => PLAIN.has(scope) || isResourceScope(scope) || isRight(scope));
  try {
    const { scopes: named } = parseScopes(scopes.join(' '), 'strict');
    const unknown = named.find(({ type }) => !TYPES.has(type));
    if (unknown !== undefined) return { scopes: [], fault: `\`${unknown.type}\` is no type of R4` };
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return { scopes: [], fault: error.message };
  }
  const allowed = ceiling.split(' ');
  for (const scope of known) {
    if (isResourceScope(scope)) {
      if (scope.startsWith('system/') !== (flow === 'system'))
        return { scopes: [], fault: `\`${scope}\` is not for this kind of request` };
      if (!allowed.some((each) => narrows(scope, each)))
        return { scopes: [], fault: `the client is not registered for \`${scope}\`` };
    } else if (isRight(scope) && !allowed.includes(scope))
      return { scopes: [], fault: `the client is not registered for \`${scope}\`` };
  }
  return { scopes: flow === 'system' ? known.filter((scope) => !PLAIN.has(scope)) : known };
}

const isRight = (scope: string): boolean => /^[a-z]+\.[a-z]+$/.test(scope);

/** What of it a person can give: an app of a patient reads that patient, whoever else they care for. */
export function scopesFor(scopes: readonly string[], role: Role, inContext: boolean): string[] {
  return scopes.filter((scope) => {
    if (isRight(scope)) return false;
    if (!isResourceScope(scope)) return true;
    const context = scope.slice(0, scope.indexOf('/'));
    if (context === 'patient') return inContext && role !== 'operator';
    return (CONTEXTS[role] as readonly string[]).includes(context);
  });
}
