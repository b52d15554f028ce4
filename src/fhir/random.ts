/** Random bytes from a store of them: to draw a few from the system costs as much as to seal a kilobyte. */
import { randomFillSync } from 'node:crypto';

const DRAWN = 8 * 1024;

const store: Buffer = Buffer.alloc(DRAWN);
let used = DRAWN;

/**
 * INVARIANT: no byte is given twice.
 * @param count few
 * @returns valid until the next call
 */
export function fewRandomBytes(count: number): Buffer {
  if (used + count > DRAWN) {
    randomFillSync(store);
    used = 0;
  }
  used += count;
  return store.subarray(used - count, used);
}
