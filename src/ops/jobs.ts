/** Work that is done at the start and then again and again, one run at a time, until the server stops. */
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Log } from './log.ts';

export interface Job {
  name: string;
  /** Milliseconds from the end of one run to the next. */
  every: number;
  run(signal: AbortSignal): Promise<void>;
}

export interface Jobs {
  /** Waits for the runs under way, which are told to end. */
  stop(): Promise<void>;
}

/** Told how each run ended. */
export interface JobWatch {
  succeeded(job: string): void;
  failed(job: string): void;
}

/** A run that fails is logged, and tried again when its time comes. */
export function startJobs(jobs: readonly Job[], log: Log, watch?: JobWatch): Jobs {
  const ending = new AbortController();
  // each waits for it: more than ten is no leak
  setMaxListeners(0, ending.signal);
  const done = jobs.map((job) => repeat(job, ending.signal, log, watch));
  return {
    async stop() {
      ending.abort();
      await Promise.all(done);
    },
  };
}

async function repeat(job: Job, signal: AbortSignal, log: Log, watch?: JobWatch): Promise<void> {
  while (!signal.aborted) {
    try {
      await job.run(signal);
      if (!signal.aborted) watch?.succeeded(job.name);
    } catch (err) {
      if (!signal.aborted) {
        log.error({ job: job.name, err }, 'job failed');
        watch?.failed(job.name);
      }
    }
    // ended early, it says so by an error
    await sleep(job.every, undefined, { signal, ref: false }).catch(() => {});
  }
}
