/** Who deposited a document finds it as it was deposited, whatever others do to who sees it: version, dates and all. */
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { OF_PATIENTS } from '../documents/support.ts';
import { Space, label } from './support/space.ts';

let carnet: TestServer;
let hospital: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  hospital = carnet.as('hospital');
});
afterAll(() => carnet?.close());

const MASQUE = label('MASQUE_PS');
const N = label('N', 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality');

const parameters = (...security: object[]) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: { security } }],
});
const labels = async (client: Client, at: string, operation: string, ...codes: object[]): Promise<void> => {
  const { status, text } = await client.post(`${at}/${operation}`, parameters(...codes));
  if (status !== 200) throw new Error(text);
};
const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 30));

/** What tells the time of the answer would be compressed with it. */
const PLAIN = { 'accept-encoding': 'identity' };

/** All of an answer, but for what hangs on when it was asked. */
const told = ({ status, headers, text }: Reply): string =>
  JSON.stringify([
    status,
    [...headers].filter(([name]) => !['date', 'x-request-id', 'connection', 'keep-alive'].includes(name)),
    text
      .replace(/("resourceType":"Bundle".{0,80}?"meta":\{"lastUpdated":)"[^"]*"/, '$1""')
      .replaceAll(/"id":"[0-9a-f-]{36}","meta"/g, '"meta"')
      .replaceAll(/_page=[\w%.-]+/g, '_page='),
  ]);

interface Deposits {
  space: Space;
  /** In the order in which they came. */
  at: string[];
  /** Of the one that is labelled. */
  first: Reply;
}

async function deposits(more: object = {}): Promise<Deposits> {
  const space = await Space.of(carnet);
  const at: string[] = [];
  for (let n = 0; n < 3; n += 1) {
    at.push(`DocumentReference/${await space.deposit(more)}`);
    await pause();
  }
  return { space, at, first: await hospital.get(at[1]!) };
}

/** Everything by which a version could show. */
async function looks({ space, at, first }: Deposits): Promise<Record<string, string>> {
  const [before, it_, after] = at as [string, string, string];
  const { versionId, lastUpdated } = first.json.meta;
  const patient = `DocumentReference?patient=${space.id}`;
  const since = (await hospital.get(after)).json.meta.lastUpdated;
  const earliest = (await hospital.get(before)).json.meta.lastUpdated;
  const asked: [string, Record<string, string>?][] = [
    [it_],
    [`${it_}?_elements=meta`],
    [`${it_}/$meta`],
    [`${it_}/_history/${versionId}`],
    [it_, { 'if-none-match': first.headers.get('etag')! }],
    [it_, { 'if-modified-since': first.headers.get('last-modified')! }],
    [`${it_}/_history`],
    [`${it_}/_history?_count=1`],
    [`${it_}/_history?_since=${since}`],
    [`${it_}/_history?_at=${since}`],
    [`DocumentReference/_history?_since=${earliest}`],
    [`DocumentReference/_history?_since=${since}`],
    [`DocumentReference/_history?_at=${since}`],
    [`_history?_since=${earliest}`],
    [patient],
    [`${patient}&_sort=_lastUpdated`],
    [`${patient}&_sort=-_lastUpdated`],
    [`${patient}&_sort=date,-_lastUpdated`],
    [`${patient}&_sort=description,-_lastUpdated`],
    ...['eq', 'ne', 'gt', 'ge', 'lt', 'le', 'sa', 'eb'].flatMap((prefix): [string][] => [
      [`${patient}&_lastUpdated=${prefix}${lastUpdated}`],
      [`${patient}&_lastUpdated=${prefix}${since}`],
    ]),
    [`${patient}&_lastUpdated=ge${earliest}&_lastUpdated=lt${since}`],
    [`${patient}&_content=${lastUpdated}`],
    [`DocumentReference?_id=${it_.slice(18)}&_lastUpdated=lt${since}`],
    [`Patient/${space.id}/DocumentReference?_lastUpdated=lt${since}`],
    [`DocumentReference?_lastUpdated=gt${since}&patient=${space.id}&_summary=count`],
  ];
  const answered = await Promise.all(
    asked.map(async ([path, headers]) => [
      JSON.stringify([path, headers]),
      told(await hospital.get(path, { ...PLAIN, ...headers })),
    ]),
  );
  const found = Object.fromEntries(answered) as Record<string, string>;
  found.HEAD = told(await hospital.send('HEAD', it_));
  for (const sort of ['_lastUpdated', '-_lastUpdated']) {
    const walked: string[] = [];
    let next: string | undefined = `${patient}&_sort=${sort}&_count=1`;
    while (next !== undefined) {
      const page: Reply = await hospital.get(next);
      walked.push(...page.json.entry.map((each: { fullUrl: string }) => each.fullUrl));
      next = page.json.link.find((each: { relation: string }) => each.relation === 'next')?.url;
    }
    found[`pages by ${sort}`] = walked.join(' ');
  }
  return found;
}

it.each([
  ['the patient masks it', async ({ space, at }: Deposits) => labels(space.me, at[1]!, '$meta-add', MASQUE)],
  [
    'the patient masks it and takes the mask off again',
    async ({ space, at }: Deposits) => {
      await labels(space.me, at[1]!, '$meta-add', MASQUE);
      await pause();
      await labels(space.me, at[1]!, '$meta-delete', MASQUE);
    },
  ],
  [
    'a representative labels it, and the patient does',
    async ({ space, at }: Deposits) => {
      const related = [`RelatedPerson/${await space.links('legal-protection')}`];
      const guardian = space.caller('patient', { reference: 'Patient/guardian', related });
      await labels(guardian, at[1]!, '$meta-add', label('R', N.system));
      await pause();
      await labels(space.me, at[1]!, '$meta-add', MASQUE, label('INVISIBLE_REPRESENTANTS_LEGAUX'));
    },
  ],
  [
    'the patient masks what its depositor masked',
    async ({ space, at }: Deposits) => labels(space.me, at[1]!, '$meta-add', MASQUE),
    { meta: { security: [N] }, securityLabel: [{ coding: [MASQUE] }] },
  ],
] as [string, (story: Deposits) => Promise<void>, object?][])(
  '%s: its depositor is answered as if nothing had happened',
  async (_, happens, more = { meta: { security: [N] } }) => {
    const story = await deposits(more);
    const before = await looks(story);
    await pause();
    await happens(story);
    const { json } = await story.space.me.get(story.at[1]!);
    expect(json.meta.versionId).not.toBe(story.first.json.meta.versionId);
    expect(await looks(story)).toEqual(before);
    expect((await hospital.get(`${story.at[1]}/_history/${json.meta.versionId}`)).status).toBe(404);
    // others are told
    const { total } = (await story.space.me.get(`${story.at[1]}/_history`)).json;
    expect(total).toBeGreaterThan(1);
  },
);

it('it changes it by the version that it knows; what came between is no version of its history', async () => {
  const { space, at, first } = await deposits();
  const etag = first.headers.get('etag')!;
  await labels(space.me, at[1]!, '$meta-add', MASQUE);
  const between = new Date().toISOString();
  await pause();
  const current = (await space.me.get(at[1]!)).headers.get('etag')!;
  const changed = { ...first.json, description: 'changed' };
  expect((await hospital.put(at[1]!, changed, { 'if-match': current })).status).toBe(412);
  const put = await hospital.put(at[1]!, changed, { 'if-match': etag });
  expect(put.status).toBe(200);
  expect(put.text).not.toContain('MASQUE');
  const history = await hospital.get(`${at[1]}/_history`);
  expect(history.json.total).toBe(2);
  const versions = history.json.entry.map((each: { response: { etag: string } }) => each.response.etag);
  expect(versions).toEqual([put.headers.get('etag'), etag]);
  const atBetween = async (path: string): Promise<string[]> =>
    (await hospital.get(`${path}?_at=${between}&_count=100`)).json.entry
      .filter((each: { fullUrl: string }) => each.fullUrl.endsWith(at[1]!))
      .map((each: { response: { etag: string } }) => each.response.etag);
  expect(await atBetween(`${at[1]}/_history`)).toEqual([etag]);
  expect(await atBetween('DocumentReference/_history')).toEqual([etag]);
  const after = (await hospital.get(`DocumentReference/_history?_at=${new Date().toISOString()}&_count=100`))
    .json.entry;
  expect(
    after
      .filter((each: { fullUrl: string }) => each.fullUrl.endsWith(at[1]!))
      .map((each: { response: { etag: string } }) => each.response.etag),
  ).toEqual([put.headers.get('etag')]);
  expect((await space.me.get(`${at[1]}/_history`)).json.total).toBe(3);
  expect((await space.me.get(at[1]!)).text).toContain('MASQUE_PS');
});

it('who speaks for the patient, or did, is told nothing of what others do to what they deposited', async () => {
  const space = await Space.of(carnet);
  const link = await space.links('legal-protection');
  const parent = space.caller('patient', {
    reference: `Patient/parent-of-${space.id}`,
    related: [`RelatedPerson/${link}`],
  });
  const at = `DocumentReference/${await space.deposit({ type: OF_PATIENTS }, parent)}`;
  await labels(parent, at, '$meta-add', label('R', N.system));
  const own = await parent.get(at);
  expect(own.text).toContain('"R"');
  const unchanged = async (before: Reply): Promise<void> => {
    expect(told(await parent.get(at))).toBe(told(before));
    const found = async (search: string) =>
      (await parent.get(`DocumentReference?_id=${at.slice(18)}&${search}`)).json.total;
    expect(await found('_security=MASQUE_PS')).toBe(0);
    expect(await found('_security:not=MASQUE_PS')).toBe(1);
    expect(await found('security-label=R')).toBe(0);
    expect(await found('_security=R')).toBe(1);
  };
  await labels(space.me, at, '$meta-add', MASQUE, label('INVISIBLE_REPRESENTANTS_LEGAUX'));
  await unchanged(own);
  expect((await parent.put(at, own.json, { 'if-match': own.headers.get('etag')! })).status).toBe(200);
  const ends = [{ op: 'add', path: '/period', value: { end: '2020-01-01' } }];
  expect((await space.registrar.patch(`RelatedPerson/${link}`, ends)).status).toBe(200);
  const before = await parent.get(at);
  await labels(space.me, at, '$meta-add', label('V', N.system));
  await unchanged(before);
  const kept = await space.me.get(at);
  for (const code of ['MASQUE_PS', 'INVISIBLE_REPRESENTANTS_LEGAUX', '"V"', '"R"'])
    expect(kept.text).toContain(code);
});
