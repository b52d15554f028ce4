/** Content that patients' apps add: with its document, given as part of that alone, of one patient never by another's token. */
import { randomUUID } from 'node:crypto';
import type { Resource } from '../../src/fhir/resource.ts';
import { person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import { launch, type Oauth, oauthServer, type Tokens } from './support/oauth.ts';

const SCOPE = 'launch/patient patient/DocumentReference.cruds patient/Binary.cruds';
const FHIR = { accept: 'application/fhir+json' };
const TEXT = Buffer.from('Journal de la semaine');
let oauth: Oauth;
let mother: Client;
let app: Client;
/** The same app, of another patient. */
let other: Client;

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  for (const id of ['demo-mother', 'demo-father']) await all.put(`Patient/${id}`, person(id, 'D', id));
  mother = oauth.carnet.as('patient');
  other = as(await launch(oauth, 'father', { scope: SCOPE }));
}, 120_000);
afterAll(() => oauth?.carnet.close());
beforeEach(async () => {
  app = as(await launch(oauth, 'patient', { scope: SCOPE }));
});

const as = (tokens: Tokens): Client => oauth.carnet.as({ token: tokens.access_token });
const binary = (more: object = {}): Resource =>
  ({ resourceType: 'Binary', contentType: 'text/plain', data: TEXT.toString('base64'), ...more }) as Resource;
const naming = (url: string, of = 'demo-mother', attachment: object = {}): Resource =>
  ({
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: `Patient/${of}` },
    content: [{ attachment: { contentType: 'text/plain', url, ...attachment } }],
  }) as Resource;
const together = (...resources: [string, Resource][]): Resource =>
  ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: resources.map(([fullUrl, resource]) => ({
      fullUrl,
      resource,
      request: { method: 'POST', url: resource.resourceType },
    })),
  }) as Resource;

/** Both at once. @returns their addresses */
async function added(): Promise<{ document: string; content: string }> {
  const url = `urn:uuid:${randomUUID()}`;
  const { status, json, text } = await app.post(
    '',
    together([url, binary()], [`urn:uuid:${randomUUID()}`, naming(url)]),
  );
  if (status !== 200) throw new Error(text);
  const [content, document] = (json.entry as { response: { location: string } }[]).map(
    ({ response }) => /(?:Binary|DocumentReference)\/[\w-]+/.exec(response.location)![0],
  ) as [string, string];
  return { document, content };
}

it('is there for the patient and the app, marked with its source, as long as its document is', async () => {
  const { document, content } = await added();
  for (const reader of [app, mother]) {
    const { status, json } = await reader.get(content, FHIR);
    expect([status, json.data]).toEqual([200, TEXT.toString('base64')]);
    expect(json.meta.source).toBe(`${oauth.carnet.base}/Device/app`);
    expect((await reader.get(document)).json.meta.tag).toEqual([expect.objectContaining({ code: 'app' })]);
  }
  const { json } = await app.get(document);
  expect((await app.put(document, { ...json, description: 'x' })).status).toBe(200);
  expect((await app.delete(document)).status).toBe(204);
  expect((await mother.get(content, FHIR)).status).toBe(404);
});

it('another patient’s token of the same app learns nothing of it, nor takes it up in a document of theirs', async () => {
  const { content } = await added();
  const vid = (await mother.get(content, FHIR)).json.meta.versionId as string;
  const tries = async (name: string) => {
    const { size, hash } = { size: TEXT.length, hash: 'AAAAAAAAAAAAAAAAAAAAAAAAAAA=' };
    const answers = await Promise.all([
      other.get(name, FHIR),
      other.get(`${name}/_history/${vid}`, FHIR),
      other.get(`${name}/_history`, FHIR),
      other.get(`Binary?_id=${name.slice('Binary/'.length)}`),
      other.put(name, { ...binary(), id: name.slice('Binary/'.length) }),
      other.patch(name, [{ op: 'replace', path: '/contentType', value: 'text/html' }]),
      other.delete(name),
      other.post('DocumentReference', naming(name, 'demo-father')),
      other.post('DocumentReference', naming(`${oauth.carnet.base}/${name}`, 'demo-father')),
      other.post('DocumentReference', naming(name, 'demo-father', { size })),
      other.post('DocumentReference', naming(name, 'demo-father', { hash })),
    ]);
    return answers.map(({ status, json }) => [status, json?.total, json?.issue?.[0].diagnostics]);
  };
  const found = await tries(content);
  expect(found).toEqual(await tries(`Binary/${randomUUID()}`));
  expect(found.map(([status]) => status)).toEqual([404, 404, 404, 200, 405, 404, 204, 422, 422, 422, 422]);
  expect(found[3]![1]).toBe(0);
  expect((await mother.get(content, FHIR)).status).toBe(200);
});

it('nor is it changed, replaced or named again by the app that brought it', async () => {
  const { content, document } = await added();
  const second = await added();
  expect((await app.put(content, { ...binary(), id: content.slice('Binary/'.length) })).status).toBe(405);
  expect((await app.delete(content)).status).toBe(204);
  expect((await app.get('Binary')).json.total).toBe(0);
  expect((await app.post('DocumentReference', naming(content))).status).toBe(422);
  const { json } = await app.get(document);
  const swapped = { ...json, content: naming(second.content).content };
  expect((await app.put(document, swapped)).status).toBe(422);
  expect((await app.get(content, FHIR)).status).toBe(200);
});

it.each<[string, () => Promise<number>]>([
  ['by itself', async () => (await app.post('Binary', binary())).status],
  [
    'by itself, as one patient’s',
    async () =>
      (await app.post('Binary', binary({ securityContext: { reference: 'Patient/demo-mother' } }))).status,
  ],
  ['as it is', async () => upload(1000)],
  ['as it is, as one patient’s', async () => upload(1000, { 'x-security-context': 'Patient/demo-mother' })],
  ['as a stream', async () => upload(2_000_000)],
  ['beside no document', async () => (await app.post('', together(['urn:uuid:1', binary()]))).status],
  ['with another patient’s document', () => pair(app, 'demo-father')],
  ['with another patient’s as well', () => pair(app, 'demo-mother', {}, 'demo-father')],
  [
    'as one patient’s by itself',
    () => pair(app, 'demo-mother', { securityContext: { reference: 'Patient/demo-mother' } }),
  ],
  [
    'without a scope for it',
    async () =>
      pair(as(await launch(oauth, 'patient', { scope: 'launch/patient patient/DocumentReference.c' }))),
  ],
  [
    'where the Consent says documents alone',
    async () => {
      const { json } = await mother.get('Consent?patient=demo-mother&status=active');
      const consents = (json.entry as { resource: Resource }[]).map(({ resource }) => resource);
      for (const consent of consents) await mother.put(`Consent/${consent.id}`, without('Binary', consent));
      return pair(app);
    },
  ],
])('is refused %s', async (_, tried) => {
  expect(await tried()).toBe(403);
});

it('is as long as a patient’s may be, in the document too', async () => {
  const data = Buffer.alloc(5_000_001, 'x').toString('base64');
  expect(await pair(app, 'demo-mother', { data })).toBe(413);
  const inside = {
    ...naming(''),
    content: [{ attachment: { contentType: 'text/plain', data } }],
  } as Resource;
  expect((await app.post('DocumentReference', inside)).status).toBe(413);
});

it('once the patient has taken the app back it isn’t given to it any more', async () => {
  const { content } = await added();
  const { json } = await mother.get('Consent?patient=demo-mother&status=active');
  for (const { resource } of json.entry as { resource: Resource }[])
    await mother.put(`Consent/${resource.id}`, { ...resource, status: 'inactive' } as Resource);
  expect((await app.get(content, FHIR)).status).toBe(404);
  expect((await mother.get(content, FHIR)).status).toBe(200);
  expect(await pair(app)).toBe(403);
});

async function pair(by: Client, of = 'demo-mother', more: object = {}, also?: string): Promise<number> {
  const url = `urn:uuid:${randomUUID()}`;
  const documents = [of, also].flatMap((each): [string, Resource][] =>
    each === undefined ? [] : [[`urn:uuid:${randomUUID()}`, naming(url, each)]],
  );
  return (await by.post('', together([url, binary(more)], ...documents))).status;
}

async function upload(bytes: number, headers: Record<string, string> = {}): Promise<number> {
  const { access_token: token } = await launch(oauth, 'patient', { scope: SCOPE });
  const response = await fetch(`${oauth.carnet.base}/Binary`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'text/plain', ...headers },
    body: 'x'.repeat(bytes),
  });
  return response.status;
}

function without(type: string, consent: Resource): Resource {
  return JSON.parse(JSON.stringify(consent), (_, value: unknown) =>
    Array.isArray(value) ? value.filter((each) => (each as { code?: string }).code !== type) : value,
  ) as Resource;
}

/** In base64. */
function documentOf(...resources: object[]): string {
  const bundle = {
    resourceType: 'Bundle',
    identifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` },
    type: 'document',
    timestamp: '2026-05-02T10:00:00Z',
    entry: resources.map((resource) => ({ fullUrl: `urn:uuid:${randomUUID()}`, resource })),
  };
  return Buffer.from(JSON.stringify(bundle)).toString('base64');
}

it('may be a FHIR document, which stays in its document and is not doubled', async () => {
  const data = documentOf({
    resourceType: 'Composition',
    status: 'final',
    type: { text: 'journal' },
    subject: { reference: 'Patient/demo-mother' },
    date: '2026-05-02',
    author: [{ display: 'Rythme' }],
    title: 'Journal',
  });
  const document = {
    ...naming('', 'demo-mother', { contentType: 'application/fhir+json', url: undefined, data }),
    masterIdentifier: { system: 'urn:ietf:rfc:3986', value: `urn:uuid:${randomUUID()}` },
  };
  const first = await app.post('DocumentReference', document);
  const again = await app.post('DocumentReference', document);
  expect([first.status, again.status, again.json.id]).toEqual([201, 201, first.json.id]);
  const kept = (await mother.get(`DocumentReference/${first.json.id}`)).json;
  expect(kept.content[0].attachment.data).toBe(data);
  expect((await other.get(`DocumentReference/${first.json.id}`)).status).toBe(404);
});

it('an app that isn’t told national numbers learns none from what it adds', async () => {
  const of = (subject: object): string =>
    documentOf({ resourceType: 'Composition', subject }, { resourceType: 'Patient' });
  const add = async (data: string): Promise<[number, string]> => {
    const attachment = { contentType: 'application/json', url: undefined, data };
    const { status, json } = await app.post('DocumentReference', naming('', 'demo-mother', attachment));
    return [status, status === 201 ? '' : json.issue[0].details.text];
  };
  const { identifier } = (await oauth.carnet.as('all').get('Patient/demo-mother')).json;
  const other = [{ ...identifier[0], value: '255069999999934' }];
  const [right, wrong] = [
    await add(of({ identifier: identifier[0] })),
    await add(of({ identifier: other[0] })),
  ];
  expect([right[0], right]).toEqual([201, wrong]);
  expect((await add(of({ reference: 'Patient/demo-mother' })))[0]).toBe(201);
  expect((await add(of({ reference: 'Patient/demo-father' })))[0]).toBe(422);
});
