/**
 * What was one file's as it is in the other. INVARIANT: moving opens nothing by itself. What is hidden by its labels
 * stays so, what was denied stays denied; what opened the one file, to somebody named by a Consent, a RelatedPerson or
 * a CareTeam, comes with an extension that keeps it from opening the other until it is stated anew. Pure.
 */
import { addingIn } from '../../consent/adding.ts';
import { grantees } from '../../consent/policy.ts';
import type { Rules } from '../../consent/rules.ts';
import { labelledIn } from '../../enforcement/labels.ts';
import type { Change, Stored } from '../../enforcement/ports.ts';
import { parseJson } from '../../fhir/json.ts';
import { labelsOf } from '../../fhir/labels.ts';
import { repointed } from '../../fhir/repoint.ts';
import type { Json, Resource } from '../../fhir/resource.ts';

/** A modifier: where it stands, lines 6, 8 and 10 permit nothing. */
export const BROUGHT = 'https://carnet.example/fhir/StructureDefinition/brought-by-merge';

export interface Between {
  /** Logical ids. */
  source: string;
  target: string;
}

export interface Reading {
  base: string;
  rules: Rules;
  /** A label as the store keeps it. */
  key: (term: string) => string;
}

export function moved(stored: Stored, { source, target }: Between, { base, rules, key }: Reading): Change {
  const pointed = repointed(resourceIn(stored), source, target, base);
  const resource = opens(pointed, rules) ? brought(pointed, source) : pointed;
  const patients = [...new Set(stored.patients.map((each) => (each === source ? target : each)))];
  return rewritten(stored, resource, patients, key);
}

/** Another version of it, with the labels that it has. */
export function rewritten(
  stored: Stored,
  resource: Resource,
  patients: readonly string[],
  key: Reading['key'],
): Change {
  const { type, id, by, content, held } = stored;
  const { imposed, unshown } = labelledIn(stored, key);
  return {
    method: 'PUT',
    type,
    id,
    by,
    patients,
    labels: labelsOf(resource),
    imposed,
    unshown,
    ...(content === undefined ? {} : { content }),
    ...(held === true ? { held } : {}),
    resource,
    previous: stored,
  };
}

export const resourceIn = ({ body }: Stored): Resource => parseJson(body) as Resource;

/** It may give somebody something, or let them add something. */
function opens(resource: Resource, rules: Rules): boolean {
  return grantees(resource, rules).length > 0 || addingIn(resource).length > 0;
}

function brought(resource: Resource, source: string): Resource {
  const before = Array.isArray(resource.modifierExtension) ? (resource.modifierExtension as Json[]) : [];
  return {
    ...resource,
    modifierExtension: [...before, { url: BROUGHT, valueReference: { reference: `Patient/${source}` } }],
  };
}
