/** Measures and results: https://hl7.org/fhir/R4/observation.html and https://interop.esante.gouv.fr/ig/fhir/mesures */
import type { Json, Resource } from '../fhir/resource.ts';
import { at } from './calendar.ts';
import type { Span } from './calendar.ts';
import type { Deposited } from './callers.ts';
import { coding, concept, quantity, ref } from './codes.ts';
import { patientRef } from './family.ts';
import type { Member } from './family.ts';

/** LOINC code, label, UCUM code and unit, category. */
const MEASURES = {
  weight: ['29463-7', 'Poids', 'kg', 'kg', 'vital-signs'],
  height: ['8302-2', 'Taille', 'cm', 'cm', 'vital-signs'],
  head: ['8287-5', 'Périmètre crânien', 'cm', 'cm', 'vital-signs'],
  temperature: ['8310-5', 'Température', 'Cel', '°C', 'vital-signs'],
  heartRate: ['8867-4', 'Fréquence cardiaque', '/min', '/min', 'vital-signs'],
  systolic: ['8480-6', 'Pression systolique', 'mm[Hg]', 'mmHg', 'vital-signs'],
  diastolic: ['8462-4', 'Pression diastolique', 'mm[Hg]', 'mmHg', 'vital-signs'],
  glucose: ['2345-7', 'Glycémie', 'mg/dL', 'mg/dL', 'laboratory'],
  hba1c: ['4548-4', 'HbA1c', '%', '%', 'laboratory'],
} as const;

type Measure = keyof typeof MEASURES;

interface Row {
  by: 'gp' | 'lab' | 'patient';
  of: Member;
  measure: Measure;
  value: number;
  ago: Span;
}

const ROWS: Row[] = [
  { by: 'gp', of: 'child', measure: 'weight', value: 8.9, ago: { years: 2, months: 7 } },
  { by: 'gp', of: 'child', measure: 'height', value: 71, ago: { years: 2, months: 7 } },
  { by: 'gp', of: 'child', measure: 'head', value: 45.2, ago: { years: 2, months: 7 } },
  { by: 'gp', of: 'child', measure: 'weight', value: 14.6, ago: { months: 3 } },
  { by: 'gp', of: 'child', measure: 'height', value: 96, ago: { months: 3 } },
  { by: 'gp', of: 'child', measure: 'temperature', value: 38.7, ago: { months: 1 } },
  { by: 'gp', of: 'teen', measure: 'weight', value: 52.3, ago: { months: 2, days: 12 } },
  { by: 'gp', of: 'teen', measure: 'height', value: 163, ago: { months: 2, days: 12 } },
  { by: 'gp', of: 'father', measure: 'heartRate', value: 58, ago: { years: 1 } },
  { by: 'patient', of: 'mother', measure: 'weight', value: 61.4, ago: { months: 1 } },
  { by: 'patient', of: 'mother', measure: 'weight', value: 61.1, ago: { days: 4 } },
  { by: 'lab', of: 'grandmother', measure: 'glucose', value: 148, ago: { years: 1 } },
  { by: 'lab', of: 'grandmother', measure: 'hba1c', value: 7.6, ago: { years: 1 } },
  { by: 'lab', of: 'grandmother', measure: 'glucose', value: 132, ago: { months: 2, days: 4 } },
  { by: 'lab', of: 'grandmother', measure: 'hba1c', value: 7.1, ago: { months: 2, days: 4 } },
];

/** Blood pressures of the grandmother: systolic, diastolic. */
const PRESSURES: { values: [number, number]; ago: Span }[] = [
  { values: [164, 95], ago: { years: 2, months: 10 } },
  { values: [142, 84], ago: { years: 1, months: 2 } },
  { values: [134, 78], ago: { months: 2 } },
];

const PERFORMER = {
  gp: () => ref('Practitioner/demo-gp', 'Dr Sophie Lambert'),
  lab: () => ref('Organization/demo-lab', 'Laboratoire du Canal'),
  patient: patientRef,
};

function measured(measure: Measure, value: number): Json {
  const [loinc, label, ucum, unit] = MEASURES[measure];
  return { code: concept('loinc', loinc, label), valueQuantity: quantity(value, ucum, unit) };
}

function observation(now: Date, row: Row, index: number): Resource {
  const { by, of, measure, value } = row;
  return {
    resourceType: 'Observation',
    id: `${by}-measure-${of}-${index + 1}`,
    status: 'final',
    category: [{ coding: [coding('observationCategory', MEASURES[measure][4])] }],
    ...measured(measure, value),
    subject: patientRef(of),
    effectiveDateTime: at(now, row.ago, '08:15'),
    performer: [PERFORMER[by](of)],
  };
}

function pressure(now: Date, { values, ago }: (typeof PRESSURES)[number], index: number): Resource {
  return {
    resourceType: 'Observation',
    id: `gp-pressure-grandmother-${index + 1}`,
    status: 'final',
    category: [{ coding: [coding('observationCategory', 'vital-signs')] }],
    code: concept('loinc', '85354-9', 'Pression artérielle'),
    subject: patientRef('grandmother'),
    effectiveDateTime: at(now, ago, '10:10'),
    performer: [PERFORMER.gp()],
    component: [measured('systolic', values[0]), measured('diastolic', values[1])],
  };
}

export function measures(now: Date): Deposited[] {
  return [
    ...ROWS.map((row, index) => ({ caller: row.by, resource: observation(now, row, index) })),
    ...PRESSURES.map((row, index) => ({ caller: 'gp' as const, resource: pressure(now, row, index) })),
  ];
}
