/** What a caller's token hangs on, as names of records of `artifacts`: some must be there, some must not. */
import { withIds } from '../query/query.ts';

/** In no name. */
export const BETWEEN = '\n';
const NOT = '!';

/** The record of this name must not be there. */
export const without = (name: string): string => `${NOT}${name}`;

export const nameIn = (need: string): string => (need.startsWith(NOT) ? need.slice(NOT.length) : need);

export interface Artifact {
  _id: string;
  kind: string;
}

/** Added to what is read besides; told by their kind, which nothing else has. */
export const ARTIFACTS = (names: readonly string[]) => ({
  $unionWith: {
    coll: 'artifacts',
    pipeline: [{ $match: withIds(names) }, { $project: { kind: 1 } }],
  },
});

/** @param there names of records that are there */
export function areMet(needs: readonly string[], there: ReadonlySet<string>): boolean {
  return needs.every((need) => (need.startsWith(NOT) ? !there.has(nameIn(need)) : there.has(need)));
}
