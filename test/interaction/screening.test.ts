/** Content that isn't known to be free of malware: docs/interactions/content.md */
import { randomBytes } from 'node:crypto';
import type { Verdict } from '../../src/enforcement/screening.ts';
import type { Json } from '../../src/fhir/resource.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { rescan } from '../../src/store/content/rescan.ts';
import { codesOf, settled, visibility } from '../notice/support/world.ts';
import { exported } from '../record/support/exported.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { document, patient } from './support/resources.ts';

const BAD = 'harmless words that this scanner takes for malware';
const MIB = 1024 * 1024;
const TEXT = { 'content-type': 'text/plain' };
let isAway = false;
let scans = 0;
/** Knows one string; nobody answers while it is away. */
const scanner = {
  async scan(source: AsyncIterable<Buffer>): Promise<Verdict> {
    const pieces: Buffer[] = [];
    for await (const piece of source) pieces.push(piece);
    scans += 1;
    if (isAway) return { is: 'unknown', why: 'away' };
    return Buffer.concat(pieces).includes(BAD) ? { is: 'infected', name: 'Words' } : { is: 'clean' };
  },
};

let carnet: TestServer;
let database: Database;
let ring: KeyRing;
let hospital: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url, { scanner, noticesEvery: 50 });
  database = await connect(carnet.database.uri, carnet.database.dbName);
  ring = new KeyRing(database.records.keys, await keyFile(`${carnet.dataDir}/kek.json`));
  hospital = carnet.as('hospital');
  await carnet.as('all').put('Patient/scr', patient({ id: 'scr' }));
});
beforeEach(() => {
  isAway = false;
});
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

const base64 = (text: string): string => Buffer.from(text).toString('base64');
const large = (words = ''): Buffer =>
  Buffer.concat([Buffer.from(words), Buffer.from(randomBytes(MIB).toString('hex'))]);
const owner = (): Client => carnet.as({ token: carnet.tokenFor({ reference: 'Patient/scr' }, 'patient') });
const naming = (attachment: Json) =>
  document({
    subject: { reference: 'Patient/scr' },
    content: [{ attachment: { contentType: 'text/plain', ...attachment } }],
  });

const SENT: [string, (words: string) => Promise<Reply>][] = [
  [
    'a Binary in JSON',
    (words) =>
      hospital.post('Binary', { resourceType: 'Binary', contentType: 'text/plain', data: base64(words) }),
  ],
  ['raw content', (words) => hospital.post('Binary', Buffer.from(words), TEXT)],
  ['a stream', (words) => hospital.post('Binary', large(words), TEXT)],
];

describe.each(SENT)('%s', (_, send) => {
  it('is given when it is clean', async () => {
    const { status, json } = await send('good words');
    expect([
      status,
      (await hospital.get(`Binary/${json.id}`, { accept: '*/*' })).text.startsWith('good words'),
    ]).toEqual([201, true]);
  });

  it('is refused when malware is in it', async () => {
    const { status, json } = await send(BAD);
    expect([status, json.issue]).toMatchObject([
      422,
      [{ code: 'business-rule', details: { text: 'the content holds malware: `Words`' } }],
    ]);
  });

  it('is given to nobody until it is known to be clean, by whatever way, and then to who may read it', async () => {
    isAway = true;
    const { status, json } = await send('late words');
    expect(status).toBe(201);
    const path = `Binary/${json.id}`;
    expect((await hospital.post('DocumentReference', naming({ url: path }))).status).toBe(201);
    for (const client of [hospital, owner(), carnet.as('all')])
      for (const headers of [
        { accept: '*/*' },
        { accept: 'application/fhir+json' },
        { accept: '*/*', range: 'bytes=0-3' },
      ] as Record<string, string>[]) {
        const reply = await client.get(path, headers);
        expect([reply.status, reply.headers.get('retry-after'), reply.text.includes('late words')]).toEqual([
          503,
          '60',
          false,
        ]);
      }
    for (const found of [`Binary?_id=${json.id}`, `${path}/_history`]) {
      const { text } = await carnet.as('all').get(found);
      expect([text.includes(String(json.id)), text.includes(base64('late words').slice(0, 12))]).toEqual([
        true,
        false,
      ]);
    }
    // nor is what it would be changed into without it
    expect(
      (
        await hospital.post(`${path}/$meta-add`, {
          resourceType: 'Parameters',
          parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }],
        })
      ).status,
    ).toBeGreaterThanOrEqual(200);
    expect((await hospital.get(path, { accept: '*/*' })).status).toBe(503);
    expect((await rescan(database, ring, scanner)).cleared).toBe(0);
    isAway = false;
    expect((await rescan(database, ring, scanner)).cleared).toBeGreaterThan(0);
    expect((await owner().get(path, { accept: '*/*' })).text.startsWith('late words')).toBe(true);
  });

  it('stays held back when malware is found later, and is not scanned again and again', async () => {
    isAway = true;
    const { json } = await send(`${BAD} later`);
    isAway = false;
    const { infected, found } = await rescan(database, ring, scanner);
    expect(infected).toBeGreaterThan(0);
    expect(found).toContainEqual({ rid: `Binary/${json.id}`, by: 'Organization/demo-hospital' });
    // who may read it learns that it is in vain to come again; others learn nothing
    const path = `Binary/${json.id}`;
    const told = await hospital.get(path, { accept: '*/*' });
    expect([told.status, told.json.issue[0].details.text]).toEqual([
      410,
      expect.stringContaining('malware was found in it: `Words`'),
    ]);
    const [hidden, absent] = [await owner().get(path), await owner().get('Binary/never-was')];
    expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
    const before = scans;
    await rescan(database, ring, scanner);
    expect(scans).toBe(before);
  });
});

describe('malware that is found later', () => {
  const NOTICES = {
    '/scr': 'Patient/scr',
    hospital: 'Organization/demo-hospital',
    gp: 'Practitioner/demo-gp',
  };
  const clientOf = (reader: keyof typeof NOTICES): Client =>
    reader === '/scr' ? owner() : carnet.as(reader);
  const told = async (reader: keyof typeof NOTICES): Promise<Json[]> => {
    const { status, json } = await clientOf(reader).get(`${NOTICES[reader]}/$notices?_count=100`);
    expect(status).toBe(200);
    const all = codesOf(json).map((code, index) => [code, json.entry[index].resource]);
    return all.filter(([code]) => code === 'document-unsafe').map(([, resource]) => resource as Json);
  };
  const deposited = async (by: Client, more: Json = {}): Promise<string> => {
    isAway = true;
    const binary = {
      resourceType: 'Binary',
      contentType: 'text/plain',
      data: base64(`${BAD} ${Math.random()}`),
    };
    const { json } = await by.post('Binary', binary);
    const named = await by.post('DocumentReference', { ...naming({ url: `Binary/${json.id}` }), ...more });
    expect(named.status).toBe(201);
    isAway = false;
    return `DocumentReference/${named.json.id}`;
  };
  const documents = (notices: Json[]): unknown[] =>
    notices.flatMap(({ about }) => (about as Json[]).map(({ reference }) => reference));

  it('is told to the patient and to who deposited it, who may know of the document', async () => {
    const [before, other] = [documents(await told('hospital')), carnet.as('lab')];
    const plain = await deposited(hospital);
    const hidden = await deposited(hospital, {
      securityLabel: [{ coding: [visibility('INVISIBLE_PATIENT')] }],
    });
    const written = await deposited(carnet.as('gp'));
    await rescan(database, ring, scanner);
    await settled(carnet);
    const own = (await told('/scr')).slice(0, 2);
    expect(new Set(documents(own))).toEqual(new Set([plain, written]));
    expect(documents(await told('/scr'))).not.toContain(hidden);
    expect(new Set(documents(await told('hospital')))).toEqual(new Set([...before, plain, hidden]));
    const [notice, ...more] = await told('gp');
    expect([more, notice!.about]).toEqual([[], [{ reference: written }]]);
    expect(notice).toMatchObject({
      recipient: [{ reference: 'Practitioner/demo-gp' }],
      payload: [{ contentString: 'Un document a été retiré : son contenu n’est pas sûr.' }],
    });
    expect((await other.get('Organization/demo-hospital/$notices')).status).toBe(404);
    expect((await carnet.as('gp').get('Organization/demo-hospital/$notices')).status).toBe(404);
    expect((await hospital.get('Organization/never-was/$notices')).status).toBe(404);
    const inbox = await other.get('Organization/demo-lab/$notices');
    expect([inbox.status, inbox.json.entry]).toEqual([200, undefined]);
    const read = { resourceType: 'Parameters', parameter: [{ name: 'read', valueId: notice!.id }] };
    const marked = async (as: Client, path: string): Promise<unknown> =>
      (await as.post(`${path}/$notices-read`, read)).json.parameter;
    expect(await marked(hospital, NOTICES.hospital)).toBeUndefined();
    expect(await marked(carnet.as('gp'), NOTICES.gp)).toEqual(read.parameter);
  });

  it('is told to the device that deposited it, and not to a patient’s app, nor to another device', async () => {
    const [device, other, app] = (
      [
        ['Device/analyser', 'hospital'],
        ['Device/other', 'hospital'],
        ['Device/analyser', 'app'],
      ] as const
    ).map(([reference, like]) => carnet.as({ token: carnet.tokenFor({ reference }, like) }));
    const plain = await deposited(device!);
    await rescan(database, ring, scanner);
    await settled(carnet);
    const inbox = await device!.get('Device/analyser/$notices');
    expect([inbox.status, codesOf(inbox.json), documents([inbox.json.entry[0].resource])]).toEqual([
      200,
      ['document-unsafe'],
      [plain],
    ]);
    const notice = inbox.json.entry[0].resource as Json;
    expect(notice.recipient).toEqual([{ reference: 'Device/analyser' }]);
    for (const client of [other!, app!, hospital])
      expect((await client.get('Device/analyser/$notices')).status).toBe(404);
    const read = { resourceType: 'Parameters', parameter: [{ name: 'read', valueId: notice.id }] };
    expect((await device!.post('Device/analyser/$notices-read', read)).json.parameter).toEqual(
      read.parameter,
    );
    expect(documents(await told('/scr'))).toContain(plain);
  });

  it('is told once, and not to who may no longer know', async () => {
    const plain = await deposited(hospital);
    await rescan(database, ring, scanner);
    await rescan(database, ring, scanner);
    await settled(carnet);
    expect(documents(await told('/scr')).filter((each) => each === plain)).toEqual([plain]);
    const mask = [
      { op: 'add', path: '/securityLabel', value: [{ coding: [visibility('INVISIBLE_PATIENT')] }] },
    ];
    expect((await hospital.patch(plain, mask)).status).toBe(200);
    expect(documents(await told('/scr'))).not.toContain(plain);
    expect(documents(await told('hospital'))).toContain(plain);
  });
});

describe('an attachment with its data', () => {
  it('is refused when malware is in it, or while nobody can say', async () => {
    expect((await hospital.post('DocumentReference', naming({ data: base64(BAD) }))).status).toBe(422);
    isAway = true;
    const { status, json, headers } = await hospital.post(
      'DocumentReference',
      naming({ data: base64('words') }),
    );
    expect([status, json.issue[0].code, headers.get('retry-after')]).toEqual([503, 'transient', '60']);
  });

  it('keeps nobody from masking what is there already', async () => {
    const { json } = await hospital.post('DocumentReference', naming({ data: base64('words') }));
    isAway = true;
    const LABEL =
      'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
    const mask = [
      { op: 'add', path: '/securityLabel', value: [{ coding: [{ system: LABEL, code: 'MASQUE_PS' }] }] },
    ];
    expect((await owner().patch(`DocumentReference/${json.id}`, mask)).status).toBe(200);
  });
});

it('content that is held back keeps nobody from the rest of their record', async () => {
  isAway = true;
  const { json } = await hospital.post('Binary', large(), TEXT);
  const made = await hospital.post('DocumentReference', naming({ url: `Binary/${json.id}` }));
  expect(made.status).toBe(201);
  expect((await owner().get(`Binary/${json.id}`)).status).toBe(503);
  const token = carnet.tokenFor({ reference: 'Patient/scr' }, 'patient');
  const { files } = await exported(owner(), token, 'scr');
  expect(files.get('index.html')!.toString()).toContain('contenu en cours de vérification');
});
