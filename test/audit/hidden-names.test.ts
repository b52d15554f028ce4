/** A trace that names what is hidden from a patient tells them nothing until that is hidden no more. */
import { type Client, type TestServer, testServer } from '../support/server.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { Space, label } from '../enforcement/support/space.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

const total = async (client: Client, path: string): Promise<number> => (await client.get(path)).json.total;

it('hides the traces of what is hidden from the patient, at each door, and gives them once it is shown', async () => {
  const space = await Space.of(carnet);
  const hospital = carnet.as('hospital');
  const shown = await space.deposit({}, hospital);
  const before = await total(space.me, `AuditEvent?patient=${space.id}&_summary=count`);
  const id = await space.deposit({ securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] }, hospital);
  const named = `AuditEvent?entity=DocumentReference/${id}`;
  const trace = `AuditEvent/${(await carnet.as('all').get(named)).json.entry[0].resource.id}`;
  const doors = async (): Promise<unknown[]> => [
    (await space.me.get(trace)).status,
    (await space.me.get(`${trace}/_history`)).status,
    await total(space.me, named),
    await total(space.me, `${named}&_summary=count`),
    await total(space.me, `Patient?_id=${space.id}&_has:AuditEvent:patient:entity=DocumentReference/${id}`),
    (await space.me.get(`Patient?_id=${space.id}&_revinclude=AuditEvent:patient`)).text.includes(id),
    (await space.me.get(`Patient/${space.id}/AuditEvent`)).text.includes(id),
    (await space.me.get('AuditEvent/_history?_count=200')).text.includes(id),
  ];
  expect(await doors()).toEqual([404, 404, 0, 0, 0, false, false, false]);
  expect(await total(space.me, `AuditEvent?entity=DocumentReference/${shown}`)).toBeGreaterThan(0);
  expect(before).toBeGreaterThan(0);

  const { json } = await hospital.get(`DocumentReference/${id}`);
  const { securityLabel: _, ...without } = json;
  const put = await hospital.patch(`DocumentReference/${id}`, [{ op: 'remove', path: '/securityLabel' }]);
  expect([put.status, without.id]).toEqual([200, id]);
  const [read, history, ...found] = await doors();
  expect([read, history, found.slice(3)]).toEqual([200, 200, [true, true, true]]);
  expect(Math.min(...(found.slice(0, 2) as number[]))).toBeGreaterThan(0);
});

it.each(['AuditEvent?_count=200', 'AuditEvent?_summary=count', 'AuditEvent/_history?_count=200'])(
  'who looks at their own traces by %s tells no patient of those that are hidden from them',
  async (path) => {
    const space = await Space.of(carnet);
    const own = `AuditEvent?patient=${space.id}`;
    const before = await total(space.me, `${own}&_summary=count`);
    const hospital = carnet.as('hospital');
    await space.deposit({ securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] }, hospital);
    expect(await total(hospital, own)).toBeGreaterThan(0);
    const asked = await total(space.me, `${own}&agent=Organization/demo-hospital`);
    expect((await hospital.get(path)).status).toBe(200);
    expect(await total(space.me, `${own}&agent=Organization/demo-hospital`)).toBe(asked);
    expect(before).toBeGreaterThan(0);
  },
);

it('a trace of what is shown is not hidden with that of what is hidden beside it', async () => {
  const space = await Space.of(carnet);
  const hospital = carnet.as('hospital');
  const shown = await space.deposit({}, hospital);
  const hidden = await space.deposit({ securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] }, hospital);
  const traced = async (id: string): Promise<number> =>
    total(space.me, `AuditEvent?entity=DocumentReference/${id}&_summary=count`);
  const before = await traced(shown);
  expect((await hospital.get(`DocumentReference?patient=${space.id}`)).json.total).toBe(2);
  expect(await traced(shown)).toBe(before + 1);
  const entry = [shown, hidden].map((id) => ({ request: { method: 'GET', url: `DocumentReference/${id}` } }));
  await hospital.post('', { resourceType: 'Bundle', type: 'batch', entry });
  expect([await traced(shown), await traced(hidden)]).toEqual([before + 2, 0]);
});

it.each(['DocumentReference?patient=', 'Patient/'])(
  'by how many pages somebody turned (%s…) no patient can count what is hidden from them',
  async (start) => {
    const space = await Space.of(carnet);
    const hospital = carnet.as('hospital');
    const labels = [true, false, true, true, true, false, true, true, true, true];
    for (const isHidden of labels)
      await space.deposit(
        isHidden ? { securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] } : {},
        hospital,
      );
    const asked = start === 'Patient/' ? `${space.id}/DocumentReference?` : `${space.id}&`;
    let turned = 0;
    for (let next = `${start}${asked}_sort=_lastUpdated&_count=2`; next !== undefined; turned += 1) {
      const { json } = await hospital.get(next);
      next = json.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
    }
    expect(turned).toBe(5);
    const traces = `AuditEvent?patient=${space.id}&agent=Organization/demo-hospital&action=E`;
    const { json } = await space.me.get(traces);
    const told = json.entry.map(({ resource }: { resource: Resource }) => resource.entity as Json[]);
    const found = told.map(
      (entities: Json[]) => JSON.stringify(entities).match(/DocumentReference\/(?!_)/g)!.length,
    );
    expect(found).toEqual([1, 1]);
    const sent = told.flatMap((entities: Json[]) =>
      entities.flatMap(({ query }) =>
        query === undefined ? [] : Buffer.from(query as string, 'base64').toString(),
      ),
    );
    expect(sent.join(' ')).not.toMatch(/_count|_page=[^…]/);
    expect((await carnet.as('all').get(traces)).json.total).toBe(9);
  },
);
