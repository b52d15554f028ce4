/** The work beside the requests: notices, Subscriptions, the retirement of traces, the sweep. */
import { type Carrier, Courier } from '../notice/courier.ts';
import { Dispatcher } from '../notice/dispatch.ts';
import type { Scanner } from '../enforcement/screening.ts';
import type { Job } from '../ops/jobs.ts';
import type { Log } from '../ops/log.ts';
import { noticeJobs } from '../ops/notices/jobs.ts';
import type { Database } from '../store/database.ts';
import type { KeyRing } from '../store/keys/keys.ts';
import type { Notices } from '../store/outgoing/notices.ts';
import type { MongoOutbox } from '../store/outgoing/outbox.ts';
import { MongoPost } from '../store/outgoing/post.ts';
import { ARCHIVE_KEY, retire } from '../store/traces/retention.ts';
import type { Store } from '../store/store.ts';
import { rescan } from '../store/content/rescan.ts';
import { sweep } from '../store/write/sweep.ts';
import { sweepContents } from '../store/content/sweep-contents.ts';
import type { Deliverer } from '../subscription/deliverer.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

export interface Background {
  database: Database;
  ring: KeyRing;
  store: Store;
  outbox: MongoOutbox;
  inbox: Notices;
  deliverer: Deliverer;
  /** Absent: no e-mail is sent. */
  mailing?: Carrier;
  /** The one link in e-mails. */
  link: string;
  /** Milliseconds between two looks into the outbox; absent: this process tells nobody anything. */
  noticesEvery?: number;
  /** Where old traces are moved to, after so many years; nowhere unless given. */
  archive?: { folder: string; years: number };
  log: Log;
  /** Absent: content isn't scanned for malware. */
  scanner?: Scanner;
}

export function backgroundJobs(options: Background): Job[] {
  const { noticesEvery, archive } = options;
  return [
    ...(noticesEvery === undefined ? [] : telling(options, noticesEvery)),
    ...(archive === undefined ? [] : [retiring(options, archive)]),
    ...(options.scanner === undefined ? [] : [rescanning(options, options.scanner)]),
    sweeping(options),
  ];
}

function telling(
  { database, store, outbox, inbox, deliverer, mailing, link }: Background,
  every: number,
): Job[] {
  const courier =
    mailing === undefined
      ? undefined
      : new Courier({
          post: new MongoPost(database),
          known: inbox,
          store,
          carrier: mailing,
          link,
          now: Date.now,
        });
  const dispatcher = new Dispatcher(outbox, inbox.teller, inbox, mailing !== undefined, Date.now);
  return [
    ...noticeJobs({ outbox, dispatcher, courier, every }),
    { name: 'subscriptions', every, run: (signal) => deliverer.run(signal) },
  ];
}

function retiring(
  { database, store, ring, log }: Background,
  archive: NonNullable<Background['archive']>,
): Job {
  const retention = {
    ...archive,
    key: ring.derive(ARCHIVE_KEY),
    tell: (about: Record<string, string | number>) => store.archived(about),
  };
  return {
    name: 'retire traces',
    every: 24 * HOUR,
    async run(signal) {
      const moved = await retire(database, retention, Date.now(), signal);
      if (moved > 0) log.info({ moved }, 'moved old traces out of the database');
    },
  };
}

/** What was held back is scanned again until it is known to be clean. */
function rescanning({ database, ring, log }: Background, scanner: Scanner): Job {
  return {
    name: 'scan',
    every: MINUTE,
    async run(signal) {
      const { cleared, infected, left, found } = await rescan(database, ring, scanner, signal);
      if (infected > 0) log.warn({ infected, found }, 'found malware in content that was held back');
      if (cleared + left > 0) log.info({ cleared, left }, 'scanned content that was held back');
    },
  };
}

function sweeping({ database, store, log }: Background): Job {
  return {
    name: 'sweep',
    every: HOUR,
    async run(signal) {
      const now = Date.now();
      const dropped =
        (await sweep(database, now, signal)) + (await sweepContents(database, store, now, signal));
      if (dropped > 0) log.info({ dropped }, 'swept content that nothing names');
    },
  };
}
