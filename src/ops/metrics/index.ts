/**
 * Metrics for Prometheus. No label holds anything that a caller chose: routes, methods, roles and reasons come from
 * closed lists. https://prometheus.io/docs/practices/naming/
 */
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { REFUSALS, type Refusal } from '../../auth/token.ts';
import type { Subject } from '../../consent/subject.ts';
import type { Concern } from '../../enforcement/notes.ts';
import type { Anchor } from '../../store/chain/anchor.ts';
import type { State } from '../../store/state.ts';
import type { Watch } from '../../store/watch.ts';
import type { Readiness } from '../health.ts';
import type { JobWatch } from '../jobs.ts';
import { Accesses } from './accesses.ts';
import { requestMeter, type Answered } from './requests.ts';

export interface Sources {
  ready(): Promise<Readiness>;
  /** Undefined: the database doesn't answer. */
  state(): Promise<State | undefined>;
  /** When the trace was asked for that has waited longest to be written. Milliseconds. */
  waitingSince(): number | undefined;
}

export interface Metrics {
  answered(request: Answered): void;
  tokenRefused(why: Refusal): void;
  /** What a request was given. */
  given(subject: Subject, concerns: readonly Concern[]): void;
  store: Watch;
  jobs: JobWatch;
  /** The same, of which it is told how checkpoints go. */
  anchored(anchor: Anchor): Anchor;
  /** In Prometheus' text format, which `contentType` names. @param sources asked anew each time */
  text(sources: Sources): Promise<string>;
  contentType: string;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const SIZES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** @param hours that a broken glass stays open */
export function createMetrics(hours: number): Metrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  const counter = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Counter({ name: `carnet_${name}`, help, labelNames, registers });
  const gauge = <L extends string = never>(name: string, help: string, ...labelNames: L[]) =>
    new Gauge({ name: `carnet_${name}`, help, labelNames, registers });
  const histogram = (name: string, help: string, buckets: number[]) =>
    new Histogram({ name: `carnet_${name}`, help, buckets, registers });

  const audit = {
    seconds: histogram(
      'audit_write_seconds',
      'From the first trace of a batch asked for to all durable',
      SECONDS,
    ),
    batch: histogram('audit_batch_traces', 'Traces that were written together', SIZES),
    failures: counter('audit_failures_total', 'Batches of traces that could not be written'),
    lag: gauge('audit_lag_seconds', 'Age of the trace that has waited longest to be written'),
  };
  const commits = {
    seconds: histogram('commit_seconds', 'Duration of transactions that hold', SECONDS),
    batch: histogram('commit_batch_writes', 'Writes that shared a transaction', SIZES.slice(0, 6)),
    retries: counter('commit_retries_total', 'Transactions that were tried again, together or one by one'),
    conflicts: counter('commit_conflicts_total', 'Writes that met another one'),
  };
  const compiled = counter('policies_compiled_total', 'Policies of patients that were compiled anew');
  const judged = counter('searches_judged_total', 'Searches of which each resource was judged by itself');
  const tokens = counter('tokens_refused_total', 'Requests without a token that could be believed', 'reason');
  const emergencies = counter('emergency_accesses_total', 'Emergencies in which something was given', 'mode');
  const patients = gauge(
    'account_patients_max',
    'Most patients of whom one account was given anything within an hour, in this process',
    'role',
  );
  const jobs = {
    success: gauge('task_last_success_timestamp_seconds', 'When a job last ended well', 'task'),
    failures: counter('task_failures_total', 'Runs of a job that failed', 'task'),
  };
  const ready = gauge('ready', 'Whether a check of readiness passes', 'check');
  const storage = gauge('storage_bytes', 'Size on disk of a collection of the database', 'collection');
  const checkpoints = {
    last: gauge(
      'checkpoint_timestamp_seconds',
      'When the chain of traces was last signed and told to the anchor',
    ),
    failures: counter('checkpoint_failures_total', 'Checkpoints that the anchor could not be told'),
  };
  const verified = {
    last: gauge('chain_verified_timestamp_seconds', 'When the last verification of the traces began'),
    faults: gauge('chain_faults', 'What the last verification of the traces found'),
  };
  const outbox = gauge('outbox_age_seconds', 'Age of what has waited longest to be told');
  const parked = gauge('mails_parked', 'E-mails that are no longer tried');
  const rows = gauge('outbox_rows_parked', 'Rows of the outbox that no notice could be made of');
  const disk = {
    used: gauge('database_disk_used_bytes', 'Used on the disk that the database is on'),
    total: gauge('database_disk_total_bytes', 'Size of the disk that the database is on'),
  };
  // what never happened yet is shown as zero: an alert on its growth would miss the first
  for (const mode of ['BTG', 'ETREAT'] as const) emergencies.inc({ mode }, 0);
  for (const reason of REFUSALS) tokens.inc({ reason }, 0);
  const accesses = new Accesses(hours, (mode) => emergencies.inc({ mode }));

  async function look({ ready: isReady, state, waitingSince }: Sources): Promise<void> {
    const now = Date.now();
    audit.lag.set((now - (waitingSince() ?? now)) / 1000);
    patients.reset();
    for (const [role, most] of accesses.most(now)) patients.set({ role }, most);
    const [readiness, found] = await Promise.all([isReady(), state()]);
    for (const [check, state] of Object.entries(readiness.checks))
      ready.set({ check }, state === 'ok' ? 1 : 0);
    if (found === undefined) return;
    for (const [collection, bytes] of Object.entries(found.collections)) storage.set({ collection }, bytes);
    disk.used.set(found.disk.used);
    disk.total.set(found.disk.total);
    outbox.set((now - (found.outboxSince ?? now)) / 1000);
    parked.set(found.parked);
    rows.set(found.rowsParked);
    verified.last.set((found.verified?.at ?? 0) / 1000);
    verified.faults.set(found.verified?.faults ?? 0);
  }

  return {
    answered: requestMeter(registry),
    tokenRefused: (reason) => tokens.inc({ reason }),
    given: (subject, concerns) => accesses.given(subject, concerns, Date.now()),
    store: {
      traced(traces, ms, isWritten) {
        audit.seconds.observe(ms / 1000);
        if (isWritten) audit.batch.observe(traces);
        else audit.failures.inc();
      },
      committed(writes, ms) {
        commits.seconds.observe(ms / 1000);
        commits.batch.observe(writes);
      },
      retried: () => commits.retries.inc(),
      conflicted: () => commits.conflicts.inc(),
      compiled: () => compiled.inc(),
      judged: () => judged.inc(),
    },
    jobs: {
      succeeded(task) {
        jobs.success.set({ task }, Date.now() / 1000);
        jobs.failures.inc({ task }, 0);
      },
      failed: (task) => jobs.failures.inc({ task }),
    },
    anchored: (anchor) => ({
      tell: (head) => anchor.tell(head),
      async check(head) {
        try {
          await anchor.check(head);
          checkpoints.last.setToCurrentTime();
        } catch (error) {
          checkpoints.failures.inc();
          throw error;
        }
      },
      close: () => anchor.close(),
    }),
    async text(sources) {
      await look(sources);
      return registry.metrics();
    },
    contentType: registry.contentType,
  };
}
