/** What references inside a resource may lean on. */
import type { Json } from '../resource.ts';

export interface Scope {
  /** The resource at hand: FHIRPath's %resource. */
  resource: Json;
  /** The one that contains it, or itself: FHIRPath's %rootResource. */
  root: Json;
  /** id → type of what the root contains */
  contained: ReadonlyMap<string, string>;
  /** fullUrl → type of the Bundle's resources */
  fullUrls: ReadonlyMap<string, string>;
  /** It lies in a Bundle: were that a transaction, a reference might be a search. */
  isBundled: boolean;
}

const NONE: ReadonlyMap<string, string> = new Map();

export function scopeOf(resource: Json, fullUrls: ReadonlyMap<string, string> = NONE): Scope {
  return {
    resource,
    root: resource,
    contained: typesBy(resource.contained, (each) => [each.id, each]),
    fullUrls,
    isBundled: fullUrls !== NONE,
  };
}

/** Of a Bundle. */
export const fullUrlsOf = (bundle: Json): ReadonlyMap<string, string> =>
  typesBy(bundle.entry, (entry) => [entry.fullUrl, entry.resource]);

function typesBy(
  list: unknown,
  entry: (each: Json) => [key: unknown, resource: unknown],
): ReadonlyMap<string, string> {
  if (!Array.isArray(list)) return NONE;
  const types = new Map<string, string>();
  for (const each of list as Json[]) {
    const [key, resource] = entry(each);
    const type = (resource as Json | undefined)?.resourceType;
    if (typeof key === 'string' && typeof type === 'string') types.set(key, type);
  }
  return types;
}
