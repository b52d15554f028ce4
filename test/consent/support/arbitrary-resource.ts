/** Resources of several types at random, with what a Consent may speak of in its several places. */
import fc from 'fast-check';
import type { Resource } from '../../../src/fhir/resource.ts';
import { BASE } from './reference-facts.ts';
import type { Json } from './reference-words.ts';
import {
  CATEGORIES,
  CODES,
  DATES,
  DOCUMENT_TYPES,
  HIDDEN_FROM_PATIENT,
  HIDDEN_FROM_REPRESENTATIVES,
  HL7,
  LABELS,
  MARKS,
  MASKS,
  ODD_LABELS,
  PATIENT,
  POLICY,
  PROFILES,
  REFERENCES,
  TYPES,
} from './universe.ts';

const pick = fc.constantFrom;
const few = <T>(item: fc.Arbitrary<T>, most = 2) => fc.array(item, { maxLength: most });

const label = fc.oneof(
  { weight: 12, arbitrary: pick<Json>(...LABELS, ...MARKS) },
  { weight: 6, arbitrary: pick<Json>(...MASKS) },
  { weight: 3, arbitrary: pick<Json>(...HIDDEN_FROM_PATIENT) },
  { weight: 2, arbitrary: pick<Json>(...HIDDEN_FROM_REPRESENTATIVES) },
  { weight: 1, arbitrary: pick<Json>(...ODD_LABELS) },
);

const parts = fc.record({
  type: fc.oneof(
    { weight: 12, arbitrary: pick(...TYPES) },
    { weight: 4, arbitrary: fc.constant('DocumentReference') },
    { weight: 2, arbitrary: pick('AuditEvent', 'Patient') },
    { weight: 1, arbitrary: fc.constant('AuditEvent') },
  ),
  id: pick('1', '2', 'e', 'c'),
  labels: few(label),
  ownLabels: few(label, 1),
  codes: few(pick<Json>(...CODES, { ...CODES[0]!, _display: { extension: [] } })),
  documentTypes: few(pick<Json>(...DOCUMENT_TYPES), 1),
  categories: few(pick<Json>(...CATEGORIES, CODES[0]!), 1),
  profile: few(pick(...PROFILES), 1),
  dates: few(pick(...DATES), 3),
  about: few(
    fc.oneof(
      { weight: 8, arbitrary: pick('Encounter/e', 'Encounter/e', ...REFERENCES) },
      {
        weight: 1,
        arbitrary: pick(
          `${BASE}/Encounter/e`,
          'Encounter/e/_history/2',
          'https://other.example/fhir/Encounter/e',
          '#e',
        ),
      },
    ),
  ),
  authors: few(pick('Practitioner/gp', 'Organization/hospital', 'Patient/p'), 1),
});
type Parts = typeof parts extends fc.Arbitrary<infer T> ? T : never;

const concept = (coding: Json[]): Json => ({ coding });
const refs = (names: string[]): Json[] => names.map((reference) => ({ reference }));
const period = ([start, end]: string[]): Json => ({
  ...(start === undefined ? {} : { start }),
  ...(end === undefined ? {} : { end }),
});

const actors = (names: string[]): Json[] =>
  refs(names).map((reference) => ({
    role: concept([{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }]),
    reference,
  }));
const nested = (kind: number, about: string[]): Json =>
  kind === 0 ? { type: 'permit', ...(about.length === 1 ? { actor: actors(['Practitioner/gp']) } : {}) } : {};

const REST: Json = { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' };

/** What each type makes of the parts. */
const SHAPES: Record<string, (of: Parts) => Json> = {
  Observation: ({ codes, categories, dates: [first, second, third], about, authors }) => ({
    code: concept(codes),
    category: categories.map((each) => concept([each])),
    ...(third === undefined ? { effectiveDateTime: first } : { effectivePeriod: period([first!, second!]) }),
    issued: third,
    derivedFrom: refs(about),
    performer: refs(authors),
  }),
  DocumentReference: ({
    codes,
    documentTypes,
    categories,
    dates: [first, ...others],
    about,
    authors,
    ownLabels,
  }) => ({
    type: concept([...documentTypes, ...codes]),
    category: categories.map((each) => concept([each])),
    date: first,
    context: { related: refs(about), ...(others.length === 0 ? {} : { period: period(others) }) },
    author: refs(authors),
    securityLabel: ownLabels.map((label) => concept([label])),
  }),
  Encounter: ({ codes, categories, dates, about }) => ({
    class: categories[0],
    type: [concept(codes)],
    ...(dates.length === 0 ? {} : { period: period(dates) }),
    episodeOfCare: refs(about),
  }),
  Condition: ({ codes, categories, dates: [first, second, third], about: [encounter], authors }) => ({
    code: concept(codes),
    category: categories.map((each) => concept([each])),
    onsetDateTime: first,
    ...(second === undefined ? {} : { abatementPeriod: { start: second } }),
    recordedDate: third,
    encounter: refs(encounter === undefined ? [] : [encounter])[0],
    asserter: refs(authors)[0],
  }),
  Composition: ({ codes, categories, dates: [first], about, authors, ownLabels }) => ({
    type: concept(codes),
    category: categories.map((each) => concept([each])),
    date: first,
    section: [{ entry: refs(about) }],
    author: refs(authors),
    confidentiality: ownLabels[0]?.code,
  }),
  QuestionnaireResponse: ({ codes, dates: [first], about, authors }) => ({
    authored: first,
    basedOn: refs(about),
    source: refs(authors)[0],
    item: [{ answer: codes.map((valueCoding) => ({ valueCoding })) }],
  }),
  ImagingStudy: ({ codes, dates: [first], about, authors }) => ({
    modality: codes,
    started: first,
    basedOn: refs(about),
    interpreter: refs(authors),
  }),
  CarePlan: ({ codes, categories, dates, about, authors }) => ({
    category: categories.map((each) => concept([each])),
    activity: [{ detail: { code: concept(codes) } }],
    ...(dates.length === 0 ? {} : { period: period(dates) }),
    partOf: refs(about),
    author: refs(authors)[0],
  }),
  Immunization: ({ codes, dates: [first, second], about: [encounter], authors }) => ({
    vaccineCode: concept(codes),
    occurrenceDateTime: first,
    expirationDate: second,
    encounter: refs(encounter === undefined ? [] : [encounter])[0],
    performer: refs(authors).map((actor) => ({ actor })),
  }),
  AllergyIntolerance: ({ codes, dates: [first, second], about: [encounter], authors }) => ({
    category: ['food'],
    code: concept(codes),
    recordedDate: first,
    lastOccurrence: second,
    encounter: refs(encounter === undefined ? [] : [encounter])[0],
    recorder: refs(authors)[0],
    contained: refs(authors).map((reference) => ({ resourceType: 'Basic', author: reference })),
  }),
  Consent: ({ codes, categories, profile, dates, about, authors, documentTypes }) => ({
    status: 'active',
    scope: concept([
      { system: `${HL7}/consentscope`, code: profile.length === 0 ? 'patient-privacy' : 'treatment' },
    ]),
    dateTime: dates[0],
    policy: categories.map(() => ({ uri: documentTypes.length === 0 ? POLICY.administrator : POLICY.block })),
    provision: {
      ...(dates.length === 3 ? {} : { type: 'permit' }),
      ...(authors.length === 0 ? {} : { actor: actors(authors) }),
      ...(about.length === 2 ? { data: [{ meaning: 'instance', reference: refs(about)[0] }] } : {}),
      ...(codes.length === 2 ? { provision: [nested(documentTypes.length, about)] } : {}),
    },
  }),
  Patient: ({ codes, authors }) => ({
    maritalStatus: concept(codes),
    birthDate: '1980-01-01',
    generalPractitioner: refs(authors),
  }),
  // most tell of what was granted
  AuditEvent: ({ codes, profile, dates: [first], about, authors }) => ({
    type: codes.length < 2 ? REST : codes[0],
    outcome: profile.length === 0 ? '0' : '4',
    recorded: first,
    agent: refs(authors).map((who) => ({ who })),
    source: { observer: refs(authors)[0] },
    entity: refs(about).map((what) => ({ what })),
  }),
};

export const resources: fc.Arbitrary<Resource> = parts.map((of) => {
  const { type, labels, profile } = of;
  const id = type === 'Patient' ? PATIENT : of.id;
  const whole = { resourceType: type, id, meta: { security: labels, profile }, ...SHAPES[type]!(of) };
  return JSON.parse(JSON.stringify({ ...whole, ...SUBJECT[type] })) as Resource;
});

/** Whose data it is; not all say so by `subject`. */
const SUBJECT: Record<string, Json> = Object.fromEntries(TYPES.map((type) => [type, subjectOf(type)]));

function subjectOf(type: string): Json {
  if (type === 'Patient' || type === 'AuditEvent') return {};
  const owner = { reference: `Patient/${PATIENT}` };
  return /^(Immunization|AllergyIntolerance|Consent)$/.test(type) ? { patient: owner } : { subject: owner };
}
