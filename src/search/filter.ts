/**
 * What a search asks and what a resource is findable by, in a form that knows neither HTTP nor MongoDB.
 * https://hl7.org/fhir/R4/search.html
 *
 * A *term* is a string `param=form`, made alike from a resource (index.ts) and from a query (parse.ts); the store
 * keys it before it is written or asked. Forms other than the plain one carry a modifier, as in a query:
 * `family:exact=Martin`, `subject:identifier=system|value`, `url:below=http://a.example/b`, `date:present`.
 *
 * Ranges of dates are half open milliseconds UTC (lo <= x < hi), an open end is ∓8.64e15. Ranges of numbers and
 * quantities are closed, lo = hi for a single value and ±Infinity never (an open end is ∓Number.MAX_VALUE). Who
 * evaluates a test need not care: its bounds say themselves whether they are inclusive.
 */
import type { Resource } from '../fhir/resource.ts';

export interface Range {
  lo: number;
  hi: number;
}

/** What one resource is findable by. */
export interface IndexEntries {
  terms: string[];
  /** Those of `terms` that find a resource without naming a patient: identifiers, canonical and attachment addresses. */
  ids: string[];
  /** `param=Type/id`, for includes, chains and `_has`. Local targets only. */
  refs: string[];
  /** date and number parameters. */
  ranges: Record<string, Range[]>;
  /** quantities, and composites of a token with a quantity, number or date: `t` is a term to match whole. */
  pairs: { t: string; lo: number; hi: number }[];
}

export interface Bound {
  gt?: number;
  gte?: number;
  lt?: number;
  lte?: number;
}

/** Some alternative must hold for one and the same range: each names what its ends must satisfy. */
export type RangeTest = { lo?: Bound; hi?: Bound }[];

export type Filter =
  /** an empty `and` holds of everything, an empty `or` of nothing */
  | { op: 'and' | 'or'; of: Filter[] }
  | { op: 'not'; of: Filter }
  /** is of this type: only in a search of several types, where a parameter means something else for each */
  | { op: 'type'; type: string }
  /** has any of the terms; `unique`: all of them are written to `ids` too, so that a search there is complete */
  | { op: 'term'; terms: string[]; unique?: boolean }
  /** refers by `param` to any of the local targets `Type/id`; index form: `refs` */
  | { op: 'reference'; param: string; targets: string[] }
  | { op: 'range'; param: string; test: RangeTest }
  | { op: 'pair'; terms: string[]; test: RangeTest }
  | { op: 'id'; ids: string[] }
  | { op: 'updated'; test: Bound }
  /**
   * refers by `param` to a resource of `type` that `filter` finds; `canonical`: by address and version; `within`: what
   * refers is contained, and its terms begin so
   */
  | { op: 'chain'; param: string; type: string; filter: Filter; canonical?: true; within?: string }
  /** is referred to by `param` of a resource of `type` that `filter` finds; `canonical`: by address and version */
  | { op: 'has'; type: string; param: string; filter: Filter; canonical?: true }
  /** refers by `param` to this resource of `type`, or to one that it is part of (`above`) or that is part of it */
  | {
      op: 'hierarchy';
      param: string;
      type: string;
      id: string;
      direction: 'above' | 'below';
      within?: string;
    }
  /** is an item of the List with this id, or of the patient's `$current-…` list */
  | { op: 'list'; id: string }
  /** a resource of `type` that `narrow` finds, and whose content passes: what it contains is asked for */
  | { op: 'inside'; type: string; about: string; narrow: Filter; test: (resource: Resource) => boolean }
  /** only the content can tell; `about` names the parameter for an error that says what to add */
  | { op: 'scan'; about: string; test: (resource: Resource) => boolean };

export interface SortKey {
  param: string;
  /** `range`: kept in order by the store; `content`: only the content can tell (`sortValue` in sort.ts). */
  kind: 'range' | 'updated' | 'id' | 'content';
  descending: boolean;
}

export interface Include {
  /** source type, or `*` */
  type: string;
  /** reference parameter, or `*` */
  param: string;
  target?: string;
  iterate: boolean;
}

export interface SearchQuery {
  /** One type; several for a search of the system or of a whole compartment. */
  types: string[];
  filter: Filter;
  sort: SortKey[];
  count: number;
  /** `usual`: accurate, but of more traces than are soon counted. */
  total: 'accurate' | 'usual' | 'none';
  /** Whether resources inside others are searched. */
  contained: 'false' | 'true' | 'both';
  /** What then is the match: the resource that contains, or the one inside. */
  containedType: 'container' | 'contained';
  summary: 'true' | 'text' | 'data' | 'count' | 'false';
  elements: string[];
  includes: Include[];
  revincludes: Include[];
  /** The parameters as understood, for the self link. */
  understood: [string, string][];
  /** Parameters left out under `Prefer: handling=lenient`. */
  ignored: string[];
}

/** All that the caller may see of these types, up to so many. */
export function everythingOf(types: string[], count: number): SearchQuery {
  return {
    types,
    filter: EVERYTHING,
    sort: [],
    count,
    total: 'none',
    contained: 'false',
    containedType: 'container',
    summary: 'false',
    elements: [],
    includes: [],
    revincludes: [],
    understood: [],
    ignored: [],
  };
}

/** Marks, among `ids`, a resource that contains one of this type. */
export function containedTerm(type: string): string {
  return `_contained=${type}`;
}

export const EVERYTHING: Filter = { op: 'and', of: [] };
export const NOTHING: Filter = { op: 'or', of: [] };

export function all(of: Filter[]): Filter {
  return of.length === 1 && of[0] !== undefined ? of[0] : { op: 'and', of };
}

/** Alternatives of one kind become one. */
export function any(of: Filter[]): Filter {
  const kept: Filter[] = [];
  for (const filter of of) {
    const last = kept.pop();
    const both = last === undefined ? filter : either(last, filter);
    if (both !== undefined) kept.push(both);
    else if (last !== undefined) kept.push(last, filter);
  }
  return kept.length === 1 && kept[0] !== undefined ? kept[0] : { op: 'or', of: kept };
}

function either(a: Filter, b: Filter): Filter | undefined {
  if (a.op === 'term' && b.op === 'term' && a.unique === b.unique)
    return { ...a, terms: [...a.terms, ...b.terms] };
  if (a.op === 'id' && b.op === 'id') return { op: 'id', ids: [...a.ids, ...b.ids] };
  if (a.op === 'reference' && b.op === 'reference' && a.param === b.param) {
    return { ...a, targets: [...a.targets, ...b.targets] };
  }
  if (a.op === 'range' && b.op === 'range' && a.param === b.param)
    return { ...a, test: [...a.test, ...b.test] };
  return undefined;
}
