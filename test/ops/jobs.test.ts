import { setTimeout as sleep } from 'node:timers/promises';
import { startJobs } from '../../src/ops/jobs.ts';
import { createLog } from '../../src/ops/log.ts';

const log = createLog({ level: 'silent' });

it('runs a job at the start and again after each pause, never twice at once', async () => {
  let [runs, underWay, most] = [0, 0, 0];
  const run = async () => {
    most = Math.max(most, ++underWay);
    runs += 1;
    await sleep(15);
    underWay -= 1;
  };
  const jobs = startJobs([{ name: 'x', every: 5, run }], log);
  await sleep(5);
  expect(runs).toBe(1);
  await sleep(150);
  await jobs.stop();
  const total = runs;
  expect([total > 2, most]).toEqual([true, 1]);
  await sleep(50);
  expect(runs).toBe(total);
});

it('tries again when its time comes after a run that failed', async () => {
  let runs = 0;
  const run = async () => {
    runs += 1;
    throw new Error('failed');
  };
  const jobs = startJobs([{ name: 'x', every: 5, run }], log);
  await sleep(100);
  await jobs.stop();
  expect(runs).toBeGreaterThan(1);
});

it('tells a run under way to end, and waits for it', async () => {
  let ended = false;
  const run = async (signal: AbortSignal) => {
    while (!signal.aborted) await sleep(5);
    await sleep(20);
    ended = true;
  };
  const jobs = startJobs([{ name: 'x', every: 60_000, run }], log);
  await sleep(20);
  await jobs.stop();
  expect(ended).toBe(true);
});

it('ends at once between two runs', async () => {
  const jobs = startJobs([{ name: 'x', every: 60_000, run: async () => {} }], log);
  await sleep(10);
  const start = performance.now();
  await jobs.stop();
  // not at the next run
  expect(performance.now() - start).toBeLessThan(20_000);
});

it('warns of no leak of memory, however many jobs wait', async () => {
  const warned: Error[] = [];
  const take = (warning: Error) => void warned.push(warning);
  process.on('warning', take);
  const run = async () => {};
  const jobs = startJobs(
    Array.from({ length: 30 }, (_, index) => ({ name: `${index}`, every: 60_000, run })),
    log,
  );
  await sleep(50);
  await jobs.stop();
  process.off('warning', take);
  expect(warned).toEqual([]);
});
