/** What a patient isn't given for what it names, or for who it is about besides, hides no trace of anything else. */
import { Space, label, names } from '../enforcement/support/space.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

const HIDDEN = { securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] };

const total = async (client: Client, path: string): Promise<number> =>
  (await client.get(`${path}&_summary=count`)).json.total;

const listOf = (patient: string, ...documents: string[]) => ({
  resourceType: 'List',
  status: 'current',
  mode: 'working',
  subject: { reference: `Patient/${patient}` },
  entry: documents.map((id) => ({ item: { reference: `DocumentReference/${id}` } })),
});

const made = async (by: Client, body: { resourceType: string }): Promise<string> => {
  const { status, json, text } = await by.post(body.resourceType, body);
  if (status !== 201) throw new Error(text);
  return json.id;
};

const traced = (space: Space, name: string, more = '') =>
  total(space.me, `AuditEvent?patient=${space.id}&entity=${name}${more}`);

it('a List that names what is hidden is traced apart from the Lists and documents that are found with it', async () => {
  const space = await Space.of(carnet);
  const [hospital, all] = [carnet.as('hospital'), carnet.as('all')];
  const shown = await space.deposit({}, hospital);
  const hidden = await space.deposit(HIDDEN, hospital);
  const list = await made(hospital, listOf(space.id, shown));
  const secret = await made(hospital, listOf(space.id, shown, hidden));
  for (const path of [
    `List?patient=${space.id}`,
    `Patient/${space.id}/$everything`,
    `DocumentReference?patient=${space.id}&_revinclude=List:item`,
  ]) {
    const before = await traced(space, `List/${list}`);
    const count = await total(space.me, `AuditEvent?patient=${space.id}&agent=Device/demo-all`);
    const { json } = await all.get(path);
    expect(json.entry.map((each: { resource: { id: string } }) => each.resource.id)).toContain(secret);
    expect([path, await traced(space, `List/${list}`)]).toEqual([path, before + 1]);
    expect(await traced(space, `List/${secret}`)).toBe(0);
    expect(await total(space.me, `AuditEvent?patient=${space.id}&agent=Device/demo-all`)).toBe(count + 1);
  }
  const before = await total(space.me, `AuditEvent?patient=${space.id}&agent=Device/demo-all`);
  await all.get(`List/${secret}`);
  expect(await total(space.me, `AuditEvent?patient=${space.id}&agent=Device/demo-all`)).toBe(before);

  await hospital.patch(`DocumentReference/${hidden}`, [{ op: 'remove', path: '/securityLabel' }]);
  expect(await traced(space, `List/${secret}`)).toBeGreaterThan(3);
});

it('Lists that the patient and who speaks for them may be given stay in the one trace of the request', async () => {
  const space = await Space.of(carnet);
  const [hospital, all] = [carnet.as('hospital'), carnet.as('all')];
  const shown = await space.deposit({}, hospital);
  await made(hospital, listOf(space.id, shown));
  const own = `AuditEvent?patient=${space.id}&agent=Device/demo-all`;
  const before = await total(space.me, own);
  await all.get(`List?patient=${space.id}`);
  expect(await total(space.me, own)).toBe(before + 1);
});

it('what is about somebody else too hides no trace of what is about the patient alone', async () => {
  const [space, other] = [await Space.of(carnet), await Space.of(carnet)];
  const [hospital, all] = [carnet.as('hospital'), carnet.as('all')];
  const shown = await space.deposit({}, hospital);
  const appointment = (...patients: string[]) => ({
    resourceType: 'Appointment',
    status: 'booked',
    start: '2026-12-05T10:00:00Z',
    end: '2026-12-05T10:30:00Z',
    participant: names(...patients.map((id) => `Patient/${id}`)).map(({ reference }) => ({
      actor: reference,
      status: 'accepted',
    })),
  });
  const alone = await made(hospital, appointment(space.id));
  const together = await made(hospital, appointment(space.id, other.id));
  const before = await traced(space, `Appointment/${alone}`);
  const { json } = await all.get(`Appointment?patient=${space.id}`);
  expect(json.total).toBe(2);
  expect(await traced(space, `Appointment/${alone}`)).toBe(before + 1);
  expect(await traced(space, `Appointment/${together}`)).toBe(0);
  for (const { id } of [space, other])
    expect(await total(all, `AuditEvent?patient=${id}&entity=Appointment/${together}`)).toBeGreaterThan(1);
  const seen = await traced(space, `DocumentReference/${shown}`);
  await all.get(`Patient/${space.id}/$everything`);
  expect(await traced(space, `DocumentReference/${shown}`)).toBe(seen + 1);
});

it('a List that is deposited with something hidden is traced with that, and what is shown by itself', async () => {
  const space = await Space.of(carnet);
  const hospital = carnet.as('hospital');
  const { json } = await hospital.get(`DocumentReference/${await space.deposit({}, hospital)}`);
  const { id: _, meta: __, ...document } = json;
  const entry = [document, { ...document, ...HIDDEN }].map((resource, index) => ({
    fullUrl: `urn:uuid:00000000-0000-4000-8000-00000000000${index}`,
    resource,
    request: { method: 'POST', url: 'DocumentReference' },
  }));
  const list = {
    resource: {
      ...listOf(space.id),
      entry: entry.map(({ fullUrl }) => ({ item: { reference: fullUrl } })),
    },
    request: { method: 'POST', url: 'List' },
  };
  const { json: answer, status } = await hospital.post('', {
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [...entry, list],
  });
  expect(status).toBe(200);
  const [shown, hidden, named] = answer.entry.map(
    (each: { response: { location: string } }) =>
      /[A-Z]\w+\/[^/]+(?=\/_history)/.exec(each.response.location)![0],
  );
  expect(await traced(space, shown, '&action=C')).toBe(1);
  expect([await traced(space, hidden), await traced(space, named)]).toEqual([0, 0]);
});

it('a Provenance of what is hidden changes nothing of what the trace of the rest tells of the search', async () => {
  const space = await Space.of(carnet);
  const [hospital, all] = [carnet.as('hospital'), carnet.as('all')];
  await space.deposit({}, hospital);
  const path = `DocumentReference?patient=${space.id}&_revinclude=Provenance:target`;
  const sent = async (): Promise<string[]> => {
    await all.get(path);
    const { json } = await space.me.get(`AuditEvent?patient=${space.id}&agent=Device/demo-all`);
    return json.entry.flatMap(({ resource }: { resource: { entity: { query?: string }[] } }) =>
      resource.entity.flatMap(({ query }) =>
        query === undefined ? [] : Buffer.from(query, 'base64').toString(),
      ),
    );
  };
  expect(await sent()).toEqual([path]);
  const hidden = await space.deposit(HIDDEN, hospital);
  await made(hospital, {
    resourceType: 'Provenance',
    target: [{ reference: `DocumentReference/${hidden}` }],
    recorded: '2026-01-01T00:00:00Z',
    agent: [{ who: { reference: 'Organization/demo-hospital' } }],
  } as { resourceType: string });
  expect(await sent()).toEqual([path, path]);
});
