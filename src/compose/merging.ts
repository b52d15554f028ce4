/** Merges of two files of one person, wired: who asks for them, who carries them out, and when. */
import { randomUUID } from 'node:crypto';
import { MergeDesk } from '../account/merge/desk.ts';
import { Merger } from '../account/merge/merger.ts';
import { mergeOperation } from '../account/merge/operation.ts';
import type { AccountLog } from '../audit/identity/log.ts';
import type { ResourceStore } from '../enforcement/ports.ts';
import type { Context } from '../interaction/context.ts';
import type { Interaction } from '../interaction/exchange.ts';
import type { Job } from '../ops/jobs.ts';
import type { Log } from '../ops/log.ts';
import type { Database } from '../store/database.ts';
import { MongoMerges } from '../store/merge/merges.ts';
import { MongoShelf } from '../store/records/catalogue.ts';
import type { Store } from '../store/store.ts';

/** Looks for what another process left. Milliseconds. */
const EVERY = 10_000;

export interface MergingOptions {
  database: Database;
  store: Pick<Store, 'moving'>;
  port: ResourceStore;
  accounts: AccountLog;
  context: Pick<Context, 'finds' | 'now'>;
  base: string;
  professions: string;
  log: Log;
}

export interface Merging {
  interactions: { $merge: Interaction };
  job: Job;
  /** Waits for what is under way, which ends soon: it is begun again by whoever comes next. */
  stop(): Promise<void>;
}

export function merging(options: MergingOptions): Merging {
  const { database, store, port, accounts, context, base, professions, log } = options;
  const { now } = context;
  const merges = new MongoMerges(database);
  const merger = new Merger({ port, merges, moving: store.moving, log: accounts, base, professions, now });
  const ending = new AbortController();
  let working: Promise<void> | undefined;
  const wake = (): Promise<void> => {
    working ??= merger
      .run(ending.signal)
      .catch((err: unknown) => log.error({ err }, 'two files were not merged'))
      .finally(() => (working = undefined));
    return working;
  };
  const desk = new MergeDesk({
    shelf: new MongoShelf(database),
    merges,
    merger,
    log: accounts,
    wake: () => void wake(),
    newId: randomUUID,
    now,
  });
  return {
    interactions: { $merge: mergeOperation(desk, context.finds) },
    job: { name: 'merges', every: EVERY, run: wake },
    async stop() {
      ending.abort();
      await working;
    },
  };
}
