/** Page links: opaque, bound to the caller, decided again; and what they promise while others write. */
import { type Client, type TestServer, testServer } from '../../support/server.ts';
import { consent } from './support/consent.ts';
import { idsOf, linkOf, page, seed, walk } from './support/rows.ts';

const GP = 'Practitioner/demo-gp';
const MANY = 60;

const document = (id: string, patient: string, day: number) => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  subject: { reference: `Patient/${patient}` },
  date: new Date(Date.UTC(2024, 0, 1 + (day % 20))).toISOString(),
  description: `n° ${day % 7}`,
  content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
});

let carnet: TestServer;
let all: Client;
let gp: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  gp = carnet.as('gp');
  for (const patient of ['kept', 'revoked', 'busy']) {
    await seed(carnet, [{ resourceType: 'Patient', id: patient }, consent(`c-${patient}`, patient, GP)]);
    await seed(
      carnet,
      Array.from({ length: MANY }, (_, at) => document(`${patient}-${at}`, patient, at)),
    );
  }
});
afterAll(() => carnet?.close());

async function nextOf(client: Client, path: string): Promise<string> {
  return linkOf((await client.get(path)).json, 'next')!;
}

describe('a page link', () => {
  it('leads its caller to the next page', async () => {
    const next = await nextOf(gp, 'DocumentReference?patient=kept&_count=5');
    expect(await page(gp, next)).toHaveLength(5);
  });
  it('tells nothing of the query or of where the page begins', async () => {
    const next = new URL(await nextOf(gp, 'DocumentReference?patient=kept&_count=5'));
    expect([...next.searchParams.keys()]).toEqual(['_page']);
    const bytes = Buffer.from(next.searchParams.get('_page')!, 'base64url').toString('latin1');
    expect(bytes).not.toMatch(/patient|kept|DocumentReference/);
  });

  const REFUSED: [
    string,
    (link: string) => Promise<{ client: Client; link: string }> | { client: Client; link: string },
  ][] = [
    ['cut', (link) => ({ client: gp, link: link.slice(0, -3) })],
    [
      'altered',
      (link) => ({
        client: gp,
        link: link.replace(
          /(_page=.{20})(.)/,
          (_, head: string, one: string) => head + (one === 'A' ? 'B' : 'A'),
        ),
      }),
    ],
    ['empty', (link) => ({ client: gp, link: link.replace(/_page=.*/, '_page=') })],
    [
      'of another path',
      (link) => ({ client: gp, link: link.replace('/DocumentReference?', '/Observation?') }),
    ],
    [
      'of a path below',
      (link) => ({
        client: gp,
        link: link.replace('/DocumentReference?', '/Patient/kept/DocumentReference?'),
      }),
    ],
    ['with more parameters', (link) => ({ client: gp, link: `${link}&patient=busy` })],
    ['of another person', (link) => ({ client: carnet.as('dentist'), link })],
    [
      'of the same person by another client',
      (link) => ({ client: carnet.as({ token: carnet.tokenFor({ client: 'another' }, 'gp') }), link }),
    ],
    ['of another, with all rights', (link) => ({ client: all, link })],
  ];
  it.each(REFUSED)('is refused when it is %s', async (_, made) => {
    const { client, link } = await made(await nextOf(gp, 'DocumentReference?patient=kept&_count=5'));
    const { status, json } = await client.get(link);
    expect([status, json.resourceType, json.entry]).toEqual([400, 'OperationOutcome', undefined]);
  });

  it('shows nothing once the Consent is revoked', async () => {
    const next = await nextOf(gp, 'DocumentReference?patient=revoked&_count=5');
    const { json } = await all.get('Consent/c-revoked');
    expect((await all.put('Consent/c-revoked', { ...json, status: 'inactive' })).status).toBe(200);
    const after = await gp.get(next);
    expect([after.status, after.json.total, after.json.entry, linkOf(after.json, 'next')]).toEqual([
      200,
      0,
      undefined,
      undefined,
    ]);
  });

  it('is another one each time', async () => {
    const links = await Promise.all([1, 2].map(() => nextOf(gp, 'DocumentReference?patient=kept&_count=5')));
    expect(links[0]).not.toBe(links[1]);
  });
});

/** Orders that an index gives, that are sorted in memory, and that only content gives. */
it.each([
  '',
  '_sort=date',
  '_sort=-date',
  '_sort=_id',
  '_sort=_lastUpdated',
  '_sort=-_lastUpdated',
  '_sort=description',
  '_sort=-description,date',
  '_lastUpdated=gt2020',
])('what nobody changes is on the pages once while others write: %s', async (query) => {
  const own = (id: string): boolean => id.startsWith('busy-');
  let writing = true;
  let written = 0;
  const writer = (async () => {
    while (writing) {
      const day = written++;
      // before, between and after what is read; each is changed, and most are deleted again
      await seed(carnet, [document(`${['a', 'busy', 'z'][day % 3]}new-${Date.now()}-${day}`, 'busy', day)]);
      const other = (await all.post('DocumentReference', document('', 'busy', day * 3))).json;
      await all.put(`DocumentReference/${other.id}`, {
        ...other,
        description: 'changée',
        date: '2024-01-10',
      });
      if (day % 3 > 0) await all.delete(`DocumentReference/${other.id}`);
    }
  })();
  try {
    for (let round = 0; round < 2; round += 1) {
      const { ids } = await walk(
        gp,
        `DocumentReference?patient=busy&${query}&_count=${round === 0 ? 7 : 13}`,
      );
      const unchanged = ids.filter(own);
      expect(unchanged).toHaveLength(MANY);
      expect(new Set(unchanged).size).toBe(MANY);
    }
  } finally {
    writing = false;
    await writer;
  }
  expect(written).toBeGreaterThan(0);
});

it('a first page names no next one when it holds all', async () => {
  const { json } = await gp.get(`DocumentReference?patient=kept&_count=${MANY}`);
  expect([idsOf(json).length, linkOf(json, 'next')]).toEqual([MANY, undefined]);
});
