/** What the traces of accounts and of authorizations have alike. https://hl7.org/fhir/R4/auditevent.html */
import { fewRandomBytes } from '../../fhir/random.ts';
import type { Json, Resource } from '../../fhir/resource.ts';

export const DCM = 'http://dicom.nema.org/resources/ontology/DCM';
export const TYPES = 'http://terminology.hl7.org/CodeSystem/audit-entity-type';
export const ROLES = 'http://terminology.hl7.org/CodeSystem/object-role';
export const RESOURCE_TYPES = 'http://hl7.org/fhir/resource-types';
export const ACT_REASON = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
export const PERSON = { system: TYPES, code: '1', display: 'Person' };

export const concept = (system: string, code: string, display?: string) => ({
  coding: [{ system, code, ...(display === undefined ? {} : { display }) }],
});

export const USER = concept(
  'http://terminology.hl7.org/CodeSystem/v3-ParticipationType',
  'IRCP',
  'information recipient',
);
export const APPLICATION = concept(DCM, '110150', 'Application');

/** This server, as a security server. */
export const sourceOf = (base: string): Json => ({
  observer: { display: base },
  type: [{ system: 'http://terminology.hl7.org/CodeSystem/security-source-type', code: '6' }],
});

/** What no other trace has alike. @param at when it is recorded, milliseconds */
export const ownOf = (at: number, entity: Json[]): Resource => ({
  resourceType: 'AuditEvent',
  id: `${at.toString(16)}-${fewRandomBytes(8).toString('hex')}`,
  recorded: new Date(at).toISOString(),
  entity,
});
