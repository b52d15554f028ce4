/** Does a resource satisfy a filter? The same question that the store asks the database, answered in memory. */
import type { Resource } from '../fhir/resource.ts';
import type { Bound, Filter, IndexEntries, Range, RangeTest } from './filter.ts';

export interface Candidate extends IndexEntries {
  type: string;
  id: string;
  /** lastUpdated, milliseconds UTC */
  at: number;
  /** Needed where only the content can tell. */
  resource?: Resource;
}

export type Linked = Extract<Filter, { op: 'chain' | 'has' | 'hierarchy' | 'list' }>;

/** `linked` answers for other resources: chains, `_has`, hierarchies and lists. */
export function matches(
  filter: Filter,
  candidate: Candidate,
  linked: (filter: Linked) => boolean = refuse,
): boolean {
  switch (filter.op) {
    case 'and':
      return filter.of.every((each) => matches(each, candidate, linked));
    case 'or':
      return filter.of.some((each) => matches(each, candidate, linked));
    case 'not':
      return !matches(filter.of, candidate, linked);
    case 'type':
      return candidate.type === filter.type;
    case 'term':
      return filter.terms.some((term) => candidate.terms.includes(term));
    case 'reference':
      return filter.targets.some((target) => candidate.refs.includes(`${filter.param}=${target}`));
    case 'range':
      return (candidate.ranges[filter.param] ?? []).some((range) => passes(range, filter.test));
    case 'pair':
      return candidate.pairs.some((pair) => filter.terms.includes(pair.t) && passes(pair, filter.test));
    case 'id':
      return filter.ids.includes(candidate.id);
    case 'updated':
      return within(candidate.at, filter.test);
    case 'scan':
      if (candidate.resource === undefined) throw new Error(`the content is needed to match ${filter.about}`);
      return filter.test(candidate.resource);
    case 'inside':
      if (candidate.resource === undefined) throw new Error(`the content is needed to match ${filter.about}`);
      return candidate.type === filter.type && filter.test(candidate.resource);
    case 'chain':
    case 'has':
    case 'hierarchy':
    case 'list':
      return linked(filter);
  }
}

export function passes({ lo, hi }: Range, test: RangeTest): boolean {
  return test.some((each) => within(lo, each.lo) && within(hi, each.hi));
}

function within(value: number, { gt, gte, lt, lte }: Bound = {}): boolean {
  return (
    (gt === undefined || value > gt) &&
    (gte === undefined || value >= gte) &&
    (lt === undefined || value < lt) &&
    (lte === undefined || value <= lte)
  );
}

function refuse(filter: Linked): never {
  throw new Error(`other resources are needed to match ${filter.op}`);
}
