/** References to one patient made references to another: two files of one person become one. Pure. */
import type { Json, Resource } from './resource.ts';

/**
 * A copy in which every reference to the one patient, versioned or absolute ones of this server too, names the other.
 * A Bundle stays as it is: a document is its author's.
 * @param from logical id @param to logical id @param base the server's own FHIR base
 */
export function repointed(resource: Resource, from: string, to: string, base: string): Resource {
  if (resource.resourceType === 'Bundle') return resource;
  const heads = [`Patient/${from}`, `${base}/Patient/${from}`];
  const pointed = (reference: string): string => {
    const head = heads.find((each) => reference === each || reference.startsWith(`${each}/_history/`));
    return head === undefined ? reference : `${head.slice(0, -from.length)}${to}`;
  };
  return walked(resource, pointed) as Resource;
}

function walked(value: unknown, pointed: (reference: string) => string): unknown {
  if (Array.isArray(value)) return value.map((each) => walked(each, pointed));
  // numbers that keep their digits are objects too
  if (typeof value !== 'object' || value === null || value.constructor !== Object) return value;
  return Object.fromEntries(
    Object.entries(value as Json).map(([name, each]) => [
      name,
      name === 'reference' && typeof each === 'string' ? pointed(each) : walked(each, pointed),
    ]),
  );
}
