/** From what a request touched to its traces: one for each patient, none naming a second. */
import type { Subject } from '../consent/subject.ts';
import type { Concern } from '../enforcement/notes.ts';
import type { Trace } from '../enforcement/ports.ts';
import { fewRandomBytes } from '../fhir/random.ts';
import { frameOf, type Kind, ownOf } from './event.ts';

/** What of a request its traces tell. */
export interface Traced {
  audit: { code: string; action: Kind['action'] };
  url: string;
  /** Decoded; the fields of a form with those of the address. */
  query: readonly (readonly [string, string])[];
  requestId: string;
  subject: Subject;
  base: string;
}

export type Outcome = Kind['outcome'];

export function tracesOf(
  traced: Traced,
  concerns: readonly Concern[],
  outcome: Outcome,
  at: number,
): Trace[] {
  const { audit, requestId, subject, base } = traced;
  const told = outcome === '0' ? concerns : together(concerns);
  return told.map(({ patient, refused, references, count }) => {
    const frame = frameOf({
      subject,
      interaction: audit.code,
      action: audit.action,
      outcome: refused && outcome === '0' ? '4' : outcome,
      server: base,
    });
    const own = ownOf(idAt(at), {
      at,
      requestId,
      patient: patient === '' ? undefined : patient,
      references,
      count,
      query:
        traced.query.length === 0
          ? undefined
          : searchFor(traced, patient, new Set(concerns.map((each) => each.patient)).size > 1),
    });
    return { frame, own, patient };
  });
}

/** When all was refused, what was read on the way is part of that. */
function together(concerns: readonly Concern[]): Concern[] {
  const each = new Map<string, Concern>();
  for (const concern of concerns) {
    const key = `${concern.hidden ? '?' : ' '}${concern.patient}`;
    const other = each.get(key);
    each.set(key, {
      ...concern,
      references: [...new Set([...(other?.references ?? []), ...concern.references])],
      count: Math.max(other?.count ?? 0, concern.count),
    });
  }
  return [...each.values()];
}

/**
 * The search as sent, as far as it can't tell of another patient: a trace names one only. Where several are concerned
 * any value may be another's id, name or number, and so may each of several values.
 */
function searchFor({ url, query }: Traced, patient: string, several: boolean): string {
  const [path = ''] = url.split('?', 1);
  const pairs = query.map(([name, value]) => `${name}=${several || value.includes(',') ? '…' : value}`);
  return `${path}?${pairs.join('&')}`.replace(/Patient\/([A-Za-z0-9\-.]{1,64})/g, (whole, id: string) =>
    id === patient ? whole : 'Patient/…',
  );
}

/** In the order of time, so that records are added at the end of their indexes. */
function idAt(at: number): string {
  return `${at.toString(16)}-${fewRandomBytes(8).toString('hex')}`;
}
