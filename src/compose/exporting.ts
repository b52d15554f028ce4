/** Records as files, wired: who orders them, who works on them, and when. */
import type { AskWithin } from '../record/export/ask.ts';
import { Exporter } from '../record/export/exporter.ts';
import { exportInteractions } from '../record/export/interactions.ts';
import type { Job } from '../ops/jobs.ts';
import type { Log } from '../ops/log.ts';
import { Contents } from '../store/content/contents.ts';
import type { Database } from '../store/database.ts';
import { Exports } from '../store/records/exports.ts';
import type { KeyRing } from '../store/keys/keys.ts';

/** Looks for what another process left. Milliseconds. */
const EVERY = 10_000;

export interface ExportingOptions {
  database: Database;
  ring: KeyRing;
  base: string;
  log: Log;
  now: () => number;
}

export interface ExportsWired {
  interactions: ReturnType<typeof exportInteractions>;
  /** Once the server can be asked from within. */
  job(ask: AskWithin): Job;
  stop(): Promise<void>;
}

export function exporting({ database, ring, base, log, now }: ExportingOptions): ExportsWired {
  const desk = new Exports(database, ring, new Contents(database.db, ring), now);
  let exporter: Exporter | undefined;
  return {
    interactions: exportInteractions({ desk, wake: () => exporter?.wake() }),
    job(ask) {
      exporter = new Exporter({
        desk,
        ask,
        base,
        failed: (err) => log.error({ err }, 'a record was not exported'),
      });
      return {
        name: 'exports',
        every: EVERY,
        run: async () => exporter?.wake(),
      };
    },
    stop: async () => exporter?.stop(),
  };
}
