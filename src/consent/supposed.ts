/** A patient's policy as it would be: without what isn't told, or with a Consent that isn't saved. Pure. */
import { type Attributes, type Condition, keyed, matches, or, NONE, ALL } from '../condition/condition.ts';
import { type Effect, type Named, levelIn } from './actors.ts';
import type { Caller } from './caller.ts';
import { type Policy, compilePart, policyOf } from './policy.ts';
import type { Rules } from './rules.ts';
import { said } from './statements.ts';
import type { Resource } from '../fhir/resource.ts';

/** @param isTold of `Type/id`: whether what that resource states counts */
export function asFarAs(policy: Policy, isTold: (name: string) => boolean): Policy {
  const isKept = ({ because }: { because: string }): boolean => isTold(sourceOf(because));
  const statements = [...policy.statements].map(
    ([name, list]) => [name, list.filter((each) => isTold(sourceOf(each.consent)))] as const,
  );
  return {
    ...policy,
    blocks: policy.blocks.filter(isKept),
    links: policy.links.filter(isKept),
    teams: policy.teams.filter(isKept),
    statements: new Map(statements.filter(([, list]) => list.length > 0)),
  };
}

/** `Consent/x` of `Consent/x/_history/v` */
export function sourceOf(because: string): string {
  return because.split('/_history/', 1)[0]!;
}

/** The Consent in the place of its earlier version, if there is one. */
export function supposing(policy: Policy, consent: Resource, rules: Rules): Policy {
  const kept = asFarAs(policy, (name) => name !== `Consent/${consent.id}`);
  const added = policyOf(policy.patient, [compilePart(consent, rules)]);
  const names = new Set([...kept.statements.keys(), ...added.statements.keys()]);
  return {
    ...kept,
    blocks: [...kept.blocks, ...added.blocks],
    adds: [...kept.adds, ...added.adds],
    statements: new Map(
      [...names].map((name) => [
        name,
        [...(kept.statements.get(name) ?? []), ...(added.statements.get(name) ?? [])],
      ]),
    ),
    names: [...new Set([...kept.names, ...added.names])],
  };
}

/** What the Consent alone says to a caller of a resource; undefined: nothing. */
export function wordOf(
  consent: Resource,
  { patient, rules, caller, named, now, key }: Listener,
): (facts: Attributes) => Effect | undefined {
  const policy = policyOf(patient, [compilePart(consent, rules)]);
  const blocks = policy.blocks.some(
    ({ stands, actors, from, until }) =>
      stands &&
      from <= now &&
      now < until &&
      levelIn(actors, 'deny', caller, named, patient, now) !== undefined,
  );
  const voices = [...said(policy, caller, 'usual', named, now).values()].flat();
  const about = (effect: Effect): Condition =>
    keyed(or(...voices.filter((each) => each.effect === effect).map((each) => each.about)), key);
  const [permit, deny] = [about('permit'), or(about('deny'), blocks ? ALL : NONE)];
  return (facts) => (matches(deny, facts) ? 'deny' : matches(permit, facts) ? 'permit' : undefined);
}

export interface Listener {
  patient: string;
  rules: Rules;
  caller: Caller;
  named: Named;
  now: number;
  /** How labels and codes of what is asked about are kept. */
  key: (term: string) => string;
}
