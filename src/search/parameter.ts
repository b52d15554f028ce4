/** Search parameters of a type, compiled when the type is first used. */
import { FhirError } from '../fhir/outcome.ts';
import { commonDefinitions, definitionsOf, type Definition, type ParameterType } from './definitions.ts';
import { compile, type Compiled, type Node } from './expression.ts';
import type { Filter, IndexEntries } from './filter.ts';
import type { Terminology } from './terminology.ts';

export interface Parameter extends Compiled {
  code: string;
  type: ParameterType;
  /** Types that a reference may have; undefined: any. */
  target?: string[];
  /** Of a composite: each selects from one value of the composite's own expression. */
  components: Parameter[];
}

/** What a query is read with. */
export interface QueryContext {
  /** The server's own base, without a slash at the end. */
  base: string;
  /** The type searched. */
  type: string;
  now: number;
  enabledTypes: ReadonlySet<string>;
  terminology: Terminology;
  /** Counts what the query makes the store compare, and refuses when it is too much. */
  spend: (count: number) => void;
}

/** One alternative of a parameter: `value` is still escaped. */
export interface Asked {
  parameter: Parameter;
  modifier?: string;
  value: string;
}

/** Where an index collects what it finds. */
export interface Collector extends Omit<IndexEntries, 'terms' | 'ids' | 'refs'> {
  terms: Set<string>;
  ids: Set<string>;
  refs: Set<string>;
  base: string;
}

/** How a parameter type is indexed and asked. */
export interface Kind {
  modifiers: readonly string[];
  /** A resource type is a modifier too. */
  typed?: boolean;
  /** Is what was selected a value? Absent: any node is. */
  present?(parameter: Parameter, nodes: Node[], root: unknown): boolean;
  index(parameter: Parameter, nodes: Node[], into: Collector, root: unknown): void;
  parse(asked: Asked, context: QueryContext): Filter;
}

export function collector(base: string): Collector {
  return { terms: new Set(), ids: new Set(), refs: new Set(), ranges: {}, pairs: [], base };
}

const MOST_ENTRIES = 50_000;

export function bounded(count: number): void {
  if (count <= MOST_ENTRIES) return;
  throw new FhirError('processing', `too many searchable values: at most ${MOST_ENTRIES} are indexed`);
}

export function entriesOf({ terms, ids, refs, ranges, pairs }: Collector): IndexEntries {
  return { terms: [...terms], ids: [...ids], refs: [...refs], ranges, pairs };
}

const compiled = new Map<string, ReadonlyMap<string, Parameter>>();

export function parametersOf(type: string): ReadonlyMap<string, Parameter> {
  let parameters = compiled.get(type);
  if (parameters === undefined) {
    parameters = new Map(
      [...commonDefinitions(), ...definitionsOf(type)].map(([code, definition]) => [
        code,
        parameter(code, definition, type),
      ]),
    );
    compiled.set(type, parameters);
  }
  return parameters;
}

function parameter(code: string, definition: Definition, type: string): Parameter {
  const own = compile(definition.expression, type);
  const components = (definition.component ?? []).map((part): Parameter => {
    const whole = definitionsOf(type).get(part.code);
    if (whole === undefined) throw new Error(`no parameter ${part.code} of ${type}`);
    const routes = own.types.map((base) => ({ base, ...compile(part.expression, base, type) }));
    return {
      code: part.code,
      type: whole.type,
      target: whole.target,
      components: [],
      // one base may be the resource and another an element of it: each value is read by the route of its own
      select: (node, root) => {
        const { value, type: base } = node as Node;
        return routes.find((route) => route.base === base)?.select(value, root) ?? [];
      },
      types: [...new Set(routes.flatMap((route) => route.types))],
      systems: [...new Set(routes.flatMap((route) => route.systems))],
    };
  });
  return { code, type: definition.type, target: definition.target, components, ...own };
}
