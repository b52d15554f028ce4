/** A page in the order of `_lastUpdated`, for who is told of an older version of what they deposited: two queries. */
import { type Stranger, isStrangerTo } from '../../enforcement/stranger.ts';
import { type Doc, face } from '../document.ts';
import type { Query } from './query.ts';
import { type Order, type Position, asTold, compare, positionOf } from './sorting.ts';
import { strangeTo } from './stranger.ts';

export interface Told {
  /** What is told as it is kept, and what isn't. */
  others: Query;
  own: Query;
  /** Of what isn't. */
  order: readonly Order[];
  positionOf(doc: Doc): Position;
  /** One list of both, each in its order; so many of it. */
  merged(others: readonly Doc[], own: readonly Doc[], count: number): Doc[];
}

/** Undefined: versions don't count in the order. */
export function toldTo(stranger: Stranger, order: readonly Order[]): Told | undefined {
  const ownOrder = asTold(order);
  if (ownOrder === undefined) return undefined;
  const own = { told: { $exists: true }, ...strangeTo(stranger) };
  const position = (doc: Doc): Position => {
    const isOwn = doc.told !== undefined && isStrangerTo(stranger, face(doc._id, doc));
    return positionOf(doc, isOwn ? ownOrder : order);
  };
  return {
    others: { $nor: [own] },
    own,
    order: ownOrder,
    positionOf: position,
    merged(some, more, count) {
      const rows = [...some, ...more].map((doc) => ({ doc, at: position(doc) }));
      rows.sort((a, b) => compare(a.at, b.at, order));
      return rows.slice(0, count).map(({ doc }) => doc);
    },
  };
}
