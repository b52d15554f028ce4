/**
 * Whether a Consent is enforced now: exactly when the engine makes a statement of it that can fit somebody now.
 * conformance/consent-rules.md, "Which Consents count"
 */
import type { Resource } from '../fhir/resource.ts';
import { type Finding, type Surroundings, findingsIn } from './diagnosis.ts';
import type { Span } from './period.ts';
import { compilePart } from './policy.ts';
import { DEEPEST, type Placed, effectOf, nestedIn, placedIn } from './provision.ts';
import { blockedSince, canFit, whomOf } from './reach.ts';
import type { EnforcementStatus } from './reasons.ts';
import { rootOf } from './root.ts';

export interface Enforcement {
  status: EnforcementStatus;
  findings: readonly Finding[];
}

export function enforcementOf(consent: Resource, around: Surroundings): Enforcement {
  const { statements = [], block, masksNew } = compilePart(consent, around.rules);
  const found = findingsIn(consent, around);
  if (consent.patient === undefined) return { status: 'not-enforceable', findings: found };
  if (consent.status !== 'active') return { status: statusWithout(consent), findings: found };
  const { named, patient, now } = around;
  if (masksNew !== undefined) return { status: statusAt([masksNew], now), findings: found };
  if (block !== undefined) {
    const { persons, professions } = whomOf(block.actors, 'deny', named, patient, now);
    const meansOne = persons === 'all' || persons.size + professions.size > 0;
    return { status: statusAt(meansOne ? [block] : [], now), findings: found };
  }
  const fitting = statements.filter((each) => canFit(each, named, patient, now));
  const left = fitting.filter((each) =>
    canFit(each, named, patient, now, blockedSince(around.blocks, each.written, around)),
  );
  const counting = new Set(fitting.map(({ at }) => at));
  const voids = permitsIn(consent)
    .filter(({ at }) => !counting.has(at))
    .map(({ at }): Finding => ({ reason: 'void', expression: at, effect: 'permit' }));
  const blocked = fitting
    .filter((each) => !left.includes(each))
    .map(({ at }): Finding => ({ reason: 'blocked', expression: at, effect: 'permit' }));
  const isOver = fitting.length > 0 && left.length === 0;
  return { status: isOver ? 'no-longer' : statusAt(left, now), findings: [...found, ...voids, ...blocked] };
}

function statusAt(spans: readonly Span[], now: number): EnforcementStatus {
  if (spans.some(({ from, until }) => from <= now && now < until)) return 'enforced';
  if (spans.some(({ from }) => now < from)) return 'not-yet';
  return spans.length > 0 ? 'no-longer' : 'not-enforceable';
}

/** https://hl7.org/fhir/R4/valueset-consent-state-codes.html */
function statusWithout({ status }: Resource): EnforcementStatus {
  return status === 'draft' || status === 'proposed' ? 'not-yet' : 'no-longer';
}

function permitsIn(consent: Resource): Placed[] {
  const root = rootOf(consent);
  if (typeof root === 'string') return [];
  const found: Placed[] = [];
  const visit = (placed: Placed, depth: number): void => {
    if (depth > DEEPEST) return;
    if (effectOf(placed, depth) === 'permit') found.push(placed);
    for (const each of nestedIn(placed)) visit(each, depth + 1);
  };
  visit(placedIn(root), 0);
  return found;
}
