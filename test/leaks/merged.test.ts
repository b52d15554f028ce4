/**
 * Two files of one person that were merged, of which the one had more that is hidden: the answers are those of two files
 * that had nothing, byte for byte. docs/interactions/patients.md
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { DELEGATION, label, permits, says } from '../enforcement/support/space.ts';
import { settled } from '../notice/support/world.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';
import { document, observation, person } from './support/content.ts';
import { composition, documentBundle, list, provenance } from './support/naming.ts';
import { comparable, difference, nextOf } from './support/worlds.ts';

const INS = 'urn:oid:1.2.250.1.213.1.4.10';
/** `mgf`: with what is hidden; `mge`: without. The first number is the source's. */
const PAIRS = {
  mgf: ['179032B00100175', '179032B00100176'],
  mge: ['179032B00100177', '179032B00100178'],
} as const;
type Pair = keyof typeof PAIRS;
const HIDDEN = 25;

let carnet: TestServer;
let mongo: MongoClient;
beforeAll(async () => {
  carnet = await testServer(import.meta.url, { noticesEvery: 50 });
  mongo = await MongoClient.connect(carnet.database.uri);
  for (const pair of Object.keys(PAIRS) as Pair[]) {
    await putAll(carnet.as('all'), shared(pair));
    if (pair === 'mgf') await hide(pair);
  }
  // who is told of a deposit hangs on who speaks for the patient when it is looked at
  await settled(carnet);
  for (const pair of Object.keys(PAIRS) as Pair[]) await merge(pair);
  await settled(carnet);
}, 120_000);
afterAll(async () => {
  await mongo?.close();
  await carnet?.close();
});

const [SOURCE, TARGET] = ['s', 't'];
const idOf = (pair: Pair, which: string): string => `${pair}-${which}`;

/** What both have, in both files; what names it is shown too. */
function shared(pair: Pair): Resource[] {
  return [SOURCE, TARGET].flatMap((which, index) => {
    const id = idOf(pair, which!);
    return [
      person(id, 'Martin', PAIRS[pair][index]!),
      {
        resourceType: 'RelatedPerson',
        id: `${id}-guardian`,
        patient: { reference: `Patient/${id}` },
        relationship: [{ coding: [{ system: DELEGATION, code: 'legal-protection' }] }],
      },
      // after who is told of it
      { ...says(id, permits('Practitioner/demo-gp')), id: `${id}-consent` },
      document(`${id}-doc-1`, id),
      document(`${id}-doc-2`, id),
      observation(`${id}-obs`, id, 170),
      list(`${id}-list`, id, `DocumentReference/${id}-doc-1`),
      composition(`${id}-comp`, id, `Observation/${id}-obs`),
      documentBundle(`${id}-bundle`, id, `Observation/${id}-obs`),
      provenance(`${id}-prov`, id, `DocumentReference/${id}-doc-1`),
    ] as Resource[];
  });
}

/** From everybody but who deposited it. */
async function hide(pair: Pair): Promise<void> {
  const securityLabel = ['MASQUE_PS', 'INVISIBLE_PATIENT', 'INVISIBLE_REPRESENTANTS_LEGAUX'].map((code) => ({
    coding: [label(code)],
  }));
  const meta = { security: securityLabel.map(({ coding: [each] }) => each) };
  const lab = carnet.as('lab');
  const all = carnet.as('all');
  for (const which of [SOURCE, TARGET]) {
    const id = idOf(pair, which!);
    for (let index = 0; index < HIDDEN; index += 1) {
      const { id: _, ...made } = document('', id, { securityLabel, description: 'hidden away' });
      const { status, json } = await lab.post('DocumentReference', made);
      expect(status).toBe(201);
      if (index > 1) continue;
      const at = `DocumentReference/${json.id}`;
      expect((await lab.put(at, { ...json, description: 'hidden anew' })).status).toBe(200);
      if (index === 1) expect((await lab.delete(at)).status).toBe(204);
    }
    const name = `Observation/${id}-hid`;
    await putAll(all, [
      observation(`${id}-hid`, id, 171, { meta }),
      observation(`${id}-obs-hid`, id, 172, { meta }),
      list(`${id}-list-hid`, id, name),
      composition(`${id}-comp-hid`, id, name),
      documentBundle(`${id}-bundle-hid`, id, name),
      provenance(`${id}-prov-hid`, id, name),
    ] as Resource[]);
  }
}

async function merge(pair: Pair): Promise<void> {
  const [from, to] = PAIRS[pair];
  const asked: Json = {
    resourceType: 'Parameters',
    parameter: [
      { name: 'source-patient-identifier', valueIdentifier: { system: INS, value: from } },
      { name: 'target-patient-identifier', valueIdentifier: { system: INS, value: to } },
    ],
  };
  answered[pair] = [];
  for (const who of ['operator', 'security'] as const) {
    const { status, text } = await carnet.as(who).post('Patient/$merge', asked);
    expect(status).toBe(202);
    answered[pair].push(text);
  }
  const merges = mongo.db(carnet.database.dbName).collection<{ _id: string }>('merges');
  for (let tries = 0; tries < 1200; tries += 1) {
    if ((await merges.findOne({ _id: idOf(pair, SOURCE!), moved: true })) !== null) return;
    await sleep(25);
  }
  throw new Error('the merge comes to no end');
}
const answered: Record<Pair, string[]> = { mgf: [], mge: [] };

const CALLERS: Record<string, (pair: Pair) => Client> = {
  'the patient': (pair) => own(pair, TARGET!),
  'the patient by the old login': (pair) => own(pair, SOURCE!),
  'a guardian': (pair) =>
    carnet.as({
      token: carnet.tokenFor(
        { reference: 'Patient/guardian', related: [`RelatedPerson/${idOf(pair, TARGET!)}-guardian`] },
        'patient',
      ),
    }),
  'a doctor who was let in': () => carnet.as('gp'),
  'a doctor who was not': () => carnet.as('dentist'),
  'a hospital': () => carnet.as('hospital'),
  'an app': () => carnet.as('app'),
  'a steward': () => carnet.as('operator'),
  'a registry': () => carnet.as('registrar'),
};
const own = (pair: Pair, which: string): Client =>
  carnet.as({
    token: carnet.tokenFor({ reference: `Patient/${idOf(pair, which)}`, related: [] }, 'patient'),
  });

/** `{p}`: the pair. Each of both files. */
const PROBES = [SOURCE, TARGET].flatMap((which) => {
  const id = `{p}-${which}`;
  const types = [
    'DocumentReference',
    'Observation',
    'List',
    'Composition',
    'Bundle',
    'Provenance',
    'Consent',
  ];
  return [
    `Patient/${id}`,
    `Patient/${id}/_history`,
    `Patient?_id=${id}&_revinclude=*`,
    `Patient/${id}/*?_count=3`,
    `Patient/${id}/$everything`,
    `Patient/${id}/$notices`,
    `Patient/${id}/$access-history?_count=100`,
    `Patient/${id}/$access-status`,
    `AuditEvent?patient=${id}&_count=100`,
    `${`Observation/${id}-hid`}`,
    `${`Observation/${id}-hid`}/_history`,
    ...types.flatMap((type) => [
      `${type}?patient=${id}&_count=2&_sort=_id`,
      `${type}?patient=${id}&_summary=count`,
      `${type}?patient=${id}&_total=accurate&_elements=id&_sort=-_id`,
    ]),
    ...['doc-1', 'doc-2'].map((name) => `DocumentReference/${id}-${name}/_history`),
    `Provenance?entity=DocumentReference/${id}-doc-1`,
    `DocumentReference?patient=${id}&_has:Provenance:entity:_id=${id}-prov-hid`,
    `DocumentReference?patient=${id}&description=hidden`,
  ];
});

async function answersFor(pair: Pair, client: Client, probe: string): Promise<string> {
  const pages: string[] = [];
  let address: string | undefined = probe.replaceAll('{p}', pair);
  for (let page = 0; address !== undefined && page < 20; page += 1) {
    const reply = await client.get(address, { 'accept-encoding': 'identity' });
    pages.push(`${reply.status} ${reply.text}`);
    address = nextOf(reply);
  }
  const given = told(pair, pages.join('\n'));
  return /AuditEvent|access-history/.test(probe) ? unordered(given) : given;
}

/** Traces of one moment have the order of chance. */
function unordered(text: string): string {
  const sorted = (value: unknown): unknown => {
    if (Array.isArray(value))
      return value
        .map(sorted)
        .toSorted((one, other) => (JSON.stringify(one) < JSON.stringify(other) ? -1 : 1));
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, sorted(each)]));
  };
  return text
    .replaceAll(/\bversion-\d+\b/g, 'a-version')
    .split('\n')
    .map((page) => `${page.slice(0, 4)}${JSON.stringify(sorted(JSON.parse(page.slice(4))))}`)
    .join('\n');
}

/** Without what two files have by themselves: their names, numbers, moments, and ids and orders that chance made. */
function told(pair: Pair, text: string): string {
  const [from, to] = PAIRS[pair];
  const plain = text.replaceAll(
    /("query":")([A-Za-z0-9+/=]*)"/g,
    (_, name: string, query: string) => `${name}${Buffer.from(query, 'base64').toString()}"`,
  );
  const named = plain.replaceAll(pair, 'mg').replaceAll(from, 'SOURCE').replaceAll(to, 'TARGET');
  return comparable({ carnet, vids: new Map() }, named)
    .replaceAll(/"[0-9]{4}-[0-9]{2}-[0-9]{2}T[^"]*"/g, '"then"')
    .replaceAll(/_page=\d+ characters/g, '_page')
    .replaceAll(/("|\/Communication\/)[0-9a-f]{32}"/g, '$1a notice"')
    .replaceAll(/\b[0-9a-f]{11}-[0-9a-f]{16}\b/g, 'a-trace');
}

it('two merges are answered alike', () => {
  expect(answered.mgf.map((text) => told('mgf', text))).toEqual(
    answered.mge.map((text) => told('mge', text)),
  );
});

it.each(Object.keys(CALLERS))('%s is told the same of both', async (who) => {
  const given: string[] = [];
  for (const probe of PROBES) {
    const [full, empty] = await Promise.all(
      (Object.keys(PAIRS) as Pair[]).map((pair) => answersFor(pair, CALLERS[who]!(pair), probe)),
    );
    if (full !== empty)
      throw new Error(`${probe} ${JSON.stringify(difference(full!, empty!), undefined, 1)}`);
    given.push(full!);
  }
  expect(given.every((each) => /^[234]/.test(each))).toBe(true);
});

// after the others: it leaves traces in one of the two
it('there is something to hide', async () => {
  const { json } = await carnet.as('lab').get(`DocumentReference?patient=mgf-t&_summary=count`);
  expect(json.total).toBe(2 * (HIDDEN - 1));
  expect((await carnet.as('all').get('Observation?patient=mgf-t')).json.total).toBe(6);
});
