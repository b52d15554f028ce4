/** What content is against what is said of it. https://hl7.org/fhir/R4/datatypes.html#Attachment */
import { createHash } from 'node:crypto';
import type { Json } from '../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { PATIENT, bundle, document, errorOf, patient, post } from './support/resources.ts';

let carnet: TestServer;
let hospital: Client;
let lab: Client;
let owner: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  hospital = carnet.as('hospital');
  lab = carnet.as('lab');
  owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
  await carnet.as('all').put(PATIENT, patient({ id: 'p1' }));
});
afterAll(() => carnet?.close());

const base64 = (content: string | Buffer) =>
  (typeof content === 'string' ? Buffer.from(content, 'latin1') : content).toString('base64');
const sha1 = (content: string) => createHash('sha1').update(Buffer.from(content, 'latin1')).digest('base64');
const saying = (attachment: Json) => document({ content: [{ attachment }] });

const PDF = '%PDF-1.4\n1 0 obj\n%%EOF\n';
const GOOD: Record<string, string> = {
  'application/pdf': PDF,
  'image/png': '\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x01IEND\xaeB`\x82',
  'image/jpeg': '\xff\xd8\xff\xe0\0\x10JFIF\xff\xd9',
  'image/tiff': 'II*\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0',
  'image/gif': 'GIF89a\x01\0\x01\0;',
  'text/plain': 'Bonjour',
  'application/vnd.example+json': '{"resourceType":"Basic"}',
  'text/rtf': '{\\rtf1\\ansi Bonjour}',
  'text/xml': '<?xml version="1.0"?><ClinicalDocument xmlns="urn:hl7-org:v3"/>',
  'application/dicom': `${'\0'.repeat(128)}DICM\x02`,
};

it.each(Object.entries(GOOD))(
  'takes %s that is one, and refuses it under every other of these types',
  async (type, content) => {
    expect(
      (await hospital.post('DocumentReference', saying({ contentType: type, data: base64(content) }))).status,
    ).toBe(201);
    for (const other of Object.keys(GOOD)) {
      // JSON is text, and nothing shows that it can't be
      if (other === type || (other === 'text/plain' && type === 'application/vnd.example+json')) continue;
      const wrong = await hospital.post('Binary', {
        resourceType: 'Binary',
        contentType: other,
        data: base64(content),
      });
      expect([other, ...errorOf(wrong)]).toEqual([other, 422, 'business-rule']);
      const raw = await hospital.post('Binary', Buffer.from(content, 'latin1'), { 'content-type': other });
      expect(raw.status).toBe(422);
    }
  },
);

it.each(
  Object.entries(GOOD).filter(([type]) => !['text/plain', 'application/vnd.example+json'].includes(type)),
)(
  'refuses %s under a type of which nothing is known, and takes it under one that says nothing',
  async (_, content) => {
    for (const [other, status] of [
      ['application/msword', 422],
      ['audio/mpeg', 422],
      ['text/csv', 422],
      ['application/octet-stream', 201],
    ] as const) {
      const sent = { resourceType: 'Binary', contentType: other, data: base64(content) };
      expect([other, (await hospital.post('Binary', sent)).status]).toEqual([other, status]);
      const raw = await hospital.post('Binary', Buffer.from(content, 'latin1'), { 'content-type': other });
      expect([other, raw.status]).toEqual([other, status]);
    }
  },
);

it.each([
  ['text/csv', 'a;b', 201],
  ['text/csv', 'a;\0', 422],
  ['text/html', '<!DOCTYPE html><p>Bonjour', 201],
  ['text/html', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"/>', 201],
  ['image/svg+xml', '<svg xmlns="http://www.w3.org/2000/svg"/>', 201],
  ['image/svg+xml', 'Bonjour', 422],
  ['application/fhir+xml; fhirVersion=4.0', 'Bonjour', 422],
  ['application/vnd.example+json', '[1]', 201],
  ['application/vnd.example+json', '<a/>', 422],
  ['application/msword', 'Bonjour', 201],
])('knows families of types: %s with `%s` is answered by %i', async (contentType, content, status) => {
  const sent = { resourceType: 'Binary', contentType, data: base64(content) };
  expect((await hospital.post('Binary', sent)).status).toBe(status);
});

it('refuses XML that would define or fetch something', async () => {
  const content = '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>';
  expect(errorOf(await hospital.post('Binary', content, { 'content-type': 'application/xml' }))).toEqual([
    422,
    'business-rule',
  ]);
});

describe('size and hash', () => {
  const right = { contentType: 'application/pdf', size: PDF.length, hash: sha1(PDF) };
  const wrong: [string, Json][] = [
    ['size', { ...right, size: 5 }],
    ['hash', { ...right, hash: sha1('another') }],
    ['hash', { ...right, hash: base64(createHash('sha1').update('another').digest('hex')) }],
  ];

  it('are those of the content in the document', async () => {
    const data = base64(PDF);
    expect((await hospital.post('DocumentReference', saying({ ...right, data }))).status).toBe(201);
    // as hexadecimal digits in base64, as MHD's own examples have it
    const digits = base64(createHash('sha1').update(PDF).digest('hex'));
    const inDigits = saying({ ...right, hash: digits, data });
    expect((await hospital.post('DocumentReference', inDigits)).status).toBe(201);
    for (const [name, said] of wrong) {
      const refused = await hospital.post('DocumentReference', saying({ ...said, data }));
      expect(errorOf(refused)).toEqual([422, 'business-rule']);
      expect(refused.text).toContain(name);
    }
  });

  it('are those of the Binary beside it, and of one’s own', async () => {
    const binary = { resourceType: 'Binary', contentType: 'application/pdf', data: base64(PDF) };
    const url = 'urn:uuid:5f4ee4ac-7ccb-4bb9-8dd6-0f5c1f6ad4c5';
    const own = (await hospital.post('Binary', binary)).json.id as string;
    for (const [said, status] of [
      [right, true],
      ...wrong.map(([, said]) => [said, false] as const),
      [{ ...right, contentType: 'text/plain' }, false],
    ] as const) {
      const together = await hospital.post(
        '',
        bundle('transaction', post(saying({ ...said, url })), post(binary, url)),
      );
      expect(together.status < 300).toBe(status);
      const apart = await hospital.post('DocumentReference', saying({ ...said, url: `Binary/${own}` }));
      expect(apart.status < 300).toBe(status);
    }
  });

  it('of another’s Binary are not told: what is there is answered as what isn’t', async () => {
    const binary = { resourceType: 'Binary', contentType: 'application/pdf', data: base64(PDF) };
    const hidden = (await hospital.post('Binary', binary)).json.id as string;
    for (const said of [right, ...wrong.map(([, each]) => each)]) {
      for (const id of [hidden, 'absent'])
        expect((await lab.post('DocumentReference', saying({ ...said, url: `Binary/${id}` }))).status).toBe(
          201,
        );
    }
  });
});

it('takes 5,000,000 bytes of a patient and no more, whichever way they come', async () => {
  const own = { subject: { reference: PATIENT }, author: [{ reference: PATIENT }] };
  const data = (size: number) => base64(Buffer.alloc(size, 'a'));
  const sent = (size: number) => ({
    ...saying({ contentType: 'text/plain', data: data(size) }),
    ...own,
  });
  expect((await owner.post('DocumentReference', sent(5_000_000))).status).toBe(201);
  expect(errorOf(await owner.post('DocumentReference', sent(5_000_001)))).toEqual([413, 'too-long']);
  expect((await hospital.post('DocumentReference', sent(5_000_001))).status).toBe(201);
  const binary = {
    resourceType: 'Binary',
    contentType: 'text/plain',
    securityContext: { reference: PATIENT },
  };
  expect(errorOf(await owner.post('Binary', { ...binary, data: data(5_000_001) }))).toEqual([
    413,
    'too-long',
  ]);
  const raw = { 'content-type': 'text/plain', 'x-security-context': PATIENT };
  expect((await owner.post('Binary', Buffer.alloc(5_000_000, 'a'), raw)).status).toBe(201);
  expect(errorOf(await owner.post('Binary', Buffer.alloc(5_000_001, 'a'), raw))).toEqual([413, 'too-long']);
});
