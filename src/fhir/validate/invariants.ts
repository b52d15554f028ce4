/** Whether an invariant holds: natively where it can, else by its FHIRPath. https://hl7.org/fhir/R4/conformance-rules.html#constraints */
import { invariant, isResourceType } from '../definitions/index.ts';
import type { Json } from '../resource.ts';
import { evaluate } from './fhirpath.ts';
import { NATIVE } from './native.ts';
import type { Scope } from './scope.ts';

/** By FHIRPath alone; undefined when it tells neither way, such as of dates of different precision. */
export function evaluateByPath(
  name: string,
  value: unknown,
  scope: Pick<Scope, 'resource' | 'root'>,
): boolean | undefined {
  const { path, expression } = invariant(name)!;
  const base = path === 'DomainResource' || isResourceType(path) ? undefined : path;
  return evaluate(expression, base, value, scope);
}

/** What can't be told doesn't hold. */
function holdsByPath(name: string, value: unknown, scope: Scope): boolean {
  try {
    return evaluateByPath(name, value, scope) === true;
  } catch {
    return false;
  }
}

export const isNative = (name: string): boolean => NATIVE.has(name);

/** `name` as in the rules: `app-3@Appointment`. */
export function holds(name: string, value: unknown, scope: Scope): boolean {
  const native = NATIVE.get(name);
  return native === undefined ? holdsByPath(name, value, scope) : native(value as Json, scope);
}
