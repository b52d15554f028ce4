/** What content is against what is said of it. https://hl7.org/fhir/R4/datatypes.html#Attachment */
import { createHash } from 'node:crypto';
import { OF_DOCUMENTS } from '../../src/fhir/content/taken.ts';
import type { Json } from '../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { MHD, inline as inlineOf } from '../documents/support.ts';
import { CT_IMAGE, dicom } from '../support/dicom.ts';
import { PATIENT, bundle, document, errorOf, patient, post } from './support/resources.ts';

let carnet: TestServer;
/** The same database behind a server that takes more. */
let broad: TestServer;
let hospital: Client;
let lab: Client;
let owner: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  broad = await testServer(import.meta.url, {
    like: carnet,
    contentTaken: {
      groups: new Set([...OF_DOCUMENTS, 'audio']),
      types: new Set(['application/octet-stream', 'application/x-named']),
    },
  });
  hospital = carnet.as('hospital');
  lab = carnet.as('lab');
  owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
  await carnet.as('all').put(PATIENT, patient({ id: 'p1' }));
});
afterAll(async () => {
  await broad?.server.close();
  await carnet?.close();
});

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
  'text/xml': '<?xml version="1.0"?><note/>',
  'application/dicom': dicom().toString('latin1'),
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

it.each(Object.entries(GOOD))(
  'refuses %s under a type of which nothing is known, and under one that says nothing, unless it is named',
  async (type, content) => {
    const shows = !['text/plain', 'application/vnd.example+json'].includes(type);
    for (const [other, status] of [
      ['application/msword', 422],
      ['audio/mpeg', 422],
      ['application/x-other', 422],
      ['application/x-named', shows ? 422 : 201],
      ['application/octet-stream', 201],
    ] as const) {
      const sent = { resourceType: 'Binary', contentType: other, data: base64(content) };
      const bytes = Buffer.from(content, 'latin1');
      for (const [client, answered] of [
        [hospital, 422],
        [broad.as('hospital'), status],
      ] as const) {
        const raw = await client.post('Binary', bytes, { 'content-type': other });
        expect([other, (await client.post('Binary', sent)).status, raw.status]).toEqual([
          other,
          answered,
          answered,
        ]);
      }
    }
  },
);

describe('content that documents don’t hold', () => {
  const SOUND = 'OggS\0\x02';
  const inline = (contentType: string, content: string | Buffer): Json => ({
    contentType,
    data: base64(content),
  });
  const image = dicom({ meta: CT_IMAGE });
  const media = (content: Json) => ({
    resourceType: 'Media',
    status: 'completed',
    subject: { reference: PATIENT },
    content,
  });

  const simplified = (attachment: Json) => {
    const profile = `${MHD}/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference`;
    const made = inlineOf(PATIENT, 'x', { meta: { profile: [profile] } });
    const [content] = made.content as [{ attachment: Json }];
    Object.assign(content.attachment, attachment);
    return made;
  };

  it('is refused by every way in, and the answer says what is taken', async () => {
    const url = 'urn:uuid:5f4ee4ac-7ccb-4bb9-8dd6-0f5c1f6ad4c6';
    const made = (await hospital.post('DocumentReference', saying(inline('text/plain', 'Bonjour')))).json;
    const at = `DocumentReference/${made.id}`;
    for (const [type, content] of [
      ['audio/ogg', SOUND],
      ['application/dicom', image],
    ] as const) {
      const attachment = inline(type, content);
      const binary = { resourceType: 'Binary', ...attachment };
      const patch = [{ op: 'replace', path: '/content/0/attachment', value: attachment }];
      const ways = [
        await hospital.post('DocumentReference', saying(attachment)),
        await hospital.post('DocumentReference', simplified(attachment)),
        await hospital.post('Binary', binary),
        await hospital.post('Binary', Buffer.from(String(attachment.data), 'base64'), {
          'content-type': type,
        }),
        await hospital.post(
          'Binary',
          Buffer.concat([Buffer.from(String(attachment.data), 'base64'), Buffer.alloc(2 * 1024 * 1024)]),
          {
            'content-type': type,
          },
        ),
        await hospital.post(
          '',
          bundle('transaction', post(saying({ contentType: type, url })), post(binary, url)),
        ),
        await hospital.put(at, { ...made, content: [{ attachment }] }),
        await hospital.patch(at, patch),
        await hospital.post('Bundle', {
          resourceType: 'Bundle',
          type: 'collection',
          entry: [
            { fullUrl: 'urn:uuid:5f4ee4ac-7ccb-4bb9-8dd6-0f5c1f6ad4c7', resource: { ...binary, id: 'b' } },
          ],
        }),
      ];
      expect(ways.map(errorOf)).toEqual(ways.map(() => [422, 'business-rule']));
      for (const { text } of ways)
        expect(text).toMatch(/is not taken; allowed: application\/pdf|no DICOM Key Object Selection/);
    }
    expect((await hospital.get(at)).json.meta.versionId).toBe(made.meta.versionId);
  });

  it.each([
    'data:application/pdf;base64,JVBERi0xLjQ=',
    'DATA:,x',
    'javascript:alert(1)',
    'blob:x',
    'file:///etc/passwd',
  ])('stands in no address: %s', async (url) => {
    for (const refused of [
      await hospital.post('DocumentReference', saying({ contentType: 'application/pdf', url })),
      await hospital.post('Media', media({ contentType: 'application/pdf', url })),
      await hospital.post('', bundle('transaction', post(saying({ contentType: 'application/pdf', url })))),
    ]) {
      expect(errorOf(refused)).toEqual([422, 'business-rule']);
      expect(refused.text).toContain('.url"');
    }
  });

  it.each([
    'https://archive.example/wado-rs/studies/1.2',
    'urn:uuid:5f4ee4ac-7ccb-4bb9-8dd6-0f5c1f6ad4c8',
    'Binary/elsewhere',
    'ftp://archive.example/x',
  ])('may lie at %s', async (url) => {
    const extension = [{ url: 'data:x', valueBoolean: true }];
    const linked = { ...saying({ contentType: 'application/dicom', url }), extension };
    expect((await hospital.post('DocumentReference', linked)).status).toBe(201);
  });

  it('is taken in a Media, as what it is', async () => {
    for (const [type, content] of [
      ['audio/ogg', SOUND],
      ['application/dicom', image],
    ] as const)
      expect((await hospital.post('Media', media(inline(type, content)))).status).toBe(201);
    for (const wrong of [
      inline('audio/ogg', 'Bonjour'),
      inline('image/png', PDF),
      inline('application/x-other', 'a'),
    ])
      expect(errorOf(await hospital.post('Media', media(wrong)))).toEqual([422, 'business-rule']);
  });

  it('is told as the fault of its entry', async () => {
    const url = 'urn:uuid:5f4ee4ac-7ccb-4bb9-8dd6-0f5c1f6ad4c9';
    const sound = { resourceType: 'Binary', ...inline('audio/ogg', SOUND) };
    const category = [
      {
        coding: [
          {
            system: 'https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument',
            code: '31',
          },
        ],
      },
    ];
    const type = { coding: [{ system: 'http://loinc.org', code: '34112-3' }] };
    const good = saying(inline('text/plain', 'Bonjour'));
    for (const [sent, at] of [
      [[good, good, saying({ contentType: 'audio/ogg', url }), sound], 'Bundle.entry[3].resource'],
      [[good, { ...good, type, category }, good], 'Bundle.entry[1].resource.category'],
    ] as const) {
      const entries = sent.map((each) => post(each, each === sound ? url : undefined));
      const { status, json } = await hospital.post('', bundle('transaction', ...entries));
      expect([status, json.issue.map((each: { expression: string[] }) => each.expression[0])]).toEqual([
        422,
        [at],
      ]);
    }
  });

  it('that came before stays: its document is masked, changed and replaced, but holds no other such', async () => {
    const document = saying(inline('audio/ogg', SOUND));
    const id = (await broad.as('hospital').post('DocumentReference', document)).json.id as string;
    const at = `DocumentReference/${id}`;
    // the same database, and a deployment that takes it no more
    const described = [{ op: 'add', path: '/description', value: 'entretien' }];
    expect((await hospital.patch(at, described)).status).toBe(200);
    const replacing = {
      ...saying(inline('text/plain', 'Bonjour')),
      relatesTo: [{ code: 'replaces', target: { reference: at } }],
    };
    const another = [{ op: 'replace', path: '/content/0/attachment/data', value: base64(`${SOUND}more`) }];
    expect(errorOf(await hospital.patch(at, another))).toEqual([422, 'business-rule']);
    expect((await hospital.post('DocumentReference', replacing)).status).toBe(201);
    expect((await hospital.get(at)).json.status).toBe('superseded');
  });
});

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
  ['application/msword', 'Bonjour', 422],
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
