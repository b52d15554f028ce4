/**
 * Who is told what of traces. Professionals and systems are given those of their own requests that were granted,
 * whatever the patient says, then or later: they stand beside the lines, so that what they see hangs on nobody's choice,
 * nor on whether the patient whom they asked for exists. conformance/consent-rules.md
 */
import { asReported, withoutAddresses, withoutAside } from '../audit/aside.ts';
import { withoutUnfound } from '../audit/unfound.ts';
import { type Attributes, type Condition, NONE, and } from '../condition/condition.ts';
import type { Subject } from '../consent/subject.ts';
import { TRACER } from '../consent/vocabulary.ts';
import { parseJson, stringifyJson } from '../fhir/json.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Shown } from './ports.ts';

export { TRACER };
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

/** They are given the traces of their own requests. */
export function isTraced({ role }: Pick<Subject, 'role'>): boolean {
  return AUTHORS.has(role);
}

/** Granted to this caller, by this server: see `ownTraces`. */
export function isOwnTrace(
  { role, reference }: Subject,
  { type, by, authors }: Pick<Attributes, 'type' | 'by' | 'authors'>,
): boolean {
  return AUTHORS.has(role) && type === 'AuditEvent' && by === TRACER && authors.includes(reference);
}

/**
 * A trace as its reader is given it: as it is to who asked and is told; without what is aside to others; and what was
 * asked for and not found to who asked alone, for it may name what is hidden from another. From where it was asked is told
 * to the patient, and to who asked: who speaks for a patient is told of nobody else's addresses.
 * @param whose the patients whose it is
 */
export function asTold<S extends Shown>(
  stored: S,
  { reference, role, depositor }: Subject,
  whose: readonly string[] = stored.patients,
): S {
  const { type, method, by } = stored;
  if (type !== 'AuditEvent' || method === 'DELETE') return stored;
  const isConcerned = whose.some((patient) => reference === `Patient/${patient}`);
  const isOthers = by !== TRACER;
  if (isOthers && (isConcerned || by === depositor)) return stored;
  const event = parseJson(stored.body) as Resource;
  const own = !isOthers && askerOf(event) === reference;
  const toldAll = TOLD.has(role);
  if (own && toldAll) return stored;
  const told = isOthers
    ? withoutAddresses(event)
    : toldAll
      ? withoutUnfound(isConcerned ? event : withoutAddresses(event))
      : own
        ? withoutAside(event)
        : asReported(event);
  return told === event ? stored : { ...stored, body: Buffer.from(stringifyJson(told)), whole: stored };
}

function askerOf({ agent }: Resource): string | undefined {
  const [user] = (agent ?? []) as { who?: { reference?: string } }[];
  return user?.who?.reference;
}
