/** One question to the gate, as generators make it, shrinking keeps it and `cases/` writes it. */
import type { Json, Resource } from '../../../src/fhir/resource.ts';
import { decided, type Decision } from './reference.ts';
import type { ReferenceCaller } from './reference-words.ts';
import { carries } from './reference-rules.ts';
import { rulesWith } from './rules.ts';
import { PATIENT } from './universe.ts';

export interface Case {
  consents: Resource[];
  relatedPersons: Resource[];
  careTeams: Resource[];
  /** The patient's own resource; absent: there never was one. */
  patient?: Resource;
  /** PractitionerRoles, CareTeams and Groups that there are. */
  named: Resource[];
  caller: ReferenceCaller;
  resource: Resource;
  /** Who deposited it. */
  by: string;
  /** Since when it has been hidden from the patient. */
  hiddenSince?: string;
  /** Where the rules differ from the French ones. */
  rules?: Json;
  now: string;
}

/** By the page, whose all this is being `id`. */
export function reference(each: Case, id = PATIENT): Decision {
  const { consents, relatedPersons, careTeams, patient, named } = each;
  return decided({
    said: {
      id,
      consents,
      relatedPersons,
      careTeams,
      patient,
      named: new Map(named.map((one) => [`${one.resourceType}/${one.id}`, one])),
    },
    resource: each.resource,
    by: each.by,
    hiddenSince: each.hiddenSince === undefined ? undefined : new Date(each.hiddenSince),
    caller: each.caller,
    rules: rulesWith(each.rules),
    now: new Date(each.now),
  });
}

/** What every case has, however small. */
export function isWhole(each: Partial<Case>): boolean {
  const { consents, relatedPersons, careTeams, named, caller, resource, by, now } = each;
  const lists = [consents, relatedPersons, careTeams, named, caller?.persons, caller?.groups];
  const isPatient = each.patient === undefined || each.patient.id === PATIENT;
  const isHidden = carries(resource ?? {}, rulesWith(each.rules).labels.hiddenFromPatient);
  return (
    [...lists, caller?.purposes, caller?.rights].every(Array.isArray) &&
    [...consents!, ...relatedPersons!, ...careTeams!, ...named!].every(isNamed) &&
    caller?.persons[0] !== undefined &&
    [caller.role, caller.depositor, caller.regulator, by, now].every((value) => value !== undefined) &&
    (caller.emergency === undefined || Object.keys(caller.emergency).length === 3) &&
    resource !== undefined &&
    isNamed(resource) &&
    isHidden === (each.hiddenSince !== undefined) &&
    isPatient
  );
}

const isNamed = ({ resourceType, id }: Resource): boolean => resourceType !== undefined && id !== undefined;
