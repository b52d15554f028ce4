/** What is counted by all processes together, a share at a time. */
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { networkOf, rateInShares } from '../../src/auth/rate.ts';

class Counted extends RateLimiterMemory {
  calls = 0;
  isAway = false;

  constructor(points: number) {
    super({ points, duration: 60 });
  }

  override async consume(name: string, points?: number) {
    this.calls += 1;
    if (this.isAway) throw new Error('away');
    return super.consume(name, points);
  }
}

it('two processes give no more together than there is, and nearly all of it', async () => {
  const limiter = new Counted(1000);
  const [one, other] = [rateInShares(limiter, 10), rateInShares(limiter, 10)];
  const waits = await Promise.all(
    Array.from({ length: 3000 }, (_, index) => (index % 3 === 0 ? one : other)('somebody')),
  );
  const given = waits.filter((wait) => wait === 0).length;
  expect(given).toBeLessThanOrEqual(1000);
  expect(given).toBeGreaterThan(980);
  for (const wait of waits) expect(wait).toBeLessThanOrEqual(60);
});

it('asks once for a share, however many come at once', async () => {
  const limiter = new Counted(1000);
  const rate = rateInShares(limiter, 50);
  await Promise.all(Array.from({ length: 100 }, () => rate('somebody')));
  expect(limiter.calls).toBe(2);
  await rate('somebody else');
  expect(limiter.calls).toBe(3);
});

it('who was refused waits without asking again', async () => {
  const limiter = new Counted(2);
  const rate = rateInShares(limiter, 1);
  const waits = [];
  for (let asked = 0; asked < 5; asked += 1) waits.push(await rate('somebody'));
  expect(waits.map((wait) => wait > 0)).toEqual([false, false, true, true, true]);
  expect(limiter.calls).toBe(3);
});

it('what could not be counted is refused, and asked for anew by the next', async () => {
  const limiter = new Counted(10);
  const rate = rateInShares(limiter, 5);
  limiter.isAway = true;
  const first = await Promise.allSettled([rate('somebody'), rate('somebody')]);
  expect(first.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  limiter.isAway = false;
  expect(await rate('somebody')).toBe(0);
});

it.each([
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
  ['2001:DB8:1:2:ffff::', '2001:db8:1:2::/64'],
  ['2001:db8:1::6', '2001:db8:1:0::/64'],
  ['2001:db8::1:2:3:4:5', '2001:db8:0:1::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['', ''],
  ['no address', 'no address'],
])('%s is counted as %s', (address, network) => {
  expect(networkOf(address)).toBe(network);
});
