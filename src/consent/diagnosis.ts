/**
 * What of a Consent isn't understood or has no effect, element by element: read by the same readers as provision.ts,
 * one item at a time.
 */
import type { Json, Resource } from '../fhir/resource.ts';
import { actionOf, purposesOf } from './acts.ts';
import { type Effect, type Named, actorsOf } from './actors.ts';
import { RESOURCE_ELEMENTS } from './elements.ts';
import { spanOf } from './period.ts';
import { DEEPEST, type Placed, READ_ELEMENTS, effectOf, nestedIn, placedIn } from './provision.ts';
import { whomOf } from './reach.ts';
import type { Block } from './policy.ts';
import type { Reason } from './reasons.ts';
import { isAboutPrivacy, policiesOf, rootOf } from './root.ts';
import type { Rules } from './rules.ts';
import { MODIFIERS, POLICY } from './vocabulary.ts';

export interface Finding {
  reason: Reason;
  /** FHIRPath of the element. */
  expression: string;
  /** Of what it is found, a permit or a deny; absent: the whole Consent. */
  effect?: Effect;
}

/** What the findings stand on beside the Consent. */
export interface Surroundings {
  rules: Rules;
  named: Named;
  patient: string;
  /** Of the patient. */
  blocks: readonly Block[];
  now: number;
}

export function findingsIn(consent: Resource, around: Surroundings): Finding[] {
  const found: Finding[] = [];
  const { status } = consent;
  if (status !== 'active') found.push({ reason: 'inactive', expression: 'Consent.status' });
  if (consent.patient === undefined) found.push({ reason: 'patient', expression: 'Consent.patient' });
  const policies = policiesOf(consent);
  const short = policies.includes(POLICY.block)
    ? 'actor'
    : policies.includes(POLICY.maskNew)
      ? 'period'
      : undefined;
  if (short !== undefined) return [...found, ...ofRefusal((consent.provision ?? {}) as Json, short, around)];
  const root = rootOf(consent);
  if (root === 'other') return [...found, { reason: 'scope', expression: 'Consent.scope' }];
  if (!isAboutPrivacy(consent)) {
    found.push({ reason: 'privacy', expression: 'Consent.scope', effect: 'permit' });
  }
  for (const name of MODIFIERS) {
    if (consent[name] !== undefined) {
      found.push({ reason: 'modifier', expression: `Consent.${name}`, effect: 'permit' });
    }
  }
  if (root === 'silent') return [...found, { reason: 'silent', expression: 'Consent.provision' }];
  return [...found, ...ofProvision(placedIn(root), 0, around)];
}

/** A Block, or a default for new documents: of these only whom and when counts. */
function ofRefusal(provision: Json, counts: 'actor' | 'period', around: Surroundings): Finding[] {
  const placed = { provision, type: 'deny', at: 'Consent.provision' };
  const times = ofPeriod(placed, 'deny', around);
  return counts === 'period' ? times : [...times, ...ofActors(placed, 'deny', around)];
}

function ofProvision(placed: Placed, depth: number, around: Surroundings): Finding[] {
  const { provision, type, at } = placed;
  if (depth > DEEPEST) return [{ reason: 'deep', expression: at, effect: 'deny' }];
  const nested = nestedIn(placed);
  const effect = effectOf(placed, depth);
  if (effect === undefined && nested.length === 0) return [{ reason: 'silent', expression: at }];
  const found: Finding[] = [];
  const note = (reason: Reason, expression: string): void => {
    found.push({ reason, expression, ...(effect === undefined ? {} : { effect }) });
  };
  if (effect === 'deny' && type !== 'deny') note('type', `${at}.type`);
  for (const name of Object.keys(provision)) if (!READ_ELEMENTS.has(name)) note('element', `${at}.${name}`);
  for (const each of [...ofPeriod(placed, effect, around), ...ofActors(placed, effect, around)])
    found.push(each);
  for (const [name, reader] of Object.entries(READERS)) {
    for (const [value, expression] of parts(provision[name], `${at}.${name}`)) {
      const reason = reader(value);
      if (reason !== undefined) note(reason, expression);
    }
  }
  return [...found, ...nested.flatMap((each) => ofProvision(each, depth + 1, around))];
}

const unreadableAbout =
  (name: string) =>
  (value: unknown): Reason | undefined =>
    RESOURCE_ELEMENTS[name]!(value).sure.is === 'none' ? 'unreadable' : undefined;

/** What each element, with one of its items, is found to be. */
const READERS: Record<string, (value: unknown) => Reason | undefined> = {
  action: (value) => (({ yes: undefined, no: 'action', unclear: 'unreadable' }) as const)[actionOf(value)],
  purpose: (value) => (purposesOf(value) === 'unclear' ? 'purpose' : undefined),
  ...Object.fromEntries(Object.keys(RESOURCE_ELEMENTS).map((name) => [name, unreadableAbout(name)])),
};

/** One item at a time, as a list of one; the whole when it has none. */
function parts(value: unknown, at: string): [unknown, string][] {
  if (value === undefined) return [];
  if (!Array.isArray(value) || value.length === 0) return [[value, at]];
  return value.map((item: unknown, index) => [[item], `${at}[${index}]`]);
}

function ofPeriod({ provision, at }: Placed, effect: Effect | undefined, { now }: Surroundings): Finding[] {
  const expression = `${at}.period`;
  const told = effect === undefined ? {} : { effect };
  const span = spanOf(provision.period);
  if (span === undefined) return [{ reason: 'period', expression, ...told }];
  if (now < span.from) return [{ reason: 'begins', expression: `${expression}.start`, ...told }];
  return now < span.until ? [] : [{ reason: 'ended', expression: `${expression}.end`, ...told }];
}

function ofActors({ provision, at }: Placed, effect: Effect | undefined, around: Surroundings): Finding[] {
  const { rules, named, patient, now } = around;
  return parts(provision.actor, `${at}.actor`).flatMap(([value, expression]): Finding[] => {
    const actors = actorsOf(value, rules.professions);
    const told = effect === undefined ? {} : { effect };
    if (actors.unclear) return [{ reason: 'actor', expression, ...told }];
    if (actors.named.length === 0) return [];
    const { persons, untold } = whomOf(actors, effect ?? 'permit', named, patient, now);
    const isNobody = persons !== 'all' && persons.size === 0;
    if (!untold && !isNobody) return [];
    return [{ reason: untold ? 'nowhere' : 'nobody', expression: `${expression}.reference`, ...told }];
  });
}
