/** Dates relative to the demo's reference date, in UTC, so that a child stays three: https://hl7.org/fhir/R4/datatypes.html#date */

export interface Span {
  years?: number;
  months?: number;
  days?: number;
}

/** `YYYY-MM-DD`, the span before `now`; a negative span lies ahead. The 31st of a shorter month is its last day. */
export function ago(now: Date, { years = 0, months = 0, days = 0 }: Span): string {
  const month = now.getUTCMonth() - years * 12 - months;
  const last = new Date(Date.UTC(now.getUTCFullYear(), month + 1, 0)).getUTCDate();
  const day = Math.min(now.getUTCDate(), last) - days;
  return new Date(Date.UTC(now.getUTCFullYear(), month, day)).toISOString().slice(0, 10);
}

/** An instant on that day; `time` is `hh:mm`. */
export function at(now: Date, span: Span, time = '09:00'): string {
  return `${ago(now, span)}T${time}:00.000Z`;
}

/** `3 mai 2024`, for text that a patient reads. */
export function inFrench(date: string): string {
  return new Intl.DateTimeFormat('fr-FR', { dateStyle: 'long', timeZone: 'UTC' }).format(new Date(date));
}
