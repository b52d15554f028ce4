/** Parts of a resource: https://hl7.org/fhir/R4/search.html#summary */
import { SUBSETTED, saysSubsetted } from '../fhir/subsetted.ts';
import type { Json, Meta, Resource } from '../fhir/resource.ts';
import { elementsOf, isResourceType, type Element } from './definitions.ts';

const ALWAYS = new Set(['id', 'meta']);

export function summary(resource: Resource, mode: 'true' | 'text' | 'data' | 'count' | 'false'): Resource {
  switch (mode) {
    case 'true':
      return marked(prune(resource, resource.resourceType) as Resource);
    case 'text':
      return marked(top(resource, (element) => element.mandatory || element.name === 'text'));
    case 'data':
      return marked(top(resource, (element) => element.name !== 'text'));
    case 'count':
    case 'false':
      return resource;
  }
}

/** The elements named, and those that a resource can't be without. */
export function elements(resource: Resource, names: readonly string[]): Resource {
  return marked(
    top(resource, (element) => element.mandatory || element.modifier || names.includes(element.name)),
  );
}

function top(resource: Resource, keeps: (element: Element) => boolean): Resource {
  const kept: Resource = { resourceType: resource.resourceType };
  for (const [property, value] of Object.entries(resource)) {
    const element = elementOf(resource.resourceType, property)?.element;
    if (element !== undefined && (ALWAYS.has(element.name) || keeps(element))) kept[property] = value;
  }
  return kept;
}

/** What belongs to the summary, at every depth. */
function prune(value: unknown, type: string): unknown {
  if (Array.isArray(value)) return value.map((item) => prune(item, type));
  if (typeof value !== 'object' || value === null) return value;
  const of = type === 'Resource' ? String((value as Json).resourceType) : type;
  const known = elementsOf(of);
  if (known.size <= INHERITED) return value;
  const kept: Json = {};
  for (const [property, item] of Object.entries(value)) {
    if (property === 'resourceType') kept[property] = item;
    const found = elementOf(of, property);
    if (found === undefined) continue;
    const { element } = found;
    const always = isResourceType(of)
      ? ALWAYS.has(element.name)
      : element.name === 'id' || element.name === 'extension';
    if (!always && !element.summary && !element.mandatory) continue;
    kept[property] = element.name === 'meta' || property.startsWith('_') ? item : prune(item, found.type);
  }
  return kept;
}

/** Primitive types have no elements but these: id, extension, modifierExtension. */
const INHERITED = 3;

/** The element that a property holds: `valueQuantity` is of `value[x]`, `_birthDate` of `birthDate`. */
function elementOf(type: string, property: string): { element: Element; type: string } | undefined {
  const name = property.startsWith('_') ? property.slice(1) : property;
  const known = elementsOf(type);
  const plain = known.get(name);
  if (plain !== undefined && !plain.choice) return { element: plain, type: plain.types[0] ?? '' };
  for (let end = name.length - 1; end > 0; end--) {
    const choice = known.get(name.slice(0, end));
    if (choice?.choice !== true) continue;
    const found = choice.types.find(
      (each) => each.charAt(0).toUpperCase() + each.slice(1) === name.slice(end),
    );
    if (found !== undefined) return { element: choice, type: found };
  }
  return undefined;
}

function marked(resource: Resource): Resource {
  const meta: Meta = resource.meta ?? {};
  const tags = (meta.tag ?? []).filter((tag) => !saysSubsetted(tag));
  return { ...resource, meta: { ...meta, tag: [...tags, SUBSETTED] } };
}
