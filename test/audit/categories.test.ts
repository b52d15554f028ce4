/** Of which sort and of whose what a trace names is: told as it was, to whom it may be told, of nothing that is hidden. */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { Space, label, permits } from '../enforcement/support/space.ts';
import { observation } from '../leaks/support/content.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

const CLASS = { system: 'https://classes.example', code: '11' };
const OTHER = { system: 'https://classes.example', code: '42' };
const SORTED = { category: [{ coding: [CLASS] }] };
const HOSPITAL = { type: 'origin', valueString: 'Organization/demo-hospital' };
const TOLD = [
  HOSPITAL,
  { type: 'category', valueString: 'https://classes.example|11' },
  { type: 'type', valueString: 'http://loinc.org|34112-3' },
];

async function details(client: Client, space: Space, more: string, name: string): Promise<unknown[]> {
  const { status, json, text } = await client.get(`AuditEvent?patient=${space.id}&_count=100&${more}`);
  expect([status, status === 200 || text]).toEqual([200, true]);
  return ((json.entry ?? []) as { resource: Resource }[]).flatMap(({ resource }) =>
    (resource.entity as (Json & { what?: { reference?: string } })[])
      .filter(({ what }) => what?.reference === name)
      .map(({ detail = [] }) => detail),
  );
}

it.each<[string, (client: Client, id: string, space: Space) => Promise<{ status: number }>]>([
  ['read', (client, id) => client.get(`DocumentReference/${id}`)],
  ['a version that is read', (client, id) => client.get(`DocumentReference/${id}/_history`)],
  ['search', (client, _, { id }) => client.get(`DocumentReference?patient=${id}&_elements=status`)],
  ['$everything', (client, _, { id }) => client.get(`Patient/${id}/$everything`)],
])('a document’s class and type are told of a %s', async (_, ask) => {
  const space = await Space.of(carnet);
  await space.says(permits('Practitioner/demo-gp'));
  const id = await space.deposit(SORTED);
  expect((await ask(carnet.as('gp'), id, space)).status).toBe(200);
  const more = 'agent=Practitioner/demo-gp';
  const name = `DocumentReference/${id}`;
  expect(await details(space.me, space, more, name)).toEqual([TOLD]);
  // who asked is told of their own as they were given it
  expect(await details(carnet.as('gp'), space, more, name)).toEqual([TOLD]);
});

it('they are told of what is written, and of the document whose content is read', async () => {
  const space = await Space.of(carnet);
  await space.says(permits('Practitioner/demo-gp'));
  const hospital = carnet.as('hospital');
  const binary = { resourceType: 'Binary', contentType: 'text/plain', data: 'eA==' };
  const { json: content } = await hospital.post('Binary', binary);
  const id = await space.deposit({
    ...SORTED,
    content: [{ attachment: { contentType: 'text/plain', url: `Binary/${content.id}` } }],
  });
  const name = `DocumentReference/${id}`;
  expect((await carnet.as('gp').get(`Binary/${content.id}`)).status).toBe(200);
  expect((await hospital.delete(name)).status).toBe(204);
  expect(await details(space.me, space, 'action=C', name)).toEqual([TOLD]);
  expect(await details(space.me, space, 'agent=Practitioner/demo-gp', name)).toEqual([TOLD]);
  expect(await details(space.me, space, 'action=D', name)).toEqual([TOLD]);
});

it('of other things whose they are is told, and of results their category', async () => {
  const space = await Space.of(carnet);
  await space.says(permits('Practitioner/demo-gp'));
  const { id: _, ...weight } = observation('', space.id, 180, {
    category: [
      {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/observation-category', code: 'vital-signs' },
        ],
      },
    ],
  });
  const { json } = await carnet.as('lab').post('Observation', weight);
  expect((await carnet.as('gp').get(`Observation?patient=${space.id}`)).status).toBe(200);
  expect(await details(space.me, space, 'agent=Practitioner/demo-gp', `Observation/${json.id}`)).toEqual([
    [
      { type: 'origin', valueString: 'Organization/demo-lab' },
      {
        type: 'category',
        valueString: 'http://terminology.hl7.org/CodeSystem/observation-category|vital-signs',
      },
    ],
  ]);
});

it.each(['INVISIBLE_PATIENT', 'INVISIBLE_REPRESENTANTS_LEGAUX'])(
  'when something that was %s is shown, its traces don’t tell of which sort it was before',
  async (code) => {
    const space = await Space.of(carnet);
    await space.says(permits('Practitioner/demo-gp'));
    const hospital = carnet.as('hospital');
    const id = await space.deposit({ ...SORTED, securityLabel: [{ coding: [label(code)] }] });
    const name = `DocumentReference/${id}`;
    expect((await carnet.as('gp').get(name)).status).toBe(200);
    const hidden = (await hospital.get(name)).json as Json;
    const { securityLabel: _, ...shown } = hidden;
    const changed = await hospital.put(name, { ...shown, category: [{ coding: [OTHER] }] });
    expect([changed.status, changed.status === 200 || changed.text]).toEqual([200, true]);
    const link = await space.links('legal-protection');
    const guardian = space.caller('patient', {
      reference: 'Patient/of-another',
      related: [`RelatedPerson/${link}`],
    });
    for (const reader of [space.me, guardian]) {
      expect(await details(reader, space, 'agent=Practitioner/demo-gp', name)).toEqual([[HOSPITAL]]);
      const { text } = await reader.get(`AuditEvent?patient=${space.id}&_count=100`);
      expect(text).not.toContain('classes.example|11');
    }
  },
);

it('of what is hidden from its reader no sort is told, by no door', async () => {
  const space = await Space.of(carnet);
  await space.says(permits('Practitioner/demo-gp'));
  const link = await space.links('legal-protection');
  const guardian = space.caller('patient', {
    reference: 'Patient/of-another',
    related: [`RelatedPerson/${link}`],
  });
  const secret = await space.deposit({
    ...SORTED,
    securityLabel: [{ coding: [label('INVISIBLE_REPRESENTANTS_LEGAUX')] }],
  });
  await space.deposit();
  await carnet.as('gp').get(`DocumentReference/${secret}`);
  await carnet.as('gp').get(`DocumentReference?patient=${space.id}`);
  for (const path of [
    `AuditEvent?patient=${space.id}&_count=100`,
    `Patient/${space.id}/$access-history?as=bundle`,
    `Patient/${space.id}/$access-history?as=csv`,
  ]) {
    const { status, text } = await guardian.get(path);
    expect([path, status, text.includes('classes.example|11'), text.includes(secret)]).toEqual([
      path,
      200,
      false,
      false,
    ]);
  }
  for (const query of ['_content=classes.example', 'entity-type=category'])
    expect((await guardian.get(`AuditEvent?patient=${space.id}&${query}`)).json.entry ?? []).toEqual([]);
});
