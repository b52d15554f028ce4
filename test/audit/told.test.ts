/** How requests that are no plain read are told: in the access history, and to readers who are told less of a trace. */
import type { Resource } from '../../src/fhir/resource.ts';
import { Space, permits } from '../enforcement/support/space.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

const GP = 'Practitioner/demo-gp';
let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

async function lines(client: Client, { id }: Space, query = ''): Promise<string[]> {
  const { json } = await client.get(`Patient/${id}/$access-history?language=en${query}`);
  type Told = { name: string; part: { name: string; valueString?: string }[] };
  return ((json.parameter ?? []) as Told[])
    .filter(({ name }) => name === 'visit')
    .map(({ part }) => part.find(({ name }) => name === 'text')!.valueString!);
}

const whole = (): Promise<Space> => Space.of(carnet, { generalPractitioner: [{ reference: GP }] });

it('what an operation gave is told as viewed, and found as read', async () => {
  const space = await whole();
  await space.says(permits(GP, 'Practitioner/demo-dentist'));
  await space.deposit();
  const dentist = carnet.as('dentist');
  expect((await dentist.get(`Patient/${space.id}/$everything`)).status).toBe(200);
  for (const query of ['', '&kind=read']) {
    const told = await lines(space.me, space, query);
    expect(told.find((line) => line.includes('Vidal'))).toMatch(/ viewed 1 document\b.* on /);
  }
});

it('who may not be told what was asked is told which operation it was, or that traces were looked at', async () => {
  const space = await whole();
  await space.says(permits(GP));
  const id = await space.deposit();
  await space.me.get(`AuditEvent?patient=${space.id}&entity=DocumentReference/nothing`);
  await space.me.get(`Patient/${space.id}/$explain-access?actor=${GP}`);
  await space.me.get(`DocumentReference/${id}/$meta`);
  await space.me.get(`Observation?patient=${space.id}&code=secret`);
  const gp = carnet.as('gp');
  const told = await lines(gp, space);
  expect(told.find((line) => line.includes('the patient'))).toMatch(
    /viewed the access history, checked who may see what and made 1 search without a result/,
  );
  const { json } = await gp.get(`AuditEvent?patient=${space.id}&_count=50`);
  const asked = (json.entry as { resource: Resource }[]).flatMap(({ resource }) =>
    (resource.agent as { who: { reference?: string } }[])[0]!.who.reference === GP
      ? []
      : (resource.entity as { query?: string }[]).flatMap(({ query }) =>
          query === undefined ? [] : [Buffer.from(query, 'base64').toString()],
        ),
  );
  expect(asked.sort()).toEqual([...asked].filter((each) => !/[?=]|nothing|secret/.test(each)).sort());
  expect(new Set(asked)).toEqual(new Set(['$meta', 'AuditEvent', `Patient/${space.id}/$explain-access`]));
});

it('the trace of a request that is a part of a distributed trace names that', async () => {
  const space = await whole();
  const trace = '0af7651916cd43dd8448eb211c80319c';
  const named = async (traceparent: string): Promise<number> => {
    const request = `asked-with-${traceparent.replace(' ', '-')}`;
    await space.me.get(`Patient/${space.id}`, { traceparent, 'x-request-id': request });
    const { json } = await space.me.get(`AuditEvent?patient=${space.id}&_sort=-_lastUpdated&_count=20`);
    type Entity = { type: { code: string }; what?: { identifier?: { value: string } } };
    const entities = (json.entry as { resource: Resource }[]).map(
      ({ resource }) => resource.entity as Entity[],
    );
    const is = (code: string, value: string) => (each: Entity) =>
      each.type.code === code && each.what?.identifier?.value === value;
    const [mine, ...others] = entities.filter((each) => each.some(is('XrequestId', request)));
    expect([mine === undefined, others.length]).toEqual([false, 0]);
    return mine!.filter(is('trace-id', trace)).length;
  };
  expect(await named(`00-${trace}-b7ad6b7169203331-01`)).toBe(1);
  expect(await named(`00-${trace}-0000000000000000-01`)).toBe(0);
  expect(await named(`nonsense ${trace}`)).toBe(0);
});

const sentAs = (query: string): string => Buffer.from(query).toString('base64');

it('nobody finds a trace by what they aren’t shown of it: the search as another sent it, a name that they aren’t told', async () => {
  const space = await whole();
  await space.says(permits(GP, 'Practitioner/demo-dentist'));
  const secret = `Observation?patient=${space.id}&code=secret`;
  await space.me.get(secret);
  const unfound = `DocumentReference?patient=${space.id}&_id=hidden-one`;
  await carnet.as('dentist').get(unfound);
  const found = async (client: Client, query: string, part: number): Promise<number> => {
    const text = sentAs(query);
    const content = encodeURIComponent(text.slice(0, Math.floor(text.length * part)).replace(/=+$/, ''));
    const { status, json } = await client.get(
      `AuditEvent?patient=${space.id}&_content=${content}&_summary=count`,
    );
    expect(status).toBe(200);
    return json.total;
  };
  for (const part of [0.9, 1]) {
    expect([await found(space.me, secret, part), await found(carnet.as('gp'), secret, part)]).toEqual([1, 0]);
    expect([
      await found(carnet.as('dentist'), unfound, part),
      await found(space.me, unfound, part),
      await found(carnet.as('gp'), unfound, part),
    ]).toEqual([1, 0, 0]);
  }
});
