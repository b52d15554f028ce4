/** https://hl7.org/fhir/R4/http.html#ccreate, #cond-update, #cdelete and #cread */
import { type Client, type TestServer, testServer } from '../support/server.ts';
import {
  PATIENT,
  atOnce,
  byName,
  errorOf,
  headersOf,
  named,
  observation,
  patient,
} from './support/resources.ts';

let carnet: TestServer;
let neighbour: TestServer;
let all: Client;
let hospital: Client;
let gp: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  neighbour = await testServer(import.meta.url, { like: carnet });
  all = carnet.as('all');
  hospital = carnet.as('hospital');
  gp = carnet.as('gp');
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(async () => {
  await neighbour?.close();
  await carnet?.close();
});

const known = (name: string, more = {}) => observation({ identifier: [named(name)], ...more });
const total = async (name: string, client = all): Promise<number> =>
  (await client.get(`Observation?${byName(name)}`)).json.total;

describe('conditional create', () => {
  it('creates when nothing matches, and gives what is there when one does', async () => {
    const headers = { 'if-none-exist': byName('c1') };
    const made = await all.post('Observation', known('c1'), headers);
    expect(made.status).toBe(201);
    const again = await all.post('Observation', known('c1', { valueString: 'other' }), headers);
    expect([again.status, again.json]).toEqual([200, made.json]);
    expect(headersOf(again, 'location', 'content-location', 'etag')).toEqual([
      null,
      made.headers.get('location'),
      made.headers.get('etag'),
    ]);
    expect(await total('c1')).toBe(1);
  });

  it.each([
    ['type and criteria', () => 'Observation?'],
    ['a whole address, as HAPI’s client sends it', () => `${carnet.base}/Observation?`],
  ])('takes %s too', async (_what, before) => {
    const name = `c1-${before().length}`;
    const headers = { 'if-none-exist': `${before()}${byName(name)}` };
    const sent = [1, 2].map(() => all.post('Observation', known(name), headers));
    expect((await Promise.all(sent)).map(({ status }) => status).sort()).toEqual([200, 201]);
    const bare = await all.post('Observation', known(name), { 'if-none-exist': byName(name) });
    expect(bare.status).toBe(200);
  });

  it.each(['Patient?', 'https://elsewhere.example/Observation?', 'Observation/p1?', 'Observation'])(
    'refuses what is no search of the type: %s',
    async (before) => {
      const headers = { 'if-none-exist': `${before}${byName('c1')}` };
      expect((await all.post('Observation', known('c1'), headers)).status).toBe(400);
    },
  );

  it('is 412 when several match', async () => {
    await all.post('Observation', known('c2'));
    await all.post('Observation', known('c2'));
    const reply = await all.post('Observation', known('c2'), { 'if-none-exist': byName('c2') });
    expect(errorOf(reply)).toEqual([412, 'multiple-matches']);
    expect(await total('c2')).toBe(2);
  });

  it.each([
    ['nothing', ''],
    ['a parameter that shapes answers only', '_sort=date&_count=1'],
    ['an unknown parameter', `${byName('c3')}&colour=red`],
  ])('refuses a condition of %s, lenient or not', async (_what, condition) => {
    for (const prefer of ['handling=strict', 'handling=lenient']) {
      const reply = await all.post('Observation', known('c3'), { 'if-none-exist': condition, prefer });
      expect([reply.status, reply.json.resourceType]).toEqual([400, 'OperationOutcome']);
    }
    expect(await total('c3')).toBe(0);
  });

  it('is not stood in the way of by what is hidden', async () => {
    await hospital.post('Observation', known('c4'));
    const made = await gp.post('Observation', known('c4'), { 'if-none-exist': byName('c4') });
    expect(made.status).toBe(201);
    expect([await total('c4', gp), await total('c4')]).toEqual([1, 2]);
  });

  it('refuses a resource that is not valid, and writes nothing', async () => {
    const reply = await all.post('Observation', known('c5', { status: 'x' }), {
      'if-none-exist': byName('c5'),
    });
    expect([400, 422]).toContain(reply.status);
    expect(await total('c5')).toBe(0);
  });

  it.each([
    ['one process', 'c6', () => [all]],
    ['two processes', 'c7', () => [all, neighbour.as('all')]],
  ])('creates one of ten equal ones at once through %s', async (_name, name, through) => {
    const clients = through();
    const replies = await atOnce(10, (index) =>
      clients[index % clients.length]!.post('Observation', known(name), { 'if-none-exist': byName(name) }),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array<number>(9).fill(200), 201]);
    expect(new Set(replies.map(({ json }) => json.id)).size).toBe(1);
    expect(await total(name)).toBe(1);
  });
});

describe('conditional update', () => {
  it('creates when nothing matches, and updates the one that does', async () => {
    const made = await all.put(`Observation?${byName('u1')}`, known('u1'));
    expect([made.status, made.headers.get('location')]).toEqual([
      201,
      `${carnet.base}/Observation/${made.json.id}/_history/${made.json.meta.versionId}`,
    ]);
    const next = await all.put(`Observation?${byName('u1')}`, known('u1', { valueString: 'x' }));
    expect([next.status, next.json.id, next.json.valueString]).toEqual([200, made.json.id, 'x']);
    expect((await all.get(`Observation/${made.json.id}/_history`)).json.total).toBe(2);
  });

  it('is 412 when several match', async () => {
    await all.post('Observation', known('u2'));
    await all.post('Observation', known('u2'));
    expect(errorOf(await all.put(`Observation?${byName('u2')}`, known('u2')))).toEqual([
      412,
      'multiple-matches',
    ]);
  });

  it('refuses another id than that of the match', async () => {
    const made = await all.post('Observation', known('u3'));
    const other = await all.put(`Observation?${byName('u3')}`, known('u3', { id: 'other' }));
    expect(errorOf(other)).toEqual([400, 'invalid']);
    const same = await all.put(`Observation?${byName('u3')}`, known('u3', { id: made.json.id }));
    expect(same.status).toBe(200);
  });

  it('takes an id only under a prefix of the caller, hidden or absent', async () => {
    await hospital.put('Observation/hospital-u4', known('u4', { id: 'hospital-u4' }));
    const replies = [];
    for (const id of ['hospital-u4', 'hospital-u5']) {
      replies.push(await gp.put(`Observation?${byName('u4')}`, known('u4', { id })));
    }
    expect(replies.map(errorOf)).toEqual([
      [405, 'not-supported'],
      [405, 'not-supported'],
    ]);
    expect(replies[0]!.text).toBe(replies[1]!.text);
    expect((await gp.put(`Observation?${byName('u4')}`, known('u4', { id: 'gp-u4' }))).status).toBe(201);
  });

  it('matches what the caller may see only', async () => {
    const made = await hospital.post('Observation', known('u6'));
    const own = await gp.put(`Observation?${byName('u6')}`, known('u6'));
    expect([own.status, own.json.id === made.json.id]).toEqual([201, false]);
    expect((await hospital.get(`Observation/${made.json.id}`)).json).toEqual(made.json);
  });

  it('refuses to make the match the data of another patient', async () => {
    await all.post('Observation', known('u7'));
    const reply = await all.put(
      `Observation?${byName('u7')}`,
      known('u7', { subject: { reference: 'Patient/p2' } }),
    );
    expect(errorOf(reply)).toEqual([422, 'business-rule']);
  });

  it('keeps to `If-Match`', async () => {
    const made = await all.post('Observation', known('u8'));
    const headers = { 'if-match': made.headers.get('etag')! };
    expect((await all.put(`Observation?${byName('u8')}`, known('u8'), headers)).status).toBe(200);
    expect(errorOf(await all.put(`Observation?${byName('u8')}`, known('u8'), headers))).toEqual([
      412,
      'conflict',
    ]);
    expect(errorOf(await all.put(`Observation?${byName('u9')}`, known('u9'), headers))).toEqual([
      412,
      'conflict',
    ]);
    expect(await total('u9')).toBe(0);
  });

  it('refuses to be without a condition', async () => {
    expect(errorOf(await all.put('Observation', known('u0')))).toEqual([400, 'required']);
  });

  it.each([
    ['one process', 'v1', () => [all]],
    ['two processes', 'v2', () => [all, neighbour.as('all')]],
  ])('of eight at once through %s, one creates and the others update it', async (_name, name, through) => {
    const clients = through();
    const replies = await atOnce(8, (index) =>
      clients[index % clients.length]!.put(
        `Observation?${byName(name)}`,
        known(name, { valueString: `${index}` }),
      ),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array<number>(7).fill(200), 201]);
    const [id, ...others] = new Set(replies.map(({ json }) => json.id));
    expect(others).toEqual([]);
    const history = await all.get(`Observation/${id}/_history`);
    const kept = history.json.entry.map(
      ({ resource }: { resource: { valueString: string } }) => resource.valueString,
    );
    expect(kept.sort()).toEqual(['0', '1', '2', '3', '4', '5', '6', '7']);
    expect(await total(name)).toBe(1);
  });

  it('does not give up among thirty at once', async () => {
    const replies = await atOnce(30, () => all.put(`Observation?${byName('v3')}`, known('v3')));
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array<number>(29).fill(200), 201]);
  });
});

describe('conditional patch', () => {
  const change = [{ op: 'add', path: '/valueString', value: 'patched' }];

  it('patches the one that matches', async () => {
    const made = await all.post('Observation', known('p1'));
    const reply = await all.patch(`Observation?${byName('p1')}`, change);
    expect([reply.status, reply.json.id, reply.json.valueString]).toEqual([200, made.json.id, 'patched']);
  });

  it('is 404 when nothing matches, hidden or absent, and 412 when several do', async () => {
    await hospital.post('Observation', known('p2'));
    const [hidden, absent] = [
      await gp.patch(`Observation?${byName('p2')}`, change),
      await gp.patch(`Observation?${byName('p0')}`, change),
    ];
    expect([errorOf(hidden), hidden.text]).toEqual([[404, 'not-found'], absent.text]);
    await all.post('Observation', known('p2'));
    expect(errorOf(await all.patch(`Observation?${byName('p2')}`, change))).toEqual([
      412,
      'multiple-matches',
    ]);
  });
});

describe('conditional delete', () => {
  it('deletes the one that matches', async () => {
    const made = await all.post('Observation', known('d1'));
    const reply = await all.delete(`Observation?${byName('d1')}`);
    expect([reply.status, reply.text]).toEqual([204, '']);
    expect((await all.get(`Observation/${made.json.id}`)).status).toBe(410);
  });

  it('is 204 when nothing matches, hidden or absent, and 412 when several do', async () => {
    const made = await hospital.post('Observation', known('d2'));
    for (const name of ['d2', 'd0']) {
      const reply = await gp.delete(`Observation?${byName(name)}`);
      expect([reply.status, reply.headers.get('etag')]).toEqual([204, null]);
    }
    expect((await hospital.get(`Observation/${made.json.id}`)).status).toBe(200);
    await all.post('Observation', known('d2'));
    expect(errorOf(await all.delete(`Observation?${byName('d2')}`))).toEqual([412, 'multiple-matches']);
    expect(await total('d2')).toBe(2);
  });

  it.each(['', '_count=5', 'colour=red', '_filter=status eq final'])(
    'refuses the condition `%s`',
    async (condition) => {
      const before = (await all.get('Observation?_summary=count')).json.total;
      expect([400, 403]).toContain(
        (await all.delete(`Observation?${condition}`, { prefer: 'handling=lenient' })).status,
      );
      expect((await all.get('Observation?_summary=count')).json.total).toBe(before);
    },
  );
});

describe('conditional read', () => {
  it('is 304 with `If-None-Match` while nothing changed', async () => {
    const made = await all.put('Observation/r1', observation({ id: 'r1' }));
    const etag = made.headers.get('etag')!;
    for (const match of [etag, `"x", ${etag}`, `"${made.json.meta.versionId}"`, '*']) {
      for (const method of ['GET', 'HEAD']) {
        const reply = await all.send(method, 'Observation/r1', undefined, { 'if-none-match': match });
        expect([reply.status, reply.text, reply.headers.get('etag')]).toEqual([304, '', etag]);
      }
    }
    const next = await all.put('Observation/r1', observation({ id: 'r1' }));
    const changed = await all.get('Observation/r1', { 'if-none-match': etag });
    expect([changed.status, changed.text]).toEqual([200, next.text]);
    const old = await all.get(`Observation/r1/_history/${etag.slice(3, -1)}`, { 'if-none-match': etag });
    expect(old.status).toBe(304);
  });

  it('is 304 with `If-Modified-Since` while nothing changed', async () => {
    const made = await all.put('Observation/r2', observation({ id: 'r2' }));
    const modified = made.headers.get('last-modified')!;
    const since = async (date: string, more = {}) =>
      (await all.get('Observation/r2', { 'if-modified-since': date, ...more })).status;
    expect(await since(modified)).toBe(304);
    expect(await since(new Date(Date.parse(modified) + 60_000).toUTCString())).toBe(304);
    expect(await since(new Date(Date.parse(modified) - 1000).toUTCString())).toBe(200);
    expect(await since('yesterday')).toBe(200);
    expect(await since(modified, { 'if-none-match': 'W/"x"' })).toBe(200);
  });

  it('tells nothing of what is hidden or deleted', async () => {
    await hospital.put('Observation/hospital-r', observation({ id: 'hospital-r' }));
    for (const [name, value] of [
      ['if-none-match', '*'],
      ['if-modified-since', new Date().toUTCString()],
    ] as const) {
      expect((await gp.get('Observation/hospital-r', { [name]: value })).status).toBe(404);
    }
    await hospital.delete('Observation/hospital-r');
    expect((await hospital.get('Observation/hospital-r', { 'if-none-match': '*' })).status).toBe(410);
  });
});
