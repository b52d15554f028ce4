/** What a trace is found by in an access history: who, what, which kind. Clear, as ids are opaque. */
import type { Json, Resource } from '../../fhir/resource.ts';
import { type Agent, isApart, list, modeOf, namesIn, purposesOf, whoIn } from './happening.ts';
import { type Kind, kindNames, kindsOf } from './kinds.ts';

interface Acted {
  parties: readonly string[];
  isEmergency: boolean;
}

/** Those of a frame: all of its traces have them alike. */
const acted = new WeakMap<Resource, Acted>();

/**
 * By the name of a person, organization, app or resource: itself.
 * @param frame what says who acted, and why; the same object for many
 * @param own the rest; of a whole event the same
 */
export function soughtIn(frame: Resource, own: Resource = frame): string[] {
  let known = acted.get(frame);
  if (known === undefined) acted.set(frame, (known = actedIn(frame)));
  const names = namesIn(list<Json>(own.entity));
  const { subtype, action, outcome } = frame;
  const told = kindsOf({ subtype, action, outcome, entity: own.entity }, names);
  const sought = new Set(known.parties);
  // who looks at the history of a document hasn't looked at the document
  if (told.deed !== 'history') for (const name of names) if (!isApart(name)) sought.add(name);
  for (const kind of kindNames(told, known.isEmergency)) sought.add(soughtKind(kind));
  return [...sought];
}

function actedIn(event: Resource): Acted {
  const agents = list<Agent>(event.agent);
  const { reference, organization } = whoIn(agents, '');
  const parties = [reference, organization?.reference].filter((each) => each !== undefined);
  return { parties, isEmergency: modeOf(purposesOf(event, agents)) !== 'usual' };
}

export function soughtKind(kind: Kind): string {
  return `kind=${kind}`;
}
