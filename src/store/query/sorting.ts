/**
 * The order of a search's matches, and where the next page starts. Ties are broken by id: upwards below a descending
 * key, downwards below an ascending one, so that an index of `{date: -1, _id: 1}` serves both.
 */
import type { Query } from './query.ts';
import type { SortKey } from '../../search/filter.ts';
import type { Doc } from '../document.ts';
import { primaryDate } from './primary-date.ts';

/** When a version was made, and when the one was that its depositor is told it still is. */
const AT = 'at';
const TOLD_AT = 'told.at';
const NEVER_MISSING: ReadonlySet<string> = new Set(['_id', AT, TOLD_AT, 'date']);

export interface Order {
  field: string;
  descending: boolean;
}

/** The last match of a page: its values in the order's fields, without and then with its id. */
export interface Position {
  values: (number | string | null)[];
  id: string;
}

/** Fields of a document in which a type's search is sorted; the last is always `_id`. */
export function orderOf(sort: readonly SortKey[], types: readonly string[]): Order[] {
  const order: Order[] = [];
  for (const { kind, param, descending } of sort) {
    if (kind === 'id') return [...order, { field: '_id', descending }];
    if (kind === 'updated') order.push({ field: AT, descending });
    else if (types.every((type) => param === primaryDate(type))) order.push({ field: 'date', descending });
    else order.push({ field: `o.${param}.${descending ? 'hi' : 'lo'}`, descending });
  }
  return byId(order);
}

export function byId(order: readonly Order[]): Order[] {
  return [...order, { field: '_id', descending: order.at(-1)?.descending === false }];
}

export function toSort(order: readonly Order[]): Record<string, 1 | -1> {
  return Object.fromEntries(order.map(({ field, descending }) => [field, descending ? -1 : 1]));
}

/** What comes after a position; a missing value sorts below all others, as MongoDB has it. */
export function afterPosition(order: readonly Order[], position: Position): Query {
  const ways: Query[] = [];
  const equal: Query[] = [];
  for (const [index, { field, descending }] of order.entries()) {
    const value = field === '_id' ? position.id : (position.values[index] ?? null);
    const beyond = comparison(field, value, descending);
    if (beyond !== undefined) ways.push({ $and: [...equal, beyond] });
    equal.push({ [field]: value });
  }
  return { $or: ways };
}

function comparison(field: string, value: number | string | null, descending: boolean): Query | undefined {
  if (value === null) return descending ? undefined : { [field]: { $ne: null } };
  return descending
    ? NEVER_MISSING.has(field)
      ? { [field]: { $lt: value } }
      : { $or: [{ [field]: { $lt: value } }, { [field]: null }] }
    : { [field]: { $gt: value } };
}

export function positionOf(doc: Doc, order: readonly Order[]): Position {
  const values = order
    .filter(({ field }) => field !== '_id')
    .map(({ field }) => {
      let value: unknown = doc;
      for (const name of field.split('.')) value = (value as Record<string, unknown> | undefined)?.[name];
      return typeof value === 'number' ? value : null;
    });
  return { values, id: doc._id };
}

/** The same order of what its depositor is told by an older version; undefined: versions don't count in it. */
export function asTold(order: readonly Order[]): Order[] | undefined {
  if (!order.some(({ field }) => field === AT)) return undefined;
  return order.map(({ field, descending }) => ({ field: field === AT ? TOLD_AT : field, descending }));
}

/** Below 0: the first stands before the second. */
export function compare(a: Position, b: Position, order: readonly Order[]): number {
  for (const [index, { field, descending }] of order.entries()) {
    const [one, other] =
      field === '_id' ? [a.id, b.id] : [a.values[index] ?? -Infinity, b.values[index] ?? -Infinity];
    if (one !== other) return one < other === descending ? 1 : -1;
  }
  return 0;
}
