/**
 * A visit leaves the patient, and who speaks for them, the same traces whether it met something hidden or not: two spaces
 * that differ in that alone, of the same words.
 */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { Space, label, names, permits } from '../enforcement/support/space.ts';
import { document } from '../leaks/support/content.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
let spaces: World[];
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  spaces = [await worldOf(false), await worldOf(true)];
});
afterAll(() => carnet?.close());

interface World {
  space: Space;
  other: Space;
  gp: Client;
  hospital: Client;
  parent: Client;
}

const HIDDEN = { securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] };
const LATER = {
  date: '2025-03-01T08:00:00Z',
  type: { coding: [{ system: 'http://loinc.org', code: '75622-1' }] },
};

async function worldOf(isHiding: boolean): Promise<World> {
  const space = await Space.of(carnet, { birthDate: '2014-02-03' });
  const other = await Space.of(carnet);
  const { id } = space;
  const gp = `Practitioner/${id}-gp`;
  await carnet.as('all').put(gp, { resourceType: 'Practitioner', id: `${id}-gp` });
  for (const each of [space, other]) await each.says(permits(gp));
  const related = await space.links('legal-representative');
  const own = { reference: `Organization/${id}-h`, organizations: [`Organization/${id}-h`] };
  const hospital = space.caller('hospital', { ...own, idPrefixes: [`${id}-`] });
  await putAll(hospital, [
    stay(id),
    document(`${id}-shown`, id),
    listOf(id, 'list', 'shown'),
    ...(isHiding ? hiddenOf(id, other.id) : []),
  ]);
  const parent = { reference: `Patient/${id}-parent`, related: [`RelatedPerson/${related}`] };
  return {
    space,
    other,
    gp: space.caller('gp', { reference: gp }),
    hospital,
    parent: space.caller('patient', parent),
  };
}

const stay = (id: string): Resource => ({
  resourceType: 'Encounter',
  id: `${id}-stay`,
  status: 'finished',
  class: { code: 'AMB' },
  subject: { reference: `Patient/${id}` },
});

const hiddenOf = (id: string, other: string): Resource[] => [
  document(`${id}-hidden`, id, {
    ...HIDDEN,
    ...LATER,
    context: { encounter: [{ reference: `Encounter/${id}-stay` }] },
  }),
  listOf(id, 'secret', 'hidden'),
  {
    resourceType: 'Appointment',
    id: `${id}-both`,
    status: 'booked',
    start: '2027-12-05T10:00:00Z',
    end: '2027-12-05T10:30:00Z',
    participant: names(`Patient/${id}`, `Patient/${other}`).map(({ reference }) => ({
      actor: reference,
      status: 'accepted',
    })),
  },
];

const listOf = (id: string, name: string, ...documents: string[]): Resource => ({
  resourceType: 'List',
  id: `${id}-${name}`,
  status: 'current',
  mode: 'working',
  subject: { reference: `Patient/${id}` },
  entry: documents.map((each) => ({ item: { reference: `DocumentReference/${id}-${each}` } })),
});

/** What is told of one request, in words of both spaces: without the line of the Patient, who is named in each. */
async function told(
  { space: { id } }: World,
  reader: Client,
  patient: string,
  request: string,
): Promise<string[]> {
  const { json } = await reader.get(`AuditEvent?patient=${patient}&_sort=-_lastUpdated&_count=60`);
  return ((json.entry ?? []) as { resource: Resource }[])
    .map(({ resource: { action, outcome, subtype, entity } }) => ({ action, outcome, subtype, entity }))
    .filter((event) => JSON.stringify(event).includes(`"${request}"`))
    .map(({ entity, ...rest }) => ({ ...rest, entity: (entity as Json[]).map(inWords) }))
    .map((event) => JSON.stringify(event).replaceAll(patient, 'P').replaceAll(id, 'W').replaceAll(UUID, '-'))
    .sort();
}

function inWords({ what, type, query }: Json): unknown {
  const { reference } = (what ?? {}) as { reference?: string };
  return (
    reference ?? (typeof query === 'string' ? Buffer.from(query, 'base64').toString() : (type as Json).code)
  );
}

const VERSION = /_history\/[0-9a-f]+/g;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g;

let count = 0;

/** By all of its pages. */
async function turned(client: Client, path: string, request: string): Promise<void> {
  for (let next: string | undefined = path; next !== undefined;) {
    const { status, json, text } = await client.get(next, { 'x-request-id': request });
    if (status !== 200 && status !== 404) throw new Error(text);
    next = json.link?.find(({ relation }: { relation: string }) => relation === 'next')?.url;
  }
}

const RECENT = '_lastUpdated=ge2020-01-01';

it.each(
  [
    // counts that name nobody
    `List?_summary=count&${RECENT}`,
    'List?item=DocumentReference/{w}-hidden&_summary=count',
    `List?item:DocumentReference.date=ge2025&_count=0&${RECENT}`,
    `Appointment?_summary=count&${RECENT}`,
    `?_type=List,Appointment&_summary=count&${RECENT}`,
    // pages that are full of what is hidden
    'DocumentReference?patient={p}&_count=1&_sort=-date',
    'Patient/{p}/DocumentReference?_count=1',
    'DocumentReference/_history?_count=1',
    'Patient/{p}/$everything?_count=1',
    // what came along
    `DocumentReference?_id={w}-hidden&_include=DocumentReference:patient`,
    'DocumentReference?patient={p}&_include=DocumentReference:encounter&_include=DocumentReference:patient',
    `Appointment?${RECENT}&_include=Appointment:patient`,
    'List?patient={p}&_include=List:item&_include:iterate=DocumentReference:encounter',
    // what a chain led through
    'DocumentReference?patient={p}&_list={w}-list',
  ].flatMap((path) => [['gp', path] as const, ['hospital', path] as const]),
)('to %s, by %s', async (who, path) => {
  const request = `alike-${(count += 1)}`;
  for (const { space, [who]: client } of spaces)
    await turned(client, path.replaceAll('{w}', space.id).replaceAll('{p}', space.id), request);
  const [without, hiding] = await Promise.all(
    spaces.map(async (world) => ({
      patient: await told(world, world.space.me, world.space.id, request),
      parent: await told(world, world.parent, world.space.id, request),
      other: await told(world, world.other.me, world.other.id, request),
    })),
  );
  expect(hiding).toEqual(without);
});

it.each([
  ['Patient?_has:DocumentReference:patient:type=http://loinc.org|75622-1', 'Patient?_has=…'],
  ['Patient?_has:Observation:patient:code=http://loinc.org|75622-1&_id={p}', 'Patient?_has=…&_id=P'],
  [
    'DocumentReference?patient={p}&encounter:Encounter.status=finished',
    'DocumentReference?patient=P&encounter=…',
  ],
  ['DocumentReference?patient={p}&_list={w}-secret', 'DocumentReference?patient=P&_list=…'],
])('of %s the patient is told that there was a chain, not through what', async (path, wanted) => {
  const [, world] = spaces as [World, World];
  const request = `alike-${(count += 1)}`;
  await turned(world.gp, path.replaceAll('{w}', world.space.id).replaceAll('{p}', world.space.id), request);
  for (const event of await told(world, world.space.me, world.space.id, request))
    expect((JSON.parse(event) as { entity: string[] }).entity).toContain(wanted);
});

it.each(['system', 'professional'] as const)(
  'a %s learns by their own traces nothing of what others hid of what they deposited',
  async (role) => {
    const asked = async (isHiding: boolean): Promise<unknown[]> => {
      const space = await Space.of(carnet, { birthDate: '2014-02-03' });
      const own = role === 'system' ? `Organization/${space.id}-o` : `Practitioner/${space.id}-o`;
      await space.is({ birthDate: '2014-02-03', generalPractitioner: [{ reference: own }] });
      if (role === 'professional') await space.says(permits(own));
      const like = role === 'system' ? 'hospital' : 'gp';
      const client = space.caller(like, { reference: own, organizations: [], idPrefixes: [`${space.id}-`] });
      const { id } = space;
      await putAll(client, [document(`${id}-one`, id), document(`${id}-two`, id), listOf(id, 'list', 'two')]);
      const hides = isHiding ? 'INVISIBLE_REPRESENTANTS_LEGAUX' : 'MASQUE_PS';
      const patch = [{ op: 'add', path: '/securityLabel', value: [{ coding: [label(hides)] }] }];
      expect((await space.me.patch(`DocumentReference/${id}-two`, patch)).status).toBe(200);
      const found: unknown[] = [];
      for (const path of [
        `DocumentReference?patient=${id}`,
        `DocumentReference?patient=${id}&_revinclude=List:item`,
        `List?patient=${id}&_include=List:item`,
        `DocumentReference?_summary=count&${RECENT}`,
        `Patient/${id}/DocumentReference?_count=1`,
      ]) {
        const request = `alike-${(count += 1)}`;
        await turned(client, path, request);
        const { json } = await client.get(`AuditEvent?patient=${id}&_count=100`);
        found.push(
          ...((json.entry ?? []) as { resource: Resource }[])
            .filter(({ resource }) => JSON.stringify(resource).includes(`"${request}"`))
            .map(({ resource: { meta, entity } }) =>
              JSON.stringify([
                meta?.profile,
                (entity as Json[]).map(({ what, type, detail }) => [what, type, detail]),
              ]),
            )
            .map((text) => text.replaceAll(request, '-').replaceAll(id, 'P'))
            .sort(),
        );
        found.push((await client.get(`AuditEvent?patient=${id}&agent=${own}&_summary=count`)).json.total);
      }
      const history = await client.get(`Patient/${id}/$access-history?group=person&person=${own}`);
      const counts = history.text.match(/"valueUnsignedInt":\d+/g);
      return [...found, counts];
    };
    expect(await asked(true)).toEqual(await asked(false));
  },
);

it('a parent learns by the traces of their own visits nothing of what a minor hid of what the parent deposited', async () => {
  const asked = async (hides: string): Promise<unknown[]> => {
    const space = await Space.of(carnet, { birthDate: '2014-02-03' });
    const related = await space.links('legal-representative');
    const { id } = space;
    const reference = `Patient/${id}-parent`;
    const parent = space.caller('patient', {
      reference,
      related: [`RelatedPerson/${related}`],
      idPrefixes: [`${id}-`],
    });
    const type = { coding: [{ system: 'http://loinc.org', code: '74465-6' }] };
    await putAll(parent, [document(`${id}-one`, id, { type }), document(`${id}-two`, id, { type })]);
    const patch = [{ op: 'add', path: '/securityLabel', value: [{ coding: [label(hides)] }] }];
    expect((await space.me.patch(`DocumentReference/${id}-two`, patch)).status).toBe(200);
    const found: unknown[] = [];
    for (const path of [
      `DocumentReference?patient=${id}`,
      `DocumentReference?patient=${id}&_count=1`,
      `DocumentReference?patient=${id}&_summary=count`,
      `DocumentReference/${id}-two`,
      `Patient/${id}/$everything`,
    ]) {
      const request = `alike-${(count += 1)}`;
      await turned(parent, path, request);
      const { json } = await parent.get(`AuditEvent?patient=${id}&agent=${reference}&_count=100`);
      const events = ((json.entry ?? []) as { resource: Resource }[]).filter(({ resource }) =>
        JSON.stringify(resource).includes(`"${request}"`),
      );
      const named = events.map(({ resource: { entity } }) =>
        (entity as Json[]).map(({ what, detail }) => [what, detail]),
      );
      const text = named.map((each) =>
        JSON.stringify(each)
          .replaceAll(request, '-')
          .replaceAll(UUID, '-')
          .replaceAll(VERSION, '-')
          .replaceAll(id, 'P'),
      );
      found.push(json.total, text.sort());
    }
    return found;
  };
  expect(await asked('INVISIBLE_REPRESENTANTS_LEGAUX')).toEqual(await asked('MASQUE_PS'));
});
