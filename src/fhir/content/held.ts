/** Content that a resource holds itself, wherever it stands: attachments, Binaries and what Bundles have of them. */
import type { Json, Resource } from '../resource.ts';

export interface Held {
  /** Has `data` and, if it says it, `contentType`; or a `url`. */
  holder: Json;
  /** As a FHIRPath. */
  at: string;
  /** Type of the resource that it stands in. */
  of: string;
}

export interface Contents {
  contents: Held[];
  /** Addresses that lead nowhere, but are content themselves, or a program. */
  strange: Held[];
}

export const contentsIn = (resource: Resource): Held[] => heldIn(resource).contents;

export function heldIn(resource: Resource): Contents {
  const found: Contents = { contents: [], strange: [] };
  const look = (value: unknown, at: string, of: string): void => {
    if (Array.isArray(value)) return value.forEach((each, index) => look(each, `${at}[${index}]`, of));
    if (typeof value !== 'object' || value === null) return;
    const holder = value as Json;
    const within = typeof holder.resourceType === 'string' ? holder.resourceType : of;
    if (isContent(holder)) found.contents.push({ holder, at, of: within });
    if (isStrange(holder, at)) found.strange.push({ holder, at: `${at}.url`, of: within });
    for (const [name, each] of Object.entries(value))
      if (typeof each === 'object') look(each, `${at}.${name}`, within);
  };
  look(resource, resource.resourceType, resource.resourceType);
  return found;
}

const isContent = ({ resourceType, contentType, data }: Json): boolean =>
  typeof data === 'string' && (typeof contentType === 'string' || resourceType === 'Binary');

/** What names its kind by `url` alone, as extensions and definitions do, links to nothing. */
const isStrange = ({ resourceType, url }: Json, at: string): boolean =>
  typeof url === 'string' &&
  resourceType === undefined &&
  !/xtension\[\d+\]$/.test(at) &&
  SCHEME.test(url) &&
  !LINKED.test(url);

const SCHEME = /^[a-z][a-z0-9+.-]*:/i;
/** What lies here or in its Bundle, and on the web: https://hl7.org/fhir/R4/datatypes.html#url */
const LINKED = /^(https?|ftps?|urn):/i;
