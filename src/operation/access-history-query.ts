/** What is asked of an access history: whose doings, of what, when, in which form. */
import { KINDS, type Kind } from '../audit/history/kinds.ts';
import { soughtKind } from '../audit/history/sought.ts';
import { USUAL_ZONE, dayIn, isZone } from '../audit/history/when.ts';
import type { Language } from '../consent/reasons.ts';
import { dateRange } from '../fhir/dates.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Exchange } from '../interaction/exchange.ts';
import { languageOf } from './language.ts';

export const FORMS = ['parameters', 'bundle', 'csv', 'pdf'] as const;
export type Form = (typeof FORMS)[number];

export interface Asked {
  /** What finds the traces; the least frequent first, since it is looked for by an index. */
  sought: readonly string[];
  /** Of what alone it is told. */
  document?: string;
  /** Milliseconds UTC, from <= t < until. */
  from?: number;
  until?: number;
  zone: string;
  language: Language;
  form: Form;
  /** Visits of a page; absent: as many as are usual. */
  count?: number;
  byPerson: boolean;
}

export type Pairs = readonly (readonly [string, string])[];

const ALLOWED = ['person', 'document', 'date', 'kind', 'group', 'zone', 'language', 'as', '_count'];
/** Another name for it, as AuditEvent's own search has. */
const ALIASES: Readonly<Record<string, string>> = { agent: 'person' };
const REPEATED = new Set(['date']);
const LANGUAGES = ['fr', 'en'];
const GROUPS = ['visit', 'person'];
const REFERENCE = /^[A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;
const PREFIXED = /^(eq|ge|gt|le|lt|sa|eb)?(\d.*)$/;
/** Kinds that few traces are, and those that most are. */
const RARE: ReadonlySet<Kind> = new Set(['emergency', 'consent', 'refused', 'failed', 'delete']);
const MEDIA: Readonly<Record<string, Form>> = {
  'text/csv': 'csv',
  'application/pdf': 'pdf',
};

/** @throws FhirError 400 */
export function askedIn(exchange: Pick<Exchange, 'header' | 'format'>, query: Pairs): Asked {
  const pairs = query.map(([name, value]): [string, string] => [ALIASES[name] ?? name, value]);
  check(pairs);
  const value = (name: string): string | undefined => pairs.find(([each]) => each === name)?.[1];
  const zone = value('zone') ?? USUAL_ZONE;
  if (!isZone(zone)) throw refused('zone', zone, 'a time zone such as `Europe/Paris`');
  const [person, document] = [
    referenceIn('person', value('person')),
    referenceIn('document', value('document')),
  ];
  const kind = oneOf('kind', value('kind'), KINDS);
  const form = oneOf('as', value('as'), FORMS) ?? formWanted(exchange);
  const byPerson = oneOf('group', value('group'), GROUPS) === 'person';
  if (byPerson && form !== 'parameters')
    throw new FhirError('not-supported', '`group=person` is told as `parameters` alone');
  return {
    sought: soughtFor({ person, document, kind }),
    ...(document === undefined ? {} : { document }),
    ...periodIn(pairs, zone),
    zone,
    language:
      oneOf('language', value('language')?.split('-', 1)[0], LANGUAGES as Language[]) ?? languageOf(exchange),
    form,
    ...countIn(value('_count')),
    byPerson,
  };
}

function check(pairs: Pairs): void {
  const unknown = pairs.find(([name]) => !ALLOWED.includes(name));
  if (unknown !== undefined) {
    throw new FhirError(
      'not-supported',
      `parameter \`${unknown[0].slice(0, 60)}\` is not supported; allowed: ${ALLOWED.join(', ')}`,
    );
  }
  const names = pairs.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) < index && !REPEATED.has(name));
  if (twice !== undefined) throw new FhirError('value', `one \`${twice}\` at most`);
}

function soughtFor({
  person,
  document,
  kind,
}: Record<'person' | 'document', string | undefined> & { kind: Kind | undefined }): string[] {
  const named = kind === undefined ? [] : [soughtKind(kind)];
  const rare = kind !== undefined && RARE.has(kind);
  const others = [document, ...(rare ? named : []), person, ...(rare ? [] : named)];
  return others.filter((each) => each !== undefined);
}

function referenceIn(name: string, value: string | undefined): string | undefined {
  if (value !== undefined && !REFERENCE.test(value)) throw refused(name, value, 'one `Type/id`');
  return value;
}

function oneOf<T extends string>(
  name: string,
  value: string | undefined,
  allowed: readonly T[],
): T | undefined {
  if (value === undefined || allowed.includes(value as T)) return value as T | undefined;
  throw refused(name, value, allowed.join(', '));
}

function refused(name: string, value: string, allowed: string): FhirError {
  return new FhirError('value', `\`${value.slice(0, 60)}\` is no value of \`${name}\`; allowed: ${allowed}`);
}

function countIn(value: string | undefined): { count?: number } {
  if (value === undefined) return {};
  if (!/^[1-9]\d{0,5}$/.test(value)) throw refused('_count', value, 'a whole number from 1');
  return { count: Number(value) };
}

/** Days and times without a zone of their own are those of the reader. */
function periodIn(pairs: Pairs, zone: string): { from?: number; until?: number } {
  let [from, until] = [-Infinity, Infinity];
  for (const [name, value] of pairs) {
    if (name !== 'date') continue;
    const [, prefix = 'eq', text = ''] = PREFIXED.exec(value.replace(/ (?=\d\d:\d\d$)/, '+')) ?? [];
    const range = dateRange(text);
    if (range === undefined)
      throw refused('date', value, 'such as `2026-03-12`, `ge2026-03` or `le2026-03-12T14:05`');
    const zoned = /T.*(?:Z|[+-]\d\d:\d\d)$/.test(text);
    const [lo, hi] = zoned ? [range.lo, range.hi] : [dayIn(range.lo, zone), dayIn(range.hi, zone)];
    if (prefix === 'eq' || prefix === 'ge') from = Math.max(from, lo);
    if (prefix === 'gt' || prefix === 'sa') from = Math.max(from, hi);
    if (prefix === 'eq' || prefix === 'le') until = Math.min(until, hi);
    if (prefix === 'lt' || prefix === 'eb') until = Math.min(until, lo);
  }
  return { ...(from === -Infinity ? {} : { from }), ...(until === Infinity ? {} : { until }) };
}

/** By `_format`, else by the first of `Accept`. */
function formWanted({ format, header }: Pick<Exchange, 'header' | 'format'>): Form {
  const wanted = format ?? header('accept')?.split(',', 1)[0] ?? '';
  return MEDIA[wanted.split(';', 1)[0]!.trim().toLowerCase()] ?? 'parameters';
}
