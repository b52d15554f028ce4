/**
 * What R4 defines, from the tables that scripts/generate/definitions.mjs makes; each file is read when first asked for.
 * https://hl7.org/fhir/R4/resourcelist.html https://hl7.org/fhir/R4/compartmentdefinition-patient.html
 */
import { readTable as read } from './read.ts';

export interface Invariant {
  /** `app-3` */
  key: string;
  /** Type or path of its context: `Appointment`, `Patient.contact`. */
  path: string;
  /** FHIRPath */
  expression: string;
  human: string;
}

export interface ElementRule {
  /** Complex type, path of an element defined in place, or `Resource`; none for primitives. */
  type?: string;
  /** Value set of a required binding. */
  binding?: string;
  /** Types a reference may point at; none: any. */
  targets?: string[];
  /** Names in the table of invariants. */
  invariants?: string[];
}

export interface TypeRule {
  /** By JSON property: `valueQuantity`. */
  elements: Record<string, ElementRule>;
  invariants?: string[];
}

export interface Choice {
  min: number;
  of: string[];
}

/** A complex type of the JSON schema; `shape` is what JSON schema can't say. */
export interface StructureSchema {
  properties: Record<string, { $ref?: string; items?: { $ref: string } }>;
  shape?: Shape;
}

export interface Shape {
  /** An element, which must hold more than an id. */
  element?: true;
  required?: string[];
  choices?: Record<string, Choice>;
  padded?: string[];
}

export interface Schema {
  $id: string;
  definitions: Record<string, StructureSchema>;
}

function lazily<T>(make: () => T): () => T {
  let made: { value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

const resources = read<{ types: string[]; patientCompartment: Record<string, string[]> }>('resources.json');

/** All R4 resource types, in alphabetical order. */
export const RESOURCE_TYPES: readonly string[] = resources.types;
const known: ReadonlySet<string> = new Set(RESOURCE_TYPES);
export const isResourceType = (type: string): boolean => known.has(type);

/** Search parameters by which a type belongs to the Patient compartment. */
export const patientCompartment: Readonly<Record<string, readonly string[]>> = Object.freeze(
  Object.assign(Object.create(null) as Record<string, string[]>, resources.patientCompartment),
);

/** The official JSON schema, patched. */
export const schema = lazily(() => read<Schema>('schema.json'));

const rules = lazily(() => {
  const { types, invariants } = read<{
    types: Record<string, TypeRule>;
    invariants: Record<string, Invariant>;
  }>('rules.json');
  return { types: new Map(Object.entries(types)), invariants: new Map(Object.entries(invariants)) };
});

/** Bindings, reference targets and invariants of a type or of a path such as `Patient.contact`. */
export const typeRule = (path: string): TypeRule | undefined => rules().types.get(path);
/** By the names that rules use: `dom-2`, `app-3@Appointment`. */
export const invariant = (name: string): Invariant | undefined => rules().invariants.get(name);
export const invariantNames = (): IterableIterator<string> => rules().invariants.keys();

export type ValueSet = ReadonlyMap<string, ReadonlySet<string>>;
const valueSets = lazily(
  () => new Map(Object.entries(read<Record<string, Record<string, string[]>>>('value-sets.json'))),
);
const expanded = new Map<string, ValueSet>();

/** Of those that can be listed. */
export const valueSetUrls = (): IterableIterator<string> => valueSets().keys();

/** The codes of a value set by their system; undefined when they can't be listed (MIME types, languages, UCUM). */
export function valueSet(url: string): ValueSet | undefined {
  const [name = ''] = url.split('|', 1);
  const kept = expanded.get(name);
  if (kept !== undefined) return kept;
  const codes = valueSets().get(name);
  if (codes === undefined) return undefined;
  const set = new Map(Object.entries(codes).map(([system, list]) => [system, new Set(list)]));
  expanded.set(name, set);
  return set;
}

export type Hierarchy = ReadonlyMap<string, readonly string[]>;
const hierarchies = lazily(
  () => new Map(Object.entries(read<Record<string, Record<string, string[]>>>('code-systems.json'))),
);
const compiled = new Map<string, Hierarchy>();

/** Each code with its parents, for `:below`; undefined for a code system without hierarchy, or not listed by HL7. */
export function codeSystem(url: string): Hierarchy | undefined {
  const kept = compiled.get(url);
  if (kept !== undefined) return kept;
  const concepts = hierarchies().get(url);
  if (concepts === undefined) return undefined;
  const hierarchy = new Map(Object.entries(concepts));
  compiled.set(url, hierarchy);
  return hierarchy;
}
