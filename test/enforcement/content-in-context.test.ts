/**
 * Content that says by `securityContext` whose data it is follows the document that names it all the same: what hides the
 * document hides its content. https://hl7.org/fhir/R4/binary.html#security-context
 */
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { Space, label, permits } from './support/space.ts';

const GP = 'Practitioner/demo-gp';
const PDF = Buffer.from('%PDF-1.4\n1 0 obj\n%%EOF\n');
const ANY = { accept: '*/*' };
const FHIR = { accept: 'application/fhir+json' };

let carnet: TestServer;
let hospital: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  hospital = carnet.as({ token: carnet.tokenFor({ idPrefixes: ['in-context-'] }, 'hospital') });
});
afterAll(() => carnet?.close());

const binary = (patient: string, more: object = {}) => ({
  resourceType: 'Binary',
  contentType: 'application/pdf',
  securityContext: { reference: `Patient/${patient}` },
  data: PDF.toString('base64'),
  ...more,
});
const naming = (url: string) => ({ content: [{ attachment: { contentType: 'application/pdf', url } }] });
let count = 0;

/** The ways by which content comes to be a document's; each makes both, and tells the addresses. */
const WAYS: Record<string, (space: Space) => Promise<{ content: string; document: string }>> = {
  'raw, before its document': async (space) => {
    const sent = { 'content-type': 'application/pdf', 'x-security-context': `Patient/${space.id}` };
    const content = `Binary/${(await hospital.post('Binary', PDF, sent)).json.id}`;
    return { content, document: `DocumentReference/${await space.deposit(naming(content), hospital)}` };
  },
  'as JSON, before its document': async (space) => {
    const content = `Binary/${(await hospital.post('Binary', binary(space.id))).json.id}`;
    return { content, document: `DocumentReference/${await space.deposit(naming(content), hospital)}` };
  },
  'written again, before its document': async (space) => {
    const { json } = await hospital.post('Binary', binary(space.id));
    const content = `Binary/${json.id}`;
    expect((await hospital.put(content, { ...json, language: 'fr' })).status).toBe(200);
    return { content, document: `DocumentReference/${await space.deposit(naming(content), hospital)}` };
  },
  'with its document': async (space) => {
    const url = 'urn:uuid:6f7a1f1e-4a55-4a1c-9d4e-0d2f4f0b7c11';
    const { json } = await hospital.post('Binary', binary(space.id));
    const like = `DocumentReference/${await space.deposit(naming(`Binary/${json.id}`), hospital)}`;
    const { id: _, meta: _meta, ...document } = (await hospital.get(like)).json;
    const entry = (resource: object, fullUrl?: string) => ({
      ...(fullUrl === undefined ? {} : { fullUrl }),
      resource,
      request: { method: 'POST', url: (resource as { resourceType: string }).resourceType },
    });
    const answer = await hospital.post('', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [entry({ ...document, ...naming(url) }), entry(binary(space.id), url)],
    });
    expect(answer.status).toBe(200);
    const [made, content] = answer.json.entry.map(
      ({ response }: { response: { location: string } }) =>
        /(?:Binary|DocumentReference)\/[^/]+/.exec(response.location)![0],
    );
    return { content, document: made };
  },
  'under an address that its document had named': async (space) => {
    const id = `in-context-${(count += 1)}`;
    const document = `DocumentReference/${await space.deposit(naming(`Binary/${id}`), hospital)}`;
    expect((await hospital.put(`Binary/${id}`, binary(space.id, { id }))).status).toBe(201);
    return { content: `Binary/${id}`, document };
  },
};

const meta = (code: string) => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: { security: [label(code)] } }],
});

describe.each(Object.entries(WAYS))('content that comes %s', (_, bring) => {
  it('is read as the document is: masked with it, and shown again, in its current version alone', async () => {
    const space = await Space.of(carnet);
    await space.says(permits(GP));
    const gp = carnet.as('gp');
    const { content, document } = await bring(space);
    const version = `${content}/_history/${(await hospital.get(content, FHIR)).json.meta.versionId}`;
    const seen = async (who: Client) =>
      Promise.all(
        [
          [content, FHIR],
          [content, ANY],
          [content, { ...ANY, range: 'bytes=0-3' }],
          [version, FHIR],
        ].map(
          async ([path, headers]) =>
            (await who.get(path as string, headers as Record<string, string>)).status,
        ),
      );
    expect([await seen(gp), await seen(space.me)]).toEqual([
      [200, 200, 206, 200],
      [200, 200, 206, 200],
    ]);
    const [read, vread] = [await gp.get(content, FHIR), await gp.get(version, FHIR)];
    expect([vread.text, vread.headers.get('etag')]).toEqual([read.text, read.headers.get('etag')]);
    const hiddenThen = await gp.get(`${content}/_history/absent`);
    expect(hiddenThen.status).toBe(404);
    expect((await space.me.post(`${document}/$meta-add`, meta('MASQUE_PS'))).status).toBe(200);
    expect(await seen(gp)).toEqual([404, 404, 404, 404]);
    expect((await gp.get(version)).text).toBe(hiddenThen.text);
    expect(await seen(space.me)).toEqual([200, 200, 206, 200]);
    expect((await gp.get(`Binary?_id=${content.slice(7)}&_lastUpdated=ge2020-01-01`)).json.total).toBe(0);
    const absent = await gp.get('Binary/absent');
    expect((await gp.get(content)).text).toBe(absent.text);
    // who deposited it sends it again as it is
    const { json: own } = await hospital.get(content, FHIR);
    expect(own.securityContext).toEqual({ reference: `Patient/${space.id}` });
    expect((await hospital.put(content, { ...own, language: 'fr-FR' })).status).toBe(200);
    expect((await gp.get(content)).status).toBe(404);
    expect((await space.me.post(`${document}/$meta-delete`, meta('MASQUE_PS'))).status).toBe(200);
    expect((await gp.get(content)).status).toBe(200);
    // no document may have named what was its content before
    const now = `${content}/_history/${(await hospital.get(content, FHIR)).json.meta.versionId}`;
    const versions = async (who: Client) => [(await who.get(version)).status, (await who.get(now)).status];
    expect([await versions(gp), await versions(space.me), await versions(hospital)]).toEqual([
      [404, 200],
      [404, 200],
      [200, 200],
    ]);
    expect((await hospital.delete(content)).status).toBe(204);
    expect([await versions(gp), await versions(carnet.as('dentist'))]).toEqual([
      [404, 404],
      [404, 404],
    ]);
  });
});

it('a FHIR document that stood by itself is read as the document that names it is', async () => {
  const space = await Space.of(carnet);
  await space.says(permits(GP));
  const gp = carnet.as('gp');
  const bundle = {
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: 'urn:ietf:rfc:3986', value: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' },
    timestamp: '2024-01-01T10:00:00Z',
    entry: [
      {
        fullUrl: 'urn:uuid:3fdc72f4-a11d-4a9d-9260-a9f745779e1d',
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: { coding: [{ system: 'http://loinc.org', code: '11488-4' }] },
          subject: { reference: `Patient/${space.id}` },
          date: '2024-01-01',
          author: [{ reference: GP }],
          title: 'x',
        },
      },
    ],
  };
  const made = await hospital.post('Bundle', bundle);
  const content = `Bundle/${made.json.id}`;
  expect([made.status, (await gp.get(content)).status]).toEqual([201, 200]);
  const attachment = { contentType: 'application/fhir+json', url: content };
  const document = `DocumentReference/${await space.deposit({ content: [{ attachment }] }, hospital)}`;
  const seen = async () => [(await gp.get(content)).status, (await space.me.get(content)).status];
  expect(await seen()).toEqual([200, 200]);
  expect((await space.me.post(`${document}/$meta-add`, meta('MASQUE_PS'))).status).toBe(200);
  expect(await seen()).toEqual([404, 200]);
  expect((await gp.get(`Bundle?_id=${content.slice(7)}&_lastUpdated=ge2020-01-01`)).json.total).toBe(0);
});

it('what hides the content itself hides it whatever names it', async () => {
  const space = await Space.of(carnet);
  await space.says(permits(GP));
  const gp = carnet.as('gp');
  const { json } = await hospital.post('Binary', binary(space.id));
  const content = `Binary/${json.id}`;
  expect((await space.me.post(`${content}/$meta-add`, meta('MASQUE_PS'))).status).toBe(200);
  expect([(await gp.get(content)).status, (await space.me.get(content)).status]).toEqual([404, 200]);
  const document = `DocumentReference/${await space.deposit(naming(content), hospital)}`;
  expect([(await gp.get(document)).status, (await gp.get(content)).status]).toEqual([200, 404]);
  expect((await space.me.get(content)).status).toBe(200);
});

it('is shown to its depositor without the labels that its patient put on it, in all versions, claimed too', async () => {
  const space = await Space.of(carnet);
  const { json } = await hospital.post('Binary', binary(space.id));
  const content = `Binary/${json.id}`;
  const before = await hospital.get(content, FHIR);
  expect((await space.me.post(`${content}/$meta-add`, meta('MASQUE_PS'))).status).toBe(200);
  await space.deposit(naming(content), hospital);
  const { versionId } = (await space.me.get(content, FHIR)).json.meta;
  for (const headers of [FHIR, ANY]) {
    const after = await hospital.get(content, headers);
    expect([after.status, after.headers.get('etag')]).toEqual([200, before.headers.get('etag')]);
  }
  expect((await hospital.get(content, FHIR)).text).toBe(before.text);
  expect((await hospital.get(`${content}/_history/${versionId}`, FHIR)).status).toBe(404);
  expect((await hospital.get(`${content}/_history/${json.meta.versionId}`, FHIR)).text).toBe(before.text);
  // by what they are told they replace it, and the label stays
  const put = await hospital.put(
    content,
    { ...before.json, language: 'fr' },
    { 'if-match': before.headers.get('etag')! },
  );
  expect([put.status, put.json.meta.security]).toEqual([200, undefined]);
  expect((await space.me.get(content, FHIR)).json.meta.security).toEqual([label('MASQUE_PS')]);
});

it('is hidden from the patient with its document', async () => {
  const space = await Space.of(carnet);
  const { json } = await hospital.post('Binary', binary(space.id));
  const content = `Binary/${json.id}`;
  expect((await space.me.get(content)).status).toBe(200);
  await space.deposit(
    { ...naming(content), securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] },
    hospital,
  );
  expect([(await space.me.get(content)).status, (await hospital.get(content)).status]).toEqual([404, 200]);
});

it('stays its patient’s where no document names it, or another’s does, or another patient’s', async () => {
  const [space, other] = [await Space.of(carnet), await Space.of(carnet)];
  const { json } = await hospital.post('Binary', binary(space.id));
  const content = `Binary/${json.id}`;
  expect((await space.me.get(content)).status).toBe(200);
  await space.deposit(naming(content), carnet.as('lab'));
  await other.deposit(naming(content), hospital);
  expect([(await space.me.get(content)).status, (await other.me.get(content)).status]).toEqual([200, 404]);
});
