/** What classifications and identifiers of XDS stand for: https://profiles.ihe.net/ITI/TF/Volume3/ch-4.2.html#4.2.5.2 */
export const SCHEME = {
  author: 'urn:uuid:93606bcf-9494-43ec-9b4e-a7748d1a838d',
  class: 'urn:uuid:41a5887f-8865-4c09-adf7-e362475b143a',
  confidentiality: 'urn:uuid:f4f85eac-e6cb-4883-b524-f2705394840f',
  event: 'urn:uuid:2c6b8cb7-8b2a-4051-b291-b1ae6a575ef4',
  format: 'urn:uuid:a09d5840-386c-46f2-b5ad-9c3699a4309d',
  facility: 'urn:uuid:f33fb8ac-18af-42cc-ae0e-ed0b0bdb91e1',
  setting: 'urn:uuid:cccf5598-8b07-4b77-a05e-ae952c785ead',
  type: 'urn:uuid:f0306f51-975f-434e-a61c-c59651d33983',
  patientId: 'urn:uuid:58a6f841-87b3-4a3e-92fd-a8ffeff98427',
  uniqueId: 'urn:uuid:2e82c1f6-a085-4c72-9da3-8640a32e42ab',
  setAuthor: 'urn:uuid:a7058bb9-b4e4-4307-ba5b-e3f0ab85e12d',
  setType: 'urn:uuid:aa543740-bdda-424e-8c96-df4873be8500',
  setPatientId: 'urn:uuid:6b5aea1a-874d-4603-a4bc-96a0a7b38446',
  setSourceId: 'urn:uuid:554ac39e-e3fe-47fe-b233-965d2a147832',
  setUniqueId: 'urn:uuid:96fdda7c-d067-4183-912e-bf5ee74998a8',
  folderPatientId: 'urn:uuid:f64ffdf0-4b97-4e06-b79f-a52b38ec2f8a',
  folderUniqueId: 'urn:uuid:75df8f67-9973-4fbe-a900-df66cefecc5a',
} as const;

const NOS = 'https://mos.esante.gouv.fr/NOS';

/** Code systems that XDS and CDA name by OID. The others stay `urn:oid:`. */
const SYSTEMS: Readonly<Record<string, string>> = {
  '2.16.840.1.113883.6.1': 'http://loinc.org',
  '2.16.840.1.113883.6.96': 'http://snomed.info/sct',
  '2.16.840.1.113883.6.3': 'http://hl7.org/fhir/sid/icd-10',
  '2.16.840.1.113883.5.25': 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality',
  '2.16.840.1.113883.5.4': 'http://terminology.hl7.org/CodeSystem/v3-ActCode',
  '1.2.250.1.71.4.2.4': `${NOS}/TRE_R02-SecteurActivite/FHIR/TRE-R02-SecteurActivite`,
  '1.2.250.1.213.1.1.4.1': `${NOS}/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument`,
  '1.2.250.1.213.1.1.4.6': `${NOS}/TRE_A00-ProducteurDocNonPS/FHIR/TRE-A00-ProducteurDocNonPS`,
  '1.2.250.1.213.1.1.4.9': `${NOS}/TRE_A01-CadreExercice/FHIR/TRE-A01-CadreExercice`,
  '1.2.250.1.213.1.1.4.2.282': `${NOS}/TRE_A06-FormatCodeComplementaire/FHIR/TRE-A06-FormatCodeComplementaire`,
  '1.2.250.1.213.1.1.4.12': `${NOS}/TRE_A05-TypeDocComplementaireCISIS/FHIR/TRE-A05-TypeDocComplementaireCISIS`,
  '1.2.250.1.213.1.1.4.13': `${NOS}/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument`,
  '1.3.6.1.4.1.19376.1.2.3': 'http://ihe.net/fhir/ihe.formatcode.fhir/CodeSystem/formatcode',
  '1.2.840.10008.2.6.1': 'http://dicom.nema.org/resources/ontology/DCM',
};

export function systemOf(scheme: string): string {
  const oid = scheme.replace(/^urn:oid:/, '');
  return SYSTEMS[oid] ?? (/^[0-2](\.\d+)+$/.test(oid) ? `urn:oid:${oid}` : scheme);
}
