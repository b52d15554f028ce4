/**
 * Resources that say too much of what they name to be given without it: hidden as a whole when they name something
 * hidden. A part of them is never given, since a later PUT would destroy the rest.
 */
import type { Json, Resource } from './resource.ts';

export const WHOLE: ReadonlySet<string> = new Set(['Bundle', 'Composition', 'List', 'Provenance']);

/** `Type/id`, perhaps of a version. */
export const LOCAL = /^([A-Z][A-Za-z]+)\/([A-Za-z0-9\-.]{1,64})(\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/**
 * Every local reference in it, at any depth; of the entries of a Bundle what they are here, too.
 * `base`: the server's own FHIR base; references that begin with it are local.
 */
export function namesOf(resource: Resource, base: string): Set<string> {
  const names = new Set<string>();
  const take = (address: unknown): void => {
    if (typeof address !== 'string') return;
    const own = base !== '' && address.startsWith(`${base}/`);
    const [, type, id] = LOCAL.exec(own ? address.slice(base.length + 1) : address) ?? [];
    if (type !== undefined) names.add(`${type}/${id}`);
  };
  const visit = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) visit(item);
    else if (typeof value === 'object' && value !== null) {
      const { reference, resourceType, entry } = value as Json;
      take(reference);
      if (resourceType === 'Bundle' && Array.isArray(entry))
        for (const each of entry) addresses(each).map(take);
      for (const item of Object.values(value)) visit(item);
    }
  };
  visit(resource);
  return names;
}

/** By which an entry may tell what it is here. */
function addresses(entry: unknown): unknown[] {
  const { fullUrl, resource, request, response } = (entry ?? {}) as Record<string, Json | undefined>;
  const { resourceType, id } = resource ?? {};
  return [fullUrl, [resourceType, id].join('/'), request?.url, response?.location];
}
