/** A search's Filter as a MongoDB query, once chains and lists are resolved (resolve.ts). */
import { type Query, all } from './query.ts';
import type { Bound, Filter, RangeTest } from '../../search/filter.ts';
import { isOfLabels, unshownTerm } from '../../search/unshown.ts';
import type { Stranger } from '../../enforcement/stranger.ts';
import { familiarTo, strangeTo } from './stranger.ts';
import type { Terms } from '../terms.ts';
import type { Apart } from '../veil.ts';

const NOTHING: Query = { _id: { $in: [] } };

export interface Reader {
  terms: Terms;
  /** What finds what carries a term, of all that the query's other parts let be found. */
  apart: Apart;
  /** Who is not shown what others did to what they deposited. */
  stranger: Stranger | undefined;
}

/**
 * @param anyone whose data it is isn't known: what is asked of `unique` terms is asked of `ids`, which has an index
 *
 * INVARIANT: where only content can tell (`scan`), the query finds more than the filter, never less: under an odd
 * number of NOTs too. What it finds is then matched by content.
 */
export function toQuery(
  filter: Filter,
  types: readonly string[],
  anyone: boolean,
  { terms, apart, stranger }: Reader,
): Query {
  const among = (asked: readonly string[]): Query => oneOf('terms', terms.all(asked).flatMap(apart));
  const ofLabels = (asked: readonly string[]): Query => {
    const unshown = asked.filter(isOfLabels).map(unshownTerm);
    if (stranger === undefined) return among([...asked, ...unshown]);
    return { $or: [among(asked), { ...among(unshown), ...familiarTo(stranger) }] };
  };
  function compile(part: Filter, negated: boolean): Query {
    switch (part.op) {
      case 'and':
        return all(fewestFirst(part.of).map((each) => compile(each, negated)));
      case 'or':
        return part.of.length === 0 ? NOTHING : { $or: part.of.map((each) => compile(each, negated)) };
      case 'not':
        return { $nor: [compile(part.of, !negated)] };
      case 'type':
        return { type: part.type };
      case 'term':
        if (part.terms.some(isOfLabels)) return ofLabels(part.terms);
        return anyone && part.unique === true ? oneOf('ids', terms.all(part.terms)) : among(part.terms);
      case 'reference':
        return among(part.targets.map((target) => `${part.param}=${target}`));
      case 'range':
        return anyOf(part.test, (test) => ({ [`r.${part.param}`]: { $elemMatch: test } }));
      case 'pair':
        return anyOf(part.test, (test) => ({
          pairs: { $elemMatch: { t: { $in: terms.all(part.terms) }, ...test } },
        }));
      case 'id':
        return { _id: { $in: types.flatMap((type) => part.ids.map((id) => `${type}/${id}`)) } };
      case 'updated':
        return stranger === undefined ? { at: bound(part.test) } : updatedFor(stranger, part.test);
      case 'scan':
        return negated ? NOTHING : {};
      case 'chain':
      case 'has':
      case 'hierarchy':
      case 'inside':
      case 'list':
        throw new Error(`${part.op} is still to be resolved`);
    }
  }
  return compile(filter, false);
}

/** Of several terms MongoDB seeks the first in the index and fetches what has it: the one that most have comes last. */
function fewestFirst(parts: readonly Filter[]): readonly Filter[] {
  return parts.length < 2 ? parts : parts.toSorted((one, other) => common(one) - common(other));
}

function common(part: Filter): number {
  if (part.op !== 'term') return 1;
  if (part.unique === true) return 0;
  return part.terms.some((term) => COMMON.test(term) || isOfLabels(term)) ? 2 : 1;
}

/** What nearly all of a patient's resources say alike. */
const COMMON = /^([\w-]*status|isArchived)=|:present$/;

/** What they are told of an older version lies before: the lower bound serves the index for all. */
function updatedFor(stranger: Stranger, { gt, gte, ...upper }: Bound): Query {
  const lower = { ...(gt === undefined ? {} : { gt }), ...(gte === undefined ? {} : { gte }) };
  const within = bound({ ...lower, ...upper });
  const kept = { told: { $exists: true }, ...strangeTo(stranger) };
  return all([
    Object.keys(lower).length === 0 ? {} : { at: bound(lower) },
    {
      $or: [
        { at: within, $nor: [kept] },
        { ...kept, 'told.at': within },
      ],
    },
  ]);
}

function oneOf(field: 'terms' | 'ids', keyed: readonly Buffer[]): Query {
  return { [field]: keyed.length === 1 ? keyed[0] : { $in: keyed } };
}

export function needsContent(filter: Filter): string | undefined {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.map(needsContent).find((about) => about !== undefined);
    case 'not':
      return needsContent(filter.of);
    case 'scan':
      return filter.about;
    default:
      return undefined;
  }
}

function anyOf(test: RangeTest, toPart: (test: object) => Query): Query {
  const parts = test.map(({ lo, hi }) =>
    toPart({
      ...(lo === undefined ? {} : { lo: bound(lo) }),
      ...(hi === undefined ? {} : { hi: bound(hi) }),
    }),
  );
  return parts.length === 1 ? parts[0]! : parts.length === 0 ? NOTHING : { $or: parts };
}

/** `{gt: 1, lte: 2}` → `{$gt: 1, $lte: 2}` */
function bound(test: object): Record<string, number> {
  return Object.fromEntries(Object.entries(test).map(([op, value]) => [`$${op}`, value as number]));
}
