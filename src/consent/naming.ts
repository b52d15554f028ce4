/** The PractitionerRoles, CareTeams and Groups that a Consent names, whatever its status. */
import type { Resource } from '../fhir/resource.ts';
import { compilePart } from './policy.ts';
import type { Rules } from './rules.ts';

export function namesIn(consent: Resource, rules: Rules): string[] {
  const { statements = [], block } = compilePart({ ...consent, status: 'active' }, rules);
  const lists = [...statements.flatMap(({ actors }) => actors), ...(block === undefined ? [] : [block.actors])];
  return [...new Set(lists.flatMap(({ named }) => named))];
}
