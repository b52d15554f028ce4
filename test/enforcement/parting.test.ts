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

/** Who has no traces of their own: what they count are the patient's. */
const by = (depositor: string) => ({ role: 'representative', depositor }) as const;
const AUNT = by('RelatedPerson/aunt');

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
      'List/own': { by: 'RelatedPerson/aunt', decided: byDeposit },
      'Appointment/both': other,
    },
    {
      unsure: unsure('List/open', 'List/hidden', 'List/secret', 'List/own').set('Appointment/both', [
        'ben',
        'ada',
      ]),
    },
  );
  expect(namesOf(await parted([given], AUNT, open))).toEqual([
    [false, 'DocumentReference/d List/open'],
    [true, 'List/own'],
    [true, 'Appointment/both'],
    [true, 'List/hidden'],
    [true, 'List/secret'],
  ]);
});

it('leaves what patients made in the one trace of their request', async () => {
  const given = concern({ 'List/own': { by: 'Patient/ada' } }, { unsure: unsure('List/own') });
  expect(await parted([given], by('Patient/ada'), open)).toEqual([given]);
});

it('tells by which lines a part was given, and not by which the others were', async () => {
  const given = concern(
    {
      'DocumentReference/d': { by: 'Organization/lab', decided: byConsent },
      'List/own': { by: 'RelatedPerson/aunt', decided: byDeposit },
    },
    { unsure: unsure('List/own') },
  );
  const parts = await parted([given], AUNT, open);
  expect(parts.map(({ decided, count }) => [decided, count])).toEqual([
    [[byConsent], 1],
    [[byDeposit], 1],
  ]);
});

it('leaves no trace of a page on which nothing else is, and one of a question that found nothing else', async () => {
  const hidden = { 'List/hidden': { by: 'Organization/lab' } };
  const asked = { unsure: unsure('List/hidden'), asked: true };
  expect(namesOf(await parted([concern(hidden, asked)], by('x'), open))).toEqual([
    [false, ''],
    [true, 'List/hidden'],
  ]);
  for (const given of [
    concern(hidden, { unsure: unsure('List/hidden') }),
    concern(hidden, { ...asked, paged: true }),
    concern({ ...hidden, 'Patient/ada': { by: undefined } }, { ...asked, paged: true }),
  ])
    expect((await parted([given], by('x'), open)).at(0)?.apart).toBe(true);
});

it('asks nothing where nothing is unsure, nor of what is hidden by its own labels', async () => {
  const never: Open = () => Promise.reject(new Error('asked'));
  const named = { 'DocumentReference/d': { by: 'Organization/lab' } };
  const given = [
    concern(named),
    concern(named, { hidden: true, unsure: unsure('List/open') }),
    concern(named, { patient: '', unsure: unsure('List/open') }),
  ];
  expect(await parted(given, by('x'), never)).toEqual(given);
});

it('tells what professionals and systems deposited as all else: one trace of their own tells them all of it', async () => {
  const own = { by: 'Organization/lab', decided: byDeposit };
  const given = concern(
    { 'List/open': own, 'List/hidden': own },
    { unsure: unsure('List/open', 'List/hidden') },
  );
  expect(namesOf(await parted([given], { role: 'system', depositor: 'Organization/lab' }, open))).toEqual([
    [false, 'List/open'],
    [true, 'List/hidden'],
  ]);
});

it('moves what came along with nothing but what is apart there, and leaves what something open led to as well', async () => {
  const lab = { by: 'Organization/lab', decided: byConsent };
  const rest = concern({
    'DocumentReference/d': lab,
    'Encounter/of-both': { ...lab, via: ['DocumentReference/d', 'DocumentReference/h'] },
    'Encounter/of-hidden': { ...lab, via: ['DocumentReference/h'] },
    'Location/of-that': { ...lab, via: ['Encounter/of-hidden'] },
    'Patient/ada': { ...lab, via: ['DocumentReference/d', 'DocumentReference/h'] },
  });
  const hidden = concern({ 'DocumentReference/h': lab }, { hidden: true });
  expect(namesOf(await parted([rest, hidden], by('x'), open))).toEqual([
    [false, 'DocumentReference/d Encounter/of-both Patient/ada'],
    [false, 'DocumentReference/h Encounter/of-hidden Location/of-that'],
  ]);
});

it('leaves no trace of what nothing but what is apart led to', async () => {
  const lab = { by: 'Organization/lab', decided: byConsent };
  const rest = concern(
    { 'Patient/ada': { ...lab, via: ['List/hidden'] }, 'List/hidden': lab },
    { unsure: unsure('List/hidden') },
  );
  expect(namesOf(await parted([rest], by('x'), open))).toEqual([[true, 'List/hidden Patient/ada']]);
});
