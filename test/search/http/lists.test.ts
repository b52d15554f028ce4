/** https://hl7.org/fhir/R4/lifecycle.html#current and https://hl7.org/fhir/R4/search.html#list */
import type { Resource } from '../../../src/fhir/resource.ts';
import { type TestServer, testServer } from '../../support/server.ts';
import { consent } from './support/consent.ts';
import { idsOf, seed } from './support/rows.ts';

const LOINC = 'http://loinc.org';
const KINDS = 'http://terminology.hl7.org/CodeSystem/list-example-codes';

const allergy = (id: string, of: string): Resource => ({
  resourceType: 'AllergyIntolerance',
  id,
  patient: { reference: `Patient/${of}` },
});
const list = (
  id: string,
  of: string,
  [system, code]: [string, string],
  items: string[],
  more: object = {},
): Resource => ({
  resourceType: 'List',
  id,
  status: 'current',
  mode: 'working',
  subject: { reference: `Patient/${of}` },
  code: { coding: [{ system, code }] },
  entry: items.map((reference) => ({ item: { reference } })),
  ...more,
});
const ALLERGIES: [string, string] = [LOINC, '48765-2'];

const ROWS: Resource[] = [
  ...['p1', 'p2', 'p3'].map((id): Resource => ({ resourceType: 'Patient', id })),
  consent('c1', 'p1', 'Practitioner/demo-gp'),
  ...['a1', 'a2', 'a3', 'old'].map((id) => allergy(id, 'p1')),
  allergy('b1', 'p2'),
  allergy('lonely', 'p3'),
  list('l-old', 'p1', ALLERGIES, ['AllergyIntolerance/old'], { date: '2020-01-01' }),
  list('l-now', 'p1', ALLERGIES, ['AllergyIntolerance/a1', 'Condition/k1'], {
    date: '2024-01-01',
    entry: [
      { item: { reference: 'AllergyIntolerance/a1' } },
      { item: { reference: 'AllergyIntolerance/a2/_history/1' } },
      { item: { reference: 'AllergyIntolerance/a3' }, deleted: true },
    ],
  }),
  list('l-retired', 'p1', ALLERGIES, ['AllergyIntolerance/old'], { date: '2025-01-01', status: 'retired' }),
  list('l-snapshot', 'p1', ALLERGIES, ['AllergyIntolerance/old'], { date: '2025-01-01', mode: 'snapshot' }),
  list('l-other', 'p1', [LOINC, '1-1'], ['AllergyIntolerance/old'], { date: '2025-01-01' }),
  list('l-p2', 'p2', [KINDS, 'allergies'], ['AllergyIntolerance/b1'], { date: '2019-01-01' }),
  { resourceType: 'Condition', id: 'k1', subject: { reference: 'Patient/p1' } },
  { resourceType: 'Condition', id: 'k2', subject: { reference: 'Patient/p1' } },
  list('l-problems', 'p1', [LOINC, '46105-3'], ['Condition/k1']),
  { resourceType: 'MedicationStatement', id: 'm1', status: 'active', subject: { reference: 'Patient/p1' } },
  { resourceType: 'MedicationRequest', id: 'm2', status: 'active', subject: { reference: 'Patient/p1' } },
  list('l-medications', 'p1', [KINDS, 'medications'], ['MedicationStatement/m1', 'MedicationRequest/m2']),
];

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await seed(carnet, ROWS);
});
afterAll(() => carnet?.close());

/** The query, what one with all rights finds, what the professional does whom p1 permits. */
const ASKED: [sentence: string, query: string, all: string, gp: string][] = [
  [
    'the newest that is kept up to date, without what was taken off',
    'AllergyIntolerance?patient=p1&_list=$current-allergies',
    'a1 a2',
    'a1 a2',
  ],
  ['by another code of the kind', 'AllergyIntolerance?patient=p2&_list=$current-allergies', 'b1', ''],
  ['of several patients', 'AllergyIntolerance?patient=p1,p2&_list=$current-allergies', 'a1 a2 b1', 'a1 a2'],
  ['of one who has none', 'AllergyIntolerance?patient=p3&_list=$current-allergies', '', ''],
  ['of nobody', 'AllergyIntolerance?patient=nobody&_list=$current-allergies', '', ''],
  ['problems', 'Condition?subject=Patient/p1&_list=$current-problems', 'k1', 'k1'],
  ['medications', 'MedicationStatement?patient=p1&_list=$current-medications', 'm1', 'm1'],
  ['medications of another type', 'MedicationRequest?patient=p1&_list=$current-medications', 'm2', 'm2'],
  ['of a compartment', 'Patient/p1/AllergyIntolerance?_list=$current-allergies', 'a1 a2', 'a1 a2'],
  ['a list of another type’s items', 'Condition?patient=p1&_list=$current-allergies', '', ''],
  ['what was taken off a List by its id', 'AllergyIntolerance?_list=l-now', 'a1 a2', 'a1 a2'],
];

it.each(ASKED)('%s: %s', async (_, query, all, gp) => {
  for (const [as, ids] of [
    ['all', all],
    ['gp', gp],
  ] as const) {
    const { status, json } = await carnet.as(as).get(query);
    expect([status, idsOf(json).sort().join(' '), json.total]).toEqual([
      200,
      ids,
      ids.split(' ').filter(Boolean).length,
    ]);
  }
});

it('of lists of one date the one that was written last', async () => {
  await seed(carnet, [list('l-new', 'p3', ALLERGIES, ['AllergyIntolerance/none'], { date: '2024' })]);
  await seed(carnet, [list('l-newer', 'p3', ALLERGIES, ['AllergyIntolerance/lonely'], { date: '2024' })]);
  const { json } = await carnet.as('all').get('AllergyIntolerance?patient=p3&_list=$current-allergies');
  expect(idsOf(json)).toEqual(['lonely']);
});

it.each([
  ['AllergyIntolerance?_list=$current-allergies', 'required', /add the parameter `patient`/],
  ['AllergyIntolerance?patient=p1&_list=$current-drug-allergies', 'value', /\$current-problems/],
])('%s is refused', async (query, code, says) => {
  const { status, json } = await carnet.as('all').get(query);
  expect([status, json.issue[0].code, json.issue[0].details.text]).toEqual([
    400,
    code,
    expect.stringMatching(says),
  ]);
});
