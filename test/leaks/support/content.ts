/** What two worlds hold: the same for both, and what only one of them holds besides, hidden from those who ask. */
import type { Resource } from '../../../src/fhir/resource.ts';
import { HIDDEN_AS_A_WHOLE, HIDDEN_AS_A_WHOLE_KEYS, NAMING_NOTHING_HIDDEN, lot } from './naming.ts';

const INS = 'urn:oid:1.2.250.1.213.1.4.10';
const LOINC = 'http://loinc.org';
const SECRET = 'https://secret.example/codes';
export const BASE_TIME = '2024-03-01T08:00:00Z';

/** Of what no scanner can say anything: it is held back. */
export const HELD = Buffer.from('held back');

const patient = (id: string) => ({ reference: `Patient/${id}` });
const concept = (code: string, system = LOINC) => ({ coding: [{ system, code }] });
const xhtml = (text: string) => ({
  status: 'generated',
  div: `<div xmlns="http://www.w3.org/1999/xhtml">${text}</div>`,
});

export function person(id: string, family: string, number: string): Resource {
  return {
    resourceType: 'Patient',
    id,
    identifier: [{ system: INS, value: number }],
    name: [{ family, given: [id] }],
    birthDate: '1980-02-03',
  };
}

export function consent(id: string, of: string, provision: object): Resource {
  return {
    resourceType: 'Consent',
    id,
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [concept('59284-0')],
    patient: patient(of),
    dateTime: BASE_TIME,
    policy: [{ uri: 'https://policy.example/1' }],
    provision: provision as Resource,
  };
}

export const actor = (reference: string) => ({
  role: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' }] },
  reference: { reference },
});

export function document(id: string, of: string, more: object = {}): Resource {
  return {
    resourceType: 'DocumentReference',
    id,
    status: 'current',
    type: concept('34112-3'),
    subject: patient(of),
    date: BASE_TIME,
    description: `document ${id}`,
    content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
    ...more,
  };
}

export function observation(id: string, of: string, value: number, more: object = {}): Resource {
  return {
    resourceType: 'Observation',
    id,
    status: 'final',
    code: concept('8302-2'),
    subject: patient(of),
    effectiveDateTime: BASE_TIME,
    valueQuantity: { value, unit: 'cm', system: 'http://unitsofmeasure.org', code: 'cm' },
    ...more,
  };
}

const encounter = (id: string, of: string, status: string, more: object = {}): Resource => ({
  resourceType: 'Encounter',
  id,
  status,
  ...more,
  identifier: [{ system: SECRET, value: id }],
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  subject: patient(of),
});

const appointment = (id: string, ...of: string[]): Resource => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start: '2024-06-01T08:00:00Z',
  end: '2024-06-01T08:30:00Z',
  participant: of.map((each) => ({ actor: patient(each), status: 'accepted' })),
});

const allergy = (id: string, of: string): Resource => ({
  resourceType: 'AllergyIntolerance',
  id,
  clinicalStatus: concept('active', 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical'),
  patient: patient(of),
});

const allergies = (id: string, of: string, date: string, ...items: string[]): Resource => ({
  resourceType: 'List',
  id,
  status: 'current',
  mode: 'working',
  date,
  code: concept('48765-2'),
  subject: patient(of),
  entry: items.map((item) => ({ item: { reference: `AllergyIntolerance/${item}` } })),
});

export const FORM = 'https://secret.example/form';
const answers = (id: string, of: string, form: string): Resource => ({
  resourceType: 'QuestionnaireResponse',
  id,
  status: 'completed',
  subject: patient(of),
  questionnaire: form,
});

/** With what it reports inside. */
const report = (id: string, of: string, value: number, effectiveDateTime: string): Resource => ({
  resourceType: 'DiagnosticReport',
  id,
  status: 'final',
  code: concept('58410-2'),
  subject: patient(of),
  result: [{ reference: '#inside' }],
  contained: [observation('inside', of, value, { effectiveDateTime })],
});

/** Vera and Wim let the GP read; what they have names things that only one world holds. */
export const SHARED_CONTENT: readonly Resource[] = [
  { resourceType: 'Organization', id: 'other', name: 'Another hospital' },
  { resourceType: 'Practitioner', id: 'demo-gp', name: [{ family: 'Lambert' }] },
  person('vera', 'Martin', '255069999999934'),
  person('wim', 'Durand', '279035121518989'),
  consent('vera-gp', 'vera', { type: 'permit', actor: [actor('Practitioner/demo-gp')] }),
  consent('wim-gp', 'wim', { type: 'permit', actor: [actor('Practitioner/demo-gp')] }),
  encounter('vera-enc', 'vera', 'finished'),
  document('vera-doc1', 'vera', {
    identifier: [{ system: SECRET, value: 'twice' }],
    date: '2024-01-01T08:00:00Z',
    content: [{ attachment: { contentType: 'text/plain', url: 'Binary/vera-bin' } }],
  }),
  document('vera-doc2', 'vera', {
    date: '2024-01-03T08:00:00Z',
    author: [{ reference: 'Practitioner/demo-gp' }],
    relatesTo: [{ code: 'appends', target: { reference: 'DocumentReference/hugo-doc' } }],
    context: { encounter: [{ reference: 'Encounter/hugo-enc' }] },
  }),
  document('vera-doc3', 'vera', {
    date: '2024-01-02T08:00:00Z',
    context: { encounter: [{ reference: 'Encounter/vera-enc' }] },
  }),
  document('wim-doc', 'wim', { text: xhtml('harmless words') }),
  observation('vera-obs1', 'vera', 10, {
    encounter: { reference: 'Encounter/hugo-enc' },
    hasMember: [{ reference: 'Observation/hugo-obs' }],
  }),
  observation('vera-obs2', 'vera', 20, { encounter: { reference: 'Encounter/vera-enc' } }),
  observation('wim-obs', 'wim', 30),
  { resourceType: 'Binary', id: 'vera-bin', contentType: 'text/plain', data: 'dmVyYQ==' },
  { resourceType: 'Location', id: 'site' },
  { resourceType: 'Location', id: 'room', partOf: { reference: 'Location/site' } },
  allergy('vera-allergy', 'vera'),
  allergies('vera-allergies', 'vera', '2020-01-01', 'vera-allergy'),
  { resourceType: 'Questionnaire', id: 'form-1', status: 'active', url: FORM, version: '1', title: 'One' },
  { resourceType: 'Questionnaire', id: 'form-2', status: 'active', url: FORM, version: '2', title: 'Two' },
  answers('vera-answers', 'vera', `${FORM}|1`),
  report('vera-report', 'vera', 10, '2024-01-01'),
  appointment('vera-appt', 'vera'),
  appointment('both-appt', 'vera', 'wim'),
  ...NAMING_NOTHING_HIDDEN,
];

/** Hugo lets nobody of those who ask read, and what is his is tied to what is theirs in every way. */
export const HIDDEN_CONTENT: readonly Resource[] = [
  person('hugo', 'Secretmann', '124018852493334'),
  // who knows the number may know of an open space, of no other
  { ...person('hugo-closed', 'Secretmann', '279035121518989'), active: false },
  consent('hugo-denies', 'hugo', { type: 'deny', actor: [actor('Practitioner/demo-dentist')] }),
  consent('hugo-ended', 'hugo', {
    type: 'permit',
    period: { end: '2020-01-01' },
    actor: [
      actor('Practitioner/demo-gp'),
      actor('Practitioner/demo-dentist'),
      actor('Organization/demo-hospital'),
    ],
  }),
  consent('hugo-purpose', 'hugo', {
    type: 'permit',
    purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'HRESCH' }],
  }),
  encounter('hugo-enc', 'hugo', 'in-progress', {
    partOf: { reference: 'Encounter/vera-enc' },
    location: [{ location: { reference: 'Location/room' } }],
  }),
  allergy('hugo-allergy', 'hugo'),
  allergies('hugo-allergies', 'hugo', '2024-01-01', 'hugo-allergy', 'vera-allergy'),
  answers('hugo-answers', 'hugo', FORM),
  answers('hugo-answers-2', 'hugo', `${FORM}|2`),
  report('hugo-report', 'hugo', 42, '2024-05-05'),
  observation('hugo-obs', 'hugo', 42, {
    code: concept('secret-code', SECRET),
    encounter: { reference: 'Encounter/vera-enc' },
    focus: [patient('vera')],
    meta: {
      tag: [{ system: SECRET, code: 'tagged' }],
      security: [{ system: SECRET, code: 'labelled' }],
      source: 'https://secret.example/source',
    },
  }),
  document('hugo-doc', 'hugo', {
    identifier: [
      { system: SECRET, value: 'twice' },
      { system: SECRET, value: 'hidden' },
    ],
    description: 'secretword',
    text: xhtml('secretword told'),
    contained: [{ resourceType: 'Patient', id: 'c', name: [{ family: 'Secretmann' }] }],
    author: [patient('vera'), { reference: 'Practitioner/demo-gp' }],
    relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/vera-doc1' } }],
    context: {
      encounter: [{ reference: 'Encounter/vera-enc' }],
      related: [{ reference: 'DocumentReference/dentist-doc' }],
      sourcePatientInfo: { reference: '#c' },
    },
    meta: { tag: [{ system: SECRET, code: 'tagged' }], security: [{ system: SECRET, code: 'labelled' }] },
  }),
  ...Array.from({ length: 25 }, (_, index) =>
    document(`hugo-many-${index}`, 'hugo', {
      date: `2024-01-02T08:00:${String(index).padStart(2, '0')}Z`,
      content: [{ attachment: { contentType: 'text/plain', url: 'Binary/vera-bin' } }],
    }),
  ),
  appointment('shared-appt', 'vera', 'hugo'),
  appointment('hugo-appt', 'hugo'),
  {
    resourceType: 'Provenance',
    id: 'hugo-prov',
    target: [patient('hugo'), { reference: 'DocumentReference/vera-doc1' }],
    recorded: BASE_TIME,
    agent: [{ who: { reference: 'Practitioner/demo-gp' } }],
  },
  {
    resourceType: 'List',
    id: 'hugo-list',
    status: 'current',
    mode: 'working',
    subject: patient('hugo'),
    entry: [{ item: { reference: 'DocumentReference/vera-doc1' } }],
  },
  {
    resourceType: 'Group',
    id: 'hidden-group',
    type: 'person',
    actual: true,
    member: [{ entity: patient('vera') }, { entity: patient('hugo') }],
  },
  {
    resourceType: 'Binary',
    id: 'hugo-bin',
    contentType: 'text/plain',
    securityContext: patient('hugo'),
    data: 'aHVnbw==',
  },
  {
    resourceType: 'Binary',
    id: 'hugo-held',
    contentType: 'text/plain',
    securityContext: patient('hugo'),
    data: HELD.toString('base64'),
  },
  lot('submissionset', 'hugo-set', 'hugo', 'DocumentReference/hugo-doc'),
  lot('folder', 'hugo-folder', 'hugo', 'DocumentReference/hugo-doc'),
  {
    resourceType: 'Condition',
    id: 'hugo-cond',
    subject: patient('hugo'),
    code: concept('secret-code', SECRET),
    encounter: { reference: 'Encounter/vera-enc' },
    asserter: patient('vera'),
  },
  {
    resourceType: 'Communication',
    id: 'hugo-com',
    status: 'completed',
    subject: patient('hugo'),
    recipient: [patient('vera')],
    about: [{ reference: 'DocumentReference/vera-doc1' }],
  },
  {
    resourceType: 'Task',
    id: 'hugo-task',
    status: 'requested',
    intent: 'order',
    for: patient('hugo'),
    focus: { reference: 'DocumentReference/vera-doc1' },
    owner: { reference: 'Practitioner/demo-gp' },
  },
  { resourceType: 'Device', id: 'hugo-device', patient: patient('hugo') },
  { resourceType: 'Schedule', id: 'hugo-schedule', actor: [patient('hugo')] },
  {
    resourceType: 'RelatedPerson',
    id: 'hugo-rel',
    patient: patient('hugo'),
    name: [{ family: 'Secretmann' }],
  },
  document('hugo-deleted', 'hugo'),
  ...HIDDEN_AS_A_WHOLE,
];

/** Each is asked for by name. */
export const HIDDEN_KEYS = [
  'Patient/hugo',
  'Consent/hugo-ended',
  'Encounter/hugo-enc',
  'Observation/hugo-obs',
  'DocumentReference/hugo-doc',
  'Appointment/shared-appt',
  'Provenance/hugo-prov',
  'List/hugo-list',
  'Group/hidden-group',
  'Binary/hugo-bin',
  'Binary/hugo-held',
  'Device/hugo-device',
  'Schedule/hugo-schedule',
  'DocumentReference/hugo-deleted',
  ...HIDDEN_AS_A_WHOLE_KEYS,
] as const;

export { SECRET, INS };
