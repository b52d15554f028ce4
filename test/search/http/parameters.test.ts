/**
 * Every type of search parameter with its modifiers and prefixes, asked over HTTP of rows in a real database.
 * https://hl7.org/fhir/R4/search.html#ptypes
 */
import { DEFAULT_TYPES } from '../../../src/config/variables.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../../support/server.ts';
import { page, seed } from './support/rows.ts';

type Rows = Record<string, Record<string, unknown>>;
/** What it shows, the query, the ids that it finds. */
type Asked = [sentence: string, query: string, ids: string];

interface Table {
  type: string;
  rows: Rows;
  asked: Asked[];
}

const LOINC = 'http://loinc.org';
const UCUM = 'http://unitsofmeasure.org';
const coding = (system: string | undefined, code: string, display?: string) => ({
  coding: [
    { ...(system === undefined ? {} : { system }), code, ...(display === undefined ? {} : { display }) },
  ],
});
const quantity = (value: number, code = 'mg', more = {}) => ({
  value,
  unit: code,
  system: UCUM,
  code,
  ...more,
});

const ARCHIVED = 'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-ext-is-archived';
const archivable = (has: { archived?: boolean; start?: string; end?: string; creation?: string }) => ({
  ...(has.archived === undefined ? {} : { extension: [{ url: ARCHIVED, valueBoolean: has.archived }] }),
  content: [
    {
      attachment: {
        contentType: 'text/plain',
        url: 'Binary/none',
        ...(has.creation === undefined ? {} : { creation: has.creation }),
      },
    },
  ],
  ...(has.start === undefined
    ? {}
    : { context: { period: { start: has.start, ...(has.end === undefined ? {} : { end: has.end }) } } }),
});

const TABLES: Record<string, Table> = {
  dates: {
    type: 'Observation',
    rows: {
      d1: { effectiveDateTime: '2024' },
      d2: { effectiveDateTime: '2024-03' },
      d3: { effectiveDateTime: '2024-03-15' },
      d4: { effectiveDateTime: '2024-03-15T10:00:00Z' },
      d5: { effectiveDateTime: '2024-03-16T00:30:00+02:00' },
      d6: { effectivePeriod: { start: '2024-03-10', end: '2024-03-20' } },
      d7: { effectivePeriod: { start: '2024-03-15' } },
      d8: { effectivePeriod: { end: '2024-03-15' } },
      d9: { effectiveInstant: '2024-03-15T10:00:00.123Z' },
      da: { effectivePeriod: {} },
      db: { effectiveDateTime: null },
      dc: {},
      dd: { effectiveTiming: { event: ['2024-03-14', '2024-03-16'] } },
      de: { effectiveDateTime: 'nonsense' },
      df: { effectivePeriod: { start: '2024-03-20', end: '2024-03-10' } },
    },
    asked: [
      ['eq holds what lies within the day', 'date=2024-03-15', 'd3 d4 d5 d9'],
      ['eq is the prefix without one', 'date=eq2024-03-15', 'd3 d4 d5 d9'],
      ['a month holds its days and Periods', 'date=2024-03', 'd2 d3 d4 d5 d6 d9 dd df'],
      ['a year holds all that is bounded', 'date=2024', 'd1 d2 d3 d4 d5 d6 d9 dd df'],
      ['ne is what isn’t within', 'date=ne2024-03-15', 'd1 d2 d6 d7 d8 dd df'],
      ['gt reaches beyond the end', 'date=gt2024-03-15', 'd1 d2 d6 d7 dd df'],
      ['lt begins before the start', 'date=lt2024-03-15', 'd1 d2 d6 d8 dd df'],
      ['ge is gt or eq', 'date=ge2024-03-15', 'd1 d2 d3 d4 d5 d6 d7 d9 dd df'],
      ['le is lt or eq', 'date=le2024-03-15', 'd1 d2 d3 d4 d5 d6 d8 d9 dd df'],
      ['sa begins after the end', 'date=sa2024-03-14', 'd3 d4 d5 d7 d9'],
      ['eb ends before the start', 'date=eb2024-03-16', 'd3 d4 d5 d8 d9'],
      ['an open end is never before anything', 'date=eb2100', 'd1 d2 d3 d4 d5 d6 d8 d9 dd df'],
      ['an open start is never after anything', 'date=sa1900', 'd1 d2 d3 d4 d5 d6 d7 d9 dd df'],
      ['a time zone is resolved', 'date=2024-03-15T22:30:00Z', 'd5'],
      ['a time zone may be asked for', 'date=2024-03-16T00:30:00%2B02:00', 'd5'],
      ['a plus that was not encoded is understood', 'date=2024-03-16T00:30:00+02:00', 'd5'],
      ['a second holds its milliseconds', 'date=2024-03-15T10:00:00Z', 'd4 d9'],
      ['a minute holds its seconds', 'date=2024-03-15T10:00Z', 'd4 d9'],
      ['two bounds make a window', 'date=ge2024-03-15&date=lt2024-03-16', 'd1 d2 d3 d4 d5 d6 d7 d9 dd df'],
      ['alternatives are or', 'date=2024-03-15T10:00:00.123Z,2024-03-15T22:30:00Z', 'd5 d9'],
      ['missing is what has no readable value', 'date:missing=true', 'db dc'],
      ['not missing is the rest', 'date:missing=false', 'd1 d2 d3 d4 d5 d6 d7 d8 d9 da dd de df'],
    ],
  },
  numbers: {
    type: 'RiskAssessment',
    rows: {
      n1: { prediction: [{ probabilityDecimal: 100 }] },
      n2: { prediction: [{ probabilityDecimal: 100.4 }] },
      n3: { prediction: [{ probabilityDecimal: 99.5 }] },
      n4: { prediction: [{ probabilityDecimal: -3 }] },
      n5: { prediction: [{ probabilityDecimal: 0 }] },
      n6: { prediction: [{ probabilityDecimal: 5.4 }, { probabilityDecimal: 200 }] },
      n7: { prediction: [] },
      n8: {},
      n9: { prediction: [{ probabilityDecimal: null }] },
      na: { prediction: [{ probabilityRange: { low: { value: 10 }, high: { value: 20 } } }] },
    },
    asked: [
      ['eq heeds the precision', 'probability=100', 'n1 n2 n3'],
      ['more digits are more precise', 'probability=100.0', 'n1'],
      ['an exponent is read as the specification does', 'probability=1.00e2', 'n1 n2 n3'],
      ['ne', 'probability=ne100', 'n4 n5 n6 na'],
      ['gt', 'probability=gt100', 'n2 n6'],
      ['lt', 'probability=lt100', 'n3 n4 n5 n6 na'],
      ['ge', 'probability=ge100', 'n1 n2 n6'],
      ['le', 'probability=le100', 'n1 n3 n4 n5 n6 na'],
      ['sa', 'probability=sa100', 'n2 n6'],
      ['eb', 'probability=eb100', 'n3 n4 n5 n6 na'],
      ['ap is within a tenth', 'probability=ap105', 'n1 n2 n3'],
      ['negative numbers are numbers', 'probability=-3', 'n4'],
      ['zero is a value', 'probability=0', 'n5'],
      ['missing', 'probability:missing=true', 'n7 n8 n9'],
      ['a range is where it overlaps', 'probability=gt15', 'n1 n2 n3 n6 na'],
      ['alternatives', 'probability=0,-3', 'n4 n5'],
    ],
  },
  quantities: {
    type: 'Observation',
    rows: {
      q1: { valueQuantity: quantity(5.4) },
      q2: { valueQuantity: quantity(5.44) },
      q3: { valueQuantity: quantity(5.4, 'g') },
      q4: { valueQuantity: { value: 5.4 } },
      q5: { valueQuantity: quantity(5, 'mg', { comparator: '>' }) },
      q6: { valueQuantity: { value: 5.4, unit: 'mg' } },
      q7: { valueQuantity: { unit: 'mg' } },
      q8: { valueString: '5.4' },
      q9: { component: [{ code: coding(LOINC, '8480-6'), valueQuantity: quantity(5.4) }] },
    },
    asked: [
      ['a bare number is of any unit', 'value-quantity=5.4', 'q1 q2 q3 q4 q6'],
      ['system and code', `value-quantity=5.4|${UCUM}|mg`, 'q1 q2'],
      ['a unit without a system', 'value-quantity=5.4||mg', 'q1 q2 q6'],
      ['more digits', `value-quantity=5.40|${UCUM}|mg`, 'q1'],
      ['gt', `value-quantity=gt5.41|${UCUM}|mg`, 'q2 q3 q5'],
      ['lt: more than 5 may be less than 5.41', `value-quantity=lt5.41|${UCUM}|mg`, 'q1 q5'],
      ['ge', `value-quantity=ge5.44|${UCUM}|mg`, 'q2 q3 q5'],
      ['le', `value-quantity=le5.4|${UCUM}|mg`, 'q1 q5'],
      ['sa', `value-quantity=sa4|${UCUM}|mg`, 'q1 q2 q3 q5'],
      ['eb', `value-quantity=eb6|${UCUM}|mg`, 'q1 q2'],
      ['ne', `value-quantity=ne5.40|${UCUM}|mg`, 'q2 q3 q5'],
      ['ap', `value-quantity=ap5|${UCUM}|mg`, 'q1 q2 q5'],
      ['another unit of the dimension', `value-quantity=0.0054|${UCUM}|g`, 'q1 q2'],
      ['and the other way', `value-quantity=5400|${UCUM}|mg`, 'q3'],
      ['one of another dimension', `value-quantity=5.4|${UCUM}|mL`, ''],
      ['one that UCUM doesn’t know', `value-quantity=5.4|${UCUM}|mgs`, ''],
      ['a unit without a system isn’t converted', 'value-quantity=0.0054||g', ''],
      ['components are converted too', `component-value-quantity=5400|${UCUM}|ug`, 'q9'],
      ['another system isn’t ours', 'value-quantity=5.4|http://other.example|mg', ''],
      ['components are a parameter of their own', `component-value-quantity=5.4|${UCUM}|mg`, 'q9'],
      ['or are combined', `combo-value-quantity=5.4|${UCUM}|mg`, 'q1 q2 q9'],
      ['missing', 'value-quantity:missing=true', 'q8 q9'],
    ],
  },
  strings: {
    type: 'Patient',
    rows: {
      s1: { name: [{ family: 'Lefèvre', given: ['Élise', 'Marie'] }] },
      s2: { name: [{ family: 'LEFEVRE' }] },
      s3: { name: [{ family: 'Le Fèvre' }] },
      s4: { name: [{ text: 'a.*b (c) [d] $e \\f' }] },
      s5: { name: [{ family: 'x, y|z' }] },
      s6: { name: [{ family: '' }] },
      s7: { name: [] },
      s8: { name: null },
      s9: {},
      sa: { name: [{ family: 'Longuevillette-Delamarre' }] },
      sb: { name: [null, { given: [null, 'Zoé'] }] },
      sc: { name: [{ family: 'Longuevillette-Dubreuil' }] },
    },
    asked: [
      ['begins so, without case and accents', 'family=lefevre', 's1 s2'],
      ['with accents too', 'family=Lefèvre', 's1 s2'],
      ['a beginning is enough', 'family=lef', 's1 s2'],
      ['an end is not', 'family=fevre', ''],
      ['contains', 'family:contains=evre', 's1 s2 s3'],
      ['exact has case and accents', 'family:exact=Lefèvre', 's1'],
      ['exact is the whole', 'family:exact=Lef', ''],
      ['each part of a name is a string', 'name=marie', 's1'],
      ['a space is a space', 'family=le%20fevre', 's3'],
      ['regular expressions are text', 'name=a.*b', 's4'],
      ['and match nothing else', 'name=.*', ''],
      ['in contains too', 'name:contains=.*b%20(c)%20[d]', 's4'],
      ['a backslash is one', 'name:contains=\\\\f', 's4'],
      ['an escaped comma is one', 'family=x\\,%20y', 's5'],
      ['a comma is an or', 'family=x,lef', 's1 s2 s5'],
      ['beyond what is indexed the content is read', 'family=Longuevillette-De', 'sa'],
      ['and the beginning stays common', 'family=Longuevillette', 'sa sc'],
      ['missing', 'family:missing=true', 's4 s7 s8 s9 sb'],
      ['null among values is passed over', 'given=zoe', 'sb'],
      ['alternatives of contains', 'family:contains=marre,breuil', 'sa sc'],
    ],
  },
  tokens: {
    type: 'Observation',
    rows: {
      t1: { code: { ...coding(LOINC, '8480-6', 'Pression systolique'), text: 'Tension' } },
      t2: { code: coding('http://other.example', '8480-6') },
      t3: { code: coding(undefined, '8480-6') },
      t4: {
        code: {
          coding: [
            { system: LOINC, code: 'X' },
            { system: LOINC, code: 'y' },
          ],
        },
      },
      t5: { code: { coding: [] } },
      t6: { code: { text: 'Tension seule' } },
      t7: { code: null },
      t8: {},
      t9: { code: { coding: [null, { system: LOINC }] } },
      ta: { code: coding(LOINC, 'a|b,c$d') },
    },
    asked: [
      ['a code of any system', 'code=8480-6', 't1 t2 t3'],
      ['system and code', `code=${LOINC}|8480-6`, 't1'],
      ['a code without a system', 'code=|8480-6', 't3'],
      ['anything of a system', `code=${LOINC}|`, 't1 t4 t9 ta'],
      ['case is not told apart', 'code=x', 't4'],
      ['any of the codings', `code=${LOINC}|y`, 't4'],
      ['not is what lacks it, the empty and the missing too', 'code:not=8480-6', 't4 t5 t6 t7 t8 t9 ta'],
      ['not of several is none of them', 'code:not=8480-6,x', 't5 t6 t7 t8 t9 ta'],
      ['not with a system', `code:not=${LOINC}|8480-6`, 't2 t3 t4 t5 t6 t7 t8 t9 ta'],
      ['missing', 'code:missing=true', 't7 t8'],
      ['not missing', 'code:missing=false', 't1 t2 t3 t4 t5 t6 t9 ta'],
      ['text begins the display or the text', 'code:text=pression', 't1'],
      ['text is not the code', 'code:text=tension', 't1 t6'],
      ['escapes', 'code=a\\|b\\,c\\$d', 'ta'],
      ['a bar that is not escaped separates', 'code=a|b', ''],
      ['two of the same are and', `code=x&code=${LOINC}|y`, 't4'],
    ],
  },
  'tokens of value sets and hierarchies': {
    type: 'AllergyIntolerance',
    rows: {
      v1: {
        clinicalStatus: coding('http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', 'active'),
      },
      v2: {
        clinicalStatus: coding(
          'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical',
          'resolved',
        ),
      },
      v3: { clinicalStatus: coding('http://other.example', 'active') },
      v4: {},
      v5: {
        clinicalStatus: coding(
          'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical',
          'inactive',
        ),
      },
    },
    asked: [
      ['in', 'clinical-status:in=http://hl7.org/fhir/ValueSet/allergyintolerance-clinical', 'v1 v2 v5'],
      ['not-in', 'clinical-status:not-in=http://hl7.org/fhir/ValueSet/allergyintolerance-clinical', 'v3 v4'],
      [
        'below holds the code and what it subsumes',
        'clinical-status:below=http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical|inactive',
        'v2 v5',
      ],
      [
        'above holds the code and what subsumes it',
        'clinical-status:above=http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical|resolved',
        'v2 v5',
      ],
    ],
  },
  identifiers: {
    type: 'Patient',
    rows: {
      i1: { identifier: [{ system: 'urn:oid:1.2', value: 'AB1', type: coding('http://t.example', 'INS') }] },
      i2: { identifier: [{ system: 'urn:oid:1.3', value: 'AB1', type: coding('http://t.example', 'NH') }] },
      i3: { identifier: [{ value: 'AB1' }] },
      i4: { identifier: [{ system: 'urn:oid:1.2' }] },
      i5: { identifier: [] },
      i6: { telecom: [{ system: 'phone', value: '06 12 34 56 78' }], gender: 'female', active: true },
      i7: { telecom: [{ system: 'email', value: 'A@example.org' }], gender: 'male', active: false },
    },
    asked: [
      ['system and value', 'identifier=urn:oid:1.2|AB1', 'i1'],
      ['any system', 'identifier=ab1', 'i1 i2 i3'],
      ['no system', 'identifier=|AB1', 'i3'],
      ['a whole system', 'identifier=urn:oid:1.2|', 'i1 i4'],
      ['of a type', 'identifier:of-type=http://t.example|INS|AB1', 'i1'],
      ['of another type', 'identifier:of-type=http://t.example|NH|AB2', ''],
      ['not', 'identifier:not=urn:oid:1.2|AB1&active:missing=true', 'i2 i3 i4 i5'],
      ['missing', 'identifier:missing=true', 'i5 i6 i7'],
      ['a phone without its spaces', 'phone=0612345678', 'i6'],
      ['and with them', 'telecom=phone|06%2012%2034%2056%2078', 'i6'],
      ['an address without case', 'email=a@EXAMPLE.org', 'i7'],
      ['a code', 'gender=female', 'i6'],
      ['a code with its implied system', 'gender=http://hl7.org/fhir/administrative-gender|male', 'i7'],
      ['a boolean', 'active=false', 'i7'],
    ],
  },
  references: {
    type: 'Observation',
    rows: {
      r1: { subject: { reference: 'Patient/p1' } },
      r2: { subject: { reference: 'Group/p1' } },
      r3: { subject: { reference: 'Patient/p1/_history/3' } },
      r4: { subject: { reference: 'http://elsewhere.example/fhir/Patient/p1' } },
      r5: { subject: { identifier: { system: 'urn:oid:1.2', value: 'AB1' } } },
      r6: { subject: { reference: '#p1' }, contained: [{ resourceType: 'Patient', id: 'p1' }] },
      r7: { subject: null },
      r8: {},
      r9: { subject: { display: 'nobody' } },
      ra: { performer: [{ reference: 'Practitioner/p1' }, { reference: 'Organization/o1' }] },
      rb: { subject: { reference: '__BASE__/Patient/p1' } },
    },
    asked: [
      ['type and id', 'subject=Patient/p1', 'r1 r3 rb'],
      ['an id of any type', 'subject=p1', 'r1 r2 r3 rb'],
      ['a type as modifier', 'subject:Patient=p1', 'r1 r3 rb'],
      ['another type', 'subject:Group=p1', 'r2'],
      ['the patient alone', 'patient=p1', 'r1 r3 rb'],
      ['a version', 'subject=Patient/p1/_history/3', 'r3'],
      ['somebody else’s address', 'subject=http://elsewhere.example/fhir/Patient/p1', 'r4'],
      ['our own address', 'subject=__BASE__/Patient/p1', 'r1 r3 rb'],
      ['an identifier', 'subject:identifier=urn:oid:1.2|AB1', 'r5'],
      ['missing', 'subject:missing=true', 'r7 r8 ra'],
      ['any of several', 'performer=Organization/o1', 'ra'],
      ['both of several', 'performer=Organization/o1&performer=Practitioner/p1', 'ra'],
      ['either', 'subject=Group/p1,Patient/p1', 'r1 r2 r3 rb'],
      ['what is contained is no local reference', 'subject=%23p1', '400'],
    ],
  },
  uris: {
    type: 'Questionnaire',
    rows: {
      u1: { url: 'http://a.example/fhir/q' },
      u2: { url: 'http://a.example/fhir/q/deep' },
      u3: { url: 'http://a.example/fhir/Q' },
      u4: { url: 'urn:oid:1.2.3' },
      u5: {},
      u6: { url: null },
      u7: { url: 'http://a.example' },
    },
    asked: [
      ['a uri is exact', 'url=http://a.example/fhir/q', 'u1'],
      ['below', 'url:below=http://a.example/fhir', 'u1 u2 u3'],
      ['below itself', 'url:below=http://a.example/fhir/q', 'u1 u2'],
      ['above', 'url:above=http://a.example/fhir/q/deep', 'u1 u2 u7'],
      ['a urn', 'url=urn:oid:1.2.3', 'u4'],
      ['missing', 'url:missing=true', 'u5 u6'],
      ['a part is not enough', 'url=http://a.example/fhir', ''],
    ],
  },
  composites: {
    type: 'Observation',
    rows: {
      c1: { code: coding(LOINC, '8480-6'), valueQuantity: quantity(120, 'mm[Hg]') },
      c2: { code: coding(LOINC, '8462-4'), valueQuantity: quantity(120, 'mm[Hg]') },
      c3: { code: coding(LOINC, '8480-6'), valueQuantity: quantity(80, 'mm[Hg]') },
      c4: {
        component: [
          { code: coding(LOINC, '8480-6'), valueQuantity: quantity(80, 'mm[Hg]') },
          { code: coding(LOINC, '8462-4'), valueQuantity: quantity(120, 'mm[Hg]') },
        ],
      },
      c5: { code: coding(LOINC, 'x'), valueCodeableConcept: coding('http://s.example', 'pos') },
      c6: { code: coding(LOINC, 'x'), valueString: 'Négatif, par ailleurs' },
      c7: { code: coding(LOINC, 'x'), valueDateTime: '2024-03-15' },
    },
    asked: [
      ['a code and its quantity', `code-value-quantity=${LOINC}|8480-6$gt100`, 'c1'],
      ['with a unit', `code-value-quantity=8480-6$120|${UCUM}|mm[Hg]`, 'c1'],
      ['parts belong to one component', `component-code-value-quantity=${LOINC}|8480-6$gt100`, ''],
      ['so they do', `component-code-value-quantity=${LOINC}|8462-4$gt100`, 'c4'],
      ['combined', `combo-code-value-quantity=${LOINC}|8462-4$gt100`, 'c2 c4'],
      ['a code and a concept', 'code-value-concept=x$http://s.example|pos', 'c5'],
      ['a code and a string', 'code-value-string=x$negatif', 'c6'],
      ['a code and a date', 'code-value-date=x$ge2024-03', 'c7'],
      ['missing', 'code-value-quantity:missing=true', 'c4 c5 c6 c7'],
      ['not missing', 'component-code-value-quantity:missing=false', 'c4'],
      ['alternatives', 'code-value-quantity=8480-6$80,8462-4$120', 'c2 c3'],
    ],
  },
  'of every type': {
    type: 'Flag',
    rows: {
      e1: {
        meta: {
          tag: [{ system: 'http://t.example', code: 'a' }],
          profile: ['http://p.example/x|1'],
          source: 'http://s.example/a#1',
        },
      },
      e2: {
        meta: { security: [{ system: 'http://s.example', code: 'R' }], profile: ['http://p.example/x'] },
      },
      e3: {
        text: {
          status: 'generated',
          div: '<div xmlns="http://www.w3.org/1999/xhtml">Fièvre <b>aiguë</b> &amp; toux</div>',
        },
      },
      e4: { code: { text: 'fievre ailleurs' } },
      e5: {},
    },
    asked: [
      ['_id', '_id=e1,e5', 'e1 e5'],
      ['_id:not', '_id:not=e1,e5', 'e2 e3 e4'],
      ['_id is exact', '_id=E1', ''],
      ['_tag', '_tag=http://t.example|a', 'e1'],
      ['_tag:not', '_tag:not=a', 'e2 e3 e4 e5'],
      ['_security', '_security=R', 'e2'],
      ['_profile of any version', '_profile=http://p.example/x', 'e1 e2'],
      ['_profile of one version', '_profile=http://p.example/x|1', 'e1'],
      ['_profile:below', '_profile:below=http://p.example', 'e1 e2'],
      ['_source', '_source=http://s.example/a%231', 'e1'],
      ['_source:missing', '_source:missing=true', 'e2 e3 e4 e5'],
      ['_text is the narrative', '_text=fievre%20toux', 'e3'],
      ['_text is not the rest', '_text=ailleurs', ''],
      ['_content is all', '_content=fievre', 'e3 e4'],
      ['_lastUpdated', '_lastUpdated=gt2020', 'e1 e2 e3 e4 e5'],
      ['_lastUpdated before', '_lastUpdated=lt2020', ''],
      ['_lastUpdated, not equal', '_lastUpdated=ne2020', 'e1 e2 e3 e4 e5'],
    ],
  },
  'of documents': {
    type: 'DocumentReference',
    rows: {
      doc1: archivable({ archived: true, start: '2024-03-10', end: '2024-03-20' }),
      doc2: archivable({ archived: false, start: '2023' }),
      doc3: archivable({ creation: '2024-06-01T08:00:00Z' }),
    },
    asked: [
      ['archived', 'isArchived=true', 'doc1'],
      ['what does not say is not archived', 'isArchived=false', 'doc2 doc3'],
      ['when the act began', 'period-start=ge2024', 'doc1'],
      ['when the act ended', 'period-end=2024-03-20', 'doc1'],
      ['when the document was made', 'creation=2024-06-01', 'doc3'],
      ['no such date', 'creation:missing=true', 'doc1 doc2'],
    ],
  },
  places: {
    type: 'Location',
    rows: {
      l1: { position: { latitude: 48.85837, longitude: 2.294481 } },
      l2: { position: { latitude: 45.764, longitude: 4.8357 } },
      l3: { name: 'nowhere' },
    },
    asked: [
      ['within ten kilometres when nothing is said', 'near=48.852968|2.349902', 'l1'],
      ['within a distance', 'near=48.852968|2.349902|4|km', ''],
      ['within a larger one', 'near=48.852968|2.349902|400|km', 'l1 l2'],
      ['in miles', 'near=48.852968|2.349902|2.6|[mi_us]', 'l1'],
      ['with another parameter', 'near=48.852968|2.349902|400&name=nowhere', ''],
      ['missing', 'near:missing=true', 'l3'],
    ],
  },
};

/** What is refused, and what the refusal says. */
const REFUSED: [query: string, says: RegExp][] = [
  ['Location?near=48.8|2.3|10|ells', /no place/],
  ['Patient?_query=x', /named queries/],
  ['Patient?_filter=name eq x', /_filter/],
  ['Patient?nothing=x', /unknown parameter `nothing`/],
  ['Patient?__proto__=x', /unknown parameter/],
  ['Patient?family:exact:exact=x', /more than one modifier/],
  ['Patient?family:near=x', /modifier `near`/],
  ['Patient?birthdate:exact=2020', /modifier/],
  ['Patient?birthdate=zz2020', /prefix `zz`/],
  ['Patient?birthdate=gt', /no date/],
  ['Patient?birthdate=2020-13', /no date/],
  ['Observation?value-quantity=1x', /no number/],
  ['Observation?code-value-quantity=x', /code\$value-quantity/],
  ['Observation?code:in=http://unknown.example/vs', /value set/],
  ['Observation?code:below=http://loinc.org|8480-6', /hierarchy/],
  ['Observation?subject:Practitioner=x', /Practitioner/],
  ['Observation?patient=', /needs a value/],
  ['Observation?patient:missing=yes', /`true` or `false`/],
  ['Observation?code.text=x', /no reference/],
  ['Observation?_has:Nothing:x:y=z', /reverse chain/],
  ['Patient?identifier:of-type=a|b', /system\|code\|value/],
  ['Patient?_count=-1', /_count/],
  ['Patient?_sort=near', /_sort/],
  ['Patient?_summary=some', /_summary/],
  ['Patient?_total=much', /_total/],
  ['Patient?_elements=nothing', /no element/],
  ['Patient?_include=Patient', /_include/],
  ['Patient?_include=Patient:family', /no reference/],
  ['Condition?_list=$current-problems', /add the parameter `patient`/],
  ['Condition?patient=x&_list=$current-drug-allergies', /no list/],
];

let carnet: TestServer;
let all: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url, { types: [...DEFAULT_TYPES, 'RiskAssessment'] });
  all = carnet.as('all');
  const rows = Object.values(TABLES).flatMap(({ type, rows: of }) =>
    Object.entries(of).map(
      ([id, content]) =>
        JSON.parse(
          JSON.stringify({ resourceType: type, id, ...content }).replaceAll('__BASE__', carnet.base),
        ) as Resource,
    ),
  );
  await seed(carnet, rows);
});
afterAll(() => carnet?.close());

describe.each(Object.entries(TABLES))('%s', (_, { type, rows, asked }) => {
  // the rows of one table, among those of others
  const mine = new Set(Object.keys(rows));
  it.each(asked)('%s: %s', async (_sentence, query, ids) => {
    const path = `${type}?${query.replaceAll('__BASE__', carnet.base)}&_count=1000`;
    if (ids === '400') {
      expect((await all.get(path)).status).toBe(400);
      return;
    }
    const found = (await page(all, path)).filter((id) => mine.has(id));
    expect(found.sort().join(' ')).toBe(ids);
  });
});

it.each(REFUSED)('%s is refused, saying %s', async (path, says) => {
  const { status, json } = await all.get(path);
  expect([status, json.resourceType, json.issue[0].details.text]).toEqual([
    400,
    'OperationOutcome',
    expect.stringMatching(says),
  ]);
});
