/** The few names and codes of which generated Consents, callers and resources are made, so that they meet. */

export const HL7 = 'http://terminology.hl7.org/CodeSystem';
export const PROFESSIONS =
  'https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante';
export const LOINC = 'http://loinc.org';
export const DOCUMENT_CLASSES =
  'https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument';
export const VISIBILITY =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
export const DELEGATION = 'https://carnet.example/fhir/CodeSystem/delegation';
export const SPACE = 'https://carnet.example/fhir/StructureDefinition/space-status';
export const POLICY = {
  block: 'https://carnet.example/fhir/policy/block',
  administrator: 'https://carnet.example/fhir/policy/administrator',
  maskNew: 'https://carnet.example/fhir/policy/mask-new-documents',
};
export const PCF = [
  'Policy-deny',
  'Policy-basic-normal',
  'Policy-all-normal',
  'Policy-break-glass-only',
  'Policy-other',
].map((name) => `https://profiles.ihe.net/ITI/PCF/${name}`);

/** Whose all of it is. */
export const PATIENT = 'p';
export const NOW = '2026-03-10T12:00:00.000Z';

export const NAMED = [
  'Practitioner/gp',
  'Practitioner/gp',
  'Practitioner/dentist',
  'Organization/practice',
  'Organization/hospital',
  'Patient/other',
  'Device/app',
  'RelatedPerson/aunt',
];
/** Who is named through what stands elsewhere. */
export const THROUGH = [
  'PractitionerRole/gp',
  'PractitionerRole/dentist',
  'CareTeam/t',
  'CareTeam/u',
  'Group/g',
];
/** Who may be named and isn't there, or isn't `Type/id`. */
export const UNTELLABLE = [
  'CareTeam/gone',
  'PractitionerRole/gone',
  'Group/gone',
  'Practitioner/gp/_history/1',
  '#gp',
  '',
  'https://other.example/fhir/Practitioner/gp',
];

export const MARKS = ['U', 'L', 'M', 'N', 'R', 'V'].map((code) => ({
  system: `${HL7}/v3-Confidentiality`,
  code,
}));
export const LABELS = [
  { system: `${HL7}/v3-ActCode`, code: 'HIV' },
  { system: `${HL7}/v3-ActCode`, code: 'PSY' },
  { system: `${HL7}/v3-Confidentiality`, code: 'ETH' },
];
/** Marks of another code system, and labels that look like the gate's own way to write them. */
export const ODD_LABELS = [
  { system: 'https://other.example', code: 'R' },
  { system: '*', code: 'HIV' },
  { system: '*', code: 'MASQUE_PS' },
];
const hiding = (...codes: string[]) =>
  codes.flatMap((code) => [
    { system: VISIBILITY, code },
    { system: 'urn:oid:1.2.250.1.213.1.1.4.13', code },
  ]);
export const MASKS = hiding('MASQUE_PS', 'MASQUE_PT');
export const HIDDEN_FROM_PATIENT = [
  ...hiding('INVISIBLE_PATIENT'),
  { system: 'https://other.example', code: 'INVISIBLE_PATIENT' },
];
export const HIDDEN_FROM_REPRESENTATIVES = hiding('INVISIBLE_REPRESENTANTS_LEGAUX');
export const CODES = [
  { system: LOINC, code: '11502-2' },
  { system: LOINC, code: '8480-6' },
  { system: 'http://snomed.info/sct', code: '11502-2' },
];
export const CATEGORIES = [
  { system: `${HL7}/observation-category`, code: 'laboratory' },
  { system: `${HL7}/v3-ActCode`, code: 'AMB' },
  { system: DOCUMENT_CLASSES, code: '11' },
  { system: DOCUMENT_CLASSES, code: '60' },
];
/** What it is that documents say of themselves: of the class 10, of the class 42, of one that only physicians read. */
export const DOCUMENT_TYPES = [
  { system: LOINC, code: '11502-2' },
  { system: LOINC, code: '57828-6' },
  {
    system:
      'https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaireCISIS/FHIR/TRE-A05-TypeDocComplementaireCISIS',
    code: 'REMB',
  },
];
export const TYPES = [
  'Observation',
  'DocumentReference',
  'Encounter',
  'Condition',
  'Composition',
  'QuestionnaireResponse',
  'ImagingStudy',
  'CarePlan',
  'Immunization',
  'AllergyIntolerance',
  'Patient',
  'Consent',
  'AuditEvent',
];
export const PROFILES = ['https://x.example/lab', 'https://x.example/lab|2.0'];
export const REFERENCES = [
  'Encounter/e',
  'EpisodeOfCare/s',
  'CarePlan/c',
  'Observation/1',
  'DocumentReference/2',
  'Patient/p',
  'Practitioner/gp',
  'Organization/hospital',
];

export const DATES = [
  '2019',
  '2024-02',
  '2024-02-29',
  '2025-12-31T23:30:00-02:00',
  '2026-03-10',
  '2026-03-10T12:00:00Z',
  '2026-03-10T13:59:59.999+02:00',
  '2026-03',
  '2026',
  '2027-01-01T00:00:00+14:00',
  '2030',
];
export const NO_DATES = ['2026-02-30', '2026-13', 'tomorrow', '2026-03-10T25:00:00Z', 2026];
export const MOMENTS = [
  NOW,
  NOW,
  NOW,
  '2018-06-01T00:00:00.000Z',
  '2024-02-29T23:59:59.999Z',
  '2024-03-01T00:00:00.000Z',
  '2026-03-10T11:59:59.999Z',
  '2026-03-10T12:00:00.999Z',
  '2026-12-31T10:00:00.000Z',
];
/** A month before most of the moments, and about it. */
export const HIDDEN_SINCE = [
  '2018-04-30T00:00:00.000Z',
  '2024-01-29T23:59:59.999Z',
  '2026-02-10T11:59:59.999Z',
  '2026-02-10T12:00:00.000Z',
  '2026-03-01T00:00:00.000Z',
  '2026-11-30T23:59:59.999Z',
  '2026-12-01T00:00:00.000Z',
];
