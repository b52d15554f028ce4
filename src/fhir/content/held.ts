/** Content that a resource holds itself, wherever it stands: attachments, Binaries and what Bundles have of them. */
import type { Json, Resource } from '../resource.ts';

export interface Held {
  /** Has `data` and, if it says it, `contentType`. */
  holder: Json;
  /** As a FHIRPath. */
  at: string;
  /** Type of the resource that it stands in. */
  of: string;
}

export function contentsIn(resource: Resource): Held[] {
  const found: Held[] = [];
  const look = (value: unknown, at: string, of: string): void => {
    if (Array.isArray(value)) return value.forEach((each, index) => look(each, `${at}[${index}]`, of));
    if (typeof value !== 'object' || value === null) return;
    const { resourceType, contentType, data } = value as Json;
    const within = typeof resourceType === 'string' ? resourceType : of;
    if (typeof data === 'string' && (typeof contentType === 'string' || resourceType === 'Binary'))
      found.push({ holder: value as Json, at, of: within });
    for (const [name, each] of Object.entries(value))
      if (typeof each === 'object') look(each, `${at}.${name}`, within);
  };
  look(resource, resource.resourceType, resource.resourceType);
  return found;
}
