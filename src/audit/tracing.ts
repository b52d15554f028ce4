/** From what a request touched to its traces: one for each patient, none naming a second. */
import { randomBytes } from 'node:crypto';
import type { Subject } from '../consent/subject.ts';
import type { Concern } from '../enforcement/notes.ts';
import type { Trace } from '../enforcement/ports.ts';
import { auditEvent, type Facts } from './event.ts';

/** What of a request its traces tell. */
export interface Traced {
  audit: { code: string; action: Facts['action'] };
  url: string;
  requestId: string;
  subject: Subject;
  base: string;
}

export type Outcome = Facts['outcome'];

export function tracesOf(traced: Traced, concerns: readonly Concern[], outcome: Outcome, at: number): Trace[] {
  const { audit, requestId, subject, base, url } = traced;
  const mark = url.indexOf('?');
  return concerns.map(({ patient, refused, references, count }) => {
    const event = auditEvent({
      at,
      interaction: audit.code,
      action: audit.action,
      outcome: refused && outcome === '0' ? '4' : outcome,
      requestId,
      subject,
      patient: patient === '' ? undefined : patient,
      references,
      count,
      query: mark < 0 ? undefined : searchFor(url, patient),
      server: base,
    });
    return { event: { ...event, id: idAt(at) }, patient };
  });
}

/** The search as sent, without other patients' ids: a trace names one patient only. */
function searchFor(url: string, patient: string): string {
  return url.replace(/Patient(\/|%2F)([A-Za-z0-9\-.]{1,64})/gi, (whole, slash: string, id: string) =>
    id === patient ? whole : `Patient${slash}…`,
  );
}

/** In the order of time, so that records are added at the end of their indexes. */
function idAt(at: number): string {
  return `${at.toString(16)}-${randomBytes(8).toString('hex')}`;
}
