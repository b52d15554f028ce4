/**
 * One Consent, compiled: each of its provisions, at any depth, as what it says of the caller (decided for each
 * request) and of the resource (a condition). https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
 *
 * INVARIANT: a permit covers what it surely means, a deny what it could mean. What isn't understood, a reference
 * that leads nowhere, a date that can't be read never widens a permit and never narrows a deny.
 */
import { ALL, type Condition, NONE, and } from '../condition/condition.ts';
import type { Coding, Json, Resource } from '../fhir/resource.ts';
import { type Actors, type Effect, actorsOf } from './actors.ts';
import { codingsOf } from './coding.ts';
import { RESOURCE_PARTS } from './elements.ts';
import { items } from './members.ts';
import { EVER, spanOf } from './period.ts';
import type { Rules } from './rules.ts';
import {
  ACT_REASON,
  CONFIDENTIALITY,
  EMERGENCIES,
  MODIFIERS,
  PCF,
  POLICY,
  TERMINOLOGY,
} from './vocabulary.ts';

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
}

const READ_ELEMENTS = new Set([
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
const OTHER_SCOPES = new Set(['adr', 'treatment', 'research']);
/** https://hl7.org/fhir/R4/valueset-consent-action.html: those that reading is. */
const READING = new Set(['access', 'use', 'disclose']);
const NOT_READING = new Set(['collect', 'correct']);
const DEEPEST = 20;

/** A Consent that isn't active says nothing; a Block is read elsewhere. */
export function compileConsent(consent: Resource, rules: Rules): Statement[] {
  const policies = policiesOf(consent);
  if (consent.status !== 'active' || policies.includes(POLICY.block)) return [];
  const scopes = scopesOf(consent);
  if (scopes.length > 0 && scopes.every((code) => OTHER_SCOPES.has(code))) return [];
  const plain = scopes.includes('patient-privacy') && MODIFIERS.every((name) => consent[name] === undefined);
  const around: Around = {
    certain: plain,
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
  const out = optedOut(consent) || policies.includes(`${PCF}Policy-deny`) ? 'deny' : undefined;
  const root = (consent.provision ?? (out === undefined ? impliedBy(policies) : {})) as Json | undefined;
  return root === undefined ? [] : statementsOf(root, root.type ?? out, around, 0, reading);
}

/** The policies that a Consent names, and by which it may say what it is. */
export function policiesOf(consent: Resource): unknown[] {
  return items(consent.policy).flatMap(({ uri }) => uri ?? []);
}

const NORMAL = [{ system: CONFIDENTIALITY, code: 'N' }];
const purposes = (...codes: string[]): Json[] => codes.map((code) => ({ system: ACT_REASON, code }));

/** What a Consent without a provision says by IHE PCF's policies. https://profiles.ihe.net/ITI/PCF/volume-1.html */
const IMPLIED: Record<string, Json> = {
  'Policy-basic-normal': {
    type: 'permit',
    purpose: purposes('TREAT', 'HPAYMT', 'HOPERAT'),
    securityLabel: NORMAL,
  },
  'Policy-all-normal': { type: 'permit', securityLabel: NORMAL },
  'Policy-break-glass-only': { type: 'permit', purpose: purposes('BTG') },
};

function impliedBy(policies: readonly unknown[]): Json | undefined {
  const [policy] = policies;
  if (policies.length !== 1 || typeof policy !== 'string' || !policy.startsWith(PCF)) return undefined;
  const name = policy.slice(PCF.length);
  return Object.hasOwn(IMPLIED, name) ? IMPLIED[name] : undefined;
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

function statementsOf(
  provision: Json,
  effect: unknown,
  around: Around,
  depth: number,
  reading: Reading,
): Statement[] {
  if (depth > DEEPEST) return [statementOf('deny', depth, around, reading)];
  const within = narrowed(provision, around, reading.rules);
  const own: Statement[] = [];
  if (effect === 'permit') {
    if (within.certain) own.push(statementOf('permit', depth, within, reading));
  } else if (effect !== undefined || depth > 0) {
    own.push(statementOf('deny', depth, within, reading));
  }
  const nested = nestedIn(provision).flatMap((each) =>
    statementsOf(each, each.type, within, depth + 1, reading),
  );
  return [...own, ...nested];
}

/** What isn't a provision stands for one without a type: a deny. */
function nestedIn({ provision: nested }: Json): Json[] {
  if (nested === undefined) return [];
  return [nested].flat().map((each) => (typeof each === 'object' && each !== null ? (each as Json) : {}));
}

function statementOf(effect: Effect, depth: number, around: Around, reading: Reading): Statement {
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
  };
}

function narrowed(provision: Json, around: Around, rules: Rules): Around {
  const understood = Object.keys(provision).every((name) => READ_ELEMENTS.has(name));
  const span = spanOf(provision.period);
  const listed = purposesOf(provision.purpose);
  const action = actionOf(provision.action);
  const actors = provision.actor === undefined ? undefined : actorsOf(provision.actor, rules.professions);
  const about = RESOURCE_PARTS.map((part) => part(provision));
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

/** `no`: it isn't about reading. */
function actionOf(value: unknown): 'yes' | 'no' | 'unclear' {
  if (value === undefined) return 'yes';
  const concepts = Array.isArray(value) ? value.map(codingsOf) : [];
  if (concepts.length === 0 || concepts.includes(undefined)) return 'unclear';
  const codes = concepts.flatMap((codings) => codings ?? []);
  const known = codes.map(({ system, code }) => (system === `${TERMINOLOGY}consentaction` ? code : ''));
  if (known.some((code) => READING.has(code))) return 'yes';
  return known.every((code) => NOT_READING.has(code)) ? 'no' : 'unclear';
}

function purposesOf(value: unknown): readonly string[] | undefined | 'unclear' {
  if (value === undefined) return undefined;
  const codings = codingsOf({ coding: value });
  const clear = codings?.every(({ system }) => system === ACT_REASON);
  return clear === true ? codings!.map(({ code }) => code) : 'unclear';
}

/** Codes of http://hl7.org/fhir/R4/valueset-consent-scope.html; what isn't one of its own is empty. */
function scopesOf({ scope }: Resource): string[] {
  const codings = (scope as { coding?: Coding[] } | undefined)?.coding ?? [];
  return codings.map(({ system, code }) => (system === `${TERMINOLOGY}consentscope` ? (code ?? '') : ''));
}

/** https://terminology.hl7.org/CodeSystem-v3-ActCode.html: OPTOUT and its kinds. */
function optedOut(consent: Resource): boolean {
  const codes = (consent.policyRule as { coding?: Coding[] } | undefined)?.coding ?? [];
  return codes.some(({ code }) => code?.startsWith('OPTOUT') === true);
}
