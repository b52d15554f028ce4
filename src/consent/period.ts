/** Periods as instants. https://hl7.org/fhir/R4/datatypes.html#Period */
import { dateRange } from '../fhir/dates.ts';
import type { Json } from '../fhir/resource.ts';

/** Further from now than any date. */
export const EVER = 8.64e15;

/** Milliseconds, from <= t < until. */
export interface Span {
  from: number;
  until: number;
}

/** A period's instants, the end of a partial date included; undefined when it can't be read. */
export function spanOf(period: unknown): Span | undefined {
  if (period === undefined) return { from: -EVER, until: EVER };
  if (typeof period !== 'object' || period === null || Array.isArray(period)) return undefined;
  const { start, end, id: _id, ...rest } = period as Json;
  if (Object.keys(rest).length > 0) return undefined;
  const from = start === undefined ? -EVER : range(start)?.lo;
  const until = end === undefined ? EVER : range(end)?.hi;
  return from === undefined || until === undefined || from >= until ? undefined : { from, until };
}

function range(value: unknown): { lo: number; hi: number } | undefined {
  return typeof value === 'string' ? dateRange(value) : undefined;
}

/** A period that can't be read contains nothing. */
export function contains(period: unknown, now: number): boolean {
  const span = spanOf(period);
  return span !== undefined && span.from <= now && now < span.until;
}
