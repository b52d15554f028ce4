/** The elements of a type by their names in XML and JSON alike, in the order of the definition: https://hl7.org/fhir/R4/xml.html */
import { structureOf, typeOf } from '../validate/path.ts';

export interface Property {
  name: string;
  order: number;
  /** `HumanName`, `Patient.contact`, `date`, `Resource`, `xhtml` */
  type: string;
  many: boolean;
}

const known = new Map<string, ReadonlyMap<string, Property>>();

/** Undefined for a primitive type. */
export function propertiesOf(type: string): ReadonlyMap<string, Property> | undefined {
  const kept = known.get(type);
  if (kept !== undefined) return kept;
  const structure = structureOf(type);
  if (structure === undefined) return undefined;
  const found = new Map<string, Property>();
  for (const name of Object.keys(structure.properties)) {
    if (name.startsWith('_') || name === 'resourceType') continue;
    const of = typeOf(structure, name);
    if (of === undefined) continue;
    found.set(name, {
      name,
      order: found.size,
      type: of,
      many: structure.properties[name]?.items !== undefined,
    });
  }
  known.set(type, found);
  return found;
}

/** What stands as an attribute and not as an element. */
export const isAttribute = (name: string, type: string, isResource: boolean): boolean =>
  (name === 'id' && !isResource) || (name === 'url' && type === 'Extension');
