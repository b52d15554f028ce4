/** A resource against the rules of one profile, told with the rule that it breaks: https://hl7.org/fhir/R4/profiling.html */
import { coreType, type Profiles } from '../../conformance/profiles.ts';
import type { ElementType } from '../../conformance/structure.ts';
import type { Issue } from '../../outcome.ts';
import type { Json } from '../../resource.ts';
import { bindingFault } from '../binding.ts';
import { evaluate } from '../fhirpath.ts';
import { expression, show, type Place } from '../path.ts';
import { referenceFault } from '../reference.ts';
import { type Budget, MAX_EVALUATIONS } from '../rules.ts';
import { scopeOf, type Scope } from '../scope.ts';
import { isFixed, isLike } from './equal.ts';
import { isObject, itemsIn, type Item } from './items.ts';
import { type Judging, sliceOf } from './slices.ts';
import { type Rule, type Tree, treeOf } from './tree.ts';

/** Profiles inside profiles. */
const MAX_DEPTH = 12;

export interface Checking {
  profiles: Profiles;
  place: Place;
  scope: Scope;
  issues: Issue[];
  max: number;
  budget: Budget;
  depth?: number;
}

export function checkProfile(tree: Tree, resource: Json, checking: Checking): void {
  new Check(tree, checking).item(tree.root, { value: resource, type: tree.type, path: [] });
}

class Check implements Judging {
  readonly #tree: Tree;
  readonly #given: Checking;
  readonly #depth: number;

  constructor(tree: Tree, given: Checking) {
    this.#tree = tree;
    this.#given = given;
    this.#depth = given.depth ?? 0;
  }

  item(rule: Rule, item: Item): void {
    if (this.#given.issues.length >= this.#given.max) return;
    this.#value(rule, item);
    this.#types(rule, item);
    for (const [name, child] of rule.children) {
      // what R4 itself doesn't know there was told already
      const items = itemsIn(item, name);
      this.#count(child, items.length, item, name);
      this.#sliced(child, items, item, name);
      for (const each of items) this.item(child, each);
    }
    for (const constraint of rule.constraints) this.#invariant(rule, item, constraint);
  }

  #sliced(rule: Rule, items: readonly Item[], parent: Item, name: string): void {
    if (rule.slices.length === 0) return;
    const counts = new Map<Rule, number>();
    for (const item of items) {
      const slice = sliceOf(rule, item, this);
      if (slice !== undefined) {
        counts.set(slice, (counts.get(slice) ?? 0) + 1);
        this.item(slice, item);
      } else if (rule.slicing?.rules === 'closed') {
        const allowed = rule.slices.map(({ id }) => id.slice(id.lastIndexOf(':') + 1)).join(', ');
        this.#report(rule, item, 'structure', `fits none of the slices; allowed: ${allowed}`);
      }
    }
    for (const slice of rule.slices) this.#count(slice, counts.get(slice) ?? 0, parent, name);
  }

  #count(rule: Rule, count: number, parent: Item, name: string): void {
    const slice = rule.id.includes(':', rule.id.lastIndexOf('.'))
      ? `, slice \`${rule.id.split(':').at(-1)}\`,`
      : '';
    const at = { ...parent, path: [...parent.path, name.replace('[x]', '')] };
    if (rule.max === 0 && count > 0) {
      this.#report(rule, at, 'structure', `element \`${name}\`${slice} is not allowed`);
    } else if (count < (rule.min ?? 0)) {
      const text =
        rule.min === 1
          ? `element \`${name}\`${slice} is required`
          : `element \`${name}\`${slice} is there ${count} times; allowed: at least ${rule.min}`;
      this.#report(rule, at, 'required', text);
    } else if (rule.max !== undefined && count > rule.max) {
      const text = `element \`${name}\`${slice} is there ${count} times; allowed: at most ${rule.max}`;
      this.#report(rule, at, 'structure', text);
    }
  }

  #value(rule: Rule, item: Item): void {
    if (rule.fixed !== undefined && !isFixed(item.value, rule.fixed)) {
      this.#report(rule, item, 'value', `found ${show(item.value)}; allowed: exactly ${told(rule.fixed)}`);
    }
    if (rule.pattern !== undefined && !isLike(item.value, rule.pattern)) {
      this.#report(
        rule,
        item,
        'value',
        `found ${show(item.value)}; allowed: what holds ${told(rule.pattern)}`,
      );
    }
    const { binding } = rule;
    if (binding === undefined || item.value === undefined) return;
    if (binding.strength !== 'required' && binding.strength !== 'extensible') return;
    const fault = bindingFault(item.value, binding.valueSet);
    if (fault === undefined) return;
    this.#report(rule, item, 'code-invalid', fault, binding.strength === 'required' ? 'error' : 'warning');
  }

  #types(rule: Rule, item: Item): void {
    const { types } = rule;
    if (types === undefined || item.value === undefined) return;
    const fitting = types.filter(({ code }) => code === item.type || code === 'Resource');
    if (fitting.length === 0 && item.type !== undefined) {
      const allowed = types.map(({ code }) => code).join(', ');
      this.#report(rule, item, 'structure', `found ${item.type}; allowed: ${allowed}`);
      return;
    }
    if (item.type === 'Reference') this.#reference(rule, item, fitting);
    const profiles = this.#treesOf(fitting);
    if (profiles.length > 0) this.#oneOf(item, profiles);
  }

  #reference(rule: Rule, item: Item, types: readonly ElementType[]): void {
    const reference = item.value as Json;
    const contained = types.every(({ aggregation }) => aggregation?.join() === 'contained');
    if (contained && typeof reference.reference === 'string' && !reference.reference.startsWith('#')) {
      const text = `reference ${show(reference.reference)} is not to a contained resource; allowed: \`#\` and the id of one`;
      this.#report(rule, item, 'structure', text);
    }
    const targets = types.flatMap(({ targetProfile }) => targetProfile ?? []);
    const allowed = targets.map((target) => coreType(target) ?? this.#given.profiles.find(target)?.type);
    // of a target that isn't known here no type can be refused
    if (allowed.length === 0 || allowed.includes(undefined)) return;
    const fault = referenceFault(reference, allowed as string[], this.#given.scope);
    if (fault !== undefined) this.#report(rule, item, fault.code, fault.text);
  }

  /** Told are the faults of the profile that it is nearest to. */
  #oneOf(item: Item, trees: readonly Tree[]): void {
    const tries: Issue[][] = [];
    for (const tree of trees) {
      const issues = this.#inside(item, tree);
      if (!issues.some(({ severity }) => severity === 'error')) return;
      tries.push(issues);
    }
    const nearest = tries.reduce((least, each) => (each.length < least.length ? each : least));
    this.#given.issues.push(...nearest.slice(0, this.#given.max - this.#given.issues.length));
  }

  #inside(item: Item, tree: Tree): Issue[] {
    const { place, scope } = this.#given;
    const issues: Issue[] = [];
    const given = { ...this.#given, issues, depth: this.#depth + 1 };
    if (given.depth > MAX_DEPTH) return issues;
    if (!isResource(item)) {
      new Check(tree, given).item(tree.root, item);
      return issues;
    }
    const resource = item.value as Json;
    const inner = { prefix: expression(place, item.path), type: tree.type };
    const isContained = item.path.includes('contained');
    const inside = isContained ? { ...scope, resource } : scopeOf(resource, scope.fullUrls);
    checkProfile(tree, resource, { ...given, place: inner, scope: inside });
    return issues;
  }

  #invariant(
    rule: Rule,
    item: Item,
    { key, severity, human, expression: rules }: Rule['constraints'][0],
  ): void {
    if (rules === undefined || item.value === undefined) return;
    const { budget, scope } = this.#given;
    if (budget.evaluations++ >= MAX_EVALUATIONS) {
      if (budget.evaluations > MAX_EVALUATIONS + 1) return;
      this.#report(
        rule,
        item,
        'too-costly',
        `more than ${MAX_EVALUATIONS} invariants to evaluate; send less at once`,
      );
      return;
    }
    const base = isResource(item) ? undefined : rule.path;
    if (holds(rules, base, item.value, scope)) return;
    this.#report(rule, item, 'invariant', `\`${key}\` does not hold: ${human}`, severity);
  }

  #report(
    { id }: Rule,
    { path }: Pick<Item, 'path'>,
    code: Issue['code'],
    text: string,
    severity: Issue['severity'] = 'error',
  ): void {
    const { issues, max, place } = this.#given;
    if (issues.length >= max) return;
    const rule = { profile: this.#tree.url, element: id };
    issues.push({
      severity,
      code,
      text: `${text} (rule \`${id}\` of \`${this.#tree.url}\`)`,
      expression: expression(place, path),
      rule,
    });
  }

  #treesOf(types: readonly ElementType[]): Tree[] {
    return types
      .flatMap(({ profile }) => profile ?? [])
      .flatMap((each) => this.#given.profiles.find(each) ?? [])
      .map((each) => treeOf(each, this.#given.profiles));
  }

  profiles(rule: Rule): Rule[] {
    return this.#treesOf(rule.types ?? []).map(({ root }) => root);
  }

  isBound({ value }: Item, valueSet: string): boolean {
    return value !== undefined && bindingFault(value, valueSet) === undefined;
  }

  conforms(item: Item, rule: Rule): boolean {
    const types = rule.types ?? [];
    if (!types.some(({ code }) => code === item.type)) return false;
    const trees = this.#treesOf(types);
    const isGood = (tree: Tree): boolean =>
      !this.#inside(item, tree).some(({ severity }) => severity === 'error');
    return trees.length === 0 || trees.some(isGood);
  }
}

const isResource = ({ value }: Item): boolean => isObject(value) && typeof value.resourceType === 'string';

/** What can't be told doesn't hold. */
function holds(rules: string, base: string | undefined, value: unknown, scope: Scope): boolean {
  try {
    return evaluate(rules, base, value, scope) === true;
  } catch {
    return false;
  }
}

const told = (wanted: unknown): string => {
  const text = typeof wanted === 'string' ? wanted : JSON.stringify(wanted);
  return `\`${text.length > 300 ? `${text.slice(0, 300)}…` : text}\``;
};
