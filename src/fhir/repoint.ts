/** References to one patient made references to another: two files of one person become one. Pure. */
import type { Json, Resource } from './resource.ts';

/**
 * A copy in which every reference to the one patient, versioned or absolute ones of this server too, names the other; of
 * a Bundle the patient in it too, since it is hidden with whatever it names.
 * @param from logical id @param to logical id @param base the server's own FHIR base
 */
export function repointed(resource: Resource, from: string, to: string, base: string): Resource {
  const heads = [`Patient/${from}`, `${base}/Patient/${from}`];
  const pointed = (reference: string): string => {
    const head = heads.find((each) => reference === each || reference.startsWith(`${each}/_history/`));
    return head === undefined ? reference : `${head.slice(0, -from.length)}${to}`;
  };
  const copy = walked(resource, pointed) as Resource;
  if (copy.resourceType === 'Bundle') {
    for (const entry of items(copy.entry)) {
      if (typeof entry.fullUrl === 'string') entry.fullUrl = pointed(entry.fullUrl);
      const inside = entry.resource as Resource | undefined;
      if (inside?.resourceType === 'Patient' && inside.id === from) inside.id = to;
    }
  }
  return copy;
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

function items(value: unknown): Json[] {
  return (Array.isArray(value) ? (value as unknown[]) : []).filter(
    (item): item is Json => typeof item === 'object' && item !== null,
  );
}
