/** ITI-106: documents whose metadata the server makes, from CDA headers and FHIR documents. */
import { readCda } from '../../src/documents/cda-header.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';
import { LEVEL1, cda } from './cda.ts';
import { sha1, uuid } from './support.ts';

const INS = '124018852493334';
let carnet: TestServer;
let hospital: Client;
let patient: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  [hospital, patient] = [carnet.as('hospital'), carnet.as('patient')];
  const identifier = [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: INS }];
  await putAll(carnet.as('all'), [
    { resourceType: 'Patient', id: 'demo-mother', identifier },
    {
      resourceType: 'Patient',
      id: 'closed',
      active: false,
      identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: '279035121518989' }],
    },
  ]);
});
afterAll(() => carnet?.close());

const binary = (content: string, contentType = 'text/xml'): Resource => ({
  resourceType: 'Binary',
  contentType,
  data: Buffer.from(content).toString('base64'),
});
const generate = (resource: Resource, client = hospital): Promise<Reply> =>
  client.post('DocumentReference/$generate-metadata', {
    resourceType: 'Parameters',
    parameter: [{ name: 'document', resource }],
  });
const referenceIn = ({ json }: Reply): string => json.parameter[0].valueReference.reference;

const NOS = 'https://mos.esante.gouv.fr/NOS';

it('a CDA document is described by its header', async () => {
  const content = cda({ id: '1.2.250.1.213.77.1', ins: INS });
  const reply = await generate(binary(content));
  expect([reply.status, reply.json?.parameter?.[0]?.name]).toEqual([200, 'DocumentReference']);
  const {
    id: _id,
    meta: _meta,
    contained,
    content: held,
    ...rest
  } = (await patient.get(referenceIn(reply))).json;
  expect(rest).toEqual({
    resourceType: 'DocumentReference',
    masterIdentifier: { system: 'urn:ietf:rfc:3986', value: 'urn:oid:1.2.250.1.213.77.1' },
    identifier: [{ system: 'urn:oid:1.2.250.1.213.1.1.9', value: 'lot-1' }],
    status: 'current',
    type: { coding: [{ system: 'http://loinc.org', code: '34112-3', display: 'CR hospitalier' }] },
    category: [
      {
        coding: [
          {
            system: 'https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument',
            code: '10',
          },
        ],
      },
    ],
    subject: { reference: 'Patient/demo-mother' },
    date: '2026-05-02T10:15:00+02:00',
    author: [{ reference: '#by-1' }],
    custodian: { reference: '#by-2' },
    authenticator: { reference: '#by-3' },
    description: "Compte rendu d'hospitalisation",
    securityLabel: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
            code: 'N',
            display: 'Normal',
          },
        ],
      },
    ],
    context: {
      event: [
        { coding: [{ system: 'urn:oid:1.2.250.1.213.2.5', code: 'HHFA001', display: 'Appendicectomie' }] },
      ],
      period: { start: '2026-04-28', end: '2026-05-02' },
      facilityType: {
        coding: [{ system: `${NOS}/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite`, code: 'SA01' }],
      },
      practiceSetting: {
        coding: [{ system: `${NOS}/TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice`, code: 'AMBULATOIRE' }],
      },
      sourcePatientInfo: { reference: '#patient' },
    },
  });
  const [whose, author] = contained;
  expect([whose.name[0].family, whose.gender, whose.birthDate]).toEqual([
    'ROUSSELOT',
    'female',
    '1979-03-02',
  ]);
  expect(author.name[0]).toEqual({ use: 'official', family: 'LAMBERT', given: ['Sophie'] });
  const { attachment } = held[0];
  const bytes = Buffer.from(content);
  expect(attachment).toMatchObject({
    contentType: 'text/xml',
    language: 'fr-FR',
    size: bytes.length,
    hash: sha1(bytes),
  });
  expect((await patient.get(attachment.url, { accept: 'text/xml' })).text).toBe(content);
});

it.each([
  'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/pdsm-comprehensive-document-reference',
  'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.Comprehensive.DocumentReference',
])('what is made of a header is as %s has it', async (profile) => {
  const reply = await generate(binary(cda({ id: '1.2.250.1.213.77.1', ins: INS })));
  const { json: made } = await hospital.get(referenceIn(reply));
  const { json } = await hospital.post(`DocumentReference/$validate?profile=${profile}`, made);
  expect(json.issue).toEqual([expect.objectContaining({ severity: 'information' })]);
});

it('each confidentiality of a CDA document is a label, a mask too', async () => {
  const masked = cda({ id: '1.2.250.1.213.77.31', ins: INS }).replace(
    '<languageCode',
    '<confidentialityCode code="MASQUE_PS" codeSystem="1.2.250.1.213.1.1.4.13"/><languageCode',
  );
  const made = await generate(binary(masked));
  const { securityLabel } = (await hospital.get(referenceIn(made))).json;
  expect(securityLabel.map(({ coding }: Json) => (coding as [Json])[0].code)).toEqual(['N', 'MASQUE_PS']);
});

it('a level 1 document says what it holds', async () => {
  const reply = await generate(binary(cda({ id: '1.2.250.1.213.77.2', ins: INS, body: LEVEL1('JVBERi0=') })));
  expect((await patient.get(referenceIn(reply))).json.content[0].format.code).toBe(
    'urn:ihe:iti:xds-sd:pdf:2008',
  );
});

it('one that replaces another supersedes it; one that is sent again is not doubled', async () => {
  const first = await generate(binary(cda({ id: '1.2.250.1.213.77.3', ins: INS })));
  const next = binary(cda({ id: '1.2.250.1.213.77.4', ins: INS, replaces: '1.2.250.1.213.77.3' }));
  const second = await generate(next);
  expect((await patient.get(referenceIn(first))).json.status).toBe('superseded');
  const again = await generate(next);
  expect([again.status, referenceIn(again)]).toEqual([200, referenceIn(second)]);
});

it('a FHIR document is described by its Composition, and stays one', async () => {
  const [composition, whose, doctor] = [uuid(), uuid(), uuid()];
  const bundle: Resource = {
    resourceType: 'Bundle',
    identifier: { system: 'urn:ietf:rfc:3986', value: uuid() },
    type: 'document',
    timestamp: '2026-05-02T10:00:00Z',
    entry: [
      {
        fullUrl: composition,
        resource: {
          resourceType: 'Composition',
          status: 'final',
          type: { coding: [{ system: 'http://loinc.org', code: '60591-5' }] },
          subject: { reference: whose },
          date: '2026-05-02',
          author: [{ reference: doctor }],
          title: 'Volet de synthèse médicale',
          confidentiality: 'N',
        },
      },
      {
        fullUrl: whose,
        resource: {
          resourceType: 'Patient',
          identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: INS }],
        },
      },
      { fullUrl: doctor, resource: { resourceType: 'Practitioner', name: [{ family: 'Lambert' }] } },
    ],
  };
  const reply = await generate(bundle);
  const { json } = await patient.get(referenceIn(reply));
  expect([json.subject.reference, json.category[0].coding[0].code, json.description, json.date]).toEqual([
    'Patient/demo-mother',
    '11',
    'Volet de synthèse médicale',
    '2026-05-02T00:00:00Z',
  ]);
  const given = await patient.get(json.content[0].attachment.url);
  expect([given.status, given.json.entry.length, given.json.type]).toEqual([200, 3, 'document']);
});

it.each<[string, Resource, number]>([
  ['a PDF', binary('%PDF-1.7', 'application/pdf'), 400],
  ['XML that is no CDA', binary('<html/>'), 400],
  [
    'a document type',
    binary('<!DOCTYPE a [<!ENTITY x "y">]><ClinicalDocument xmlns="urn:hl7-org:v3">&x;</ClinicalDocument>'),
    400,
  ],
  ['a header without an id', binary(cda({ id: '1.2.3', ins: INS }).replace('<id root="1.2.3"/>', '')), 422],
  ['a Bundle that is no document', { resourceType: 'Bundle', type: 'collection' }, 422],
])('%s is refused', async (_, resource, status) => {
  expect((await generate(resource)).status).toBe(status);
});

it('an unknown patient and a closed space are refused alike', async () => {
  const [unknown, closed] = [
    await generate(binary(cda({ id: '1.2.250.1.213.77.8', ins: '299999999999934' }))),
    await generate(binary(cda({ id: '1.2.250.1.213.77.8', ins: '279035121518989' }))),
  ];
  expect([unknown.status, unknown.text]).toEqual([422, closed.text]);
});

it('reads times without a zone as days, and leaves out what is no time', () => {
  const content = cda({ id: '1.2.3', ins: INS });
  const { document } = readCda(Buffer.from(content.replace('20260502101500+0200', '202605021015')));
  expect(document.date).toBe('2026-05-02T00:00:00Z');
  const bad = readCda(
    Buffer.from(content.replace('<low value="20260428"/><high', '<low value="soon"/><high')),
  );
  expect((bad.document.context as Json).period).toEqual({ end: '2026-05-02' });
});
