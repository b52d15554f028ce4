/**
 * Messages and reminders that are sent to a patient, or to who speaks for them. Pure.
 * https://hl7.org/fhir/R4/communication.html
 */
import { items } from '../fhir/items.ts';
import type { Reference, Resource } from '../fhir/resource.ts';
import type { Kind } from './kinds.ts';

/** http://terminology.hl7.org/CodeSystem/communication-category */
const CATEGORY = 'http://terminology.hl7.org/CodeSystem/communication-category';
const SENT = new Set<unknown>(['in-progress', 'completed']);

/** It leaves now, and hadn't before: a draft that is sent, not a message that is marked as read. */
export function isSent(resource: Resource | undefined, before: Resource | undefined): boolean {
  return SENT.has(resource?.status) && !SENT.has(before?.status);
}

/**
 * As what it is told to this reader; undefined: it isn't for them. What is for the patient is for who speaks for them
 * too, and a reminder that names nobody is for the patient.
 * @param base of the server: references below it are local
 */
export function messageTo(
  resource: Resource,
  { reader, patient, base }: { reader: string; patient: string; base: string },
): Kind | undefined {
  const isOf = (reference: unknown, name: string): boolean =>
    reference === name || reference === `${base}/${name}`;
  const kind = isReminder(resource) ? 'reminder' : 'message';
  if (!SENT.has(resource.status)) return undefined;
  if (isOf((resource.sender as Reference | undefined)?.reference, reader)) return undefined;
  const recipients = items(resource.recipient).map(({ reference }) => reference);
  if (recipients.length === 0) return kind === 'reminder' ? kind : undefined;
  const names = [reader, `Patient/${patient}`];
  return recipients.some((each) => names.some((name) => isOf(each, name))) ? kind : undefined;
}

function isReminder({ category }: Resource): boolean {
  return items(category).some(({ coding }) =>
    items(coding).some(({ system, code }) => system === CATEGORY && code === 'reminder'),
  );
}
