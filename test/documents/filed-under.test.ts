/** A document whose own header names somebody is filed under nobody else, whichever way it comes. */
import { insValue } from '../../src/demo/identity.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { xmlOf } from '../../src/fhir/xml/write.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';
import { LEVEL1, LEVEL3, cda } from './cda.ts';
import { MHD, document, listOf, place, post, provided, uuid } from './support.ts';

const TEST = 'urn:oid:1.2.250.1.213.1.4.10';
const DEMO = 'urn:oid:1.2.250.1.213.1.4.11';
const number = (order: string, place = '75112'): string =>
  insValue({ gender: 'female', date: '1979-03-02', place, order });
const NUMBER = {
  claire: number('001'),
  before: number('002'),
  demo: number('003'),
  julie: number('004', '2A004'),
  closed: number('005'),
  opposed: number('006'),
  nobody: number('007'),
};
const OF = 'Patient/claire';

const person = (id: string, values: Json[], more: Json = {}): Resource => ({
  resourceType: 'Patient',
  id,
  identifier: values,
  name: [{ use: 'official', family: 'Rousselot', given: ['Claire', 'Anne'] }],
  gender: 'female',
  birthDate: '1979-03-02',
  ...more,
});
const current = (value: string, system = TEST): Json => ({ use: 'official', system, value });
const STATUS = 'https://carnet.example/fhir/StructureDefinition/space-status';
const named = (family: string): Json => ({ name: [{ use: 'official', family, given: ['Julie'] }] });

let carnet: TestServer;
let hospital: Client;
let claire: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url, { finds: { person: 3, system: 100_000 } });
  hospital = carnet.as('hospital');
  claire = carnet.as({ token: carnet.tokenFor({ reference: OF, related: [] }, 'patient') });
  const ended = { ...current(NUMBER.before), use: 'old', period: { end: '2020-01-01' } };
  await putAll(carnet.as('all'), [
    person('claire', [current(NUMBER.claire), ended, current(NUMBER.demo, DEMO)]),
    person('julie', [current(NUMBER.julie)], named('Martin')),
    person('closed', [current(NUMBER.closed)], { active: false, ...named('Close') }),
    person('opposed', [current(NUMBER.opposed)], {
      extension: [{ url: STATUS, valueCode: 'opposed' }],
      ...named('Opposante'),
    }),
  ]);
});
afterAll(() => carnet?.close());

const about = (ins: string, body = LEVEL3): string => cda({ id: '1.2.250.1.213.78.1', ins, body });
const THEIRS = about(NUMBER.julie);
const OWN = about(NUMBER.claire);
const base64 = (content: string | Buffer): string => Buffer.from(content).toString('base64');

const composition = (subject: Json | undefined): Resource => ({
  resourceType: 'Composition',
  status: 'final',
  type: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] },
  ...(subject === undefined ? {} : { subject }),
  date: '2026-05-02',
  author: [{ display: 'Dr Lambert' }],
  title: 'Compte rendu',
});
function fhir(subject: Json | undefined, ...patients: Json[]): Resource {
  return {
    resourceType: 'Bundle',
    identifier: { system: 'urn:ietf:rfc:3986', value: uuid() },
    type: 'document',
    timestamp: '2026-05-02T10:00:00Z',
    entry: [{ fullUrl: uuid(), resource: composition(subject) }, ...patients],
  };
}
function fhirOf(values: readonly Json[], more: Json = {}): Resource {
  const fullUrl = uuid();
  const { id: _, identifier, ...patient } = person('x', [...values], more);
  return fhir(
    { reference: fullUrl },
    {
      fullUrl,
      resource: values.length === 0 ? patient : { ...patient, identifier },
    },
  );
}

const attached = (contentType: string, more: Json): Json => ({
  content: [{ attachment: { contentType, title: 'Compte rendu', ...more } }],
});
const kept = (contentType: string, content: string | Buffer, of = OF): Resource =>
  document(of, attached(contentType, { data: base64(content) }));
const binary = (contentType: string, content: string | Buffer): Resource => ({
  resourceType: 'Binary',
  contentType,
  data: base64(content),
});
const simplified = (made: Resource): Resource => ({
  ...made,
  meta: { profile: [`${MHD}/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference`] },
});
const together = (type: string, ...entry: Json[]): Resource => ({ resourceType: 'Bundle', type, entry });
async function raw(contentType: string, content: string | Buffer, by = hospital): Promise<string> {
  const sent = await by.post('Binary', Buffer.from(content), { 'content-type': contentType });
  expect(sent.status).toBe(201);
  return /Binary\/[^/]+/.exec(sent.headers.get('location')!)![0];
}
const claiming = (url: string, contentType = 'text/xml'): Resource =>
  document(OF, attached(contentType, { url }));
const large = (ins: string): string => about(ins, LEVEL1('QUJD'.repeat(1_500_000)));

/** Of a CDA about this number, filed under Claire; the status of what takes it. */
const WAYS: Record<string, (ins: string) => Promise<Reply>> = {
  'ITI-65': (ins) => hospital.post('', withType(provided({ of: OF, text: about(ins) }), 'text/xml')),
  'ITI-65 without a claim': (ins) => {
    const { meta: _, ...bundle } = withType(provided({ of: OF, text: about(ins) }), 'text/xml');
    return hospital.post('', bundle as Resource);
  },
  'ITI-65 by the number of the patient': (ins) =>
    hospital.post(
      '',
      withType(provided({ of: `Patient?identifier=${TEST}|${NUMBER.claire}`, text: about(ins) }), 'text/xml'),
    ),
  'ITI-105': (ins) => hospital.post('DocumentReference', simplified(kept('text/xml', about(ins)))),
  'a document that holds it': (ins) => hospital.post('DocumentReference', kept('text/xml', about(ins))),
  'a transaction': (ins) => {
    const url = uuid();
    return hospital.post(
      '',
      together('transaction', post(claiming(url)), post(binary('text/xml', about(ins)), url)),
    );
  },
  'a Binary that is claimed later': async (ins) =>
    hospital.post('DocumentReference', claiming(await raw('text/xml', about(ins)))),
  'a Binary as FHIR that is claimed later': async (ins) => {
    const { json } = await hospital.post('Binary', binary('application/xml', about(ins)));
    return hospital.post('DocumentReference', claiming(`Binary/${json.id}`, 'application/xml'));
  },
  'a large Binary that is claimed later': async (ins) =>
    hospital.post('DocumentReference', claiming(await raw('text/xml', large(ins)))),
  'a large Binary that is claimed by its version, in ITI-65': async (ins) => {
    const sent = await hospital.post('Binary', Buffer.from(large(ins)), { 'content-type': 'text/xml' });
    const of = uuid();
    const set = listOf('submissionset', OF, [of]);
    return hospital.post(
      '',
      together('transaction', post(set), post(claiming(sent.headers.get('location')!), of)),
    );
  },
  'an address that is changed': async (ins) => {
    const { json } = await hospital.post('DocumentReference', claiming(await raw('text/xml', OWN)));
    const value = await raw('text/xml', about(ins));
    const patch = [{ op: 'replace', path: '/content/0/attachment/url', value }];
    return hospital.patch(`DocumentReference/${json.id}`, patch);
  },
  'a document that is updated': async (ins) => {
    const { json } = await hospital.post('DocumentReference', kept('text/xml', OWN));
    const { content } = kept('text/xml', about(ins));
    return hospital.put(`DocumentReference/${json.id}`, { ...json, content });
  },
  'a Binary that is replaced under its document': async (ins) => {
    const at = await raw('text/xml', OWN);
    expect((await hospital.post('DocumentReference', claiming(at))).status).toBe(201);
    return hospital.put(at, { ...binary('text/xml', about(ins)), id: at.slice('Binary/'.length) });
  },
  'a document that replaces another': async (ins) => {
    const { json } = await hospital.post('DocumentReference', kept('text/xml', OWN));
    const relatesTo = [{ code: 'replaces', target: { reference: `DocumentReference/${json.id}` } }];
    const reply = await hospital.post('DocumentReference', { ...kept('text/xml', about(ins)), relatesTo });
    const { status } = (await hospital.get(`DocumentReference/${json.id}`)).json;
    expect(status).toBe(reply.status === 201 ? 'superseded' : 'current');
    return reply;
  },
  'a Binary of the patient’s by itself': (ins) =>
    hospital.post('Binary', { ...binary('text/xml', about(ins)), securityContext: { reference: OF } }),
  'what is no document': (ins) =>
    hospital.post('DiagnosticReport', {
      resourceType: 'DiagnosticReport',
      status: 'final',
      code: { text: 'x' },
      subject: { reference: OF },
      presentedForm: [{ contentType: 'text/xml', data: base64(about(ins)) }],
    }),
  'the patient’s own': (ins) => {
    const type = {
      coding: [
        {
          system:
            'https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaireCISIS/FHIR/TRE-A05-TypeDocComplementaireCISIS',
          code: 'DOCPAT03',
        },
      ],
    };
    return claire.post('DocumentReference', { ...kept('text/xml', about(ins)), type });
  },
};

function withType(bundle: Resource, contentType: string): Resource {
  const [, doc, content] = (bundle.entry as { resource: Resource }[]).map(({ resource }) => resource);
  (doc!.content as [{ attachment: Json }])[0].attachment.contentType = contentType;
  content!.contentType = contentType;
  return bundle;
}

const textOf = ({ json }: Reply): string => json.issue[0].details.text;

it.each(Object.entries(WAYS))('takes a CDA about its patient and no other: %s', async (_, send) => {
  const own = await send(NUMBER.claire);
  expect([200, 201]).toContain(own.status);
  const [theirs, nobodys] = [await send(NUMBER.julie), await send(NUMBER.nobody)];
  expect([theirs.status, textOf(theirs)]).toEqual([422, expect.stringContaining('names another patient')]);
  // whether the other has a space, nobody is told, nor anything of theirs
  expect(nobodys.text).toBe(theirs.text);
  expect(theirs.text).not.toContain(NUMBER.julie);
  expect((await claire.get(`DocumentReference?patient=claire&_count=1000`)).text).not.toContain(
    base64(THEIRS),
  );
});

it('the metadata of a CDA are not made for one of two people whom it names', async () => {
  const generate = (content: string): Promise<Reply> =>
    hospital.post('DocumentReference/$generate-metadata', binary('text/xml', content));
  const target = (ins: string): string => /<recordTarget>.*<\/recordTarget>/s.exec(about(ins))![0];
  const both = OWN.replace('78.1"', '78.2"').replace('<author>', `${target(NUMBER.julie)}<author>`);
  const replies = [await generate(OWN), await generate(both)];
  expect(replies.map(({ status }) => status)).toEqual([200, 422]);
  const twice = OWN.replace('<author>', `${target(NUMBER.before)}<author>`);
  expect((await hospital.post('DocumentReference', kept('text/xml', twice))).status).toBe(201);
});

it.each<[string, string, number]>([
  ['a number that the patient had', about(NUMBER.before), 201],
  ['a number under the system for demonstrations', about(NUMBER.demo).replaceAll('1.4.10', '1.4.11'), 201],
  ['that number under another system', about(NUMBER.demo), 422],
  [
    'two numbers, one of another',
    OWN.replace(
      '<id root="1.2.3.4.5"',
      `<id root="1.2.250.1.213.1.4.10" extension="${NUMBER.julie}"/><id root="1.2.3.4.5"`,
    ),
    422,
  ],
  ['all traits and no number', OWN.replaceAll(/<id root="1.2.250.1.213.1.4.10".*\/>/g, ''), 201],
  [
    'a number of no value and all traits',
    OWN.replaceAll(/(root="1.2.250.1.213.1.4.10") extension="\d+"/g, '$1 nullFlavor="UNK"'),
    201,
  ],
  [
    'other traits and no number',
    OWN.replaceAll(/<id root="1.2.250.1.213.1.4.10".*\/>/g, '').replace('19790302', '19790303'),
    422,
  ],
  [
    'traits that are not all',
    OWN.replaceAll(/<id root="1.2.250.1.213.1.4.10".*\/>/g, '')
      .replace(/<birthTime.*\/>/, '')
      .replace('ROUSSELOT', 'MARTIN'),
    201,
  ],
  ['nobody', OWN.replace(/<recordTarget>.*<\/recordTarget>/s, ''), 201],
  ['nobody, and has nothing else', '<ClinicalDocument xmlns="urn:hl7-org:v3"/>', 201],
  [
    'two people, one of them by a number of software alone',
    OWN.replace(
      '<author>',
      '<recordTarget><patientRole><id root="1.2.3.4.5" extension="2"/></patientRole></recordTarget><author>',
    ),
    422,
  ],
  ['somebody, in XML that breaks off', OWN.slice(0, OWN.indexOf('<custodian>')), 422],
])('holds a CDA to whom it names: %s', async (_, content, expected) => {
  expect((await hospital.post('DocumentReference', kept('text/xml', content))).status).toBe(expected);
});

it('a header is held to what the file of its patient says, and no more', async () => {
  const { identifier: _, ...numberless } = person('numberless', []);
  const bare = { ...numberless, id: 'bare', birthDate: '1979' };
  await putAll(carnet.as('all'), [numberless, bare]);
  const filed = async (content: string, of: string): Promise<number> =>
    (await hospital.post('DocumentReference', kept('text/xml', content, `Patient/${of}`))).status;
  const others = OWN.replace('19790302', '19790303');
  expect([await filed(OWN, 'numberless'), await filed(others, 'numberless')]).toEqual([201, 422]);
  expect([await filed(OWN, 'bare'), await filed(others, 'bare')]).toEqual([201, 201]);
});

it('a first given name is told from the list of all', async () => {
  const listed = OWN.replaceAll(/<id root="1.2.250.1.213.1.4.10".*\/>/g, '').replace(
    '<given qualifier="BR">',
    '<given>CLAIRE ANNE</given><given qualifier="BR">',
  );
  expect((await hospital.post('DocumentReference', kept('text/xml', listed))).status).toBe(201);
});

const utf16 = (text: string): Buffer =>
  Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
const declared = (text: string, encoding: string): string =>
  text.replace('encoding="UTF-8"', `encoding="${encoding}"`);
it.each<[string, string, (text: string) => Buffer]>([
  ['UTF-8', 'text/xml', (text) => Buffer.from(text)],
  [
    'UTF-8 behind a mark',
    'text/xml',
    (text) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), Buffer.from(text)]),
  ],
  ['UTF-16, little endian', 'text/xml', (text) => utf16(declared(text, 'UTF-16'))],
  ['UTF-16, big endian', 'application/xml', (text) => utf16(declared(text, 'UTF-16')).swap16()],
  ['Latin-1', 'text/xml', (text) => Buffer.from(declared(text, 'ISO-8859-1'), 'latin1')],
  ['Windows-1252', 'application/hl7-v3+xml', (text) => Buffer.from(declared(text, 'windows-1252'), 'latin1')],
  [
    'no declaration, after a comment',
    'text/xml',
    (text) => Buffer.from(text.replace(/<\?xml.*\?>/, '<!-- é -->')),
  ],
  [
    'prefixes',
    'text/xml',
    (text) => Buffer.from(text.replace('xmlns=', 'xmlns:cda=').replaceAll(/<(\/?)(?=[A-Za-z])/g, '<$1cda:')),
  ],
  ['plain text by its type', 'text/plain', (text) => Buffer.from(text.replace(/<\?xml.*\?>\s*/, ''))],
  [
    'plain text by its type, behind blanks',
    'text/plain',
    (text) => Buffer.from(' '.repeat(5000) + text.replace(/<\?xml.*\?>\s*/, '')),
  ],
])('reads a header in %s', async (_, type, written) => {
  for (const [ins, expected] of [
    [NUMBER.claire, 201],
    [NUMBER.julie, 422],
  ] as const) {
    const content = written(about(ins).replace('DELAUNAY', 'DELAUNÉ'));
    expect((await hospital.post('DocumentReference', kept(type, content))).status).toBe(expected);
  }
});

it('base64 with blanks in it hides no header', async () => {
  const data = `${' '.repeat(900)}${base64(THEIRS).replaceAll(/(.{76})/g, '$1\r\n')}`;
  const sent = document(OF, attached('text/xml', { data }));
  expect((await hospital.post('DocumentReference', sent)).status).not.toBe(201);
});

const told = (reply: Reply): [number, string] => [
  reply.status,
  reply.text.replaceAll(/claire|closed|opposed|absent/g, 'x'),
];
it('of spaces that are closed, opposed or not there a CDA tells nothing, right or wrong', async () => {
  const replies = [];
  for (const of of ['closed', 'opposed', 'absent'] as const)
    for (const ins of [of === 'absent' ? NUMBER.nobody : NUMBER[of], NUMBER.claire])
      replies.push(await hospital.post('DocumentReference', kept('text/xml', about(ins), `Patient/${of}`)));
  const wrong = await hospital.post('DocumentReference', kept('text/xml', THEIRS));
  for (const reply of replies) expect(told(reply)).toEqual(told(wrong));
  // what has no header is taken, as it always was
  for (const of of ['closed', 'opposed', 'absent'])
    expect((await hospital.post('DocumentReference', kept('text/plain', 'x', `Patient/${of}`))).status).toBe(
      201,
    );
});

it.each<[string, () => Resource, number]>([
  ['the number of its Patient', () => fhirOf([current(NUMBER.claire)], named('Autre')), 201],
  ['the number of another', () => fhirOf([current(NUMBER.julie)]), 422],
  ['all traits and no number', () => fhirOf([]), 201],
  ['other traits and no number', () => fhirOf([], named('Martin')), 422],
  ['a number alone', () => fhir({ identifier: current(NUMBER.claire) }), 201],
  ['the number of another alone', () => fhir({ identifier: current(NUMBER.julie) }), 422],
  ['the patient here', () => fhir({ reference: OF }), 201],
  ['the patient here, by the whole address', () => fhir({ reference: `${carnet.base}/${OF}` }), 201],
  ['another here', () => fhir({ reference: 'Patient/julie' }), 422],
  [
    'a copy of the patient here',
    () =>
      fhir(
        { reference: OF },
        { fullUrl: `${carnet.base}/${OF}`, resource: { resourceType: 'Patient', id: 'claire' } },
      ),
    201,
  ],
  [
    'a copy of the patient here with the number of another',
    () =>
      fhir(
        { reference: OF },
        {
          fullUrl: `${carnet.base}/${OF}`,
          resource: { resourceType: 'Patient', id: 'claire', identifier: [current(NUMBER.julie)] },
        },
      ),
    422,
  ],
  [
    'one of the same id elsewhere',
    () => fhir({ reference: 'https://else.example/fhir/Patient/claire' }),
    201,
  ],
  ['a device', () => fhir({ reference: 'Device/hospital-software' }), 422],
  ['nobody', () => fhir(undefined), 201],
  ['somebody in words', () => fhir({ display: 'Claire Rousselot' }), 201],
])('holds a FHIR document to whom it names: %s', async (_, made, expected) => {
  const json = (resource: Resource): string => JSON.stringify(resource);
  const [bundle, of] = [uuid(), uuid()];
  const ways: Record<string, () => Promise<Reply>> = {
    'ITI-65': () =>
      hospital.post(
        '',
        together(
          'transaction',
          post(listOf('submissionset', OF, [of])),
          post(claiming(bundle, 'application/fhir+json'), of),
          post(made(), bundle),
        ),
      ),
    'ITI-105': () =>
      hospital.post('DocumentReference', simplified(kept('application/fhir+json', json(made())))),
    'in XML': () =>
      hospital.post('DocumentReference', kept('application/fhir+xml', xmlOf(Buffer.from(json(made()))))),
    'as JSON': () => hospital.post('DocumentReference', kept('application/json', json(made()))),
    'a Binary': async () =>
      hospital.post(
        'DocumentReference',
        claiming(await raw('application/vnd.x+json', json(made())), 'application/vnd.x+json'),
      ),
  };
  for (const [way, send] of Object.entries(ways)) {
    const { status } = await send();
    expect([way, status === 200 ? 201 : status]).toEqual([way, expected]);
  }
});

it('content that nobody can read as what it says is nobody’s document', async () => {
  const two = `{"resourceType":"Bundle","type":"document","type":"document"}`;
  for (const [type, content] of [
    ['application/fhir+json', two],
    ['text/xml', '<a'],
    ['text/xml', '<?xml version="1.0" encoding="utf-7"?><a/>'],
    ['application/fhir+xml', '<Bundle xmlns="http://hl7.org/fhir"><x/></Bundle>'],
  ] as const) {
    const { status } = await hospital.post('DocumentReference', kept(type, content));
    expect([content, status]).toEqual([content, 422]);
  }
});

it('a professional who tries numbers is slowed down, and told nothing by that', async () => {
  const gp = carnet.as('gp');
  const tries = async (ins: string): Promise<number> =>
    (await gp.post('DocumentReference', kept('text/xml', about(ins)))).status;
  expect(await tries(NUMBER.claire)).toBe(201);
  for (let tried = 0; tried < 3; tried += 1) expect(await tries(NUMBER.nobody)).toBe(422);
  expect([await tries(NUMBER.nobody), await tries(NUMBER.claire), await tries(NUMBER.julie)]).toEqual([
    429, 429, 429,
  ]);
  expect((await gp.post('DocumentReference', kept('text/plain', 'x'))).status).toBe(201);
});

it('what is another depositor’s content is neither looked at nor told by what names it', async () => {
  const at = await raw('text/xml', THEIRS, carnet.as('lab'));
  expect((await hospital.post('DocumentReference', claiming(at))).status).toBe(201);
  expect((await claire.get(at)).status).toBe(404);
});

it('a patient who is registered with it is known', async () => {
  const value = number('050');
  const all = carnet.as('all');
  const put = (resource: Resource): Json => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  });
  const sent = (ins: string, id: string): Resource =>
    together(
      'transaction',
      put(person(id, [current(value)])),
      post(kept('text/xml', about(ins), `Patient/${id}`)),
    );
  expect((await all.post('', sent(NUMBER.julie, 'new-one'))).status).toBe(422);
  const made = await all.post('', sent(value, 'new-one'));
  expect([made.status, place(made.json, 0)]).toEqual([200, 'Patient/new-one']);
});

it('who tries a header is traced, alike whether there is such a space or not', async () => {
  const dentist = carnet.as('dentist');
  const traced = async (of: string): Promise<string> => {
    const { status } = await dentist.post('DocumentReference', kept('text/xml', THEIRS, `Patient/${of}`));
    expect(status).toBe(422);
    const { json } = await carnet.as('all').get('AuditEvent?_sort=-date&_count=1&action=C');
    const { outcome, agent, entity } = json.entry[0].resource;
    return JSON.stringify([outcome, agent, entity])
      .replaceAll(of, 'x')
      .replaceAll(/[0-9a-f-]{36}/g, '');
  };
  const [open, ...others] = [await traced('claire'), await traced('closed'), await traced('absent-1')];
  expect(open).toMatch(/^\["4",.*"Practitioner\/demo-dentist".*"Patient\/x"/);
  expect(others).toEqual([open, open]);
});

it('a FHIR document that says last that it is one is read to its end', async () => {
  const sent = (value: string): string => {
    const { resourceType, ...rest } = fhirOf([current(value)]);
    return JSON.stringify({ language: 'fr', x: 'x'.repeat(40_000), ...rest, resourceType });
  };
  for (const type of ['application/json', 'text/plain'])
    for (const [value, expected] of [
      [NUMBER.claire, 201],
      [NUMBER.julie, 422],
    ] as const)
      expect((await hospital.post('DocumentReference', kept(type, sent(value)))).status).toBe(expected);
  // lines of resources are no document
  const lines = `${JSON.stringify({ resourceType: 'Basic' })}\n${sent(NUMBER.julie)}`;
  expect((await hospital.post('DocumentReference', kept('text/plain', lines))).status).toBe(201);
});

it('a FHIR document that came by itself is claimed by a document of whom it names', async () => {
  const tag = [{ system: 'https://carnet.example/fhir/CodeSystem/handling', code: 'follows-document' }];
  const come = async (value: string): Promise<number> => {
    const made = await hospital.post('Bundle', { ...fhirOf([current(value)]), meta: { tag } });
    expect(made.status).toBe(201);
    const sent = claiming(`Bundle/${made.json.id}`, 'application/fhir+json');
    return (await hospital.post('DocumentReference', sent)).status;
  };
  expect([await come(NUMBER.claire), await come(NUMBER.julie)]).toEqual([201, 422]);
});

it('headers that are slow to read are read up to a bound, of all that is written together', async () => {
  const slow = OWN.replace('<recordTarget>', `${'<realmCode/>'.repeat(4_000)}<recordTarget>`);
  const several = (count: number): Resource =>
    document(OF, {
      content: Array.from({ length: count }, () => ({
        attachment: { contentType: 'text/xml', data: base64(slow) },
      })),
    });
  expect((await hospital.post('DocumentReference', several(2))).status).toBe(201);
  const { status, json } = await hospital.post('DocumentReference', several(60));
  expect([status, json.issue[0].code]).toEqual([413, 'too-long']);
}, 60_000);
