/** Code systems of the demo, and the shapes that carry their codes: https://hl7.org/fhir/R4/datatypes.html#CodeableConcept */
import type { Coding, Json, Reference } from '../fhir/resource.ts';

const NOS = 'https://mos.esante.gouv.fr/NOS';
const HL7 = 'http://terminology.hl7.org/CodeSystem';

export const SYSTEM = {
  loinc: 'http://loinc.org',
  ucum: 'http://unitsofmeasure.org',
  icd10: 'http://hl7.org/fhir/sid/icd-10',
  atc: 'http://www.whocc.no/atc',
  bdpm: 'https://smt.esante.gouv.fr/terminologie-bdpm',
  route: 'https://smt.esante.gouv.fr/terminologie-standardterms',
  typeCisis: `${NOS}/TRE_A05-TypeDocComplementaireCISIS/FHIR/TRE-A05-TypeDocComplementaireCISIS`,
  class: `${NOS}/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument`,
  visibility: `${NOS}/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument`,
  profession: 'urn:oid:1.2.250.1.71.1.2.7',
  confidentiality: `${HL7}/v3-Confidentiality`,
  participation: `${HL7}/v3-ParticipationType`,
  reason: `${HL7}/v3-ActReason`,
  act: `${HL7}/v3-ActCode`,
  role: `${HL7}/v3-RoleCode`,
  consentScope: `${HL7}/consentscope`,
  delegation: 'https://carnet.example/fhir/CodeSystem/delegation',
  observationCategory: `${HL7}/observation-category`,
  conditionClinical: `${HL7}/condition-clinical`,
  conditionVerification: `${HL7}/condition-ver-status`,
  conditionCategory: `${HL7}/condition-category`,
  allergyClinical: `${HL7}/allergyintolerance-clinical`,
  allergyVerification: `${HL7}/allergyintolerance-verification`,
  organizationType: `${HL7}/organization-type`,
} as const;

export function coding(system: keyof typeof SYSTEM, code: string, display?: string): Coding {
  return { system: SYSTEM[system], code, ...(display === undefined ? {} : { display }) };
}

export function concept(system: keyof typeof SYSTEM, code: string, display?: string): Json {
  return { coding: [coding(system, code, display)], ...(display === undefined ? {} : { text: display }) };
}

/** A quantity of UCUM; `unit` is what people read. */
export function quantity(value: number, code: string, unit = code): Json {
  return { value, unit, system: SYSTEM.ucum, code };
}

export function ref(reference: string, display?: string): Reference {
  return { reference, ...(display === undefined ? {} : { display }) };
}
