import { Distinct } from '../../src/ops/metrics/distinct.ts';

const HOUR = 3_600_000;
/** The same bits each time. */
const SEED = 7;
const NOW = 1_800_000_000_000;

function filled(each: Distinct, who: string, count: number, now = NOW): void {
  for (let index = 0; index < count; index += 1) each.add(who, 'professional', `patient-${index}`, now);
}

describe('how many different things somebody had to do with', () => {
  it.each([1, 5, 20, 100, 500, 2000])('is right within 5 %% for %i', (count) => {
    const each = new Distinct(HOUR, 5000, SEED);
    filled(each, 'a', count);
    const counted = each.most(NOW).get('professional')!;
    expect(Math.abs(counted - count)).toBeLessThanOrEqual(Math.max(1, count * 0.05));
  });

  it('does not grow with what comes again', () => {
    const each = new Distinct(HOUR, 5000, SEED);
    for (let again = 0; again < 50; again += 1) filled(each, 'a', 10, NOW + again * 1000);
    expect(each.most(NOW + 50_000).get('professional')).toBe(10);
  });

  it('is the greatest of each group, not their sum', () => {
    const each = new Distinct(HOUR, 5000, SEED);
    filled(each, 'a', 3);
    filled(each, 'b', 7);
    each.add('c', 'app', 'x', NOW);
    expect(each.most(NOW)).toEqual(
      new Map([
        ['professional', 7],
        ['app', 1],
      ]),
    );
  });

  it('forgets what is older than the time that is looked back on', () => {
    const each = new Distinct(HOUR, 5000, SEED);
    filled(each, 'a', 10);
    expect(each.most(NOW + HOUR / 2).get('professional')).toBe(10);
    each.add('a', 'professional', 'another', NOW + HOUR / 2);
    expect(each.most(NOW + 1.3 * HOUR).get('professional')).toBe(1);
    expect(each.most(NOW + 3 * HOUR).size).toBe(0);
  });

  it('keeps the latest of more than it can keep', () => {
    const each = new Distinct(HOUR, 100, SEED);
    filled(each, 'busy', 50);
    for (let index = 0; index < 99; index += 1) each.add(`one-${index}`, 'app', 'x', NOW);
    expect(each.most(NOW).get('professional')).toBeCloseTo(50, -1);
    each.add('one-more', 'app', 'x', NOW);
    expect(each.most(NOW).get('professional')).toBeUndefined();
  });
});
