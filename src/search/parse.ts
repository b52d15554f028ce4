/**
 * A query string as a search: https://hl7.org/fhir/R4/search.html
 *
 * What isn't understood is refused, or left out when the caller asked for leniency and it is a parameter nobody knows
 * or one without a value (docs/decisions/0008-empty-parameters.md); a known parameter with a wrong value is always
 * refused, so that no mistake widens an answer.
 */
import { criterion, isKnown, searchable, type Scope } from './criterion.ts';
import { elementsOf, isResourceType } from './definitions.ts';
import { all, type Filter, type SearchQuery } from './filter.ts';
import { parseInclude } from './include.ts';
import { parseSort } from './sort.ts';
import type { Terminology } from './terminology.ts';
import { refuse, shown, split } from './value.ts';

const MOST_PARAMETERS = 100;
const LONGEST_NAME = 300;
const LONGEST_VALUE = 2000;
/** Comparisons that a query may ask for. */
const BUDGET = 10_000;

export interface SearchOptions {
  /** The server's own base, without a slash at the end. */
  base: string;
  handling: 'strict' | 'lenient';
  defaultCount: number;
  maxCount: number;
  now: number;
  enabledTypes: ReadonlySet<string>;
  terminology: Terminology;
}

type Reader = (value: string, query: SearchQuery, options: SearchOptions, modifier?: string) => void;

const include =
  (reverse: boolean): Reader =>
  (value, query, { enabledTypes }, modifier) => {
    if (modifier !== undefined && modifier !== 'iterate') {
      refuse(
        `${shown(reverse ? '_revinclude' : '_include')} knows the modifier \`iterate\` only, not ${shown(modifier)}`,
        'invalid',
      );
    }
    const list = reverse ? query.revincludes : query.includes;
    list.push(parseInclude(value, query.types, { reverse, iterate: modifier === 'iterate', enabledTypes }));
  };

/** Parameters that shape the answer: https://hl7.org/fhir/R4/search.html#return */
const READ: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ['_type', (value, query) => void (query.types = narrowed(value, query.types))],
  ['_sort', (value, query) => void (query.sort = parseSort(value, query.types))],
  ['_count', readCount],
  [
    '_total',
    (value, query) =>
      void (query.total =
        oneOf('_total', value, ['none', 'estimate', 'accurate']) === 'none' ? 'none' : 'accurate'),
  ],
  [
    '_summary',
    (value, query) =>
      void (query.summary = oneOf('_summary', value, ['true', 'text', 'data', 'count', 'false'])),
  ],
  ['_elements', (value, query) => void (query.elements = readElements(value, query.types))],
  ['_include', include(false)],
  ['_revinclude', include(true)],
  [
    '_contained',
    (value, query) => void (query.contained = oneOf('_contained', value, ['false', 'true', 'both'])),
  ],
  [
    '_containedType',
    (value, query) => void (query.containedType = oneOf('_containedType', value, ['container', 'contained'])),
  ],
  ['_query', () => refuse('named queries (`_query`) are not supported', 'not-supported')],
  ['_filter', () => refuse('`_filter` is not supported: use search parameters', 'not-supported')],
]);
/** Known, to say why not. */
const UNSUPPORTED = new Set(['_query', '_filter']);
const REPEATABLE = new Set(['_include', '_revinclude']);
/** Read before the search is. */
const ELSEWHERE = new Set(['_format', '_pretty']);

export function parseSearch(
  types: readonly string[],
  params: readonly (readonly [string, string])[],
  options: SearchOptions,
): SearchQuery {
  if (params.length > MOST_PARAMETERS)
    refuse(`a search takes at most ${MOST_PARAMETERS} parameters`, 'too-costly');
  const query: SearchQuery = {
    types: [...types],
    filter: { op: 'and', of: [] },
    sort: [],
    count: options.defaultCount,
    total: 'usual',
    summary: 'false',
    elements: [],
    includes: [],
    contained: 'false',
    containedType: 'container',
    revincludes: [],
    understood: [],
    ignored: [],
  };
  const scope = scopeOf(options);
  const filters: Filter[] = [];
  const seen = new Set<string>();
  for (const [name, value] of typesFirst(params)) {
    checkLength(name, value);
    const [code = ''] = name.split(':', 1);
    const modifier = code === name ? undefined : name.slice(code.length + 1);
    const read = READ.get(code);
    if (ELSEWHERE.has(name)) continue;
    const known = read !== undefined || isKnown(name, query.types);
    if (options.handling === 'lenient' && (value === '' || !known)) {
      query.ignored.push(name);
      continue;
    }
    if (read !== undefined) {
      if (value === '') refuse(`${shown(name)} needs a value`, 'invalid');
      if (modifier !== undefined && !REPEATABLE.has(code))
        refuse(`${shown(code)} takes no modifier`, 'invalid');
      if (seen.has(code) && !REPEATABLE.has(code))
        refuse(`${shown(code)} is given more than once`, 'invalid');
      seen.add(code);
      read(value, query, options, modifier);
    } else if (known) filters.push(criterion(name, value, query.types, scope));
    else refuseUnknown(name, query.types);
    query.understood.push([name, value]);
  }
  if (query.contained !== 'false' && query.types.length !== 1)
    refuse('`_contained` is for a search of one type', 'not-supported');
  if (query.summary === 'count' || query.count === 0) return { ...query, filter: all(filters), ...COUNT };
  return { ...query, filter: all(filters) };
}

const COUNT = { summary: 'count', count: 0, total: 'accurate' } as const;

function scopeOf({ base, now, enabledTypes, terminology }: SearchOptions): Scope {
  let left = BUDGET;
  return {
    base,
    now,
    enabledTypes,
    terminology,
    links: 0,
    reverse: 0,
    spend(count) {
      left -= count;
      if (left < 0)
        refuse('the search compares too much: name the types, or ask for fewer values', 'too-costly');
    },
  };
}

/** The other parameters depend on the types searched. */
function typesFirst(params: readonly (readonly [string, string])[]): (readonly [string, string])[] {
  return [...params.filter(([name]) => name === '_type'), ...params.filter(([name]) => name !== '_type')];
}

function checkLength(name: string, value: string): void {
  if (name.length > LONGEST_NAME)
    refuse(`${shown(name)} is too long: at most ${LONGEST_NAME} characters`, 'too-costly');
  if (value.length > LONGEST_VALUE) {
    refuse(`the value of ${shown(name)} is too long: at most ${LONGEST_VALUE} characters`, 'too-costly');
  }
}

function refuseUnknown(name: string, types: readonly string[]): never {
  const [first = '', ...rest] = types;
  const shared = searchable(first).filter((code) => isKnown(code, rest));
  const shaping = [...READ.keys()].filter((code) => !UNSUPPORTED.has(code));
  const allowed = [...shared, ...shaping].join(', ');
  const where = rest.length === 0 ? `\`${first}\`` : `the ${types.length} types searched`;
  return refuse(`unknown parameter ${shown(name)} of ${where}: allowed are ${allowed}`, 'invalid');
}

function narrowed(value: string, types: readonly string[]): string[] {
  const names = [...new Set(split(value, ','))];
  for (const name of names) {
    if (!isResourceType(name)) refuse(`${shown(name)} in \`_type\` is no resource type`);
    if (!types.includes(name)) refuse(`type ${shown(name)} is not searched here`, 'not-supported');
  }
  return names;
}

function readCount(value: string, query: SearchQuery, { maxCount }: SearchOptions): void {
  if (!/^\d+$/.test(value)) refuse(`\`_count\` is a number from 0, not ${shown(value)}`);
  query.count = Math.min(Number(value), maxCount);
}

/** @throws FhirError when one is no element of any of the types */
export function readElements(value: string, types: readonly string[]): string[] {
  return split(value, ',').map((name) => {
    const known = types.some((type) => elementsOf(type).has(name));
    return known
      ? name
      : refuse(`${shown(name)} in \`_elements\` is no element of ${types.slice(0, 3).join(', ')}`);
  });
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((each) => each === value);
  return found ?? refuse(`${shown(name)} doesn't take ${shown(value)}: allowed are ${allowed.join(', ')}`);
}
