/** How long things go on. */
import type { Client } from '../auth/clients.ts';

/** Seconds. */
export const LIVES = {
  access: 3600,
  system: 300,
  code: 60,
  interaction: 1800,
  session: 8 * 3600,
  grant: 365 * 86_400,
  refresh: 90 * 86_400,
} as const;

/** Seconds that a connection lasts which a patient confirms although the review of the app is over. */
const UNREVIEWED = 90 * 86_400;

export interface Life {
  /** Milliseconds. */
  until: number;
  /** The review of the app ended then, milliseconds: the patient is told. */
  reviewEnded?: number;
}

/** Of a patient's connection that is made now: no longer than the app is reviewed. @param now milliseconds */
export function connectionLife({ reviewedUntil }: Client, isOffline: boolean, now: number): Life {
  const until = now + (isOffline ? LIVES.grant : LIVES.session) * 1000;
  if (reviewedUntil === undefined) return { until };
  if (now < reviewedUntil) return { until: Math.min(until, reviewedUntil) };
  return { until: Math.min(until, now + UNREVIEWED * 1000), reviewEnded: reviewedUntil };
}
