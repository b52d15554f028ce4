/** https://hl7.org/fhir/R4/search.html#quantity */
import type { Node } from '../expression.ts';
import type { Bound, Range, RangeTest } from '../filter.ts';
import type { Kind } from '../parameter.ts';
import { inBase, UCUM, type Unit, unitOf } from '../ucum.ts';
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

/** A value in one of the forms that it is asked in. */
export interface Measure extends Range {
  unit: string;
}

export const quantity: Kind = {
  modifiers: ['missing'],
  index({ code }, nodes, into) {
    for (const { unit, lo, hi } of nodes.flatMap(measures)) into.pairs.push({ t: `${code}=${unit}`, lo, hi });
  },
  parse({ parameter: { code }, value }) {
    const { unit, test } = askQuantity(value, code);
    return { op: 'pair', terms: [`${code}=${unit}`], test };
  },
};

/** First as it is, without a unit; then with `system|code`, `|code`, `|unit`; then in base units. */
export function measures({ type, value }: Node): Measure[] {
  if (type === 'SampledData') return [];
  if (type === 'Money') {
    const { value: amount, currency } = value as { value?: unknown; currency?: unknown };
    return formsOf({ value: amount, system: CURRENCY, code: currency });
  }
  if (type !== 'Range') return formsOf(value as Quantity);
  const { low, high } = value as { low?: Quantity; high?: Quantity };
  const range = closed(finite(low?.value), finite(high?.value));
  if (range === undefined) return [];
  const own = unitsOf(low ?? high ?? {}).map((unit) => ({ unit, ...range }));
  const [from, to] = [low, high].map((end) => (end === undefined ? undefined : based(end)));
  if (low !== undefined && high !== undefined && from?.unit !== to?.unit) return own;
  const span = closed(from?.lo, to?.lo);
  const unit = from?.unit ?? to?.unit;
  return span === undefined || unit === undefined ? own : [...own, { unit, ...span }];
}

function formsOf(quantity: Quantity): Measure[] {
  const point = finite(quantity.value);
  if (point === undefined) return [];
  const { comparator } = quantity;
  const open = (value: number): Range => ({
    lo: comparator === '<' || comparator === '<=' ? -Number.MAX_VALUE : value,
    hi: comparator === '>' || comparator === '>=' ? Number.MAX_VALUE : value,
  });
  const own = unitsOf(quantity).map((unit) => ({ unit, ...open(point) }));
  const base = based(quantity);
  return base === undefined ? own : [...own, { unit: base.unit, ...open(base.lo) }];
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

/** Undefined where the unit is none of UCUM's that is known. */
function based({ value, system, code }: Quantity): Measure | undefined {
  const point = finite(value);
  const known = system === UCUM && typeof code === 'string' ? unitOf(code) : undefined;
  if (point === undefined || known === undefined) return undefined;
  const base = inBase(point, known);
  return { unit: inBaseUnits(known), lo: base, hi: base };
}

/** No unit that a resource may write looks like this: those have a bar. */
const inBaseUnits = ({ dimension }: Unit): string => `ucum ${dimension}`;

export function askQuantity(text: string, code: string): { unit: string; test: RangeTest } {
  const parts = split(text, '|').map(unescape);
  const [number = '', system = '', unit = ''] = parts;
  if (parts.length > 3 || (parts.length > 1 && unit === '' && (parts.length === 2 || system !== ''))) {
    return refuse(
      `${shown(text)} is no quantity for ${shown(code)}: allowed are number, number||unit and number|system|code`,
    );
  }
  const test = askNumber(number, code);
  const known = system === UCUM ? unitOf(unit) : undefined;
  if (known !== undefined) return { unit: inBaseUnits(known), test: test.map((each) => ends(each, known)) };
  return { unit: unit === '' ? '' : `${system}|${unit}`, test };
}

function ends({ lo, hi }: RangeTest[number], unit: Unit): RangeTest[number] {
  const converted = (bound: Bound): Bound =>
    Object.fromEntries(Object.entries(bound).map(([op, value]) => [op, inBase(value as number, unit)]));
  return {
    ...(lo === undefined ? {} : { lo: converted(lo) }),
    ...(hi === undefined ? {} : { hi: converted(hi) }),
  };
}
