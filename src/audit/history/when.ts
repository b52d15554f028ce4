/** Moments in words, in a time zone: « le 12 mars à 14 h 05 », "on 12 March at 14:05". */
import type { Language } from '../../consent/reasons.ts';

export interface Clock {
  language: Language;
  /** A zone of the IANA database, such as `Europe/Paris`. */
  zone: string;
  /** Milliseconds: a year is told when it is another than that of now. */
  now: number;
}

export const USUAL_ZONE = 'Europe/Paris';

interface Moment {
  year: string;
  month: string;
  day: string;
  hour: string;
  minute: string;
}

const formats = new Map<string, Intl.DateTimeFormat>();
const MOST_FORMATS = 200;

function formatOf(zone: string, language: Language): Intl.DateTimeFormat {
  const name = `${zone} ${language}`;
  let format = formats.get(name);
  if (format === undefined) {
    format = new Intl.DateTimeFormat(language === 'fr' ? 'fr-FR' : 'en-GB', {
      timeZone: zone,
      year: 'numeric',
      month: 'long',
      day: 'numeric',
      hour: '2-digit',
      minute: '2-digit',
      hourCycle: 'h23',
    });
    if (formats.size >= MOST_FORMATS) formats.clear();
    formats.set(name, format);
  }
  return format;
}

export function isZone(zone: string): boolean {
  try {
    formatOf(zone, 'en');
    return /^[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*$/.test(zone);
  } catch {
    return false;
  }
}

function momentOf(at: number, { zone, language }: Pick<Clock, 'zone' | 'language'>): Moment {
  const parts = formatOf(zone, language).formatToParts(at);
  const part = (type: string): string => parts.find((each) => each.type === type)?.value ?? '';
  return {
    year: part('year'),
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
  };
}

/** The moment at which the clocks of a zone show what those of UTC show at another. */
export function dayIn(shown: number, zone: string): number {
  // twice: the clocks may change between the two
  return shown - ahead(shown - ahead(shown, zone), zone);
}

/** By how much the clocks of a zone are ahead of UTC's. Milliseconds. */
function ahead(at: number, zone: string): number {
  const { year, month, day, hour, minute } = momentOf(at, { zone, language: 'en' });
  const shown = Date.parse(`${day} ${month} ${year.padStart(4, '0')} ${hour}:${minute} UTC`);
  return shown - Math.floor(at / 60_000) * 60_000;
}

/** `2026-03-12 14:05:07`, as the clocks of the zone showed it. */
export function stamp(at: number, { zone }: Pick<Clock, 'zone'>): string {
  return new Date(at + ahead(at, zone)).toISOString().slice(0, 19).replace('T', ' ');
}

const years = new WeakMap<Clock, string>();

function yearOf(clock: Clock): string {
  let year = years.get(clock);
  if (year === undefined) years.set(clock, (year = momentOf(clock.now, clock).year));
  return year;
}

/** From when to when; one moment when both are of one minute. */
export function during(from: number, to: number, clock: Clock): string {
  const begin = momentOf(from, clock);
  const end = from === to ? begin : momentOf(to, clock);
  const thisYear = yearOf(clock);
  const withYear = begin.year !== thisYear || end.year !== thisYear;
  const words = clock.language === 'fr' ? FRENCH : ENGLISH;
  const [day, other] = [words.day(begin, withYear), words.day(end, withYear)];
  const [time, until] = [words.time(begin), words.time(end)];
  if (day !== other) return words.days(day, time, other, until);
  return time === until ? words.at(day, time) : words.between(day, time, until);
}

interface Words {
  day(moment: Moment, withYear: boolean): string;
  time(moment: Moment): string;
  at(day: string, time: string): string;
  between(day: string, from: string, to: string): string;
  days(day: string, time: string, other: string, until: string): string;
}

const FRENCH: Words = {
  day: ({ day, month, year }, withYear) =>
    `${day === '1' ? '1er' : day} ${month}${withYear ? ` ${year}` : ''}`,
  time: ({ hour, minute }) => `${Number(hour)} h ${minute}`,
  at: (day, time) => `le ${day} à ${time}`,
  between: (day, from, to) => `le ${day} de ${from} à ${to}`,
  days: (day, time, other, until) => `du ${day} à ${time} au ${other} à ${until}`,
};

const ENGLISH: Words = {
  day: ({ day, month, year }, withYear) => `${day} ${month}${withYear ? ` ${year}` : ''}`,
  time: ({ hour, minute }) => `${hour}:${minute}`,
  at: (day, time) => `on ${day} at ${time}`,
  between: (day, from, to) => `on ${day} from ${from} to ${to}`,
  days: (day, time, other, until) => `from ${day} at ${time} to ${other} at ${until}`,
};
