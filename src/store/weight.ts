/** How much of an answer is put together in memory: what a page would be too heavy for goes on its next one. */

/** Of one answer's bodies. Bytes. */
export const MOST_BYTES = 128 * 1024 * 1024;
/** What lies in GridFS where its length isn't told. Bytes. */
const SPILLED = 24 * 1024 * 1024;
/** It is read in chunks, and joined. */
const TWICE = 2;

interface Weighed {
  body?: { length: number };
  spill?: unknown;
  /** See pieces.ts. */
  piece?: unknown;
  inline?: unknown;
  size?: number;
}

export const weightOf = ({ body, spill, piece, inline, size = SPILLED }: Weighed): number =>
  spill === undefined && piece === undefined && inline === undefined ? (body?.length ?? 0) : size * TWICE;

/** The first of these that go on one page: one at least. */
export function light<T>(some: readonly T[], of: (each: T) => Weighed): T[] {
  let bytes = 0;
  const heavy = some.findIndex((each) => (bytes += weightOf(of(each))) > MOST_BYTES);
  return some.slice(0, heavy < 0 ? some.length : Math.max(heavy, 1));
}
