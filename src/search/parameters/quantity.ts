/** https://hl7.org/fhir/R4/search.html#quantity */
import type { Node } from '../expression.ts';
import type { Range, RangeTest } from '../filter.ts';
import type { Kind } from '../parameter.ts';
import { refuse, shown, split, unescape } from '../value.ts';
import { askNumber, closed, finite } from './number.ts';

const CURRENCY = 'urn:iso:std:iso:4217';

interface Quantity {
  value?: unknown;
  comparator?: unknown;
  unit?: unknown;
  system?: unknown;
  code?: unknown;
}

export const quantity: Kind = {
  modifiers: ['missing'],
  index({ code }, nodes, into) {
    for (const node of nodes) {
      const span = quantitySpan(node);
      if (span === undefined) continue;
      for (const unit of span.units) into.pairs.push({ t: `${code}=${unit}`, lo: span.lo, hi: span.hi });
    }
  },
  parse({ parameter: { code }, value }) {
    const { unit, test } = askQuantity(value, code);
    return { op: 'pair', terms: [`${code}=${unit}`], test };
  },
};

/** The forms that a unit is asked in: not at all, `system|code`, `|code` or `|unit`. */
export function quantitySpan({ type, value }: Node): (Range & { units: string[] }) | undefined {
  if (type === 'SampledData') return undefined;
  if (type === 'Money') {
    const { value: amount, currency } = value as { value?: unknown; currency?: unknown };
    return spanOf({ value: amount, system: CURRENCY, code: currency });
  }
  if (type !== 'Range') return spanOf(value as Quantity);
  const { low, high } = value as { low?: Quantity; high?: Quantity };
  const span = closed(finite(low?.value), finite(high?.value));
  return span && { ...span, units: unitsOf(low ?? high ?? {}) };
}

function spanOf(quantity: Quantity): (Range & { units: string[] }) | undefined {
  const point = finite(quantity.value);
  if (point === undefined) return undefined;
  const { comparator } = quantity;
  return {
    lo: comparator === '<' || comparator === '<=' ? -Number.MAX_VALUE : point,
    hi: comparator === '>' || comparator === '>=' ? Number.MAX_VALUE : point,
    units: unitsOf(quantity),
  };
}

function unitsOf({ system, code, unit }: Quantity): string[] {
  const units = [''];
  if (typeof code === 'string') {
    units.push(`|${code}`);
    if (typeof system === 'string') units.push(`${system}|${code}`);
  }
  if (typeof unit === 'string' && unit !== code) units.push(`|${unit}`);
  return units;
}

export function askQuantity(text: string, code: string): { unit: string; test: RangeTest } {
  const parts = split(text, '|').map(unescape);
  const [number = '', system = '', unit = ''] = parts;
  if (parts.length > 3 || (parts.length > 1 && unit === '' && (parts.length === 2 || system !== ''))) {
    return refuse(
      `${shown(text)} is no quantity for ${shown(code)}: allowed are number, number||unit and number|system|code`,
    );
  }
  return { unit: unit === '' ? '' : `${system}|${unit}`, test: askNumber(number, code) };
}
