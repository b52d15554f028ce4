/** Patients that a resource names without being their data: only compartments look for them. */
import type { Json, Resource } from '../../fhir/resource.ts';

export function mentions(resource: Resource, patients: readonly string[]): string[] {
  const found = new Set<string>();
  const walk = (value: unknown): void => {
    if (Array.isArray(value)) for (const item of value) walk(item);
    else if (typeof value === 'object' && value !== null) {
      for (const name of Object.keys(value)) {
        const item = (value as Json)[name];
        if (name === 'reference' && typeof item === 'string') {
          if (!item.includes('Patient/')) continue;
          const patient = /(?:^|\/)Patient\/([A-Za-z0-9\-.]{1,64})(?:\/_history\/|$)/.exec(item)?.[1];
          if (patient !== undefined && !patients.includes(patient)) found.add(patient);
        } else walk(item);
      }
    }
  };
  walk(resource);
  return [...found];
}
