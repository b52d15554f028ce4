/** What is asked in a way that R4 doesn't know: refused, and nothing is done. */
import { ROUTES, type Route } from '../../src/http/routes.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';
import {
  PATIENT,
  bundle,
  byName,
  errorOf,
  named,
  observation,
  only,
  patient,
  post,
  put,
} from './support/resources.ts';

let carnet: TestServer;
let all: Client;
let gp: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  [all, gp] = [carnet.as('all'), carnet.as('gp')];
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(() => carnet?.close());

/** An address of the route, of resources that are there. */
const addressOf = ({ path }: Route): string =>
  path
    .replace(/^(\w+)\/\[id\]/, '$1/p1')
    .replace('[type]/[id]', PATIENT)
    .replace('[type]', 'Patient')
    .replace('[vid]', 'x');

const BARE = (ROUTES as readonly Route[]).filter(({ bare }) => bare);

describe('a parameter where none is known', () => {
  it.each(BARE.map((route) => [route.method, addressOf(route), route] as const))(
    'is a 400 of %s %s',
    async (method, address, { body, interaction }) => {
      const sent =
        interaction === 'patch' ? [] : interaction === 'update' ? patient({ id: 'p1' }) : patient();
      const reply = await all.send(method, `${address}?_id=other`, body === undefined ? undefined : sent);
      expect(errorOf(reply)).toEqual([400, 'invalid']);
      expect(reply.text).toContain('unknown parameter `_id`');
    },
  );

  it('keeps a delete from being done, in a batch and in a transaction too', async () => {
    await all.put('Observation/kept', observation({ id: 'kept' }));
    expect(errorOf(await all.delete('Observation/kept?_id=other'))).toEqual([400, 'invalid']);
    const entry = only('DELETE', 'Observation/kept?foo=x');
    expect((await all.post('', bundle('batch', entry))).json.entry[0].response.status).toBe('400');
    expect(errorOf(await all.post('', bundle('transaction', entry)))).toEqual([400, 'invalid']);
    const made = post(observation({ identifier: [named('odd')] }), undefined, { url: 'Observation?foo=x' });
    expect(errorOf(await all.post('', bundle('transaction', made)))).toEqual([400, 'invalid']);
    expect((await all.get('Observation/kept')).status).toBe(200);
    expect((await all.get(`Observation?${byName('odd')}`)).json.total).toBe(0);
  });

  it('is left out when the client asks for lenience', async () => {
    const lenient = { prefer: 'handling=lenient' };
    expect((await all.post('Observation?foo=x', observation(), lenient)).status).toBe(201);
    expect((await all.delete('Observation/none?foo=x', lenient)).status).toBe(204);
  });

  it('is no matter of format and layout', async () => {
    expect((await all.post('Observation?_format=json&_pretty=true', observation())).status).toBe(201);
  });
});

describe.each([{ $gt: '' }, ['gp-1'], 5, true, null])('an id that is %j', (id) => {
  const sent = { ...observation(), id };

  it.each([
    ['create', (client: Client) => client.post('Observation', sent)],
    ['update', (client: Client) => client.put('Observation/o1', sent)],
    ['conditional update', (client: Client) => client.put(`Observation?${byName('nothing')}`, sent)],
    [
      'a transaction that creates',
      (client: Client) => client.post('', bundle('transaction', post(sent as never))),
    ],
    [
      'a transaction that updates by a condition',
      (client: Client) =>
        client.post(
          '',
          bundle('transaction', put(sent as never, { url: `Observation?${byName('nothing')}` })),
        ),
    ],
  ])('is a 400 of a %s', async (_what, ask) => {
    for (const client of [all, gp]) expect((await ask(client)).status).toBe(400);
  });
});

describe('a reference that is a search', () => {
  const searching = observation({ subject: { reference: `Patient?${byName('x')}` } });

  it('is a 400 outside of a transaction: it would be to nobody for good', async () => {
    for (const reply of [
      await all.post('Observation', searching),
      await all.post('', bundle('batch', post(searching))),
    ])
      expect(reply.text).toContain('is a search: only a transaction resolves one');
    expect((await all.post('Observation', searching)).json.issue[0].expression).toEqual([
      'Observation.subject',
    ]);
  });

  it('may lie in a Bundle that is kept', async () => {
    expect((await all.post('Bundle', bundle('transaction', post(searching)))).status).toBe(201);
  });
});

it.each([
  ['_since=2020&_since=2021', 'is given more than once'],
  ['_count=1&_count=2', 'is given more than once'],
])('a history with %s is a 400', async (query, why) => {
  const reply = await all.get(`${PATIENT}/_history?${query}`);
  expect([errorOf(reply), reply.text]).toEqual([[400, 'invalid'], expect.stringContaining(why)]);
});

it('a count past all bounds is cut to the most', async () => {
  for (const path of ['Patient?', `${PATIENT}/_history?`])
    expect((await all.get(`${path}_count=99999999999999999999`)).status).toBe(200);
});

it('a read refuses elements that the type does not have, as a search does', async () => {
  expect(errorOf(await all.get(`${PATIENT}?_elements=name,foo`))).toEqual([400, 'value']);
  expect((await all.get(`${PATIENT}?_elements=name`)).status).toBe(200);
});
