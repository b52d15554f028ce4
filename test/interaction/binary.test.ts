/** https://hl7.org/fhir/R4/binary.html#rest */
import { request } from 'node:http';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { OF_DOCUMENTS } from '../../src/fhir/content/taken.ts';
import type { Json } from '../../src/fhir/resource.ts';
import { PATIENT, document, errorOf, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
let hospital: Client;
let lab: Client;
let owner: Client;
beforeAll(async () => {
  const types = new Set(['application/octet-stream', 'application/x-anything']);
  carnet = await testServer(import.meta.url, { contentTaken: { groups: new Set(OF_DOCUMENTS), types } });
  all = carnet.as('all');
  hospital = carnet.as('hospital');
  lab = carnet.as('lab');
  owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(() => carnet?.close());

const bytes = Buffer.from(Array.from({ length: 4096 }, (_, index) => (index * 7) % 256));
bytes.write('%PDF-1.7');
bytes.write('%%EOF', bytes.length - 6);
const RESOURCE = { accept: 'application/fhir+json' };
const linking = (id: string, more: Json = {}) =>
  document({ content: [{ attachment: { contentType: 'application/pdf', url: `Binary/${id}` } }], ...more });

/** The bytes of an answer, which a text would lose. */
function content(
  path: string,
  caller: 'all' | 'hospital',
  headers = {},
): Promise<{ status: number; headers: Record<string, unknown>; bytes: Buffer }> {
  return new Promise((resolve, reject) => {
    const authorization = `Bearer ${carnet.token(caller)}`;
    request(`${carnet.base}/${path}`, { headers: { authorization, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode!, headers: response.headers, bytes: Buffer.concat(chunks) }),
      );
    })
      .on('error', reject)
      .end();
  });
}

describe('content as it is', () => {
  it.each([
    ['application/pdf', bytes],
    ['image/svg+xml', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')],
    ['text/csv; charset=iso-8859-1', Buffer.from('pr\u00e9nom;a', 'latin1')],
    ['application/x-anything', bytes.subarray(1)],
    ['application/octet-stream', bytes],
  ])('goes in and comes out as %s', async (type, bytes) => {
    const made = await all.post('Binary', bytes, { 'content-type': type });
    expect([made.status, made.json.resourceType, made.json.contentType]).toEqual([201, 'Binary', type]);
    expect(made.json.data).toBe(bytes.toString('base64'));
    const path = `Binary/${made.json.id}`;
    for (const headers of [{}, { accept: type }, { accept: '*/*' }]) {
      const read = await content(path, 'all', headers);
      expect([read.status, read.headers['content-type'], read.bytes.equals(bytes)]).toEqual([
        200,
        type,
        true,
      ]);
      expect(read.headers.etag).toBe(`W/"${made.json.meta.versionId}"`);
    }
    const version = await content(`${path}/_history/${made.json.meta.versionId}`, 'all');
    expect(version.bytes.equals(bytes)).toBe(true);
  });

  it.each([
    ['application/pdf', 'application/pdf, application/fhir+json;q=0.5', 'application/pdf'],
    ['application/pdf', '*/*, application/fhir+json;q=0.5', 'application/pdf'],
    ['application/pdf', 'application/*', 'application/pdf'],
    ['application/pdf', 'application/pdf;q=0.5, application/fhir+json', 'FHIR'],
    ['application/pdf', 'application/fhir+json, */*;q=0.1', 'FHIR'],
    ['application/pdf', 'image/*, application/fhir+json;q=0.2', 'FHIR'],
    ['application/pdf', 'application/octet-stream', 'application/pdf'],
    ['text/xml', 'application/xml', 'text/xml'],
    ['application/hl7-cda+xml', 'text/xml', 'application/hl7-cda+xml'],
    ['application/pdf', 'image/png', 406],
    ['application/pdf', 'text/*, image/png', 406],
    ['application/pdf', 'application/pdf;q=0', 406],
  ])('%s is given to who asks for `%s` as %s', async (type, accept, wanted) => {
    const made = await all.post('Binary', '<a/>%PDF-1.4', { 'content-type': type });
    const reply = await all.get(`Binary/${made.json.id}`, { accept });
    const given = reply.headers.get('content-type')!.replace('application/fhir+json; charset=utf-8', 'FHIR');
    expect(reply.status === 200 ? given : reply.status).toBe(wanted);
    if (reply.status === 406) expect(reply.json.resourceType).toBe('OperationOutcome');
  });

  it('comes out as a resource when FHIR is asked for', async () => {
    const made = await all.post('Binary', bytes, { 'content-type': 'application/pdf' });
    const path = `Binary/${made.json.id}`;
    for (const reply of [
      await all.get(path, RESOURCE),
      await all.get(path, { accept: 'application/json' }),
      await all.get(`${path}?_format=json`),
    ]) {
      expect([reply.headers.get('content-type'), reply.json]).toEqual([
        'application/fhir+json; charset=utf-8',
        made.json,
      ]);
    }
  });

  it('that went in as a resource comes out as it is', async () => {
    const made = await all.post('Binary', { resourceType: 'Binary', contentType: 'text/csv', data: 'YTti' });
    const read = await content(`Binary/${made.json.id}`, 'all');
    expect([read.headers['content-type'], read.bytes.toString()]).toEqual(['text/csv', 'a;b']);
  });

  it('is replaced by PUT', async () => {
    const made = await all.put('Binary/raw', 'one', { 'content-type': 'text/plain' });
    expect([made.status, made.json.id]).toEqual([201, 'raw']);
    const next = await all.put('Binary/raw', 'two', {
      'content-type': 'text/plain',
      'if-match': made.headers.get('etag')!,
    });
    expect(next.status).toBe(200);
    expect((await content('Binary/raw', 'all')).bytes.toString()).toBe('two');
  });

  it('answers HEAD and conditions as any read', async () => {
    const made = await all.post('Binary', bytes, { 'content-type': 'application/pdf' });
    const path = `Binary/${made.json.id}`;
    const head = await all.send('HEAD', path, undefined, { accept: '*/*' });
    expect([head.status, head.headers.get('content-length'), head.text]).toEqual([
      200,
      `${bytes.length}`,
      '',
    ]);
    const same = await all.get(path, { accept: '*/*', 'if-none-match': made.headers.get('etag')! });
    expect(same.status).toBe(304);
  });

  it('never runs in a browser', async () => {
    const made = await all.post('Binary', '<script>alert(1)</script>', { 'content-type': 'text/html' });
    const read = await content(`Binary/${made.json.id}`, 'all');
    expect(read.headers).toMatchObject({
      'content-type': 'text/html',
      'x-content-type-options': 'nosniff',
      'content-security-policy': expect.stringContaining('sandbox'),
    });
  });

  it.each(['text/plain\nX-Evil: 1', 'text/plain\r\n\r\nevil', 'tëxt/plain', 'text', '😀'])(
    'with the content type %j does no harm',
    async (contentType) => {
      const made = await all.post('Binary', { resourceType: 'Binary', contentType, data: 'YQ==' });
      expect([201, 400, 422]).toContain(made.status);
      if (made.status !== 201) return;
      const read = await content(`Binary/${made.json.id}`, 'all');
      expect([
        read.status,
        read.headers['content-type'],
        read.headers['x-evil'],
        read.bytes.toString(),
      ]).toEqual([200, 'application/octet-stream', undefined, 'a']);
    },
  );

  it('needs a content type and content', async () => {
    expect(errorOf(await all.post('Binary', bytes, { 'content-type': '' }))).toEqual([415, 'not-supported']);
    expect(errorOf(await all.post('Binary', '', { 'content-type': 'text/plain' }))).toEqual([
      400,
      'required',
    ]);
  });
});

describe('who may read it', () => {
  const read = (client: Client, { json }: Reply) =>
    client.get(`Binary/${json.id}`, RESOURCE).then(({ status }) => status);
  const upload = (client: Client, headers = {}) =>
    client.post('Binary', bytes, { 'content-type': 'application/pdf', ...headers });

  it('is its depositor alone, when nothing else is said', async () => {
    const made = await upload(hospital);
    expect(await Promise.all([hospital, owner, lab].map((client) => read(client, made)))).toEqual([
      200, 404, 404,
    ]);
    const absent = await lab.get('Binary/absent', RESOURCE);
    expect((await lab.get(`Binary/${made.json.id}`, RESOURCE)).text).toBe(absent.text);
    expect((await lab.get(`Binary/${made.json.id}`, { accept: 'application/pdf' })).text).toBe(absent.text);
  });

  it('is the patient too with X-Security-Context', async () => {
    const made = await upload(hospital, { 'x-security-context': PATIENT });
    expect(made.json.securityContext).toEqual({ reference: PATIENT });
    expect(await Promise.all([hospital, owner, lab].map((client) => read(client, made)))).toEqual([
      200, 200, 404,
    ]);
    const replaced = await hospital.put(`Binary/${made.json.id}`, bytes, {
      'content-type': 'application/pdf',
      'x-security-context': 'Patient/p2',
    });
    expect(errorOf(replaced)).toEqual([422, 'business-rule']);
  });

  it('refuses an X-Security-Context that is none', async () => {
    expect((await upload(hospital, { 'x-security-context': 'every body' })).status).toBeGreaterThanOrEqual(
      400,
    );
  });

  it('is who may read a document of the same depositor that names it', async () => {
    for (const head of ['', `${carnet.base}/`]) {
      const made = await upload(hospital);
      const url = `${head}Binary/${made.json.id}`;
      const named = await hospital.post(
        'DocumentReference',
        document({ content: [{ attachment: { contentType: 'application/pdf', url } }] }),
      );
      expect(await Promise.all([hospital, owner, lab].map((client) => read(client, made)))).toEqual([
        200, 200, 404,
      ]);
      await hospital.delete(`DocumentReference/${named.json.id}`);
      expect(await read(owner, made)).toBe(404);
    }
  });

  it('is nobody who names it in a document of their own', async () => {
    const made = await upload(hospital);
    const id = made.json.id as string;
    expect((await lab.post('DocumentReference', linking(id))).status).toBe(201);
    const own = { author: [{ reference: PATIENT }], subject: { reference: PATIENT } };
    expect((await owner.post('DocumentReference', linking(id, own))).status).toBe(201);
    expect(await Promise.all([lab, owner].map((client) => read(client, made)))).toEqual([404, 404]);
    await hospital.post('DocumentReference', linking(id));
    expect(await Promise.all([lab, owner].map((client) => read(client, made)))).toEqual([404, 200]);
  });

  it('is not kept from them by the documents of others that name it', async () => {
    const made = await upload(hospital);
    for (let index = 0; index < 25; index += 1) await lab.post('DocumentReference', linking(made.json.id));
    await hospital.post('DocumentReference', linking(made.json.id));
    expect(await read(owner, made)).toBe(200);
  });

  it('goes with the last document of its depositor’s, whoever else names it', async () => {
    const made = await upload(hospital);
    const [one, other] = await Promise.all(
      [1, 2].map(() => hospital.post('DocumentReference', linking(made.json.id))),
    );
    expect((await lab.post('DocumentReference', linking(made.json.id))).status).toBe(201);
    expect((await hospital.delete(`DocumentReference/${one!.json.id}`)).status).toBe(204);
    expect(await read(hospital, made)).toBe(200);
    expect((await hospital.delete(`DocumentReference/${other!.json.id}`)).status).toBe(204);
    expect(await read(hospital, made)).toBe(410);
  });

  it('is changed and deleted by its depositor only', async () => {
    const made = await upload(hospital);
    await hospital.post('DocumentReference', linking(made.json.id));
    expect((await owner.put(`Binary/${made.json.id}`, bytes, { 'content-type': 'text/plain' })).status).toBe(
      405,
    );
    expect((await owner.delete(`Binary/${made.json.id}`)).status).toBe(204);
    expect(await read(owner, made)).toBe(200);
    await hospital.delete(`Binary/${made.json.id}`);
    expect(await Promise.all([hospital, owner, lab].map((client) => read(client, made)))).toEqual([
      410, 410, 404,
    ]);
  });
});
