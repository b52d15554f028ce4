/** The engine's verdict on one resource, by what the store would keep of it. */
import { type Attributes, matches } from '../../../src/condition/condition.ts';
import { type Caller, compile, permitted } from '../../../src/consent/policy.ts';
import { factsOf } from '../../../src/fhir/facts.ts';
import { labelsOf } from '../../../src/fhir/labels.ts';
import type { Resource } from '../../../src/fhir/resource.ts';
import { patientsOf } from '../../../src/fhir/subjects.ts';
import { BASE } from './reference-facts.ts';

export function attributesOf(resource: Resource): Attributes {
  return {
    type: resource.resourceType,
    id: resource.id!,
    patients: patientsOf(resource, BASE),
    by: 'Organization/depositor',
    labels: labelsOf(resource),
    ...factsOf(resource, BASE),
  };
}

export function allows(
  consents: readonly Resource[],
  resource: Resource,
  caller: Caller,
  now: Date,
): boolean {
  return matches(permitted(compile(consents), caller, now.getTime()), attributesOf(resource));
}
