/** Links by canonical address and version: https://hl7.org/fhir/R4/references.html#canonical */
import type { Resource } from '../../../src/fhir/resource.ts';
import { type TestServer, testServer } from '../../support/server.ts';
import { idsOf, seed } from './support/rows.ts';

const URL = 'http://forms.example/pain';
const questionnaire = (id: string, url: string, version: string | undefined, title: string): Resource => ({
  resourceType: 'Questionnaire',
  id,
  url,
  ...(version === undefined ? {} : { version }),
  status: 'active',
  title,
});
const response = (id: string, of: string, form: string): Resource => ({
  resourceType: 'QuestionnaireResponse',
  id,
  status: 'completed',
  subject: { reference: `Patient/${of}` },
  questionnaire: form,
});

const ROWS = (base: string): Resource[] => [
  { resourceType: 'Patient', id: 'p1' },
  { resourceType: 'Patient', id: 'p2' },
  questionnaire('q1', URL, '1.0', 'Douleur'),
  questionnaire('q2', URL, '2.0.1', 'Douleur, revue'),
  questionnaire('q3', 'http://forms.example/sleep', undefined, 'Sommeil'),
  questionnaire('q4', `${base}/Questionnaire/q4`, undefined, 'Locale'),
  questionnaire('q5', 'http://forms.example/painless', '1.0', 'Autre'),
  response('any', 'p1', URL),
  response('old', 'p1', `${URL}|1.0`),
  response('new', 'p2', `${URL}|2.0.1`),
  response('lost', 'p1', `${URL}|3`),
  response('sleep', 'p2', 'http://forms.example/sleep'),
  response('local', 'p1', `${base}/Questionnaire/q4`),
  {
    ...response('inside', 'p1', '#f'),
    contained: [{ ...questionnaire('f', URL, '9', 'Dedans'), id: 'f' }],
  },
];

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await seed(carnet, ROWS(carnet.base));
});
afterAll(() => carnet?.close());

const get = async (query: string, as: Parameters<TestServer['as']>[0] = 'all') => {
  const { status, json } = await carnet.as(as).get(query);
  expect(status).toBe(200);
  return json;
};

/** The query, what one with all rights finds, what the patient p1 does. */
const ASKED: [sentence: string, query: string, all: string, own: string][] = [
  ['an address with a version', `QuestionnaireResponse?questionnaire=${URL}|1.0`, 'old', 'old'],
  [
    'below an address',
    `QuestionnaireResponse?questionnaire:below=${URL}`,
    'any lost new old',
    'any lost old',
  ],
  ['below a version', `QuestionnaireResponse?questionnaire:below=${URL}|2`, 'new', ''],
  ['below the very version', `QuestionnaireResponse?questionnaire:below=${URL}|2.0.1`, 'new', ''],
  ['half a number is no version', `QuestionnaireResponse?questionnaire:below=${URL}|2.0.`, '', ''],
  ['a chain', 'QuestionnaireResponse?questionnaire.title=sommeil', 'sleep', ''],
  ['a chain to one version', 'QuestionnaireResponse?questionnaire.title:exact=Douleur', 'any old', 'any old'],
  [
    'with any version where none is named',
    'QuestionnaireResponse?questionnaire.version=1.0',
    'any old',
    'any old',
  ],
  ['and with the other', 'QuestionnaireResponse?questionnaire.version=2.0.1', 'any new', 'any'],
  ['a typed chain', 'QuestionnaireResponse?questionnaire:Questionnaire.title=locale', 'local', 'local'],
  ['a chain into what is contained', 'QuestionnaireResponse?questionnaire.title=dedans', 'inside', 'inside'],
  ['an address that only begins alike', 'QuestionnaireResponse?questionnaire.title=autre', '', ''],
  ['a chain beside the patient', 'QuestionnaireResponse?patient=p2&questionnaire.title=douleur', 'new', ''],
  [
    '_has, and which version was meant',
    'Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=old',
    'q1',
    'q1',
  ],
  [
    '_has of one that names no version',
    'Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=any',
    'q1 q2',
    'q1 q2',
  ],
  ['_has of a hidden one', 'Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=new', 'q2', ''],
  ['_has of a local one', 'Questionnaire?_has:QuestionnaireResponse:questionnaire:_id=local', 'q4', 'q4'],
  [
    '_has in a chain of another',
    'Patient?_has:QuestionnaireResponse:patient:questionnaire.title=sommeil',
    'p2',
    '',
  ],
];

const patient = () => ({ token: carnet.tokenFor({ reference: 'Patient/p1' }, 'patient') });

it.each(ASKED)('%s: %s', async (_, query, all, own) => {
  for (const [as, ids] of [
    ['all', all],
    [patient(), own],
  ] as const) {
    const json = await get(query, as);
    expect([idsOf(json).sort().join(' '), json.total]).toEqual([ids, ids.split(' ').filter(Boolean).length]);
  }
});

const INCLUDED: [sentence: string, query: string, all: string, own: string][] = [
  ['a version', 'QuestionnaireResponse?_id=old&_include=QuestionnaireResponse:questionnaire', 'q1', 'q1'],
  [
    'every version',
    'QuestionnaireResponse?_id=any&_include=QuestionnaireResponse:questionnaire',
    'q1 q2',
    'q1 q2',
  ],
  [
    'a version that isn’t kept',
    'QuestionnaireResponse?_id=lost&_include=QuestionnaireResponse:questionnaire',
    '',
    '',
  ],
  [
    'a local address',
    'QuestionnaireResponse?_id=local&_include=QuestionnaireResponse:questionnaire',
    'q4',
    'q4',
  ],
  ['all that is named', 'QuestionnaireResponse?_id=sleep&_include=QuestionnaireResponse:*', 'p2 q3', ''],
  [
    'with a target',
    'QuestionnaireResponse?_id=old&_include=QuestionnaireResponse:questionnaire:Questionnaire',
    'q1',
    'q1',
  ],
  [
    'what names it',
    'Questionnaire?_id=q1&_revinclude=QuestionnaireResponse:questionnaire',
    'any old',
    'any old',
  ],
  [
    'what names the other version',
    'Questionnaire?_id=q2&_revinclude=QuestionnaireResponse:questionnaire',
    'any new',
    'any',
  ],
  ['what names it in any way', 'Questionnaire?_id=q3&_revinclude=*', 'sleep', ''],
  [
    'step by step',
    'Patient?_id=p1&_revinclude=QuestionnaireResponse:patient&_include:iterate=QuestionnaireResponse:questionnaire',
    'any inside local lost old q1 q2 q4',
    'any inside local lost old q1 q2 q4',
  ],
];

it.each(INCLUDED)('includes %s: %s', async (_, query, all, own) => {
  for (const [as, ids] of [
    ['all', all],
    [patient(), own],
  ] as const) {
    expect(
      idsOf(await get(query, as), 'include')
        .sort()
        .join(' '),
    ).toBe(ids);
  }
});

it.each([
  [`QuestionnaireResponse?questionnaire:above=${URL}|1.0`, /only `below` is defined/],
  ['QuestionnaireResponse?questionnaire:below=|1', /needs url/],
  ['QuestionnaireResponse?questionnaire:below=a|', /needs url/],
])('%s is refused', async (query, says) => {
  const { status, json } = await carnet.as('all').get(query);
  expect([status, json.issue[0].details.text]).toEqual([400, expect.stringMatching(says)]);
});
