/** When an e-mail may leave, by what its reader chose. */
import { BY_DEFAULT, type Choices, channelsOf, dueAt, isAddress } from '../../src/notice/choices.ts';
import type { Kind } from '../../src/notice/kinds.ts';
import { delayAfter } from '../../src/notice/mail.ts';

const PARIS = 'Europe/Paris';
const quiet = { from: '22:00', until: '07:00' };

const CASES: [string, Partial<Choices>, Kind, string, string][] = [
  [
    'by default it waits ten minutes for others',
    {},
    'document-added',
    '2026-11-22T10:00:00Z',
    '2026-11-22T10:10:00Z',
  ],
  [
    'in quiet hours it waits for their end',
    { quiet },
    'visit',
    '2026-11-22T23:00:00Z',
    '2026-11-23T06:00:00Z',
  ],
  [
    'what quiet hours would begin before waits too',
    { quiet },
    'visit',
    '2026-11-22T20:55:00Z',
    '2026-11-23T06:00:00Z',
  ],
  [
    'an emergency waits for nothing',
    { quiet, digest: '08:00', grouping: 60 },
    'emergency',
    '2026-11-22T23:00:00Z',
    '2026-11-22T23:00:00Z',
  ],
  [
    'nor does a masked document that was read in one',
    { quiet, digest: '08:00' },
    'emergency-masked',
    '2026-11-22T23:00:00Z',
    '2026-11-22T23:00:00Z',
  ],
  [
    'the digest is the next time of day',
    { digest: '08:30' },
    'visit',
    '2026-11-22T06:00:00Z',
    '2026-11-22T07:30:00Z',
  ],
  ['or that of tomorrow', { digest: '08:30' }, 'visit', '2026-11-22T07:30:00Z', '2026-11-23T07:30:00Z'],
  [
    'a digest in quiet hours comes at their end',
    { digest: '05:00', quiet },
    'visit',
    '2026-11-22T12:00:00Z',
    '2026-11-23T06:00:00Z',
  ],
  [
    'in the night in which summer begins',
    { digest: '08:00' },
    'visit',
    '2026-03-28T20:00:00Z',
    '2026-03-29T06:00:00Z',
  ],
  [
    'in the night in which it ends',
    { digest: '08:00' },
    'visit',
    '2026-10-24T20:00:00Z',
    '2026-10-25T07:00:00Z',
  ],
  [
    'quiet hours that end at a time that the clock leaps over end an hour later',
    { quiet: { from: '22:00', until: '02:30' } },
    'visit',
    '2026-03-28T21:30:00Z',
    '2026-03-29T01:30:00Z',
  ],
  [
    'and at one that comes twice, the first time',
    { quiet: { from: '22:00', until: '02:30' } },
    'visit',
    '2026-10-24T21:30:00Z',
    '2026-10-25T00:30:00Z',
  ],
  [
    'a digest at a time that the clock leaps over comes an hour later',
    { digest: '02:30' },
    'visit',
    '2026-03-28T12:00:00Z',
    '2026-03-29T01:30:00Z',
  ],
  [
    'where somebody lives',
    { digest: '08:00', zone: 'Indian/Reunion' },
    'visit',
    '2026-11-22T12:00:00Z',
    '2026-11-23T04:00:00Z',
  ],
];

test.each(CASES)('%s', (_, chosen, kind, now, due) => {
  const choices = { ...BY_DEFAULT, zone: PARIS, ...chosen };
  expect(new Date(dueAt(choices, kind, Date.parse(now))).toISOString()).toBe(new Date(due).toISOString());
});

test('an emergency always stands in the inbox, whatever was chosen', () => {
  const kinds = { emergency: [], visit: [] } as const;
  expect(channelsOf({ ...BY_DEFAULT, kinds }, 'emergency')).toEqual(['inbox']);
  expect(channelsOf({ ...BY_DEFAULT, kinds }, 'visit')).toEqual([]);
});

test.each([
  ['a@b.example', true],
  ['first.last+tag@sub.b-c.example', true],
  ['a@b', false],
  ['a@b.example\nBcc: c@d.example', false],
  ['a b@c.example', false],
  ['"a"@b.example', false],
  ['a@b.example,c@d.example', false],
  ['é@b.example', false],
  [`${'a'.repeat(65)}@b.example`, false],
])('%j is an address: %s', (text, is) => {
  expect(isAddress(text)).toBe(is);
});

test('tries come further and further apart, never more than an hour and a half', () => {
  const delays = Array.from({ length: 40 }, (_, tries) => delayAfter(tries, 0.5));
  expect(delays[0]).toBe(15_000);
  for (const [index, delay] of delays.entries()) {
    expect(delay).toBeGreaterThanOrEqual(delays[index - 1] ?? 0);
    expect(delayAfter(index, 1)).toBeLessThanOrEqual(5_400_000);
  }
});
