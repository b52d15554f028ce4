/** When patients are reminded of an Appointment: a day before it. Pure. */
import type { Resource } from '../fhir/resource.ts';

const BEFORE = 86_400_000;

/** Undefined: it isn't agreed on, or has no time. Milliseconds. */
function startOf({ status, start }: Resource): number | undefined {
  const at = Date.parse(String(start));
  return status !== 'booked' || Number.isNaN(at) ? undefined : at;
}

/** When to look at it again; undefined: it is less than a day away, and who made it knows. */
export function remindsAt(appointment: Resource, now: number): number | undefined {
  const start = startOf(appointment);
  return start !== undefined && start - BEFORE > now ? start - BEFORE : undefined;
}

/** It is about to take place. */
export function isNear(appointment: Resource, now: number): boolean {
  const start = startOf(appointment);
  return start !== undefined && start - BEFORE <= now && now < start;
}
