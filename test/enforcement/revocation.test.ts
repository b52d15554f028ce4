/** A revocation holds for every request that begins after its answer, in every process. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Resource } from '../../src/fhir/resource.ts';
import { actor, consent, document, person } from '../leaks/support/content.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';

let first: TestServer;
let second: TestServer;
const READERS = 16;
/** Requests of each that begin after the revocation. */
const LATE = 3;

beforeAll(async () => {
  first = await testServer(import.meta.url);
  second = await testServer(import.meta.url, { like: first });
});
afterAll(async () => {
  await second?.close();
  await first?.close();
});

let count = 0;
/** A patient with a document, whom the GP may read. */
async function newPatient(): Promise<{ id: string; client: (of: TestServer) => Client; said: Resource }> {
  const id = `p${(count += 1)}`;
  const all = first.as('all');
  const said = consent(`c-${id}`, id, { type: 'permit', actor: [actor('Practitioner/demo-gp')] });
  const token = first.tokenFor({ reference: `Patient/${id}`, idPrefixes: ['c-'] }, 'patient');
  const client = (of: TestServer) => of.as({ token });
  for (const resource of [
    person(id, 'Martin', '255069999999934'),
    document(`d-${id}`, id),
    document(`e-${id}`, id),
  ]) {
    expect((await all.put(`${resource.resourceType}/${resource.id}`, resource)).status).toBe(201);
  }
  expect((await client(first).put(`Consent/c-${id}`, said)).status).toBe(201);
  return { id, client, said };
}

type Revoke = (client: Client, id: string, said: Resource) => Promise<Reply>;

const REVOCATIONS: Record<string, Revoke> = {
  'an update to inactive': (client, id, said) =>
    client.put(`Consent/c-${id}`, { ...said, status: 'inactive' }),
  'a patch': (client, id) =>
    client.patch(`Consent/c-${id}`, [
      { op: 'replace', path: '/provision/actor/0/reference/reference', value: 'Practitioner/other' },
    ]),
  'a deletion': (client, id) => client.delete(`Consent/c-${id}`),
  'another Consent that denies': (client, id) => {
    const { id: _, ...denial } = consent('', id, { type: 'deny', actor: [actor('Practitioner/demo-gp')] });
    return client.post('Consent', denial);
  },
  'a transaction': (client, id) =>
    client.post('', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ request: { method: 'DELETE', url: `Consent/c-${id}` } }],
    }),
  'a condition': (client, id) => client.delete(`Consent?_id=c-${id}`),
};

/** Every way of reading the patient's data: what tells that it was given. */
const WAYS: [path: (id: string) => string, given: (reply: Reply) => boolean][] = [
  [(id) => `DocumentReference/d-${id}`, ({ status }) => status === 200],
  [(id) => `DocumentReference?patient=${id}`, ({ json }) => json?.total !== 0],
  [(id) => `DocumentReference/d-${id}/_history`, ({ status }) => status === 200],
  [(id) => `Patient/${id}/*?_summary=count`, ({ json }) => json?.total !== 0],
  [
    (id) => `Patient?_id=${id}&_revinclude=DocumentReference:patient`,
    ({ text }) => text.includes('DocumentReference/d-'),
  ],
  [(id) => `DocumentReference?patient.name=martin&_id=d-${id}`, ({ json }) => json?.total !== 0],
];

describe.each(Object.entries(REVOCATIONS))('by %s', (_, revoke) => {
  it(`${READERS} readers at two servers are given nothing more from its answer on`, async () => {
    const { id, client, said } = await newPatient();
    let revokedAt = Infinity;
    let before = 0;
    const late: { way: string; given: boolean }[] = [];
    const readers = Array.from({ length: READERS }, async (__, number) => {
      const gp = (number % 2 === 0 ? first : second).as('gp');
      for (let turn = number, own = 0; own < LATE; turn += 1) {
        const [path, tells] = WAYS[turn % WAYS.length]!;
        const began = performance.now();
        const reply = await gp.get(path(id));
        expect(reply.status).toBeLessThan(500);
        if (began > revokedAt) {
          own += 1;
          late.push({ way: path(id), given: tells(reply) });
        } else if (tells(reply)) before += 1;
      }
    });
    while (before < READERS) await sleep(5);
    const { status } = await revoke(client(second), id, said);
    revokedAt = performance.now();
    expect(status).toBeLessThan(300);
    await Promise.all(readers);
    expect(late.filter(({ given }) => given)).toEqual([]);
    expect(late).toHaveLength(READERS * LATE);
  }, 90_000);
});

it('a permit given again opens at once, in every process', async () => {
  const { id, client, said } = await newPatient();
  for (let turn = 0; turn < 5; turn += 1) {
    const [here, there] = turn % 2 === 0 ? [first, second] : [second, first];
    expect((await client(here).put(`Consent/c-${id}`, { ...said, status: 'inactive' })).status).toBe(200);
    expect((await there.as('gp').get(`DocumentReference/d-${id}`)).status).toBe(404);
    expect((await client(there).put(`Consent/c-${id}`, said)).status).toBe(200);
    expect((await here.as('gp').get(`DocumentReference/d-${id}`)).status).toBe(200);
  }
});

it('a page link shows nothing once it is revoked, and nothing to another caller', async () => {
  const { id, client } = await newPatient();
  const gp = first.as('gp');
  const { json } = await gp.get(`DocumentReference?patient=${id}&_count=1`);
  expect([json.total, json.entry.length]).toEqual([2, 1]);
  const next = json.link.find(({ relation }: { relation: string }) => relation === 'next').url as string;
  expect((await gp.get(next)).json.entry).toHaveLength(1);
  const elsewhere = next.replace(first.base, second.base);
  expect((await second.as('gp').get(elsewhere)).json.entry).toHaveLength(1);

  const token = new URL(next).searchParams.get('_page')!;
  const altered = next.replace(
    token,
    `${token.slice(0, 20)}${token[20] === 'A' ? 'B' : 'A'}${token.slice(21)}`,
  );
  const others = [
    await first.as('dentist').get(next),
    await first.as('all').get(next),
    await client(first).get(next),
    await first.as({ token: first.tokenFor({ client: 'another' }, 'gp') }).get(next),
    await gp.get(altered),
    await gp.get(next.slice(0, -4)),
    await gp.get(next.replace('/DocumentReference?', '/Observation?')),
    await gp.get('DocumentReference?_page=AAAA'),
    await gp.get('DocumentReference?_page='),
    await gp.get(`${next}&patient=other`),
  ];
  expect(others.map(({ status }) => status)).toEqual(others.map(() => 400));

  expect((await client(second).delete(`Consent/c-${id}`)).status).toBe(204);
  const empty = await gp.get(next);
  expect([empty.status, empty.json.entry, empty.json.total]).toEqual([200, undefined, 0]);
});

it('a Consent that ends does so between two pages, to the second', async () => {
  const { id, client, said } = await newPatient();
  const end = new Date(Math.ceil(Date.now() / 1000) * 1000 + 1000);
  const period = { end: end.toISOString().replace('.000Z', 'Z') };
  const ending = { ...said, provision: { ...(said.provision as object), period } };
  expect((await client(first).put(`Consent/c-${id}`, ending)).status).toBe(200);
  const gp = second.as('gp');
  const { json } = await gp.get(`DocumentReference?patient=${id}&_count=1`);
  expect(json.entry).toHaveLength(1);
  const next = json.link.find(({ relation }: { relation: string }) => relation === 'next').url as string;
  await sleep(end.getTime() - Date.now() + 500);
  expect((await gp.get(next)).json.entry).toHaveLength(1);
  await sleep(end.getTime() - Date.now() + 1001);
  const late = await gp.get(next);
  expect([late.status, late.json.entry, late.json.total]).toEqual([200, undefined, 0]);
  expect((await gp.get(`DocumentReference/d-${id}`)).status).toBe(404);
});
