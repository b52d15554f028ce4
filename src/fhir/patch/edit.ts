/** The five changes of a FHIRPath Patch, made in place: https://hl7.org/fhir/R4/fhirpatch.html */
import { FhirError } from '../outcome.ts';
import type { Json } from '../resource.ts';
import { isObject } from './document.ts';
import { innerShape, type Place } from './resolve.ts';
import type { Shape } from './shape.ts';
import { assign, elementShape, listLength, splice, valueFor, type NewValue } from './value.ts';

export interface List {
  holder: Json;
  key: string;
  shape: Shape;
}

export function addElement(place: Place, name: string, part: Json): void {
  const shape = elementShape(innerShape(place), name);
  assign(holderOf(place), name, shape, part);
}

/** The repeating element `name` of a place; it may be empty. */
export function listAt(place: Place, name: string): List {
  const shape = elementShape(innerShape(place), name);
  if (!shape.repeats) throw new FhirError('processing', `\`${name}\` is not a list`);
  return { holder: holderOf(place), key: name, shape };
}

export function insertItem({ holder, key, shape }: List, index: number, part: Json): void {
  const length = listLength(holder, key);
  requireIndex(index, length + 1, key);
  splice(holder, key, index, 0, [valueFor(key, shape, part)]);
}

export function moveItem({ holder, key }: List, source: number, destination: number): void {
  const length = listLength(holder, key);
  requireIndex(source, length, key);
  requireIndex(destination, length, key);
  const beside = holder[`_${key}`];
  const extra: unknown = Array.isArray(beside) ? beside[source] : undefined;
  const item: NewValue = {
    key,
    value: (holder[key] as unknown[])[source],
    ...(isObject(extra) ? { beside: extra } : {}),
  };
  splice(holder, key, source, 1);
  splice(holder, key, destination, 0, [item]);
}

function requireIndex(index: number, end: number, key: string): void {
  if (index < end) return;
  throw new FhirError('processing', `index ${index} is outside of \`${key}\`; allowed: 0 to ${end - 1}`);
}

export function removeElement({ holder, key, index }: Pick<Place, 'holder' | 'key' | 'index'>): void {
  if (!holder) throw new FhirError('business-rule', "the resource as a whole can't be deleted by a patch");
  if (index !== undefined) return splice(holder, key, index, 1);
  delete holder[key];
  delete holder[`_${key}`];
}

export function replaceElement(place: Place, part: Json): void {
  const { holder, key, index, shape, choice } = place;
  if (!holder) throw new FhirError('business-rule', "the resource as a whole can't be replaced by a patch");
  const given = choice ? valueFor(choice.name, choice.shape, part) : valueFor(key, shape, part);
  if (index !== undefined) return splice(holder, key, index, 1, [given]);
  removeElement(place);
  holder[given.key] = given.value;
  if (given.beside) holder[`_${given.key}`] = given.beside;
}

/** The object that gets a place's children; made for a primitive, whose children are kept in `_name`. */
export function holderOf({
  holder,
  key,
  index,
  value,
}: Pick<Place, 'holder' | 'key' | 'index' | 'value'>): Json {
  if (isObject(value)) return value;
  if (!holder) throw new FhirError('processing', 'the resource has no such element');
  const besideKey = `_${key}`;
  if (index === undefined) {
    if (!isObject(holder[besideKey])) holder[besideKey] = {};
    return holder[besideKey] as Json;
  }
  const length = listLength(holder, key);
  const beside = holder[besideKey];
  const aligned = Array.from(
    { length },
    (_, i): unknown => (Array.isArray(beside) ? beside[i] : null) ?? null,
  );
  if (!isObject(aligned[index])) aligned[index] = {};
  holder[besideKey] = aligned;
  return aligned[index] as Json;
}
