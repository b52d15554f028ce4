/**
 * A List, Composition, Bundle or Provenance that names something hidden is absent at every door, but for who deposited
 * it. What never was hides nothing, and what was deleted is judged by its last version.
 */
import type { Resource } from '../../src/fhir/resource.ts';
import { actor, consent, document, observation, person } from '../leaks/support/content.ts';
import { NAMING, list } from '../leaks/support/naming.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

type Type = keyof typeof NAMING;
const TYPES = Object.keys(NAMING) as Type[];

/** What is named, and whether the GP is given what names it. */
const NAMED = {
  visible: ['Observation/vera-obs', true],
  absent: ['Observation/never-was', true],
  'visible-deleted': ['Observation/vera-gone', true],
  hidden: ['Observation/hugo-obs', false],
  'hidden-deleted': ['Observation/hugo-gone', false],
} as const;
type Kind = keyof typeof NAMED;
const KINDS = Object.keys(NAMED) as Kind[];
const idOf = (type: Type, kind: string): string => `hospital-${type.toLowerCase()}-${kind}`;

/** By which a type refers to its patient, where a parameter says so. */
const PATIENT: Record<Type, string | undefined> = {
  List: 'subject',
  Composition: 'subject',
  Bundle: undefined,
  Provenance: 'target',
};

let carnet: TestServer;
let all: Client;
let gp: Client;
let hospital: Client;
let vera: Client;

async function put(client: Client, ...resources: Resource[]): Promise<void> {
  for (let start = 0; start < resources.length; start += 500) {
    const entry = resources.slice(start, start + 500).map((resource) => ({
      resource,
      request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
    }));
    const { status, text } = await client.post('', { resourceType: 'Bundle', type: 'transaction', entry });
    expect([status, status === 200 ? '' : text]).toEqual([200, '']);
  }
}

const task = (type: Type, kind: Kind): Resource => ({
  resourceType: 'Task',
  id: `task-${idOf(type, kind)}`,
  status: 'requested',
  intent: 'order',
  for: { reference: 'Patient/vera' },
  focus: { reference: `${type}/${idOf(type, kind)}` },
});

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  gp = carnet.as('gp');
  hospital = carnet.as('hospital');
  vera = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/vera' }, 'patient') });
  const permit = (of: string) =>
    consent(`${of}-gp`, of, { type: 'permit', actor: [actor('Practitioner/demo-gp')] });
  await put(
    all,
    ...['vera', 'hugo', 'olga'].map((id, index) => person(id, 'Martin', `25506999999993${index}`)),
    ...['vera', 'olga'].map(permit),
    ...['vera-obs', 'vera-gone'].map((id) => observation(id, 'vera', 1)),
    ...['hugo-obs', 'hugo-gone'].map((id) => observation(id, 'hugo', 1)),
    ...TYPES.flatMap((type) => KINDS.map((kind) => task(type, kind))),
  );
  for (const id of ['vera-gone', 'hugo-gone']) await all.delete(`Observation/${id}`);
  await put(
    hospital,
    ...TYPES.flatMap((type) => KINDS.map((kind) => NAMING[type](idOf(type, kind), 'vera', NAMED[kind][0]))),
  );
});
afterAll(() => carnet?.close());

/** The resources of a Bundle, as `Type/id`. */
const keysIn = (json: { entry?: { resource?: Resource; fullUrl?: string }[] }): string[] =>
  (json.entry ?? []).map(({ resource }) => `${resource?.resourceType}/${resource?.id}`);

async function found(client: Client, path: string): Promise<string[]> {
  const keys: string[] = [];
  for (let next: string | undefined = path; next !== undefined;) {
    const { status, json, text } = await client.get(next);
    expect([status, status === 200 ? '' : text]).toEqual([200, '']);
    keys.push(...keysIn(json));
    next = (json.link as { relation: string; url: string }[]).find(
      ({ relation }) => relation === 'next',
    )?.url;
  }
  return keys;
}

interface At {
  client: Client;
  type: Type;
  id: string;
  key: string;
}

/** Whether the caller can tell that it is there. */
type Door = (at: At) => Promise<boolean>;

const status =
  (method: string, path: (at: At) => string, wanted: [shown: number, absent: number], body?: unknown): Door =>
  async (at) => {
    const reply = await at.client.send(method, path(at), body);
    expect(wanted).toContain(reply.status);
    return reply.status === wanted[0];
  };
const among =
  (path: (at: At) => string): Door =>
  async (at) =>
    (await found(at.client, path(at))).includes(at.key);
const counted =
  (path: (at: At) => string): Door =>
  async (at) =>
    (await at.client.get(path(at))).json.total === 1;

const vidOf = async (key: string): Promise<string> => (await all.get(key)).json.meta.versionId;

const DOORS: Record<string, Door> = {
  read: status('GET', ({ key }) => key, [200, 404]),
  HEAD: status('HEAD', ({ key }) => key, [200, 404]),
  vread: async (at) => {
    const vid = await vidOf(at.key);
    return status('GET', ({ key }) => `${key}/_history/${vid}`, [200, 404])(at);
  },
  'its history': status('GET', ({ key }) => `${key}/_history`, [200, 404]),
  'the history of the type': among(({ type }) => `${type}/_history?_count=5`),
  'the history of the system': among(() => '_history?_count=50'),
  $meta: status('GET', ({ key }) => `${key}/$meta`, [200, 404]),
  'search by id': among(({ type, id }) => `${type}?_id=${id}`),
  'search of a type': among(({ type }) => `${type}?_count=4`),
  'search by _lastUpdated': among(({ type }) => `${type}?_lastUpdated=gt2000-01-01&_count=4`),
  'search sorted': among(({ type }) => `${type}?_sort=-_lastUpdated&_count=4`),
  'search by content': among(({ type }) => `${type}?_content=2024`),
  'search of all types': among(({ id }) => `?_id=${id}`),
  'POST _search': async ({ client, type, id, key }) => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    return keysIn((await client.post(`${type}/_search`, `_id=${id}`, form)).json).includes(key);
  },
  total: counted(({ type, id }) => `${type}?_id=${id}&_summary=count`),
  'total with a page': counted(({ type, id }) => `${type}?_id=${id}&_total=accurate&_count=1`),
  _include: among(({ id }) => `Task?_id=task-${id}&_include=Task:focus`),
  chain: counted(({ type, id }) => `Task?_id=task-${id}&focus:${type}._id=${id}`),
  'GET in a batch': async ({ client, key }) => {
    const entry = [{ request: { method: 'GET', url: key } }];
    const { json } = await client.post('', { resourceType: 'Bundle', type: 'batch', entry });
    return json.entry[0].response.status.startsWith('200');
  },
  'GET in a transaction': async ({ client, key }) => {
    const entry = [{ request: { method: 'GET', url: key } }];
    const reply = await client.post('', { resourceType: 'Bundle', type: 'transaction', entry });
    return reply.status === 200 && reply.json.entry[0].response.status.startsWith('200');
  },
};

const SOME = Object.fromEntries(
  ['read', 'vread', 'its history', 'search of a type', 'total', 'the history of the type'].map((name) => [
    name,
    DOORS[name]!,
  ]),
);

const OF_PATIENT: Record<string, (param: string) => Door> = {
  'search of a patient’s': (param) => among(({ type }) => `${type}?${param}=Patient/vera&_count=4`),
  compartment: () => among(({ type }) => `Patient/vera/${type}?_count=4`),
  'compartment of all types': () => among(() => 'Patient/vera/*?_count=20'),
  _revinclude: (param) => among(({ type }) => `Patient?_id=vera&_revinclude=${type}:${param}`),
  '_revinclude of all': () => among(() => 'Patient?_id=vera&_revinclude=*'),
  _has: (param) => counted(({ type, id }) => `Patient?_id=vera&_has:${type}:${param}:_id=${id}`),
};

/** Shown to who isn't the depositor, it is refused as theirs. */
const WRITES: Record<string, Door> = {
  PUT: async (at) => status('PUT', ({ key }) => key, [403, 405], NAMING[at.type](at.id, 'vera'))(at),
  PATCH: async ({ client, key }) => {
    const reply = await client.patch(key, [{ op: 'add', path: '/language', value: 'fr' }]);
    expect([403, 404]).toContain(reply.status);
    return reply.status === 403;
  },
  DELETE: status('DELETE', ({ key }) => key, [403, 204]),
  'conditional PUT': async (at) =>
    status('PUT', ({ type, id }) => `${type}?_id=${id}`, [403, 405], NAMING[at.type](at.id, 'vera'))(at),
  'conditional PATCH': async ({ client, type, id }) => {
    const reply = await client.patch(`${type}?_id=${id}`, [{ op: 'add', path: '/language', value: 'fr' }]);
    expect([403, 404]).toContain(reply.status);
    return reply.status === 403;
  },
  'conditional DELETE': status('DELETE', ({ type, id }) => `${type}?_id=${id}`, [403, 204]),
  '$meta-add': status('POST', ({ key }) => `${key}/$meta-add`, [403, 404], {
    resourceType: 'Parameters',
    parameter: [{ name: 'meta', valueMeta: { tag: [{ system: 'urn:x', code: 'y' }] } }],
  }),
  'If-None-Exist': async ({ client, type, id }) => {
    const fresh = { ...NAMING[type]('', 'vera', 'Observation/never-was'), id: undefined };
    const reply = await client.post(type, fresh, { 'if-none-exist': `_id=${id}` });
    expect([200, 201]).toContain(reply.status);
    return reply.status === 200;
  },
};

const CASES = TYPES.flatMap((type) => KINDS.map((kind) => [type, kind] as const));

async function shownBy(client: Client, type: Type, kind: Kind, doors: Record<string, Door>) {
  const id = idOf(type, kind);
  const shown = Object.entries(doors).map(
    async ([name, door]) => [name, await door({ client, type, id, key: `${type}/${id}` })] as const,
  );
  return Object.fromEntries(await Promise.all(shown));
}

function doorsOf(type: Type): Record<string, Door> {
  const param = PATIENT[type];
  if (param === undefined) return DOORS;
  return {
    ...DOORS,
    ...Object.fromEntries(Object.entries(OF_PATIENT).map(([name, door]) => [name, door(param)])),
  };
}
const alike = (doors: Record<string, Door>, shown: boolean) =>
  Object.fromEntries(Object.keys(doors).map((name) => [name, shown]));

describe.each(CASES)('a %s that names what is %s', (type, kind) => {
  it('is shown at every door, or at none', async () => {
    const doors = { ...doorsOf(type), ...WRITES };
    expect(await shownBy(gp, type, kind, doors)).toEqual(alike(doors, NAMED[kind][1]));
  });

  it('is shown to who deposited it, and to who may do everything', async () => {
    for (const client of [hospital, all])
      expect(await shownBy(client, type, kind, SOME)).toEqual(alike(SOME, true));
  });

  it('is shown to its patient if what it names is', async () => {
    expect((await vera.get(`${type}/${idOf(type, kind)}`)).status).toBe(NAMED[kind][1] ? 200 : 404);
  });
});

describe('what it names', () => {
  const shown = async (client: Client, ...ids: string[]): Promise<string[]> => {
    const read = await Promise.all(ids.map((id) => client.get(`List/${id}`)));
    const matched = await found(client, `List?_id=${ids.join(',')}&_count=1`);
    const given = ids.filter((_, index) => read[index]!.status === 200);
    expect(matched.sort()).toEqual(given.map((id) => `List/${id}`).sort());
    return given;
  };

  it('may name something in turn: whatever leads to something hidden is hidden', async () => {
    await put(
      hospital,
      list('hospital-in', 'vera', 'Observation/hugo-obs'),
      list('hospital-mid', 'vera', 'List/hospital-in'),
      list('hospital-out', 'vera', 'Observation/vera-obs', 'List/hospital-mid'),
      list('hospital-open', 'vera', 'Observation/vera-obs'),
      list('hospital-around', 'vera', 'List/hospital-open'),
    );
    const ids = ['hospital-in', 'hospital-mid', 'hospital-out', 'hospital-open', 'hospital-around'];
    expect(await shown(gp, ...ids)).toEqual(['hospital-open', 'hospital-around']);
    expect(await shown(hospital, ...ids)).toEqual(ids);
  });

  it('may name it back: a circle ends', async () => {
    await put(
      hospital,
      list('hospital-a', 'vera', 'List/hospital-b'),
      list('hospital-b', 'vera', 'List/hospital-a', 'List/hospital-b'),
      list('hospital-c', 'vera', 'List/hospital-d'),
      list('hospital-d', 'vera', 'List/hospital-c', 'Observation/hugo-obs'),
    );
    expect(await shown(gp, 'hospital-a', 'hospital-b', 'hospital-c', 'hospital-d')).toEqual([
      'hospital-a',
      'hospital-b',
    ]);
  });

  it('is followed to a bounded depth: what lies deeper is taken for hidden', async () => {
    const chain = (name: string, length: number) =>
      Array.from({ length }, (_, index) =>
        list(
          `hospital-${name}${index}`,
          'vera',
          index === 0 ? 'Observation/vera-obs' : `List/hospital-${name}${index - 1}`,
        ),
      );
    await put(hospital, ...chain('short', 5), ...chain('long', 12));
    expect(await shown(gp, 'hospital-short4', 'hospital-long4', 'hospital-long11')).toEqual([
      'hospital-short4',
      'hospital-long4',
    ]);
    expect(await shown(hospital, 'hospital-long11')).toEqual(['hospital-long11']);
  });

  it('hides nothing by what the caller deposited', async () => {
    await put(gp, list('gp-own', 'vera', 'Observation/hugo-obs'));
    await put(hospital, list('hospital-of-own', 'vera', 'List/gp-own'));
    expect(await shown(gp, 'gp-own', 'hospital-of-own')).toEqual(['gp-own', 'hospital-of-own']);
    expect(await shown(vera, 'gp-own', 'hospital-of-own')).toEqual([]);
  });

  it('is looked at up to a number: with more it is the depositor’s alone', async () => {
    const many = (count: number) =>
      Array.from({ length: count }, (_, index) => `Observation/nothing-${index}`);
    await put(
      hospital,
      list('hospital-2000', 'vera', ...many(1999)),
      list('hospital-2001', 'vera', ...many(2000)),
    );
    expect(await shown(gp, 'hospital-2000', 'hospital-2001')).toEqual(['hospital-2000']);
    expect(await shown(hospital, 'hospital-2001')).toEqual(['hospital-2001']);
  });

  it('may be a Binary that is given as part of a document', async () => {
    const binary = (id: string): Resource => ({
      resourceType: 'Binary',
      id,
      contentType: 'text/plain',
      data: 'eA==',
    });
    const content = [{ attachment: { contentType: 'text/plain', url: 'Binary/hospital-part' } }];
    await put(
      hospital,
      binary('hospital-part'),
      binary('hospital-apart'),
      document('hospital-doc', 'vera', { content }),
      list('hospital-names-part', 'vera', 'Binary/hospital-part'),
      list('hospital-names-apart', 'vera', 'Binary/hospital-apart'),
    );
    expect(await shown(gp, 'hospital-names-part', 'hospital-names-apart')).toEqual(['hospital-names-part']);
  });

  it('may be of the directory, whatever the scopes of the caller', async () => {
    const narrow = carnet.as({ token: carnet.tokenFor({ scope: 'user/List.rs user/Composition.rs' }, 'gp') });
    await put(all, { resourceType: 'Practitioner', id: 'somebody' });
    await put(hospital, list('hospital-directory', 'vera', 'Practitioner/somebody'));
    expect(await shown(narrow, 'hospital-directory')).toEqual(['hospital-directory']);
  });

  it('hides it no longer once it may be given, and again when it may not', async () => {
    await put(hospital, list('hospital-then', 'vera', 'Observation/hugo-obs'));
    expect(await shown(gp, 'hospital-then')).toEqual([]);
    const permit = consent('hugo-gp', 'hugo', { type: 'permit', actor: [actor('Practitioner/demo-gp')] });
    await put(all, permit);
    expect(await shown(gp, 'hospital-then')).toEqual(['hospital-then']);
    await put(all, { ...permit, status: 'inactive' });
    expect(await shown(gp, 'hospital-then')).toEqual([]);
  });

  it('is judged for each version, and for the last one of what was deleted', async () => {
    const all3 = ['Observation/vera-obs', 'Observation/hugo-obs', 'Observation/vera-obs'];
    for (const name of all3) await put(hospital, list('hospital-versions', 'vera', name));
    const history = (client: Client) => client.get('List/hospital-versions/_history');
    expect((await history(gp)).json.total).toBe(2);
    expect((await history(hospital)).json.total).toBe(3);
    await put(hospital, list('hospital-versions', 'vera', 'Observation/hugo-obs'));
    expect((await history(gp)).status).toBe(404);
    expect((await hospital.delete('List/hospital-versions')).status).toBe(204);
    expect((await gp.get('List/hospital-versions')).status).toBe(404);
    expect((await hospital.get('List/hospital-versions')).status).toBe(410);
    expect(await found(gp, 'List/_history?_count=100')).not.toContain('List/hospital-versions');
  });
});

describe('searches that would find many', () => {
  const HIDDEN = 300;
  const of = (count: number, name: string, ...names: string[]) =>
    Array.from({ length: count }, (_, index) => ({
      ...list(`b-${name}-${String(index).padStart(4, '0')}`, 'olga', ...names),
      date: `2024-01-${String((index % 28) + 1).padStart(2, '0')}`,
    }));
  const matched = async (client: Client, query: string) =>
    (await client.get(`List?patient=olga&${query}`)).json;
  const loader = (): Client => carnet.as('loader');

  it('have exact totals and full pages, in every order', async () => {
    await put(loader(), ...of(HIDDEN, 'hidden', 'Observation/hugo-obs'), ...of(70, 'open'));
    for (const order of [
      '',
      '&_sort=date',
      '&_sort=-date',
      '&_sort=_id',
      '&_sort=-_lastUpdated',
      '&_sort=title',
    ]) {
      const first = await matched(gp, `_count=20${order}`);
      expect([order, first.total, first.entry.length]).toEqual([order, 70, 20]);
      const keys = await found(gp, `List?patient=olga&_count=20${order}`);
      expect([order, keys.length, new Set(keys).size]).toEqual([order, 70, 70]);
      expect(keys.filter((key) => key.includes('hidden'))).toEqual([]);
    }
    expect((await matched(gp, '_summary=count')).total).toBe(70);
  }, 60_000);

  it('are bounded by what is permitted, not by what is hidden', async () => {
    await put(loader(), ...of(1000, 'open'));
    expect((await matched(gp, '_count=5')).total).toBe(1000);
    expect((await matched(loader(), '_count=5')).total).toBe(1000 + HIDDEN);
    await put(loader(), ...of(1001, 'open').slice(1000));
    const { issue } = await matched(gp, '_count=5');
    expect(issue[0]).toMatchObject({
      code: 'too-costly',
      details: { text: expect.stringContaining('`List`') },
    });
    expect((await matched(gp, 'date=2024-01-01')).total).toBe(36);
    expect((await matched(loader(), '_count=5')).total).toBe(1001 + HIDDEN);
  }, 60_000);
});
