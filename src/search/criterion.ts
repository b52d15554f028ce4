/**
 * One parameter that a resource must satisfy, with its modifier, its chain or its `_has`.
 * https://hl7.org/fhir/R4/search.html#chaining
 */
import { isResourceType } from './definitions.ts';
import { hasCanonical, isCanonical } from './canonical.ts';
import { askInside } from './inside.ts';
import { all, any, NOTHING, type Filter } from './filter.ts';
import { common, COMMON } from './common.ts';
import { parametersOf, type Parameter, type QueryContext } from './parameter.ts';
import { kinds } from './parameters/index.ts';
import { checkTarget } from './parameters/reference.ts';
import { refuse, shown, split } from './value.ts';

/** `:not=a,b` is neither a nor b: what they negate. */
const NEGATED = new Map<string, string | undefined>([
  ['not', undefined],
  ['not-in', 'in'],
]);
const MOST_VALUES = 200;
const LONGEST_CHAIN = 4;
const DEEPEST_HAS = 3;

export interface Scope extends Omit<QueryContext, 'type'> {
  links: number;
  reverse: number;
}

/** Parameters that a type can be searched by. */
export function searchable(type: string): string[] {
  return [...new Set([...parametersOf(type).keys(), ...COMMON])];
}

/** Does the parameter exist for all these types? What follows its name is not looked at. */
export function isKnown(name: string, types: readonly string[]): boolean {
  const code = /^[^:.]*/.exec(name)?.[0] ?? '';
  return COMMON.includes(code) || types.every((type) => parametersOf(type).has(code));
}

export function criterion(name: string, value: string, types: readonly string[], scope: Scope): Filter {
  const filters = types.map((type) => ofType(name, value, type, scope));
  const [first, ...rest] = filters;
  if (first === undefined) return NOTHING;
  const text = JSON.stringify(first);
  if (rest.length === 0 || (!readsContent(first) && rest.every((each) => JSON.stringify(each) === text)))
    return first;
  // it means something else for each type
  return any(filters.map((filter, at) => all([{ op: 'type', type: types[at] ?? '' }, filter])));
}

function ofType(name: string, value: string, type: string, scope: Scope): Filter {
  scope.spend(1);
  if (name.startsWith('_has:')) return reverseChain(name, value, type, scope);
  const dot = name.indexOf('.');
  if (dot >= 0) return chain(name.slice(0, dot), name.slice(dot + 1), value, type, scope);
  const [code = '', modifier, more] = name.split(':', 3);
  if (more !== undefined || modifier === '')
    return refuse(`${shown(name)} has more than one modifier`, 'invalid');
  if (value === '') return refuse(`${shown(name)} needs a value`, 'invalid');
  const context = { ...scope, type };
  if (COMMON.includes(code)) return common(code, modifier, values(value, code), context);
  const parameter = parameterOf(code, type);
  if (modifier !== undefined) checkModifier(parameter, modifier, scope);
  if (modifier === 'missing') return missing(code, value);
  const negated = modifier !== undefined && NEGATED.has(modifier);
  const positive = negated ? NEGATED.get(modifier) : modifier;
  const found = any(
    values(value, code).map((one) => {
      scope.spend(1);
      return kinds[parameter.type].parse({ parameter, modifier: positive, value: one }, context);
    }),
  );
  return negated ? { op: 'not', of: found } : found;
}

function values(value: string, code: string): string[] {
  const parts = split(value, ',');
  if (parts.length > MOST_VALUES)
    return refuse(`${shown(code)} takes at most ${MOST_VALUES} values`, 'too-costly');
  if (parts.includes('')) return refuse(`${shown(code)} has an empty value among ${shown(value)}`, 'invalid');
  return parts;
}

export function parameterOf(code: string, type: string): Parameter {
  return (
    parametersOf(type).get(code) ??
    refuse(
      `unknown parameter ${shown(code)} of \`${type}\`: allowed are ${searchable(type).join(', ')}`,
      'invalid',
    )
  );
}

function checkModifier({ code, type, target }: Parameter, modifier: string, { enabledTypes }: Scope): void {
  const { modifiers, typed = false } = kinds[type];
  if (modifiers.includes(modifier)) return;
  if (typed && isResourceType(modifier)) {
    checkTarget({ code, target }, modifier);
    checkServed(modifier, enabledTypes);
    return;
  }
  const names = typed ? [...modifiers, 'a resource type'] : modifiers;
  const allowed = names.length === 0 ? 'none is allowed' : `allowed are ${names.join(', ')}`;
  refuse(`${shown(code)} doesn't know the modifier ${shown(modifier)}: ${allowed}`, 'invalid');
}

export function missing(code: string, value: string): Filter {
  if (value !== 'true' && value !== 'false') {
    return refuse(`${shown(`${code}:missing`)} is \`true\` or \`false\`, not ${shown(value)}`);
  }
  const present: Filter = { op: 'term', terms: [`${code}:present`] };
  return value === 'true' ? { op: 'not', of: present } : present;
}

function chain(head: string, rest: string, value: string, type: string, scope: Scope): Filter {
  if (scope.links >= LONGEST_CHAIN) return refuse(`chains have at most ${LONGEST_CHAIN} links`, 'too-costly');
  const [code = '', named, more] = head.split(':', 3);
  const parameter = parameterOf(code, type);
  if (parameter.type !== 'reference') {
    return refuse(`${shown(code)} of \`${type}\` is no reference: it can't be chained`, 'invalid');
  }
  if (!isFollowed(parameter)) {
    return refuse(`${shown(code)} of \`${type}\` is an address: it can't be chained`, 'not-supported');
  }
  if (more !== undefined || named === '')
    return refuse(`${shown(head)} has more than one modifier`, 'invalid');
  const next = { ...scope, links: scope.links + 1 };
  if (named !== undefined) {
    if (!isResourceType(named))
      return refuse(`${shown(named)} in ${shown(`${head}.${rest}`)} is no resource type`, 'invalid');
    checkTarget(parameter, named);
    checkServed(named, scope.enabledTypes);
    return linked(parameter, type, [named], scope, (target) => criterion(rest, value, [target], next));
  }
  const targets = targetsOf(parameter, scope.enabledTypes).filter(
    (target) => rest.startsWith('_has:') || isKnown(rest, [target]),
  );
  if (targets.length === 0) {
    return refuse(
      `nothing that ${shown(code)} of \`${type}\` refers to has a parameter ${shown(rest)}`,
      'invalid',
    );
  }
  return linked(parameter, type, targets, scope, (target) => criterion(rest, value, [target], next));
}

function linked(
  parameter: Parameter,
  container: string,
  targets: readonly string[],
  { base }: Scope,
  asked: (target: string) => Filter,
): Filter {
  const { code: param } = parameter;
  const how = howNamed(parameter);
  const chains = targets.map((type) => ({ op: 'chain' as const, param, type, filter: asked(type), ...how }));
  const inside = chains.flatMap(({ type, filter }) =>
    askInside({ container, parameter, type, base }, filter),
  );
  return any([...chains, ...inside]);
}

const howNamed = (parameter: Parameter): { canonical?: true } =>
  isCanonical(parameter) ? { canonical: true } : {};

/** The served types that it may lead to. */
function targetsOf(parameter: Parameter, enabledTypes: ReadonlySet<string>): string[] {
  const { target } = parameter;
  if (target !== undefined) return target.filter((each) => enabledTypes.has(each));
  return isCanonical(parameter) ? [...enabledTypes].filter(hasCanonical) : [...enabledTypes];
}

/** Does it lead to resources? A plain address says nothing of where it leads. */
export function isFollowed(parameter: Parameter): boolean {
  const { type, types } = parameter;
  const leads = types.includes('Reference') || types.includes('Resource') || isCanonical(parameter);
  return type === 'reference' && leads;
}

/** `_has:Observation:patient:code` */
function reverseChain(name: string, value: string, type: string, scope: Scope): Filter {
  if (scope.reverse >= DEEPEST_HAS)
    return refuse(`\`_has\` nests at most ${DEEPEST_HAS} times`, 'too-costly');
  const [, source = '', code = ''] = name.split(':', 3);
  const rest = name.slice('_has:'.length + source.length + 1 + code.length + 1);
  if (rest === '' || !isResourceType(source)) {
    return refuse(
      `${shown(name)} is no reverse chain: it needs \`_has:Type:reference:parameter\``,
      'invalid',
    );
  }
  checkServed(source, scope.enabledTypes);
  const parameter = parameterOf(code, source);
  if (parameter.type !== 'reference')
    return refuse(`${shown(code)} of \`${source}\` is no reference`, 'invalid');
  checkTarget(parameter, type);
  const filter = criterion(rest, value, [source], { ...scope, reverse: scope.reverse + 1 });
  return { op: 'has', type: source, param: code, filter, ...howNamed(parameter) };
}

export function checkServed(type: string, enabledTypes: ReadonlySet<string>): void {
  if (!enabledTypes.has(type)) refuse(`type ${shown(type)} is not served here`, 'not-supported');
}

function readsContent(filter: Filter): boolean {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.some(readsContent);
    case 'not':
      return readsContent(filter.of);
    case 'chain':
    case 'has':
      return readsContent(filter.filter);
    default:
      return filter.op === 'scan' || filter.op === 'inside';
  }
}
