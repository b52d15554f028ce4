/** What a trace is found by in an access history: who, what, which kind. Clear, as ids are opaque. */
import type { Resource } from '../../fhir/resource.ts';
import { happeningOf, resourcesIn } from './happening.ts';
import { type Kind, kindNames, kindsOf } from './kinds.ts';

/** What of it all events of one caller, purpose and outcome have alike. */
export interface Parties {
  names: readonly string[];
  isEmergency: boolean;
}

/** @param event or what it has of agents and purposes */
export function partiesIn(event: Resource): Parties {
  const { who, mode } = happeningOf(event, '');
  const names = [who.reference, who.organization?.reference].filter((each) => each !== undefined);
  return { names, isEmergency: mode !== 'usual' };
}

/** By the name of a person, organization, app or resource: itself. */
export function soughtIn(event: Resource, { names, isEmergency }: Parties = partiesIn(event)): string[] {
  const told = kindsOf(event);
  // who looks at the history of a document hasn't looked at the document
  const things = told.deed === 'history' ? [] : resourcesIn(event);
  return [...new Set([...names, ...things, ...kindNames(told, isEmergency).map(soughtKind)])];
}

export function soughtKind(kind: Kind): string {
  return `kind=${kind}`;
}
