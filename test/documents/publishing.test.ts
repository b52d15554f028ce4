/** Documents given: ITI-65 and ITI-105, replacements, and what is sent twice. */
import { createHash } from 'node:crypto';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { xmlOf } from '../../src/fhir/xml/write.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';
import {
  MHD,
  OF_PATIENTS,
  V3,
  VISIBILITY,
  document,
  inline,
  label,
  listOf,
  oid,
  place,
  post,
  provided,
  sha1,
  uuid,
} from './support.ts';

const OF = 'Patient/demo-mother';
let carnet: TestServer;
let hospital: Client;
let lab: Client;
let patient: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  [hospital, lab, patient] = [carnet.as('hospital'), carnet.as('lab'), carnet.as('patient')];
  await putAll(carnet.as('all'), [
    {
      resourceType: 'Patient',
      id: 'demo-mother',
      identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: '124018852493334' }],
    },
    { resourceType: 'Patient', id: 'other' },
  ]);
});
afterAll(() => carnet?.close());

const count = async (query: string): Promise<number> =>
  (await carnet.as('all').get(`${query}&_summary=count`)).json.total;
const textOf = async (client: Client, path: string): Promise<string> =>
  (await client.get(path, { accept: 'text/plain' })).text;

describe('a Provide Document Bundle', () => {
  it('brings a SubmissionSet, a Folder, a document and its content, linked to each other', async () => {
    const { status, json } = await hospital.post('', provided({ of: OF, text: 'bonjour', folder: true }));
    expect([status, json?.type]).toEqual([200, 'transaction-response']);
    expect(json.entry.map(({ response }: Json) => (response as Json).status)).toEqual(
      Array(4).fill('201 Created'),
    );
    const [set, doc, bin, folder] = [0, 1, 2, 3].map((index) => place(json, index));
    const given = (await patient.get(doc!)).json;
    expect(given.content[0].attachment.url).toBe(bin);
    expect((await patient.get(set!)).json.entry.map(({ item }: Json) => (item as Json).reference)).toEqual([
      doc,
      folder,
    ]);
    expect(await textOf(patient, bin!)).toBe('bonjour');
  });

  it('names its patient by national number', async () => {
    const of = 'Patient?identifier=urn:oid:1.2.250.1.213.1.4.10|124018852493334';
    const sent = provided({ of, text: 'par son numéro' });
    const first = await hospital.post('', sent);
    expect(first.status).toBe(200);
    expect((await patient.get(place(first.json, 1))).json.subject.reference).toBe(OF);
    const again = await hospital.post('', sent);
    expect([again.status, again.text]).toEqual([200, first.text]);
  });

  it('has size and hash filled in where its source didn’t tell them', async () => {
    const { json } = await hospital.post(
      '',
      provided({ of: OF, text: 'mesuré', attachment: { size: undefined, hash: undefined } }),
    );
    const { attachment } = (await patient.get(place(json, 1))).json.content[0];
    expect([attachment.size, attachment.hash]).toEqual([7, sha1(Buffer.from('mesuré'))]);
  });

  const doc = provided({ of: OF, text: 'x' });
  const entries = doc.entry as Json[];
  const change = (index: number, more: Json): Resource => ({
    ...doc,
    entry: entries.map((entry, at) =>
      at === index ? { ...entry, resource: { ...(entry.resource as Json), ...more } } : entry,
    ),
  });
  it.each<[string, Resource]>([
    ['a wrong size', provided({ of: OF, text: 'x', attachment: { size: 2 } })],
    ['a wrong hash', provided({ of: OF, text: 'x', attachment: { hash: sha1(Buffer.from('y')) } })],
    ['content that isn’t there', { ...doc, entry: entries.filter((_, at) => at !== 2) }],
    ['no SubmissionSet', { ...doc, entry: entries.slice(1) }],
    ['two SubmissionSets', { ...doc, entry: [...entries, post(listOf('submissionset', OF, []))] }],
    ['a document that isn’t listed', change(0, { entry: undefined })],
    ['a document of another patient', change(1, { subject: { reference: 'Patient/other' } })],
    ['a SubmissionSet without a patient', change(0, { subject: undefined })],
    [
      'content that no document has',
      {
        ...doc,
        entry: [...entries, post({ resourceType: 'Binary', contentType: 'text/plain', data: 'eA==' })],
      },
    ],
  ])('is refused as a whole with %s', async (_, bundle) => {
    const before = await count('DocumentReference?patient=demo-mother');
    const { status, json } = await hospital.post('', bundle);
    expect([status, json.issue[0].code]).toEqual([422, 'business-rule']);
    expect(json.issue[0].expression[0]).toMatch(/^Bundle\.entry/);
    expect(await count('DocumentReference?patient=demo-mother')).toBe(before);
  });

  it('is a transaction: a batch that says it is one is refused', async () => {
    const { status, json } = await hospital.post('', { ...provided({ of: OF, text: 'lot' }), type: 'batch' });
    expect([status, json.issue[0].expression]).toEqual([422, ['Bundle.type']]);
  });

  it('is one whose list has its type by the address with `http`', async () => {
    const code = {
      coding: [{ system: `${MHD.replace('https', 'http')}/CodeSystem/MHDlistTypes`, code: 'submissionset' }],
    };
    const sent = provided({ of: OF, text: 'par http' });
    const [set, ...others] = sent.entry as Json[];
    const withHttp = (more: Json = {}) => ({
      ...sent,
      meta: undefined,
      entry: [
        { ...set, resource: { ...(set!.resource as Json), meta: undefined, code, ...more } },
        ...others,
      ],
    });
    const unlisted = await hospital.post('', withHttp({ entry: undefined }));
    expect([unlisted.status, unlisted.text]).toEqual([
      422,
      expect.stringContaining('must list each document'),
    ]);
    expect((await hospital.post('', withHttp())).status).toBe(200);
  });

  it('brings a FHIR document, which is read as the document is', async () => {
    const content: Resource = {
      resourceType: 'Bundle',
      identifier: { system: 'urn:ietf:rfc:3986', value: uuid() },
      type: 'document',
      timestamp: '2026-05-02T10:00:00Z',
      entry: [
        {
          fullUrl: 'urn:uuid:9f3c1f0e-0d5c-4b5c-9d3a-6a5c6d7e8f90',
          resource: {
            resourceType: 'Composition',
            status: 'final',
            type: { text: 'note' },
            subject: { reference: 'urn:uuid:1f3c1f0e-0d5c-4b5c-9d3a-6a5c6d7e8f91' },
            date: '2026-05-02',
            author: [{ display: 'Dr X' }],
            title: 'Note',
          },
        },
        {
          fullUrl: 'urn:uuid:1f3c1f0e-0d5c-4b5c-9d3a-6a5c6d7e8f91',
          resource: {
            resourceType: 'Patient',
            id: 'other',
            identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: '124018852493334' }],
            name: [{ family: 'Copie' }],
          },
        },
      ],
    };
    const [at, of] = [uuid(), uuid()];
    const attachment = { contentType: 'application/fhir+json', url: at, title: 'Note' };
    const { status, json } = await hospital.post('', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        post(listOf('submissionset', OF, [of])),
        post(document(OF, { content: [{ attachment }] }), of),
        post(content, at),
      ],
    });
    expect(status).toBe(200);
    const [bundle, described] = [place(json, 2), place(json, 1)];
    expect((await patient.get(described)).json.content[0].attachment.url).toBe(bundle);
    const given = await patient.get(bundle);
    expect([given.status, given.json?.entry[1].resource.name[0].family]).toEqual([200, 'Copie']);
    // neither who is copied into it nor a stranger
    const other = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/other' }, 'patient') });
    expect((await other.get(bundle)).status).toBe(404);
    expect((await lab.get(bundle)).status).toBe(404);
    const hides = [{ op: 'add', path: '/securityLabel/-', value: label(VISIBILITY, 'INVISIBLE_PATIENT') }];
    expect((await hospital.patch(described, hides)).status).toBe(200);
    expect([(await patient.get(bundle)).status, (await hospital.get(bundle)).status]).toEqual([404, 200]);
  });
});

const fhirDocument = (title = 'Évolution'): Resource => ({
  resourceType: 'Bundle',
  identifier: { system: 'urn:ietf:rfc:3986', value: uuid() },
  type: 'document',
  timestamp: '2026-05-02T10:00:00Z',
  entry: [
    {
      fullUrl: 'urn:uuid:9f3c1f0e-0d5c-4b5c-9d3a-6a5c6d7e8f90',
      resource: {
        resourceType: 'Composition',
        status: 'final',
        type: { text: 'note' },
        subject: { reference: OF },
        date: '2026-05-02',
        author: [{ display: 'Dr X' }],
        title,
      },
    },
  ],
});

describe('content that was uploaded before its document', () => {
  const upload = async (text: string, times: number): Promise<string> => {
    const sent = await hospital.post('Binary', text.repeat(times), { 'content-type': 'text/plain' });
    return /Binary\/[^/]+/.exec(sent.headers.get('location')!)![0];
  };
  it.each([
    ['short', 1],
    ['streamed', 200_000],
  ])('is told by its bytes when its document is sent again: %s', async (_, times) => {
    const [first, same, other] = [
      await upload('premier', times),
      await upload('premier', times),
      await upload('second.', times),
    ];
    const masterIdentifier = { system: 'urn:ietf:rfc:3986', value: oid() };
    const named = (url: string): Resource =>
      document(OF, { masterIdentifier, content: [{ attachment: { contentType: 'text/plain', url } }] });
    const made = await hospital.post('DocumentReference', named(first));
    expect(made.status).toBe(201);
    for (const url of [first, `${carnet.base}/${first}`, same]) {
      const again = await hospital.post('DocumentReference', named(url));
      expect([again.status, again.text]).toEqual([201, made.text]);
    }
    for (const url of [other, 'Binary/never-was']) {
      expect((await hospital.post('DocumentReference', named(url))).status).toBe(409);
      const bundle = {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [post(named(url))],
      };
      expect((await hospital.post('', bundle)).status).toBe(409);
    }
    const attachment = { contentType: 'text/plain', url: other, size: 7 * times };
    const claiming = { ...named(first), content: [{ attachment }] };
    expect((await hospital.post('DocumentReference', claiming)).status).toBe(409);
  });

  it.each([
    ['short', 1],
    ['streamed', 200_000],
  ])(
    'is the document’s also where its URL is that of the version, as `Location` told it: %s',
    async (_, times) => {
      const sent = await hospital.post('Binary', 'version'.repeat(times), { 'content-type': 'text/plain' });
      const url = sent.headers.get('location')!;
      const [, content] = /\/(Binary\/[^/]+)\/_history\//.exec(url)!;
      expect((await patient.get(content!)).status).toBe(404);
      const { status, json } = await hospital.post(
        'DocumentReference',
        document(OF, { content: [{ attachment: { contentType: 'text/plain', url } }] }),
      );
      expect([status, json.content[0].attachment.url]).toEqual([201, url]);
      expect([
        await textOf(patient, content!),
        await textOf(patient, url.slice(carnet.base.length + 1)),
      ]).toEqual(['version'.repeat(times), 'version'.repeat(times)]);
      expect(await count(`DocumentReference?location=${content}`)).toBe(1);
      expect((await hospital.delete(`DocumentReference/${json.id}`)).status).toBe(204);
      expect((await hospital.get(content!)).status).toBe(410);
    },
  );

  it('stays what its document says it is when it is replaced, or comes after it', async () => {
    const url = await upload('un texte', 1);
    const attachment = { contentType: 'text/plain', url, size: 8 };
    const made = await hospital.post('DocumentReference', document(OF, { content: [{ attachment }] }));
    expect(made.status).toBe(201);
    const { json: held } = await hospital.get(url, { accept: 'application/fhir+json' });
    const put = (more: Json) => hospital.put(url, { ...held, ...more });
    const base64 = (text: string): string => Buffer.from(text).toString('base64');
    for (const more of [
      { data: base64('un autre') + '', contentType: 'text/rtf' },
      { data: base64('plus long') },
    ])
      expect((await put(more)).status).toBe(422);
    const pdf = { contentType: 'application/pdf', data: base64('%PDF-1.4\n%%EOF\n') };
    expect((await put(pdf)).json.issue[0].expression).toEqual(['Binary']);
    expect(await textOf(patient, url)).toBe('un texte');
    expect((await put({ language: 'fr' })).status).toBe(200);
    expect((await put({ data: base64('du texte') })).status).toBe(200);
    expect((await hospital.delete(`DocumentReference/${made.json.id}`)).status).toBe(204);
  });

  it('has the type that its document says, whether or not size and hash are said', async () => {
    const url = await upload('un texte', 1);
    const named = (more: Json): Resource => document(OF, { content: [{ attachment: { url, ...more } }] });
    for (const said of [{ contentType: 'application/pdf' }, { contentType: 'text/plain', size: 3 }]) {
      const { status, json } = await hospital.post('DocumentReference', named(said));
      expect([status, json.issue[0].expression]).toEqual([422, ['DocumentReference.content[0].attachment']]);
    }
    expect((await patient.get(url)).status).toBe(404);
    expect((await hospital.post('DocumentReference', named({ contentType: 'text/plain' }))).status).toBe(201);
  });
});

it('a FHIR document that is sent again in a Bundle is told by what it says', async () => {
  const [at, of] = [uuid(), uuid()];
  const attachment = { contentType: 'application/fhir+json', url: at, title: 'Note' };
  const inner = fhirDocument();
  const sent = (content: Resource): Resource => ({
    resourceType: 'Bundle',
    type: 'transaction',
    entry: [post({ ...set, entry: [{ item: { reference: of } }] }), post(described, of), post(content, at)],
  });
  const set = listOf('submissionset', OF, []);
  const described = document(OF, { content: [{ attachment }] });
  const first = await hospital.post('', sent(inner));
  expect(first.status).toBe(200);
  expect((await hospital.post('', sent(inner))).text).toBe(first.text);
  const [composition, ...others] = inner.entry as Json[];
  const changed = { ...(composition!.resource as Json), title: 'Autre' };
  const other = await hospital.post(
    '',
    sent({ ...inner, entry: [{ ...composition, resource: changed }, ...others] }),
  );
  expect([other.status, other.json.issue[0].expression]).toEqual([409, ['Bundle.entry[1].resource']]);
  expect((await hospital.get(place(first.json, 2))).json.entry[0].resource.title).not.toBe('Autre');
});

describe('what is said of a FHIR document in ITI-65', () => {
  const content = fhirDocument();
  const bytes = Buffer.from(JSON.stringify(content));
  const size = bytes.length;
  const hash = createHash('sha1').update(bytes).digest('base64');
  const send = (attachment: Json, of = uuid()) => {
    const at = uuid();
    return hospital.post('', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        post(listOf('submissionset', OF, [of])),
        post(document(OF, { content: [{ attachment: { url: at, title: 'Note', ...attachment } }] }), of),
        post(content, at),
      ],
    });
  };
  const contentType = 'application/fhir+json';

  it.each([
    ['nothing', { contentType }],
    ['its size and hash', { contentType, size, hash }],
    ['XML as its type', { contentType: 'application/fhir+xml; fhirVersion=4.0' }],
  ])('may be %s', async (_, attachment) => {
    const { status, json } = await send(attachment);
    expect(status).toBe(200);
    const kept = (await hospital.get(place(json, 1))).json.content[0].attachment;
    expect(kept).toEqual({ title: 'Note', ...attachment, url: place(json, 2) });
  });

  it.each<[string, Json]>([
    ['another size', { contentType, size: size + 1 }],
    ['another hash', { contentType, hash: createHash('sha1').update('x').digest('base64') }],
    ['another type', { contentType: 'application/pdf' }],
  ])('is refused with the whole when it is %s', async (_, attachment) => {
    const before = await count('DocumentReference?patient=demo-mother');
    const { status, json } = await send(attachment);
    expect([status, json.issue[0].expression]).toEqual([
      422,
      ['Bundle.entry[1].resource.content[0].attachment'],
    ]);
    expect(await count('DocumentReference?patient=demo-mother')).toBe(before);
  });
});

const simplified = (text: string, of = OF): Resource =>
  inline(of, text, {
    meta: {
      profile: [
        'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference',
      ],
    },
  });

it('keeps a document with its content that claims no simplified publish as it was sent', async () => {
  const { json } = await hospital.post('DocumentReference', inline(OF, 'whole'));
  const kept = (await patient.get(`DocumentReference/${json.id}`)).json.content[0].attachment;
  expect([kept.data, kept.url]).toEqual([Buffer.from('whole').toString('base64'), undefined]);
});

describe('a simplified publish', () => {
  it('has it split off, and its size and hash told', async () => {
    const { status, json, headers } = await hospital.post('DocumentReference', simplified('simple'));
    expect([status, headers.get('location')]).toEqual([201, expect.stringContaining('/DocumentReference/')]);
    const { attachment } = json.content[0];
    expect([attachment.data, attachment.size, attachment.hash]).toEqual([
      undefined,
      6,
      sha1(Buffer.from('simple')),
    ]);
    expect(await textOf(patient, attachment.url)).toBe('simple');
    expect((await lab.get(attachment.url)).status).toBe(404);
  });

  it.each<[string, () => Client, Json]>([
    ['a hospital’s', () => hospital, {}],
    [
      'an organization’s',
      () => hospital,
      { contained: undefined, author: [{ reference: 'Organization/demo-hospital' }] },
    ],
    ['a practitioner’s', () => carnet.as('gp'), {}],
    ['a patient’s', () => patient, { type: OF_PATIENTS, contained: undefined, author: [{ reference: OF }] }],
  ])('has a SubmissionSet made for it, %s', async (_, by, more) => {
    const doctor = {
      resourceType: 'PractitionerRole',
      id: 'by',
      identifier: [{ system: 'https://rpps.esante.gouv.fr', value: '810000000001' }],
      practitioner: { reference: '#who' },
    };
    const who = { resourceType: 'Practitioner', id: 'who', name: [{ family: 'Lambert' }] };
    const sent = { ...simplified('seul'), contained: [doctor, who], author: [{ reference: '#by' }], ...more };
    const { status, json } = await by().post('DocumentReference', sent);
    expect(status).toBe(201);
    const query = `List?patient=demo-mother&code=submissionset&status=current&item=DocumentReference/${json.id}`;
    for (const reader of [by(), patient]) {
      const found = (await reader.get(query)).json;
      expect(found.total).toBe(1);
      const set = found.entry[0].resource;
      expect(set).toMatchObject({
        subject: { reference: OF },
        source:
          sent.author[0]!.reference === 'Organization/demo-hospital'
            ? { extension: [{ valueReference: sent.author[0] }] }
            : sent.author[0],
        entry: [{ item: { reference: `DocumentReference/${json.id}` } }],
      });
      expect(set.contained).toEqual('author' in more ? undefined : [doctor, who]);
      const profile =
        'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.UnContained.Comprehensive.SubmissionSet';
      const { issue } = (await hospital.post(`List/$validate?profile=${profile}`, set)).json;
      expect(issue).toEqual([expect.objectContaining({ severity: 'information' })]);
    }
    // sent again it is what it was
    expect((await by().post('DocumentReference', sent)).json.id).toBe(json.id);
    expect((await by().get(query)).json.total).toBe(1);
    // and hidden with its document
    const hides = [{ op: 'add', path: '/securityLabel/-', value: label(VISIBILITY, 'INVISIBLE_PATIENT') }];
    if (by() !== hospital) return;
    expect((await hospital.patch(`DocumentReference/${json.id}`, hides)).status).toBe(200);
    expect([(await patient.get(query)).json.total, (await hospital.get(query)).json.total]).toEqual([0, 1]);
    expect((await lab.get(query)).json.total).toBe(0);
  });

  it('hides the content with it', async () => {
    const { json } = await hospital.post('DocumentReference', simplified('secret'));
    const { url } = json.content[0].attachment;
    const hides = [{ op: 'add', path: '/securityLabel/-', value: label(VISIBILITY, 'INVISIBLE_PATIENT') }];
    expect((await hospital.patch(`DocumentReference/${json.id}`, hides)).status).toBe(200);
    expect([(await patient.get(url)).status, (await hospital.get(url)).status]).toEqual([404, 200]);
  });

  it.each<[string, Json, number]>([
    ['a wrong size', { size: 99 }, 422],
    ['a wrong hash', { hash: sha1(Buffer.from('other')) }, 422],
    ['an address beside it', { url: 'https://elsewhere.example/x' }, 422],
  ])('is refused with %s', async (_, more, status) => {
    const sent = simplified('x');
    Object.assign((sent.content as [{ attachment: Json }])[0].attachment, more);
    expect((await hospital.post('DocumentReference', sent)).status).toBe(status);
  });
});

describe('a FHIR document that comes in its document', () => {
  const xml = 'application/fhir+xml';
  const within = (text: string, contentType = 'application/fhir+json', attachment: Json = {}): Resource => {
    const sent = inline(OF, text);
    Object.assign((sent.content as [{ attachment: Json }])[0].attachment, { contentType, ...attachment });
    return sent;
  };

  it.each<[string, (bundle: Resource) => Resource]>([
    [
      'in a simplified publish',
      (bundle) => ({ ...within(JSON.stringify(bundle)), meta: simplified('').meta }),
    ],
    ['without a claim', (bundle) => within(JSON.stringify(bundle))],
    [
      'in XML',
      (bundle) => within(xmlOf(Buffer.from(JSON.stringify(bundle))).toString(), `${xml}; fhirVersion=4.0`),
    ],
  ])('is served as the Bundle that it is, %s', async (_, make) => {
    const bundle = fhirDocument();
    const { status, json } = await hospital.post('DocumentReference', make(bundle));
    const { attachment } = json.content[0];
    expect([status, attachment]).toEqual([
      201,
      {
        ...attachment,
        data: undefined,
        size: undefined,
        hash: undefined,
        url: expect.stringMatching(/^Bundle\//),
      },
    ]);
    const { id: _id, meta: _meta, ...given } = (await patient.get(attachment.url)).json;
    expect(given).toEqual(bundle);
    expect((await patient.get(attachment.url, { accept: xml })).text).toContain('<Composition>');
    const stranger = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/other' }, 'patient') });
    expect([(await stranger.get(attachment.url)).status, (await lab.get(attachment.url)).status]).toEqual([
      404, 404,
    ]);
    const hides = [{ op: 'add', path: '/securityLabel/-', value: label(VISIBILITY, 'INVISIBLE_PATIENT') }];
    expect((await hospital.patch(`DocumentReference/${json.id}`, hides)).status).toBe(200);
    expect((await patient.get(attachment.url)).status).toBe(404);
  });

  it('is not changed by its depositor either, but for its labels', async () => {
    const { json } = await hospital.post('DocumentReference', within(JSON.stringify(fhirDocument())));
    const { url } = json.content[0].attachment;
    const { json: held } = await hospital.get(url);
    const changed = { ...held, timestamp: '2030-01-01T00:00:00Z' };
    const patch = [{ op: 'replace', path: '/timestamp', value: changed.timestamp }];
    expect([(await hospital.put(url, changed)).status, (await hospital.patch(url, patch)).status]).toEqual([
      422, 422,
    ]);
    expect((await hospital.put(url, held)).status).toBe(200);
    const labels = {
      name: 'meta',
      valueMeta: { security: [(label(VISIBILITY, 'MASQUE_PS').coding as Json[])[0]] },
    };
    const add = await hospital.post(`${url}/$meta-add`, { resourceType: 'Parameters', parameter: [labels] });
    expect(add.status).toBe(200);
    expect((await patient.get(url)).json.timestamp).toBe(held.timestamp);
  });

  it('may be a patient’s', async () => {
    const sent = {
      ...within(JSON.stringify(fhirDocument())),
      type: OF_PATIENTS,
      author: [{ reference: OF }],
    };
    const { status, json } = await patient.post('DocumentReference', sent);
    expect(status).toBe(201);
    expect((await patient.get(json.content[0].attachment.url)).json.type).toBe('document');
  });

  it('sent again gets the same answer, with another content 409', async () => {
    const bundle = fhirDocument();
    const sent = within(JSON.stringify(bundle));
    const first = await hospital.post('DocumentReference', sent);
    expect((await hospital.post('DocumentReference', sent)).text).toBe(first.text);
    const other = within(JSON.stringify({ ...fhirDocument('Autre'), identifier: bundle.identifier }));
    const changed = { ...other, masterIdentifier: sent.masterIdentifier };
    expect((await hospital.post('DocumentReference', changed)).status).toBe(409);
  });

  it.each<[string, Resource]>([
    ['what is no JSON', within('bonjour')],
    ['what is no XML', within('{}', xml)],
    ['entities', within('<!DOCTYPE a><Bundle xmlns="http://hl7.org/fhir"/>', xml)],
    ['another size', within(JSON.stringify(fhirDocument()), undefined, { size: 3 })],
    ['another hash', within(JSON.stringify(fhirDocument()), undefined, { hash: sha1(Buffer.from('x')) })],
  ])('is refused with %s', async (_, sent) => {
    const before = await count('DocumentReference?patient=demo-mother');
    expect((await hospital.post('DocumentReference', sent)).status).toBe(422);
    expect(await count('DocumentReference?patient=demo-mother')).toBe(before);
  });

  it('that is not valid is refused with its document', async () => {
    const bundle = fhirDocument();
    delete (bundle.entry as [{ resource: Json }])[0].resource.title;
    const { status, json } = await hospital.post('DocumentReference', within(JSON.stringify(bundle)));
    expect([status, json.issue[0].expression]).toEqual([400, ['Bundle.entry[0].resource.title']]);
  });

  it('another resource stays as it was sent', async () => {
    const { json } = await hospital.post('DocumentReference', within('{"resourceType":"Basic"}'));
    expect(json.content[0].attachment.url).toBeUndefined();
  });
});

it('the digits of a hash are taken for it, as in MHD’s examples, and kept as FHIR has it', async () => {
  const digits = createHash('sha1').update('Hello World').digest('hex');
  const hash = Buffer.from(digits).toString('base64');
  const sent = provided({ of: OF, text: 'Hello World', attachment: { hash } });
  for (const _time of [1, 2]) {
    const { status, json } = await hospital.post('', sent);
    expect([status, (await hospital.get(place(json, 1))).json.content[0].attachment.hash]).toEqual([
      200,
      sha1(Buffer.from('Hello World')),
    ]);
  }
  const other = Buffer.from(digits.replace(/^./, 'f')).toString('base64');
  const wrong = provided({ of: OF, text: 'Hello World', attachment: { hash: other } });
  expect((await hospital.post('', wrong)).status).toBe(422);
});

describe('a uniqueId that is sent again', () => {
  it('gets the same answer with the same content, and nothing is doubled', async () => {
    const sent = inline(OF, 'once');
    const first = await hospital.post('DocumentReference', sent);
    const again = await hospital.post('DocumentReference', sent);
    expect([again.status, again.text, again.headers.get('location')]).toEqual([
      201,
      first.text,
      first.headers.get('location'),
    ]);
    const { system, value } = sent.masterIdentifier as { system: string; value: string };
    expect(await count(`DocumentReference?identifier=${system}%7C${value}`)).toBe(1);
  });

  it('is 409 with other content', async () => {
    const sent = inline(OF, 'first');
    await hospital.post('DocumentReference', sent);
    const other = inline(OF, 'second', { masterIdentifier: sent.masterIdentifier });
    const { status, json } = await hospital.post('DocumentReference', other);
    expect([status, json.issue[0].code]).toEqual([409, 'duplicate']);
  });

  it('tells nothing to another depositor', async () => {
    const sent = inline(OF, 'mine');
    const first = await hospital.post('DocumentReference', sent);
    const other = await lab.post(
      'DocumentReference',
      inline(OF, 'theirs', { masterIdentifier: sent.masterIdentifier }),
    );
    expect([first.status, other.status, other.json.id === first.json.id]).toEqual([201, 201, false]);
  });

  it('answers a whole Bundle again as it did, also when its document was replaced or masked meanwhile', async () => {
    const sent = provided({ of: OF, text: 'le tout', folder: true });
    const first = await hospital.post('', sent);
    expect((await hospital.post('', sent)).text).toBe(first.text);
    const masks = [{ op: 'add', path: '/securityLabel/-', value: label(VISIBILITY, 'MASQUE_PS') }];
    expect((await patient.patch(place(first.json, 1), masks)).status).toBe(200);
    const later = await hospital.post('', sent);
    expect([later.status, [0, 1, 2, 3].map((index) => place(later.json, index))]).toEqual([
      200,
      [0, 1, 2, 3].map((index) => place(first.json, index)),
    ]);
    const changed = structuredClone(sent);
    ((changed.entry as Json[])[1]!.resource as Json).description = 'autre';
    expect((await hospital.post('', changed)).status).toBe(409);
  });

  it('may be in another SubmissionSet, which then names what is there', async () => {
    const sent = provided({ of: OF, text: 'encore' });
    const first = await hospital.post('', sent);
    const next = structuredClone(sent);
    ((next.entry as Json[])[0]!.resource as Json).identifier = [
      { use: 'usual', system: 'urn:ietf:rfc:3986', value: oid() },
    ];
    const { status, json } = await hospital.post('', next);
    expect([status, place(json, 1), place(json, 2)]).toEqual([
      200,
      place(first.json, 1),
      place(first.json, 2),
    ]);
    const list = (await patient.get(place(json, 0))).json;
    expect(list.entry[0].item.reference).toBe(place(first.json, 1));
  });

  it('at the same moment makes one document', async () => {
    const sent = provided({ of: OF, text: 'à la fois' });
    const answers = await Promise.all([1, 2, 3, 4].map(() => hospital.post('', sent)));
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    expect(new Set(answers.map(({ json }) => place(json, 1))).size).toBe(1);
  });
});

describe('a document that replaces another', () => {
  const replaces = (id: string): Json => ({
    relatesTo: [{ code: 'replaces', target: { reference: `DocumentReference/${id}` } }],
  });
  const old = async (): Promise<Resource & { id: string }> =>
    (await hospital.post('DocumentReference', inline(OF, 'v1'))).json;
  const unversioned = ({ meta: _meta, status: _status, ...rest }: Resource): Json => rest;

  it.each<[string, (id: string) => Promise<{ status: number }>]>([
    ['alone', (id) => hospital.post('DocumentReference', inline(OF, 'v2', replaces(id)))],
    ['in a Bundle', (id) => hospital.post('', provided({ of: OF, text: 'v2', more: replaces(id) }))],
    [
      'in a Bundle with the source’s own PATCH',
      (id) =>
        hospital.post(
          '',
          provided({
            of: OF,
            text: 'v2',
            more: replaces(id),
            also: [
              {
                fullUrl: uuid(),
                resource: {
                  resourceType: 'Binary',
                  contentType: 'application/json-patch+json',
                  data: Buffer.from(
                    JSON.stringify([
                      { op: 'replace', path: '/status', value: 'superseded' },
                      { op: 'add', path: '/description', value: 'changed beside' },
                    ]),
                  ).toString('base64'),
                },
                request: { method: 'PATCH', url: `DocumentReference/${id}` },
              },
            ],
          }),
        ),
    ],
    [
      'in a Bundle with the source’s own PATCH in XML',
      (id) =>
        hospital.post(
          '',
          provided({
            of: OF,
            text: 'v2',
            more: replaces(id),
            also: [
              {
                fullUrl: uuid(),
                resource: {
                  resourceType: 'Binary',
                  contentType: 'application/xml-patch+xml',
                  data: Buffer.from(
                    `<diff xmlns:f="http://hl7.org/fhir">
                      <replace sel="f:DocumentReference/f:status/@value">superseded</replace>
                      <add sel="f:DocumentReference"><f:description value="changed beside"/></add></diff>`,
                  ).toString('base64'),
                },
                request: { method: 'PATCH', url: `DocumentReference/${id}` },
              },
            ],
          }),
        ),
    ],
    [
      'in a Bundle with the source’s own PUT',
      (id) =>
        hospital.post(
          '',
          provided({
            of: OF,
            text: 'v2',
            more: replaces(id),
            also: [
              {
                resource: { ...document(OF), id, status: 'superseded', description: 'changed beside' },
                request: { method: 'PUT', url: `DocumentReference/${id}` },
              },
            ],
          }),
        ),
    ],
  ])('supersedes it and changes nothing else of it, %s', async (_, send) => {
    const before = await old();
    const masks = [{ op: 'add', path: '/securityLabel/-', value: label(VISIBILITY, 'MASQUE_PS') }];
    await patient.patch(`DocumentReference/${before.id}`, masks);
    const seen = (await patient.get(`DocumentReference/${before.id}`)).json;
    const reply = await send(before.id);
    expect(reply.status).toBeLessThan(300);
    const after = (await patient.get(`DocumentReference/${before.id}`)).json;
    expect(after.status).toBe('superseded');
    expect(unversioned(after)).toEqual(unversioned(seen));
    // nor is the depositor told of the mask
    const theirs = (await hospital.get(`DocumentReference/${before.id}`)).json;
    expect(theirs.securityLabel).toEqual([label(V3, 'N')]);
    expect((await carnet.as('gp').get(`DocumentReference/${before.id}`)).status).toBe(404);
  });

  it('is known by the uniqueId too', async () => {
    const before = await old();
    const target = { identifier: before.masterIdentifier };
    const { status, json } = await hospital.post(
      'DocumentReference',
      inline(OF, 'v2', { relatesTo: [{ code: 'replaces', target }] }),
    );
    expect([status, json.relatesTo[0].target.reference]).toEqual([201, `DocumentReference/${before.id}`]);
    expect((await hospital.get(`DocumentReference/${before.id}`)).json.status).toBe('superseded');
  });

  it('is known by the address of a version too, as `Location` told it', async () => {
    for (const send of [
      (more: Json) => hospital.post('DocumentReference', inline(OF, 'v2', more)),
      (more: Json) => hospital.post('', provided({ of: OF, text: 'v2', more })),
    ]) {
      const { headers } = await hospital.post('DocumentReference', inline(OF, 'v1'));
      const reference = headers.get('location')!;
      const { status } = await send({ relatesTo: [{ code: 'replaces', target: { reference } }] });
      expect([200, 201]).toContain(status);
      expect(
        (await hospital.get(reference.split('/_history')[0]!.slice(carnet.base.length + 1))).json.status,
      ).toBe('superseded');
    }
  });

  it('is one: of two in one Bundle neither comes, and the sender is told', async () => {
    const { id, masterIdentifier } = await old();
    const byName = { relatesTo: [{ code: 'replaces', target: { identifier: masterIdentifier } }] };
    for (const other of [replaces(id), byName]) {
      const { status, json } = await hospital.post('', {
        resourceType: 'Bundle',
        type: 'transaction',
        entry: [post(inline(OF, 'a', replaces(id))), post(inline(OF, 'b', other))],
      });
      expect([status, json.issue[0].expression]).toEqual([409, ['Bundle.entry[1].resource.relatesTo']]);
    }
    expect((await hospital.get(`DocumentReference/${id}`)).json.status).toBe('current');
  });

  it.each(['alone', 'in Bundles'])('races with another, %s: one wins, the other is told', async (how) => {
    const { id } = await old();
    const send = (text: string) =>
      how === 'alone'
        ? hospital.post('DocumentReference', inline(OF, text, replaces(id)))
        : hospital.post('', provided({ of: OF, text, more: replaces(id) }));
    const statuses = (await Promise.all([send('a'), send('b'), send('c')]))
      .map(({ status }) => status)
      .sort();
    expect(statuses).toEqual([how === 'alone' ? 201 : 200, 409, 409]);
    expect(await count(`DocumentReference?relatesto=DocumentReference/${id}`)).toBe(1);
  });

  it('is the depositor’s own, and of the same patient', async () => {
    const mine = (await patient.post('DocumentReference', inline(OF, 'du patient', { type: OF_PATIENTS })))
      .json;
    const foreign = await patient.post('DocumentReference', inline(OF, 'x', replaces((await old()).id)));
    expect([mine.status, foreign.status]).toEqual(['current', 403]);
    const { id } = await old();
    expect(
      (await hospital.post('DocumentReference', inline('Patient/other', 'x', replaces(id)))).status,
    ).toBe(422);
    expect((await hospital.get(`DocumentReference/${id}`)).json.status).toBe('current');
  });

  it('answers alike for what is hidden and what is absent', async () => {
    const { id } = await old();
    const bare = ({ status, text }: { status: number; text: string }) => [
      status,
      text.replaceAll(/[0-9a-f-]{36}|"versionId":"[^"]*"|"lastUpdated":"[^"]*"/g, ''),
    ];
    const masterIdentifier = { value: 'same' };
    const hidden = await lab.post(
      'DocumentReference',
      inline(OF, 'x', { ...replaces(id), masterIdentifier }),
    );
    const absent = await carnet
      .as('gp')
      .post(
        'DocumentReference',
        inline(OF, 'x', { ...replaces('00000000-0000-4000-8000-000000000000'), masterIdentifier }),
      );
    expect(bare(hidden)).toEqual(bare(absent));
    expect((await hospital.get(`DocumentReference/${id}`)).json.status).toBe('current');
  });
});

it('a document that was pushed to the wrong patient is withdrawn by its depositor, and by nobody else', async () => {
  const { json } = await hospital.post('DocumentReference', simplified('égaré', 'Patient/other'));
  const other = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/other', related: [] }, 'patient') });
  const at = `DocumentReference/${json.id}`;
  expect([(await other.delete(at)).status, (await other.get(at)).status]).toEqual([403, 200]);
  const set = (await other.get(`List?item=${at}`)).json.entry[0].resource;
  expect((await hospital.delete(at)).status).toBe(204);
  // nor is the patient left what its SubmissionSet says of it
  expect((await other.get(`List?item=${at}`)).json.total).toBe(0);
  expect((await other.get(`List/${set.id}`)).status).toBe(410);
  expect((await hospital.get(`List/${set.id}`)).status).toBe(410);
  const { url } = json.content[0].attachment;
  expect([(await other.get(at)).status, (await other.get(url)).status]).toEqual([410, 404]);
  expect((await hospital.get(url)).status).toBe(410);
});

it('so is what ITI-65 brought of one document; a set of two and a folder stay', async () => {
  const { json } = await hospital.post('', provided({ of: 'Patient/other', text: 'égaré' }));
  const [set, at] = [place(json, 0), place(json, 1)];
  const [wider, folder] = await Promise.all(
    [
      listOf('submissionset', 'Patient/other', [at, 'DocumentReference/elsewhere']),
      listOf('folder', 'Patient/other', [at]),
    ].map(async (list) => `List/${(await hospital.post('List', list)).json.id}`),
  );
  expect((await hospital.delete(at)).status).toBe(204);
  const left = [set, wider!, folder!];
  expect(await Promise.all(left.map(async (each) => (await hospital.get(each)).status))).toEqual([
    410, 200, 200,
  ]);
});

it('its content stays where another document of the depositor names it', async () => {
  const { json } = await hospital.post('DocumentReference', simplified('deux fois', 'Patient/other'));
  const { url } = json.content[0].attachment;
  const { id: _id, meta: _meta, masterIdentifier: _name, identifier: _names, ...copy } = json;
  const twice = await hospital.post('DocumentReference', { ...copy, masterIdentifier: { value: 'twice' } });
  expect(twice.status).toBe(201);
  expect((await hospital.delete(`DocumentReference/${json.id}`)).status).toBe(204);
  expect((await hospital.get(url)).status).toBe(200);
  await hospital.delete(`DocumentReference/${twice.json.id}`);
  expect((await hospital.get(url)).status).toBe(410);
});

it('a Composition is of a type that its depositor may feed, by itself, in a FHIR document, in a transaction and when it is changed', async () => {
  const loinc = { coding: [{ system: 'http://loinc.org', code: '11502-2' }] };
  const letter = (type: Json): Resource => ({
    resourceType: 'Composition',
    status: 'final',
    type,
    subject: { reference: OF },
    date: '2026-05-02',
    author: [{ reference: OF }],
    title: 'Lettre',
  });
  const bundle = (type: Json): Resource => ({
    resourceType: 'Bundle',
    type: 'document',
    identifier: { system: 'https://files.example', value: uuid() },
    timestamp: '2026-05-02T10:00:00Z',
    entry: [
      { fullUrl: uuid(), resource: letter(type) },
      { fullUrl: `${carnet.base}/${OF}`, resource: { resourceType: 'Patient', id: 'demo-mother' } },
    ],
  });
  const own = await patient.post('Composition', letter(OF_PATIENTS));
  expect(own.status).toBe(201);
  expect((await patient.post('Bundle', bundle(OF_PATIENTS))).status).toBe(201);
  expect((await hospital.post('Bundle', bundle(loinc))).status).toBe(201);
  const barred = letter(loinc);
  const replies = [
    await patient.post('Composition', barred),
    await patient.post('Bundle', bundle(loinc)),
    await patient.post('', { resourceType: 'Bundle', type: 'transaction', entry: [post(barred)] }),
    await patient.put(`Composition/${own.json.id}`, { ...barred, id: own.json.id }),
    await patient.patch(`Composition/${own.json.id}`, [{ op: 'replace', path: '/type', value: loinc }]),
  ];
  for (const { status, json } of replies)
    expect([status, json.issue[0].details.text]).toEqual([
      422,
      expect.stringContaining('`http://loinc.org|11502-2` is not yours to deposit'),
    ]);
});

it('a patient files documents in folders and under labels of their own, of which their depositor learns nothing', async () => {
  const { json } = await hospital.post('DocumentReference', inline(OF, 'classé'));
  const filed = (title: string, code: Json) =>
    patient.post('List', {
      resourceType: 'List',
      status: 'current',
      mode: 'working',
      title,
      code,
      subject: { reference: OF },
      source: { reference: OF },
      entry: [{ item: { reference: `DocumentReference/${json.id}` } }],
    });
  const folder = await filed('Mon genou', {
    coding: [{ system: `${MHD}/CodeSystem/MHDlistTypes`, code: 'folder' }],
  });
  const own = await filed('à relire', { text: 'étiquette' });
  expect([folder.status, own.status]).toEqual([201, 201]);
  const among = async (client: Client, query: string): Promise<number> =>
    (await client.get(`DocumentReference?patient=demo-mother&${query}`)).json.total;
  for (const query of [`_list=${folder.json.id}`, `_list=${own.json.id}`, '_has:List:item:title=à relire'])
    expect([await among(patient, query), await among(hospital, query)]).toEqual([1, 0]);
  const seen = async (client: Client): Promise<number> =>
    (await client.get(`DocumentReference?patient=demo-mother&_id=${json.id}&_revinclude=List:item`)).json
      .entry.length;
  expect([await seen(patient), await seen(hospital)]).toEqual([3, 1]);
  expect((await hospital.get(`List/${own.json.id}`)).status).toBe(404);
  expect((await patient.delete(`List/${own.json.id}`)).status).toBe(204);
  expect((await patient.get(`DocumentReference/${json.id}`)).status).toBe(200);
});
