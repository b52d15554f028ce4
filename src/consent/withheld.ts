/**
 * What a professional isn't given for a mask or a Consent alone: of which a deployment may tell them that it is. Never
 * for a block, a closed space, the matrix, nor where nothing permits; nor what is hidden from the patient or theirs.
 */
import { type Condition, NONE, and, not, or } from '../condition/condition.ts';
import type { Named } from './actors.ts';
import { type Caller, isProfessional } from './caller.ts';
import { type Verdict, plan, verdictsFor } from './lines.ts';
import { matrixFor } from './matrix.ts';
import type { Policy } from './policy.ts';
import type { Rules } from './rules.ts';

/** Of the resources that are this patient's and nobody else's. */
export function withheld(policy: Policy, caller: Caller, rules: Rules, now: number, named: Named): Condition {
  if (!isProfessional(caller)) return NONE;
  const [first = [], consents = []] = verdictsFor(policy, caller, rules, now, named);
  const { hiddenFromPatient, hiddenFromRepresentatives } = rules.labels;
  const otherwise = plan(policy, caller, withoutMasks(rules), now, named);
  return and(
    not({ is: 'label', among: [...hiddenFromPatient, ...hiddenFromRepresentatives] }),
    first.reduceRight(
      (rest, { line, permit, deny }) =>
        or(line === 9 ? and(deny, otherwise) : NONE, and(not(deny), not(permit), rest)),
      and(matrixFor(caller, rules), deniedBy(consents)),
    ),
  );
}

/** What the first of these that says something denies. */
function deniedBy(verdicts: readonly Verdict[]): Condition {
  return verdicts.reduceRight<Condition>((rest, { permit, deny }) => or(deny, and(not(permit), rest)), NONE);
}

const unmasked = new WeakMap<Rules, Rules>();

/** The same rules, if no label masked anything. */
function withoutMasks(rules: Rules): Rules {
  let found = unmasked.get(rules);
  if (found === undefined) {
    found = { ...rules, labels: { ...rules.labels, masked: [] } };
    unmasked.set(rules, found);
  }
  return found;
}
