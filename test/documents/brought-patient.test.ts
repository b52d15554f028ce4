/** ITI-65 with a Patient among its entries: whose the documents are, and never a space that is made or changed. */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';
import { MHD, PDSM, place, provided, uuid } from './support.ts';

const INS = 'urn:oid:1.2.250.1.213.1.4.10';
const NUMBER = { open: '124018852493334', opposed: '255069999999934', closed: '179032A00100145' };
const UNKNOWN = '179032B00100172';
const STATUS = 'https://carnet.example/fhir/StructureDefinition/space-status';

const person = (value: string, family: string, more: Json = {}): Resource => ({
  resourceType: 'Patient',
  identifier: [{ use: 'official', system: INS, value }],
  name: [{ use: 'official', family, given: ['Éloïse'] }],
  gender: 'female',
  birthDate: '1979-03-02',
  ...more,
});

let carnet: TestServer;
let hospital: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  hospital = carnet.as('hospital');
  await putAll(carnet.as('all'), [
    { ...person(NUMBER.open, 'Le Gall'), id: 'open' },
    {
      ...person(NUMBER.opposed, 'Opposante', { extension: [{ url: STATUS, valueCode: 'opposed' }] }),
      id: 'opposed',
    },
    { ...person(NUMBER.closed, 'Fermée', { active: false }), id: 'closed' },
  ]);
});
afterAll(() => carnet?.close());

/** @param entry beside its `fullUrl`, which is the subject of all else */
function withPatient(entry: Json, more: { of?: string; fullUrl?: string; profile?: string } = {}): Resource {
  const { fullUrl = uuid(), of = fullUrl, profile } = more;
  const bundle = provided({ of, text: 'bonjour', also: [{ fullUrl, ...entry }] });
  return profile === undefined ? bundle : { ...bundle, meta: { profile: [profile] } };
}
const request = (method: string, url: string, more: Json = {}): Json => ({ method, url, ...more });
const BY_NUMBER = `Patient?identifier=${INS}|${NUMBER.open}`;
const known = person(NUMBER.open, 'Le Gall');
const { identifier: _without, ...traits } = known;

it.each<[string, Json]>([
  ['made', { request: request('POST', 'Patient'), resource: known }],
  ['made, by address', { request: request('POST', '/Patient'), resource: known }],
  [
    'made if there is none',
    {
      request: request('POST', 'Patient', { ifNoneExist: `Patient?identifier=${INS}|${NUMBER.open}` }),
      resource: traits,
    },
  ],
  ['made, by all traits', { request: request('POST', 'Patient'), resource: traits }],
  ['changed', { request: request('PUT', 'Patient/open'), resource: { ...known, id: 'open' } }],
  ['changed, by a search', { request: request('PUT', BY_NUMBER), resource: { ...known, gender: 'male' } }],
  [
    'made of what a search gave',
    {
      request: request('POST', 'Patient'),
      resource: {
        ...known,
        meta: {
          tag: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ObservationValue', code: 'SUBSETTED' }],
        },
      },
    },
  ],
])('a Patient that would be %s is who is known here, as it is', async (_, entry) => {
  const all = carnet.as('all');
  const before = (await all.get('Patient/open')).headers.get('etag');
  const count = (await all.get('Patient?_summary=count')).json.total;
  const { status, json } = await hospital.post('', withPatient(entry));
  expect(status).toBe(200);
  expect(json.entry[3]).toEqual({ response: { status: '200 OK', location: `${carnet.base}/Patient/open` } });
  const deposited = (await all.get(place(json, 1))).json;
  expect(deposited.subject).toEqual({ reference: 'Patient/open' });
  expect(deposited.context.sourcePatientInfo).toEqual({ reference: 'Patient/open' });
  expect((await all.get(place(json, 0))).json.subject).toEqual({ reference: 'Patient/open' });
  expect((await all.get('Patient/open')).headers.get('etag')).toBe(before);
  expect((await all.get('Patient?_summary=count')).json.total).toBe(count);
});

it('a Patient that is read is given, and is whom the others name', async () => {
  const { status, json } = await hospital.post('', withPatient({ request: request('GET', BY_NUMBER) }));
  expect([status, json.entry[3].resource.entry[0].resource.id]).toEqual([200, 'open']);
  expect((await hospital.get(place(json, 1))).json.subject.reference).toBe('Patient/open');
});

it('relative references are to a Patient that comes under an address of the same server', async () => {
  const root = 'https://hospital.example/fhir';
  const sent = withPatient(
    { request: request('POST', 'Patient'), resource: known },
    { fullUrl: `${root}/Patient/7`, of: 'Patient/7' },
  );
  const rooted = {
    ...sent,
    entry: (sent.entry as Json[]).map((entry, index) =>
      index === 0 ? { ...entry, fullUrl: `${root}/List/1` } : entry,
    ),
  };
  // the document comes under a urn, to which nothing is relative
  const [set, doc, ...others] = rooted.entry;
  const subject = { reference: `${root}/Patient/7` };
  const entry = [set, { ...doc, resource: { ...(doc!.resource as Json), subject } }, ...others];
  const { status, json } = await hospital.post('', { ...rooted, entry });
  expect(status).toBe(200);
  for (const index of [0, 1])
    expect((await hospital.get(place(json, index))).json.subject.reference).toBe('Patient/open');
});

it('sent again, all at once, it gets one answer', async () => {
  const sent = withPatient({ request: request('POST', 'Patient'), resource: known });
  const answers = await Promise.all([1, 2, 3].map(() => hospital.post('', sent)));
  const later = await hospital.post('', sent);
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
  expect(new Set([...answers, later].map(({ text }) => text)).size).toBe(1);
});

it('unknown, opposed and closed are refused alike, by number and by traits', async () => {
  const answers = [];
  for (const [value, family] of [
    [UNKNOWN, 'Nulle Part'],
    [NUMBER.opposed, 'Opposante'],
    [NUMBER.closed, 'Fermée'],
  ] as const) {
    for (const resource of [
      person(value, family),
      { ...person(value, family), identifier: undefined } as unknown as Resource,
    ]) {
      const entry = { request: request('POST', 'Patient'), resource };
      const { status, text } = await hospital.post('', withPatient(entry));
      answers.push(JSON.stringify([status, text]));
    }
  }
  expect(answers[0]).toMatch(/^\[422.*not known here/);
  expect(new Set(answers).size).toBe(1);
});

it.each<[string, Json, number, RegExp]>([
  [
    'another id than the number has',
    { request: request('PUT', 'Patient/closed'), resource: { ...known, id: 'closed' } },
    422,
    /not known/,
  ],
  [
    'a number beside a condition that means another',
    {
      request: request('POST', 'Patient', { ifNoneExist: `identifier=${INS}|${NUMBER.closed}` }),
      resource: known,
    },
    422,
    /not known/,
  ],
  [
    'nothing that tells who it is',
    { request: request('POST', 'Patient'), resource: { ...traits, birthDate: '1979' } },
    422,
    /not known/,
  ],
  [
    'a number of their own',
    {
      request: request('POST', 'Patient', { ifNoneExist: 'identifier=https://files.example|7' }),
      resource: known,
    },
    422,
    /national identifier/,
  ],
  [
    'what is no Patient',
    { request: request('POST', 'Patient'), resource: { ...known, gender: 'x' } },
    400,
    /gender|code/,
  ],
])('a Patient with %s is refused, and all else with it', async (_, entry, wanted, text) => {
  const before = (await carnet.as('all').get('DocumentReference?_summary=count')).json.total;
  const { status, json } = await hospital.post('', withPatient(entry));
  expect([status, json.issue[0].details.text]).toEqual([wanted, expect.stringMatching(text)]);
  expect(json.issue[0].expression[0]).toMatch(/^Bundle\.entry\[3\]/);
  expect((await carnet.as('all').get('DocumentReference?_summary=count')).json.total).toBe(before);
});

it('a Bundle that claims PDSm’s profile, which has no Patient, is told so', async () => {
  const profile = `${PDSM}/StructureDefinition/pdsm-comprehensive-provide-document-bundle`;
  const { status, text } = await hospital.post(
    '',
    withPatient({ request: request('POST', 'Patient'), resource: known }, { profile }),
  );
  expect(status).toBe(422);
  expect(text).toContain('Bundle.entry:Patient');
});

it('who may not look for people writes no Patient by it', async () => {
  const sent = withPatient({ request: request('POST', 'Patient'), resource: known });
  expect((await carnet.as('patient').post('', sent)).status).toBe(403);
});

it('who keeps the register makes Patients as ever', async () => {
  const resource = person('182097699999912', 'Nouvelle');
  const sent = withPatient({ request: request('POST', 'Patient'), resource });
  const { status, json } = await carnet.as('all').post('', sent);
  expect([status, json.entry[3].response.status]).toEqual([200, '201 Created']);
});

describe('one patient, named in several ways', () => {
  const ways: Record<string, Json> = {
    'by id': { reference: 'Patient/open' },
    'by number': { identifier: { system: INS, value: NUMBER.open } },
    'by a search': { reference: BY_NUMBER },
  };
  const pairs = Object.keys(ways).flatMap((set) => Object.keys(ways).map((doc) => [set, doc] as const));
  it.each(pairs)('the SubmissionSet %s, the document %s', async (set, doc) => {
    const [subject, other] = [ways[doc], ways[set]];
    const sent = provided({ of: 'Patient/open', text: 'x', set: { subject: other }, more: { subject } });
    const first = await hospital.post('', sent);
    expect([first.status, first.text]).toEqual([200, expect.stringContaining('201 Created')]);
    for (const index of [0, 1])
      expect((await hospital.get(place(first.json, index))).json.subject.reference).toBe('Patient/open');
    expect((await hospital.post('', sent)).text).toBe(first.text);
  });

  it('by the address of this server too', async () => {
    const set = { subject: { reference: `${carnet.base}/Patient/open` } };
    const sent = provided({ of: 'Patient/open', text: 'x', set, more: { subject: ways['by number'] } });
    expect((await hospital.post('', sent)).status).toBe(200);
  });

  it('another’s number is another patient', async () => {
    const all = carnet.as('all');
    await putAll(all, [{ ...person('288099913204119', 'Autre'), id: 'another' }]);
    const more = { subject: { identifier: { system: INS, value: '288099913204119' } } };
    const { status, json } = await hospital.post('', provided({ of: 'Patient/open', text: 'x', more }));
    expect([status, json.issue[0].expression[0]]).toEqual([422, 'Bundle.entry[1].resource.subject']);
  });

  it.each([[7], [{}], [['Patient/open']]])('a reference that is none is refused: %p', async (reference) => {
    const subject = { reference };
    for (const sent of [
      provided({ of: 'Patient/open', text: 'x', set: { subject }, more: { subject } }),
      provided({ of: 'Patient/open', text: 'x', more: { subject } }),
    ])
      expect([400, 422]).toContain((await hospital.post('', sent)).status);
  });

  it('counts as one find', async () => {
    const few = await testServer(import.meta.url, { finds: { person: 1, system: 1 }, like: carnet });
    try {
      const subject = ways['by number'];
      const sent = provided({ of: 'Patient/open', text: 'x', set: { subject }, more: { subject } });
      // nobody else here, where all processes count together
      expect((await few.as('lab').post('', sent)).status).toBe(200);
    } finally {
      await few.close();
    }
  });
});

it('a FHIR document that comes with it keeps its own links', async () => {
  const [patient, content] = [uuid(), uuid()];
  const inside: Resource = {
    resourceType: 'Bundle',
    identifier: { system: 'urn:ietf:rfc:3986', value: uuid() },
    type: 'document',
    timestamp: '2026-05-02T10:00:00Z',
    entry: [
      {
        fullUrl: uuid(),
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] },
          subject: { reference: patient },
          date: '2026-05-02',
          author: [{ display: 'Hôpital' }],
          title: 'Compte rendu',
        },
      },
      { fullUrl: patient, resource: { ...known } },
    ],
  };
  const sent = provided({ of: patient, text: 'x' });
  const [set, doc] = sent.entry as Json[];
  (doc!.resource as Json).content = [
    { attachment: { contentType: 'application/fhir+json', url: content, title: 'x' } },
  ];
  const entry = [
    set,
    doc,
    { fullUrl: content, request: request('POST', 'Bundle'), resource: inside },
    { fullUrl: patient, request: request('POST', 'Patient'), resource: known },
  ];
  const { status, json } = await hospital.post('', {
    ...sent,
    meta: { profile: [`${MHD}/StructureDefinition/IHE.MHD.Minimal.ProvideBundle`] },
    entry,
  });
  expect([status, json.issue]).toEqual([200, undefined]);
  const kept = (await hospital.get(place(json, 2))).json;
  expect(kept.entry[0].resource.subject.reference).toBe(patient);
});
