/** What tests begin with: a physician who treats, a plain Observation that a laboratory deposited, an adult, a day. */
import type { Resource } from '../../../src/fhir/resource.ts';
import type { Case } from './case.ts';
import type { ReferenceCaller } from './reference-words.ts';
import { HL7, NOW, PATIENT } from './universe.ts';

const subject = { reference: `Patient/${PATIENT}` };
const meta = { versionId: '1' };

export const physician: ReferenceCaller = {
  role: 'professional',
  persons: ['Practitioner/gp'],
  groups: ['Organization/practice'],
  profession: '10',
  purposes: ['TREAT'],
  depositor: 'Practitioner/gp',
  rights: [],
  regulator: false,
};

/** Nothing said. */
export const usual: Case = {
  consents: [],
  relatedPersons: [],
  careTeams: [],
  named: [],
  patient: { resourceType: 'Patient', id: PATIENT, meta, birthDate: '1980-01-01' },
  caller: physician,
  resource: { resourceType: 'Observation', id: '1', subject },
  by: 'Organization/lab',
  now: NOW,
};

/** In force, about privacy, and without a provision. */
export const consent: Resource = {
  resourceType: 'Consent',
  id: 'c',
  meta,
  status: 'active',
  scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
};
export const careTeam: Resource = { resourceType: 'CareTeam', id: 't', meta, status: 'active', subject };
export const relatedPerson: Resource = { resourceType: 'RelatedPerson', id: 'aunt', meta, patient: subject };
