/** Work that is done at the start and then again and again, one run at a time, until the server stops. */
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

/** A run that fails is logged, and tried again when its time comes. */
export function startJobs(jobs: readonly Job[], log: Log): Jobs {
  const ending = new AbortController();
  const done = jobs.map((job) => repeat(job, ending.signal, log));
  return {
    async stop() {
      ending.abort();
      await Promise.all(done);
    },
  };
}

async function repeat(job: Job, signal: AbortSignal, log: Log): Promise<void> {
  while (!signal.aborted) {
    try {
      await job.run(signal);
    } catch (err) {
      if (!signal.aborted) log.error({ job: job.name, err }, 'job failed');
    }
    // ended early, it says so by an error
    await sleep(job.every, undefined, { signal, ref: false }).catch(() => {});
  }
}
