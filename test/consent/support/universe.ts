/** The few names and codes of which generated Consents, callers and resources are made, so that they meet. */

export const HL7 = 'http://terminology.hl7.org/CodeSystem';
export const PROFESSIONS =
  'https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante';
export const LOINC = 'http://loinc.org';
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
/** Who or what may be named and isn't told by a token, or isn't `Type/id`. */
export const UNTELLABLE = [
  'CareTeam/t',
  'PractitionerRole/gp',
  'Group/g',
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
export const CODES = [
  { system: LOINC, code: '11502-2' },
  { system: LOINC, code: '8480-6' },
  { system: 'http://snomed.info/sct', code: '11502-2' },
];
export const CATEGORIES = [
  { system: `${HL7}/observation-category`, code: 'laboratory' },
  { system: `${HL7}/v3-ActCode`, code: 'AMB' },
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
