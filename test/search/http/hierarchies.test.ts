/** https://hl7.org/fhir/R4/search.html#recursive */
import type { Resource } from '../../../src/fhir/resource.ts';
import { type TestServer, testServer } from '../../support/server.ts';
import { idsOf, seed } from './support/rows.ts';

const partOf = (resourceType: string, id: string, whole?: string, more: object = {}): Resource => ({
  resourceType,
  id,
  ...(whole === undefined ? {} : { partOf: { reference: `${resourceType}/${whole}` } }),
  ...more,
});
const encounter = (id: string, of: string, location: string | undefined, whole?: string): Resource =>
  partOf('Encounter', id, whole, {
    status: 'finished',
    class: { code: 'AMB' },
    subject: { reference: `Patient/${of}` },
    ...(location === undefined ? {} : { location: [{ location: { reference: `Location/${location}` } }] }),
  });

const ROWS: Resource[] = [
  { resourceType: 'Patient', id: 'p1', managingOrganization: { reference: 'Organization/ward' } },
  { resourceType: 'Patient', id: 'p2', managingOrganization: { reference: 'Organization/group' } },
  partOf('Location', 'site'),
  partOf('Location', 'floor', 'site'),
  partOf('Location', 'room', 'floor'),
  partOf('Location', 'bed', 'room'),
  partOf('Location', 'elsewhere'),
  partOf('Location', 'ring1', 'ring2'),
  partOf('Location', 'ring2', 'ring1'),
  partOf('Organization', 'group'),
  partOf('Organization', 'hospital', 'group'),
  partOf('Organization', 'ward', 'hospital'),
  encounter('stay', 'p1', 'floor'),
  encounter('visit', 'p1', 'bed', 'stay'),
  encounter('exam', 'p1', undefined, 'visit'),
  encounter('theirs', 'p2', 'room'),
  encounter('away', 'p1', 'elsewhere'),
  encounter('round', 'p1', 'ring1'),
  ...['stay', 'exam', 'theirs'].map((of): Resource => ({
    resourceType: 'Observation',
    id: `of-${of}`,
    status: 'final',
    code: { text: 'x' },
    subject: { reference: `Patient/${of === 'theirs' ? 'p2' : 'p1'}` },
    encounter: { reference: `Encounter/${of}` },
  })),
];

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await seed(carnet, ROWS);
});
afterAll(() => carnet?.close());

/** The query, what one with all rights finds, what the patient p1 does. */
const ASKED: [sentence: string, query: string, all: string, own: string][] = [
  ['without a modifier, the very one', 'Encounter?location=floor', 'stay', 'stay'],
  ['below', 'Encounter?location:below=floor', 'stay theirs visit', 'stay visit'],
  ['below the whole', 'Encounter?location:below=Location/site', 'stay theirs visit', 'stay visit'],
  ['below the least', 'Encounter?location:below=bed', 'visit', 'visit'],
  ['above', 'Encounter?location:above=room', 'stay theirs', 'stay'],
  ['above the least', 'Encounter?location:above=bed', 'stay theirs visit', 'stay visit'],
  ['above the whole', 'Encounter?location:above=site', '', ''],
  ['alternatives', 'Encounter?location:below=bed,elsewhere', 'away visit', 'away visit'],
  ['a ring is walked once', 'Encounter?location:below=ring2', 'round', 'round'],
  ['what isn’t there', 'Encounter?location:below=nowhere', '', ''],
  ['of the type itself', 'Location?partof:below=floor', 'bed room', 'bed room'],
  ['organizations', 'Patient?organization:below=group', 'p1 p2', 'p1'],
  ['organizations above', 'Patient?organization:above=ward', 'p1 p2', 'p1'],
  ['encounters', 'Observation?encounter:below=stay', 'of-exam of-stay', 'of-exam of-stay'],
  ['encounters above', 'Observation?encounter:above=exam', 'of-exam of-stay', 'of-exam of-stay'],
  ['encounters of somebody else', 'Observation?encounter:below=theirs', 'of-theirs', ''],
  [
    'at the end of a chain',
    'Observation?encounter:Encounter.location:below=site',
    'of-stay of-theirs',
    'of-stay',
  ],
];

it.each(ASKED)('%s: %s', async (_, query, all, own) => {
  const patient = { token: carnet.tokenFor({ reference: 'Patient/p1' }, 'patient') };
  for (const [as, ids] of [
    ['all', all],
    [patient, own],
  ] as const) {
    const { status, json } = await carnet.as(as).get(query);
    expect([status, idsOf(json).sort().join(' '), json.total]).toEqual([
      200,
      ids,
      ids.split(' ').filter(Boolean).length,
    ]);
  }
});

it.each([
  ['Observation?patient:below=p1', /has no hierarchy.*Encounter, Location, Organization/],
  ['Observation?performer:above=Practitioner/x', /allowed are Organization/],
  ['Encounter?location:below=Location/floor/_history/1', /without a version/],
  ['Encounter?location:below=http://elsewhere.example/Location/1', /needs an id/],
  ['Encounter?location:below=Organization/group', /allowed are Location/],
])('%s is refused', async (query, says) => {
  const { status, json } = await carnet.as('all').get(query);
  expect([status, json.issue[0].details.text]).toEqual([400, expect.stringMatching(says)]);
});

it('past a number of levels says so', async () => {
  const levels = Array.from({ length: 25 }, (_, at) =>
    partOf('Location', `deep-${at}`, at === 0 ? undefined : `deep-${at - 1}`),
  );
  await seed(carnet, levels);
  const all = carnet.as('all');
  expect((await all.get('Encounter?location:below=deep-10')).status).toBe(200);
  const { status, json } = await all.get('Encounter?location:below=deep-0');
  expect([status, json.issue[0].code]).toEqual([403, 'too-costly']);
});
