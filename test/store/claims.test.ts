/** Content is its patient's as soon as a document says so: sealed under the patient's key, once, and erased with it. */
import { createHash, randomBytes } from 'node:crypto';
import { aboutPiece } from '../../src/store/content/pieces.ts';
import { chunksOf, filesOf } from '../../src/store/content/contents.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { type VersionDoc, about } from '../../src/store/document.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { seal, unseal } from '../../src/store/keys/sealing.ts';
import { claimOlder } from '../../src/store/content/claim-older.ts';
import { sweepContents } from '../../src/store/content/sweep-contents.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { document, patient } from '../interaction/support/resources.ts';

const DAY = 86_400_000;
const MIB = 1024 * 1024;
const PDF = { 'content-type': 'application/pdf' };

let carnet: TestServer;
let database: Database;
let hospital: Client;
let ring: KeyRing;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  database = await connect(carnet.database.uri, carnet.database.dbName);
  ring = new KeyRing(database.records.keys, await keyFile(`${carnet.dataDir}/kek.json`));
  hospital = carnet.as('hospital');
  for (const id of ['cla', 'clb', 'clc', 'cld', 'cle'])
    await carnet.as('all').put(`Patient/${id}`, patient({ id }));
});
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

function pdf(bytes: number): Buffer {
  const [start, end] = [Buffer.from('%PDF-1.7\n'), Buffer.from('\n%%EOF\n')];
  return Buffer.concat([start, randomBytes(bytes - start.length - end.length), end]);
}

const naming = (of: string, attachment: Json, more: Json = {}): Resource =>
  document({
    subject: { reference: `Patient/${of}` },
    content: [{ attachment: { contentType: 'application/pdf', ...attachment } }],
    ...more,
  });

async function made(
  client: Client,
  path: string,
  body: unknown,
  headers?: Record<string, string>,
): Promise<Resource> {
  const { status, json, text } = await client.post(path, body, headers);
  if (status >= 300) throw new Error(text);
  return json as Resource;
}

const raw = async (bytes: Buffer): Promise<string> => (await made(hospital, 'Binary', bytes, PDF)).id!;

const SIMPLIFIED = {
  meta: {
    profile: [
      'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference',
    ],
  },
};

/** Each way in which content comes to a document. */
const WAYS: Record<string, (of: string, bytes: Buffer) => Promise<string>> = {
  'split off from a publish': async (of, bytes) => {
    const attachment = { data: bytes.toString('base64'), title: 't' };
    const { content } = await made(
      hospital,
      'DocumentReference',
      naming(of, attachment, { ...SIMPLIFIED, ...authored() }),
    );
    return String((content as { attachment: Json }[])[0]!.attachment.url).slice('Binary/'.length);
  },
  'in one transaction with its document': async (of, bytes) => {
    const entry = (fullUrl: string, resource: Resource) => ({
      fullUrl,
      resource,
      request: { method: 'POST', url: resource.resourceType },
    });
    const bundle = await made(hospital, '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        entry('urn:uuid:11111111-1111-4111-8111-111111111111', {
          resourceType: 'Binary',
          contentType: 'application/pdf',
          data: bytes.toString('base64'),
        }),
        entry(
          'urn:uuid:22222222-2222-4222-8222-222222222222',
          naming(of, { url: 'urn:uuid:11111111-1111-4111-8111-111111111111' }),
        ),
      ],
    });
    const [{ response }] = bundle.entry as [{ response: { location: string } }];
    return /Binary\/([^/]+)/.exec(response.location)![1]!;
  },
  'raw, before its document': async (of, bytes) => {
    const id = await raw(bytes);
    await made(hospital, 'DocumentReference', naming(of, { url: `Binary/${id}` }));
    return id;
  },
  'raw, before its document, by its whole address': async (of, bytes) => {
    const id = await raw(bytes);
    await made(hospital, 'DocumentReference', naming(of, { url: `${carnet.base}/Binary/${id}` }));
    return id;
  },
  'raw and changed, before its document': async (of, bytes) => {
    const id = await raw(pdf(bytes.length));
    expect(
      (
        await hospital.put(`Binary/${id}`, {
          resourceType: 'Binary',
          id,
          contentType: 'application/pdf',
          data: bytes.toString('base64'),
        })
      ).status,
    ).toBe(200);
    await made(hospital, 'DocumentReference', naming(of, { url: `Binary/${id}` }));
    return id;
  },
  'as a stream, before its document': async (of, bytes) => {
    const id = await raw(Buffer.concat([bytes.subarray(0, -7), pdf(2 * MIB)]));
    await made(hospital, 'DocumentReference', naming(of, { url: `Binary/${id}` }));
    return id;
  },
};
const authored = () => ({
  masterIdentifier: { system: 'urn:ietf:rfc:3986', value: `urn:oid:1.2.250.1.213.77.${(number += 1)}` },
  date: '2024-01-01T00:00:00Z',
  author: [{ reference: 'Organization/demo-hospital' }],
  custodian: { reference: 'Organization/demo-hospital' },
});
let number = 0;

const dataOf = async (client: Client, id: string): Promise<unknown> =>
  (await client.get(`Binary/${id}`, { accept: 'application/fhir+json' })).json?.data;

const versions = async (rid: string): Promise<VersionDoc[]> => [
  ...(await database.resources.find({ _id: rid }).toArray()),
  ...(await database.history.find({ rid }).toArray()),
];

describe.each(Object.entries(WAYS))('content that comes %s', (_, way) => {
  it('is given as it came, and opened by its patient’s key alone', async () => {
    const bytes = pdf(40_000);
    const id = await way('cla', bytes);
    const response = await fetch(`${carnet.base}/Binary/${id}`, {
      headers: { authorization: `Bearer ${carnet.token('hospital')}`, accept: '*/*' },
    });
    const given = Buffer.from(await response.arrayBuffer());
    expect([response.status, given.includes(bytes.subarray(100, 30_000))]).toEqual([200, true]);
    const nobodys = await ring.get('');
    const own = await ring.get('cla');
    const found = await versions(`Binary/${id}`);
    expect(found.length).toBeGreaterThan(0);
    for (const doc of found) {
      expect(doc.owners).toEqual(['cla']);
      const sealed = doc.body!;
      expect(() => unseal(nobodys!, sealed, about(`Binary/${id}`, doc))).toThrow();
      expect(unseal(own!, sealed, about(`Binary/${id}`, doc)).toString()).toContain(
        '"resourceType":"Binary"',
      );
      if (doc.content !== undefined) {
        const file = await filesOf(database.db).findOne({ _id: doc.content });
        expect(file!.metadata.patient).toBe('cla');
      }
    }
  });
});

it('is gone with its patient, for its depositor and for who holds the database and all other keys', async () => {
  const ids: string[] = [];
  for (const way of Object.values(WAYS)) ids.push(await way('clb', pdf(40_000)));
  await ring.destroy('clb');
  const other = await testServer(import.meta.url, { like: carnet });
  try {
    for (const id of ids)
      for (const caller of [other.as('hospital'), other.as('all')])
        for (const headers of [{ accept: '*/*' }, { accept: 'application/fhir+json' }])
          expect([id, (await caller.get(`Binary/${id}`, headers)).status]).toEqual([id, 404]);
  } finally {
    await other.close();
  }
  const keys = await Promise.all(
    (await database.records.keys.find({ wrapped: { $exists: true } }).lean()).map(async ({ _id }) =>
      ring.get(_id),
    ),
  );
  const opens = (sealed: Buffer, of: string): boolean =>
    keys.some((key) => {
      try {
        return unseal(key!, sealed, of).length > 0;
      } catch {
        return false;
      }
    });
  for (const id of ids) {
    for (const doc of await versions(`Binary/${id}`)) {
      expect(opens(doc.body!, about(`Binary/${id}`, doc))).toBe(false);
      if (doc.piece !== undefined) {
        const piece = await database.pieces.findOne({ _id: doc.piece });
        for (const { _id: patientId } of await database.records.keys.find({}).lean())
          expect(opens(piece!.data, aboutPiece(doc.piece, patientId, piece!.bytes))).toBe(false);
      }
      if (doc.content !== undefined) {
        const file = await filesOf(database.db).findOne({ _id: doc.content });
        expect(file!.metadata.also ?? []).toEqual([]);
        expect(opens(file!.metadata.header, `content ${doc.content.toHexString()} of clb`)).toBe(false);
      }
    }
  }
});

describe('the same bytes', () => {
  it('of one patient are kept once, whatever way they come', async () => {
    const bytes = pdf(30_000);
    const before = await database.pieces.countDocuments();
    const ids: string[] = [];
    for (const name of [
      'split off from a publish',
      'in one transaction with its document',
      'raw, before its document',
    ])
      ids.push(await WAYS[name]!('clc', bytes));
    expect(await database.pieces.countDocuments()).toBe(before + 1);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(await dataOf(hospital, id)).toBe(bytes.toString('base64'));
    const other = await WAYS['raw, before its document']!('cld', bytes);
    expect(await database.pieces.countDocuments()).toBe(before + 2);
    expect(await dataOf(hospital, other)).toBe(bytes.toString('base64'));
  });

  it('of one patient are kept once as streams too, when their documents come later', async () => {
    const bytes = pdf(2 * MIB);
    const sha1 = createHash('sha1').update(bytes).digest('base64');
    const ids: string[] = [];
    for (let time = 0; time < 2; time += 1) {
      const id = await raw(bytes);
      await made(hospital, 'DocumentReference', naming('clc', { url: `Binary/${id}`, hash: sha1 }));
      ids.push(id);
    }
    const [one, two] = await Promise.all(
      ids.map((id) => database.resources.findOne({ _id: `Binary/${id}` })),
    );
    expect(one!.content!.toHexString()).toBe(two!.content!.toHexString());
    await sweepContents(database, carnet.server.store, Date.now() + 2 * DAY);
    expect(await filesOf(database.db).countDocuments({ 'metadata.patient': 'clc' })).toBe(1);
    expect(await chunksOf(database.db).countDocuments({ files_id: one!.content! })).toBe(2);
  });

  it('are given alike where they were kept in base64 before', async () => {
    const bytes = pdf(25_000);
    const id = await WAYS['raw, before its document']!('clc', bytes);
    const { piece: name } = (await database.resources.findOne({ _id: `Binary/${id}` }))!;
    const key = (await ring.get('clc'))!;
    const piece = (await database.pieces.findOne({ _id: name! }))!;
    expect(unseal(key, piece.data, aboutPiece(name!, 'clc', piece.bytes))).toEqual(bytes);
    const data = seal(key, Buffer.from(bytes.toString('base64')), aboutPiece(name!, 'clc'));
    await database.pieces.updateOne({ _id: name! }, { $set: { data }, $unset: { bytes: 1 } });
    expect(await dataOf(hospital, id)).toBe(bytes.toString('base64'));
    const { status, headers } = await hospital.get(`Binary/${id}`, { accept: '*/*', range: 'bytes=0-8' });
    expect([status, headers.get('content-range')]).toEqual([206, 'bytes 0-8/25000']);
  });

  it('survive one of two Binaries, and go with the last that is swept', async () => {
    const bytes = pdf(20_000);
    const claimed = await WAYS['raw, before its document']!('cle', bytes);
    const held = (await database.resources.findOne({ _id: `Binary/${claimed}` }))!.piece!;
    expect(await database.pieces.countDocuments({ _id: held })).toBe(1);
    await sweepContents(database, carnet.server.store, Date.now() + 2 * DAY);
    expect(await dataOf(hospital, claimed)).toBe(bytes.toString('base64'));
  });
});

describe('what documents carry in themselves', () => {
  const inline = (of: string, bytes: Buffer, more: Json = {}): Resource =>
    naming(of, { data: bytes.toString('base64') }, more);
  const textOf = async (path: string): Promise<string> => (await hospital.get(path)).text;
  const isApart = async (id: string): Promise<boolean[]> =>
    (await versions(`DocumentReference/${id}`)).map(
      ({ body, inline: cuts }) => body!.length < 3_000 && cuts!.length === 1,
    );

  it('is kept once with the same bytes of Binaries, however it is sent, and given byte for byte', async () => {
    const bytes = pdf(30_000);
    const before = await database.pieces.countDocuments();
    await WAYS['raw, before its document']!('clc', bytes);
    const sent = await hospital.post('DocumentReference', inline('clc', bytes));
    const { id } = sent.json!;
    expect(await textOf(`DocumentReference/${id}`)).toBe(sent.text);
    const changed = await hospital.put(`DocumentReference/${id}`, {
      ...inline('clc', bytes, { description: bytes.toString('base64') }),
      id,
    });
    expect(changed.status).toBe(200);
    expect(await textOf(`DocumentReference/${id}`)).toBe(changed.text);
    const patched = await hospital.patch(
      `DocumentReference/${id}`,
      [{ op: 'replace', path: '/description', value: 'été' }],
      { 'content-type': 'application/json-patch+json' },
    );
    expect(patched.json).toMatchObject({ description: 'été', content: sent.json!.content });
    const request = { method: 'POST', url: 'DocumentReference' };
    const { entry } = await made(hospital, '', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [{ resource: inline('clc', bytes), request }],
    });
    const [{ response }] = entry as [{ response: { location: string } }];
    const path = response.location.replace(/^.*(DocumentReference\/[^/]+).*$/, '$1');
    expect((await hospital.get(path)).json).toMatchObject({ content: sent.json!.content });
    expect(await database.pieces.countDocuments()).toBe(before + 1);
    const { vid } = (await database.history.findOne({ rid: `DocumentReference/${id}` }, { sort: { v: 1 } }))!;
    expect(await textOf(`DocumentReference/${id}/_history/${vid}`)).toBe(sent.text);
    expect([await isApart(id!), await isApart(path.split('/')[1]!)]).toEqual([[true, false, true], [true]]);
    const { text } = await hospital.get(`DocumentReference?patient=clc&_id=${id}`);
    expect(text).toContain(patched.text);
    const other = await made(hospital, 'DocumentReference', inline('cld', bytes));
    expect(await database.pieces.countDocuments()).toBe(before + 2);
    expect(other.content).toEqual(sent.json!.content);
  });

  it('is cut where it is longer than a document holds, each attachment by itself', async () => {
    const [long, short] = [pdf(7 * MIB), pdf(20_000)];
    const before = await database.pieces.countDocuments();
    const attachments = [long, short, short, pdf(9_000)].map((bytes) => ({
      attachment: { contentType: 'application/pdf', data: bytes.toString('base64') },
    }));
    const sent = await hospital.post('DocumentReference', naming('cld', {}, { content: attachments }));
    expect(sent.status).toBe(201);
    expect(await textOf(`DocumentReference/${sent.json!.id}`)).toBe(sent.text);
    expect(sent.json!.content).toEqual(attachments);
    const binary = await made(hospital, 'Binary', {
      resourceType: 'Binary',
      contentType: 'application/pdf',
      data: long.toString('base64'),
      securityContext: { reference: 'Patient/cld' },
    });
    expect(await dataOf(hospital, binary.id!)).toBe(long.toString('base64'));
    expect(await database.pieces.countDocuments()).toBe(before + 3);
    const doc = (await database.resources.findOne({ _id: `DocumentReference/${sent.json!.id}` }))!;
    expect([doc.inline!.length, doc.spill]).toEqual([4, undefined]);
  });

  it('opens at its own place alone, and with its patient’s key alone', async () => {
    const bytes = pdf(20_000);
    await carnet.as('all').put('Patient/clz', patient({ id: 'clz' }));
    const { id } = await made(hospital, 'DocumentReference', inline('clz', bytes));
    const rid = `DocumentReference/${id}`;
    const doc = (await database.resources.findOne({ _id: rid }))!;
    const key = (await ring.get('clz'))!;
    const [cut] = doc.inline!;
    expect(unseal(key, doc.body!, about(rid, doc)).toString()).not.toContain(bytes.toString('base64', 0, 30));
    expect(() => unseal(key, doc.body!, about(rid, { ...doc, inline: [{ ...cut!, at: 1 }] }))).toThrow();
    await ring.destroy('clz');
    const other = await testServer(import.meta.url, { like: carnet });
    try {
      expect((await other.as('hospital').get(rid)).status).toBe(404);
    } finally {
      await other.close();
    }
  });
});

it('is both patients’ when documents of both name it: one erased, the other keeps it', async () => {
  const bytes = pdf(10_000);
  for (const id of ['clx', 'cly']) await carnet.as('all').put(`Patient/${id}`, patient({ id }));
  const id = await raw(bytes);
  for (const of of ['clx', 'cly'])
    await made(hospital, 'DocumentReference', naming(of, { url: `Binary/${id}` }));
  expect((await database.resources.findOne({ _id: `Binary/${id}` }))!.owners).toEqual(['clx', 'cly']);
  await ring.destroy('clx');
  const other = await testServer(import.meta.url, { like: carnet });
  try {
    expect(await dataOf(other.as('hospital'), id)).toBe(bytes.toString('base64'));
    await ring.destroy('cly');
  } finally {
    await other.close();
  }
  const last = await testServer(import.meta.url, { like: carnet });
  try {
    expect((await last.as('hospital').get(`Binary/${id}`)).status).toBe(404);
  } finally {
    await last.close();
  }
});

describe('content that nobody claims', () => {
  it('is swept after a day when it is small too; what a document names, or a patient has, stays', async () => {
    const [forgotten, claimed] = [
      await raw(pdf(5_000)),
      await WAYS['raw, before its document']!('cla', pdf(5_000)),
    ];
    const { id: own } = await made(hospital, 'Binary', {
      resourceType: 'Binary',
      contentType: 'text/plain',
      data: 'eA==',
      securityContext: { reference: 'Patient/cla' },
    });
    await sweepContents(database, carnet.server.store, Date.now() + DAY / 2);
    expect((await hospital.get(`Binary/${forgotten}`)).status).toBe(200);
    await sweepContents(database, carnet.server.store, Date.now() + 2 * DAY);
    const after = [forgotten, claimed, own].map(async (id) => (await hospital.get(`Binary/${id}`)).status);
    expect(await Promise.all(after)).toEqual([404, 200, 200]);
    expect(await database.history.countDocuments({ rid: `Binary/${forgotten}` })).toBe(0);
  });

  it('isn’t claimed by another depositor’s document', async () => {
    const id = await raw(pdf(5_000));
    await made(carnet.as('lab'), 'DocumentReference', naming('cla', { url: `Binary/${id}` }));
    expect((await database.resources.findOne({ _id: `Binary/${id}` }))!.owners).toBeUndefined();
  });
});

it('is sealed anew where an earlier server left it nobody’s', async () => {
  const bytes = pdf(9_000);
  const id = await raw(bytes);
  const before = (await database.resources.findOne({ _id: `Binary/${id}` }))!;
  await made(hospital, 'DocumentReference', naming('cla', { url: `Binary/${id}` }));
  // as it was before it was claimed
  await database.resources.replaceOne({ _id: `Binary/${id}` }, before);
  await claimOlder(database, ring, carnet.base, () => {});
  expect((await database.resources.findOne({ _id: `Binary/${id}` }))!.owners).toEqual(['cla']);
  expect(await dataOf(hospital, id)).toBe(bytes.toString('base64'));
});

it('follows its document where an earlier server left it its patient’s alone', async () => {
  const bytes = pdf(9_000);
  const { id } = await made(hospital, 'Binary', {
    resourceType: 'Binary',
    contentType: 'application/pdf',
    data: bytes.toString('base64'),
    securityContext: { reference: 'Patient/cla' },
  });
  const before = (await database.resources.findOne({ _id: `Binary/${id}` }))!;
  expect([before.patient, before.owners]).toEqual(['cla', undefined]);
  await made(hospital, 'DocumentReference', naming('cla', { url: `Binary/${id}` }));
  // as it was when such a document claimed nothing
  await database.resources.replaceOne({ _id: `Binary/${id}` }, before);
  await claimOlder(database, ring, carnet.base, () => {});
  const after = (await database.resources.findOne({ _id: `Binary/${id}` }))!;
  expect([after.patient, after.owners]).toEqual(['', ['cla']]);
  expect(await dataOf(hospital, id!)).toBe(bytes.toString('base64'));
});
