/**
 * Who is told what of traces. Professionals and systems are given those of their own requests that were granted,
 * whatever the patient says: they stand beside the lines, so that what they see hangs on nobody's choice, nor on
 * whether the patient whom they asked for exists. conformance/consent-rules.md
 */
import { withoutAside } from '../audit/aside.ts';
import { type Condition, NONE, and } from '../condition/condition.ts';
import type { Subject } from '../consent/subject.ts';
import { parseJson, stringifyJson } from '../fhir/json.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Shown } from './ports.ts';

/** Who deposits the traces of this server. */
export const TRACER = 'carnet';
/** Before the name of what a trace was decided by: only who is told that is asked about it. */
export const BECAUSE = '=';

const AUTHORS: ReadonlySet<string> = new Set(['professional', 'system']);
/** Those who may be given a trace at all by the lines: the patient, and who speaks for them. */
const TOLD: ReadonlySet<string> = new Set(['patient', 'representative', 'all']);

export function ownTraces({ role, reference }: Subject): Condition {
  if (!AUTHORS.has(role)) return NONE;
  return and(
    { is: 'type', among: ['AuditEvent'] },
    { is: 'by', among: [TRACER] },
    { is: 'author', among: [reference] },
  );
}

/** They are told from where and by which line, too. */
export function isTold({ role }: Subject): boolean {
  return TOLD.has(role);
}

/** A trace as others than the patient and theirs are given it. */
export function asOthersAreTold<S extends Shown>(stored: S): S {
  if (stored.type !== 'AuditEvent' || stored.method === 'DELETE') return stored;
  const told = withoutAside(parseJson(stored.body) as Resource);
  return { ...stored, body: Buffer.from(stringifyJson(told)), whole: stored };
}
