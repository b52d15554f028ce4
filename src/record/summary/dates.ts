/** Dates of FHIR, of any precision, in words: « 12 mars 2024 », « mars 2024 ». */
import { USUAL_ZONE } from '../../audit/history/when.ts';
import type { Language } from '../../consent/reasons.ts';
import { dateRange } from '../../fhir/dates.ts';
import { isObject } from './elements.ts';

const YEAR = 4;
const MONTH = 7;
const DAY = 10;

/** As it was written, where it is no date. */
export function dayOf(text: string, language: Language): string {
  const range = dateRange(text);
  if (range === undefined || text.length === YEAR) return text;
  const words = new Intl.DateTimeFormat(language === 'fr' ? 'fr-FR' : 'en-GB', {
    year: 'numeric',
    month: 'long',
    ...(text.length === MONTH ? {} : { day: 'numeric' }),
    timeZone: text.length > DAY ? USUAL_ZONE : 'UTC',
  }).format(range.lo);
  return words.replace(/^1 (?=\p{L})/u, language === 'fr' ? '1er ' : '1 ');
}

/** Of `effectiveDateTime`, `effectivePeriod` and the like. */
export function whenOf(value: unknown, language: Language): string | undefined {
  if (typeof value === 'string') return dayOf(value, language);
  if (!isObject(value)) return undefined;
  const [start, end] = [value.start, value.end].map((each) =>
    typeof each === 'string' ? dayOf(each, language) : undefined,
  );
  const words = language === 'fr' ? FRENCH : ENGLISH;
  if (start !== undefined && end !== undefined) return start === end ? start : words.both(start, end);
  if (start !== undefined) return words.since(start);
  return end === undefined ? undefined : words.until(end);
}

const FRENCH = {
  both: (start: string, end: string) => `${start} – ${end}`,
  since: (start: string) => `depuis ${start.startsWith('1er') || /^\d/.test(start) ? `le ${start}` : start}`,
  until: (end: string) => `jusqu’au ${end}`,
};
const ENGLISH: typeof FRENCH = {
  both: (start, end) => `${start} – ${end}`,
  since: (start) => `since ${start}`,
  until: (end) => `until ${end}`,
};
