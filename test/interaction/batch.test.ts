/** https://hl7.org/fhir/R4/http.html#transaction: a batch, whose entries stand each by itself. */
import { randomUUID } from 'node:crypto';
import type { Json } from '../../src/fhir/resource.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import {
  PATIENT,
  bundle,
  byName,
  named,
  observation,
  only,
  patient,
  post,
  put,
  statuses,
} from './support/resources.ts';

let carnet: TestServer;
let all: Client;
let gp: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  gp = carnet.as('gp');
  await all.put(PATIENT, patient({ id: 'p1' }));
  await all.put('Observation/b1', observation({ id: 'b1', identifier: [named('b1')] }));
});
afterAll(() => carnet?.close());

const send = (entries: Json[], client = all, headers = {}): Promise<Reply> =>
  client.post('', bundle('batch', ...entries), headers);
const issueOf = ({ json }: Reply, index: number) => json.entry[index].response.outcome.issue[0];

it('does what can be done and says of each entry what became of it', async () => {
  const reply = await send([
    post(observation({ identifier: [named('b2')] })),
    post(observation({ status: 'wrong' })),
    put(observation({ id: 'b3' })),
    put(observation({ id: 'b1' }), { ifMatch: 'W/"x"' }),
    only('GET', 'Observation/b1'),
    only('GET', 'Observation/none'),
    only('GET', `Observation?${byName('b2')}`),
    only('HEAD', 'Observation/b1'),
    only('DELETE', 'Observation/none'),
    post({ resourceType: 'Claim' }),
    only('GET', 'Foo/1'),
    only('GET', 'metadata'),
    { resource: observation() },
    only('OPTIONS', 'Observation'),
    only('GET', 'Observation/b1/_history'),
  ]);
  expect([reply.status, reply.json.type]).toEqual([200, 'batch-response']);
  const [invalid] = statuses(reply).splice(1, 1);
  expect(['400', '422']).toContain(invalid);
  expect(statuses(reply).filter((_, index) => index !== 1)).toEqual([
    '201',
    '201',
    '412',
    '200',
    '404',
    '200',
    '200',
    '204',
    '404',
    '404',
    '400',
    '400',
    '400',
    '200',
  ]);
  expect(reply.json.entry[4].resource).toEqual((await all.get('Observation/b1')).json);
  expect(reply.json.entry[6].resource.total).toBe(1);
  expect(reply.json.entry[7].resource).toBeUndefined();
  expect(reply.json.entry[14].resource.type).toBe('history');
  expect(issueOf(reply, 1).expression[0]).toBe('Observation.status');
  expect(issueOf(reply, 9)).toMatchObject({
    code: 'not-supported',
    details: { text: 'type `Claim` is not served' },
  });
  expect((await all.get('Observation/b3')).status).toBe(200);
});

it('answers hidden and absent alike', async () => {
  const of = async (id: string) =>
    (
      await send(
        [
          only('GET', `Observation/${id}`),
          put(observation({ id })),
          only('DELETE', `Observation/${id}`),
          only('HEAD', `Observation/${id}`),
        ],
        gp,
      )
    ).text;
  expect(await of('b1')).toBe(await of('b0'));
  expect((await all.get('Observation/b1')).status).toBe(200);
});

it('gives each entry the rights of its caller and no more', async () => {
  const reader = carnet.as({ token: carnet.tokenFor({ scope: 'system/Observation.rs' }) });
  const reply = await send(
    [only('GET', 'Observation/b1'), post(observation()), only('GET', 'Patient/p1'), only('GET', 'Patient')],
    reader,
  );
  expect(statuses(reply)).toEqual(['200', '403', '403', '403']);
});

it('leaves traces that name everything that its entries touched', async () => {
  const subject = { reference: 'Patient/watched' };
  await all.put('Patient/watched', patient({ id: 'watched' }));
  for (const id of ['w1', 'w2', 'w3']) await all.put(`Observation/${id}`, observation({ id, subject }));
  const requestId = randomUUID();
  const entries = [
    only('GET', 'Observation/w1'),
    put(observation({ id: 'w2', subject })),
    only('GET', 'Observation/w3'),
    post(observation({ subject })),
  ];
  const reply = await send(entries, all, { 'x-request-id': requestId });
  expect(statuses(reply)).toEqual(['200', '200', '200', '201']);
  const made = reply.json.entry[3].response.location.split('/').at(-3);
  const trail = await all.get('AuditEvent?patient=watched&_count=200');
  const touched = trail.json.entry
    .map(({ resource }: { resource: Json }) => resource.entity as { what?: Json }[])
    .filter((entities: { what?: Json }[]) => JSON.stringify(entities).includes(requestId))
    .flatMap((entities: { what?: Json }[]) => entities.map(({ what }) => what?.reference));
  const subtypes = trail.json.entry
    .map(({ resource }: { resource: Json }) => resource)
    .filter((event: Json) => JSON.stringify(event.entity).includes(requestId))
    .map(({ subtype }: { subtype: { code: string }[] }) => subtype[0]!.code);
  expect(subtypes.sort()).toEqual(['create', 'read', 'read', 'update']);
  expect(touched).toEqual(
    expect.arrayContaining(['Observation/w1', 'Observation/w2', 'Observation/w3', `Observation/${made}`]),
  );
});

it('carries conditional entries, each decided by itself', async () => {
  const reply = await send([
    post(observation({ identifier: [named('b4')] }), undefined, { ifNoneExist: byName('b4') }),
    post(observation({ identifier: [named('b4')] }), undefined, { ifNoneExist: byName('b4') }),
    {
      resource: observation({ identifier: [named('b4')], valueString: 'x' }),
      request: { method: 'PUT', url: `Observation?${byName('b4')}` },
    },
    only('GET', 'Observation/b1', { ifNoneMatch: (await all.get('Observation/b1')).headers.get('etag') }),
    only('DELETE', `Observation?${byName('b4')}`),
  ]);
  expect(statuses(reply)).toEqual(['201', '200', '200', '304', '204']);
});

it('gives a Binary as a resource, whatever it holds', async () => {
  const content = '{"resourceType":"Patient"},{"evil":true';
  const made = await all.post('Binary', content, { 'content-type': 'text/plain' });
  for (const type of ['batch', 'transaction'] as const) {
    const reply = await all.post('', bundle(type, only('GET', `Binary/${made.json.id}`)));
    expect(reply.json.entry[0].resource).toEqual(made.json);
  }
});

it('gives the answer of an operation', async () => {
  const reply = await send([
    { resource: observation(), request: { method: 'POST', url: 'Observation/$validate' } },
    only('GET', 'Observation/b1/$meta'),
  ]);
  expect(statuses(reply)).toEqual(['200', '200']);
  expect(reply.json.entry.map(({ resource }: Json) => (resource as Json).resourceType)).toEqual([
    'OperationOutcome',
    'Parameters',
  ]);
});

it('may name this server in full, and no other', async () => {
  const reply = await send([
    only('GET', `${carnet.base}/Observation/b1`),
    only('GET', 'https://elsewhere.test/fhir/Observation/b1'),
  ]);
  expect(statuses(reply)).toEqual(['200', '400']);
});

it('reads what was written before it, and not what is after it; each answer stands where its entry does', async () => {
  const url = 'Observation/b-order';
  const reads = Array.from({ length: 20 }, (_, index) =>
    only('GET', index % 3 === 2 ? 'Observation/none' : url),
  );
  const statusesOf = (found: string): string[] => reads.map((_, index) => (index % 3 === 2 ? '404' : found));
  const reply = await send([
    ...reads,
    put(observation({ id: 'b-order' })),
    ...reads,
    put(observation({ id: 'b-order', status: 'amended' })),
    ...reads,
    only('DELETE', url),
    ...reads,
  ]);
  expect(statuses(reply)).toEqual([
    ...statusesOf('404'),
    '201',
    ...statusesOf('200'),
    '200',
    ...statusesOf('200'),
    '204',
    ...statusesOf('410'),
  ]);
  const read = (reply.json.entry as { resource?: { status: string } }[]).flatMap(
    ({ resource }) => resource?.status ?? [],
  );
  const found = statusesOf('200').filter((status) => status === '200').length;
  expect(read).toEqual([...Array<string>(found).fill('final'), ...Array<string>(found).fill('amended')]);
});

it('may be empty', async () => {
  const reply = await send([]);
  expect([reply.status, reply.json]).toEqual([200, { resourceType: 'Bundle', type: 'batch-response' }]);
});
