/**
 * Units of measure in a canonical form, so that 5 mg and 0.005 g are found as equal: https://ucum.org/ucum
 *
 * Of the terms of UCUM those that clinical data has; a code that isn't understood is compared as it is written.
 */

export const UCUM = 'http://unitsofmeasure.org';

export interface Unit {
  /** Base units and their powers, `g.m-3`; empty for a pure number. */
  dimension: string;
  factor: number;
  /** Added before the factor is applied: scales whose zero lies elsewhere. */
  offset: number;
}

type Dimension = Map<string, number>;

interface Term {
  factor: number;
  of: Dimension;
}

const LONGEST = 60;
const HIGHEST_POWER = 30;

const PREFIXES: Record<string, number> = {
  Y: 1e24,
  Z: 1e21,
  E: 1e18,
  P: 1e15,
  T: 1e12,
  G: 1e9,
  M: 1e6,
  k: 1e3,
  h: 1e2,
  da: 1e1,
  d: 1e-1,
  c: 1e-2,
  m: 1e-3,
  u: 1e-6,
  n: 1e-9,
  p: 1e-12,
  f: 1e-15,
  a: 1e-18,
};

/** Take no prefix; what they are made of. An own base unit is made of nothing that can be converted. */
const PLAIN: Record<string, readonly [number, string]> = {
  '10*': [10, '1'],
  '10^': [10, '1'],
  '%': [0.01, '1'],
  '[ppth]': [1e-3, '1'],
  '[ppm]': [1e-6, '1'],
  '[ppb]': [1e-9, '1'],
  '[pptr]': [1e-12, '1'],
  min: [60, 's'],
  h: [3600, 's'],
  d: [86_400, 's'],
  wk: [604_800, 's'],
  mo: [2_629_800, 's'],
  a: [31_557_600, 's'],
  deg: [Math.PI / 180, '1'],
  '[in_i]': [0.0254, 'm'],
  '[ft_i]': [0.3048, 'm'],
  '[yd_i]': [0.9144, 'm'],
  '[mi_i]': [1609.344, 'm'],
  '[lb_av]': [453.59237, 'g'],
  '[oz_av]': [28.349523125, 'g'],
  '[gr]': [0.06479891, 'g'],
  '[st_av]': [6350.29318, 'g'],
  '[drp]': [5e-8, 'm3'],
  '[tsp_us]': [4.92892159375e-6, 'm3'],
  '[tbs_us]': [1.478676478125e-5, 'm3'],
  '[foz_us]': [2.95735295625e-5, 'm3'],
  '[HPF]': [1, '1'],
  '[LPF]': [100, '1'],
  '[diop]': [1, 'm-1'],
  '[pH]': [1, '[pH]'],
  '[CFU]': [1, '[CFU]'],
  "[arb'U]": [1, "[arb'U]"],
};

/** Take prefixes. */
const METRIC: Record<string, readonly [number, string]> = {
  m: [1, 'm'],
  s: [1, 's'],
  g: [1, 'g'],
  K: [1, 'K'],
  A: [1, 'A'],
  cd: [1, 'cd'],
  mol: [1, 'mol'],
  rad: [1, '1'],
  l: [1e-3, 'm3'],
  L: [1e-3, 'm3'],
  eq: [1, 'mol'],
  osm: [1, 'mol'],
  t: [1e6, 'g'],
  bar: [1e8, 'g.m-1.s-2'],
  Pa: [1e3, 'g.m-1.s-2'],
  'm[Hg]': [133_322_387.415, 'g.m-1.s-2'],
  'm[H2O]': [9_806_650, 'g.m-1.s-2'],
  N: [1e3, 'g.m.s-2'],
  J: [1e3, 'g.m2.s-2'],
  W: [1e3, 'g.m2.s-3'],
  cal: [4184, 'g.m2.s-2'],
  '[Cal]': [4_184_000, 'g.m2.s-2'],
  V: [1e3, 'g.m2.s-3.A-1'],
  C: [1, 'A.s'],
  Hz: [1, 's-1'],
  Bq: [1, 's-1'],
  Ci: [3.7e10, 's-1'],
  Gy: [1, 'm2.s-2'],
  Sv: [1, 'm2.s-2'],
  kat: [1, 'mol.s-1'],
  U: [1e-6 / 60, 'mol.s-1'],
  '[iU]': [1, '[iU]'],
  '[IU]': [1, '[iU]'],
};

/** Whole codes whose zero isn't that of the base unit. */
const SHIFTED: Record<string, Unit> = {
  Cel: { dimension: 'K', factor: 1, offset: 273.15 },
  '[degF]': { dimension: 'K', factor: 5 / 9, offset: 459.67 },
};

const REMEMBERED = 2_000;
const remembered = new Map<string, Unit | undefined>();

/** Undefined for a code that isn't understood. */
export function unitOf(code: string): Unit | undefined {
  if (remembered.has(code)) return remembered.get(code);
  const unit = Object.hasOwn(SHIFTED, code) ? SHIFTED[code] : read(code);
  if (remembered.size >= REMEMBERED) remembered.clear();
  remembered.set(code, unit);
  return unit;
}

/** A value of the unit in base units; alike for all ways to write it. An open end stays open. */
export function inBase(value: number, { factor, offset }: Unit): number {
  if (Math.abs(value) === Number.MAX_VALUE) return value;
  const converted = Number(((value + offset) * factor).toPrecision(12));
  return Math.min(Math.max(converted, -Number.MAX_VALUE), Number.MAX_VALUE);
}

function read(code: string): Unit | undefined {
  if (code.length === 0 || code.length > LONGEST) return undefined;
  const term = new Reader(code).whole();
  if (term === undefined || !Number.isFinite(term.factor) || term.factor <= 0) return undefined;
  return { dimension: written(term.of), factor: term.factor, offset: 0 };
}

/** `mg/dL`, `10*3/uL`, `mL/min/{1.73_m2}`: terms with powers, dots, slashes, annotations and parentheses. */
class Reader {
  readonly #code: string;
  #at = 0;

  constructor(code: string) {
    this.#code = code;
  }

  whole(): Term | undefined {
    const term = this.#terms();
    return this.#at === this.#code.length ? term : undefined;
  }

  #terms(): Term | undefined {
    const all: Term = { factor: 1, of: new Map() };
    let direction = this.#accept('/') ? -1 : 1;
    for (;;) {
      const next = this.#accept('(') ? this.#inside() : this.#simple();
      if (next === undefined) return undefined;
      multiply(all, next, direction);
      if (this.#accept('.')) direction = 1;
      else if (this.#accept('/')) direction = -1;
      else return all;
    }
  }

  #inside(): Term | undefined {
    const term = this.#terms();
    return this.#accept(')') ? term : undefined;
  }

  #simple(): Term | undefined {
    const [whole = '', atom = '', power, annotation] =
      /^(10[*^]|\d+|[A-Za-z%'_]*(?:\[[^\][{}]+\])?)([+-]?\d+)?(\{[^{}]*\})?/.exec(
        this.#code.slice(this.#at),
      ) ?? [];
    if (whole === '') return undefined;
    this.#at += whole.length;
    if (power !== undefined && /^\d+$/.test(atom)) return undefined;
    const exponent = power === undefined ? 1 : Number(power);
    if (Math.abs(exponent) > HIGHEST_POWER) return undefined;
    if (atom === '') return annotation === undefined || power !== undefined ? undefined : ONE;
    const base = atomOf(atom);
    if (base === undefined) return undefined;
    const raised: Term = { factor: base.factor ** exponent, of: new Map() };
    for (const [name, each] of base.of) raised.of.set(name, each * exponent);
    return raised;
  }

  #accept(character: string): boolean {
    if (this.#code[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }
}

const ONE: Term = { factor: 1, of: new Map() };

function atomOf(atom: string): Term | undefined {
  if (/^\d+$/.test(atom)) return { factor: Number(atom), of: new Map() };
  if (Object.hasOwn(PLAIN, atom)) return termOf(PLAIN[atom]!, 1);
  if (Object.hasOwn(METRIC, atom)) return termOf(METRIC[atom]!, 1);
  for (const length of [1, 2]) {
    const [prefix, rest] = [atom.slice(0, length), atom.slice(length)];
    if (Object.hasOwn(PREFIXES, prefix) && Object.hasOwn(METRIC, rest))
      return termOf(METRIC[rest]!, PREFIXES[prefix]!);
  }
  return undefined;
}

function termOf([factor, dimension]: readonly [number, string], prefix: number): Term {
  const of: Dimension = new Map();
  if (dimension !== '1') {
    for (const part of dimension.split('.')) {
      const [, name = part, power = '1'] = /^(.*?)(-?\d+)?$/.exec(part) ?? [];
      of.set(name, Number(power));
    }
  }
  return { factor: factor * prefix, of };
}

function multiply(into: Term, by: Term, direction: number): void {
  into.factor *= by.factor ** direction;
  for (const [name, power] of by.of) into.of.set(name, (into.of.get(name) ?? 0) + power * direction);
}

function written(of: Dimension): string {
  return [...of]
    .filter(([, power]) => power !== 0)
    .map(([name, power]) => (power === 1 ? name : `${name}${power}`))
    .sort()
    .join('.');
}
