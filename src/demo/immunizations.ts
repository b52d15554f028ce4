/** Vaccinations by the French calendar of 2025: https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-immunization */
import type { Resource } from '../fhir/resource.ts';
import { ago } from './calendar.ts';
import type { Span } from './calendar.ts';
import type { Deposited } from './callers.ts';
import { coding, ref, SYSTEM } from './codes.ts';
import { patientRef } from './family.ts';
import type { Member } from './family.ts';

/** Vaccines by ATC code; the product too, by its code in the public database of medicines, where one is sure. */
const VACCINES = {
  hexavalent: { atc: 'J07CA09', label: 'Diphtérie, tétanos, polio, coqueluche, Hib, hépatite B' },
  pneumo: { atc: 'J07AL02', label: 'Pneumocoque conjugué' },
  menB: { atc: 'J07AH09', label: 'Méningocoque B' },
  ror: { atc: 'J07BD52', label: 'Rougeole, oreillons, rubéole' },
  booster: { atc: 'J07CA02', label: 'Diphtérie, tétanos, polio, coqueluche (rappel)' },
  hpv: { atc: 'J07BM03', label: 'Papillomavirus humains' },
  menACWY: { atc: 'J07AH08', label: 'Méningocoques A, C, W, Y' },
  flu: { atc: 'J07BB02', label: 'Grippe', cis: '61402736', product: 'VAXIGRIPTETRA' },
} as const;

type Vaccine = { atc: string; label: string; cis?: string; product?: string };

interface Row {
  of: Member;
  vaccine: keyof typeof VACCINES;
  dose: number;
  ago: Span;
}

const ROWS: Row[] = [
  { of: 'child', vaccine: 'hexavalent', dose: 1, ago: { years: 3, months: 2 } },
  { of: 'child', vaccine: 'pneumo', dose: 1, ago: { years: 3, months: 2 } },
  { of: 'child', vaccine: 'menB', dose: 1, ago: { years: 3, months: 1 } },
  { of: 'child', vaccine: 'hexavalent', dose: 2, ago: { years: 3 } },
  { of: 'child', vaccine: 'pneumo', dose: 2, ago: { years: 3 } },
  { of: 'child', vaccine: 'menB', dose: 2, ago: { years: 2, months: 11 } },
  { of: 'child', vaccine: 'hexavalent', dose: 3, ago: { years: 2, months: 5 } },
  { of: 'child', vaccine: 'pneumo', dose: 3, ago: { years: 2, months: 5 } },
  { of: 'child', vaccine: 'ror', dose: 1, ago: { years: 2, months: 4 } },
  { of: 'child', vaccine: 'menB', dose: 3, ago: { years: 2, months: 4 } },
  { of: 'child', vaccine: 'ror', dose: 2, ago: { years: 2 } },
  { of: 'teen', vaccine: 'booster', dose: 1, ago: { years: 3, months: 6 } },
  { of: 'teen', vaccine: 'hpv', dose: 1, ago: { years: 3 } },
  { of: 'teen', vaccine: 'hpv', dose: 2, ago: { years: 2, months: 5 } },
  { of: 'teen', vaccine: 'menACWY', dose: 1, ago: { months: 9 } },
  { of: 'mother', vaccine: 'booster', dose: 1, ago: { years: 4 } },
  { of: 'grandmother', vaccine: 'flu', dose: 1, ago: { years: 1, days: 12 } },
  { of: 'grandmother', vaccine: 'flu', dose: 1, ago: { days: 15 } },
];

function immunization(now: Date, row: Row, index: number): Resource {
  const { of, vaccine, dose } = row;
  const { atc, label, cis, product }: Vaccine = VACCINES[vaccine];
  const bdpm = cis === undefined ? [] : [coding('bdpm', cis, product)];
  return {
    resourceType: 'Immunization',
    id: `gp-vaccine-${of}-${index + 1}`,
    status: 'completed',
    vaccineCode: { coding: [coding('atc', atc, label), ...bdpm], text: label },
    patient: patientRef(of),
    occurrenceDateTime: ago(now, row.ago),
    primarySource: true,
    lotNumber: `DEMO${String(index + 1).padStart(3, '0')}`,
    route: { coding: [{ system: SYSTEM.route, code: '20035000', display: 'Voie intramusculaire' }] },
    performer: [{ actor: ref('Practitioner/demo-gp', 'Dr Sophie Lambert') }],
    protocolApplied: [{ doseNumberPositiveInt: dose }],
  };
}

export function immunizations(now: Date): Deposited[] {
  return ROWS.map((row, index) => ({ caller: 'gp', resource: immunization(now, row, index) }));
}
