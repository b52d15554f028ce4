/** https://hl7.org/fhir/R4/search.html#date */
import { dateRange } from '../../fhir/dates.ts';
import type { Node } from '../expression.ts';
import type { Bound, Range, RangeTest } from '../filter.ts';
import type { Kind } from '../parameter.ts';
import { splitPrefix, testDate, type Prefix } from '../prefix.ts';
import { refuse, shown } from '../value.ts';

/** The end of time: what an open end of a Period reaches to. */
export const ALWAYS = 8.64e15;

export const date: Kind = {
  modifiers: ['missing'],
  index({ code }, nodes, into) {
    for (const node of nodes) {
      const span = dateSpan(node);
      if (span !== undefined) (into.ranges[code] ??= []).push(span);
    }
  },
  parse({ parameter: { code }, value }, { now }) {
    return { op: 'range', param: code, test: askDate(value, code, now) };
  },
};

export function dateSpan({ type, value }: Node): Range | undefined {
  if (type === 'Period') return period(value);
  if (type === 'Timing') return timing(value);
  return typeof value === 'string' ? dateRange(value) : undefined;
}

export function askDate(text: string, code: string, now: number): RangeTest {
  const { prefix, lo, hi } = readDate(text, code);
  return testDate(prefix, lo, hi, slack(lo, hi, now));
}

/** `_lastUpdated`, which is a single millisecond. */
export function askInstant(text: string, code: string, now: number): { test: Bound; negated: boolean } {
  const { prefix, lo, hi } = readDate(text, code);
  const within = slack(lo, hi, now);
  const tests: Record<Prefix, Bound> = {
    eq: { gte: lo, lt: hi },
    ne: { gte: lo, lt: hi },
    gt: { gte: hi },
    sa: { gte: hi },
    ge: { gte: lo },
    lt: { lt: lo },
    eb: { lt: lo },
    le: { lt: hi },
    ap: { gte: lo - within, lt: hi + within },
  };
  return { test: tests[prefix], negated: prefix === 'ne' };
}

function readDate(text: string, code: string): Range & { prefix: Prefix } {
  const { prefix, rest } = splitPrefix(text, code);
  // a plus sign that was not percent-encoded arrives as a space
  const range = dateRange(rest.replace(/ (?=\d\d:\d\d$)/, '+'));
  return range === undefined
    ? refuse(
        `${shown(rest)} is no date for ${shown(code)}: allowed is such as 2024, 2024-02 or 2024-02-29T10:00:00Z`,
      )
    : { prefix, ...range };
}

/** 10 % of the distance to now, and at least the precision. */
function slack(lo: number, hi: number, now: number): number {
  return Math.max(hi - lo, Math.round(Math.abs(now - lo) / 10));
}

function period(value: unknown): Range | undefined {
  const { start, end } = value as { start?: unknown; end?: unknown };
  const from = typeof start === 'string' ? dateRange(start) : undefined;
  const to = typeof end === 'string' ? dateRange(end) : undefined;
  if (from === undefined && to === undefined) return undefined;
  const lo = from?.lo ?? -ALWAYS;
  const hi = to?.hi ?? ALWAYS;
  // one that ends before it begins is indexed, if not valid
  return lo < hi ? { lo, hi } : { lo: to?.lo ?? -ALWAYS, hi: from?.hi ?? ALWAYS };
}

/** From the first event to the last; else the bounds of its repetition. */
function timing(value: unknown): Range | undefined {
  const { event, repeat } = value as { event?: unknown; repeat?: { boundsPeriod?: unknown } };
  const events = (Array.isArray(event) ? event : []).flatMap((each) =>
    typeof each === 'string' ? (dateRange(each) ?? []) : [],
  );
  if (events.length === 0)
    return repeat?.boundsPeriod === undefined ? undefined : period(repeat.boundsPeriod);
  return {
    lo: events.reduce((least, each) => Math.min(least, each.lo), Infinity),
    hi: events.reduce((most, each) => Math.max(most, each.hi), -Infinity),
  };
}
