/** Asks a query of resources in memory, as the store would of the database. */
import type { Resource } from '../../../src/fhir/resource.ts';
import { indexResource } from '../../../src/search/index.ts';
import { matches } from '../../../src/search/match.ts';
import { parseSearch, type SearchOptions } from '../../../src/search/parse.ts';
import type { SearchQuery } from '../../../src/search/filter.ts';

export const BASE = 'http://carnet.example/fhir';
export const NOW = Date.UTC(2024, 5, 1);

const HIERARCHY: Record<string, string[]> = { animal: ['animal', 'dog', 'puppy'], dog: ['dog', 'puppy'] };

export const OPTIONS: SearchOptions = {
  base: BASE,
  handling: 'strict',
  defaultCount: 20,
  maxCount: 200,
  now: NOW,
  enabledTypes: new Set(
    'Patient Practitioner Organization Observation DocumentReference Encounter Group Device List AuditEvent Condition Location Binary'.split(
      ' ',
    ),
  ),
  terminology: {
    below: (system, code) =>
      system === 'http://s.example' ? HIERARCHY[code]?.map((each) => ({ system, code: each })) : undefined,
    above: (system, code) =>
      system === 'http://s.example'
        ? Object.keys(HIERARCHY)
            .filter((each) => HIERARCHY[each]?.includes(code))
            .map((each) => ({ system, code: each }))
        : undefined,
    valueSet: (url) =>
      url === 'http://v.example/pets' ? [{ system: 'http://s.example', code: 'dog' }] : undefined,
  },
};

/** `name=value&name=value`, percent-encoding undone. */
export function parse(
  types: string | string[],
  query: string,
  options: Partial<SearchOptions> = {},
): SearchQuery {
  const params = [...new URLSearchParams(query)];
  return parseSearch([types].flat(), params, { ...OPTIONS, ...options });
}

export function finds(query: string, resource: Resource): boolean {
  const { filter } = parse(resource.resourceType, query);
  return matches(filter, {
    ...indexResource(resource, BASE),
    type: resource.resourceType,
    id: resource.id ?? '',
    at: resource.meta?.lastUpdated === undefined ? 0 : Date.parse(resource.meta.lastUpdated),
    resource,
  });
}
