/** One tick, one query; and nobody joins a query that was sent before they asked. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Gather } from '../../src/store/gather.ts';

function fake(atOnce?: number) {
  const calls: { keys: string[]; answer: (value: string) => void; fail: (error: Error) => void }[] = [];
  const gather = new Gather<string>(
    (keys) =>
      new Promise((resolve, reject) =>
        calls.push({
          keys,
          answer: (value) =>
            resolve(new Map(keys.filter((key) => key !== 'absent').map((key) => [key, value]))),
          fail: reject,
        }),
      ),
    atOnce,
  );
  return { calls, gather };
}

const keysOf = (calls: { keys: string[] }[]) => calls.map(({ keys }) => keys);

it('asks once for what one turn of the event loop wants, each key once', async () => {
  const { calls, gather } = fake();
  const wanted = ['a', 'b', 'a', 'absent'].map((key) => gather.get(key));
  await sleep(5);
  expect(keysOf(calls)).toEqual([['a', 'b', 'absent']]);
  calls[0]!.answer('1');
  expect(await Promise.all(wanted)).toEqual(['1', '1', '1', undefined]);
});

it('never lets a request join a query that was sent before it', async () => {
  const { calls, gather } = fake();
  const early = gather.get('a');
  await sleep(5);
  const late = gather.get('a');
  await sleep(5);
  expect(keysOf(calls)).toEqual([['a'], ['a']]);
  calls[1]!.answer('new');
  calls[0]!.answer('old');
  expect(await Promise.all([early, late])).toEqual(['old', 'new']);
});

it('gathers while as many queries as allowed are under way', async () => {
  const { calls, gather } = fake(1);
  const first = gather.get('a');
  await sleep(5);
  const rest = ['b', 'c'].map((key) => gather.get(key));
  await sleep(5);
  expect(keysOf(calls)).toEqual([['a']]);
  calls[0]!.answer('1');
  await first;
  await sleep(5);
  expect(keysOf(calls)).toEqual([['a'], ['b', 'c']]);
  calls[1]!.answer('2');
  expect(await Promise.all(rest)).toEqual(['2', '2']);
});

it('tells a failure to those who asked, and goes on for others', async () => {
  const { calls, gather } = fake(1);
  const first = gather.get('a');
  await sleep(5);
  const next = gather.get('a');
  calls[0]!.fail(new Error('away'));
  await expect(first).rejects.toThrow('away');
  await sleep(5);
  calls[1]!.answer('back');
  expect(await next).toBe('back');
});
