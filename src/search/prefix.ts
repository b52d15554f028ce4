/** Prefixes of ordered values: https://hl7.org/fhir/R4/search.html#prefix */
import type { RangeTest } from './filter.ts';
import { refuse, shown } from './value.ts';

export const PREFIXES = ['eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'] as const;
export type Prefix = (typeof PREFIXES)[number];

export function splitPrefix(value: string, code: string): { prefix: Prefix; rest: string } {
  const letters = /^[A-Za-z]{2}/.exec(value)?.[0];
  if (letters === undefined) return { prefix: 'eq', rest: value };
  const prefix = PREFIXES.find((each) => each === letters);
  return prefix === undefined
    ? refuse(`${shown(code)} doesn't know the prefix ${shown(letters)}: allowed are ${PREFIXES.join(', ')}`)
    : { prefix, rest: value.slice(2) };
}

/** Both the value asked for and the value kept are half open ranges, as dates are. */
export function testDate(prefix: Prefix, lo: number, hi: number, slack: number): RangeTest {
  switch (prefix) {
    case 'eq':
      return [{ lo: { gte: lo }, hi: { lte: hi } }];
    case 'ne':
      return [{ lo: { lt: lo } }, { hi: { gt: hi } }];
    case 'gt':
      return [{ hi: { gt: hi } }];
    case 'lt':
      return [{ lo: { lt: lo } }];
    case 'ge':
      return [{ hi: { gt: hi } }, { lo: { gte: lo }, hi: { lte: hi } }];
    case 'le':
      return [{ lo: { lt: lo } }, { lo: { gte: lo }, hi: { lte: hi } }];
    case 'sa':
      return [{ lo: { gte: hi } }];
    case 'eb':
      return [{ hi: { lte: lo } }];
    case 'ap':
      return [{ lo: { lt: hi + slack }, hi: { gt: lo - slack } }];
  }
}

/**
 * The value kept is a closed range. Only eq and ne heed the precision of the number asked for, `half` a unit of its
 * last digit.
 */
export function testNumber(prefix: Prefix, value: number, half: number): RangeTest {
  const lo = exact(value - half);
  const hi = exact(value + half);
  const tenth = Math.abs(value) / 10;
  switch (prefix) {
    case 'eq':
      return [{ lo: { gte: lo }, hi: { lt: hi } }];
    case 'ne':
      return [{ lo: { lt: lo } }, { hi: { gte: hi } }];
    case 'gt':
      return [{ hi: { gt: value } }];
    case 'lt':
      return [{ lo: { lt: value } }];
    case 'ge':
      return [{ hi: { gte: value } }];
    case 'le':
      return [{ lo: { lte: value } }];
    case 'sa':
      return [{ lo: { gt: value } }];
    case 'eb':
      return [{ hi: { lt: value } }];
    case 'ap':
      return [{ lo: { lte: exact(value + tenth) }, hi: { gte: exact(value - tenth) } }];
  }
}

/** 5.4 + 0.05 is 5.45, not 5.450000000000001. */
function exact(value: number): number {
  return Number(value.toPrecision(15));
}
