/** When patients are told of their connected apps again: every 90 days, and at the end of a connection that lasted. Pure. */
import type { Json, Resource } from '../fhir/resource.ts';

const DAY = 86_400_000;
export const REMINDED = 90 * DAY;

/** What is known of a connection. */
export interface Connection {
  isActive: boolean;
  /** Milliseconds. */
  since: number;
  until: number;
}

/** Undefined: it says no end, or isn't there. */
export function connectionIn(consent: Resource | undefined): Connection | undefined {
  const { start, end } = ((consent?.provision as Json | undefined)?.period ?? {}) as Record<string, unknown>;
  const [since, until] = [Date.parse(String(start)), Date.parse(String(end))];
  if (consent === undefined || Number.isNaN(since) || Number.isNaN(until)) return undefined;
  return { isActive: consent.status === 'active', since, until };
}

/** When it is looked at again. What lasts for the hours of a session is told of by nobody. */
export function looksAt(
  { isActive, since, until }: Connection,
  now: number,
): { remind?: number; over?: number } {
  if (!isActive || until <= now || until - since <= DAY) return {};
  return { ...(now + REMINDED < until ? { remind: now + REMINDED } : {}), over: until };
}
