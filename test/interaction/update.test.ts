/** https://hl7.org/fhir/R4/http.html#update */
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { PATIENT, atOnce, errorOf, headersOf, observation, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
let gp: Client;
let hospital: Client;
let neighbour: TestServer;

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  neighbour = await testServer(import.meta.url, { like: carnet });
  all = carnet.as('all');
  gp = carnet.as('gp');
  hospital = carnet.as('hospital');
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(async () => {
  await neighbour?.close();
  await carnet?.close();
});

const versions = async (path: string): Promise<string[]> => {
  const { json } = await all.get(`${path}/_history?_count=200`);
  return json.entry.map(
    ({ resource }: { resource: { meta: { versionId: string } } }) => resource.meta.versionId,
  );
};

describe('update', () => {
  it('replaces the whole resource by a new version', async () => {
    const made = await all.post('Observation', observation({ valueString: 'a', note: [{ text: 'x' }] }));
    const { id } = made.json;
    const reply = await all.put(`Observation/${id}`, observation({ id, valueString: 'b' }));
    expect([reply.status, reply.json.valueString, reply.json.note]).toEqual([200, 'b', undefined]);
    const { versionId, lastUpdated } = reply.json.meta;
    expect(headersOf(reply, 'location', 'content-location', 'etag', 'last-modified')).toEqual([
      null,
      `${carnet.base}/Observation/${id}/_history/${versionId}`,
      `W/"${versionId}"`,
      new Date(lastUpdated).toUTCString(),
    ]);
    expect(Date.parse(lastUpdated)).toBeGreaterThan(Date.parse(made.json.meta.lastUpdated));
    expect((await all.get(`Observation/${id}`)).text).toBe(reply.text);
    expect(await versions(`Observation/${id}`)).toEqual([versionId, made.json.meta.versionId]);
  });

  it('takes version and time from the server, whatever the body says', async () => {
    const meta = { versionId: '7', lastUpdated: '2001-01-01T00:00:00Z' };
    const { json } = await all.put('Observation/u1', observation({ id: 'u1', meta }));
    expect(json.meta.versionId).not.toBe('7');
    expect(json.meta.lastUpdated).not.toMatch(/^2001/);
  });

  it('refuses to replace the whole by a part that was given', async () => {
    const { id } = (await all.post('Observation', observation({ note: [{ text: 'x' }] }))).json;
    for (const part of ['_summary=true', '_elements=status,code,subject']) {
      const given = (await all.get(`Observation/${id}?${part}`)).json;
      const reply = await all.put(`Observation/${id}`, given);
      expect([...errorOf(reply), reply.json.issue[0].expression]).toEqual([
        422,
        'business-rule',
        ['meta.tag'],
      ]);
      expect((await all.post('Observation/$validate', given)).json.issue[0].code).toBe('business-rule');
    }
    expect((await all.get(`Observation/${id}`)).json.note).toHaveLength(1);
  });

  it.each([
    ['without an id', observation()],
    ['with another id', observation({ id: 'other' })],
    ['of another type', { resourceType: 'Patient', id: 'u2' }],
  ])('refuses a body %s', async (_what, body) => {
    expect(errorOf(await all.put('Observation/u2', body))).toEqual([400, 'invalid']);
    expect((await all.get('Observation/u2')).status).toBe(404);
  });

  it('refuses an id that is none', async () => {
    expect(errorOf(await all.put('Observation/a_b', observation({ id: 'a_b' })))).toEqual([400, 'value']);
  });

  it('refuses to make it the data of another patient', async () => {
    await all.put('Observation/moved', observation({ id: 'moved' }));
    for (const subject of [{ reference: 'Patient/p2' }, { display: 'nobody' }, undefined]) {
      const reply = await all.put('Observation/moved', observation({ id: 'moved', subject }));
      expect(errorOf(reply)).toEqual([422, 'business-rule']);
    }
    await all.delete('Observation/moved');
    const revived = await all.put(
      'Observation/moved',
      observation({ id: 'moved', subject: { reference: 'Patient/p2' } }),
    );
    expect(errorOf(revived)).toEqual([422, 'business-rule']);
    expect((await all.put('Observation/moved', observation({ id: 'moved' }))).status).toBe(201);
  });

  it('is for the depositor: others who see it are told so', async () => {
    const made = await hospital.post('Observation', observation());
    const path = `Observation/${made.json.id}`;
    const owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
    expect((await owner.get(path)).status).toBe(200);
    expect(errorOf(await owner.put(path, { ...made.json, valueString: 'y' }))).toEqual([403, 'forbidden']);
    expect((await hospital.put(path, { ...made.json, valueString: 'x' })).status).toBe(200);
  });
});

describe('create on update', () => {
  it('works under a prefix of the caller, with a Location', async () => {
    const reply = await gp.put('Observation/gp-1', observation({ id: 'gp-1' }));
    expect(reply.status).toBe(201);
    expect(reply.headers.get('location')).toBe(
      `${carnet.base}/Observation/gp-1/_history/${reply.json.meta.versionId}`,
    );
    expect((await gp.put('Observation/gp-1', observation({ id: 'gp-1' }))).status).toBe(200);
  });

  it('is 405 elsewhere, byte for byte the same for hidden, absent and deleted', async () => {
    await hospital.put('Observation/hospital-1', observation({ id: 'hospital-1' }));
    await hospital.put('Observation/hospital-2', observation({ id: 'hospital-2' }));
    await hospital.delete('Observation/hospital-2');
    const ids = ['hospital-1', 'hospital-2', 'hospital-3', 'gp', 'else'];
    const replies = [];
    for (const id of ids) replies.push(await gp.put(`Observation/${id}`, observation({ id })));
    expect(replies.map((reply) => errorOf(reply))).toEqual(ids.map(() => [405, 'not-supported']));
    expect(new Set(replies.map(({ text }) => text)).size).toBe(1);
    expect(replies[0]!.headers.get('allow')).toBe('GET, HEAD, POST');
    expect(await versions('Observation/hospital-1')).toHaveLength(1);
  });

  it('is 405 with If-Match too, hidden or absent', async () => {
    const headers = { 'if-match': 'W/"x"' };
    for (const id of ['hospital-1', 'hospital-3']) {
      expect((await gp.put(`Observation/${id}`, observation({ id }), headers)).status).toBe(405);
    }
  });
});

describe('If-Match', () => {
  it('lets the current version be replaced and no other', async () => {
    const one = await all.put('Observation/m1', observation({ id: 'm1' }));
    const etag = one.headers.get('etag')!;
    const two = await all.put('Observation/m1', observation({ id: 'm1' }), { 'if-match': etag });
    expect(two.status).toBe(200);
    for (const stale of [etag, 'W/"x"', '"1"', '""']) {
      const reply = await all.put('Observation/m1', observation({ id: 'm1' }), { 'if-match': stale });
      expect(errorOf(reply)).toEqual([412, 'conflict']);
    }
    expect(await versions('Observation/m1')).toHaveLength(2);
    const strong = `"${two.json.meta.versionId}"`;
    expect((await all.put('Observation/m1', observation({ id: 'm1' }), { 'if-match': strong })).status).toBe(
      200,
    );
  });

  it('is 412 where nothing is', async () => {
    for (const match of ['W/"x"', '*']) {
      const reply = await all.put('Observation/m2', observation({ id: 'm2' }), { 'if-match': match });
      expect(errorOf(reply)).toEqual([412, 'conflict']);
    }
    expect((await all.get('Observation/m2')).status).toBe(404);
  });

  it('is compared and written as one step: of ten at once, one wins', async () => {
    const etag = (await all.put('Observation/m3', observation({ id: 'm3' }))).headers.get('etag')!;
    const both = [all, neighbour.as('all')];
    const replies = await atOnce(10, (index) =>
      both[index % 2]!.put('Observation/m3', observation({ id: 'm3', valueString: `${index}` }), {
        'if-match': etag,
      }),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([200, ...Array<number>(9).fill(412)]);
    expect(await versions('Observation/m3')).toHaveLength(2);
  });
});

it('creates only where nothing is with `If-None-Match: *`', async () => {
  const headers = { 'if-none-match': '*' };
  const replies = await atOnce(6, () => all.put('Observation/n1', observation({ id: 'n1' }), headers));
  expect(replies.map(({ status }) => status).sort()).toEqual([201, 412, 412, 412, 412, 412]);
  expect(await versions('Observation/n1')).toHaveLength(1);
});

describe('at once', () => {
  it.each([
    ['one process', () => [all]],
    ['two processes', () => [all, neighbour.as('all')]],
  ])('twenty updates through %s give twenty versions, none doubled, none lost', async (_name, through) => {
    const clients = through();
    const id = `twenty-${clients.length}`;
    const path = `Observation/${id}`;
    const made = await all.put(path, observation({ id, valueString: 'first' }));
    const replies = await atOnce(20, (index) =>
      clients[index % clients.length]!.put(path, observation({ id, valueString: `${index}` })),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    const kept = await all.get(`${path}/_history?_count=100`);
    const seen = kept.json.entry.map(
      ({ resource }: { resource: { valueString: string } }) => resource.valueString,
    );
    expect(seen.sort()).toEqual(['first', ...Array.from({ length: 20 }, (_, index) => `${index}`)].sort());
    const vids = kept.json.entry.map(
      ({ resource }: { resource: { meta: { versionId: string } } }) => resource.meta.versionId,
    );
    expect(new Set(vids)).toEqual(new Set([made, ...replies].map(({ json }) => json.meta.versionId)));
    expect(new Set(vids).size).toBe(21);
    const times = kept.json.entry.map(
      ({ resource }: { resource: { meta: { lastUpdated: string } } }) => resource.meta.lastUpdated,
    );
    expect([...times].sort().reverse()).toEqual(times);
    expect(new Set(times).size).toBe(21);
    expect((await all.get(path)).json.meta.versionId).toBe(vids[0]);
  });

  it('one of several creates makes it and the others update it', async () => {
    const replies = await atOnce(8, (index) =>
      [all, neighbour.as('all')][index % 2]!.put('Observation/race', observation({ id: 'race' })),
    );
    expect(replies.map(({ status }) => status).sort()).toEqual([...Array<number>(7).fill(200), 201]);
    expect(await versions('Observation/race')).toHaveLength(8);
  });
});
