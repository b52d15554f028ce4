/** Whether a resource is what a Subscription asks for: a search of its type, answered in memory. */
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Filter } from '../search/filter.ts';
import { indexResource } from '../search/index.ts';
import { matches } from '../search/match.ts';
import { parseSearch } from '../search/parse.ts';
import type { Terminology } from '../search/terminology.ts';

export interface Asking {
  base: string;
  types: ReadonlySet<string>;
  terminology: Terminology;
  now: number;
}

/** What would shape an answer, and has no meaning here. */
const SHAPING = /^_(sort|count|total|summary|elements|include|revinclude|contained|containedType|type)(:|$)/;
const LONGEST = 2000;

/** @throws FhirError 422 for what only other resources, or an answer, could tell */
export function filterOf(type: string, query: string, { base, types, terminology, now }: Asking): Filter {
  if (query.length > LONGEST) throw refused(`a filter has at most ${LONGEST} characters`);
  const pairs = [...new URLSearchParams(query)];
  const shaping = pairs.find(([name]) => SHAPING.test(name));
  if (shaping !== undefined)
    throw refused(`\`${shaping[0].slice(0, 60)}\` shapes an answer: a filter takes search parameters alone`);
  const options = { base, terminology, now, enabledTypes: types, defaultCount: 1, maxCount: 1 };
  let filter: Filter;
  try {
    ({ filter } = parseSearch([type], pairs, { ...options, handling: 'strict' }));
  } catch (error) {
    if (error instanceof FhirError && error.status < 500) throw refused(error.message);
    throw error;
  }
  if (!isOwn(filter)) throw refused('chains, `_has`, `_list` and hierarchies are not supported in a filter');
  return filter;
}

/** @param at when the version was made, milliseconds */
export function satisfies(filter: Filter, resource: Resource, at: number, base: string): boolean {
  const entries = indexResource(resource, base);
  return matches(filter, { ...entries, type: resource.resourceType, id: resource.id ?? '', at, resource });
}

/** The resource alone tells whether it holds. */
function isOwn(filter: Filter): boolean {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.every(isOwn);
    case 'not':
      return isOwn(filter.of);
    case 'chain':
    case 'has':
    case 'hierarchy':
    case 'inside':
    case 'list':
      return false;
    default:
      return true;
  }
}

const refused = (text: string): FhirError =>
  new FhirError('business-rule', text, { expression: 'Subscription.criteria' });
