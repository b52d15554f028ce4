/** What a caller's token hangs on, as names of records of `artifacts`: some must be there, some must not. */

/** In no name. */
export const BETWEEN = '\n';
const NOT = '!';

/** The record of this name must not be there. */
export const without = (name: string): string => `${NOT}${name}`;

export const nameIn = (need: string): string => (need.startsWith(NOT) ? need.slice(NOT.length) : need);

/** @param there names of records that are there */
export function areMet(needs: readonly string[], there: ReadonlySet<string>): boolean {
  return needs.every((need) => (need.startsWith(NOT) ? !there.has(nameIn(need)) : there.has(need)));
}
