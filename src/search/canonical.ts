/**
 * Resources that are known by an address and a version of their own, and references that name them so.
 * https://hl7.org/fhir/R4/references.html#canonical
 *
 * A reference without a version means every version of the address that the caller may see.
 */
import { elementsOf } from './definitions.ts';
import type { Node } from './expression.ts';
import type { Parameter } from './parameter.ts';

export interface Canonical {
  url: string;
  version?: string;
}

/** `url|version` */
export function parseCanonical(text: string): Canonical {
  const at = text.indexOf('|');
  return at < 0 ? { url: text } : { url: text.slice(0, at), version: text.slice(at + 1) };
}

export function isCanonical({ types }: Pick<Parameter, 'types'>): boolean {
  return types.includes('canonical');
}

/** The address that a resource has, when its type is one that is referred to so. */
export function canonicalOf(resource: { resourceType: string; [element: string]: unknown }): Canonical[] {
  const { resourceType, url, version } = resource;
  if (typeof url !== 'string' || !hasCanonical(resourceType)) return [];
  return [{ url, version: typeof version === 'string' ? version : undefined }];
}

export function hasCanonical(type: string): boolean {
  const elements = elementsOf(type);
  return elements.get('url')?.types[0] === 'uri' && elements.get('version')?.types[0] === 'string';
}

/** What a resource is found by: its address, of any version and of its own. */
export function ownTerms(own: Canonical): string[] {
  return [...new Set([named({ url: own.url }), named(own)])];
}

/** What finds the resources that a reference means. */
export function named(reference: Canonical): string {
  return `_canonical=${written(reference)}`;
}

/** What a reference is found by, from the resource that it means. */
export function naming(param: string, reference: Canonical): string {
  return `${param}:canonical=${written(reference)}`;
}

/** What finds the references that mean a resource. */
export function namingAny(param: string, own: Canonical): string[] {
  return [...new Set([naming(param, { url: own.url }), naming(param, own)])];
}

/** The versions that one lies below: `1.0.5` below `1`, `1.0` and itself; all below none. */
export function belowTerms(param: string, { url, version }: Canonical): string[] {
  const parts = version?.split('.', DEEPEST) ?? [];
  const versions = parts.map((_, at) => parts.slice(0, at + 1).join('.'));
  return [undefined, ...versions].map((each) => belowTerm(param, { url, version: each }));
}

const DEEPEST = 10;

export function belowTerm(param: string, asked: Canonical): string {
  return `${param}:below=${written(asked)}`;
}

/** The canonical addresses among what a parameter selects. */
export function canonicalsIn(nodes: readonly Node[]): Canonical[] {
  return nodes.flatMap(({ type, value }) =>
    type === 'canonical' && typeof value === 'string' ? [parseCanonical(value)] : [],
  );
}

function written({ url, version }: Canonical): string {
  return version === undefined ? url : `${url}|${version}`;
}
