/** However many things a request gives or writes, each is told of: in its trace, in its own history, and to nobody who may not know of it. */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { Space, label, permits } from '../enforcement/support/space.ts';
import { observation } from '../leaks/support/content.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

const MANY = 300;

let carnet: TestServer;
let space: Space;
let names: string[];

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  space = await Space.of(carnet);
  await space.says(permits('Practitioner/demo-gp', 'Practitioner/demo-dentist'));
  const entry = Array.from({ length: MANY }, (_, index) => {
    const { id: _id, ...resource } = observation('', space.id, index, {});
    return { resource, request: { method: 'POST', url: 'Observation' } };
  });
  const answer = await carnet.as('lab').post('', { resourceType: 'Bundle', type: 'transaction', entry });
  expect(answer.status).toBe(200);
  names = (answer.json.entry as { response: { location: string } }[]).map(({ response }) =>
    response.location.replace(/^.*\/(Observation\/[^/]+).*$/, '$1'),
  );
}, 60_000);
afterAll(() => carnet?.close());

const entries = <T>({ entry }: Json): T[] =>
  ((entry ?? []) as { resource: T }[]).map(({ resource }) => resource);

async function traces(reader: Client, query: string): Promise<string[][]> {
  const { status, json } = await reader.get(`AuditEvent?patient=${space.id}&${query}`);
  expect(status).toBe(200);
  return entries<Resource>(json).map(({ entity }) =>
    (entity as { what?: { reference?: string } }[]).flatMap(({ what }) => what?.reference ?? []),
  );
}

async function visits(reader: Client, query: string): Promise<string[][]> {
  const { status, json } = await reader.get(`Patient/${space.id}/$access-history?${query}`);
  expect(status).toBe(200);
  return (
    (json.parameter ?? []) as {
      name: string;
      part: { name: string; valueReference?: { reference: string } }[];
    }[]
  )
    .filter(({ name }) => name === 'visit')
    .map(({ part }) =>
      part.filter(({ name }) => name === 'resource').map(({ valueReference }) => valueReference!.reference),
    );
}

it('all that was written together is named in one trace, and found by each', async () => {
  const [last] = [...names].reverse();
  const [found, ...others] = await traces(space.me, `entity=${last}&action=C`);
  expect(others).toEqual([]);
  expect(new Set(found)).toEqual(new Set([...names, `Patient/${space.id}`]));
  expect(await visits(space.me, `document=${last}&kind=add`)).toEqual([[last]]);
});

it('so is all that a page gave, and the history of each tells of it', async () => {
  const page = await carnet.as('gp').get(`Observation?patient=${space.id}&_count=${MANY}`);
  const given = entries<Resource>(page.json).map(({ id }) => `Observation/${id}`);
  expect(new Set(given)).toEqual(new Set(names));
  const [found] = await traces(space.me, 'agent=Practitioner/demo-gp');
  expect(new Set(found)).toEqual(new Set([...names, `Patient/${space.id}`]));
  const last = given.at(-1)!;
  expect(await visits(space.me, `document=${last}&person=Practitioner/demo-gp`)).toEqual([[last]]);
  const [visit] = await visits(space.me, 'person=Practitioner/demo-gp');
  expect(new Set(visit)).toEqual(new Set(names));
});

it('what is hidden since hides the trace of the page that gave it, wherever it stood', async () => {
  const gp = 'agent=Practitioner/demo-gp';
  const [named] = await traces(space.me, gp);
  const last = named!.at(-1)!;
  expect(names).toContain(last);
  const lab = carnet.as('lab');
  const { json } = await lab.get(last);
  const hidden = { ...json, meta: { security: [label('INVISIBLE_PATIENT')] } };
  expect((await lab.put(last, hidden)).status).toBe(200);
  expect(await traces(space.me, gp)).toEqual([]);
  expect(await visits(space.me, 'person=Practitioner/demo-gp')).toEqual([]);
  // who asked goes on being told of their own request
  expect(await traces(carnet.as('gp'), gp)).toEqual([named]);
});
