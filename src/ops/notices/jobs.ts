/** The work of notices beside the requests: following the outbox, and the post. */
import type { Courier } from '../../notice/courier.ts';
import type { Dispatcher } from '../../notice/dispatch.ts';
import type { Outbox } from '../../notice/outbox.ts';
import type { Job } from '../jobs.ts';

const DAY = 86_400_000;
/** Rows that all have followed are kept this long. */
const KEPT = 7 * DAY;

export interface NoticeJobs {
  outbox: Outbox;
  dispatcher: Dispatcher;
  /** Absent: no e-mail is sent; what is due waits. */
  courier?: Courier;
  /** Milliseconds. */
  every: number;
}

export function noticeJobs({ outbox, dispatcher, courier, every }: NoticeJobs): Job[] {
  const jobs: Job[] = [
    {
      name: 'notices',
      every,
      async run(signal) {
        await dispatcher.run(signal);
      },
    },
    {
      name: 'outbox',
      every: DAY / 24,
      async run() {
        await outbox.prune(Date.now() - KEPT);
      },
    },
  ];
  if (courier !== undefined) {
    jobs.push({
      name: 'post',
      every,
      async run(signal) {
        await courier.run(signal);
      },
    });
  }
  return jobs;
}
