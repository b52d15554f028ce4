/** "What is read of a resource" of `conformance/consent-rules.md`, for the types that tests use. */
import { type Range, rangeOfDate } from './reference-dates.ts';
import { type Coding, items, textOf, type Json, object, objectsIn } from './reference-words.ts';

/** The server's own address, for references that begin with it. */
export const BASE = 'https://carnet.example/fhir';

const MARKS = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

/** Elements of type date, dateTime, instant, Period and Timing that tell when. */
const DATES: Record<string, string[]> = {
  AllergyIntolerance: ['onsetDateTime', 'onsetPeriod', 'recordedDate', 'lastOccurrence'],
  AuditEvent: ['period', 'recorded'],
  Appointment: ['start', 'end', 'created', 'requestedPeriod'],
  CarePlan: ['period', 'created'],
  Composition: ['date'],
  Consent: ['dateTime'],
  Condition: ['onsetDateTime', 'onsetPeriod', 'abatementDateTime', 'abatementPeriod', 'recordedDate'],
  DocumentReference: ['date'],
  Encounter: ['period'],
  ImagingStudy: ['started'],
  Immunization: ['occurrenceDateTime', 'recorded'],
  Observation: ['effectiveDateTime', 'effectivePeriod', 'effectiveInstant', 'effectiveTiming', 'issued'],
  QuestionnaireResponse: ['authored'],
};

const AUTHORS = [
  'author',
  'recorder',
  'asserter',
  'performer',
  'requester',
  'source',
  'sender',
  'informationSource',
  'enterer',
  'interpreter',
  'resultsInterpreter',
  'operator',
];

export function labelsOf(resource: Json): Coding[] {
  const documents = items(resource.securityLabel).flatMap((concept) => items(object(concept).coding));
  const marks = resource.resourceType === 'Composition' && resource.confidentiality !== undefined;
  return [
    ...items(object(resource.meta).security).map(asCoding),
    ...documents.map(asCoding),
    ...(marks ? [{ system: MARKS, code: textOf(resource.confidentiality) }] : []),
  ];
}

/** A profile that is claimed in a version is claimed. */
export function profilesOf(resource: Json): string[] {
  return items(object(resource.meta).profile).flatMap((profile) => [
    textOf(profile),
    textOf(profile).split('|')[0]!,
  ]);
}

/** The codings of its category or class. */
export function kindsOf({ category, class: classes }: Json): Coding[] {
  return codingsWithin([category, classes]);
}

/** The codings of a document's type. */
export function typesOf({ type }: Json): Coding[] {
  return codingsWithin(type);
}

/** Every coding in it, but labels, tags and narrative. */
export function codingsIn(resource: Json): Coding[] {
  return codingsWithin(contentOf(resource));
}

/** From the first of its dates to the last, or nothing. */
export function datesOf(resource: Json): Range | undefined {
  const named = (DATES[textOf(resource.resourceType)] ?? []).flatMap((name) => items(resource[name]));
  const context = resource.resourceType === 'DocumentReference' ? items(object(resource.context).period) : [];
  const ranges = [...named, ...context].flatMap((value) => whenOf(value) ?? []);
  if (ranges.length === 0) return undefined;
  return {
    from: Math.min(...ranges.map(({ from }) => from)),
    until: Math.max(...ranges.map(({ until }) => until)),
  };
}

/** Whether it refers to `Type/id`. */
export function mentions(resource: Json, reference: string): boolean {
  return referencesIn(contentOf(resource)).includes(reference);
}

export function authorsOf(resource: Json): string[] {
  return referencesIn(AUTHORS.map((name) => resource[name]));
}

/** A date; a Period, open where it doesn't say; a Timing, which may be ever. */
function whenOf(value: unknown): Range | undefined {
  if (typeof value === 'string') return rangeOfDate(value);
  const { start, end } = object(value);
  if (start === undefined && end === undefined) return { from: -Infinity, until: Infinity };
  const said = [start, end].flatMap((date) => rangeOfDate(date) ?? []);
  return {
    from: start === undefined ? -Infinity : Math.min(...said.map(({ from }) => from)),
    until: end === undefined ? Infinity : Math.max(...said.map(({ until }) => until)),
  };
}

function contentOf({ meta: _meta, securityLabel: _labels, text: _narrative, ...content }: Json): Json {
  return content;
}

function codingsWithin(value: unknown): Coding[] {
  return objectsIn(value)
    .filter(
      (each) =>
        typeof each.code === 'string' &&
        Object.keys(each).every((name) =>
          /^_?(id|extension|system|version|code|display|userSelected)$/.test(name),
        ),
    )
    .map(asCoding);
}

function referencesIn(value: unknown): string[] {
  return objectsIn(value).flatMap(({ reference }) => {
    if (typeof reference !== 'string') return [];
    const local = reference.startsWith(`${BASE}/`) ? reference.slice(BASE.length + 1) : reference;
    return /^[A-Z][A-Za-z]+\/[^/]+(\/_history\/[^/]+)?$/.test(local)
      ? [local.split('/').slice(0, 2).join('/')]
      : [];
  });
}

function asCoding(value: unknown): Coding {
  const { system, code } = object(value);
  return { system: textOf(system), code: textOf(code) };
}
