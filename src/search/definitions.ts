/**
 * The search parameters and elements of R4, from the tables that scripts/generate/search-parameters.mjs makes; and the
 * parameters that this server defines beside them.
 * https://hl7.org/fhir/R4/searchparameter-registry.html
 */
import { readTable as read } from '../fhir/definitions/read.ts';
import { ownDefinitions } from './own-definitions.ts';

export type ParameterType =
  'number' | 'date' | 'string' | 'token' | 'reference' | 'composite' | 'quantity' | 'uri' | 'special';

export interface Definition {
  type: ParameterType;
  /** FHIRPath, the part for this resource type. */
  expression: string;
  /** Types a reference may have; undefined: any. */
  target?: string[];
  component?: { code: string; expression: string }[];
  /** Canonical address of its definition, of those that this server defines. */
  url?: string;
}

export interface Element {
  name: string;
  types: string[];
  /** `value[x]`: the property's name ends in the type's. */
  choice: boolean;
  mandatory: boolean;
  summary: boolean;
  modifier: boolean;
}

const parameters = new Map(
  Object.entries(read<Record<string, Record<string, Definition>>>('search-parameters.json')).map(
    ([type, codes]) => [type, new Map([...Object.entries(codes), ...ownDefinitions(type)])],
  ),
);
const COMMON = parameters.get('Resource') ?? new Map<string, Definition>();

const table = read<{ elements: Record<string, Record<string, string>>; systems: Record<string, string> }>(
  'elements.json',
);
const raw = new Map(Object.entries(table.elements));
const systems = new Map(Object.entries(table.systems));
const compiled = new Map<string, ReadonlyMap<string, Element>>();

const NONE: ReadonlyMap<string, Definition> = new Map();

/** `_id`, `_lastUpdated`, `_tag` …: what every type can be searched by. */
export function commonDefinitions(): ReadonlyMap<string, Definition> {
  return COMMON;
}

/** A type's own parameters, without the common ones. */
export function definitionsOf(type: string): ReadonlyMap<string, Definition> {
  return parameters.get(type) ?? NONE;
}

export function isResourceType(type: string): boolean {
  return type !== 'Resource' && parameters.has(type);
}

export function resourceTypes(): string[] {
  return [...parameters.keys()].filter(isResourceType);
}

/** Elements of a type or of a path such as `Patient.contact`, with the inherited ones. */
export function elementsOf(type: string): ReadonlyMap<string, Element> {
  let elements = compiled.get(type);
  if (elements === undefined) {
    const inherited = isResourceType(type) ? ['Resource', 'DomainResource'] : ['Element', 'BackboneElement'];
    elements = new Map(
      [...inherited, type].flatMap((each) =>
        Object.entries(raw.get(each) ?? {}).map(([name, text]) => [name, toElement(name, text)] as const),
      ),
    );
    compiled.set(type, elements);
  }
  return elements;
}

/** The code system that the required binding of a code element implies. */
export function impliedSystem(path: string): string | undefined {
  return systems.get(path);
}

function toElement(name: string, text: string): Element {
  const [types = '', flags = ''] = text.split(' ');
  return {
    name,
    types: types.replace('*', '').split('|'),
    choice: types.endsWith('*'),
    mandatory: flags.includes('!'),
    summary: flags.includes('+'),
    modifier: flags.includes('?'),
  };
}
