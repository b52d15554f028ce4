/** FHIRPath, loaded when it is first needed; each expression is compiled once. https://hl7.org/fhir/R4/fhirpath.html */
import { createRequire } from 'node:module';
import type { Scope } from './scope.ts';

type Evaluate = (value: unknown, variables: Record<string, unknown>) => unknown[];
const compiled = new Map<string, Evaluate>();
const require = createRequire(import.meta.url);

/** `base`: the path of what is no resource, which doesn't tell its type. */
function compile(expression: string, base: string | undefined): Evaluate {
  const key = `${base ?? ''} ${expression}`;
  let evaluate = compiled.get(key);
  if (evaluate === undefined) {
    const { compile: compilePath } = require('fhirpath') as typeof import('fhirpath');
    const model = require('fhirpath/fhir-context/r4') as Parameters<typeof compilePath>[1];
    const typed = base === undefined ? expression : { base, expression };
    evaluate = compilePath(typed, model, { async: false } as never) as unknown as Evaluate;
    compiled.set(key, evaluate);
  }
  return evaluate;
}

/** Undefined when it tells neither way, such as of dates of different precision. */
export function evaluate(
  expression: string,
  base: string | undefined,
  value: unknown,
  { resource, root }: Pick<Scope, 'resource' | 'root'>,
): boolean | undefined {
  const result = compile(expression, base)(value, { resource, rootResource: root });
  return typeof result[0] === 'boolean' && result.length === 1 ? result[0] : undefined;
}
