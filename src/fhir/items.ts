/** Of an element that repeats: what of it are objects. None where there is something else. */
import type { Json } from './resource.ts';

export function items(value: unknown): Json[] {
  return Array.isArray(value)
    ? value.filter((item): item is Json => typeof item === 'object' && item !== null)
    : [];
}
