/**
 * What the gate may know of a resource beside its type and patients: what it is, when it happened, what it refers
 * to and who made it. Taken when it is written, so that deciding never opens a body.
 */
import { dateRange } from './dates.ts';
import { schema } from './definitions/index.ts';
import type { Coding, Json, Resource } from './resource.ts';
import { LOCAL, WHOLE, namesOf } from './whole.ts';

export interface ResourceFacts {
  /**
   * `code=system|code` of every coding in it, `class=system|code` of its category or class, `kind=system|code` of a
   * document's type or of what a trace tells, `coded=system|code` of its own `code` (see CODED), `profile=` canonical,
   * with and without its version.
   */
  codes: string[];
  /** From the first to the last of its dates, milliseconds UTC, from <= t < until. */
  from?: number;
  until?: number;
  /** Local references in it, `Type/id`; of what is hidden as a whole all that it names: see whole.ts. */
  about: string[];
  /** Those of them who made it. */
  authors: string[];
}

/** Stands among codes or references for those beyond the bound: a deny must take it for any. */
export const MORE = '*';
const MOST = 100;
/** What is hidden as a whole when something that it names is, as traces are; with more it is its depositor's alone. */
const MOST_NAMED = 2000;
const AUTHORS = new Set(
  'author recorder asserter performer requester source sender informationSource enterer interpreter resultsInterpreter operator'.split(
    ' ',
  ),
);
const CLASSES = new Set(['category', 'class']);
/** Labels are attributes of their own; what the server sets says nothing of the resource. */
const APART = new Set(['meta', 'securityLabel', 'text']);
/** What a Coding may hold, whatever the element's name. https://hl7.org/fhir/R4/datatypes.html#Coding */
const CODING = new Set(['id', 'extension', 'system', 'version', 'code', 'display', 'userSelected']);
const WHEN = /^(date|dateTime|instant|Period|Timing)$/;
/** Not when something happened. */
const NO_EVENT = new Set(['birthDate', 'deceasedDateTime', 'expirationDate']);
const EVER = 8.64e15;

/** `base`: the server's own FHIR base; references that begin with it are local. */
export function factsOf(resource: Resource, base = ''): ResourceFacts {
  // first, so that the bound leaves them in
  const codes = new Set([...kindsOf(resource), ...codedOf(resource)]);
  const about = new Set<string>();
  const authors = new Set<string>();
  const visit = (value: unknown, root: string): void => {
    if (Array.isArray(value)) for (const item of value) visit(item, root);
    else if (typeof value === 'object' && value !== null) {
      const { system, code, reference } = value as Coding & Json;
      if (
        typeof code === 'string' &&
        Object.keys(value).every((name) => CODING.has(name.replace(/^_/, '')))
      ) {
        codes.add(`code=${system ?? ''}|${code}`);
        if (CLASSES.has(root)) codes.add(`class=${system ?? ''}|${code}`);
      }
      if (typeof reference === 'string') {
        const own = base !== '' && reference.startsWith(`${base}/`);
        const [, type, id] = LOCAL.exec(own ? reference.slice(base.length + 1) : reference) ?? [];
        if (type !== undefined) {
          about.add(`${type}/${id}`);
          if (AUTHORS.has(root)) authors.add(`${type}/${id}`);
        }
      }
      for (const item of Object.values(value)) visit(item, root);
    }
  };
  for (const [name, value] of Object.entries(resource)) {
    if (!APART.has(name)) visit(value, name);
  }
  for (const profile of resource.meta?.profile ?? []) {
    codes.add(`profile=${profile}`).add(`profile=${profile.split('|', 1)[0]}`);
  }
  const bounded = (found: Set<string>, more: string, most = MOST): string[] =>
    found.size > most ? [...[...found].slice(0, most), more] : [...found];
  return {
    codes: bounded(codes, `code=${MORE}`),
    ...hullOf(resource),
    about: WHOLE.has(resource.resourceType)
      ? bounded(namesOf(resource, base), MORE, MOST_NAMED)
      : bounded(about, MORE, resource.resourceType === 'AuditEvent' ? MOST_NAMED : MOST),
    authors: bounded(authors, MORE),
  };
}

/** Of an AuditEvent: a request was granted; no login, account or decision. */
export const GRANTED = 'kind=https://carnet.example/fhir/CodeSystem/trace|granted';
const GRANTING: ReadonlySet<string> = new Set([
  'http://terminology.hl7.org/CodeSystem/audit-event-type|rest',
  // what the server sent by itself
  'http://dicom.nema.org/resources/ontology/DCM|110106',
]);

function kindsOf(resource: Resource): string[] {
  const { resourceType, type } = resource;
  if (resourceType === 'AuditEvent') return isGranted(resource) ? [GRANTED] : [];
  if (resourceType !== 'DocumentReference') return [];
  const codings = (type as { coding?: unknown } | undefined)?.coding;
  return (Array.isArray(codings) ? (codings as Coding[]) : []).map(
    ({ system = '', code = '' }) => `kind=${system}|${code}`,
  );
}

/** Types whose search parameter `code` is their element `code` and nothing else. https://hl7.org/fhir/R4/searchparameter-registry.html */
export const CODED: ReadonlySet<string> = new Set([
  'Condition',
  'DiagnosticReport',
  'List',
  'Observation',
  'Procedure',
  'ServiceRequest',
]);
/** Codings of one `code` that are kept as such: what needs another of them isn't given. */
const MOST_CODED = 10;

function codedOf({ resourceType, code }: Resource): string[] {
  if (!CODED.has(resourceType)) return [];
  const { coding } = (code ?? {}) as { coding?: unknown };
  return (Array.isArray(coding) ? (coding as (Coding | null)[]) : [])
    .slice(0, MOST_CODED)
    .flatMap((each) => (each?.code === undefined ? [] : [`coded=${each.system ?? ''}|${each.code}`]));
}

export function isGranted({ type, outcome }: Resource): boolean {
  const { system, code } = (type ?? {}) as Coding;
  return outcome === '0' && GRANTING.has(`${system}|${code}`);
}

function hullOf(resource: Resource): { from?: number; until?: number } {
  let from = Infinity;
  let until = -Infinity;
  const take = (lo: number, hi: number): void => {
    from = Math.min(from, lo);
    until = Math.max(until, hi);
  };
  const takeDate = (value: unknown): void => {
    const range = typeof value === 'string' ? dateRange(value) : undefined;
    if (range !== undefined) take(range.lo, range.hi);
  };
  const { resourceType, context } = resource;
  for (const value of [...datesIn(resource, resourceType), ...datesIn(context, `${resourceType}.context`)]) {
    if (typeof value === 'object' && value !== null) {
      // what doesn't say when it began or ended may last, and a Timing may be ever
      const { start, end } = value as Json;
      takeDate(start);
      takeDate(end);
      if (start === undefined) take(-EVER, -EVER);
      if (end === undefined) take(EVER, EVER);
    } else takeDate(value);
  }
  return until === -Infinity ? {} : { from, until };
}

/** The values of the elements of a type or path that say when. */
function datesIn(owner: unknown, path: string): unknown[] {
  if (typeof owner !== 'object' || owner === null) return [];
  return dated(path).flatMap((name) => (owner as Json)[name] ?? []);
}

const found = new Map<string, string[]>();

function dated(path: string): string[] {
  const kept = found.get(path);
  if (kept !== undefined) return kept;
  const elements = Object.entries(schema().definitions[path]?.properties ?? {});
  const names = elements
    .filter(
      ([name, { $ref, items }]) =>
        WHEN.test(($ref ?? items?.$ref ?? '').replace(/^.*\//, '')) && !NO_EVENT.has(name),
    )
    .map(([name]) => name);
  found.set(path, names);
  return names;
}
