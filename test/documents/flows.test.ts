/** The flows of PDSm through a client that others wrote: https://github.com/Vermonster/fhir-kit-client */
import { Client, type FhirResource } from 'fhir-kit-client';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import {
  ARCHIVED,
  MHD,
  VISIBILITY,
  document,
  inline,
  label,
  listOf,
  oid,
  place,
  provided,
} from './support.ts';

const INS = 'urn:oid:1.2.250.1.213.1.4.10';
const OF = 'Patient/demo-mother';
const LISTS = `${MHD}/CodeSystem/MHDlistTypes`;

let carnet: TestServer;
let hospital: Client;
let sent: Resource;
let at: string[];
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await putAll(carnet.as('all'), [
    { resourceType: 'Patient', id: 'demo-mother', identifier: [{ system: INS, value: '124018852493334' }] },
    {
      resourceType: 'Patient',
      id: 'closed',
      active: false,
      identifier: [{ system: INS, value: '279035121518989' }],
    },
  ]);
  hospital = new Client({ baseUrl: carnet.base, bearerToken: carnet.token('hospital') });
  sent = provided({
    of: OF,
    text: 'le compte rendu',
    folder: true,
    more: { masterIdentifier: { system: 'urn:ietf:rfc:3986', value: oid() } },
  });
  const answer = await hospital.transaction({ body: sent as FhirResource & { type: 'transaction' } });
  at = [0, 1, 2, 3].map((index) => place(answer as never, index));
});
afterAll(() => carnet?.close());

type Found = {
  total: number;
  entry?: { resource: Resource; search: { mode: string } }[];
  link: { relation: string; url: string }[];
};
const search = async (
  resourceType: string,
  searchParams: Record<string, string>,
  client = hospital,
): Promise<Found> => (await client.search({ resourceType, searchParams })) as unknown as Found;
const ids = ({ entry = [] }: Found): string[] =>
  entry
    .filter(({ search: { mode } }) => mode === 'match')
    .map(({ resource }) => `${resource.resourceType}/${resource.id}`);
const warnings = ({ entry = [] }: Found): string[] =>
  entry
    .filter(({ search: { mode } }) => mode === 'outcome')
    .flatMap(({ resource }) =>
      (resource.issue as { details: { text: string } }[]).map(({ details }) => details.text),
    );

describe('finding documents', () => {
  const unique = () => {
    const { masterIdentifier } = (sent.entry as { resource: Resource }[])[1]!.resource;
    return (masterIdentifier as { value: string }).value;
  };
  it.each<[string, () => Record<string, string>]>([
    ['patient and status', () => ({ patient: OF, status: 'current' })],
    ['patient.identifier', () => ({ 'patient.identifier': `${INS}|124018852493334`, status: 'current' })],
    ['identifier', () => ({ patient: OF, status: 'current', identifier: `urn:ietf:rfc:3986|${unique()}` })],
    ['type', () => ({ patient: OF, status: 'current', type: 'http://loinc.org|34112-3' })],
    ['category', () => ({ patient: OF, status: 'current', category: '10' })],
    ['facility', () => ({ patient: OF, status: 'current', facility: 'SA01' })],
    ['setting', () => ({ patient: OF, status: 'current', setting: 'ETABLISSEMENT' })],
    ['format', () => ({ patient: OF, status: 'current', format: 'urn:ihe:iti:xds:2017:mimeTypeSufficient' })],
    ['security-label', () => ({ patient: OF, status: 'current', 'security-label': 'N' })],
    ['creation', () => ({ patient: OF, status: 'current', creation: 'ge2026-05-01' })],
    ['date', () => ({ patient: OF, status: 'current', date: 'ge2026-05-01' })],
    ['period', () => ({ patient: OF, status: 'current', period: 'ge2026-04-01' })],
    ['period-start', () => ({ patient: OF, status: 'current', 'period-start': 'le2026-06-01' })],
    ['author', () => ({ patient: OF, status: 'current', author: 'Organization/demo-hospital' })],
  ])('by %s', async (_, parameters) => {
    const found = await search('DocumentReference', parameters());
    expect(ids(found)).toEqual([at[1]]);
    expect(warnings(found)).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ['another status', { patient: OF, status: 'superseded' }],
    ['an archive', { patient: OF, status: 'current', isArchived: 'true' }],
    ['a later period', { patient: OF, status: 'current', 'period-start': 'ge2027-01-01' }],
  ])('%s finds none', async (_, parameters) => {
    expect(ids(await search('DocumentReference', parameters))).toEqual([]);
  });

  it('says what PDSm would have too, and finds all the same', async () => {
    const found = await search('DocumentReference', { 'patient.identifier': `${INS}|124018852493334` });
    expect([ids(found), warnings(found)]).toEqual([[at[1]], [expect.stringContaining('`status`')]]);
    const lists = await search('List', { 'patient.identifier': `${INS}|124018852493334` });
    expect([ids(lists).length, warnings(lists)]).toEqual([2, [expect.stringContaining('`code`, `status`')]]);
  });

  it('an unknown number and that of a closed space find alike', async () => {
    const [unknown, closed] = [
      await search('DocumentReference', {
        'patient.identifier': `${INS}|299999999999934`,
        status: 'current',
      }),
      await search('DocumentReference', {
        'patient.identifier': `${INS}|279035121518989`,
        status: 'current',
      }),
    ];
    expect(unknown).toMatchObject({ total: 0 });
    expect(JSON.stringify(unknown)).toBe(JSON.stringify(closed));
  });

  it('`relatesTo` is R4’s `relatesto`', async () => {
    const replaced = (await hospital.create({
      resourceType: 'DocumentReference',
      body: inline(OF, 'v1') as never,
    })) as FhirResource & { id: string };
    const target = { reference: `DocumentReference/${replaced.id}` };
    const body = inline(OF, 'v2', { relatesTo: [{ code: 'replaces', target }] });
    const next = (await hospital.create({
      resourceType: 'DocumentReference',
      body: body as never,
    })) as FhirResource & { id: string };
    const found = await search('DocumentReference', { patient: OF, relatesTo: target.reference });
    expect(ids(found)).toEqual([`DocumentReference/${next.id}`]);
    for (const asked of [
      { relatesto: target.reference },
      { relatesTo: target.reference, relation: 'replaces' },
      { relationship: `${target.reference}$replaces` },
    ])
      expect(ids(await search('DocumentReference', { patient: OF, ...asked } as never))).toEqual(ids(found));
    const old = await search('DocumentReference', { patient: OF, status: 'superseded' });
    expect(ids(old)).toEqual([target.reference]);
    await hospital.delete({ resourceType: 'DocumentReference', id: next.id });
  });
});

describe('finding lots and folders', () => {
  it.each<[string, Record<string, string>, number]>([
    ['lots', { patient: OF, status: 'current', code: `${LISTS}|submissionset` }, 0],
    ['folders', { patient: OF, status: 'current', code: `${LISTS}|folder` }, 3],
    [
      'lots by source',
      { patient: OF, status: 'current', code: `${LISTS}|submissionset`, source: 'Device/hospital-software' },
      0,
    ],
    [
      'lots by designationType',
      { patient: OF, status: 'current', code: `${LISTS}|submissionset`, DesignationType: '34112-3' },
      0,
    ],
    [
      'lots by SourceId',
      { patient: OF, status: 'current', code: `${LISTS}|submissionset`, SourceId: 'urn:oid:1.2.250.1.999.1' },
      0,
    ],
    [
      'lots by date',
      { patient: OF, status: 'current', code: `${LISTS}|submissionset`, date: 'ge2026-05-01' },
      0,
    ],
  ])('%s', async (_, parameters, index) => {
    const found = await search('List', parameters);
    expect([ids(found), warnings(found)]).toEqual([[at[index]], []]);
  });
});

it('reads the content of a document, all of it or a range, and not again what it has', async () => {
  const reader = carnet.as('hospital');
  const whole = await reader.get(at[2]!, { accept: 'text/plain' });
  const part = await reader.get(at[2]!, { accept: 'text/plain', range: 'bytes=3-8' });
  const again = await reader.get(at[2]!, {
    accept: 'text/plain',
    'if-none-match': whole.headers.get('etag')!,
  });
  expect([whole.text, whole.headers.get('content-type')]).toEqual([
    'le compte rendu',
    expect.stringContaining('text/plain'),
  ]);
  expect([part.status, part.text, again.status]).toEqual([206, 'compte', 304]);
});

it('changes metadata by a conditional patch', async () => {
  const patient = new Client({ baseUrl: carnet.base, bearerToken: carnet.token('patient') });
  const { id } = (await hospital.create({
    resourceType: 'DocumentReference',
    body: inline(OF, 'x') as never,
  })) as FhirResource & { id: string };
  const jsonPatch = [
    { op: 'add', path: '/securityLabel/-', value: label(VISIBILITY, 'MASQUE_PS') },
    { op: 'add', path: '/extension', value: [{ url: ARCHIVED, valueBoolean: true }] },
  ];
  await patient.patch({ resourceType: 'DocumentReference', id, jsonPatch: jsonPatch as never });
  const found = await search(
    'DocumentReference',
    { patient: OF, status: 'current', isArchived: 'true' },
    patient,
  );
  expect(ids(found)).toEqual([`DocumentReference/${id}`]);
  const seen = (await carnet.as('gp').get(`DocumentReference/${id}`)).status;
  expect(seen).toBe(404);
  await hospital.delete({ resourceType: 'DocumentReference', id });
});

it('who wrote it is found by name and number, in what a document and a SubmissionSet contain', async () => {
  const contained = [
    {
      resourceType: 'PractitionerRole',
      id: 'role',
      practitioner: { reference: '#person' },
      organization: { reference: '#place' },
    },
    {
      resourceType: 'Practitioner',
      id: 'person',
      identifier: [{ system: 'urn:oid:1.2.250.1.71.4.2.1', value: '899700999999' }],
      name: [{ family: 'Bernardin-Lacombe', given: ['Solène'] }],
    },
    { resourceType: 'Organization', id: 'place', name: 'Maison de santé des Essais' },
  ] as Json[];
  const reader = carnet.as('hospital');
  const made = await reader.post(
    'DocumentReference',
    inline(OF, 'x', { contained, author: [{ reference: '#role' }] }),
  );
  const listed = await reader.post(
    'List',
    listOf('submissionset', OF, [`DocumentReference/${made.json.id}`], {
      contained,
      source: { reference: '#role' },
    }),
  );
  expect([made.status, listed.status]).toEqual([201, 201]);
  const role = (type: string, parameter: string, ask: string) =>
    reader.get(`${type}?patient=demo-mother&status=current&${parameter}:PractitionerRole.${ask}`);
  for (const [type, parameter, id] of [
    ['DocumentReference', 'author', made.json.id],
    ['List', 'source', listed.json.id],
  ]) {
    for (const ask of [
      'practitioner.family=bernardin',
      'practitioner.family=Bernardin-La',
      'practitioner:Practitioner.given=sol%C3%A8ne',
      'practitioner.identifier=urn:oid:1.2.250.1.71.4.2.1|899700999999',
      'organization.name=maison',
    ]) {
      const { status, json } = await role(type!, parameter!, ask);
      expect([ask, status, ids(json)]).toEqual([ask, 200, [`${type}/${id}`]]);
    }
    for (const ask of [
      'practitioner.family=lacombe',
      'practitioner.given=bernardin',
      'organization.name=essais',
    ])
      expect([ask, (await role(type!, parameter!, ask)).json.total]).toEqual([ask, 0]);
  }
  await reader.delete(`List/${listed.json.id}`);
  await reader.delete(`DocumentReference/${made.json.id}`);
});

describe('$docref', () => {
  it('gives the current documents of a patient, by GET and by POST', async () => {
    const reader = carnet.as('hospital');
    const got = await reader.get(
      'DocumentReference/$docref?patient=demo-mother&start=2026-05-01&end=2026-05-31',
    );
    const posted = await reader.post('DocumentReference/$docref', {
      resourceType: 'Parameters',
      parameter: [
        { name: 'patient', valueId: 'demo-mother' },
        { name: 'type', valueCodeableConcept: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] } },
      ],
    });
    expect([got.status, ids(got.json)]).toEqual([200, [at[1]]]);
    expect([posted.status, ids(posted.json)]).toEqual([200, [at[1]]]);
    const none = await reader.get('DocumentReference/$docref?patient=demo-mother&end=2020-01-01');
    expect(none.json.total).toBe(0);
  });

  it.each([
    ['without a patient', 'DocumentReference/$docref', 400],
    ['with an unknown parameter', 'DocumentReference/$docref?patient=demo-mother&author=x', 400],
    ['with a profile that is no address', 'DocumentReference/$docref?patient=demo-mother&profile=x', 400],
    ['with two patients', 'DocumentReference/$docref?patient=demo-mother&patient=demo-father', 400],
    ['with two starts', 'DocumentReference/$docref?patient=demo-mother&start=2026&start=2025', 400],
    ['with an odd flag', 'DocumentReference/$docref?patient=demo-mother&on-demand=perhaps', 400],
  ])('%s is refused', async (_, path, status) => {
    expect((await carnet.as('hospital').get(path)).status).toBe(status);
  });

  it('gives none when those made on demand alone are asked for', async () => {
    const reader = carnet.as('hospital');
    const path = 'DocumentReference/$docref?patient=demo-mother';
    expect((await reader.get(`${path}&on-demand=true`)).json.total).toBe(0);
    expect((await reader.get(`${path}&on-demand=false`)).json.total).toBe(1);
  });

  it('takes any of several types', async () => {
    const found = await carnet
      .as('hospital')
      .get('DocumentReference/$docref?patient=demo-mother&type=http://loinc.org|11488-4&type=34112-3');
    expect(ids(found.json)).toEqual([at[1]]);
  });

  it('gives those that claim one of the profiles, by each address of it', async () => {
    const reader = carnet.as('hospital');
    const profile = `${MHD}/StructureDefinition/IHE.MHD.Minimal.DocumentReference`;
    const { contained: _, ...minimal } = document('Patient/demo-mother', { meta: { profile: [profile] } });
    const content = [{ attachment: { contentType: 'text/plain', url: 'https://else.example/x' } }];
    const { json: made, text } = await reader.post('DocumentReference', { ...minimal, content });
    expect(text).toContain('"DocumentReference"');
    const docref = (...asked: string[]) =>
      reader.get(
        `DocumentReference/$docref?patient=demo-mother&${asked.map((each) => `profile=${encodeURIComponent(each)}`).join('&')}`,
      );
    const [other, own] = [
      'http://else.example/Profile',
      'https://carnet.example/fhir/StructureDefinition/mhd-minimal-document-reference',
    ];
    for (const asked of [[profile], [profile.replace('https:', 'http:')], [own], [other, profile]]) {
      const { status, json } = await docref(...asked);
      expect([asked, status, ids(json)]).toEqual([asked, 200, [`DocumentReference/${made.id}`]]);
    }
    expect((await docref(other)).json.total).toBe(0);
    const posted = await reader.post('DocumentReference/$docref', {
      resourceType: 'Parameters',
      parameter: [
        { name: 'patient', valueId: 'demo-mother' },
        { name: 'profile', valueCanonical: profile },
      ],
    });
    expect(ids(posted.json)).toEqual([`DocumentReference/${made.id}`]);
    await reader.delete(`DocumentReference/${made.id}`);
  });

  it('says in the CapabilityStatement what it finds', async () => {
    const { rest } = (await carnet.as('hospital').get('metadata')).json;
    const { operation } = rest[0].resource.find(({ type }: Json) => type === 'DocumentReference');
    const docref = operation.find(({ name }: Json) => name === 'docref');
    expect(docref.documentation).toContain('on-demand=true finds none');
  });

  it('is as any search of who may not read: hidden is absent', async () => {
    const lab = carnet.as('lab');
    const [hidden, absent] = [
      await lab.get('DocumentReference/$docref?patient=demo-mother'),
      await lab.get('DocumentReference/$docref?patient=nobody'),
    ];
    expect([hidden.status, hidden.json.total, absent.json.total]).toEqual([200, 0, 0]);
  });
});

it('says in its CapabilityStatement whose actors it is', async () => {
  const statement = (await carnet.as('hospital').get('metadata')).json as Json;
  expect(statement.instantiates).toEqual(
    expect.arrayContaining([
      expect.stringContaining('IHE.MHD.DocumentRecipient'),
      expect.stringContaining('PDSm-Gestionnaire'),
      'http://hl7.eu/fhir/health-data-api/CapabilityStatement/document-access-provider-eu-api',
    ]),
  );
  const types = (statement.rest as [{ resource: Json[] }])[0].resource;
  const profiles = types.find(({ type }) => type === 'DocumentReference')!.supportedProfile;
  expect(profiles).toEqual(
    expect.arrayContaining([
      'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Minimal.DocumentReference',
      'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-simplified-publish',
      'https://carnet.example/fhir/StructureDefinition/pdsm-simplified-publish',
    ]),
  );
});
