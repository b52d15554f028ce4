/** The profiles that a resource claims, or that are asked of it: https://hl7.org/fhir/R4/profiling.html#using */
import { coreType, type Profiles } from '../../conformance/profiles.ts';
import type { Issue } from '../../outcome.ts';
import type { Json } from '../../resource.ts';
import { show, type Place } from '../path.ts';
import type { Budget } from '../rules.ts';
import type { Scope } from '../scope.ts';
import { checkProfile } from './check.ts';
import { treeOf } from './tree.ts';

const MOST_PROFILES = 20;

export interface Asked {
  profiles: Profiles;
  /** Beside those that it claims. */
  canonicals?: readonly string[];
  /** It must hold to one of them. */
  required?: readonly string[];
  max: number;
  budget: Budget;
}

export function claimedBy({ meta }: Json): string[] {
  const claimed = (meta as Json | undefined)?.profile;
  return Array.isArray(claimed) ? claimed.filter((each) => typeof each === 'string') : [];
}

/** Adds to the issues. The structure must be right. */
export function checkProfiles(
  resource: Json,
  place: Place,
  scope: Scope,
  issues: Issue[],
  { profiles, canonicals = [], required = [], max, budget }: Asked,
): void {
  const claimed = claimedBy(resource);
  const asked = [...new Set([...claimed, ...canonicals])];
  if (asked.length > MOST_PROFILES) {
    issues.push({
      severity: 'error',
      code: 'too-costly',
      text: `${asked.length} profiles; allowed: up to ${MOST_PROFILES}`,
      expression: `${place.prefix}.meta.profile`,
    });
    return;
  }
  const check = (canonical: string, into: Issue[]): void =>
    checkOne(canonical, resource, place, scope, into, {
      profiles,
      max,
      budget,
      isClaimed: claimed.includes(canonical),
    });
  for (const canonical of asked) check(canonical, issues);
  if (required.length === 0) return;
  const tries = required.map((canonical) => {
    const found: Issue[] = [];
    check(canonical, found);
    return found;
  });
  if (tries.some((found) => !found.some(isError))) return;
  const nearest = tries.reduce((least, each) => (each.length < least.length ? each : least));
  for (const issue of nearest) {
    if (issues.length < max && !issues.some(({ text }) => text === issue.text)) issues.push(issue);
  }
}

function checkOne(
  canonical: string,
  resource: Json,
  place: Place,
  scope: Scope,
  issues: Issue[],
  { isClaimed, ...given }: { profiles: Profiles; max: number; budget: Budget; isClaimed: boolean },
): void {
  const profile = given.profiles.find(canonical);
  const type = profile?.type ?? coreType(canonical);
  const at = isClaimed ? `${place.prefix}.meta.profile` : place.prefix;
  if (type === undefined) {
    if (issues.length >= given.max) return;
    const text = `profile ${show(canonical)} is not known here and was not looked at`;
    issues.push({ severity: 'warning', code: 'not-supported', text, expression: at });
  } else if (type !== place.type) {
    const text = `profile ${show(canonical)} is of ${type}, the resource is a ${place.type}`;
    issues.push({ severity: 'error', code: 'value', text, expression: at });
  } else if (profile !== undefined) {
    checkProfile(treeOf(profile, given.profiles), resource, { ...given, place, scope, issues });
  }
}

const isError = ({ severity }: Issue): boolean => severity === 'error';
