/** The values that an element has in a resource, each with its type and place. */
import type { Json } from '../../resource.ts';
import { structureOf, typeOf } from '../path.ts';
import type { Segment } from '../path.ts';

export interface Item {
  /** Undefined for a primitive that has extensions only. */
  value: unknown;
  /** What stands beside a primitive. */
  beside?: Json;
  /** `CodeableConcept`, `Bundle.entry`; of a resource its own. */
  type?: string;
  path: readonly Segment[];
}

/** Of the element `name`, such as `url` or `value[x]`, in an item. */
export function itemsIn(item: Item, name: string): Item[] {
  const holder = isObject(item.value) ? item.value : item.beside;
  if (holder === undefined) return [];
  const structure = structureOf(item.type);
  const names = name.endsWith('[x]') ? (structure?.shape?.choices?.[name.slice(0, -3)]?.of ?? []) : [name];
  return names.flatMap((property) => {
    const type = structure === undefined ? undefined : typeOf(structure, property);
    return valuesOf(holder, property).map(({ value, beside, at }): Item => ({
      value,
      beside,
      type: resourceTypeOf(value) ?? type,
      path: [...item.path, property, ...at],
    }));
  });
}

function valuesOf(holder: Json, property: string): { value: unknown; beside?: Json; at: Segment[] }[] {
  const [value, beside] = [own(holder, property), own(holder, `_${property}`)];
  if (!Array.isArray(value) && !Array.isArray(beside)) {
    return value === undefined && beside === undefined
      ? []
      : [{ value: value ?? undefined, beside: isObject(beside) ? beside : undefined, at: [] }];
  }
  const [values, besides] = [value, beside].map((each) => (Array.isArray(each) ? (each as unknown[]) : []));
  return Array.from({ length: Math.max(values!.length, besides!.length) }, (_, index) => ({
    value: values![index] ?? undefined,
    beside: isObject(besides![index]) ? besides![index] : undefined,
    at: [index],
  }));
}

const own = (holder: Json, name: string): unknown => (Object.hasOwn(holder, name) ? holder[name] : undefined);

export const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const resourceTypeOf = (value: unknown): string | undefined =>
  isObject(value) && typeof value.resourceType === 'string' ? value.resourceType : undefined;
