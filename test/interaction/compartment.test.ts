/** https://hl7.org/fhir/R4/http.html#vsearch and https://hl7.org/fhir/R4/compartmentdefinition.html */
import type { Resource } from '../../src/fhir/resource.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { document, errorOf, observation, pages, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
const of = (id: string) => ({ subject: { reference: `Patient/${id}` } });
const form = { 'content-type': 'application/x-www-form-urlencoded' };

const idsOf = ({ json }: Reply): string[] =>
  (json.entry ?? [])
    .map(({ resource }: { resource: Resource }) => `${resource.resourceType}/${resource.id}`)
    .sort();

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  const author = [{ reference: 'Practitioner/dr' }];
  const resources: Resource[] = [
    patient({ id: 'p1' }),
    patient({ id: 'p2' }),
    { resourceType: 'Practitioner', id: 'dr' },
    { resourceType: 'Encounter', id: 'e1', status: 'finished', class: { code: 'AMB' }, ...of('p1') },
    document({ id: 'd1', author, ...of('p1') }),
    document({ id: 'd2', ...of('p1'), status: 'superseded' }),
    document({ id: 'd3', author: [{ reference: 'Patient/p1' }], ...of('p2') }),
    observation({ id: 'o1', ...of('p1'), encounter: { reference: 'Encounter/e1' } }),
    observation({ id: 'o2', ...of('p2') }),
    observation({ id: 'o3', ...of('p2'), performer: [{ reference: 'Patient/p1' }] }),
    { resourceType: 'Organization', id: 'org', name: 'x' },
  ];
  for (const resource of resources) {
    const made = await all.put(`${resource.resourceType}/${resource.id}`, resource);
    if (made.status !== 201) throw new Error(made.text);
  }
});
afterAll(() => carnet?.close());

it.each([
  ['Patient/p1/DocumentReference', ['DocumentReference/d1', 'DocumentReference/d2', 'DocumentReference/d3']],
  ['Patient/p1/DocumentReference?status=current', ['DocumentReference/d1', 'DocumentReference/d3']],
  ['Patient/p1/Observation', ['Observation/o1', 'Observation/o3']],
  ['Patient/p1/Patient', ['Patient/p1']],
  ['Patient/p2/Encounter', []],
  ['Patient/none/DocumentReference', []],
  ['Encounter/e1/Observation', ['Observation/o1']],
  ['Practitioner/dr/DocumentReference', ['DocumentReference/d1']],
  [
    'Patient/p1/*',
    [
      'DocumentReference/d1',
      'DocumentReference/d2',
      'DocumentReference/d3',
      'Encounter/e1',
      'Observation/o1',
      'Observation/o3',
      'Patient/p1',
    ],
  ],
  ['Patient/p1/*?_type=Observation,Encounter', ['Encounter/e1', 'Observation/o1', 'Observation/o3']],
  ['Encounter/e1/*', ['Encounter/e1', 'Observation/o1']],
])('`%s` holds what belongs there', async (path, wanted) => {
  const reply = await all.get(path);
  expect([reply.status, reply.json.type, reply.json.total]).toEqual([200, 'searchset', wanted.length]);
  expect(idsOf(reply)).toEqual(wanted);
});

it('is asked by a form too', async () => {
  const typed = await all.post('Patient/p1/DocumentReference/_search', 'status=current', form);
  expect(idsOf(typed)).toEqual(['DocumentReference/d1', 'DocumentReference/d3']);
  const whole = await all.post('Patient/p1/_search', '_type=Observation', form);
  expect(idsOf(whole)).toEqual(['Observation/o1', 'Observation/o3']);
});

it('is sorted, counted and paged as any search', async () => {
  const replies = await pages(all, 'Patient/p1/*?_count=3&_sort=-_lastUpdated');
  expect(replies.map(({ json }) => [json.entry.length, json.total])).toEqual([
    [3, 7],
    [3, 7],
    [1, 7],
  ]);
  expect(new Set(replies.flatMap(idsOf)).size).toBe(7);
  const [first] = replies;
  expect(first!.json.link[0].url).toBe(`${carnet.base}/Patient/p1/*?_count=3&_sort=-_lastUpdated`);
  const count = await all.get('Patient/p1/DocumentReference?_summary=count');
  expect([count.json.total, count.json.entry]).toEqual([3, undefined]);
});

it('brings what is included with it', async () => {
  const reply = await all.get(
    'Patient/p1/DocumentReference?_include=DocumentReference:author:Practitioner&_id=d1',
  );
  expect(idsOf(reply)).toEqual(['DocumentReference/d1', 'Practitioner/dr']);
});

it('says where to look, never who may', async () => {
  const token = carnet.tokenFor({ reference: 'Patient/p1' }, 'patient');
  const owner = carnet.as({ token });
  expect(idsOf(await owner.get('Patient/p1/*'))).toEqual([
    'DocumentReference/d1',
    'DocumentReference/d2',
    'Encounter/e1',
    'Observation/o1',
    'Patient/p1',
  ]);
  const gp = carnet.as('gp');
  const [hidden, absent] = [await gp.get('Patient/p1/*'), await gp.get('Patient/p0/*')];
  const plain = ({ json }: Reply) => JSON.stringify({ ...json, meta: undefined }).replaceAll(/p[01]/g, 'p');
  expect([hidden.status, hidden.json.total, plain(hidden)]).toEqual([200, 0, plain(absent)]);
});

it('needs the scope of the type, or of all types', async () => {
  const narrow = carnet.as({ token: carnet.tokenFor({ scope: 'system/Observation.rs' }) });
  expect(idsOf(await narrow.get('Patient/p1/Observation'))).toEqual(['Observation/o1', 'Observation/o3']);
  expect(errorOf(await narrow.get('Patient/p1/DocumentReference'))).toEqual([403, 'forbidden']);
  expect(errorOf(await narrow.get('Patient/p1/*'))).toEqual([403, 'forbidden']);
  expect(idsOf(await narrow.get('Patient/p1/*?_type=Observation'))).toEqual([
    'Observation/o1',
    'Observation/o3',
  ]);
});

it.each([
  ['Organization/org/Patient', 404],
  ['Observation/o1/*', 404],
  ['Patient/p1/Organization', 404],
  ['Patient/p1/Claim', 404],
  ['Patient/p1/Foo', 404],
  ['Patient/p1/DocumentReference?colour=red', 400],
  ['Patient/p1/*?_type=Foo', 400],
  ['Patient/a_b/DocumentReference', 400],
])('refuses `%s`', async (path, status) => {
  const reply = await all.get(path);
  expect([reply.status, reply.json.resourceType]).toEqual([status, 'OperationOutcome']);
});
