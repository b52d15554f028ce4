/** Who stands out, by counts alone. */
import { hoursOf } from '../../../src/audit/unusual/hours.ts';
import { pseudonyms, reportOf } from '../../../src/audit/unusual/report.ts';
import { type Glimpse, Tally } from '../../../src/audit/unusual/tally.ts';
import { textOf } from '../../../src/audit/unusual/text.ts';
import { THRESHOLDS } from '../../../src/audit/unusual/thresholds.ts';

/** A Tuesday, 10 o'clock in Paris. */
const MORNING = Date.parse('2026-03-10T09:00:00Z');
const DAY = 86_400_000;
const KEY = Buffer.alloc(32, 7);

const glimpse = (changes: Partial<Glimpse>): Glimpse => ({
  at: MORNING,
  who: 'Practitioner/usual',
  patient: 'p',
  emergency: false,
  refused: false,
  ...changes,
});

function reported(glimpses: readonly Glimpse[], most?: number) {
  const tally = new Tally(THRESHOLDS, most);
  for (const each of glimpses) tally.add(each);
  const report = reportOf(tally, THRESHOLDS, { from: MORNING, until: MORNING + 7 * DAY }, KEY);
  return { tally, report };
}

const times = (count: number, make: (index: number) => Partial<Glimpse>): Glimpse[] =>
  Array.from({ length: count }, (_, index) => glimpse(make(index)));

/** Colleagues with three patients each. */
const usual = Array.from({ length: 9 }, (_, doctor) =>
  times(3, (index) => ({ who: `Practitioner/usual-${doctor}`, patient: `p-${doctor}-${index}` })),
).flat();

const CASES: [sentence: string, glimpses: Glimpse[], because: string[]][] = [
  ['60 patients on one day', times(60, (i) => ({ who: 'Practitioner/x', patient: `p${i}` })), ['patients']],
  [
    '60 patients in a week, ten a day',
    times(60, (i) => ({ who: 'Practitioner/x', patient: `p${i}`, at: MORNING + Math.floor(i / 10) * DAY })),
    [],
  ],
  ['the same patient 500 times', times(500, () => ({ who: 'Practitioner/x' })), []],
  [
    '2,000 patients of a hospital’s system',
    times(1900, (i) => ({ who: 'Organization/x', patient: `p${i}` })),
    [],
  ],
  [
    'four emergencies',
    times(4, (i) => ({ who: 'Practitioner/x', patient: `p${i}`, emergency: true })),
    ['emergencies'],
  ],
  ['one emergency in which much is read', times(30, () => ({ who: 'Practitioner/x', emergency: true })), []],
  ['51 refusals', times(51, () => ({ who: 'Practitioner/x', refused: true })), ['refused']],
  [
    'nights',
    times(60, (i) => ({ who: 'Practitioner/x', at: Date.parse('2026-03-10T02:00:00Z') + i * 60_000 })),
    ['hours'],
  ],
  [
    'the nights of a machine',
    times(60, () => ({ who: 'Device/x', at: Date.parse('2026-03-10T02:00:00Z') })),
    [],
  ],
  ['a patient at their own data', times(900, () => ({ who: 'Patient/p', refused: true })), []],
  ['a patient at six others’', times(6, (i) => ({ who: 'Patient/q', patient: `p${i}` })), ['patients']],
];

it.each(CASES)('%s', (_sentence, glimpses, because) => {
  const { report } = reported([...usual, ...glimpses]);
  expect(report.unusual.map((line) => line.because)).toEqual(because.length === 0 ? [] : [because]);
});

it('tells a caller by a pseudonym that stays for a month, and no name, id or patient', () => {
  const { report } = reported(
    times(60, (index) => ({ who: 'Practitioner/martin', patient: `claire-${index}` })),
  );
  const [line] = report.unusual;
  expect(line!.caller).toMatch(/^[0-9a-f]{16}$/);
  expect(`${JSON.stringify(report)}${textOf(report)}`).not.toMatch(/martin|claire/);
  const march = pseudonyms(KEY, MORNING)('Practitioner/martin');
  expect(pseudonyms(KEY, MORNING + 7 * DAY)('Practitioner/martin')).toBe(march);
  expect(pseudonyms(KEY, MORNING + 40 * DAY)('Practitioner/martin')).not.toBe(march);
  expect(pseudonyms(Buffer.alloc(32, 8), MORNING)('Practitioner/martin')).not.toBe(march);
});

it('measures a caller against the others of their kind', () => {
  const busy = Array.from({ length: 9 }, (_, doctor) =>
    times(30, (index) => ({ who: `Practitioner/busy-${doctor}`, patient: `p-${doctor}-${index}` })),
  ).flat();
  const { report } = reported([
    ...busy,
    ...times(60, (index) => ({ who: 'Practitioner/x', patient: `p${index}` })),
  ]);
  expect(report.normal).toEqual([{ kind: 'Practitioner', callers: 10, median: 30, limit: 150 }]);
  expect(report.unusual).toEqual([]);
});

it('counts thousands of patients well, without keeping them', () => {
  const { report } = reported(times(5000, (index) => ({ who: 'Practitioner/x', patient: `p${index}` })));
  expect(Math.abs(report.unusual[0]!.patients - 5000)).toBeLessThan(250);
});

it('forgets of too many callers those who did least, and says how many', () => {
  const curious = times(60, (index) => ({ who: 'Practitioner/curious', patient: `p${index}` }));
  const passing = times(500, (index) => ({ who: `Practitioner/passing-${index}` }));
  const { report, tally } = reported([...curious, ...passing], 100);
  expect([...tally.callers()].length).toBeLessThanOrEqual(100);
  expect(report.forgotten).toBeGreaterThan(300);
  expect(report.unusual.map(({ because }) => because)).toEqual([['patients']]);
});

it.each([
  ['a weekday morning', '2026-03-10T09:00:00Z', false],
  ['before seven in winter', '2026-01-13T05:59:00Z', true],
  ['seven in winter', '2026-01-13T06:00:00Z', false],
  ['seven in summer', '2026-07-14T05:00:00Z', false],
  ['eight in the evening', '2026-03-10T19:00:00Z', true],
  ['midnight', '2026-03-10T23:00:00Z', true],
  ['a Sunday', '2026-03-08T10:00:00Z', true],
])('%s is within the hours or outside', (_sentence, at, isOutside) => {
  expect(hoursOf(THRESHOLDS.hours)(Date.parse(at))).toBe(isOutside);
});
