/** Elements of resources, as far as they are what they should be: what is stored was valid, but says little of shape. */
import type { Json } from '../../fhir/resource.ts';

export function each(value: unknown): Json[] {
  return (Array.isArray(value) ? value : []).filter(isObject);
}

export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function codesOf(concept: unknown): { system: string; code: string }[] {
  return each(isObject(concept) ? concept.coding : undefined).flatMap(({ system, code }) =>
    typeof code === 'string' ? [{ system: typeof system === 'string' ? system : '', code }] : [],
  );
}

/** In words: as it was written, else as its code is called, else the code. */
export function textOf(concept: unknown): string | undefined {
  if (!isObject(concept)) return undefined;
  if (typeof concept.text === 'string') return concept.text;
  const codings = each(concept.coding);
  const [display] = codings.flatMap((coding) => (typeof coding.display === 'string' ? [coding.display] : []));
  return display ?? codesOf(concept)[0]?.code;
}

export function referenceOf(value: unknown): string | undefined {
  return isObject(value) && typeof value.reference === 'string' ? value.reference : undefined;
}

export function stringOf(value: unknown): string | undefined {
  return typeof value === 'string' && value.trim() !== '' ? value : undefined;
}
