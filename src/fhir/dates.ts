/** Dates of any precision as ranges of instants: https://hl7.org/fhir/R4/datatypes.html#dateTime */

const DATE =
  /^(\d{4})(?:-(\d{2})(?:-(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,9}))?)?(Z|[+-]\d{2}:\d{2})?)?)?)?$/;

/**
 * Milliseconds UTC, lo <= t < hi: `2024-02` is the whole of February. Without a zone, UTC.
 * Undefined for what is no date, such as `2023-02-30`.
 */
export function dateRange(value: string): { lo: number; hi: number } | undefined {
  const parts = DATE.exec(value);
  if (parts === null) return undefined;
  const [, year, month, day, hour, minute, second, fraction, zone] = parts;
  const y = Number(year);
  const m = month === undefined ? 0 : Number(month) - 1;
  const d = day === undefined ? 1 : Number(day);
  if (m > 11 || m < 0 || d < 1 || d > daysIn(y, m)) return undefined;
  if (month === undefined) return { lo: utc(y, 0, 1), hi: utc(y + 1, 0, 1) };
  if (day === undefined) return { lo: utc(y, m, 1), hi: utc(y, m + 1, 1) };
  const lo = utc(y, m, d);
  if (hour === undefined) return { lo, hi: lo + 86_400_000 };
  const h = Number(hour);
  const min = Number(minute);
  const s = second === undefined ? 0 : Number(second);
  const offset = zone === undefined || zone === 'Z' ? 0 : offsetOf(zone);
  if (h > 24 || min > 59 || s > 60 || offset === undefined || (h === 24 && (min > 0 || s > 0)))
    return undefined;
  const minutes = lo + (h * 60 + min - offset) * 60_000;
  if (second === undefined) return { lo: minutes, hi: minutes + 60_000 };
  const seconds = minutes + Math.min(s, 59) * 1000;
  if (fraction === undefined) return { lo: seconds, hi: seconds + 1000 };
  const digits = fraction.slice(0, 3);
  const exact = seconds + Number(digits.padEnd(3, '0'));
  return { lo: exact, hi: exact + 10 ** (3 - digits.length) };
}

/** Years below 100 are not of the 20th century. */
function utc(year: number, month: number, day: number): number {
  if (year >= 100) return Date.UTC(year, month, day);
  const date = new Date(Date.UTC(2000, month, day));
  return date.setUTCFullYear(year + Math.floor(month / 12), month % 12, day);
}

function daysIn(year: number, month: number): number {
  const leap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  return month === 1 ? (leap ? 29 : 28) : [3, 5, 8, 10].includes(month) ? 30 : 31;
}

function offsetOf(zone: string): number | undefined {
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(4, 6));
  if (hours > 14 || minutes > 59) return undefined;
  return (zone.startsWith('-') ? -1 : 1) * (hours * 60 + minutes);
}
