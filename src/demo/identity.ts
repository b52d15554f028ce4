/** Identifiers of people and structures, synthetic: https://hl7.fr/ig/fhir/core/StructureDefinition/fr-core-patient-ins */
import type { Json } from '../fhir/resource.ts';

/** INS made from a NIR, for tests only: the sole system under which the demo has patients. */
export const INS_TEST = 'urn:oid:1.2.250.1.213.1.4.10';

const ID_TYPE = 'https://hl7.fr/ig/fhir/core/CodeSystem/fr-core-cs-v2-0203';

/** Key of the thirteen characters of a NIR: 97 − (n mod 97), the Corsican departments read as 19 and 18. */
export function nirKey(nir: string): string {
  const digits = nir.replace(/^(.{5})2A/, '$119').replace(/^(.{5})2B/, '$118');
  return String(97 - (Number(digits) % 97)).padStart(2, '0');
}

export interface Birth {
  gender: 'female' | 'male';
  /** `YYYY-MM-DD` */
  date: string;
  /** INSEE code of the commune, five characters. */
  place: string;
  /** Order of the birth in that month and commune, three digits. */
  order: string;
}

/** The matricule of fifteen characters. */
export function insValue({ gender, date, place, order }: Birth): string {
  const nir = `${gender === 'female' ? 2 : 1}${date.slice(2, 4)}${date.slice(5, 7)}${place}${order}`;
  return nir + nirKey(nir);
}

export function ins(birth: Birth): Json {
  return {
    use: 'official',
    type: { coding: [{ system: ID_TYPE, code: 'INS-NIR-TEST' }] },
    system: INS_TEST,
    value: insValue(birth),
  };
}

/** `rpps`: eleven digits; the national identifier puts an 8 before them. */
export function rpps(value: string): Json[] {
  return [
    {
      use: 'official',
      type: { coding: [{ system: ID_TYPE, code: 'RPPS' }] },
      system: 'https://rpps.esante.gouv.fr',
      value,
    },
    {
      type: { coding: [{ system: ID_TYPE, code: 'IDNPS' }] },
      system: 'urn:oid:1.2.250.1.71.4.2.1',
      value: `8${value}`,
    },
  ];
}

/** `finess`: nine digits; the national identifier of structures puts a 1 before them. */
export function structure(finess: string): Json[] {
  return [{ use: 'official', system: 'urn:oid:1.2.250.1.71.4.2.2', value: `1${finess}` }];
}
