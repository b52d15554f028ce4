/**
 * References of a document lead to what is in it, by the very address of its entry, or nowhere.
 * https://hl7.org/fhir/R4/bundle.html#references
 */
import type { Json, Resource } from '../../fhir/resource.ts';
import { isObject } from './elements.ts';

/** `Type/id` of what a reference means here: without the base, and whichever version. */
function nameIn(reference: string, base: string): string {
  const local = reference.startsWith(`${base}/`) ? reference.slice(base.length + 1) : reference;
  return local.replace(/\/_history\/[A-Za-z0-9\-.]{1,64}$/, '');
}

/** All that a resource refers to. */
export function namedIn(resource: Resource, base: string): string[] {
  const names: string[] = [];
  walk(resource, (reference) => {
    names.push(nameIn(String(reference.reference), base));
    return reference;
  });
  return names;
}

/** @param addressOf of what is in the document, by `Type/id` */
export function resolved(
  resource: Resource,
  base: string,
  addressOf: (name: string) => string | undefined,
): Resource {
  return walk(resource, (reference) => {
    const literal = String(reference.reference);
    if (literal.startsWith('#')) return reference;
    const address = addressOf(nameIn(literal, base));
    return address === undefined ? loose(reference, literal, base) : { ...reference, reference: address };
  }) as Resource;
}

/** What isn't there is still told of by its address, as an identifier. */
function loose(reference: Json, literal: string, base: string): Json {
  const { reference: _dropped, ...rest } = reference;
  if (rest.identifier !== undefined) return rest;
  const value = /^[a-z][a-z0-9+.-]*:/i.test(literal) ? literal : `${base}/${literal}`;
  return { ...rest, identifier: { system: 'urn:ietf:rfc:3986', value } };
}

function walk(value: unknown, change: (reference: Json) => Json): unknown {
  if (Array.isArray(value)) return value.map((each) => walk(each, change));
  if (!isObject(value)) return value;
  const changed = Object.fromEntries(Object.entries(value).map(([name, each]) => [name, walk(each, change)]));
  return typeof value.reference === 'string' ? change(changed) : changed;
}
