/** What its depositor is given as it was deposited, as part of a query: the second reading of enforcement/stranger.ts. */
import type { Stranger } from '../../enforcement/stranger.ts';
import type { Query } from './query.ts';

/** What the caller is a stranger to. */
export function strangeTo({ depositor, self }: Stranger): Query {
  if (self === undefined) return { by: depositor };
  return { by: depositor, $nor: [{ patient: self, others: { $exists: false } }] };
}

/** All else: what is shown as it is kept. */
export function familiarTo(stranger: Stranger): Query {
  const { depositor, self } = stranger;
  return self === undefined ? { by: { $ne: depositor } } : { $nor: [strangeTo(stranger)] };
}
