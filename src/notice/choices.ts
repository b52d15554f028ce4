/** What a reader chose: which kinds by which channel, in which language, and when. */
import { CHANNELS, type Channel, isUrgent, KINDS, type Kind, type Language } from './kinds.ts';
import { nextAt, within } from './clock.ts';

export interface Choices {
  language: Language;
  /** Else that of the person's own record. */
  address?: string;
  /** Minutes in which what comes makes one e-mail. */
  grouping: number;
  /** `HH:MM`; may go over midnight. */
  quiet?: { from: string; until: string };
  /** Once a day, `HH:MM`. */
  digest?: string;
  /** https://www.iana.org/time-zones */
  zone: string;
  /** Of these other channels than all. */
  kinds: Partial<Record<Kind, readonly Channel[]>>;
}

export const MOST_GROUPED = 1440;

export const BY_DEFAULT: Choices = { language: 'fr', grouping: 10, zone: 'Europe/Paris', kinds: {} };

export function channelsOf({ kinds }: Choices, kind: Kind): readonly Channel[] {
  const chosen = kinds[kind] ?? CHANNELS;
  return isUrgent(kind) && !chosen.includes('inbox') ? ['inbox', ...chosen] : chosen;
}

/** When an e-mail of this kind may leave at the earliest. Milliseconds. */
export function dueAt({ grouping, quiet, digest, zone }: Choices, kind: Kind, now: number): number {
  if (isUrgent(kind)) return now;
  const due = digest === undefined ? now + grouping * 60_000 : nextAt(now, digest, zone);
  return quiet !== undefined && within(due, quiet, zone) ? nextAt(due, quiet.until, zone) : due;
}

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/;

export function isTime(text: string): boolean {
  return TIME.test(text);
}

/**
 * One plain address of ASCII: no name, comment, quote, list or line break can be put into it.
 * https://www.rfc-editor.org/rfc/rfc5321#section-4.1.2
 */
export function isAddress(text: string): boolean {
  return (
    text.length <= 254 &&
    /^[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+$/.test(
      text,
    )
  );
}

export function isKind(code: unknown): code is Kind {
  return typeof code === 'string' && Object.hasOwn(KINDS, code);
}
