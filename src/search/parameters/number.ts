/** https://hl7.org/fhir/R4/search.html#number */
import type { Node } from '../expression.ts';
import type { Range, RangeTest } from '../filter.ts';
import type { Kind } from '../parameter.ts';
import { splitPrefix, testNumber } from '../prefix.ts';
import { refuse, shown } from '../value.ts';

const NUMBER = /^[+-]?(\d{1,30})(?:\.(\d{1,30}))?(?:[eE]([+-]?\d{1,3}))?$/;

export const number: Kind = {
  modifiers: ['missing'],
  index({ code }, nodes, into) {
    for (const node of nodes) {
      const span = numberSpan(node);
      if (span !== undefined) (into.ranges[code] ??= []).push(span);
    }
  },
  parse({ parameter: { code }, value }) {
    return { op: 'range', param: code, test: askNumber(value, code) };
  },
};

/** Both ends are included. */
export function numberSpan({ type, value }: Node): Range | undefined {
  if (type === 'Range') {
    const { low, high } = value as { low?: { value?: unknown }; high?: { value?: unknown } };
    return closed(finite(low?.value), finite(high?.value));
  }
  const point = finite(value);
  return point === undefined ? undefined : { lo: point, hi: point };
}

/** What is left open reaches to the largest number. */
export function closed(low: number | undefined, high: number | undefined): Range | undefined {
  if (low === undefined && high === undefined) return undefined;
  const lo = low ?? -Number.MAX_VALUE;
  const hi = high ?? Number.MAX_VALUE;
  return { lo: Math.min(lo, hi), hi: Math.max(lo, hi) };
}

export function askNumber(text: string, code: string): RangeTest {
  const { prefix, rest } = splitPrefix(text, code);
  const parts = NUMBER.exec(rest);
  const value = Number(rest);
  if (parts === null || !Number.isFinite(value)) {
    return refuse(`${shown(rest)} is no number for ${shown(code)}: allowed is such as 100, 5.40 or 1e2`);
  }
  const [, , decimals = '', exponent] = parts;
  // the specification reads 1e2 as 95 to 105: one digit more than is written
  const digits = exponent === undefined ? decimals.length : Math.max(1, decimals.length) - Number(exponent);
  return testNumber(prefix, value, 0.5 * 10 ** -digits);
}

export function finite(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}
