/** FHIR dates as ranges of time: https://hl7.org/fhir/R4/datatypes.html#dateTime. Without a zone they are in UTC. */
import { hasOnly, object } from './reference-words.ts';

/** Milliseconds; `until` is exclusive. */
export interface Range {
  from: number;
  until: number;
}

const DATE =
  /^(?<year>\d{4})(-(?<month>\d\d)(-(?<day>\d\d)(T(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)(?<fraction>\.\d+)?(?<zone>Z|[+-]\d\d:\d\d))?)?)?$/;

export function rangeOfDate(text: unknown): Range | undefined {
  const parts = typeof text === 'string' ? DATE.exec(text)?.groups : undefined;
  if (parts === undefined) return undefined;
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map(
    (name) => (parts[name] === undefined ? undefined : Number(parts[name])),
  );
  if (month !== undefined && (month < 1 || month > 12)) return undefined;
  if (day !== undefined && (day < 1 || day > new Date(Date.UTC(year!, month!, 0)).getUTCDate()))
    return undefined;
  if (hour === undefined) {
    const from = Date.UTC(year!, (month ?? 1) - 1, day ?? 1);
    if (day !== undefined) return { from, until: Date.UTC(year!, month! - 1, day + 1) };
    return { from, until: month === undefined ? Date.UTC(year! + 1, 0, 1) : Date.UTC(year!, month, 1) };
  }
  if (hour > 23 || minute! > 59 || second! > 59) return undefined;
  const offset = parts.zone === 'Z' ? 0 : minutesOf(parts.zone!);
  const digits = (parts.fraction ?? '.').slice(1, 4);
  const from = Date.UTC(
    year!,
    month! - 1,
    day,
    hour,
    minute! - offset,
    second,
    Number(digits.padEnd(3, '0')),
  );
  return { from, until: from + 10 ** (3 - digits.length) };
}

/** From the start of a Period to the end of its end; or nothing where it can't be read. */
export function rangeOfPeriod(period: unknown): Range | undefined {
  const { start, end } = object(period);
  if (!hasOnly(period, ['id', 'start', 'end'])) return undefined;
  const first = start === undefined ? { from: -Infinity } : rangeOfDate(start);
  const last = end === undefined ? { until: Infinity } : rangeOfDate(end);
  if (first === undefined || last === undefined || last.until <= first.from) return undefined;
  return { from: first.from, until: last.until };
}

/** Whether a period that has to be understood contains a moment; one that isn't there does. */
export function surelyContains(period: unknown, now: Date): boolean {
  if (period === undefined) return true;
  const range = rangeOfPeriod(period);
  return range !== undefined && range.from <= now.getTime() && now.getTime() < range.until;
}

/** Whether a period that can't be read may contain a moment: it does. */
export function perhapsContains(period: unknown, now: Date): boolean {
  return period === undefined || rangeOfPeriod(period) === undefined || surelyContains(period, now);
}

/** The same day and time some months before, or the end of that month's last day when it has no such day. */
export function monthsBefore(now: Date, months: number): Date {
  const [year, month, day] = [now.getUTCFullYear(), now.getUTCMonth() - months, now.getUTCDate()];
  const lastDay = new Date(Date.UTC(year, month + 1, 0)).getUTCDate();
  if (day > lastDay) return new Date(Date.UTC(year, month + 1, 1));
  const sinceMidnight = now.getTime() - Date.UTC(year, now.getUTCMonth(), day);
  return new Date(Date.UTC(year, month, day) + sinceMidnight);
}

function minutesOf(zone: string): number {
  const [hours, minutes] = zone.slice(1).split(':').map(Number);
  return (zone.startsWith('-') ? -1 : 1) * (hours! * 60 + minutes!);
}
