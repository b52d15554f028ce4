import type { Concern, Noted } from '../../src/enforcement/notes.ts';
import { type Open, parted } from '../../src/enforcement/parting.ts';

const byConsent = { line: 8, because: ['Consent/c/_history/1'] };
const byDeposit = { line: 3, because: [] };

const concern = (named: Record<string, Noted>, more: Partial<Concern> = {}): Concern => ({
  patient: 'ada',
  refused: false,
  hidden: false,
  secret: false,
  named: new Map(Object.entries(named)),
  wrote: [],
  count: Object.keys(named).length,
  standing: 'other',
  decided: [byConsent, byDeposit],
  ...more,
});

/** What is told of the names: `List/hidden` names what is hidden, `List/secret` a minor's secret. */
const open: Open = (_, names) =>
  Promise.resolve([
    names.map((name) => name !== 'List/hidden'),
    names.map((name) => name === 'List/open'),
  ] as const);

const namesOf = (parts: readonly Concern[]) =>
  parts.map(({ named, apart = false }) => [apart, [...named.keys()].join(' ')]);

const unsure = (...names: string[]): Map<string, readonly string[]> =>
  new Map(names.map((name) => [name, ['ada']]));

it('parts what names something hidden, what names a secret, what is the caller’s own and what is others’ too', async () => {
  const other = { by: 'Organization/lab', decided: byConsent };
  const given = concern(
    {
      'DocumentReference/d': other,
      'List/open': other,
      'List/hidden': other,
      'List/secret': other,
      'List/own': { by: 'Practitioner/gp', decided: byDeposit },
      'Appointment/both': other,
    },
    {
      unsure: unsure('List/open', 'List/hidden', 'List/secret', 'List/own').set('Appointment/both', [
        'ben',
        'ada',
      ]),
    },
  );
  expect(namesOf(await parted([given], 'Practitioner/gp', open))).toEqual([
    [false, 'DocumentReference/d List/open'],
    [true, 'List/own'],
    [true, 'Appointment/both'],
    [true, 'List/hidden'],
    [true, 'List/secret'],
  ]);
});

it('leaves what patients made in the one trace of their request', async () => {
  const given = concern({ 'List/own': { by: 'Patient/ada' } }, { unsure: unsure('List/own') });
  expect(await parted([given], 'Patient/ada', open)).toEqual([given]);
});

it('tells by which lines a part was given, and not by which the others were', async () => {
  const given = concern(
    {
      'DocumentReference/d': { by: 'Organization/lab', decided: byConsent },
      'List/own': { by: 'Practitioner/gp', decided: byDeposit },
    },
    { unsure: unsure('List/own') },
  );
  const parts = await parted([given], 'Practitioner/gp', open);
  expect(parts.map(({ decided, count }) => [decided, count])).toEqual([
    [[byConsent], 1],
    [[byDeposit], 1],
  ]);
});

it('leaves no trace of a page on which nothing else is, and one of a question that found nothing else', async () => {
  const hidden = { 'List/hidden': { by: 'Organization/lab' } };
  const asked = { unsure: unsure('List/hidden'), asked: true };
  expect(namesOf(await parted([concern(hidden, asked)], 'x', open))).toEqual([
    [false, ''],
    [true, 'List/hidden'],
  ]);
  for (const given of [
    concern(hidden, { unsure: unsure('List/hidden') }),
    concern(hidden, { ...asked, paged: true }),
    concern({ ...hidden, 'Patient/ada': { by: undefined } }, { ...asked, paged: true }),
  ])
    expect((await parted([given], 'x', open)).at(0)?.apart).toBe(true);
});

it('asks nothing where nothing is unsure, nor of what is hidden by its own labels', async () => {
  const never: Open = () => Promise.reject(new Error('asked'));
  const named = { 'DocumentReference/d': { by: 'Organization/lab' } };
  const given = [
    concern(named),
    concern(named, { hidden: true, unsure: unsure('List/open') }),
    concern(named, { patient: '', unsure: unsure('List/open') }),
  ];
  expect(await parted(given, 'x', never)).toEqual(given);
});
