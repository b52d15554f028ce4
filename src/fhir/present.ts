/** FHIR has no empty elements. */
import type { Json } from './resource.ts';

export const some = <T>(all: readonly T[]): readonly T[] | undefined => (all.length === 0 ? undefined : all);

/** Without what is undefined. */
export function present<T extends Json>(value: T): T {
  return Object.fromEntries(Object.entries(value).filter(([, each]) => each !== undefined)) as T;
}
