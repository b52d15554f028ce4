/** What PDSm sends, whole: a test leaves out or changes what it is about. */
import type { Json, Resource } from '../../../src/fhir/resource.ts';

const MHD = 'https://profiles.ihe.net/ITI/MHD/StructureDefinition/';
export const PDSM = 'https://interop.esante.gouv.fr/ig/fhir/pdsm/StructureDefinition/';
const RFC = 'urn:ietf:rfc:3986';
const NOS = 'https://mos.esante.gouv.fr/NOS';
const concept = (system: string, code: string) => ({ coding: [{ system, code }] });

export const documentReference = (more: Json = {}): Resource => ({
  resourceType: 'DocumentReference',
  meta: { profile: [`${PDSM}pdsm-comprehensive-document-reference`] },
  contained: [
    { resourceType: 'Practitioner', id: 'author', name: [{ family: 'Martin' }] },
    { resourceType: 'Patient', id: 'source', name: [{ family: 'Durand' }] },
  ],
  masterIdentifier: { use: 'usual', system: RFC, value: 'urn:oid:1.2.250.1.999.1' },
  identifier: [{ use: 'official', system: RFC, value: 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0' }],
  status: 'current',
  type: concept('http://loinc.org', '11502-2'),
  category: [concept(`${NOS}/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument`, '10')],
  subject: { reference: 'Patient/p' },
  date: '2026-03-19T10:00:00+01:00',
  author: [{ reference: '#author' }],
  authenticator: { reference: '#author' },
  custodian: { reference: 'Organization/o' },
  securityLabel: [concept('http://terminology.hl7.org/CodeSystem/v3-Confidentiality', 'N')],
  content: [
    {
      attachment: {
        contentType: 'application/pdf',
        language: 'fr-FR',
        url: 'urn:uuid:11111111-1111-4111-8111-111111111111',
        size: 9,
        hash: 'lWB7AtSKeGy3hol9cnEU/HmBSx4=',
        title: 'Compte rendu',
        creation: '2026-03-19T09:45:00+01:00',
      },
      format: { system: 'urn:oid:1.3.6.1.4.1.19376.1.2.3', code: 'urn:ihe:iti:xds-sd:pdf:2008' },
    },
  ],
  context: {
    period: { start: '2026-03-19' },
    facilityType: concept(`${NOS}/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite`, 'SA01'),
    practiceSetting: concept(`${NOS}/TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice`, 'AMBULATOIRE'),
    sourcePatientInfo: { reference: '#source' },
  },
  ...more,
});

export const submissionSet = (more: Json = {}): Resource => ({
  resourceType: 'List',
  meta: { profile: [`${PDSM}pdsm-submissionset-comprehensive`] },
  contained: [{ resourceType: 'Practitioner', id: 'author', name: [{ family: 'Martin' }] }],
  extension: [
    {
      url: `${MHD}ihe-designationType`,
      valueCodeableConcept: concept(`${NOS}/TRE_R209-TypeActivite/FHIR/TRE-R209-TypeActivite`, '07'),
    },
    { url: `${MHD}ihe-sourceId`, valueIdentifier: { system: RFC, value: 'urn:oid:1.2.250.1.999' } },
  ],
  identifier: [
    { use: 'usual', system: RFC, value: 'urn:oid:1.2.250.1.999.2' },
    { use: 'official', system: RFC, value: 'urn:uuid:5d3d3a7d-82a6-4fe0-8d87-ee2cb87fa219' },
  ],
  status: 'current',
  mode: 'working',
  title: 'Lot',
  code: concept('https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes', 'submissionset'),
  subject: { reference: 'Patient/p' },
  date: '2026-03-19T10:00:00+01:00',
  source: { reference: '#author' },
  entry: [{ item: { reference: 'urn:uuid:22222222-2222-4222-8222-222222222222' } }],
  ...more,
});

export const folder = (more: Json = {}): Resource => ({
  resourceType: 'List',
  meta: { profile: [`${PDSM}pdsm-folder-comprehensive`] },
  extension: [
    { url: `${MHD}ihe-designationType`, valueCodeableConcept: concept('http://loinc.org', '11502-2') },
  ],
  identifier: [{ use: 'usual', system: RFC, value: 'urn:oid:1.2.250.1.999.3' }],
  status: 'current',
  mode: 'working',
  title: 'Grossesse',
  code: concept('https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes', 'folder'),
  subject: { reference: 'Patient/p' },
  date: '2026-03-19T10:00:00+01:00',
  entry: [{ item: { reference: 'urn:uuid:22222222-2222-4222-8222-222222222222' } }],
  ...more,
});

const entry = (id: string, resource: Resource) => ({
  fullUrl: `urn:uuid:${id.repeat(8)}-${id.repeat(4)}-4${id.repeat(3)}-8${id.repeat(3)}-${id.repeat(12)}`,
  resource,
  request: { method: 'POST', url: resource.resourceType },
});

export const provideBundle = (
  more: Resource[] = [],
  set = submissionSet(),
  doc = documentReference(),
): Resource => ({
  resourceType: 'Bundle',
  meta: { profile: [`${PDSM}pdsm-comprehensive-provide-document-bundle`] },
  type: 'transaction',
  entry: [
    entry('3', set),
    entry('2', doc),
    entry('1', { resourceType: 'Binary', contentType: 'application/pdf', data: 'JVBERi0xLjQK' }),
    ...more.map((each, index) => entry(String(index + 4), each)),
  ],
});
