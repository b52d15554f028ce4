/** A profile and those it is based on as one tree of rules: https://hl7.org/fhir/R4/profiling.html#snapshot */
import type { Profiles } from '../../conformance/profiles.ts';
import type {
  Constraint,
  ElementDefinition,
  ElementType,
  Slicing,
  StructureDefinition,
} from '../../conformance/structure.ts';

export interface Rule {
  /** `DocumentReference.content.attachment.size` */
  id: string;
  /** FHIRPath's base of its invariants. */
  path: string;
  min?: number;
  max?: number;
  types?: ElementType[];
  fixed?: unknown;
  pattern?: unknown;
  binding?: { strength: string; valueSet: string };
  constraints: Constraint[];
  slicing?: Slicing;
  slices: Rule[];
  /** By name of the element: `value[x]`. */
  children: Map<string, Rule>;
}

export interface Tree {
  url: string;
  type: string;
  root: Rule;
}

const MOST_BASES = 10;
const trees = new WeakMap<StructureDefinition, Tree>();

export function treeOf(profile: StructureDefinition, profiles: Profiles): Tree {
  let tree = trees.get(profile);
  if (tree === undefined) {
    const root = emptyRule(profile.type, profile.type);
    for (const element of merged(lineage(profile, profiles)).values()) place(root, element);
    trees.set(profile, (tree = { url: profile.url, type: profile.type, root }));
  }
  return tree;
}

/** The most general first. */
function lineage(profile: StructureDefinition, profiles: Profiles): StructureDefinition[] {
  const line = [profile];
  for (let base = profiles.find(profile.baseDefinition); base; base = profiles.find(base.baseDefinition)) {
    line.unshift(base);
    if (line.length > MOST_BASES) throw new Error(`${profile.url} has too many bases`);
  }
  return line;
}

function merged(line: readonly StructureDefinition[]): Map<string, ElementDefinition> {
  const elements = new Map<string, ElementDefinition>();
  for (const { differential } of line) {
    for (const element of differential.element) {
      const base = elements.get(element.id);
      const constraint = [...(base?.constraint ?? []), ...(element.constraint ?? [])];
      elements.set(element.id, { ...base, ...element, constraint });
    }
  }
  return elements;
}

function place(root: Rule, element: ElementDefinition): void {
  const [, ...segments] = element.id.split('.');
  let rule = root;
  for (const segment of segments) {
    const [name = '', slice] = segment.split(':', 2);
    rule = getOrAdd(rule, name);
    if (slice !== undefined) rule = sliceOf(rule, `${rule.id}:${slice}`);
  }
  Object.assign(rule, rulesIn(element));
}

function getOrAdd({ id, path, children }: Rule, name: string): Rule {
  let child = children.get(name);
  if (child === undefined) children.set(name, (child = emptyRule(`${id}.${name}`, `${path}.${name}`)));
  return child;
}

function sliceOf({ slices, path }: Rule, id: string): Rule {
  let slice = slices.find((each) => each.id === id);
  if (slice === undefined) slices.push((slice = emptyRule(id, path)));
  return slice;
}

const emptyRule = (id: string, path: string): Rule => ({
  id,
  path,
  constraints: [],
  slices: [],
  children: new Map(),
});

function rulesIn(element: ElementDefinition): Partial<Rule> {
  const { min, max, type, binding, constraint = [], slicing } = element;
  const starting = (prefix: string): unknown =>
    Object.entries(element).find(([name]) => name.startsWith(prefix))?.[1];
  const rules: Partial<Rule> = {
    min,
    max: max === undefined || max === '*' ? undefined : Number(max),
    types: type,
    fixed: starting('fixed'),
    pattern: starting('pattern'),
    binding:
      binding?.valueSet === undefined
        ? undefined
        : { strength: binding.strength, valueSet: binding.valueSet },
    constraints: constraint,
    slicing,
  };
  return Object.fromEntries(Object.entries(rules).filter(([, value]) => value !== undefined));
}
