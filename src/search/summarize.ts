/** Parts of a resource: https://hl7.org/fhir/R4/search.html#summary */
import { SUBSETTED, saysSubsetted } from '../fhir/subsetted.ts';
import type { Json, Meta, Resource } from '../fhir/resource.ts';
import { elementsOf, isResourceType, type Element } from './definitions.ts';

const ALWAYS = new Set(['id', 'meta']);

export function summary(resource: Resource, mode: 'true' | 'text' | 'data' | 'count' | 'false'): Resource {
  switch (mode) {
    case 'true':
      return marked(withContained(pruned(resource), resource, pruned));
    case 'text':
      return marked(
        withContained(
          top(resource, (element) => element.mandatory || element.name === 'text'),
          resource,
        ),
      );
    case 'data':
      return marked(top(resource, (element) => element.name !== 'text'));
    case 'count':
    case 'false':
      return resource;
  }
}

/** The elements named, and those that a resource can't be without. */
export function elements(resource: Resource, names: readonly string[]): Resource {
  const kept = top(
    resource,
    (element) => element.mandatory || element.modifier || names.includes(element.name),
  );
  return marked(withContained(kept, resource));
}

/** With what it contains and what is kept refers to: a `#id` must lead somewhere (ref-1). */
function withContained(
  kept: Resource,
  { contained }: Resource,
  part = (inside: Resource): Resource => inside,
): Resource {
  if (kept.contained !== undefined || !Array.isArray(contained)) return kept;
  const all = contained as Resource[];
  const left = new Map(all.map((inside) => [`#${inside.id}`, inside]));
  const referred: Resource[] = [];
  const follow = (value: unknown): void => {
    if (typeof value === 'string') {
      const inside = left.get(value);
      if (inside !== undefined && left.delete(value)) referred.push(part(inside));
    } else if (typeof value === 'object' && value !== null) Object.values(value).forEach(follow);
  };
  follow(kept);
  for (const inside of referred) follow(inside);
  return referred.length === 0 ? kept : { ...kept, contained: referred };
}

const pruned = (resource: Resource): Resource => prune(resource, resource.resourceType) as Resource;

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
