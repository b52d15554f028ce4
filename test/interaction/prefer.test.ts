/** https://hl7.org/fhir/R4/http.html#ops (return) and https://hl7.org/fhir/R4/search.html#errors (handling) */
import { randomUUID } from 'node:crypto';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { PATIENT, byName, errorOf, headersOf, named, observation, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(() => carnet?.close());

type Write = (headers: Record<string, string>) => Promise<Reply>;
const known = observation({ identifier: [named('w')] });
const putNew: Write = (headers) => {
  const id = randomUUID();
  return all.put(`Observation/${id}`, observation({ id }), headers);
};
const WRITES: [string, 200 | 201, Write][] = [
  ['create', 201, (headers) => all.post('Observation', observation(), headers)],
  ['create on update', 201, putNew],
  ['update', 200, (headers) => all.put('Observation/w1', observation({ id: 'w1' }), headers)],
  [
    'patch',
    200,
    (headers) => all.patch('Observation/w1', [{ op: 'replace', path: '/status', value: 'final' }], headers),
  ],
  [
    'conditional create',
    201,
    (headers) => all.post('Observation', observation(), { 'if-none-exist': 'identifier=none', ...headers }),
  ],
  ['conditional update', 200, (headers) => all.put(`Observation?${byName('w')}`, known, headers)],
  [
    'conditional patch',
    200,
    (headers) =>
      all.patch(`Observation?${byName('w')}`, [{ op: 'replace', path: '/status', value: 'final' }], headers),
  ],
];
describe.each(WRITES)('`Prefer: return=` on %s', (_name, status, write) => {
  beforeAll(async () => {
    await all.put('Observation/w1', observation({ id: 'w1' }));
    await all.put(`Observation?${byName('w')}`, known);
  });

  it('gives the resource by default and with representation', async () => {
    for (const headers of [{}, { prefer: 'return=representation' }, { prefer: 'return=everything' }]) {
      const reply = await write(headers as Record<string, string>);
      expect([reply.status, reply.json.resourceType]).toEqual([status, 'Observation']);
      expect(reply.headers.get('etag')).toBe(`W/"${reply.json.meta.versionId}"`);
    }
  });

  it('gives no body with minimal, and the same headers', async () => {
    const reply = await write({ prefer: 'return=minimal' });
    expect([reply.status, reply.text]).toEqual([status, '']);
    const [etag, modified, location, contentLocation] = headersOf(
      reply,
      'etag',
      'last-modified',
      'location',
      'content-location',
    );
    expect(contentLocation).toContain(etag!.slice(3, -1));
    expect(location).toBe(status === 201 ? contentLocation : null);
    expect(modified).toMatch(/GMT$/);
    expect((await all.get(contentLocation!)).status).toBe(200);
  });

  it('gives an OperationOutcome when asked for', async () => {
    const reply = await write({ prefer: 'respond-async, return="OperationOutcome"; x=y' });
    expect([reply.status, reply.json.resourceType, reply.json.issue[0].severity]).toEqual([
      status,
      'OperationOutcome',
      'information',
    ]);
    expect(reply.headers.get('etag')).not.toBeNull();
  });
});

it('tells an error in full, whatever is preferred', async () => {
  const reply = await all.post('Observation', observation({ status: 'x' }), { prefer: 'return=minimal' });
  expect(reply.json.resourceType).toBe('OperationOutcome');
});

describe('`Prefer: handling=`', () => {
  it('strict is the default: an unknown parameter is refused', async () => {
    for (const headers of [{}, { prefer: 'handling=strict' }, { prefer: 'handling=odd' }]) {
      const reply = await all.get('Observation?colour=red', headers as Record<string, string>);
      expect([reply.status, reply.json.resourceType]).toEqual([400, 'OperationOutcome']);
    }
  });

  it('lenient leaves it out and says so', async () => {
    const reply = await all.get('Observation?colour=red&status=final&_count=1', {
      prefer: 'handling=lenient',
    });
    expect(reply.status).toBe(200);
    const self = reply.json.link.find(({ relation }: { relation: string }) => relation === 'self').url;
    expect([self.includes('status=final'), self.includes('colour')]).toEqual([true, false]);
    const outcome = reply.json.entry.find(
      ({ search }: { search: { mode: string } }) => search.mode === 'outcome',
    );
    expect(outcome.resource.issue[0].details.text).toContain('`colour`');
  });

  it('lenient widens no condition of a write', async () => {
    const prefer = 'handling=lenient';
    for (const reply of [
      await all.delete(`Observation?${byName('w')}&colour=red`, { prefer }),
      await all.put(`Observation?${byName('w')}&colour=red`, known, { prefer }),
    ]) {
      expect(errorOf(reply)[0]).toBe(400);
    }
    expect((await all.get(`Observation?${byName('w')}`)).json.total).toBe(1);
  });
});
