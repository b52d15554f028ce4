/**
 * A country's rules: data, read once at start. What they are: conformance/consent-rules.md; the French ones:
 * profiles/fr. Another country is another folder.
 */
import type { Coding } from '../fhir/resource.ts';
import type { Role } from './subject.ts';

/** `system|code`; `*|code` is that code in any system. */
export type Label = string;

export interface Rules {
  id: string;
  version: string;
  /** Roles that are given nothing, whatever a Consent says. */
  excluded: readonly string[];
  /** When no Consent says anything of a professional who treats. */
  default: 'permit' | 'deny';
  /** Years. */
  majority: number;
  /** Code systems of professions. */
  professions: readonly string[];
  labels: {
    /** Hides from professionals, systems and apps. */
    masked: readonly Label[];
    hiddenFromPatient: readonly Label[];
    hiddenFromRepresentatives: readonly Label[];
    /** What masks a new document by default, when the patient chose so. */
    mask: Coding;
    /** Code systems of which no other code may be written: what isn't understood can't be kept. */
    closed: Readonly<Record<string, readonly string[]>>;
    /** Systems whose labels are taken, whatever their codes: a Consent may name them. */
    open?: readonly string[];
    /** Systems under which labels come, by the one under which they are kept: `system` or `system|code`. */
    aliases?: Readonly<Record<string, string>>;
  };
  /** Since a document was hidden from the patient: when they are invited to a consultation, when it shows. */
  announcement: { invite: Duration; show: Duration };
  emergency: {
    BTG: EmergencyRule & { hours: number };
    ETREAT: EmergencyRule;
    /** Masked documents in an emergency. */
    masked: 'permit' | 'deny';
  };
  /** Professions of which the general practitioner and administrators are given what is masked. */
  trusted: readonly string[];
  /** The members of a care team share inside its encounter. */
  sharing: boolean;
  /** Absent: every profession reads everything that a Consent permits. */
  matrix?: Matrix;
  /** Absent: everybody deposits documents of every type. */
  documentTypes?: DocumentTypes;
}

/** Whether types of documents bind who deposits them. */
export type DocumentFeeders = 'enforced' | 'open';

export interface DocumentTypes {
  /** Who may deposit documents of a type that says nothing of it. */
  feeders: readonly Role[];
  /** Other names of systems, by the name that the types have. */
  aliases?: Readonly<Record<string, string>>;
  /** Of the classes of the types; absent: the country has none. */
  classSystem?: string;
  types: readonly { system: string; code: string; class?: string; feeders?: readonly Role[] }[];
}

export interface EmergencyRule {
  default: 'permit' | 'deny';
  /** The matrix must allow it too. */
  matrix: boolean;
}

export interface Duration {
  days?: number;
  months?: number;
}

export interface Matrix {
  rows: readonly MatrixRow[];
  /** The types of document of each class, `system|code`: what names its type alone is of that class. */
  classes: Readonly<Record<string, readonly string[]>>;
}

export interface MatrixRow {
  profession: string;
  /** `published`: as the source has it; `synthetic`: plausible, made up. */
  status: 'published' | 'synthetic';
  all?: true;
  types?: readonly string[];
  /** DocumentReferences by a coding of their `type` or `category`, `system|code`. */
  documentTypes?: readonly string[];
  documentClasses?: readonly string[];
}

/** @throws Error that names what is wrong */
export function readRules(value: unknown, from: string): Rules {
  const wrong = check(value, SHAPE, '');
  if (wrong !== undefined) throw new Error(`the rules in ${from} can not be used: ${wrong}`);
  return value as Rules;
}

/**
 * The moment this long before another, both milliseconds UTC: a month before is the same day and time of the month
 * before; when that has no such day, the end of its last. Never earlier for a later moment.
 */
export function before(moment: number, { days = 0, months = 0 }: Duration): number {
  const date = new Date(moment - days * 86_400_000);
  const first = new Date(date);
  first.setUTCDate(1);
  first.setUTCMonth(first.getUTCMonth() - months);
  const last = new Date(Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 0)).getUTCDate();
  if (date.getUTCDate() > last) return Date.UTC(first.getUTCFullYear(), first.getUTCMonth() + 1, 1);
  return first.getTime() + (date.getUTCDate() - 1) * 86_400_000;
}

const ROLES: ReadonlySet<Role> = new Set(['patient', 'representative', 'app', 'professional', 'system']);

type Check = (value: unknown, at: string) => string | undefined;
type Shape = Check | { [name: string]: Shape };

const text: Check = (value, at) =>
  typeof value === 'string' && value !== '' ? undefined : `${at}: a text is wanted`;
const texts: Check = (value, at) =>
  Array.isArray(value) && value.every((each) => typeof each === 'string')
    ? undefined
    : `${at}: a list of texts is wanted`;
const roles: Check = (value, at) =>
  Array.isArray(value) && value.every((each) => ROLES.has(each as Role))
    ? undefined
    : `${at}: a list of ${[...ROLES].join(', ')} is wanted`;
const count: Check = (value, at) =>
  Number.isInteger(value) && (value as number) > 0 ? undefined : `${at}: a whole number is wanted`;
const flag: Check = (value, at) =>
  typeof value === 'boolean' ? undefined : `${at}: true or false is wanted`;
const effect: Check = (value, at) =>
  value === 'permit' || value === 'deny' ? undefined : `${at}: \`permit\` or \`deny\` is wanted`;
const optional =
  (shape: Shape): Check =>
  (value, at) =>
    value === undefined ? undefined : check(value, shape, at);
const each =
  (shape: Shape): Check =>
  (value, at) =>
    typeof value === 'object' && value !== null
      ? Object.entries(value)
          .map(([name, item]) => check(item, shape, `${at}.${name}`))
          .find((wrong) => wrong !== undefined)
      : `${at}: a list is wanted`;

const DURATION: Shape = { days: optional(count), months: optional(count) };
const ANY: Check = () => undefined;
const SHAPE: Shape = {
  id: text,
  version: text,
  title: ANY,
  date: ANY,
  sources: ANY,
  excluded: texts,
  default: effect,
  majority: count,
  professions: texts,
  labels: {
    masked: texts,
    hiddenFromPatient: texts,
    hiddenFromRepresentatives: texts,
    mask: { system: text, code: text, display: ANY },
    closed: each(texts),
    open: optional(texts),
    aliases: optional(each(text)),
  },
  announcement: { invite: DURATION, show: DURATION },
  emergency: {
    BTG: { default: effect, matrix: flag, hours: count },
    ETREAT: { default: effect, matrix: flag },
    masked: effect,
  },
  trusted: texts,
  sharing: flag,
  matrix: optional({
    version: ANY,
    effectivePeriod: ANY,
    sources: ANY,
    classes: each(texts),
    rows: each({
      profession: text,
      name: ANY,
      status: text,
      all: optional(flag),
      types: optional(texts),
      documentTypes: optional(texts),
      documentClasses: optional(texts),
    }),
  }),
  documentTypes: optional({
    source: ANY,
    classSystem: optional(text),
    placeSystem: ANY,
    aliases: optional(each(text)),
    feeders: roles,
    types: each({
      system: text,
      code: text,
      label: ANY,
      class: optional(text),
      place: ANY,
      feeders: optional(roles),
    }),
  }),
};

function check(value: unknown, shape: Shape, at: string): string | undefined {
  if (typeof shape === 'function') return shape(value, at);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return `${at}: an object is wanted`;
  const unknown = Object.keys(value).find((name) => !Object.hasOwn(shape, name));
  if (unknown !== undefined) return `${at}.${unknown}: not understood`;
  for (const [name, inner] of Object.entries(shape)) {
    const wrong = check((value as Record<string, unknown>)[name], inner, `${at}.${name}`);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}
