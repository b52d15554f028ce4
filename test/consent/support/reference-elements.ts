/** The table of elements of `conformance/consent-rules.md`: each says of a permit and of a deny when it fits. */
import { authorsOf, codingsIn, datesOf, kindsOf, labelsOf, mentions, profilesOf } from './reference-facts.ts';
import { rangeOfPeriod } from './reference-dates.ts';
import { isAmong } from './reference-rules.ts';
import {
  type Answer,
  type Coding,
  type Effect,
  hasOnly,
  items,
  textOf,
  type Json,
  object,
  readCoding,
  readConcept,
  readReference,
  type ReferenceCaller,
  type Situation,
} from './reference-words.ts';

type Rule = (value: unknown, effect: Effect, situation: Situation) => Answer;

const ACTIONS = 'http://terminology.hl7.org/CodeSystem/consentaction';
const MARKS = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';
const REASONS = 'http://terminology.hl7.org/CodeSystem/v3-ActReason';
const TYPES = 'http://hl7.org/fhir/resource-types';
const URIS = 'urn:ietf:rfc:3986';

/** They open line 7 alone. */
const EMERGENCIES = ['BTG', 'ETREAT'];

/** Lowest first. */
const CONFIDENTIALITY = ['U', 'L', 'M', 'N', 'R', 'V'];

/** What each purpose is a kind of: https://terminology.hl7.org/CodeSystem-v3-ActReason.html, those that tests use. */
export const KIND_OF: Record<string, string> = {
  TREAT: 'PurposeOfUse',
  CLINTRL: 'TREAT',
  COC: 'TREAT',
  ETREAT: 'TREAT',
  BTG: 'ETREAT',
  ERTREAT: 'ETREAT',
  POPHLTH: 'TREAT',
  HRESCH: 'PurposeOfUse',
  CLINTRCH: 'HRESCH',
  HPAYMT: 'PurposeOfUse',
  HOPERAT: 'PurposeOfUse',
  HMARKT: 'PurposeOfUse',
  PATRQT: 'PurposeOfUse',
  FAMRQT: 'PATRQT',
  PUBHLTH: 'PurposeOfUse',
};

/** Every element but `actor`, which is on its own page, and `type` and `provision`, which are no conditions. */
const RULES: Record<string, Rule> = {
  period: (value, _, { now }) => {
    const range = rangeOfPeriod(value);
    return range === undefined ? 'unreadable' : range.from <= now.getTime() && now.getTime() < range.until;
  },

  action: (value, effect) => {
    const concepts = list(value)?.map(readConcept);
    if (concepts === undefined || concepts.includes(undefined)) return 'unreadable';
    const is = (wanted: string[]) => (coding: Coding) =>
      coding.system === ACTIONS && wanted.includes(coding.code);
    const codings = concepts.flatMap((concept) => concept ?? []);
    return effect === 'permit'
      ? codings.some(is(['access', 'use', 'disclose']))
      : !codings.every(is(['collect', 'correct']));
  },

  purpose: (value, effect, { caller }) => {
    const listed = readPurposes(value);
    if (listed === undefined) return 'unreadable';
    const counting = effect === 'deny' ? listed : listed.filter((code) => !EMERGENCIES.includes(code));
    const covered = (purpose: string) => counting.some((code) => isKindOf(purpose, code));
    const known = (purpose: string) => isKindOf(purpose, 'PurposeOfUse');
    return effect === 'permit'
      ? caller.purposes.length > 0 && caller.purposes.every(covered)
      : caller.purposes.length === 0 || caller.purposes.some((each) => covered(each) || !known(each));
  },

  securityLabel: (value, effect, { resource }) => {
    const carried = labelsOf(resource);
    const carriedMarks = carried.map(({ code }) => CONFIDENTIALITY.indexOf(code)).filter((mark) => mark >= 0);
    return some(value, readCoding, (label) => {
      const mark = label.system === MARKS ? CONFIDENTIALITY.indexOf(label.code) : -1;
      if (mark < 0) return carried.some((coding) => isSame(coding, label));
      return effect === 'permit'
        ? carriedMarks.every((other) => other <= mark)
        : carriedMarks.some((other) => other >= mark);
    });
  },

  class: (value, _, { resource }) =>
    some(value, readCoding, (wanted) => {
      if (wanted.system === TYPES) return resource.resourceType === wanted.code;
      if (wanted.system === URIS) return profilesOf(resource).includes(wanted.code);
      return kindsOf(resource).some((coding) => isSame(coding, wanted));
    }),

  code: (value, _, { resource }) =>
    some(value, readConcept, (wanted) =>
      wanted.some((coding) => codingsIn(resource).some((found) => isSame(found, coding))),
    ),

  dataPeriod: (value, effect, { resource }) => {
    const period = rangeOfPeriod(value);
    if (period === undefined) return 'unreadable';
    const when = datesOf(resource);
    return effect === 'permit'
      ? when !== undefined && period.from <= when.from && when.until <= period.until
      : when === undefined || (when.from < period.until && period.from < when.until);
  },

  data: (value, effect, { resource }) =>
    some(value, readDatum, ({ meaning, reference }) => {
      const isIt = reference === `${textOf(resource.resourceType)}/${textOf(resource.id)}`;
      const isOrRefers = isIt || mentions(resource, reference);
      if (meaning === 'instance') return isIt;
      if (meaning === 'dependents') return isOrRefers;
      if (meaning === 'authoredby') return authorsOf(resource).includes(reference);
      if (/^(Encounter|CarePlan|EpisodeOfCare)\//.test(reference)) return isOrRefers;
      return isIt || effect === 'deny';
    }),
};

/** Those that every reading wants; how purposes fit, the reading says. */
export const ELEMENTS = Object.keys(RULES).filter((element) => element !== 'purpose');

/** Whether an element of a provision fits; what is absent does, what can't be read does for a deny. */
export function fits(element: string, provision: Json, effect: Effect, situation: Situation): boolean {
  const value = provision[element];
  if (value === undefined) return true;
  const answer = RULES[element]!(value, effect, situation);
  return answer === 'unreadable' ? effect === 'deny' : answer;
}

/** Whether the purposes of nested provisions fit outside an emergency. */
export function purposesFit(provisions: readonly Json[], effect: Effect, situation: Situation): boolean {
  return provisions.every((provision) => fits('purpose', provision, effect, situation));
}

/**
 * Whether nested provisions speak of an emergency, and of this one: each list that has BTG or ETREAT must have the
 * mode's own code, the others fit as ever. A list of a deny that can't be read may be such a list.
 */
export function speaksOf(
  mode: string,
  provisions: readonly Json[],
  effect: Effect,
  situation: Situation,
): boolean {
  const lists = provisions.flatMap(({ purpose }) => (purpose === undefined ? [] : [purpose]));
  const read = lists.map(readPurposes);
  const ofEmergencies = read.filter((list) =>
    list === undefined ? effect === 'deny' : list.some((code) => EMERGENCIES.includes(code)),
  );
  const others = provisions.filter(
    ({ purpose }) => readPurposes(purpose)?.some((code) => EMERGENCIES.includes(code)) !== true,
  );
  return (
    ofEmergencies.length > 0 &&
    ofEmergencies.every((list) => list === undefined || list.includes(mode)) &&
    purposesFit(others, effect, situation)
  );
}

/** Whether a `securityLabel` names one of these labels; that of a deny which can't be read may. */
export function namesOneOf(labels: readonly string[], provision: Json, effect: Effect): boolean {
  if (provision.securityLabel === undefined) return false;
  const read = readAll(provision.securityLabel, readCoding);
  return read === undefined ? effect === 'deny' : read.some((label) => isAmong(labels, label));
}

/** "As a permit for TREAT wants them". */
export function treats({ purposes }: ReferenceCaller): boolean {
  return purposes.length > 0 && purposes.every((purpose) => isKindOf(purpose, 'TREAT'));
}

function readPurposes(value: unknown): string[] | undefined {
  const listed = readAll(value, readCoding);
  if (listed === undefined || listed.some(({ system }) => system !== REASONS)) return undefined;
  return listed.map(({ code }) => code);
}

/** Whether a provision has no element but those that the page names. */
export function isUnderstood(provision: Json): boolean {
  return hasOnly(provision, ['id', 'type', 'actor', 'purpose', 'provision', ...ELEMENTS]);
}

interface Datum {
  meaning: string;
  reference: string;
}

function readDatum(value: unknown): Datum | undefined {
  const { meaning, reference } = object(value);
  const read = readReference(reference);
  if (!hasOnly(value, ['id', 'meaning', 'reference']) || read === undefined) return undefined;
  return ['instance', 'dependents', 'related', 'authoredby'].includes(textOf(meaning))
    ? { meaning: textOf(meaning), reference: read }
    : undefined;
}

function some<T>(value: unknown, read: (item: unknown) => T | undefined, fit: (item: T) => boolean): Answer {
  return readAll(value, read)?.some(fit) ?? 'unreadable';
}

/** What a list says, or nothing where it is empty, no list, or has an item that can't be read. */
function readAll<T>(value: unknown, read: (item: unknown) => T | undefined): T[] | undefined {
  const found = list(value)?.map(read);
  return found?.every((item) => item !== undefined) ? found : undefined;
}

function list(value: unknown): unknown[] | undefined {
  return Array.isArray(value) && value.length > 0 ? items(value) : undefined;
}

function isSame(one: Coding, other: Coding): boolean {
  return one.system === other.system && one.code === other.code;
}

function isKindOf(code: string, ancestor: string): boolean {
  for (let kind: string | undefined = code; kind !== undefined; kind = KIND_OF[kind]) {
    if (kind === ancestor) return true;
  }
  return false;
}
