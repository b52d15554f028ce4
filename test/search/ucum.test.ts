/** https://ucum.org/ucum */
import fc from 'fast-check';
import { inBase, unitOf } from '../../src/search/ucum.ts';

/** The same quantity, written in two units. */
const SAME: [number, string, number, string][] = [
  [5, 'mg', 0.005, 'g'],
  [5.4, 'mg/dL', 54, 'ug/mL'],
  [5.4, 'mmol/L', 5400, 'umol/L'],
  [5.4, 'mmol/L', 5.4, 'mol/m3'],
  [140, 'meq/L', 140, 'mmol/L'],
  [37, 'Cel', 98.6, '[degF]'],
  [37, 'Cel', 310.15, 'K'],
  [120, 'mm[Hg]', 15.9986864898, 'kPa'],
  [70, 'kg', 154.323583529, '[lb_av]'],
  [180, 'cm', 1.8, 'm'],
  [12, '[in_i]', 1, '[ft_i]'],
  [2, 'h', 120, 'min'],
  [1, 'd', 24, 'h'],
  [250, 'mL', 0.25, 'L'],
  [250, 'ml', 0.25, 'l'],
  [72, '{beats}/min', 72, '/min'],
  [72, '/min', 1.2, 'Hz'],
  [45, '%', 0.45, '1'],
  [45, '%{saturation}', 0.45, '{ratio}'],
  [7, '10*3/uL', 7, '10*9/L'],
  [7, '10^3/uL', 7000, '/mm3'],
  [60, 'U/L', 1, 'ukat/L'],
  [90, 'mL/min/{1.73_m2}', 5.4, 'L/h'],
  [22, 'kg/m2', 22000, 'g/m2'],
  [3, 'm[IU]/L', 3, 'u[iU]/mL'],
  [1, 'mg/(kg.d)', 1, 'mg/kg/d'],
  [2, 'm2.s-1', 2, 'm2/s'],
  [1, 'kcal', 4184, 'J'],
];

it.each(SAME)('%d %s is %d %s', (a, unit, b, other) => {
  const [one, two] = [unitOf(unit)!, unitOf(other)!];
  expect(one.dimension).toBe(two.dimension);
  expect(inBase(a, one)).toBeCloseTo(inBase(b, two), 10 - Math.ceil(Math.log10(inBase(a, one))));
});

it.each([
  ['mg', 'mmol'],
  ['mg/dL', 'mmol/L'],
  ['[iU]/L', 'mg/L'],
  ['[pH]', '1'],
  ['mm[Hg]', 'mm'],
  ['s', 'Hz'],
  ['cd', 'd'],
])('%s and %s are not of one dimension', (unit, other) => {
  expect(unitOf(unit)!.dimension).not.toBe(unitOf(other)!.dimension);
});

it.each([
  '',
  'furlong',
  'kmin',
  'mcg',
  'mg/',
  'mg//L',
  'mg)',
  '(mg',
  'mg L',
  '{open',
  '[nothing]',
  'Cel/min',
  'mCel',
  'm99',
  '10-3',
  '{a}2',
  '0',
  'constructor',
  '__proto__',
  'toString',
  `${'m.'.repeat(40)}m`,
  '('.repeat(59),
])('`%s` is not understood', (code) => {
  expect(unitOf(code)).toBeUndefined();
});

it('the order of values holds in base units, and an open end stays open', () => {
  const unit = fc.constantFrom(...SAME.flatMap(([, a, , b]) => [a, b]));
  const value = fc.double({ noNaN: true, noDefaultInfinity: true });
  fc.assert(
    fc.property(unit, value, value, (code, a, b) => {
      const known = unitOf(code)!;
      const [low, high] = [Math.min(a, b), Math.max(a, b)].map((each) => inBase(each, known));
      expect(low).toBeLessThanOrEqual(high!);
      expect(Number.isFinite(low)).toBe(true);
      expect(inBase(-Number.MAX_VALUE, known)).toBe(-Number.MAX_VALUE);
    }),
  );
});

it('whatever a code is, it is understood or not, and never takes long', () => {
  const character = fc.constantFrom(...'mgL1029*^/.()[]{}%+-_d'.split(''));
  fc.assert(
    fc.property(fc.string({ unit: character, maxLength: 70 }), (code) => {
      const unit = unitOf(code);
      expect(unit === undefined || (unit.factor > 0 && Number.isFinite(unit.factor))).toBe(true);
    }),
    { numRuns: 2000 },
  );
});
