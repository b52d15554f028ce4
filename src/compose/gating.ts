/** Each request behind the gate: the scoped store that it is given, and the traces of what it touched. */
import { type Outcome, tracesOf } from '../audit/tracing.ts';
import { Access } from '../enforcement/access.ts';
import { appContent } from '../enforcement/app-content.ts';
import { classing } from '../enforcement/classing.ts';
import { feeding } from '../enforcement/feeding.ts';
import { filing } from '../enforcement/filing.ts';
import { Notes, secretLabels } from '../enforcement/notes.ts';
import { isTraced } from '../enforcement/own-traces.ts';
import { strangerOf } from '../enforcement/stranger.ts';
import { parted } from '../enforcement/parting.ts';
import type { PolicySource, ResourceStore } from '../enforcement/ports.ts';
import { type Scanner, Screening } from '../enforcement/screening.ts';
import { ScopedStore } from '../enforcement/scoped-store.ts';
import { vetting, vettingAll } from '../enforcement/vetting.ts';
import type { DocumentTypes } from '../consent/rules.ts';
import type { Role, Subject } from '../consent/subject.ts';
import type { Taken } from '../fhir/content/taken.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { PipelineOptions } from '../http/pipeline.ts';
import type { Allowance } from '../interaction/allowance.ts';
import type { Trace } from '../interaction/exchange.ts';
import type { Metrics } from '../ops/metrics/index.ts';
import { openNames } from './open-names.ts';
import type { Recorder } from './recording.ts';
import type { Subscribing } from './subscribing.ts';

export interface GatingOptions {
  port: ResourceStore;
  policies: PolicySource;
  record: Recorder;
  subscribed: Subscribing;
  /** Code system of professions, for traces. */
  professions: string;
  /** Told what was given. */
  given: Metrics['given'] | undefined;
  /** How often a caller looks for people. */
  finds: Allowance;
  /** Content of documents. */
  taken: Taken;
  /** Bytes of one content. */
  limit: (role: Role) => number;
  /** Who deposits documents of which types; absent: everybody all. */
  documentTypes: DocumentTypes | undefined;
  now: () => number;
  /** Absent: content isn't scanned. */
  scanner?: Scanner;
}

export function gating(options: GatingOptions): Pick<PipelineOptions, 'open' | 'record'> {
  const { port, policies, professions, subscribed, now } = options;
  const screening = new Screening(options.scanner);
  const touched = new WeakMap<Trace, Notes>();
  const secret = secretLabels(policies);
  const names = openNames(port, secret);
  return {
    open(trace) {
      const notes = new Notes(secret, isTraced(trace.subject) ? undefined : strangerOf(trace.subject));
      touched.set(trace, notes);
      const access = Access.of(
        trace.subject,
        policies,
        now,
        (facts, grounds) => notes.refused(facts, grounds),
        trace.ahead,
      );
      return new ScopedStore(
        port,
        access,
        notes,
        (concerns, at) => tracesOf(trace, concerns, { outcome: '0', professions }, at),
        subscribed.accept(trace.subject),
        vettingAll(
          appContent(trace.subject, trace.base),
          vetting(options.limit(trace.subject.role), options.taken, trace.base),
          filing(
            {
              requireLeft: () => options.finds.requireLeft(trace.subject),
              take: () => options.finds.take(trace.subject),
            },
            access.isToldNational,
            trace.base,
          ),
          classing(policies.rules.documentTypes),
          feeding(trace.subject.role, options.documentTypes),
        ),
        screening,
      );
    },
    async record(trace, result) {
      const outcome = outcomeOf(result);
      const notes = touched.get(trace);
      const concerns = await parted(notes?.open() ?? [], trace.subject, names);
      if (concerns.length === 0) return;
      const subject = notes?.as ?? trace.subject;
      const query = notes?.sent ?? trace.query;
      if (outcome === '0') options.given?.(subject, concerns);
      const traces = (at: number) =>
        tracesOf({ ...trace, subject, query }, concerns, { outcome, professions }, at);
      await (outcome === '0' ? options.record(subject, concerns, traces) : port.record(traces));
    },
  };
}

function outcomeOf(result: { status: number }): Outcome {
  if (result instanceof FhirError) return result.status >= 500 ? '8' : '4';
  return '0';
}

/** By which resources a caller is given a patient now: of what is hidden from them, none. */
export function becauseOf(
  port: ResourceStore,
  policies: PolicySource,
): (subject: Subject, patient: string) => Promise<readonly string[]> {
  return async (subject, patient) => {
    const access = Access.of(subject, policies, Date.now, () => {});
    const stored = await port.get(access, 'Patient', patient);
    if (stored === undefined || stored.method === 'DELETE') return [];
    return access.grounds(stored, true)(patient)?.decided?.because ?? [];
  };
}
