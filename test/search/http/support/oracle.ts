/** What a query should find, told in memory: the other reading of a Filter. */
import { DEFAULT_TYPES } from '../../../../src/config/variables.ts';
import type { Resource } from '../../../../src/fhir/resource.ts';
import type { SearchQuery, SortKey } from '../../../../src/search/filter.ts';
import { indexResource } from '../../../../src/search/index.ts';
import { terminology } from '../../../../src/search/known-terminology.ts';
import { type Candidate, type Linked, matches } from '../../../../src/search/match.ts';
import { parseSearch } from '../../../../src/search/parse.ts';
import { sortValue } from '../../../../src/search/sort.ts';
import type { Client } from '../../../support/server.ts';

export type Known = Candidate & { resource: Resource };

export interface Oracle {
  asked(type: string, query: string): SearchQuery;
  /** Of what the caller may see: ids, in no order. */
  finds(type: string, query: string, visible?: (known: Known) => boolean): string[];
  keys(known: Known, sort: readonly SortKey[]): (string | number | null)[];
  get(key: string): Known;
}

/** Knows resources as the server tells them. */
export async function oracle(client: Client, base: string, types: readonly string[]): Promise<Oracle> {
  const known = new Map<string, Known>();
  for (const type of types) {
    for (let next: string | undefined = `${type}?_count=1000`; next !== undefined;) {
      const { json } = await client.get(next);
      for (const { resource } of json.entry ?? []) {
        known.set(`${type}/${resource.id}`, candidateOf(resource, base));
      }
      next = json.link.find((link: { relation: string }) => link.relation === 'next')?.url;
    }
  }
  const asked: Oracle['asked'] = (type, query) =>
    parseSearch([type], [...new URLSearchParams(query)], {
      base,
      handling: 'strict',
      defaultCount: 50,
      maxCount: 1000,
      now: Date.now(),
      enabledTypes: new Set(DEFAULT_TYPES),
      terminology,
    });
  return {
    asked,
    finds(type, query, visible = () => true) {
      const seen = [...known.values()].filter(visible);
      const holds = (candidate: Known, filter: SearchQuery['filter']): boolean =>
        matches(filter, candidate, (linked) => leads(candidate, linked));
      const leads = (from: Known, linked: Linked): boolean => {
        if (linked.op === 'list' || linked.op === 'hierarchy')
          throw new Error(`${linked.op} is not generated`);
        const others = seen.filter((other) => other.type === linked.type && holds(other, linked.filter));
        return linked.op === 'chain'
          ? others.some((other) => from.refs.includes(`${linked.param}=${other.type}/${other.id}`))
          : others.some((other) => other.refs.includes(`${linked.param}=${from.type}/${from.id}`));
      };
      const { filter } = asked(type, query);
      return seen.filter((each) => each.type === type && holds(each, filter)).map(({ id }) => id);
    },
    keys: (each, sort) => sort.map((key) => keyOf(each, key)),
    get: (key) => known.get(key)!,
  };
}

function candidateOf(resource: Resource, base: string): Known {
  const at = Date.parse(resource.meta!.lastUpdated!);
  return { ...indexResource(resource, base), type: resource.resourceType, id: resource.id!, at, resource };
}

function keyOf(
  { type, id, at, ranges, resource }: Known,
  { kind, param, descending }: SortKey,
): string | number | null {
  switch (kind) {
    case 'id':
      return id;
    case 'updated':
      return at;
    case 'content':
      return sortValue(type, param)(resource) ?? null;
    case 'range': {
      const starts = (ranges[param] ?? []).map(({ lo }) => lo);
      return starts.length === 0 ? null : descending ? Math.max(...starts) : Math.min(...starts);
    }
  }
}

/** Is the first not after the second? What is missing comes before all else, or after it when descending. */
export function inOrder(
  a: readonly (string | number | null)[],
  b: readonly (string | number | null)[],
  sort: readonly SortKey[],
): boolean {
  for (const [index, { descending }] of sort.entries()) {
    const [first = null, second = null] = [a[index], b[index]];
    if (first === second) continue;
    const before = first === null || (second !== null && first < second);
    return before !== descending;
  }
  return true;
}
