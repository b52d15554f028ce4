/**
 * What a well-formed resource still may break: bindings, reference targets, invariants, narrative. One walk, guided by
 * the rules of its types. https://hl7.org/fhir/R4/validation.html
 */
import { invariant, typeRule } from '../definitions/index.ts';
import type { ElementRule } from '../definitions/index.ts';
import type { Issue } from '../outcome.ts';
import type { Json } from '../resource.ts';
import { bindingFault } from './binding.ts';
import { holds, isNative } from './invariants.ts';
import { narrativeFault } from './narrative.ts';
import { expression } from './path.ts';
import type { Place, Segment } from './path.ts';
import { referenceFault } from './reference.ts';
import type { Scope } from './scope.ts';

export interface Nested {
  resource: Json;
  place: Place;
}

interface Walk {
  place: Place;
  scope: Scope;
  issues: Issue[];
  max: number;
  nested: Nested[];
  path: Segment[];
  budget: Budget;
}

/** FHIRPath takes 10 µs and more for each; shared by all resources of one call. */
export interface Budget {
  evaluations: number;
}
export const MAX_EVALUATIONS = 40_000;

interface Compiled {
  elements: ReadonlyMap<string, ElementRule>;
  invariants: readonly string[];
}

const compiled = new Map<string, Compiled>();

function rulesOf(type: string): Compiled {
  let rules = compiled.get(type);
  if (rules === undefined) {
    const { elements = {}, invariants = [] } = typeRule(type) ?? {};
    rules = {
      elements: new Map(Object.entries(elements)),
      invariants: invariants.filter((name) => !name.startsWith('txt-')),
    };
    compiled.set(type, rules);
  }
  return rules;
}

const EXTENSIONS: ElementRule = { type: 'Element' };

/** Adds to the issues, up to `max`; gives back the resources inside, to be looked at by themselves. */
export function checkRules(
  place: Place,
  scope: Scope,
  issues: Issue[],
  max: number,
  budget: Budget,
): Nested[] {
  const walk: Walk = { place, scope, issues, max, nested: [], path: [], budget };
  visit(walk, scope.resource, place.type);
  return walk.nested;
}

function visit(walk: Walk, value: Json, type: string): void {
  const { elements, invariants } = rulesOf(type);
  for (const key in value) {
    const rule = key.startsWith('_') ? EXTENSIONS : elements.get(key);
    if (rule === undefined) continue;
    const item = value[key];
    walk.path.push(key);
    if (!Array.isArray(item)) visitItem(walk, item, rule, type);
    else {
      for (let i = 0; i < item.length && walk.issues.length < walk.max; i++) {
        walk.path.push(i);
        visitItem(walk, item[i], rule, type);
        walk.path.pop();
      }
    }
    walk.path.pop();
  }
  for (const name of invariants) checkInvariant(walk, name, value);
}

function visitItem(walk: Walk, item: unknown, rule: ElementRule, parent: string): void {
  if (item === null) return;
  if (rule.binding !== undefined) {
    const text = bindingFault(item, rule.binding);
    if (text !== undefined) report(walk, 'code-invalid', text);
  }
  if (rule.invariants !== undefined) {
    if (parent === 'Narrative') checkNarrative(walk, item as string);
    else for (const name of rule.invariants) checkInvariant(walk, name, item);
  }
  if (rule.type === undefined) return;
  if (rule.type === 'Resource') {
    const { resourceType } = item as { resourceType: string };
    walk.nested.push({
      resource: item as Json,
      place: { prefix: expression(walk.place, walk.path), type: resourceType },
    });
    return;
  }
  if (rule.type === 'Reference') {
    const fault = referenceFault(item as Json, rule.targets, walk.scope);
    if (fault !== undefined) report(walk, fault.code, fault.text);
  }
  visit(walk, item as Json, rule.type);
}

function checkInvariant(walk: Walk, name: string, value: unknown): void {
  if (walk.issues.length >= walk.max) return;
  if (!isNative(name) && walk.budget.evaluations++ >= MAX_EVALUATIONS) {
    if (walk.budget.evaluations === MAX_EVALUATIONS + 1) {
      report(walk, 'too-costly', `more than ${MAX_EVALUATIONS} invariants to evaluate; send less at once`);
    }
    return;
  }
  if (holds(name, value, walk.scope)) return;
  const { key, human } = invariant(name)!;
  report(walk, 'invariant', `\`${key}\` does not hold: ${sentence(human)}`);
}

function checkNarrative(walk: Walk, xhtml: string): void {
  const fault = narrativeFault(xhtml);
  if (fault !== undefined) report(walk, 'invariant', `\`${fault.key}\` does not hold: ${fault.text}`);
}

function report(walk: Walk, code: Issue['code'], text: string): void {
  if (walk.issues.length >= walk.max) return;
  walk.issues.push({ severity: 'error', code, text, expression: expression(walk.place, walk.path) });
}

/** As our texts are: no capital at the start, no full stop. */
const sentence = (text: string): string =>
  text
    .trim()
    .replace(/^[A-Z](?=[a-z]|\s)/, (letter) => letter.toLowerCase())
    .replace(/\.$/, '');
