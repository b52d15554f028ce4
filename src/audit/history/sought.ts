/** What a trace is found by in an access history: who, what, which kind. Clear, as ids are opaque. */
import type { Resource } from '../../fhir/resource.ts';
import { happeningOf } from './happening.ts';
import { type Kind, kindNames } from './kinds.ts';

/** By the name of a person, organization, app or resource: itself. */
export function soughtIn(event: Resource): string[] {
  const happening = happeningOf(event, '');
  const { who, resources, deed, mode } = happening;
  const parties = [who.reference, who.organization?.reference].filter((each) => each !== undefined);
  // who looks at the history of a document hasn't looked at the document
  const things = deed === 'history' ? [] : resources;
  return [...new Set([...parties, ...things, ...kindNames(happening, mode !== 'usual').map(soughtKind)])];
}

export function soughtKind(kind: Kind): string {
  return `kind=${kind}`;
}
