/** By which clock answers that tell of absence leave. What it is worth is measured: `npm run leak-timing`. */
import { tickFor } from '../../src/auth/clock.ts';

const times = (each: number, count: number): number[] => Array.from({ length: count }, () => each);

it.each<[string, number[], number]>([
  ['before any', [], 20],
  ['while they take a few milliseconds', times(4, 64), 20],
  ['with one that took long, as before', [...times(4, 63), 900], 20],
  ['when many take over half a tick, on one of twice its length', [...times(4, 50), ...times(12, 14)], 40],
  ['on a busy machine, on one that most of them keep', times(35, 64), 80],
  ['never on one of over a third of a second', times(5_000, 64), 320],
])('%s', (_, lately, tick) => {
  expect(tickFor(lately)).toBe(tick);
});

it('one that is asked seldom begins with a longer tick, and goes no faster', () => {
  expect([tickFor([], 200), tickFor(times(4, 64), 200), tickFor(times(150, 64), 200)]).toEqual([
    200, 200, 400,
  ]);
});
