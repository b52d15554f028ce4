/**
 * What a patient's Consents say, compiled. Pure: no clock, no store. https://hl7.org/fhir/R4/consent.html
 *
 * Evaluated here: the root provision's type, period, actor and purpose. A provision with anything else never
 * permits, and its deny is applied as wide as it could be meant.
 */
import { dateRange } from '../fhir/dates.ts';
import type { Coding, Json, Reference, Resource } from '../fhir/resource.ts';

/** One statement. `undefined` means whoever, whenever, whatever for. */
export interface Rule {
  effect: 'permit' | 'deny';
  actors: readonly string[] | undefined;
  from: number;
  until: number;
  purposes: readonly string[] | undefined;
  /** `Consent/x/_history/v`, for the trace. */
  because: string;
}

export interface Policy {
  rules: readonly Rule[];
}

export interface Caller {
  /** The references by which a Consent may name the caller: the person's, then their organizations'. */
  names: readonly string[];
  /** Natural person who practises: a permit that names nobody means them. */
  professional: boolean;
  purposes: readonly string[];
}

export interface Decision {
  effect: 'permit' | 'deny';
  because: string | undefined;
}

const EVALUATED = new Set(['type', 'period', 'actor', 'purpose', 'id']);
/** They may turn a Consent's meaning around: with one, it permits nothing. https://hl7.org/fhir/R4/conformance-rules.html#isModifier */
const MODIFIERS = ['modifierExtension', 'implicitRules'];
const TERMINOLOGY = 'http://terminology.hl7.org/CodeSystem/';
/** v3-ParticipationType and v3-RoleCode codes that make an actor one who receives information. */
const RECEIVES = new Set(['IRCP', 'PRCP', 'GRANTEE']);
const NAMEABLE = /^(Practitioner|Organization)\/[A-Za-z0-9\-.]{1,64}$/;
const OTHER_SCOPES = new Set(['adr', 'treatment', 'research']);
const EVER = 8.64e15;

export function compile(consents: readonly Resource[]): Policy {
  return { rules: consents.filter((consent) => consent.status === 'active').flatMap(rulesOf) };
}

/** Deny beats permit; nothing said is a deny. */
export function decide(policy: Policy, caller: Caller, now: number): Decision {
  let permit: Rule | undefined;
  for (const rule of policy.rules) {
    if (!applies(rule, caller, now)) continue;
    if (rule.effect === 'deny') return { effect: 'deny', because: rule.because };
    permit ??= rule;
  }
  return permit === undefined
    ? { effect: 'deny', because: undefined }
    : { effect: 'permit', because: permit.because };
}

/** The names under which a Consent's permits can be found: `*` when a permit names nobody. */
export function grantees(consent: Resource): string[] {
  const permits = compile([consent]).rules.filter((rule) => rule.effect === 'permit');
  return [...new Set(permits.flatMap((rule) => rule.actors ?? ['*']))];
}

function applies(rule: Rule, caller: Caller, now: number): boolean {
  if (now < rule.from || now >= rule.until) return false;
  if (rule.actors === undefined) {
    if (rule.effect === 'permit' && !caller.professional) return false;
  } else if (!rule.actors.some((actor) => caller.names.includes(actor))) return false;
  if (rule.purposes === undefined) return true;
  // a caller who states no purpose may have any, and one of several acts for each: enough to be denied, not permitted
  if (caller.purposes.length === 0) return rule.effect === 'deny';
  const stated = (purpose: string): boolean => rule.purposes!.includes(purpose);
  return rule.effect === 'deny'
    ? caller.purposes.flatMap(withWider).some(stated)
    : caller.purposes.every(stated);
}

function rulesOf(consent: Resource): Rule[] {
  const scope = scopesOf(consent);
  if (scope.length > 0 && scope.every((code) => OTHER_SCOPES.has(code))) return [];
  const because = `Consent/${consent.id}/_history/${consent.meta?.versionId ?? ''}`;
  const root = consent.provision as Json | undefined;
  if (root === undefined) return optedOut(consent) ? [denyAll(because)] : [];
  const privacy = scope.includes('patient-privacy') && MODIFIERS.every((name) => consent[name] === undefined);
  const rules: Rule[] = [];
  if (root.type === 'permit' && privacy && isEvaluated(root)) rules.push(...permitOf(root, because));
  if (root.type !== 'permit' && (root.type === 'deny' || optedOut(consent)))
    rules.push(denyOf(root, because));
  return [...rules, ...nestedDenies(root, because)];
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

function nestedDenies(provision: Json, because: string): Rule[] {
  return list(provision.provision).flatMap((nested) => [
    ...(nested.type === 'permit' ? [] : [denyOf(nested, because)]),
    ...nestedDenies(nested, because),
  ]);
}

function isEvaluated(provision: Json): boolean {
  return Object.keys(provision).every((name) => EVALUATED.has(name));
}

function permitOf(provision: Json, because: string): Rule[] {
  const span = spanOf(provision.period);
  const purposes = purposesOf(provision);
  if (span === undefined || purposes === 'unreadable') return [];
  const actors = list(provision.actor);
  if (provision.actor !== undefined && actors.length === 0) return [];
  const named = actors
    .filter((actor) => isPlain(actor) && receives(actor))
    .map(nameOf)
    .filter((name) => NAMEABLE.test(name));
  if (actors.length > 0 && named.length === 0) return [];
  return [{ effect: 'permit', actors: actors.length === 0 ? undefined : named, ...span, purposes, because }];
}

function denyOf(provision: Json, because: string): Rule {
  const actors = Array.isArray(provision.actor) ? (provision.actor as unknown[]) : [];
  const named = list(actors).filter(isPlain).map(nameOf);
  const readable =
    named.length > 0 && named.length === actors.length && named.every((name) => NAMEABLE.test(name));
  const span = spanOf(provision.period) ?? { from: -EVER, until: EVER };
  const purposes = purposesOf(provision);
  return {
    effect: 'deny',
    actors: readable ? named : undefined,
    ...span,
    purposes: purposes === 'unreadable' ? undefined : purposes,
    because,
  };
}

function denyAll(because: string): Rule {
  return { effect: 'deny', actors: undefined, from: -EVER, until: EVER, purposes: undefined, because };
}

/** Nothing in it that isn't read here. */
function isPlain(actor: Json): boolean {
  return Object.keys(actor).every((name) => name === 'role' || name === 'reference' || name === 'id');
}

function nameOf({ reference }: Json): string {
  return (reference as Reference | undefined)?.reference ?? '';
}

function receives(actor: Json): boolean {
  const codes = (actor.role as { coding?: Coding[] } | undefined)?.coding ?? [];
  return codes.some(
    ({ system, code }) => system?.startsWith(`${TERMINOLOGY}v3-`) === true && RECEIVES.has(code ?? ''),
  );
}

function purposesOf(provision: Json): readonly string[] | undefined | 'unreadable' {
  if (provision.purpose === undefined) return undefined;
  const codes = list(provision.purpose).map((coding) => coding as Coding);
  const readable =
    codes.length > 0 && codes.every(({ system, code }) => typeof code === 'string' && system === ACT_REASON);
  return readable ? codes.map(({ code }) => code!) : 'unreadable';
}

const ACT_REASON = `${TERMINOLOGY}v3-ActReason`;
/** The purpose that each of these is a kind of: a deny of the wider one is a deny of it. */
const KIND_OF: Record<string, string> = Object.fromEntries(
  [
    ['TREAT', 'CLINTRL COC ETREAT POPHLTH'],
    ['ETREAT', 'BTG ERTREAT'],
    [
      'HOPERAT',
      'CAREMGT DONAT FRAUD GOV HACCRED HCOMPL HDECD HDIRECT HDM HLEGAL HOUTCOMS HPRGRP HQUALIMP HSYSADMIN',
    ],
    ['HOPERAT', 'MEMADMIN MILCDM PATADMIN PATSFTY PERFMSR RECORDMGT SYSDEV TRAIN'],
    ['HSYSADMIN', 'LABELING METAMGT'],
    ['SYSDEV', 'HTEST'],
    ['HPAYMT', 'CLMATTCH COVAUTH COVERAGE REMITADV'],
    ['COVERAGE', 'ELIGDTRM ELIGVER ENROLLM MILDCRG'],
    ['HRESCH', 'BIORCH CLINTRCH DSRCH POARCH TRANSRCH'],
    ['CLINTRCH', 'CLINTRCHNPC CLINTRCHPC PRECLINTRCH'],
    ['PATRQT', 'FAMRQT PWATRNY SUPNWK'],
    ['PUBHLTH', 'DISASTER THREAT'],
  ].flatMap(([wider = '', kinds = '']) => kinds.split(' ').map((kind) => [kind, wider])),
);

/** A purpose and all that it is a kind of. https://terminology.hl7.org/ValueSet-v3-PurposeOfUse.html */
function withWider(purpose: string): string[] {
  const wider = KIND_OF[purpose];
  return wider === undefined ? [purpose, 'PurposeOfUse'] : [purpose, ...withWider(wider)];
}

/** A period's instants, the end of a partial date included; undefined when a date can't be read. */
function spanOf(period: unknown): { from: number; until: number } | undefined {
  if (period === undefined) return { from: -EVER, until: EVER };
  if (typeof period !== 'object' || period === null || Array.isArray(period)) return undefined;
  const { start, end, ...rest } = period as { start?: unknown; end?: unknown };
  if (Object.keys(rest).some((name) => name !== 'id')) return undefined;
  const from = start === undefined ? -EVER : instants(start)?.lo;
  const until = end === undefined ? EVER : instants(end)?.hi;
  return from === undefined || until === undefined || from >= until ? undefined : { from, until };
}

function instants(value: unknown): { lo: number; hi: number } | undefined {
  return typeof value === 'string' ? dateRange(value) : undefined;
}

function list(value: unknown): Json[] {
  return Array.isArray(value)
    ? value.filter((item): item is Json => typeof item === 'object' && item !== null)
    : [];
}
