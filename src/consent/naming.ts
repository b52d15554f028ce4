/** The PractitionerRoles, CareTeams and Groups that a Consent names, whatever becomes of it. */
import type { Json, Resource } from '../fhir/resource.ts';
import { actorsOf } from './actors.ts';
import { DEEPEST, type Placed, nestedIn, placedIn } from './provision.ts';
import type { Rules } from './rules.ts';

export function namesIn(consent: Resource, { professions }: Rules): string[] {
  const names = new Set<string>();
  const visit = (placed: Placed, depth: number): void => {
    if (depth > DEEPEST) return;
    for (const name of actorsOf(placed.provision.actor, professions).named) names.add(name);
    for (const each of nestedIn(placed)) visit(each, depth + 1);
  };
  const provision = (consent.provision ?? {}) as Json;
  visit(placedIn({ provision, type: undefined, plain: true }), 0);
  return [...names];
}
