/** https://hl7.org/fhir/R4/http.html#history */
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { PATIENT, errorOf, observation, pages, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
let hospital: Client;

interface Entry {
  fullUrl: string;
  resource?: {
    resourceType: string;
    id: string;
    meta: { versionId: string; lastUpdated: string };
    valueString?: string;
  };
  request: { method: string; url: string };
  response: { status: string; etag: string; lastModified: string };
}

const entriesOf = ({ json }: Reply): Entry[] => json.entry ?? [];
const allOf = (replies: Reply[]): Entry[] => replies.flatMap(entriesOf);
const timesOf = (entries: Entry[]): string[] => entries.map(({ response }) => response.lastModified);
const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

/** Each write of the beginning, in order: what the server answered. */
const written: Reply[] = [];

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  hospital = carnet.as('hospital');
  const steps: (() => Promise<Reply>)[] = [
    () => all.put(PATIENT, patient({ id: 'p1' })),
    () => all.post('Observation', observation({ valueString: 'posted' })),
    () => all.put('Observation/h1', observation({ id: 'h1', valueString: '1' })),
    () => all.put('Observation/h1', observation({ id: 'h1', valueString: '2' })),
    () => all.patch('Observation/h1', [{ op: 'replace', path: '/valueString', value: '3' }]),
    () => all.delete('Observation/h1'),
    () => all.put('Observation/h1', observation({ id: 'h1', valueString: '5' })),
    () => hospital.put('Observation/hospital-h', observation({ id: 'hospital-h' })),
  ];
  for (const step of steps) {
    written.push(await step());
    await pause();
  }
});
afterAll(() => carnet?.close());

describe('of an instance', () => {
  it('gives every version, newest first, with what was asked and answered', async () => {
    const reply = await all.get('Observation/h1/_history');
    expect([reply.status, reply.json.type, reply.json.total]).toEqual([200, 'history', 5]);
    const seen = entriesOf(reply).map(({ resource, request, response }) => [
      resource?.valueString,
      request.method,
      request.url,
      response.status.slice(0, 3),
    ]);
    expect(seen).toEqual([
      ['5', 'PUT', 'Observation/h1', '201'],
      [undefined, 'DELETE', 'Observation/h1', '204'],
      ['3', 'PUT', 'Observation/h1', '200'],
      ['2', 'PUT', 'Observation/h1', '200'],
      ['1', 'PUT', 'Observation/h1', '201'],
    ]);
    for (const { fullUrl, resource, response } of entriesOf(reply)) {
      expect(fullUrl).toBe(`${carnet.base}/Observation/h1`);
      if (resource === undefined) continue;
      expect(response).toMatchObject({
        etag: `W/"${resource.meta.versionId}"`,
        lastModified: resource.meta.lastUpdated,
      });
    }
    const times = timesOf(entriesOf(reply));
    expect(times).toEqual([...times].sort().reverse());
  });

  it('says what each write was answered, also of what was brought back, by itself, of a type and of all', async () => {
    const answered = written
      .slice(2, 7)
      .map(({ status }) => status)
      .reverse();
    expect(answered).toEqual([201, 204, 200, 200, 201]);
    for (const path of [
      'Observation/h1/_history',
      'Observation/_history?_count=100',
      '_history?_count=100',
    ]) {
      const told = entriesOf(await all.get(path)).filter(({ fullUrl }) =>
        fullUrl.endsWith('/Observation/h1'),
      );
      expect(told.map(({ response }) => Number(response.status.slice(0, 3)))).toEqual(answered);
    }
  });

  it('says of a resource that was posted that it was', async () => {
    const { id } = written[1]!.json;
    const [entry] = entriesOf(await all.get(`Observation/${id}/_history`));
    expect(entry).toMatchObject({
      request: { method: 'POST', url: 'Observation' },
      response: { status: '201 Created' },
    });
  });

  it('is 404, alike, for hidden and absent', async () => {
    const gp = carnet.as('gp');
    const [hidden, absent] = [
      await gp.get('Observation/h1/_history'),
      await gp.get('Observation/none/_history'),
    ];
    expect([errorOf(hidden), hidden.text]).toEqual([[404, 'not-found'], absent.text]);
  });

  it('can be had in pages of any size, each version once', async () => {
    const whole = entriesOf(await all.get('Observation/h1/_history'));
    for (const count of [1, 2, 3, 5]) {
      const replies = await pages(all, `Observation/h1/_history?_count=${count}`);
      expect(replies.map((reply) => entriesOf(reply).length)).toEqual(
        Array.from({ length: Math.ceil(5 / count) }, (_, index) => Math.min(count, 5 - index * count)),
      );
      expect(allOf(replies)).toEqual(whole);
      expect(replies.map(({ json }) => json.total)).toEqual(replies.map(() => 5));
    }
  });

  it('of nothing with `_count=0` gives the total', async () => {
    const { json } = await all.get('Observation/h1/_history?_count=0');
    expect([json.total, json.entry, json.link.length]).toEqual([5, undefined, 1]);
  });

  it('since a moment gives what was made then or later', async () => {
    const { lastUpdated } = written[4]!.json.meta;
    const { json } = await all.get(`Observation/h1/_history?_since=${lastUpdated}`);
    expect(json.total).toBe(3);
    const zoned = new Date(Date.parse(lastUpdated) + 7_200_000).toISOString().replace('Z', '%2B02:00');
    expect((await all.get(`Observation/h1/_history?_since=${zoned}`)).json.total).toBe(3);
    expect((await all.get('Observation/h1/_history?_since=2100-01-01')).json.total).toBe(0);
  });

  it('at a moment gives the version that was current then', async () => {
    const between = new Date(Date.parse(written[3]!.json.meta.lastUpdated) + 2).toISOString();
    const then = await all.get(`Observation/h1/_history?_at=${between}`);
    expect(entriesOf(then).map(({ resource }) => resource?.valueString)).toEqual(['2']);
    const day = written[3]!.json.meta.lastUpdated.slice(0, 10);
    expect((await all.get(`Observation/h1/_history?_at=${day}`)).json.total).toBe(5);
    expect((await all.get('Observation/h1/_history?_at=2001')).json.total).toBe(0);
  });
});

describe('of a type', () => {
  it('gives the versions of all its resources, and deletions', async () => {
    const reply = await all.get('Observation/_history');
    const entries = entriesOf(reply);
    expect(entries.map(({ request }) => request.method)).toEqual([
      'PUT',
      'PUT',
      'DELETE',
      'PUT',
      'PUT',
      'PUT',
      'POST',
    ]);
    expect(new Set(entries.map(({ resource }) => resource?.resourceType))).toEqual(
      new Set(['Observation', undefined]),
    );
    expect(timesOf(entries)).toEqual([...timesOf(entries)].sort().reverse());
  });

  it('can be had in pages of any size, each version once', async () => {
    const whole = entriesOf(await all.get('Observation/_history'));
    for (const count of [1, 2, 3, 7]) {
      expect(allOf(await pages(all, `Observation/_history?_count=${count}`))).toEqual(whole);
    }
  });

  it('shows a caller nothing but what they may see', async () => {
    const theirs = entriesOf(await hospital.get('Observation/_history'));
    expect(theirs.map(({ request }) => request.url)).toEqual(['Observation/hospital-h']);
    const none = await carnet.as('gp').get('Observation/_history');
    expect([none.status, none.json.entry]).toEqual([200, undefined]);
  });

  it('since a moment', async () => {
    const { lastUpdated } = written[6]!.json.meta;
    const entries = entriesOf(await all.get(`Observation/_history?_since=${lastUpdated}`));
    expect(entries.map(({ request }) => request.url)).toEqual(['Observation/hospital-h', 'Observation/h1']);
  });

  it('at a moment gives what was current then', async () => {
    const between = new Date(Date.parse(written[3]!.json.meta.lastUpdated) + 2).toISOString();
    const entries = entriesOf(await all.get(`Observation/_history?_at=${between}`));
    expect(entries.map(({ resource }) => resource?.valueString).sort()).toEqual(['2', 'posted']);
  });
});

describe('of the system', () => {
  it('gives all types', async () => {
    const entries = allOf(await pages(all, '_history?_count=3'));
    const types = new Set(entries.map(({ fullUrl }) => fullUrl.slice(carnet.base.length + 1).split('/')[0]));
    expect([...types].sort()).toEqual(['Observation', 'Patient']);
    expect(entries).toHaveLength(8);
    expect(timesOf(entries)).toEqual([...timesOf(entries)].sort().reverse());
  });

  it('needs a scope for all types', async () => {
    const narrow = carnet.as({ token: carnet.tokenFor({ scope: 'system/Observation.cruds' }) });
    expect(errorOf(await narrow.get('_history'))).toEqual([403, 'forbidden']);
    expect((await narrow.get('Observation/_history')).status).toBe(200);
  });

  it('goes through the same pages while others write', async () => {
    const first = await all.get('_history?_count=4');
    await all.put('Patient/late', patient({ id: 'late' }));
    const rest = await pages(
      all,
      first.json.link.find(({ relation }: { relation: string }) => relation === 'next').url,
    );
    const urls = [...entriesOf(first), ...allOf(rest)].map(({ response }) => response.etag);
    expect(urls).toHaveLength(8);
    expect(new Set(urls).size).toBe(8);
  });
});

describe('page links', () => {
  const nextOf = ({ json }: Reply): string =>
    json.link.find(({ relation }: { relation: string }) => relation === 'next').url;

  it('are opaque, and of use to their caller and address only', async () => {
    const next = nextOf(await all.get('Observation/_history?_count=2'));
    expect(next).not.toMatch(/_count|Observation%2F/);
    const token = Buffer.from(next.split('_page=')[1]!, 'base64url').toString('latin1');
    expect(token).not.toMatch(/_count|Observation/);
    expect((await all.get(next)).status).toBe(200);
    expect(errorOf(await hospital.get(next))).toEqual([400, 'value']);
    expect(errorOf(await all.get(next.replace('Observation/_history', '_history')))).toEqual([400, 'value']);
    expect(errorOf(await all.get(`${next.slice(0, -3)}AAA`))).toEqual([400, 'value']);
    expect(errorOf(await all.get(`${next}&_count=1`))).toEqual([400, 'invalid']);
  });

  it('tell the first query in `self`', async () => {
    const reply = await all.get('Observation/_history?_count=2');
    expect(reply.json.link[0]).toEqual({
      relation: 'self',
      url: `${carnet.base}/Observation/_history?_count=2`,
    });
  });
});

it.each([
  ['_count=-1', 'value'],
  ['_count=a', 'value'],
  ['_since=yesterday', 'value'],
  ['_at=2024-13', 'value'],
  ['_sort=-date', 'invalid'],
  ['status=final', 'invalid'],
])('refuses the parameter %s', async (query, code) => {
  for (const path of ['Observation/h1/_history', 'Observation/_history', '_history']) {
    expect(errorOf(await all.get(`${path}?${query}`))).toEqual([400, code]);
  }
});

it('bounds a page however many are asked for', async () => {
  expect((await all.get('_history?_count=999999999')).status).toBe(200);
});

describe('totals of a type and of the system', () => {
  it.each(['Observation/_history', '_history', 'Observation/_history?_since=2020-01-01T00:00:00Z'])(
    '%s tells what is given on all pages, on each of them',
    async (path) => {
      for (const client of [all, hospital, carnet.as('gp')]) {
        const whole = await pages(client, `${path}${path.includes('?') ? '&' : '?'}_count=3`);
        const given = allOf(whole).length;
        expect(whole.map(({ json }) => json.total)).toEqual(whole.map(() => given));
      }
    },
  );

  it('counts deletions and earlier versions, for who may see them', async () => {
    const totals = () =>
      Promise.all(
        [all, hospital, carnet.as('gp')].map(
          async (client) => (await client.get('Observation/_history')).json.total,
        ),
      );
    const before = await totals();
    await hospital.put('Observation/hospital-t', observation({ id: 'hospital-t' }));
    await hospital.put('Observation/hospital-t', observation({ id: 'hospital-t', valueString: '2' }));
    await hospital.delete('Observation/hospital-t');
    expect(await totals()).toEqual([before[0] + 3, before[1] + 3, 0]);
  });

  it('none is told past a bound of what the caller may see', async () => {
    const entry = Array.from({ length: 2001 }, () => ({
      resource: {
        resourceType: 'Encounter',
        status: 'finished',
        class: { code: 'AMB' },
        subject: { reference: PATIENT },
      },
      request: { method: 'POST', url: 'Encounter' },
    }));
    expect((await all.post('', { resourceType: 'Bundle', type: 'transaction', entry })).status).toBe(200);
    const { json } = await all.get('Encounter/_history?_count=5');
    expect([json.total, json.entry.length]).toEqual([undefined, 5]);
    expect((await hospital.get('Encounter/_history')).json.total).toBe(0);
  });
});

describe('of what was hidden at first', () => {
  const label = {
    system:
      'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument',
    code: 'INVISIBLE_PATIENT',
  };
  const NAMED: [string, () => Promise<string>, [string, RegExp]][] = [
    [
      'that the server named',
      async () => (await hospital.post('Observation', hidden())).json.id,
      ['POST', /^Observation$/],
    ],
    [
      'that its author named',
      async () => (await hospital.put('Observation/hospital-hidden', hidden('hospital-hidden'))).json.id,
      ['PUT', /^Observation\/hospital-hidden$/],
    ],
  ];
  const hidden = (id?: string) =>
    observation({ ...(id === undefined ? {} : { id }), meta: { security: [label] } });

  let them: Client;
  beforeAll(() => {
    them = carnet.as({ token: carnet.tokenFor({ reference: PATIENT, related: [] }, 'patient') });
  });

  it.each(NAMED)(
    'an update is a creation to who is given nothing before it: %s',
    async (_, make, expected) => {
      const id = await make();
      await pause();
      const since = new Date().toISOString();
      expect((await hospital.put(`Observation/${id}`, observation({ id, valueString: 'open' }))).status).toBe(
        200,
      );
      expect(
        (await hospital.put(`Observation/${id}`, observation({ id, valueString: 'later' }))).status,
      ).toBe(200);
      const told = async (client: Client, path: string) =>
        entriesOf(await client.get(path))
          .filter(({ fullUrl }) => fullUrl.endsWith(id))
          .map(({ request, response }) => [request.method, request.url, response.status.slice(0, 3)]);
      const instance = `Observation/${id}`;
      for (const path of [
        `${instance}/_history`,
        `${instance}/_history?_since=${since}`,
        'Observation/_history?_count=100',
        `Observation/_history?_count=100&_since=${since}`,
        '_history?_count=100',
      ])
        expect([path, await told(them, path)]).toEqual([
          path,
          [
            ['PUT', instance, '200'],
            [expected[0], expect.stringMatching(expected[1]), '201'],
          ],
        ]);
      const own = await told(hospital, `${instance}/_history`);
      expect(own.map(([method, , status]) => [method, status])).toEqual([
        ['PUT', '200'],
        ['PUT', '200'],
        [expected[0], '201'],
      ]);
      // one of one page
      const one = await told(them, `${instance}/_history?_count=1`);
      expect(one).toEqual([['PUT', instance, '200']]);
    },
  );
});
