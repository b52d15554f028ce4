/** What only content can tell is told of up to 1,000 permitted candidates, and past them refused with advice. */
import type { Resource } from '../../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../../support/server.ts';
import { consent } from './support/consent.ts';
import { page, seed, walk } from './support/rows.ts';

const BOUND = 1000;
const GP = 'Practitioner/demo-gp';

const condition = (at: number, patient: string): Resource => ({
  resourceType: 'Condition',
  id: `${patient}-${at}`,
  subject: { reference: `Patient/${patient}` },
  recordedDate: at < 10 ? '2024-05-01' : '2020-01-01',
  code: {
    text: at % 100 === 0 ? `Céphalée n° ${at}` : 'Autre',
    coding: [{ system: 'http://s.example', code: `c${at % 2}` }],
  },
  text: {
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml">récit ${at % 100 === 0 ? 'long' : 'court'}</div>`,
  },
});
const many = (count: number, patient: string): Resource[] =>
  Array.from({ length: count }, (_, at) => condition(at, patient));

let carnet: TestServer;
let all: Client;
let gp: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  gp = carnet.as('gp');
  await seed(carnet, [
    ...['full', 'over', 'hidden'].map((id) => ({
      resourceType: 'Patient',
      id,
      name: [{ family: `De ${id}` }],
    })),
    consent('c1', 'full', GP),
    consent('c2', 'over', GP),
  ]);
  await seed(carnet, [...many(BOUND, 'full'), ...many(BOUND + 1, 'over'), ...many(20, 'hidden')]);
});
afterAll(() => carnet?.close());

/** Each is asked of exactly as many candidates as are allowed, and of one more. */
const ASKED: [query: string, found: number][] = [
  ['code:text=cephalee', 10],
  ['_text=long', 10],
  ['_content=cephalee%20long', 10],
  ['_content=nulle-part', 0],
  ['code:text=cephalee&_sort=-recorded-date', 10],
  ['_sort=code&_count=1000', BOUND],
];

it.each(ASKED)('%s is answered up to the bound', async (query, found) => {
  const { ids, totals } = await walk(all, `Condition?patient=full&${query}`);
  expect([ids.length, new Set(ids).size, totals[0]]).toEqual([found, found, found]);
});

it.each(ASKED)('%s is refused past the bound, with what to add', async (query) => {
  const { status, json } = await all.get(`Condition?patient=over&${query}`);
  expect([status, json.resourceType, json.issue[0].code, json.issue[0].details.text]).toEqual([
    403,
    'OperationOutcome',
    'too-costly',
    expect.stringMatching(/more than 1000 resources: ask for fewer: add a date, a code or another parameter/),
  ]);
});

it.each([
  ['a date', 'recorded-date=ge2024-01-01&code:text=cephalee', 1],
  ['a code', 'code=c0&code:text=cephalee', 11],
])('%s more brings it below the bound', async (_, query, found) => {
  expect(await page(all, `Condition?patient=over&${query}`)).toHaveLength(found);
});

it('only what is permitted counts', async () => {
  // 1,000 and 20 in all, of which the professional may see 1,000
  expect(await page(gp, 'Condition?patient=full,hidden&code:text=cephalee')).toHaveLength(10);
  expect((await all.get('Condition?patient=full,hidden&code:text=cephalee')).status).toBe(403);
});

it('counting alone needs no order', async () => {
  const { status, json } = await all.get('Condition?patient=over&_sort=code&_summary=count');
  expect([status, json.total]).toEqual([200, BOUND + 1]);
});

it('a chain that only content can tell keeps the bound too', async () => {
  expect(await page(all, 'Condition?subject:Patient.family:contains=full&_count=1')).toHaveLength(1);
  const { status, json } = await all.get('Patient?_has:Condition:patient:code:text=cephalee');
  expect([status, json.issue[0].code]).toEqual([403, 'too-costly']);
});
