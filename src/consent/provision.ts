/**
 * One Consent, compiled: each of its provisions, at any depth, as what it says of the caller (decided for each
 * request) and of the resource (a condition). https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
 *
 * INVARIANT: a permit covers what it surely means, a deny what it could mean. What isn't understood, a reference
 * that leads nowhere, a date that can't be read never widens a permit and never narrows a deny.
 */
import { items } from '../fhir/items.ts';
import { ALL, type Condition, NONE, and } from '../condition/condition.ts';
import type { Json, Resource } from '../fhir/resource.ts';
import { actionOf, purposesOf } from './acts.ts';
import { type Actors, type Effect, actorsOf } from './actors.ts';
import { codingsOf } from './coding.ts';
import { RESOURCE_ELEMENTS } from './elements.ts';
import { EVER, spanOf } from './period.ts';
import { type Root, policiesOf, rootOf } from './root.ts';
import type { Rules } from './rules.ts';
import { EMERGENCIES, POLICY } from './vocabulary.ts';

export interface Statement {
  effect: Effect;
  /** 0 for the root. */
  depth: number;
  /** Those of the provision and of the ones around it: each must mean the caller. Empty: nobody is named. */
  actors: readonly Actors[];
  from: number;
  until: number;
  /** Each of these lists must fit the purpose: a provision's and those of the ones around it. */
  purposes: readonly (readonly string[])[];
  /** It is about an emergency: line 7's. */
  emergency: boolean;
  /** It names a mask. */
  masked: boolean;
  /** Its Consent makes an administrator. */
  administrator: boolean;
  /** Which resources it is about, those of the provisions around it included. */
  about: Condition;
  /** `Consent/x/_history/v` */
  because: string;
  /** Which of its provisions. */
  at: string;
}

export const READ_ELEMENTS: ReadonlySet<string> = new Set([
  'id',
  'type',
  'period',
  'actor',
  'action',
  'securityLabel',
  'purpose',
  'class',
  'code',
  'dataPeriod',
  'data',
  'provision',
]);
/** Where a Consent's own provision is. */
const ROOT = 'Consent.provision';
/** Beyond it, which no JSON reaches here, a provision is a deny, whatever it says. */
export const DEEPEST = 50;

/** A Consent that isn't active says nothing; a Block is read elsewhere. */
export function compileConsent(consent: Resource, rules: Rules): Statement[] {
  const policies = policiesOf(consent);
  if (consent.status !== 'active' || policies.includes(POLICY.block)) return [];
  const root = rootOf(consent);
  if (typeof root === 'string') return [];
  const around: Around = {
    certain: root.plain,
    actors: [],
    from: -EVER,
    until: EVER,
    purposes: [],
    emergency: false,
    masked: false,
    sure: ALL,
    possible: ALL,
  };
  const reading: Reading = {
    rules,
    administrator: policies.includes(POLICY.administrator),
    because: `Consent/${consent.id}/_history/${consent.meta?.versionId ?? ''}`,
  };
  return statementsOf(placedIn(root), around, 0, reading);
}

/** The outermost provision. */
export function placedIn({ provision, type }: Root): Placed {
  return { provision, type, at: ROOT };
}

/** What the provisions around one have said, for a permit (`sure`) and for a deny (`possible`). */
interface Around {
  /** All of it was understood. */
  certain: boolean;
  actors: readonly Actors[];
  from: number;
  until: number;
  purposes: readonly (readonly string[])[];
  emergency: boolean;
  masked: boolean;
  sure: Condition;
  possible: Condition;
}

/** What is the same for a whole Consent. */
interface Reading {
  rules: Rules;
  administrator: boolean;
  because: string;
}

/** A provision where it stands in its Consent. */
export interface Placed {
  provision: Json;
  type: unknown;
  /** `Consent.provision.provision[0]` */
  at: string;
}

function statementsOf(placed: Placed, around: Around, depth: number, reading: Reading): Statement[] {
  const { provision, at } = placed;
  if (depth > DEEPEST) return [statementOf('deny', at, depth, around, reading)];
  const within = narrowed(provision, around, reading.rules);
  const effect = effectOf(placed, depth);
  const counts = effect === 'deny' || (effect === 'permit' && within.certain);
  const own = counts ? [statementOf(effect, at, depth, within, reading)] : [];
  return [...own, ...nestedIn(placed).flatMap((each) => statementsOf(each, within, depth + 1, reading))];
}

/** Undefined: it says nothing itself, but those in it may. */
export function effectOf({ type }: Placed, depth: number): Effect | undefined {
  if (type === 'permit') return 'permit';
  return type !== undefined || depth > 0 ? 'deny' : undefined;
}

/** What isn't a provision stands for one without a type: a deny. */
export function nestedIn({ provision: { provision: nested }, at }: Placed): Placed[] {
  if (nested === undefined) return [];
  return [nested].flat().map((each, index) => {
    const provision = typeof each === 'object' && each !== null ? (each as Json) : {};
    return { provision, type: provision.type, at: `${at}.provision[${index}]` };
  });
}

function statementOf(effect: Effect, at: string, depth: number, around: Around, reading: Reading): Statement {
  const { actors, from, until, purposes: fitting, emergency, masked, sure, possible } = around;
  return {
    effect,
    depth,
    actors,
    from,
    until,
    purposes: fitting,
    emergency,
    masked,
    administrator: reading.administrator,
    about: effect === 'permit' ? sure : possible,
    because: reading.because,
    at,
  };
}

function narrowed(provision: Json, around: Around, rules: Rules): Around {
  const understood = Object.keys(provision).every((name) => READ_ELEMENTS.has(name));
  const span = spanOf(provision.period);
  const listed = purposesOf(provision.purpose);
  const action = actionOf(provision.action);
  const actors = provision.actor === undefined ? undefined : actorsOf(provision.actor, rules.professions);
  const about = Object.entries(RESOURCE_ELEMENTS).map(([name, read]) => read(provision[name]));
  const out =
    span === undefined
      ? around
      : { from: Math.max(span.from, around.from), until: Math.min(span.until, around.until) };
  return {
    certain:
      around.certain && understood && span !== undefined && listed !== 'unclear' && action !== 'unclear',
    actors: actors === undefined ? around.actors : [...around.actors, actors],
    from: out.from,
    until: out.until,
    purposes: listed === undefined || listed === 'unclear' ? around.purposes : [...around.purposes, listed],
    // a purpose that can't be read may be one, as far as a deny goes; a permit that has it counts nowhere
    emergency: around.emergency || listed === 'unclear' || EMERGENCIES.some((each) => listed?.includes(each)),
    masked: around.masked || namesMask(provision.securityLabel, rules),
    sure: action === 'no' ? NONE : and(around.sure, ...about.map(({ sure }) => sure)),
    possible: action === 'no' ? NONE : and(around.possible, ...about.map(({ possible }) => possible)),
  };
}

/** What can't be read may name one, for a deny; for a permit it fits nothing. */
function namesMask(labels: unknown, { labels: { masked } }: Rules): boolean {
  if (labels !== undefined && codingsOf({ coding: labels }) === undefined) return true;
  return items(labels).some(({ system, code }) =>
    [`*|${String(code)}`, `${String(system)}|${String(code)}`].some((label) => masked.includes(label)),
  );
}
