/** Many traces of one patient, written as the server writes its own: for what must not grow with their number. */
import type { RunningServer } from '../../../src/compose/compose.ts';
import type { Trace } from '../../../src/enforcement/ports.ts';
import type { Resource } from '../../../src/fhir/resource.ts';

const AT_ONCE = 250;
const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';

export interface Many {
  patient: string;
  count: number;
  /** Professionals, each with their share. */
  persons: number;
  /** Documents that they read, each with its share. */
  documents: number;
  /** That each trace names; one unless told. */
  named?: number;
  /** When the first was recorded, milliseconds, and how much time lies between two. */
  since: number;
  apart: number;
}

/** Somebody's, all of one kind: one object, as tracing.ts has it. */
function framesOf(persons: number): Resource[] {
  return Array.from({ length: persons }, (_, index) => ({
    resourceType: 'AuditEvent',
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'read' }],
    action: 'R',
    outcome: '0',
    purposeOfEvent: [{ coding: [{ system: ACT_REASON, code: 'TREAT' }] }],
    agent: [
      {
        type: {
          coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }],
        },
        who: { reference: `Practitioner/p${index}`, display: `Dr ${index}` },
        requestor: true,
      },
    ],
    source: { observer: { display: 'carnet' } },
  }));
}

/** Whose the n-th trace is, and about what: spread, so that visits of several persons overlap. */
export const personOf = (index: number, { persons }: Many): number => (index * 7) % persons;
export const documentOf = (index: number, { documents }: Many): string =>
  `DocumentReference/d${Math.floor(index / 3) % documents}`;

export async function writeTraces({ store }: Pick<RunningServer, 'store'>, many: Many): Promise<void> {
  const frames = framesOf(many.persons);
  const traceAt = (index: number): Trace => {
    const at = many.since + index * many.apart;
    return {
      frame: frames[personOf(index, many)]!,
      own: {
        resourceType: 'AuditEvent',
        id: `${at.toString(16)}-${index.toString(16).padStart(8, '0')}`,
        recorded: new Date(at).toISOString(),
        entity: [
          { what: { reference: `Patient/${many.patient}` } },
          ...Array.from({ length: many.named ?? 1 }, (_, more) => ({
            what: { reference: documentOf(index + 3 * more, many) },
          })),
        ],
      },
      aside: [],
      patient: many.patient,
    };
  };
  for (let start = 0; start < many.count; start += AT_ONCE) {
    const length = Math.min(AT_ONCE, many.count - start);
    await store.record(() => Array.from({ length }, (_, index) => traceAt(start + index)));
  }
}
