/** Validation of resources, before they are written: https://hl7.org/fhir/R4/validation.html */
import { ownProfiles, type Profiles } from '../conformance/profiles.ts';
import { isResourceType } from '../definitions/index.ts';
import { MAX_DEPTH } from '../json.ts';
import type { Issue } from '../outcome.ts';
import type { Json } from '../resource.ts';
import { isSubsetted } from '../subsetted.ts';
import { MAX_VALUES, weigh } from './bounds.ts';
import { show } from './path.ts';
import type { Place } from './path.ts';
import { checkProfiles, claimedBy } from './profile/index.ts';
import { checkRules } from './rules.ts';
import type { Budget } from './rules.ts';
import { fullUrlsOf, scopeOf } from './scope.ts';
import type { Scope } from './scope.ts';
import { structureIssues } from './structure-issues.ts';
import { structureFaults } from './structure.ts';

export const MAX_ISSUES = 50;

export interface ValidateOptions {
  /** False: the resources of a Bundle's entries are left alone, for who validates each by itself. */
  entries?: boolean;
  /** Types of the resources that `urn:uuid` references stand for, by fullUrl. */
  fullUrls?: ReadonlyMap<string, string>;
  /** Canonical addresses of profiles that it must hold to, beside those that it claims. */
  canonicals?: readonly string[];
  /** By resource type: it must hold to one of them. */
  required?: ReadonlyMap<string, readonly string[]>;
  /** Those that are known; the server's own unless given. */
  profiles?: Profiles;
}

/** Empty when the resource is good; never more than 50. Rules are checked once the structure is right. */
export function validate(resource: unknown, options: ValidateOptions = {}): Issue[] {
  const values = weigh(resource);
  if (values === 'deep') return [fault('structure', `nested deeper than ${MAX_DEPTH} levels`)];
  if (values === 'many') return [fault('invalid', `more than ${MAX_VALUES} values`)];
  const issues: Issue[] = [];
  const place = placeOf(resource, undefined, issues);
  if (place === undefined) return issues;
  const fullUrls = options.fullUrls ?? (place.type === 'Bundle' ? fullUrlsOf(resource as Json) : undefined);
  check(resource as Json, place, scopeOf(resource as Json, fullUrls), issues, {
    ...options,
    values,
    entries: options.entries !== false,
    budget: { evaluations: 0 },
  });
  if (issues.length === 0 && isSubsetted(resource as Json)) issues.push({ ...PARTIAL });
  return issues;
}

/** What was left out would be gone. https://hl7.org/fhir/R4/search.html#elements */
const PARTIAL: Issue = {
  severity: 'error',
  code: 'business-rule',
  text: 'the resource is tagged `SUBSETTED`: it is only a part, by which the whole can not be replaced',
  expression: 'meta.tag',
};

/** By the profiles that it claims alone, for who validates its parts elsewhere; R4's own rules are not looked at. */
export function profileIssues(resource: Json, profiles: Profiles = ownProfiles()): Issue[] {
  const issues: Issue[] = [];
  const place = placeOf(resource, undefined, issues);
  if (place === undefined || claimedBy(resource).length === 0) return issues;
  const scope = scopeOf(resource, place.type === 'Bundle' ? fullUrlsOf(resource) : undefined);
  checkProfiles(resource, place, scope, issues, { profiles, max: MAX_ISSUES, budget: { evaluations: 0 } });
  return issues;
}

interface Checking extends ValidateOptions {
  values: number;
  entries: boolean;
  budget: Budget;
}

function check(resource: Json, place: Place, scope: Scope, issues: Issue[], options: Checking): void {
  const faults = structureFaults(resource, place.type, options.values);
  if (faults.length > 0) {
    issues.push(...structureIssues(faults, resource, place, MAX_ISSUES - issues.length));
    return;
  }
  issues.push(...repeatedIds(resource, place).slice(0, MAX_ISSUES - issues.length));
  const nested = checkRules(place, scope, issues, MAX_ISSUES, options.budget);
  checkAgainst(resource, place, scope, issues, options);
  if (place.type === 'Bundle' && !options.entries) return;
  for (const each of nested) {
    if (issues.length >= MAX_ISSUES) return;
    const inner = placeOf(each.resource, each.place.prefix, issues);
    if (inner === undefined) continue;
    const contained = each.place.prefix.startsWith(`${place.prefix}.contained[`);
    check(
      each.resource,
      inner,
      contained ? { ...scope, resource: each.resource } : scopeOf(each.resource, scope.fullUrls),
      issues,
      { ...options, canonicals: undefined, required: contained ? undefined : options.required },
    );
  }
}

/** A reference to one of several would be to none. https://hl7.org/fhir/R4/references.html#contained */
function repeatedIds({ contained }: Json, { prefix }: Place): Issue[] {
  const seen = new Set<unknown>();
  return ((contained ?? []) as Json[]).flatMap(({ id }, index) => {
    const isRepeated = id !== undefined && seen.has(id);
    seen.add(id);
    const text = `${show(id)} is the id of another contained resource; allowed: an id of its own`;
    return isRepeated ? [fault('value', text, `${prefix}.contained[${index}].id`)] : [];
  });
}

/** Most resources claim nothing, and nothing is asked of them. */
function checkAgainst(
  resource: Json,
  place: Place,
  scope: Scope,
  issues: Issue[],
  { canonicals, required, profiles, budget }: Checking,
): void {
  const wanted = required?.get(place.type);
  if (canonicals === undefined && wanted === undefined && claimedBy(resource).length === 0) return;
  checkProfiles(resource, place, scope, issues, {
    profiles: profiles ?? ownProfiles(),
    canonicals,
    required: wanted,
    max: MAX_ISSUES,
    budget,
  });
}

function placeOf(resource: unknown, prefix: string | undefined, issues: Issue[]): Place | undefined {
  if (typeof resource !== 'object' || resource === null || Array.isArray(resource)) {
    issues.push(fault('structure', `found ${show(resource)}; allowed: a resource`, prefix));
    return undefined;
  }
  const type = Object.hasOwn(resource, 'resourceType') ? (resource as Json).resourceType : undefined;
  if (typeof type === 'string' && isResourceType(type)) return { prefix: prefix ?? type, type };
  const at = prefix === undefined ? 'resourceType' : `${prefix}.resourceType`;
  issues.push(
    type === undefined
      ? fault('required', 'element `resourceType` is required', at)
      : fault('value', `${show(type)} is no resource type of R4`, at),
  );
  return undefined;
}

const fault = (code: Issue['code'], text: string, expression?: string): Issue => ({
  severity: 'error',
  code,
  text,
  expression,
});
