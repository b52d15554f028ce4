/**
 * The part of FHIRPath that SearchParameters use, compiled once into straight routes through a resource. Datatypes
 * are known from the element definitions, so that choices, casts and unions are resolved before anything is read.
 * https://hl7.org/fhir/R4/searchparameter-definitions.html#SearchParameter.expression
 */
import { elementsOf, impliedSystem } from './definitions.ts';
import { tokenize } from './lexer.ts';

export interface Node {
  value: unknown;
  /** FHIR datatype: `CodeableConcept`, `code`, `Period`; `Resource` for a whole one. */
  type: string;
  /** What the binding of a code implies as its system. */
  system?: string;
}

export type Selector = (context: unknown, root: unknown) => Node[];

type Test = (value: unknown, root: unknown) => boolean;
type Step =
  | { kind: 'property'; name: string; index?: number }
  | { kind: 'where'; test: Test }
  | { kind: 'root' }
  | { kind: 'compute'; test: Test };

interface Route {
  steps: Step[];
  type: string;
  path: string;
}

type Term =
  | { kind: 'routes'; routes: Route[] }
  | { kind: 'test'; test: Test }
  | { kind: 'literal'; value: string | boolean }
  | { kind: 'resolved' };

export interface Compiled {
  select: Selector;
  /** The datatypes that it may yield. */
  types: string[];
  /** The systems implied by its codes; undefined among them for an element that implies none. */
  systems: (string | undefined)[];
}

/** `type`: of the context that the expression starts at; `root`: of `%resource`. */
export function compile(expression: string, type: string, root = type): Compiled {
  const term = new Parser(expression, type, root).parse();
  const routes =
    term.kind === 'test'
      ? [{ steps: [{ kind: 'compute' as const, test: term.test }], type: 'boolean', path: '' }]
      : routesOf(term, expression);
  const ends = routes.map((route) => ({ ...route, system: impliedSystem(route.path) }));
  return {
    select: (context, resource) => {
      const nodes: Node[] = [];
      for (const end of ends) walk(context, resource, end.steps, 0, end, nodes);
      return nodes;
    },
    types: [...new Set(ends.map((end) => end.type))],
    systems: [...new Set(ends.map((end) => end.system))],
  };
}

function walk(
  value: unknown,
  root: unknown,
  steps: Step[],
  at: number,
  end: { type: string; system?: string },
  into: Node[],
): void {
  if (value === undefined || value === null) return;
  if (Array.isArray(value)) {
    for (const item of value) walk(item, root, steps, at, end, into);
    return;
  }
  const step = steps[at];
  if (step === undefined) {
    into.push({ value, type: end.type, system: end.system });
    return;
  }
  switch (step.kind) {
    case 'property': {
      const next = (value as Record<string, unknown>)[step.name];
      const one =
        step.index === undefined ? next : Array.isArray(next) ? (next[step.index] as unknown) : undefined;
      return walk(one, root, steps, at + 1, end, into);
    }
    case 'where':
      return step.test(value, root) ? walk(value, root, steps, at + 1, end, into) : undefined;
    case 'root':
      return walk(root, root, steps, at + 1, end, into);
    case 'compute':
      return walk(step.test(value, root), root, steps, at + 1, end, into);
  }
}

function routesOf(term: Term, expression: string): Route[] {
  if (term.kind !== 'routes') throw new Error(`not a selection of elements: ${expression}`);
  return term.routes;
}

/** Does the route lead to a value that passes? */
function some(routes: Route[], passes: (value: unknown) => boolean): Test {
  return (value, root) =>
    routes.some((route) => {
      const nodes: Node[] = [];
      walk(value, root, route.steps, 0, route, nodes);
      return nodes.some((node) => passes(node.value));
    });
}

/** The type that a reference names, without fetching it. */
export function referencedType(value: unknown): string | undefined {
  const { type, reference } = (
    typeof value === 'object' && value !== null ? value : { reference: value }
  ) as {
    type?: unknown;
    reference?: unknown;
  };
  if (typeof reference === 'string') {
    const parts = reference.split('/');
    const versioned = parts.length > 3 && parts.at(-2) === '_history';
    const named = parts.at(versioned ? -4 : -2);
    if (named !== undefined && /^[A-Z][A-Za-z]+$/.test(named)) return named;
  }
  return typeof type === 'string' ? type : undefined;
}

class Parser {
  readonly #tokens: string[];
  readonly #text: string;
  readonly #root: string;
  #at = 0;
  #type: string;

  constructor(text: string, type: string, root: string) {
    this.#text = text;
    this.#tokens = tokenize(text);
    this.#type = type;
    this.#root = root;
  }

  parse(): Term {
    const term = this.#and();
    if (this.#at < this.#tokens.length) this.#fail();
    return term;
  }

  #and(): Term {
    const first = this.#equality();
    if (!this.#accept('and')) return first;
    const rest = this.#and();
    if (first.kind !== 'test' || rest.kind !== 'test') return this.#fail();
    return { kind: 'test', test: (value, root) => first.test(value, root) && rest.test(value, root) };
  }

  #equality(): Term {
    const left = this.#union();
    const unequal = this.#accept('!=');
    if (!unequal && !this.#accept('=')) return left;
    const right = this.#union();
    if (right.kind !== 'literal') return this.#fail();
    return {
      kind: 'test',
      test: some(routesOf(left, this.#text), (value) => (value === right.value) !== unequal),
    };
  }

  #union(): Term {
    const first = this.#cast();
    if (this.#peek() !== '|') return first;
    const routes = [...routesOf(first, this.#text)];
    while (this.#accept('|')) routes.push(...routesOf(this.#cast(), this.#text));
    return { kind: 'routes', routes };
  }

  #cast(): Term {
    const term = this.#path();
    if (this.#accept('as')) return this.#as(term, this.#next());
    if (!this.#accept('is')) return term;
    const type = this.#next();
    if (term.kind !== 'resolved') return this.#fail();
    return { kind: 'test', test: (value) => referencedType(value) === type };
  }

  #as(term: Term, type: string): Term {
    const routes = routesOf(term, this.#text).filter((route) => route.type === type);
    return routes.length > 0 ? { kind: 'routes', routes } : this.#fail();
  }

  #path(): Term {
    let term = this.#primary();
    while (this.#peek() === '.' || this.#peek() === '[') {
      if (this.#accept('[')) {
        term = this.#index(term, Number(this.#next()));
        this.#expect(']');
      } else {
        this.#expect('.');
        const name = this.#next();
        term = this.#peek() === '(' ? this.#call(term, name) : this.#step(term, name);
      }
    }
    return term;
  }

  #primary(): Term {
    const token = this.#next();
    if (token === '(') {
      const term = this.#and();
      this.#expect(')');
      return term;
    }
    if (token.startsWith("'")) return { kind: 'literal', value: token.slice(1, -1) };
    if (token === 'true' || token === 'false') return { kind: 'literal', value: token === 'true' };
    if (token === '%resource') {
      return { kind: 'routes', routes: [{ steps: [{ kind: 'root' }], type: this.#root, path: this.#root }] };
    }
    const here: Term = { kind: 'routes', routes: [{ steps: [], type: this.#type, path: this.#type }] };
    if (this.#peek() === '(') return this.#call(here, token);
    return token === this.#type || token === 'Resource' || token === 'DomainResource'
      ? here
      : this.#step(here, token);
  }

  #step(term: Term, name: string): Term {
    const routes = routesOf(term, this.#text).flatMap((route) => {
      const element = elementsOf(route.type).get(name);
      if (element === undefined) return [];
      return element.types.map((type) => ({
        steps: [
          ...route.steps,
          {
            kind: 'property' as const,
            name: element.choice ? name + type[0]?.toUpperCase() + type.slice(1) : name,
          },
        ],
        type,
        path: `${route.type}.${name}`,
      }));
    });
    return routes.length > 0 ? { kind: 'routes', routes } : this.#fail();
  }

  #index(term: Term, index: number): Term {
    const routes = routesOf(term, this.#text).map((route) => {
      const last = route.steps.at(-1);
      if (last?.kind !== 'property' || !Number.isInteger(index)) return this.#fail();
      return { ...route, steps: [...route.steps.slice(0, -1), { ...last, index }] };
    });
    return { kind: 'routes', routes };
  }

  #call(term: Term, name: string): Term {
    this.#expect('(');
    if (name === 'resolve' || name === 'exists') {
      this.#expect(')');
      if (name === 'resolve') return { kind: 'resolved' };
      return { kind: 'test', test: some(routesOf(term, this.#text), () => true) };
    }
    let result: Term;
    if (name === 'as' || name === 'ofType') result = this.#as(term, this.#next());
    else if (name === 'extension') result = this.#extension(term, this.#next().slice(1, -1));
    else if (name === 'where') result = this.#where(routesOf(term, this.#text));
    else return this.#fail();
    this.#expect(')');
    return result;
  }

  #extension(term: Term, url: string): Term {
    const test: Test = (value) => (value as { url?: unknown }).url === url;
    const routes = routesOf(this.#step(term, 'extension'), this.#text);
    return {
      kind: 'routes',
      routes: routes.map((route) => ({
        ...route,
        steps: [...route.steps, { kind: 'where' as const, test }],
      })),
    };
  }

  #where(routes: Route[]): Term {
    const outer = this.#type;
    const [first] = routes;
    if (first === undefined || routes.some((route) => route.type !== first.type)) return this.#fail();
    this.#type = first.type;
    const criterion = this.#and();
    this.#type = outer;
    if (criterion.kind !== 'test') return this.#fail();
    const { test } = criterion;
    return {
      kind: 'routes',
      routes: routes.map((route) => ({
        ...route,
        steps: [...route.steps, { kind: 'where' as const, test }],
      })),
    };
  }

  #peek(): string | undefined {
    return this.#tokens[this.#at];
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? this.#fail();
  }

  #accept(token: string): boolean {
    if (this.#peek() !== token) return false;
    this.#at++;
    return true;
  }

  #expect(token: string): void {
    if (!this.#accept(token)) this.#fail();
  }

  #fail(): never {
    throw new Error(`not understood near ${this.#tokens[this.#at] ?? 'the end'}: ${this.#text}`);
  }
}
