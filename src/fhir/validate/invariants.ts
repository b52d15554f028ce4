/** Whether an invariant holds: natively where it can, else by its FHIRPath. https://hl7.org/fhir/R4/conformance-rules.html#constraints */
import { createRequire } from 'node:module';
import { invariant, isResourceType } from '../definitions/index.ts';
import type { Json } from '../resource.ts';
import { NATIVE } from './native.ts';
import type { Scope } from './scope.ts';

type Evaluate = (value: unknown, variables: Record<string, unknown>) => unknown[];
const compiled = new Map<string, Evaluate>();
const require = createRequire(import.meta.url);

/** FHIRPath is loaded when the first invariant needs it. */
function compile(name: string): Evaluate {
  const kept = compiled.get(name);
  if (kept !== undefined) return kept;
  const { compile: compilePath } = require('fhirpath') as typeof import('fhirpath');
  const model = require('fhirpath/fhir-context/r4') as Parameters<typeof compilePath>[1];
  const { path, expression } = invariant(name)!;
  // what is no resource doesn't tell its type
  const typed = path === 'DomainResource' || isResourceType(path) ? expression : { base: path, expression };
  const evaluate = compilePath(typed, model, { async: false } as never) as unknown as Evaluate;
  compiled.set(name, evaluate);
  return evaluate;
}

/** By FHIRPath alone; undefined when it tells neither way, such as of dates of different precision. */
export function evaluateByPath(
  name: string,
  value: unknown,
  scope: Pick<Scope, 'resource' | 'root'>,
): boolean | undefined {
  const result = compile(name)(value, { resource: scope.resource, rootResource: scope.root });
  return typeof result[0] === 'boolean' && result.length === 1 ? result[0] : undefined;
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
