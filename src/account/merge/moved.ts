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

export function moved(stored: Stored, between: Between, { base, rules, key }: Reading): Change {
  const { source, target } = between;
  const pointed = repointed(resourceIn(stored), source, target, base);
  const resource = opens(pointed, rules) ? brought(pointed, source) : pointed;
  const patients = [...new Set(stored.patients.map((each) => (each === source ? target : each)))];
  return rewritten(stored, resource, patients, key, depositorIn(stored, between));
}

/** Content that a document of theirs names, once they are one: it is given with documents of the same depositor alone. */
export function handed(stored: Stored, between: Between, key: Reading['key']): Change {
  return rewritten(stored, resourceIn(stored), stored.patients, key, depositorIn(stored, between));
}

/** What the person deposited themself is theirs to change. */
export function depositorIn({ by }: Pick<Stored, 'by'>, { source, target }: Between): string {
  return by === `Patient/${source}` ? `Patient/${target}` : by;
}

/** Another version of it, with the labels that it has. */
export function rewritten(
  stored: Stored,
  resource: Resource,
  patients: readonly string[],
  key: Reading['key'],
  by: string = stored.by,
): Change {
  const { type, id, content, held } = stored;
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
