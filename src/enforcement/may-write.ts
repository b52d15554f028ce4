/** Whether a caller may write something, with what the store knows of it: the rules are those of consent/writing.ts. */
import { isCollected } from '../consent/collected.ts';
import { everyMember, namedIn } from '../consent/members.ts';
import { grantees } from '../consent/policy.ts';
import type { Rules } from '../consent/rules.ts';
import { type Refusal, type Writing, refusesWrite } from '../consent/writing.ts';
import type { Resource } from '../fhir/resource.ts';
import { Access } from './access.ts';
import type { ResourceStore } from './ports.ts';

export type AskedToWrite = Omit<Writing, 'relations' | 'opensTo' | 'collected' | 'adds'> & {
  /** As it will be. */
  resource?: Resource;
};

const GROUPS = /^(PractitionerRole|CareTeam|Group)\//;

/** Why not; undefined when they may. */
export async function mayNot(
  port: ResourceStore,
  access: Access,
  { resource, ...writing }: AskedToWrite,
): Promise<Refusal> {
  const { type, patients } = writing.after;
  const { relations, rules, isApp } = await access.standings.towards(patients);
  const adds = isApp && (await access.standings.mayAdd(type, patients));
  if (resource === undefined) return refusesWrite({ ...writing, relations, adds }, rules.excluded);
  const collected = isCollected(resource, rules);
  const opensTo = await whomItOpensTo(port, resource, rules);
  return refusesWrite({ ...writing, relations, opensTo, collected, adds }, rules.excluded);
}

/** Those who are in what it names too. */
async function whomItOpensTo(port: ResourceStore, resource: Resource, rules: Rules): Promise<string[]> {
  if (resource.resourceType !== 'Consent') return namedIn(resource);
  const names = grantees(resource, rules);
  const groups = names.filter((name) => GROUPS.test(name));
  if (groups.length === 0) return names;
  const internal = Access.internal('who is in what a Consent opens something to');
  return [...names, ...(await port.readable(internal, groups)).flatMap(everyMember)];
}
