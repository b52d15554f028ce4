/** Places in a resource as FHIRPath: https://hl7.org/fhir/R4/fhirpath.html#simple */
import { schema } from '../definitions/index.ts';
import type { StructureSchema } from '../definitions/index.ts';

export type Segment = string | number;

/** The place of a resource: `Patient`, `Bundle.entry[2].resource`. */
export interface Place {
  prefix: string;
  type: string;
}

/** `Patient.name[0].given[1]`; the type in a choice's name is left out, as is the `_` before extensions. */
export function expression(place: Place, segments: readonly Segment[]): string {
  let text = place.prefix;
  let type: string | undefined = place.type;
  for (const segment of segments) {
    if (typeof segment === 'number') {
      text += `[${segment}]`;
      continue;
    }
    const structure = structureOf(type);
    const property = segment.startsWith('_') ? segment.slice(1) : segment;
    const known = structure !== undefined && Object.hasOwn(structure.properties, segment);
    if (!known && !/^[A-Za-z]\w{0,63}$/.test(property)) return text;
    text += `.${(known && choiceOf(structure, property)) || property}`;
    type = known ? typeOf(structure, segment) : undefined;
  }
  return text;
}

export function structureOf(type: string | undefined): StructureSchema | undefined {
  const { definitions } = schema();
  const found = type !== undefined && Object.hasOwn(definitions, type) ? definitions[type] : undefined;
  return found?.properties === undefined ? undefined : found;
}

/** The type or path that a property's values have: `HumanName`, `Patient.contact`, `string`. */
export function typeOf(structure: StructureSchema, property: string): string | undefined {
  const definition = Object.hasOwn(structure.properties, property)
    ? structure.properties[property]
    : undefined;
  const ref = definition?.$ref ?? definition?.items?.$ref;
  return ref?.slice('#/definitions/'.length).replace('?', '');
}

/** `value` for `valueQuantity`. */
export function choiceOf(structure: StructureSchema, property: string): string | undefined {
  const choices = Object.entries(structure.shape?.choices ?? {});
  return choices.find(([, choice]) => choice.of.includes(property))?.[0];
}

/** The type or path of what the segments lead to. */
export function typeAt(type: string, segments: readonly Segment[]): string | undefined {
  let found: string | undefined = type;
  for (const segment of segments) {
    if (typeof segment === 'number') continue;
    const structure = structureOf(found);
    if (structure === undefined) return undefined;
    found = typeOf(structure, segment);
  }
  return found;
}

/** A value for an error's text, short. */
export function show(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = typeof value === 'string' ? value : String(value);
  const points = Array.from(text.slice(0, 130));
  return `\`${points.length > 64 ? `${points.slice(0, 64).join('')}…` : text}\``;
}
