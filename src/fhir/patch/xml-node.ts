/** A resource's JSON, seen as the elements and attributes of its XML: https://hl7.org/fhir/R4/xml.html */
import { literalOf } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Json, Resource } from '../resource.ts';
import { isAttribute, propertiesOf, type Property } from '../xml/properties.ts';
import { isObject } from './document.ts';
import type { Predicate, Selector, XmlStep } from './xml-selector.ts';

export interface Node {
  name: string;
  /** As in properties.ts; of a resource its name. */
  type: string;
  isResource: boolean;
  value: unknown;
  parent?: Node;
  /** `holder[key]`, or `holder[key][index]`; the resource itself is held by nothing. */
  holder?: Json;
  key: string;
  index?: number;
}

/** Elements that the selectors of one patch may look at. */
const MAX_LOOKED_AT = 100_000;

export interface Sight {
  left: number;
}

export const newSight = (): Sight => ({ left: MAX_LOOKED_AT });

const ELEMENT = 'Element';

/** By name; a primitive has what any element has. */
export const propertiesIn = ({ type }: Node): ReadonlyMap<string, Property> =>
  propertiesOf(type) ?? propertiesOf(ELEMENT)!;

export const isPrimitive = ({ type }: Node): boolean => propertiesOf(type) === undefined;

/** What in XML encloses a resource: `contained`. */
export const isEnvelope = ({ type }: Node): boolean => type === 'Resource';

/** The elements that a selector finds. */
export function select(resource: Resource, { steps }: Selector, sight: Sight): Node[] {
  const type = resource.resourceType;
  const root: Node = { name: type, type, isResource: true, value: resource, key: '' };
  const [first, ...others] = steps as [XmlStep, ...XmlStep[]];
  let found = taken([root], first, sight);
  for (const step of others) found = found.flatMap((node) => childrenOf(node, step, sight));
  return found;
}

const childrenOf = (node: Node, step: XmlStep, sight: Sight): Node[] =>
  taken([...elementsIn(node, step.name)], step, sight);

function taken(nodes: Node[], { name, predicates }: XmlStep, sight: Sight): Node[] {
  look(sight, nodes.length + 1);
  let kept = name === undefined ? nodes : nodes.filter((node) => node.name === name);
  for (const predicate of predicates) kept = kept.filter((node, at) => holds(node, at, predicate, sight));
  return kept;
}

function holds(node: Node, at: number, predicate: Predicate, sight: Sight): boolean {
  if ('at' in predicate) return at === predicate.at - 1;
  let found = [node];
  for (const step of predicate.path.steps) found = found.flatMap((each) => childrenOf(each, step, sight));
  return found.some((each) => attributeOf(each, predicate.path.attribute!) === predicate.is);
}

function look(sight: Sight, count: number): void {
  sight.left -= count;
  if (sight.left < 0)
    throw new FhirError('too-costly', 'the selectors of the patch search too much', { status: 422 });
}

function* elementsIn(node: Node, name: string | undefined): Generator<Node> {
  if (isEnvelope(node)) {
    const type = (node.value as Resource).resourceType;
    yield { ...node, name: type, type, isResource: true, parent: node };
    return;
  }
  const owner = ownerOf(node);
  if (owner === undefined || node.type === 'xhtml') return;
  const properties = propertiesIn(node);
  const named = name === undefined ? properties.values() : [properties.get(name)];
  for (const property of named) {
    if (property === undefined || isAttribute(property.name, node.type, node.isResource)) continue;
    const { name: key, type } = property;
    const [value, beside] = [own(owner, key), own(owner, `_${key}`)];
    const about = { name: key, type, isResource: false, parent: node, holder: owner, key };
    if (!property.many) {
      if (value !== undefined || beside !== undefined) yield { ...about, value };
      continue;
    }
    const [values, besides] = [value ?? [], beside ?? []] as [unknown[], unknown[]];
    for (let index = 0; index < Math.max(values.length, besides.length); index++)
      yield { ...about, value: values[index], index };
  }
}

const own = (holder: Json, key: string): unknown => (Object.hasOwn(holder, key) ? holder[key] : undefined);

/** The object of an element's children and attributes, but for the value of a primitive. */
export function ownerOf(node: Node): Json | undefined {
  if (isObject(node.value)) return node.value;
  if (node.holder === undefined) return undefined;
  const beside = own(node.holder, `_${node.key}`);
  const found: unknown = Array.isArray(beside) ? beside[node.index ?? 0] : beside;
  return isObject(found) ? found : undefined;
}

/** As it is written; undefined where there is none. */
export function attributeOf(node: Node, name: string): string | undefined {
  if (name === 'value' && isPrimitive(node)) {
    if (node.value === undefined || node.value === null) return undefined;
    return literalOf(node.holder!, node.key) ?? String(node.value as string | number | boolean);
  }
  const owner = ownerOf(node);
  if (owner === undefined || !hasAttribute(node, name)) return undefined;
  const value = own(owner, name);
  return typeof value === 'string' ? value : undefined;
}

/** Whether R4 has such an attribute there. */
export const hasAttribute = (node: Node, name: string): boolean =>
  !isEnvelope(node) &&
  node.type !== 'xhtml' &&
  ((name === 'value' && isPrimitive(node)) ||
    (isAttribute(name, node.type, node.isResource) && propertiesIn(node).has(name)));
