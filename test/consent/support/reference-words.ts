/** What the pages of the reference evaluator share: shapes, levels, and how JSON is read without trusting it. */
import type { ReferenceRules } from './reference-rules.ts';

export type Json = Record<string, unknown>;

export type Effect = 'permit' | 'deny';

/** What a token says of who is calling. */
export interface ReferenceCaller {
  role: string;
  /** Own reference and the RelatedPersons that they are. */
  persons: readonly string[];
  /** Organizations in which they act. */
  groups: readonly string[];
  profession?: string;
  purposes: readonly string[];
  /** As what they deposit. */
  depositor: string;
  rights: readonly string[];
  emergency?: { patient: string; reason: string; since: string };
  regulator: boolean;
}

/** What a patient and others stated. */
export interface Statements {
  /** Logical id of whom all this is. */
  id: string;
  consents: readonly Json[];
  relatedPersons: readonly Json[];
  careTeams: readonly Json[];
  /** Absent: there never was one. */
  patient?: Json;
  /** PractitionerRole, CareTeam and Group that there are, by `Type/id`. */
  named: ReadonlyMap<string, Json>;
}

/** All that a decision looks at. */
export interface Situation {
  said: Statements;
  resource: Json;
  /** Who deposited it. */
  by: string;
  /** Since when it has carried a label that hides it from the patient. */
  hiddenSince?: Date;
  caller: ReferenceCaller;
  rules: ReferenceRules;
  now: Date;
}

/** The most telling first. */
export const LEVELS = ['caller', 'group', 'profession', 'anyone'] as const;
export type Level = (typeof LEVELS)[number];

/** What a word of a provision says of a resource: it fits, it doesn't, or it can't be read. */
export type Answer = boolean | 'unreadable';

export interface Coding {
  system: string;
  code: string;
}

/** A string, or nothing that anything equals. */
export function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

export function items(value: unknown): unknown[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? value : [value];
}

export function hasOnly(value: unknown, names: readonly string[]): boolean {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isObject && Object.keys(value).every((name) => names.includes(name));
}

/** A Coding with system (`*` is none) and code, or nothing. */
export function readCoding(value: unknown): Coding | undefined {
  const { system, code } = object(value);
  const reads = typeof system === 'string' && system !== '*' && typeof code === 'string';
  return reads ? { system, code } : undefined;
}

/** The codings of a CodeableConcept, or nothing where one of them can't be read or there is none. */
export function readConcept(value: unknown): Coding[] | undefined {
  const { coding } = object(value);
  if (!Array.isArray(coding) || coding.length === 0) return undefined;
  const read = coding.map(readCoding);
  return read.every((each) => each !== undefined) ? read : undefined;
}

/** `Type/id` of a literal reference, or nothing. */
export function readReference(value: unknown): string | undefined {
  const { reference } = object(value);
  return typeof reference === 'string' && /^[A-Z][A-Za-z]+\/[A-Za-z0-9\-.]{1,64}$/.test(reference)
    ? reference
    : undefined;
}

/** `Policy.uri` of a Consent. */
export function policiesOf(consent: Json): string[] {
  return items(consent.policy).flatMap((policy) => {
    const { uri } = object(policy);
    return typeof uri === 'string' ? [uri] : [];
  });
}

/** What no page explains may change what a resource means. */
export function mayMeanOtherwise({ modifierExtension, implicitRules }: Json): boolean {
  return modifierExtension !== undefined || implicitRules !== undefined;
}

export function isProfessional({ role }: ReferenceCaller): boolean {
  return role === 'professional';
}

/** Every object in a resource, at any depth, itself included. */
export function objectsIn(value: unknown): Json[] {
  if (Array.isArray(value)) return value.flatMap(objectsIn);
  if (typeof value !== 'object' || value === null) return [];
  return [value as Json, ...Object.values(value).flatMap(objectsIn)];
}
