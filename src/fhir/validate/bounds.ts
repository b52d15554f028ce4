/** Bounds on what is validated, checked before anything else walks it. */
import { MAX_DEPTH } from '../json.ts';

/** A Bundle's resources stand four levels deep, and are counted with it. */
export const MAX_VALUES = 4_000_000;

/** The number of JSON values; `'deep'` or `'many'` for what is out of bounds. */
export function weigh(value: unknown): number | 'deep' | 'many' {
  const bounds = { left: MAX_VALUES };
  const fits = walk(value, 0, bounds);
  if (bounds.left <= 0) return 'many';
  return fits ? MAX_VALUES - bounds.left : 'deep';
}

function walk(value: unknown, depth: number, bounds: { left: number }): boolean {
  bounds.left--;
  if (value === null || typeof value !== 'object') return true;
  if (depth >= MAX_DEPTH) return false;
  if (Array.isArray(value)) {
    for (const item of value) if (bounds.left <= 0 || !walk(item, depth + 1, bounds)) return false;
    return true;
  }
  for (const key in value) {
    if (bounds.left <= 0 || !walk((value as Record<string, unknown>)[key], depth + 1, bounds)) return false;
  }
  return true;
}
