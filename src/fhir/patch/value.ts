/** The `value` part of a FHIRPath Patch: a data type, a resource, or an element spelled out in parts. */
import { copyJson } from '../json.ts';
import { FhirError } from '../outcome.ts';
import type { Json } from '../resource.ts';
import { isObject } from './document.ts';
import { childShape, type Shape } from './shape.ts';

export interface NewValue {
  /** Name of the property: `valueQuantity` for `value`. */
  key: string;
  value: unknown;
  /** Of a primitive: its id and extensions. */
  beside?: Json;
}

/** What `part` gives for the element `name` of this shape. */
export function valueFor(name: string, shape: Shape, part: Json): NewValue {
  const given = Object.keys(part).filter((key) => /^value[A-Z]/.test(key));
  const hasParts = Array.isArray(part.part);
  if (given.length + Number(hasParts) + Number(part.resource !== undefined) !== 1) {
    throw new FhirError('value', 'a value needs one of value[x], parts and resource');
  }
  if (hasParts)
    return { key: name, value: buildElement(requireBackbone(name, shape), part.part as unknown[]) };
  if (part.resource !== undefined) return { key: name, value: requireResource(name, shape, part.resource) };

  const [property] = given as [string];
  const value = copyJson(part[property]);
  if (value === null || value === undefined || Array.isArray(value)) {
    throw new FhirError('value', `\`${property.slice(0, 64)}\` must be one value`);
  }
  const beside = part[`_${property}`];
  const key =
    name + (shape.choices ? requireChoice(name, shape.choices, property.slice('value'.length)) : '');
  return { key, value, ...(isObject(beside) ? { beside: copyJson(beside) } : {}) };
}

function requireChoice(name: string, choices: readonly string[], ending: string): string {
  if (choices.includes(ending)) return ending;
  throw new FhirError('processing', `\`${name}\` can't be that type; allowed: ${choices.join(', ')}`);
}

function requireBackbone(name: string, shape: Shape): Shape {
  if (shape.choices || shape.type === 'Resource') {
    throw new FhirError('processing', `\`${name}\` can't be spelled out in parts`);
  }
  return shape;
}

function requireResource(name: string, shape: Shape, resource: unknown): unknown {
  if (shape.type !== 'Resource') throw new FhirError('processing', `\`${name}\` can't be a resource`);
  return copyJson(resource);
}

function buildElement(shape: Shape, parts: unknown[]): Json {
  const element: Json = {};
  for (const part of parts) {
    if (!isObject(part) || typeof part.name !== 'string')
      throw new FhirError('structure', 'each part needs a name');
    assign(element, part.name, elementShape(shape, part.name), part);
  }
  return element;
}

/** The shape of a named element; 422 when there is none. */
export function elementShape(owner: Shape, name: string): Shape {
  const shape = childShape(owner, name);
  if (!shape)
    throw new FhirError('processing', `\`${name.slice(0, 64)}\` is not an element of \`${owner.path}\``);
  return shape;
}

/** Sets a single element that isn't there yet, or appends to a repeating one. */
export function assign(holder: Json, name: string, shape: Shape, part: Json): void {
  const given = valueFor(name, shape, part);
  if (shape.repeats) return splice(holder, given.key, listLength(holder, given.key), 0, [given]);
  const keys = shape.choices ? shape.choices.map((ending) => name + ending) : [name];
  if (keys.some((key) => Object.hasOwn(holder, key) || Object.hasOwn(holder, `_${key}`))) {
    throw new FhirError('processing', `\`${name}\` is already there and doesn't repeat; use replace`);
  }
  holder[given.key] = given.value;
  if (given.beside) holder[`_${given.key}`] = given.beside;
}

export function listLength(holder: Json, key: string): number {
  return Math.max(ownList(holder, key).length, ownList(holder, `_${key}`).length);
}

function ownList(holder: Json, key: string): unknown[] {
  const list = Object.hasOwn(holder, key) ? holder[key] : undefined;
  return Array.isArray(list) ? (list as unknown[]) : [];
}

/** Changes a list and the `_name` list that runs beside it; neither is left empty. */
export function splice(
  holder: Json,
  key: string,
  index: number,
  removed: number,
  added: readonly NewValue[] = [],
): void {
  const length = listLength(holder, key);
  const values = ownList(holder, key);
  while (values.length < length) values.push(null);
  const besideKey = `_${key}`;
  const beside = holder[besideKey];
  if (Array.isArray(beside) || added.some((item) => item.beside)) {
    const aligned = Array.from(
      { length },
      (_, i): unknown => (Array.isArray(beside) ? beside[i] : null) ?? null,
    );
    exchange(
      aligned,
      index,
      removed,
      added.map((item) => item.beside ?? null),
    );
    if (aligned.every((item) => item === null)) delete holder[besideKey];
    else holder[besideKey] = aligned;
  }
  exchange(
    values,
    index,
    removed,
    added.map((item) => item.value),
  );
  if (values.every((value) => value === null)) delete holder[key];
  else holder[key] = values;
}

/** As `splice` does, of more items than a call may have arguments. */
function exchange(list: unknown[], index: number, removed: number, added: readonly unknown[]): void {
  const rest = list.splice(index).slice(removed);
  for (const item of added) list.push(item);
  for (const item of rest) list.push(item);
}
