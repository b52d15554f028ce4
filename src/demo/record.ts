/** Care teams, allergies, conditions and treatments: https://hl7.org/fhir/R4/clinicalsummary-module.html */
import type { Json, Resource } from '../fhir/resource.ts';
import { ago, at } from './calendar.ts';
import type { Span } from './calendar.ts';
import type { Deposited } from './callers.ts';
import { coding, concept, quantity, ref } from './codes.ts';
import { MEMBERS, patientRef } from './family.ts';
import type { Member } from './family.ts';

const GP = ref('Practitioner/demo-gp', 'Dr Sophie Lambert');

interface Allergy {
  of: Member;
  id: string;
  substance: Json;
  category: 'medication' | 'food' | 'environment';
  criticality: 'low' | 'high';
  ago: Span;
  manifestation?: string;
}

const ALLERGIES: Allergy[] = [
  {
    of: 'mother',
    id: 'penicillin',
    substance: concept('atc', 'J01C', 'Pénicillines'),
    category: 'medication',
    criticality: 'high',
    ago: { years: 12 },
    manifestation: 'Urticaire',
  },
  {
    of: 'father',
    id: 'pollen',
    substance: { text: 'Pollens de graminées' },
    category: 'environment',
    criticality: 'low',
    ago: { years: 20 },
    manifestation: 'Rhinite',
  },
  {
    of: 'child',
    id: 'peanut',
    substance: { text: 'Arachide' },
    category: 'food',
    criticality: 'high',
    ago: { years: 1, months: 2 },
    manifestation: 'Œdème des lèvres',
  },
  {
    of: 'grandmother',
    id: 'aspirin',
    substance: concept('atc', 'N02BA01', 'Acide acétylsalicylique'),
    category: 'medication',
    criticality: 'low',
    ago: { years: 9 },
  },
];

interface Problem {
  of: Member;
  id: string;
  /** ICD-10 */
  code: string;
  label: string;
  ago: Span;
  over?: Span;
}

const PROBLEMS: Problem[] = [
  { of: 'mother', id: 'anaemia', code: 'D50.9', label: 'Anémie par carence en fer', ago: { years: 2 } },
  {
    of: 'father',
    id: 'appendicitis',
    code: 'K35.8',
    label: 'Appendicite aiguë',
    ago: { years: 4, months: 2 },
    over: { years: 4, months: 1 },
  },
  { of: 'teen', id: 'asthma', code: 'J45.0', label: 'Asthme à prédominance allergique', ago: { years: 7 } },
  {
    of: 'grandmother',
    id: 'hypertension',
    code: 'I10',
    label: 'Hypertension essentielle',
    ago: { years: 11 },
  },
  { of: 'grandmother', id: 'diabetes', code: 'E11.9', label: 'Diabète de type 2', ago: { years: 3 } },
];

interface Treatment {
  of: Member;
  id: string;
  /** ATC */
  code: string;
  label: string;
  dose: string;
  times: number;
  ago: Span;
  days: number;
}

const TREATMENTS: Treatment[] = [
  {
    of: 'mother',
    id: 'iron',
    code: 'B03AA07',
    label: 'Sulfate ferreux 80 mg',
    dose: 'Un comprimé le matin',
    times: 1,
    ago: { months: 2 },
    days: 90,
  },
  {
    of: 'teen',
    id: 'salbutamol',
    code: 'R03AC02',
    label: 'Salbutamol 100 µg',
    dose: 'Deux bouffées avant le sport',
    times: 1,
    ago: { months: 4 },
    days: 180,
  },
  {
    of: 'grandmother',
    id: 'metformin',
    code: 'A10BA02',
    label: 'Metformine 500 mg',
    dose: 'Un comprimé matin et soir',
    times: 2,
    ago: { months: 2 },
    days: 90,
  },
  {
    of: 'grandmother',
    id: 'perindopril',
    code: 'C09AA04',
    label: 'Périndopril 5 mg',
    dose: 'Un comprimé le matin',
    times: 1,
    ago: { months: 2 },
    days: 90,
  },
];

function allergy(now: Date, row: Allergy): Resource {
  const { of, id, substance, category, criticality, manifestation } = row;
  return {
    resourceType: 'AllergyIntolerance',
    id: `gp-allergy-${of}-${id}`,
    clinicalStatus: { coding: [coding('allergyClinical', 'active')] },
    verificationStatus: { coding: [coding('allergyVerification', 'confirmed')] },
    type: 'allergy',
    category: [category],
    criticality,
    code: substance,
    patient: patientRef(of),
    recordedDate: at(now, row.ago),
    recorder: GP,
    ...(manifestation === undefined ? {} : { reaction: [{ manifestation: [{ text: manifestation }] }] }),
  };
}

function condition(now: Date, row: Problem): Resource {
  const { of, id, code, label, over } = row;
  return {
    resourceType: 'Condition',
    id: `gp-condition-${of}-${id}`,
    clinicalStatus: { coding: [coding('conditionClinical', over === undefined ? 'active' : 'resolved')] },
    verificationStatus: { coding: [coding('conditionVerification', 'confirmed')] },
    category: [{ coding: [coding('conditionCategory', 'problem-list-item')] }],
    code: concept('icd10', code, label),
    subject: patientRef(of),
    onsetDateTime: ago(now, row.ago),
    ...(over === undefined ? {} : { abatementDateTime: ago(now, over) }),
    recordedDate: at(now, row.ago),
    recorder: GP,
  };
}

/** What was prescribed, and that it is taken. */
function treatment(now: Date, row: Treatment): Resource[] {
  const { of, id, code, label, dose, times, days } = row;
  const common = {
    status: 'active',
    medicationCodeableConcept: concept('atc', code, label),
    subject: patientRef(of),
  };
  const dosage = {
    text: dose,
    timing: { repeat: { frequency: times, period: 1, periodUnit: 'd' } },
    doseAndRate: [{ doseQuantity: { value: dose.startsWith('Deux') ? 2 : 1 } }],
  };
  const request: Resource = {
    resourceType: 'MedicationRequest',
    id: `gp-prescription-${of}-${id}`,
    ...common,
    intent: 'order',
    authoredOn: at(now, row.ago, '10:30'),
    requester: GP,
    dosageInstruction: [dosage],
    dispenseRequest: { expectedSupplyDuration: quantity(days, 'd', 'jours') },
  };
  const statement: Resource = {
    resourceType: 'MedicationStatement',
    id: `gp-treatment-${of}-${id}`,
    ...common,
    basedOn: [ref(`MedicationRequest/${request.id}`)],
    effectivePeriod: { start: ago(now, row.ago) },
    dateAsserted: at(now, row.ago, '10:30'),
    informationSource: GP,
    dosage: [dosage],
  };
  return [request, statement];
}

function careTeam(now: Date, member: Member): Resource {
  return {
    resourceType: 'CareTeam',
    id: `demo-team-${member}`,
    status: 'active',
    name: 'Équipe de soins',
    subject: patientRef(member),
    period: { start: ago(now, { years: 3 }) },
    participant: [
      { role: [{ text: 'Médecin traitant' }], member: GP, onBehalfOf: ref('Organization/demo-practice') },
      ...(member === 'grandmother'
        ? [{ role: [{ text: 'Suivi cardiologique' }], member: ref('Organization/demo-hospital') }]
        : []),
    ],
    managingOrganization: [ref('Organization/demo-practice')],
  };
}

export function record(now: Date): Deposited[] {
  const teams = MEMBERS.map((member) => careTeam(now, member));
  const written = [
    ...ALLERGIES.map((row) => allergy(now, row)),
    ...PROBLEMS.map((row) => condition(now, row)),
    ...TREATMENTS.flatMap((row) => treatment(now, row)),
  ];
  return [
    ...teams.map((resource): Deposited => ({ caller: 'registrar', resource })),
    ...written.map((resource): Deposited => ({ caller: 'gp', resource })),
  ];
}
