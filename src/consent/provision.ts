/**
 * One Consent, compiled: each of its provisions, at any depth, as what it says of the caller (decided for each
 * request) and of the resource (a condition). https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision
 *
 * INVARIANT: a permit covers what it surely means, a deny what it could mean. What isn't understood, a reference
 * that leads nowhere, a date that can't be read never widens a permit and never narrows a deny.
 */
import { ALL, type Condition, NONE, and, not, or } from '../condition/condition.ts';
import { dateRange } from '../fhir/dates.ts';
import type { Coding, Json, Reference, Resource } from '../fhir/resource.ts';
import {
  ACT_REASON,
  CONFIDENTIALITY,
  PROFESSIONS,
  RESOURCE_TYPES,
  TERMINOLOGY,
  above,
  from as marksFrom,
} from './vocabulary.ts';

export type Effect = 'permit' | 'deny';

/** What names the caller, the most telling first. https://hl7.org/fhir/R4/consent-definitions.html#Consent.provision.actor */
export const LEVELS = ['caller', 'group', 'profession', 'anyone'] as const;
export type Level = (typeof LEVELS)[number];

/** Who is meant. `unclear`: an actor that can't be told, who for a deny may be anybody. */
export interface Actors {
  persons: readonly string[];
  groups: readonly string[];
  professions: readonly string[];
  unclear: boolean;
}

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
  /** Which resources it is about, those of the provisions around it included. */
  about: Condition;
  /** `Consent/x/_history/v` */
  because: string;
}

const EVER = 8.64e15;
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
/** They may turn a meaning around. https://hl7.org/fhir/R4/conformance-rules.html#isModifier */
const MODIFIERS = ['modifierExtension', 'implicitRules'];
/** A PractitionerRole, a CareTeam and a Group have members that a token doesn't tell: unclear. */
const PERSONS = /^(Practitioner|RelatedPerson|Patient|Device)\/[A-Za-z0-9\-.]{1,64}$/;
const GROUPS = /^(Organization)\/[A-Za-z0-9\-.]{1,64}$/;
const LOCAL = /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/;
const RECEIVES = new Set(['IRCP', 'PRCP', 'GRANTEE']);
const OTHER_SCOPES = new Set(['adr', 'treatment', 'research']);
/** https://hl7.org/fhir/R4/valueset-consent-action.html: those that reading is. */
const READING = new Set(['access', 'use', 'disclose']);
const NOT_READING = new Set(['collect', 'correct']);
const DEEPEST = 20;

/** A Consent that isn't active says nothing. */
export function compileConsent(consent: Resource): Statement[] {
  if (consent.status !== 'active') return [];
  const scopes = scopesOf(consent);
  if (scopes.length > 0 && scopes.every((code) => OTHER_SCOPES.has(code))) return [];
  const because = `Consent/${consent.id}/_history/${consent.meta?.versionId ?? ''}`;
  const root = consent.provision as Json | undefined;
  const plain = scopes.includes('patient-privacy') && MODIFIERS.every((name) => consent[name] === undefined);
  const around: Around = {
    certain: plain,
    actors: [],
    from: -EVER,
    until: EVER,
    purposes: [],
    sure: ALL,
    possible: ALL,
  };
  if (root === undefined) return optedOut(consent) ? [statementOf('deny', 0, around, because)] : [];
  return statementsOf(root, root.type ?? (optedOut(consent) ? 'deny' : undefined), around, 0, because);
}

/** What the provisions around one have said, for a permit (`sure`) and for a deny (`possible`). */
interface Around {
  /** All of it was understood. */
  certain: boolean;
  actors: readonly Actors[];
  from: number;
  until: number;
  purposes: readonly (readonly string[])[];
  sure: Condition;
  possible: Condition;
}

function statementsOf(
  provision: Json,
  effect: unknown,
  around: Around,
  depth: number,
  because: string,
): Statement[] {
  if (depth > DEEPEST) return [statementOf('deny', depth, around, because)];
  const within = narrowed(provision, around);
  const own: Statement[] = [];
  if (effect === 'permit') {
    if (within.certain) own.push(statementOf('permit', depth, within, because));
  } else if (effect !== undefined || depth > 0) {
    own.push(statementOf('deny', depth, within, because));
  }
  const nested = list(provision.provision).flatMap((each) =>
    statementsOf(each, each.type, within, depth + 1, because),
  );
  return [...own, ...nested];
}

function statementOf(effect: Effect, depth: number, around: Around, because: string): Statement {
  const { actors, from, until, purposes, sure, possible } = around;
  return {
    effect,
    depth,
    actors,
    from,
    until,
    purposes,
    about: effect === 'permit' ? sure : possible,
    because,
  };
}

function narrowed(provision: Json, around: Around): Around {
  const understood = Object.keys(provision).every((name) => READ_ELEMENTS.has(name));
  const span = spanOf(provision.period);
  const purposes = purposesOf(provision.purpose);
  const action = actionOf(provision.action);
  const actors = actorsOf(provision.actor);
  const about = RESOURCE_PARTS.map((part) => part(provision));
  const out =
    span === undefined
      ? around
      : { from: Math.max(span.from, around.from), until: Math.min(span.until, around.until) };
  return {
    certain:
      around.certain &&
      understood &&
      span !== undefined &&
      purposes !== 'unclear' &&
      action !== 'unclear' &&
      (provision.actor === undefined || actors !== undefined),
    actors: provision.actor === undefined ? around.actors : [...around.actors, actors ?? NOBODY_KNOWN],
    from: out.from,
    until: out.until,
    purposes:
      purposes === undefined || purposes === 'unclear' ? around.purposes : [...around.purposes, purposes],
    sure: action === 'no' ? NONE : and(around.sure, ...about.map(({ sure }) => sure)),
    possible: action === 'no' ? NONE : and(around.possible, ...about.map(({ possible }) => possible)),
  };
}

/** What an element says of resources, surely and possibly. */
interface About {
  sure: Condition;
  possible: Condition;
}

const WHATEVER: About = { sure: ALL, possible: ALL };
const UNCLEAR: About = { sure: NONE, possible: ALL };

const RESOURCE_PARTS: ((provision: Json) => About)[] = [
  ({ securityLabel }) => anyOf(securityLabel, labelOf),
  ({ class: classes }) => anyOf(classes, classOf),
  ({ code }) => anyOf(code, codeOf),
  ({ data }) => anyOf(data, dataOf),
  ({ dataPeriod }) => {
    if (dataPeriod === undefined) return WHATEVER;
    const span = spanOf(dataPeriod);
    return span === undefined
      ? UNCLEAR
      : { sure: { is: 'within', ...span }, possible: { is: 'touches', ...span } };
  },
];

function anyOf(value: unknown, read: (item: Json) => About): About {
  if (value === undefined) return WHATEVER;
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  const parts = items.map((item) =>
    typeof item === 'object' && item !== null ? read(item as Json) : UNCLEAR,
  );
  if (parts.length === 0) return UNCLEAR;
  return {
    sure: parts.includes(UNCLEAR) ? NONE : or(...parts.map(({ sure }) => sure)),
    possible: or(...parts.map(({ possible }) => possible)),
  };
}

/**
 * Confidentiality is a high-water mark: a permit of `R` covers what is marked `R` or less, or not at all; a deny of
 * `R` what is marked `R` or more.
 */
function labelOf({ system, code }: Coding & Json): About {
  if (typeof system !== 'string' || typeof code !== 'string') return UNCLEAR;
  const label = (each: string): string => `${system}|${each}`;
  const marks = system === CONFIDENTIALITY ? marksFrom(code) : undefined;
  if (marks === undefined) return exactly({ is: 'label', among: [label(code)] });
  return {
    sure: not({ is: 'label', among: above(code).map(label) }),
    possible: { is: 'label', among: marks.map(label) },
  };
}

function classOf({ system, code }: Coding & Json): About {
  if (typeof code !== 'string') return UNCLEAR;
  if (system === RESOURCE_TYPES) return exactly({ is: 'type', among: [code] });
  if (system === 'urn:ietf:rfc:3986') return orMore(`profile=${code}`, 'code=*');
  if (typeof system !== 'string') return UNCLEAR;
  return orMore(`class=${system}|${code}`, 'code=*');
}

/** A resource with more codes than are kept may have any, as far as a deny goes. */
function orMore(code: string, more: string): About {
  return { sure: { is: 'code', among: [code] }, possible: { is: 'code', among: [code, more] } };
}

function codeOf(concept: Json): About {
  const codings = codingsOf(concept);
  return codings === undefined
    ? UNCLEAR
    : anyOf(codings, ({ system, code }) => orMore(`code=${String(system)}|${String(code)}`, 'code=*'));
}

/** Undefined when one of them has no system or code, or there is none: a text can't be read. */
function codingsOf(concept: unknown): { system: string; code: string }[] | undefined {
  const { coding } = (typeof concept === 'object' && concept !== null ? concept : {}) as Json;
  const read = (Array.isArray(coding) ? (coding as unknown[]) : []).map((item) => {
    const { system, code } = (typeof item === 'object' && item !== null ? item : {}) as Json;
    return typeof system === 'string' && typeof code === 'string' ? { system, code } : undefined;
  });
  return read.length > 0 && read.every((each) => each !== undefined) ? read : undefined;
}

/** https://hl7.org/fhir/R4/valueset-consent-data-meaning.html */
function dataOf({ meaning, reference, id: _id, ...rest }: Json): About {
  const target = (reference as Reference | undefined)?.reference ?? '';
  if (!LOCAL.test(target) || Object.keys(rest).length > 0) return UNCLEAR;
  const instance: Condition = { is: 'instance', among: [target] };
  const named: About = {
    sure: or(instance, { is: 'about', among: [target] }),
    possible: or(instance, { is: 'about', among: [target, '*'] }),
  };
  switch (meaning) {
    case 'instance':
      return exactly(instance);
    case 'dependents':
      return named;
    case 'related':
      // IHE PCF: what belongs to an encounter, a plan or an episode refers to it; of others only itself is sure
      return /^(Encounter|CarePlan|EpisodeOfCare)\//.test(target) ? named : { sure: instance, possible: ALL };
    case 'authoredby':
      return {
        sure: { is: 'author', among: [target] },
        possible: { is: 'author', among: [target, '*'] },
      };
    default:
      return UNCLEAR;
  }
}

function exactly(condition: Condition): About {
  return { sure: condition, possible: condition };
}

const NOBODY_KNOWN: Actors = { persons: [], groups: [], professions: [], unclear: true };

/** Undefined when not one is understood. */
function actorsOf(value: unknown): Actors | undefined {
  if (value === undefined) return undefined;
  const actors = {
    persons: [] as string[],
    groups: [] as string[],
    professions: [] as string[],
    unclear: false,
  };
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  for (const item of items) {
    const {
      role,
      reference,
      id: _id,
      ...rest
    } = (typeof item === 'object' && item !== null ? item : {}) as Json;
    const { reference: named, identifier } = (reference ?? {}) as Reference;
    const codings = codingsOf(role) ?? [];
    const receives = codings.some(
      ({ system, code }) => system.startsWith(`${TERMINOLOGY}v3-`) && RECEIVES.has(code),
    );
    const professions = codings.filter(({ system }) => system === PROFESSIONS).map(({ code }) => code);
    if (Object.keys(rest).length > 0) actors.unclear = true;
    else if (named !== undefined && PERSONS.test(named) && receives) actors.persons.push(named);
    else if (named !== undefined && GROUPS.test(named) && receives) actors.groups.push(named);
    // somebody's identifier is not everybody of the profession
    else if (named === undefined && identifier === undefined && professions.length > 0)
      actors.professions.push(...professions);
    else actors.unclear = true;
  }
  const count = actors.persons.length + actors.groups.length + actors.professions.length;
  return count === 0 ? undefined : actors;
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

/** A period's instants, the end of a partial date included; undefined when it can't be read. */
function spanOf(period: unknown): { from: number; until: number } | undefined {
  if (period === undefined) return { from: -EVER, until: EVER };
  if (typeof period !== 'object' || period === null || Array.isArray(period)) return undefined;
  const { start, end, id: _id, ...rest } = period as Json;
  if (Object.keys(rest).length > 0) return undefined;
  const from = start === undefined ? -EVER : range(start)?.lo;
  const until = end === undefined ? EVER : range(end)?.hi;
  return from === undefined || until === undefined || from >= until ? undefined : { from, until };
}

function range(value: unknown): { lo: number; hi: number } | undefined {
  return typeof value === 'string' ? dateRange(value) : undefined;
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

function list(value: unknown): Json[] {
  return Array.isArray(value)
    ? value.filter((item): item is Json => typeof item === 'object' && item !== null)
    : [];
}
