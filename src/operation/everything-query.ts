/** What is asked of `$everything`: which types, of when. https://hl7.org/fhir/R4/patient-operation-everything.html */
import { dateRange } from '../fhir/dates.ts';
import { isResourceType } from '../fhir/definitions/index.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Bounds } from '../interaction/context.ts';

export interface EverythingAsked {
  /** Of the compartment. */
  types: string[];
  /** Whether a type is to be told at all. */
  isAsked: (type: string) => boolean;
  count: number;
  /** When care took place: milliseconds UTC, from <= t < until. */
  from?: number;
  until?: number;
  /** Last changed then or later. */
  since?: number;
}

/** Resources of a page unless told. */
const USUAL = 200;
const CARE = ['start', 'end'];
const COMMON = ['_since', '_type', '_count'];
/** The length of a list that is still looked at. */
const MOST_TYPES = 200;

/** @throws FhirError 400 */
export function everythingAsked(
  pairs: readonly (readonly [string, string])[],
  of: string,
  members: readonly string[],
  { maxCount }: Bounds,
): EverythingAsked {
  const allowed = of === 'Patient' ? [...CARE, ...COMMON] : COMMON;
  const asked: EverythingAsked = { types: [...members], isAsked: () => true, count: USUAL };
  const listed: string[] = [];
  const seen = new Set<string>();
  for (const [name, value] of pairs) {
    if (!allowed.includes(name)) {
      throw new FhirError(
        'not-supported',
        `parameter \`${name.slice(0, 60)}\` is not supported; allowed: ${allowed.join(', ')}`,
      );
    }
    if (seen.has(name) && name !== '_type') throw new FhirError('value', `one \`${name}\` at most`);
    seen.add(name);
    if (name === '_type') listed.push(...value.split(',', MOST_TYPES));
    else if (name === '_count') asked.count = Math.min(countIn(value), maxCount);
    else if (name === 'start') asked.from = dateIn(name, value).lo;
    else if (name === 'end') asked.until = dateIn(name, value).hi;
    else asked.since = dateIn(name, value).lo;
  }
  if (seen.has('_type')) {
    for (const type of listed) if (!isResourceType(type)) throw unknownType(type);
    const wanted = new Set(listed);
    asked.isAsked = (type) => wanted.has(type);
    asked.types = members.filter(asked.isAsked);
  }
  return asked;
}

function countIn(value: string): number {
  if (/^[1-9]\d{0,8}$/.test(value)) return Number(value);
  throw new FhirError('value', '`_count` is a number from 1');
}

function dateIn(name: string, value: string): { lo: number; hi: number } {
  const range = dateRange(value.replace(/ (?=\d\d:\d\d$)/, '+'));
  if (range !== undefined) return range;
  throw new FhirError('value', `\`${name}\` is a date or an instant, such as \`2024-02-29\``);
}

function unknownType(type: string): FhirError {
  return new FhirError('value', `\`${type.slice(0, 60)}\` in \`_type\` is no resource type`);
}
