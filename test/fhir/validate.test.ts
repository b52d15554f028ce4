/** One clear issue a fault: the code, the element, and what is told. */
import { isResourceType, RESOURCE_TYPES } from '../../src/fhir/definitions/index.ts';
import fc from 'fast-check';
import type { Json } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { processorTime } from '../support/processor.ts';

const XHTML = 'xmlns="http://www.w3.org/1999/xhtml"';
const div = (content: string) => ({ status: 'generated', div: `<div ${XHTML}>${content}</div>` });
const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem/';
const patient = { reference: 'Patient/p1' };
const concept = { text: 'something' };

/** Each is good as it stands. */
const GOOD: Record<string, Json> = {
  Patient: {
    id: 'p1',
    active: true,
    name: [{ family: 'Martin', given: ['Camille', 'Louise'] }],
    birthDate: '1980-02-29',
  },
  Observation: {
    status: 'final',
    code: concept,
    subject: patient,
    valueQuantity: { value: 1.5, unit: 'g/L' },
  },
  DocumentReference: {
    status: 'current',
    subject: patient,
    content: [{ attachment: { contentType: 'text/plain', data: 'QUJD' } }],
  },
  AllergyIntolerance: {
    clinicalStatus: { coding: [{ system: `${TERMINOLOGY}allergyintolerance-clinical`, code: 'active' }] },
    patient,
  },
  Appointment: {
    status: 'booked',
    start: '2024-05-01T10:00:00+02:00',
    end: '2024-05-01T10:30:00+02:00',
    participant: [{ actor: patient, status: 'accepted' }],
  },
  Immunization: { status: 'completed', vaccineCode: concept, patient, occurrenceDateTime: '2024-05' },
  Consent: { status: 'active', scope: concept, category: [concept], patient, policyRule: concept },
  Condition: { subject: patient, code: concept },
  Organization: { name: 'Laboratoire' },
  List: { status: 'current', mode: 'working' },
  MedicationRequest: {
    status: 'active',
    intent: 'order',
    medicationCodeableConcept: concept,
    subject: patient,
  },
  AuditEvent: {
    type: { code: 'rest' },
    recorded: '2024-05-01T10:00:00.123Z',
    agent: [{ requestor: true }],
    source: { observer: { display: 'here' } },
  },
  Questionnaire: { status: 'active', item: [{ linkId: '1', type: 'string', text: 'name?' }] },
  CareTeam: { status: 'active' },
  FamilyMemberHistory: { status: 'completed', patient, relationship: concept },
  Task: { status: 'requested', intent: 'order' },
  Bundle: { type: 'collection', entry: [{ resource: { resourceType: 'Patient', active: true } }] },
  Parameters: { parameter: [{ name: 'a', valueString: 'b' }] },
  Binary: { contentType: 'text/plain', data: 'QUJD' },
  Communication: { status: 'completed', subject: patient },
};
const make = (type: string, change: Json = {}) =>
  JSON.parse(JSON.stringify({ resourceType: type, ...GOOD[type], ...change })) as Json;
const told = (resource: unknown) => validate(resource).map(({ code, expression }) => [code, expression]);

describe('good resources', () => {
  it.each(Object.keys(GOOD))('has nothing to say of a good %s', (type) => {
    expect(validate(make(type))).toEqual([]);
  });

  it.each<[string, string, Json]>([
    [
      'an extension in the place of a required primitive',
      'Observation',
      { status: undefined, _status: { extension: [{ url: 'http://x/a', valueCode: 'unknown' }] } },
    ],
    [
      'padding on both sides',
      'Patient',
      {
        name: [
          { given: ['A', null], _given: [null, { extension: [{ url: 'http://x/a', valueString: 'b' }] }] },
        ],
      },
    ],
    [
      'ids of primitives, which a value stands beside',
      'Patient',
      {
        gender: 'female',
        _gender: { id: 'a' },
        name: [{ given: ['A', 'B'], _given: [null, { id: 'b' }] }],
        contained: [{ resourceType: 'Patient', id: 'x', active: true, _active: { id: 'c' } }],
        link: [{ other: { reference: '#x' }, type: 'seealso', _type: { id: 'd' } }],
      },
    ],
    ['the typographic spaces of French', 'Patient', { name: [{ text: 'A\u00a0:\u202fB' }] }],
    [
      'years, months and leap seconds',
      'Immunization',
      { occurrenceDateTime: '2016-12-31T23:59:60Z', recorded: '2024' },
    ],
    [
      'a reference to what it contains',
      'Observation',
      { contained: [{ resourceType: 'Patient', id: 'x' }], subject: { reference: '#x' } },
    ],
    [
      'a contained resource that refers to its container',
      'List',
      {
        contained: [
          {
            resourceType: 'Provenance',
            id: 'x',
            target: [{ reference: '#' }],
            recorded: '2024-05-01T10:00:00Z',
            agent: [{ who: { display: 'a' } }],
          },
        ],
      },
    ],
    [
      'an absolute reference, with a version',
      'Observation',
      { subject: { reference: 'https://example.test/fhir/Patient/1/_history/2' } },
    ],
    [
      'an absolute reference that tells no type',
      'Observation',
      { subject: { reference: 'https://example.test/persons?x=1' } },
    ],
    [
      'a logical reference',
      'Observation',
      { subject: { type: 'Patient', identifier: { system: 'urn:oid:1.2', value: '3' } } },
    ],
    [
      'an open value set',
      'DocumentReference',
      { content: [{ attachment: { contentType: 'application/x-unheard-of', url: 'https://x/y' } }] },
    ],
    [
      'a coding of another system beside the bound one',
      'AllergyIntolerance',
      {
        clinicalStatus: {
          coding: [
            { system: 'http://x', code: 'y' },
            { system: `${TERMINOLOGY}allergyintolerance-clinical`, code: 'resolved' },
          ],
        },
      },
    ],
    [
      'a narrative of formatting',
      'Patient',
      {
        text: div(
          '<p class="a">caf&eacute; &#233; &lt;<br/><img src="#pic" alt="x"/><a href="https://x/y?a=1&amp;b=2">z</a></p><!-- note --><table border="1"><tbody><tr><td style="color: red">1</td></tr></tbody></table>',
        ),
      },
    ],
    [
      'a period whose end is less precise',
      'Condition',
      { onsetPeriod: { start: '2024-05-10', end: '2024-05' } },
    ],
  ])('accepts %s', (_, type, change) => {
    expect(validate(make(type, change))).toEqual([]);
  });
});

type Fault = [
  sentence: string,
  type: string,
  change: Json,
  code: string,
  expression: string,
  text?: string | RegExp,
];
const long = 'a'.repeat(1024 * 1024 + 1);

const FAULTS: Fault[] = [
  // ---------- structure
  [
    'an unknown element',
    'Patient',
    { nom: 'x' },
    'structure',
    'Patient.nom',
    /^unknown element `nom`; allowed: id, meta, .*deceased\[x\], .*link$/,
  ],
  [
    'an unknown element deep inside',
    'Patient',
    { name: [{ given: ['a'], prenom: 'b' }] },
    'structure',
    'Patient.name[0].prenom',
    /allowed: id, extension, use, text, family, given, prefix, suffix, period/,
  ],
  [
    'a name that is no element name',
    'Patient',
    { 'a b$': 1 },
    'structure',
    'Patient',
    /^unknown element `a b\$`/,
  ],
  [
    '`constructor`',
    'Patient',
    { constructor: { prototype: {} } },
    'structure',
    'Patient.constructor',
    /^unknown element `constructor`/,
  ],
  [
    '`toString` in an element',
    'Patient',
    { name: [{ toString: 'x' }] },
    'structure',
    'Patient.name[0].toString',
  ],
  [
    'an element of a later version',
    'DocumentReference',
    { version: '1' },
    'structure',
    'DocumentReference.version',
  ],
  [
    'what other servers add to meta',
    'Patient',
    { meta: { project: 'x' } },
    'structure',
    'Patient.meta.project',
  ],
  [
    'a list that should be one',
    'Patient',
    { birthDate: ['1980'] },
    'structure',
    'Patient.birthDate',
    'found an array; allowed: a string (date)',
  ],
  [
    'one that should be a list',
    'Patient',
    { name: { family: 'x' } },
    'structure',
    'Patient.name',
    'found an object; allowed: an array of HumanName',
  ],
  [
    'a string for an object',
    'Observation',
    { code: 'x' },
    'structure',
    'Observation.code',
    'found the string, `x`; allowed: an object (CodeableConcept)',
  ],
  [
    'an operator where a string should be',
    'Patient',
    { name: [{ family: { $gt: '' } }] },
    'structure',
    'Patient.name[0].family',
    'found an object; allowed: a string (string)',
  ],
  [
    'an operator as an id',
    'Patient',
    { id: { $gt: '' } },
    'structure',
    'Patient.id',
    'found an object; allowed: a string (id)',
  ],
  [
    'a number for a string',
    'Patient',
    { name: [{ given: ['a', 3] }] },
    'structure',
    'Patient.name[0].given[1]',
    'found the number, `3`; allowed: a string (string)',
  ],
  [
    'a string for a boolean',
    'Patient',
    { active: 'true' },
    'structure',
    'Patient.active',
    'found the string, `true`; allowed: a boolean (boolean)',
  ],
  [
    'a string for a decimal',
    'Observation',
    { valueQuantity: { value: '1' } },
    'structure',
    'Observation.value.value',
  ],
  [
    'a null',
    'Patient',
    { active: null },
    'structure',
    'Patient.active',
    'found `null`; leave the element out, or give it a value',
  ],
  ['a null among objects', 'Patient', { name: [null] }, 'structure', 'Patient.name[0]'],
  [
    'a null beside nothing',
    'Patient',
    { name: [{ given: ['a', null] }] },
    'structure',
    'Patient.name[0].given[1]',
    /^found `null` with neither/,
  ],
  ['an empty list', 'Patient', { name: [] }, 'structure', 'Patient.name', /^found an empty array/],
  [
    'an id of a primitive beside no value',
    'Patient',
    { gender: undefined, _gender: { id: 'a' } },
    'structure',
    'Patient.gender',
    /^found an object without content/,
  ],
  [
    'nothing of a primitive beside a value',
    'Patient',
    { gender: 'female', _gender: {} },
    'structure',
    'Patient.gender',
    /^found an object without content/,
  ],
  [
    'an id beside `null` in a list of primitives',
    'Patient',
    { name: [{ given: ['A', null], _given: [null, { id: 'a' }] }] },
    'structure',
    'Patient.name[0].given[1]',
  ],
  [
    'an empty object',
    'Patient',
    { name: [{}] },
    'structure',
    'Patient.name[0]',
    /^found an object without content/,
  ],
  ['an object with nothing but an id', 'Patient', { name: [{ id: 'x' }] }, 'structure', 'Patient.name[0]'],
  ['an empty extension of a primitive', 'Patient', { _birthDate: {} }, 'structure', 'Patient.birthDate'],
  ['an empty contained resource list', 'Patient', { contained: [] }, 'structure', 'Patient.contained'],
  [
    'two values of one choice',
    'Observation',
    { valueString: 'x' },
    'structure',
    'Observation.value',
    'found `valueQuantity` and `valueString`; allowed: one of them',
  ],
  [
    'two values of one choice, one by extension only',
    'Observation',
    { _valueString: { extension: [{ url: 'http://x', valueCode: 'a' }] } },
    'structure',
    'Observation.value',
  ],
  // ---------- required
  [
    'a required primitive left out',
    'Observation',
    { status: undefined },
    'required',
    'Observation.status',
    'element `status` is required',
  ],
  ['a required object left out', 'Observation', { code: undefined }, 'required', 'Observation.code'],
  [
    'a required list left out',
    'DocumentReference',
    { content: undefined },
    'required',
    'DocumentReference.content',
  ],
  [
    'a required choice left out',
    'Immunization',
    { occurrenceDateTime: undefined },
    'required',
    'Immunization.occurrence',
    'element `occurrence[x]` is required; allowed: one of occurrenceDateTime, occurrenceString',
  ],
  [
    'a required primitive left out deep inside',
    'Appointment',
    { participant: [{ actor: patient }] },
    'required',
    'Appointment.participant[0].status',
  ],
  [
    'the url of an extension left out',
    'Patient',
    { extension: [{ valueString: 'x' }] },
    'required',
    'Patient.extension[0].url',
  ],
  // ---------- values
  [
    'a day that does not exist',
    'Patient',
    { birthDate: '2023-02-29' },
    'value',
    'Patient.birthDate',
    '`2023-02-29` is no date; allowed: YYYY, YYYY-MM or YYYY-MM-DD, a date that exists',
  ],
  ['a date with a time', 'Patient', { birthDate: '2023-02-28T10:00:00Z' }, 'value', 'Patient.birthDate'],
  ['a date of other customs', 'Patient', { birthDate: '28/02/2023' }, 'value', 'Patient.birthDate'],
  [
    'a time without a zone',
    'Immunization',
    { occurrenceDateTime: '2023-02-28T10:00:00' },
    'value',
    'Immunization.occurrence',
  ],
  ['a month 13', 'Immunization', { occurrenceDateTime: '2023-13' }, 'value', 'Immunization.occurrence'],
  ['the year 0', 'Patient', { birthDate: '0000' }, 'value', 'Patient.birthDate'],
  [
    'an instant without seconds',
    'Appointment',
    { start: '2024-05-01T10:00+02:00' },
    'value',
    'Appointment.start',
    /is no instant/,
  ],
  ['an hour 24', 'Appointment', { start: '2024-05-01T24:00:00Z' }, 'value', 'Appointment.start'],
  [
    'an empty string',
    'Patient',
    { name: [{ family: '' }] },
    'value',
    'Patient.name[0].family',
    /^an empty string is no string/,
  ],
  ['a control character', 'Patient', { name: [{ family: 'a\u0000b' }] }, 'value', 'Patient.name[0].family'],
  [
    'half of a surrogate pair',
    'Patient',
    { name: [{ family: 'a\ud800b' }] },
    'value',
    'Patient.name[0].family',
  ],
  [
    'a string over 1 MiB',
    'Patient',
    { name: [{ family: long }] },
    'value',
    'Patient.name[0].family',
    /^`a{64}…` is no string; allowed: 1 to 1048576 characters/,
  ],
  ['a code with two spaces', 'Patient', { language: 'fr  FR' }, 'value', 'Patient.language'],
  [
    'an id with a slash',
    'Patient',
    { id: 'a/b' },
    'value',
    'Patient.id',
    '`a/b` is no id; allowed: 1 to 64 letters, digits, `-` and `.`',
  ],
  ['an id of 65 characters', 'Patient', { id: 'a'.repeat(65) }, 'value', 'Patient.id'],
  ['an uri with a space', 'Patient', { implicitRules: 'http://x y' }, 'value', 'Patient.implicitRules'],
  [
    'a positiveInt of 0',
    'Immunization',
    { protocolApplied: [{ doseNumberPositiveInt: 0 }] },
    'value',
    'Immunization.protocolApplied[0].doseNumber',
  ],
  [
    'a whole number with a fraction',
    'Appointment',
    { minutesDuration: 1.5 },
    'value',
    'Appointment.minutesDuration',
  ],
  ['a whole number beyond 32 bits', 'Appointment', { priority: 2147483648 }, 'value', 'Appointment.priority'],
  [
    'base64 of the wrong length',
    'DocumentReference',
    { content: [{ attachment: { contentType: 'text/plain', data: 'QUJ' } }] },
    'value',
    'DocumentReference.content[0].attachment.data',
    '`QUJ` is no base64Binary; allowed: base64',
  ],
  ['base64 of the wrong alphabet', 'Binary', { data: 'QU_-' }, 'value', 'Binary.data'],
  [
    'a wrong value within an extension of a primitive',
    'Patient',
    { _birthDate: { extension: [{ url: 'http://x', valueDate: '2023-99' }] } },
    'value',
    'Patient.birthDate.extension[0].value',
  ],
  // ---------- bindings
  [
    'a code of no value',
    'Patient',
    { gender: 'masculin' },
    'code-invalid',
    'Patient.gender',
    'code `masculin`; allowed: male, female, other, unknown of http://hl7.org/fhir/administrative-gender',
  ],
  ['a code in other case', 'Observation', { status: 'Final' }, 'code-invalid', 'Observation.status'],
  [
    'a code in a list',
    'AllergyIntolerance',
    { category: ['food', 'pets'] },
    'code-invalid',
    'AllergyIntolerance.category[1]',
  ],
  [
    'a concept without the required coding',
    'AllergyIntolerance',
    { clinicalStatus: { text: 'active' } },
    'code-invalid',
    'AllergyIntolerance.clinicalStatus',
    /^text without a code; allowed: active, /,
  ],
  [
    'a coding of another system',
    'AllergyIntolerance',
    { clinicalStatus: { coding: [{ system: 'http://x', code: 'active' }] } },
    'code-invalid',
    'AllergyIntolerance.clinicalStatus',
    /^coding `http:\/\/x\|active`; allowed: /,
  ],
  [
    'a code within a datatype',
    'Patient',
    { name: [{ use: 'stage', family: 'x' }] },
    'code-invalid',
    'Patient.name[0].use',
  ],
  // ---------- references
  [
    'a reference to a type that is not allowed',
    'Observation',
    { subject: { reference: 'Practitioner/1' } },
    'value',
    'Observation.subject',
    'reference to Practitioner, `Practitioner/1`; allowed: Patient, Group, Device, Location',
  ],
  [
    'an absolute reference to a type that is not allowed',
    'Observation',
    { subject: { reference: 'https://x/fhir/Practitioner/1' } },
    'value',
    'Observation.subject',
  ],
  [
    'a reference by a type that is not allowed',
    'Observation',
    { subject: { type: 'Practitioner', display: 'x' } },
    'value',
    'Observation.subject',
  ],
  [
    'a reference that its type denies',
    'Observation',
    { subject: { reference: 'Patient/1', type: 'Group' } },
    'value',
    'Observation.subject',
    'reference `Patient/1` is to Patient, but its type says `Group`',
  ],
  [
    'a reference to no type',
    'Observation',
    { subject: { reference: 'Person1/1' } },
    'value',
    'Observation.subject',
    /^`Person1\/1` is no reference; allowed: Type\/id/,
  ],
  [
    'a reference with a path',
    'Observation',
    { subject: { reference: 'Patient/../Consent/1' } },
    'value',
    'Observation.subject',
  ],
  ['a bare id', 'Observation', { subject: { reference: 'p1' } }, 'value', 'Observation.subject'],
  [
    'a type of no resource',
    'Observation',
    { subject: { type: 'Human', display: 'x' } },
    'value',
    'Observation.subject',
    '`Human` is no resource type',
  ],
  [
    'a reference to what is not contained',
    'Observation',
    { subject: { reference: '#x' } },
    'invariant',
    'Observation.subject',
    /^`ref-1` does not hold/,
  ],
  [
    'a reference to a contained resource of a wrong type',
    'Observation',
    { contained: [{ resourceType: 'Practitioner', id: 'x', active: true }], subject: { reference: '#x' } },
    'value',
    'Observation.subject',
  ],
  // ---------- resources inside
  [
    'two contained resources of one id',
    'Observation',
    {
      contained: [
        { resourceType: 'Patient', id: 'x' },
        { resourceType: 'Patient', id: 'x', active: true },
      ],
      subject: { reference: '#x' },
    },
    'value',
    'Observation.contained[1].id',
    '`x` is the id of another contained resource; allowed: an id of its own',
  ],
  [
    'a contained resource without type',
    'Patient',
    { contained: [{ id: 'x' }] },
    'required',
    'Patient.contained[0].resourceType',
  ],
  [
    'a contained resource of no type',
    'Patient',
    { contained: [{ resourceType: 'Human', id: 'x' }], generalPractitioner: [{ reference: '#x' }] },
    'value',
    'Patient.contained[0].resourceType',
  ],
  [
    'a fault in a contained resource',
    'Observation',
    { contained: [{ resourceType: 'Patient', id: 'x', gender: '?' }], subject: { reference: '#x' } },
    'code-invalid',
    'Observation.contained[0].gender',
  ],
  [
    'a fault in an entry of a Bundle',
    'Bundle',
    { entry: [{ resource: make('Patient') }, { resource: make('Patient', { birthDate: 'x' }) }] },
    'value',
    'Bundle.entry[1].resource.birthDate',
  ],
  [
    'a fault in a parameter',
    'Parameters',
    { parameter: [{ name: 'a', resource: make('Observation', { status: undefined }) }] },
    'required',
    'Parameters.parameter[0].resource.status',
  ],
  [
    'a reference to an entry of a wrong type',
    'Bundle',
    {
      entry: [
        { fullUrl: 'urn:uuid:3f0d1f1e-7a52-4bd4-8e4d-6a4f1d6c3f10', resource: make('Organization') },
        {
          resource: make('Observation', {
            subject: { reference: 'urn:uuid:3f0d1f1e-7a52-4bd4-8e4d-6a4f1d6c3f10' },
          }),
        },
      ],
    },
    'value',
    'Bundle.entry[1].resource.subject',
  ],
  // ---------- invariants
  [
    'an extension with value and extensions',
    'Patient',
    { extension: [{ url: 'http://x', valueString: 'a', extension: [{ url: 'b', valueString: 'c' }] }] },
    'invariant',
    'Patient.extension[0]',
    /^`ext-1` does not hold: must have either extensions or value\[x\], not both$/,
  ],
  [
    'an extension without either',
    'Patient',
    { extension: [{ url: 'http://x' }] },
    'invariant',
    'Patient.extension[0]',
  ],
  [
    'a period that ends before it starts',
    'Condition',
    { onsetPeriod: { start: '2024-05-10', end: '2024-05-09' } },
    'invariant',
    'Condition.onset',
    /^`per-1`/,
  ],
  [
    'a contact point without system',
    'Patient',
    { telecom: [{ value: '0600000000' }] },
    'invariant',
    'Patient.telecom[0]',
    /^`cpt-2`/,
  ],
  [
    'a contained resource nobody refers to',
    'Patient',
    { contained: [{ resourceType: 'Organization', id: 'x', name: 'y' }] },
    'invariant',
    'Patient',
    /^`dom-3`/,
  ],
  [
    'an attachment without content type',
    'DocumentReference',
    { content: [{ attachment: { data: 'QUJD' } }] },
    'invariant',
    'DocumentReference.content[0].attachment',
    /^`att-1`/,
  ],
  [
    'a quantity with a code but no system',
    'Observation',
    { valueQuantity: { value: 1, code: 'g' } },
    'invariant',
    'Observation.value',
    /^`qty-3`/,
  ],
  [
    'a range from high to low',
    'Observation',
    { valueQuantity: undefined, valueRange: { low: { value: 2 }, high: { value: 1 } } },
    'invariant',
    'Observation.value',
    /^`rng-2`/,
  ],
  [
    'a simple quantity with a comparator',
    'Observation',
    { referenceRange: [{ low: { value: 2, comparator: '<' } }] },
    'invariant',
    'Observation.referenceRange[0].low',
    /^`sqty-1`/,
  ],
  [
    'a value and a reason for its absence',
    'Observation',
    { dataAbsentReason: concept },
    'invariant',
    'Observation',
    /^`obs-6`/,
  ],
  [
    'a range of reference without content',
    'Observation',
    { referenceRange: [{ type: concept }] },
    'invariant',
    'Observation.referenceRange[0]',
    /^`obs-3`/,
  ],
  [
    'an appointment without times',
    'Appointment',
    { start: undefined, end: undefined },
    'invariant',
    'Appointment',
    /^`app-3`/,
  ],
  [
    'an allergy without clinical status',
    'AllergyIntolerance',
    { clinicalStatus: undefined },
    'invariant',
    'AllergyIntolerance',
    /^`ait-1`/,
  ],
  ['a consent without policy', 'Consent', { policyRule: undefined }, 'invariant', 'Consent', /^`ppc-1`/],
  [
    'an abated condition that is active',
    'Condition',
    {
      abatementDateTime: '2024',
      clinicalStatus: { coding: [{ system: `${TERMINOLOGY}condition-clinical`, code: 'active' }] },
    },
    'invariant',
    'Condition',
    /^`con-4`/,
  ],
  [
    'a stage without content (by FHIRPath)',
    'Condition',
    { stage: [{ type: concept }] },
    'invariant',
    'Condition.stage[0]',
    /^`con-1`/,
  ],
  [
    'an age and a birth (by FHIRPath)',
    'FamilyMemberHistory',
    { ageString: 'x', bornString: 'y' },
    'invariant',
    'FamilyMemberHistory',
    /^`fhs-1`/,
  ],
  [
    'an organization at home',
    'Organization',
    { telecom: [{ system: 'phone', value: '1', use: 'home' }] },
    'invariant',
    'Organization.telecom[0]',
    /^`org-3`/,
  ],
  [
    'an organization without name',
    'Organization',
    { name: undefined, active: true },
    'invariant',
    'Organization',
    /^`org-1`/,
  ],
  [
    'a contact without content',
    'Patient',
    { contact: [{ gender: 'male' }] },
    'invariant',
    'Patient.contact[0]',
    /^`pat-1`/,
  ],
  [
    'a dosage without its unit of time',
    'MedicationRequest',
    { dosageInstruction: [{ timing: { repeat: { period: 1 } } }] },
    'invariant',
    'MedicationRequest.dosageInstruction[0].timing.repeat',
    /^`tim-2`/,
  ],
  [
    'a link id that is there twice',
    'Questionnaire',
    {
      item: [
        { linkId: '1', type: 'string' },
        { linkId: '1', type: 'string' },
      ],
    },
    'invariant',
    'Questionnaire',
    /^`que-2`/,
  ],
  ['a transaction without requests', 'Bundle', { type: 'transaction' }, 'invariant', 'Bundle', /^`bdl-3`/],
  [
    'a full URL that is there twice',
    'Bundle',
    {
      entry: [
        { fullUrl: 'urn:uuid:a', resource: make('Patient') },
        { fullUrl: 'urn:uuid:a', resource: make('Patient') },
      ],
    },
    'invariant',
    'Bundle',
    /^`bdl-7`/,
  ],
  // ---------- narrative
  [
    'a narrative with a script',
    'Patient',
    { text: div('<script>alert(1)</script>') },
    'invariant',
    'Patient.text.div',
    /^`txt-1` does not hold: `<script>` is not allowed; allowed: a, abbr/,
  ],
  ['a narrative without text', 'Patient', { text: div('  ') }, 'invariant', 'Patient.text.div', /^`txt-2`/],
  [
    'a narrative status of no value',
    'Patient',
    { text: { ...div('x'), status: 'made-up' } },
    'code-invalid',
    'Patient.text.status',
  ],
];

describe('faults', () => {
  // six columns in each row: jest would pass a callback for the missing one
  it.each(
    FAULTS.map(
      ([sentence, type, change, code, expression, text]) =>
        [sentence, type, change, code, expression, text] as const,
    ),
  )('tells %s', (_, type, change, code, expression, text) => {
    const resource = make(type, change);
    const issues = validate(resource);
    expect(issues.map((issue) => [issue.severity, issue.code, issue.expression])).toEqual([
      ['error', code, expression],
    ]);
    if (typeof text === 'string') expect(issues[0]!.text).toBe(text);
    if (text instanceof RegExp) expect(issues[0]!.text).toMatch(text);
  });

  it('are told all at once, one issue each', () => {
    expect(
      told(
        make('Patient', {
          nom: 1,
          active: 'x',
          birthDate: '2023-02-30',
          name: [{ given: [''] }],
          telecom: [],
          contact: [{}],
        }),
      ),
    ).toEqual(
      expect.arrayContaining([
        ['structure', 'Patient.nom'],
        ['structure', 'Patient.active'],
        ['value', 'Patient.birthDate'],
        ['value', 'Patient.name[0].given[0]'],
        ['structure', 'Patient.telecom'],
        ['structure', 'Patient.contact[0]'],
      ]),
    );
    expect(
      told(
        make('Observation', {
          status: '?',
          subject: { reference: 'Practitioner/1' },
          dataAbsentReason: concept,
        }),
      ),
    ).toEqual([
      ['code-invalid', 'Observation.status'],
      ['value', 'Observation.subject'],
      ['invariant', 'Observation'],
    ]);
  });

  it('are at most 50', () => {
    expect(validate(make('Patient', { name: Array(500).fill({ given: [''] }) }))).toHaveLength(50);
    expect(validate(make('Patient', { name: Array(500).fill({ use: '?', family: 'x' }) }))).toHaveLength(50);
    expect(
      validate(make('Bundle', { entry: Array(500).fill({ resource: { resourceType: 'Observation' } }) })),
    ).toHaveLength(50);
  });

  it('are not found by words of the libraries underneath', () => {
    for (const [, type, change] of FAULTS) {
      for (const { text } of validate(make(type, change))) {
        expect(text).not.toMatch(/must NOT|schema|ajv|fhirpath|undefined|\[object|NaN/i);
        expect(text).not.toMatch(/\.$/);
      }
    }
  });
});

describe('what is no resource', () => {
  it.each([
    ['nothing', undefined, 'structure'],
    ['null', null, 'structure'],
    ['a string', 'Patient', 'structure'],
    ['an array', [], 'structure'],
    ['an object without type', {}, 'required'],
    ['a type that is no string', { resourceType: { $gt: '' } }, 'value'],
    ['a type of Object', { resourceType: 'constructor' }, 'value'],
    ['an abstract type', { resourceType: 'DomainResource' }, 'value'],
    ['a datatype', { resourceType: 'HumanName' }, 'value'],
    ['a type that the package adds', { resourceType: 'ClientApplication' }, 'value'],
    ['an inherited type', Object.create({ resourceType: 'Patient' }), 'required'],
  ])('refuses %s', (_, value, code) => {
    expect(validate(value).map((issue) => issue.code)).toEqual([code]);
  });

  it('knows the 146 concrete types of R4', () => {
    expect(RESOURCE_TYPES).toHaveLength(146);
    expect(
      isResourceType('Resource') || isResourceType('SubscriptionStatus') || isResourceType('hasOwnProperty'),
    ).toBe(false);
    for (const type of RESOURCE_TYPES)
      expect(told({ resourceType: type, zzz: 1 })).toContainEqual(['structure', `${type}.zzz`]);
  });
});

describe('options', () => {
  it('leave the resources of entries alone', () => {
    const bundle = make('Bundle', { entry: [{ resource: { resourceType: 'Observation' } }] });
    expect(validate(bundle)).not.toEqual([]);
    expect(validate(bundle, { entries: false })).toEqual([]);
  });

  it('say what `urn:uuid` references stand for', () => {
    const observation = make('Observation', { subject: { reference: 'urn:uuid:1' } });
    expect(validate(observation)).toEqual([]);
    expect(validate(observation, { fullUrls: new Map([['urn:uuid:1', 'Patient']]) })).toEqual([]);
    expect(validate(observation, { fullUrls: new Map([['urn:uuid:1', 'Organization']]) })).toHaveLength(1);
  });
});

describe('hostile input', () => {
  const within = (milliseconds: number, resource: unknown) => {
    const start = processorTime();
    const issues = validate(resource);
    expect(processorTime() - start).toBeLessThan(milliseconds);
    return issues;
  };

  it('of any depth is refused, not recursed into', () => {
    const deep: Json = { resourceType: 'Patient' };
    let at = deep;
    for (let i = 0; i < 100_000; i++) at = (at.extension = [{ url: 'x' }] as Json[])[0]!;
    expect(within(500, deep).map((issue) => issue.text)).toEqual(['nested deeper than 99 levels']);
  });

  it('with an own `__proto__` is refused, and pollutes nothing', () => {
    const resource = JSON.parse(
      '{"resourceType":"Patient","__proto__":{"x":1},"name":[{"__proto__":{"y":1},"family":"z"}]}',
    ) as Json;
    expect(validate(resource).map((issue) => issue.text.slice(0, 27))).toEqual([
      'unknown element `__proto__`',
      'unknown element `__proto__`',
    ]);
    expect(({} as Json).x).toBeUndefined();
  });

  it.each<[string, Json]>([
    ['a million wrong items', make('Patient', { name: Array(1_000_000).fill(1) })],
    [
      'half a million unknown elements',
      make('Patient', Object.fromEntries(Array.from({ length: 500_000 }, (_, i) => [`k${i}`, 1]))),
    ],
    ['a million nulls', make('Patient', { name: [{ given: Array(1_000_000).fill(null) }] })],
    ['spaces in a code', make('Patient', { language: `a${' '.repeat(1_000_000)}b` })],
    ['spaces in base64', make('Binary', { data: `QUJD${' '.repeat(8_000_000)}*` })],
    [
      'a long oid',
      make('Patient', { extension: [{ url: 'x', valueOid: `urn:oid:1${'.1'.repeat(500_000)}x` }] }),
    ],
    ['a long reference', make('Observation', { subject: { reference: 'a/'.repeat(500_000) } })],
    [
      'a tag of spaces',
      make('Patient', { text: { status: 'generated', div: `<div ${' '.repeat(1_000_000)}x` } }),
    ],
    ['open comments', make('Patient', { text: div('<!-- - '.repeat(100_000)) })],
    ['open elements', make('Patient', { text: div('<p>'.repeat(300_000)) })],
    [
      'open addresses in a style',
      make('Patient', { text: div(`<p style="${'url('.repeat(200_000)}url(javascript:1)">x</p>`) }),
    ],
    ['bad entities', make('Patient', { text: div('&a'.repeat(300_000)) })],
  ])('is refused at once: %s', (_, resource) => {
    expect(within(2000, resource).length).toBeGreaterThan(0);
  });

  it('can not buy more than 40,000 evaluations of FHIRPath', () => {
    const stage = Array.from({ length: 60_000 }, () => ({ summary: concept }));
    expect(within(5000, make('Condition', { stage })).map((issue) => issue.code)).toEqual(['too-costly']);
  });

  it('of many codes and link ids is checked in linear time', () => {
    const concepts = Array.from({ length: 50_000 }, (_, i) => ({ code: `c${i}` }));
    expect(
      within(2000, { resourceType: 'CodeSystem', status: 'active', content: 'complete', concept: concepts }),
    ).toEqual([]);
    expect(
      within(
        2000,
        make('Questionnaire', { item: concepts.map(({ code }) => ({ linkId: code, type: 'string' })) }),
      ),
    ).toEqual([]);
  });
});

it('long base64 is judged as each character of it says', () => {
  const packed = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
  const parts = fc.record({
    bytes: fc.uint8Array({ minLength: 900, maxLength: 904 }),
    odd: fc.constantFrom('', '=', '-', '_', ' ', '\n', '*', 'é', '€', 'A'),
    at: fc.nat(1_200),
    over: fc.boolean(),
  });
  fc.assert(
    fc.property(parts, ({ bytes, odd, at, over }) => {
      const text = Buffer.from(bytes).toString('base64');
      const data = text.slice(0, at) + odd + text.slice(at + (over ? odd.length : 0));
      const resource = { resourceType: 'Binary', contentType: 'text/plain', data };
      expect(validate(resource).length === 0).toBe(packed.test(data.replace(/\s/g, '')));
    }),
    { numRuns: 2000 },
  );
});
