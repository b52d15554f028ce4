/** Content that is uploaded as a stream. https://hl7.org/fhir/R4/binary.html#rest */
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Database, connect } from '../../src/store/database.ts';
import { chunksOf, filesOf } from '../../src/store/content/contents.ts';
import { sweepContents } from '../../src/store/content/sweep-contents.ts';
import { documentBundle } from '../leaks/support/naming.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { PATIENT, document, errorOf, patient } from './support/resources.ts';

const MIB = 1024 * 1024;
const DAY = 86_400_000;
const PDF = { 'content-type': 'application/pdf' };
const FOR_PATIENT = { ...PDF, 'x-security-context': PATIENT };
const ANY = { accept: '*/*' };

let carnet: TestServer;
let database: Database;
let hospital: Client;
let lab: Client;
let owner: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  hospital = carnet.as('hospital');
  lab = carnet.as('lab');
  owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
  for (const id of ['p1', 'p2']) await carnet.as('all').put(`Patient/${id}`, patient({ id }));
});
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

/** Looks like a PDF at both ends, and like nothing between. */
function pdf(bytes: number): Buffer {
  const [start, end] = [Buffer.from('%PDF-1.7\n'), Buffer.from('\n%%EOF\n')];
  return Buffer.concat([start, randomBytes(bytes - start.length - end.length), end]);
}

const naming = (id: string) =>
  document({ content: [{ attachment: { contentType: 'application/pdf', url: `Binary/${id}` } }] });
const counts = async () => [
  await filesOf(database.db).countDocuments(),
  await chunksOf(database.db).countDocuments(),
];

async function bytesOf(path: string, caller: 'hospital' | 'lab', headers: Record<string, string> = {}) {
  const response = await fetch(`${carnet.base}/${path}`, {
    headers: { authorization: `Bearer ${carnet.token(caller)}`, ...ANY, ...headers },
  });
  return {
    status: response.status,
    headers: response.headers,
    bytes: Buffer.from(await response.arrayBuffer()),
  };
}

async function upload(client: Client, bytes: Buffer, headers: Record<string, string> = PDF): Promise<string> {
  const made = await client.post('Binary', bytes, headers);
  expect(made.status).toBe(201);
  expect(made.json.data).toBeUndefined();
  return made.json.id as string;
}

describe('what goes in as a stream', () => {
  const content = pdf(3 * MIB + 17);
  let id: string;
  beforeAll(async () => void (id = await upload(hospital, content, FOR_PATIENT)));

  it('comes out byte for byte, whole and in ranges', async () => {
    const all = await bytesOf(`Binary/${id}`, 'hospital');
    expect([all.status, all.headers.get('content-type'), all.bytes.equals(content)]).toEqual([
      200,
      'application/pdf',
      true,
    ]);
    expect(all.headers.get('accept-ranges')).toBe('bytes');
    for (const [range, from, to] of [
      ['bytes=0-0', 0, 1],
      [`bytes=${MIB - 2}-${MIB + 1}`, MIB - 2, MIB + 2],
      [`bytes=${MIB}-${2 * MIB - 1}`, MIB, 2 * MIB],
      ['bytes=1000000-', 1_000_000, content.length],
      ['bytes=-5', content.length - 5, content.length],
      ['bytes=3145728-99999999', 3 * MIB, content.length],
    ] as const) {
      const part = await bytesOf(`Binary/${id}`, 'hospital', { range });
      expect([part.status, part.headers.get('content-range')]).toEqual([
        206,
        `bytes ${from}-${to - 1}/${content.length}`,
      ]);
      expect(part.bytes.equals(content.subarray(from, to))).toBe(true);
    }
  });

  it('is told by HEAD, by its version and by conditions', async () => {
    const head = await hospital.send('HEAD', `Binary/${id}`, undefined, ANY);
    expect([head.status, head.headers.get('content-length')]).toEqual([200, `${content.length}`]);
    const etag = head.headers.get('etag')!;
    expect((await hospital.get(`Binary/${id}`, { ...ANY, 'if-none-match': etag })).status).toBe(304);
    const version = await bytesOf(`Binary/${id}/_history/${etag.slice(3, -1)}`, 'hospital');
    expect(version.bytes.equals(content)).toBe(true);
    const range = { range: 'bytes=0-3' };
    for (const [condition, status] of [
      [etag, 206],
      ['"another"', 200],
      [head.headers.get('last-modified')!, 206],
      ['Thu, 01 Jan 1970 00:00:00 GMT', 200],
    ] as const)
      expect((await bytesOf(`Binary/${id}`, 'hospital', { ...range, 'if-range': condition })).status).toBe(
        status,
      );
  });

  it('is answered whole for ranges that are several or can not be read, and 416 past its end', async () => {
    for (const range of ['bytes=0-1,4-5', 'bytes=5-2', 'lines=1-2', 'bytes=x-'])
      expect((await bytesOf(`Binary/${id}`, 'hospital', { range })).status).toBe(200);
    const past = await bytesOf(`Binary/${id}`, 'hospital', { range: `bytes=${content.length}-` });
    expect([past.status, past.headers.get('content-range')]).toEqual([416, `bytes */${content.length}`]);
  });

  it('is a resource when FHIR is asked for', async () => {
    const read = await hospital.get(`Binary/${id}`, { accept: 'application/fhir+json' });
    expect([read.status, read.json.securityContext]).toEqual([200, { reference: PATIENT }]);
    expect(read.json.data === content.toString('base64')).toBe(true);
  });

  it('lies sealed', async () => {
    for await (const { data } of chunksOf(database.db).find())
      expect(data.includes(content.subarray(100_000, 100_032))).toBe(false);
  });

  it('keeps its bytes when it is labelled, and is never replaced', async () => {
    const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'N' };
    const labelled = await hospital.post(`Binary/${id}/$meta-add`, {
      resourceType: 'Parameters',
      parameter: [{ name: 'meta', valueMeta: { security: [label] } }],
    });
    expect(labelled.status).toBe(200);
    expect((await bytesOf(`Binary/${id}`, 'hospital')).bytes.equals(content)).toBe(true);
    expect(errorOf(await hospital.put(`Binary/${id}`, 'new', { 'content-type': 'text/plain' }))).toEqual([
      422,
      'business-rule',
    ]);
  });
});

describe('who is given it', () => {
  it('is its depositor alone, until a document of theirs names it, and no longer', async () => {
    const content = pdf(2 * MIB);
    const id = await upload(hospital, content, FOR_PATIENT);
    const absent = await owner.get('Binary/absent', ANY);
    for (const client of [owner, lab]) {
      for (const headers of [ANY, { ...ANY, range: 'bytes=0-3' }, { accept: 'application/fhir+json' }]) {
        const hidden = await client.get(`Binary/${id}`, headers);
        expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
      }
      expect((await client.get(`Binary?_id=${id}`)).json.total).toBe(0);
    }
    // somebody else's document opens nothing
    await lab.post('DocumentReference', naming(id));
    expect((await owner.get(`Binary/${id}`, ANY)).status).toBe(404);
    const claim = await hospital.post('DocumentReference', naming(id));
    const part = await owner.get(`Binary/${id}`, { ...ANY, range: 'bytes=0-4' });
    expect([part.status, part.text]).toEqual([206, '%PDF-']);
    expect((await lab.get(`Binary/${id}`, ANY)).status).toBe(404);
    await hospital.delete(`DocumentReference/${claim.json.id}`);
    for (const headers of [ANY, { ...ANY, range: 'bytes=0-3' }])
      expect([
        (await owner.get(`Binary/${id}`, headers)).status,
        (await hospital.get(`Binary/${id}`, headers)).status,
      ]).toEqual([404, 410]);
  });

  it('stops with the consent that gave it', async () => {
    const id = await upload(hospital, pdf(2 * MIB), FOR_PATIENT);
    await hospital.post('DocumentReference', naming(id));
    const consent = (status: string) => ({
      resourceType: 'Consent',
      id: 'gives',
      status,
      scope: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
      },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      patient: { reference: PATIENT },
      policyRule: { text: 'x' },
      provision: {
        type: 'permit',
        actor: [
          {
            role: {
              coding: [
                { system: 'http://terminology.hl7.org/CodeSystem/v3-ParticipationType', code: 'IRCP' },
              ],
            },
            reference: { reference: 'Practitioner/demo-gp' },
          },
        ],
      },
    });
    const gp = carnet.as('gp');
    const read = async () => (await gp.get(`Binary/${id}`, { ...ANY, range: 'bytes=0-4' })).status;
    expect(await read()).toBe(404);
    await carnet.as('all').put('Consent/gives', consent('active'));
    expect(await read()).toBe(206);
    await carnet.as('all').put('Consent/gives', consent('inactive'));
    expect(await read()).toBe(404);
  });
});

describe('what is refused', () => {
  it('leaves nothing: cut off, too long, not what its type says, for nobody here', async () => {
    const before = await counts();
    await new Promise<void>((resolve) => {
      const authorization = `Bearer ${carnet.token('hospital')}`;
      const sending = request(`${carnet.base}/Binary`, {
        method: 'POST',
        headers: { authorization, ...PDF, 'content-length': 20 * MIB },
      });
      sending.on('error', () => resolve()).write(pdf(5 * MIB));
      setTimeout(() => sending.destroy(), 500);
    });
    const sent = pdf(6 * MIB);
    expect(errorOf(await owner.post('Binary', sent, FOR_PATIENT))).toEqual([413, 'too-long']);
    expect(errorOf(await hospital.post('Binary', sent, { 'content-type': 'image/png' }))).toEqual([
      422,
      'business-rule',
    ]);
    expect(
      (await hospital.post('Binary', sent, { ...PDF, 'x-security-context': 'http://else.where/Patient/x' }))
        .status,
    ).toBe(400);
    expect((await carnet.as('app').post('Binary', sent, PDF)).status).toBe(403);
    for (const end = Date.now() + 50_000; Date.now() < end; await sleep(50))
      if (JSON.stringify(await counts()) === JSON.stringify(before)) break;
    expect(await counts()).toEqual(before);
  });

  it('takes no later request of the same client with it', async () => {
    for (let round = 0; round < 3; round += 1) {
      const refused = await owner.post('Binary', pdf(6 * MIB), FOR_PATIENT);
      expect([refused.status, refused.headers.get('connection')]).toEqual([413, 'close']);
      const statuses = Array.from({ length: 4 }, () => hospital.post('Binary', pdf(2 * MIB), PDF));
      expect((await Promise.all(statuses)).map(({ status }) => status)).toEqual([201, 201, 201, 201]);
    }
  });

  it('is a fifth upload at once of one depositor, not another’s', async () => {
    const streams = async () => (await chunksOf(database.db).distinct('files_id')).length;
    const before = await streams();
    const open = Array.from({ length: 4 }, () => {
      const sending = request(`${carnet.base}/Binary`, {
        method: 'POST',
        headers: { authorization: `Bearer ${carnet.token('lab')}`, ...PDF, 'content-length': 20 * MIB },
      });
      sending.on('error', () => {}).write(pdf(2 * MIB));
      return sending;
    });
    try {
      while ((await streams()) < before + 4) await sleep(20);
      const one = pdf(2 * MIB);
      // by a connection of its own: the answer comes before all is sent, and that may end it
      const fifth = request(`${carnet.base}/Binary`, {
        method: 'POST',
        agent: false,
        headers: { authorization: `Bearer ${carnet.token('lab')}`, ...PDF, 'content-length': one.length },
      });
      fifth.on('error', () => {}).end(one);
      const [{ statusCode, headers }] = (await once(fifth, 'response')) as [IncomingMessage];
      expect([statusCode, headers['retry-after']]).toEqual([429, '5']);
      await upload(hospital, one);
    } finally {
      for (const sending of open) sending.destroy();
    }
  });
});

describe('what nobody claims', () => {
  it('is swept after a day; what was claimed, or is younger, stays', async () => {
    const [claimed, forgotten] = [await upload(hospital, pdf(2 * MIB)), await upload(hospital, pdf(2 * MIB))];
    await hospital.post('DocumentReference', naming(claimed));
    expect(await sweepContents(database, carnet.server.store, Date.now() + DAY / 2)).toBe(0);
    await sweepContents(database, carnet.server.store, Date.now() + 2 * DAY);
    expect((await hospital.get(`Binary/${claimed}`, ANY)).status).toBe(200);
    expect((await hospital.get(`Binary/${forgotten}`, ANY)).status).toBe(404);
    const used = await Promise.all(
      [database.resources, database.history].map((each) => each.distinct('content')),
    ).then((each) => each.flat());
    expect(await filesOf(database.db).countDocuments({ _id: { $nin: used as never[] } })).toBe(0);
    expect(await chunksOf(database.db).countDocuments({ files_id: { $nin: used as never[] } })).toBe(0);
  });

  it('is a FHIR document that follows a document, too; any other Bundle stays', async () => {
    const tag = [{ system: 'https://carnet.example/fhir/CodeSystem/handling', code: 'follows-document' }];
    const made = async (id: string, meta?: object): Promise<string> => {
      const { status, json, text } = await hospital.post('Bundle', {
        ...documentBundle(id, 'p1'),
        id: undefined,
        meta,
      });
      expect([status, status === 201 ? '' : text]).toEqual([201, '']);
      return json.id as string;
    };
    const [claimed, forgotten, other] = [await made('a', { tag }), await made('b', { tag }), await made('c')];
    const url = `Bundle/${claimed}`;
    await hospital.post(
      'DocumentReference',
      document({ content: [{ attachment: { contentType: 'application/fhir+json', url } }] }),
    );
    await sweepContents(database, carnet.server.store, Date.now() + DAY / 2);
    expect((await hospital.get(`Bundle/${forgotten}`)).status).toBe(200);
    await sweepContents(database, carnet.server.store, Date.now() + 2 * DAY);
    const left = [claimed, forgotten, other].map(async (id) => (await hospital.get(`Bundle/${id}`)).status);
    expect(await Promise.all(left)).toEqual([200, 404, 200]);
  });
});

describe('the same bytes', () => {
  const content = pdf(2 * MIB);
  const contentOf = async (id: string) =>
    (await database.resources.findOne({ _id: `Binary/${id}` }))!.content;

  it('of one patient are kept once, and of two patients apart', async () => {
    const before = await filesOf(database.db).countDocuments();
    const one = await upload(hospital, content, FOR_PATIENT);
    const two = await upload(lab, content, FOR_PATIENT);
    const other = await upload(hospital, content, { ...PDF, 'x-security-context': 'Patient/p2' });
    const nobodys = await upload(hospital, content);
    expect(await contentOf(one)).toEqual(await contentOf(two));
    expect(await filesOf(database.db).countDocuments()).toBe(before + 3);
    expect(new Set([one, two, other, nobodys]).size).toBe(4);
  });

  it('are decided for each Binary apart: what the first is given by says nothing of the second', async () => {
    const first = await upload(hospital, content, FOR_PATIENT);
    await hospital.post('DocumentReference', naming(first));
    const again = await lab.post('Binary', content, FOR_PATIENT);
    const fresh = await lab.post('Binary', pdf(2 * MIB), FOR_PATIENT);
    // the answer tells nothing of what was there
    const shape = ({ status, headers, json }: typeof again) => [
      status,
      [...headers.keys()].sort(),
      Object.keys(json).sort(),
      headers.get('content-length'),
    ];
    expect(shape(again)).toEqual(shape(fresh));
    expect((await owner.get(`Binary/${first}`, ANY)).status).toBe(200);
    expect((await owner.get(`Binary/${again.json.id}`, ANY)).status).toBe(404);
    expect((await lab.get(`Binary/${first}`, ANY)).status).toBe(404);
  });

  it('stay for the one when the other goes', async () => {
    const mine = pdf(2 * MIB);
    const claimed = await upload(hospital, mine, FOR_PATIENT);
    await upload(lab, mine, FOR_PATIENT);
    await hospital.post('DocumentReference', naming(claimed));
    await sweepContents(database, carnet.server.store, Date.now() + 2 * DAY);
    const read = await bytesOf(`Binary/${claimed}`, 'hospital');
    expect(createHash('sha1').update(read.bytes).digest('hex')).toBe(
      createHash('sha1').update(mine).digest('hex'),
    );
  });
});
