/** https://hl7.org/fhir/R4/search.html#reference */
import { ID } from '../../fhir/resource.ts';
import { belowTerm, belowTerms, isCanonical, naming, parseCanonical } from '../canonical.ts';
import type { Node } from '../expression.ts';
import { any, type Filter } from '../filter.ts';
import { parseLocal } from '../local.ts';
import type { Asked, Collector, Kind, Parameter, QueryContext } from '../parameter.ts';
import { refuse, shown, unescape } from '../value.ts';
import { askToken, tokenForms } from './token.ts';

export const reference: Kind = {
  modifiers: ['missing', 'identifier', 'above', 'below'],
  typed: true,
  index(parameter, nodes, into) {
    for (const node of nodes) indexOne(parameter, node, into);
  },
  parse(asked, context) {
    const { parameter, modifier } = asked;
    if (modifier === 'identifier') {
      const terms = askToken(asked.value, IDENTIFIER).map((form) => `${parameter.code}:identifier=${form}`);
      return { op: 'term', terms };
    }
    if (modifier === 'above' || modifier === 'below') return hierarchy(asked, modifier, context);
    const { targets, terms } = askReference(asked, context);
    if (terms.length > 0) return { op: 'term', terms: terms.map((form) => `${parameter.code}=${form}`) };
    return { op: 'reference', param: parameter.code, targets };
  },
};

/** The identifier of a reference is asked as a token is. */
const IDENTIFIER: Parameter = {
  code: 'identifier',
  type: 'token',
  components: [],
  select: () => [],
  types: ['Identifier'],
  systems: [],
};

function indexOne(parameter: Parameter, node: Node, into: Collector): void {
  const { code } = parameter;
  const literal = literalOf(node);
  if (literal !== undefined) {
    const { local, terms } = formsOf(literal, node.type, into.base);
    if (local !== undefined && allows(parameter, local)) into.refs.add(`${code}=${local}`);
    for (const form of terms) into.terms.add(`${code}=${form}`);
    if (node.type === 'canonical') {
      const canonical = parseCanonical(literal);
      into.terms.add(naming(code, canonical));
      for (const term of belowTerms(code, canonical)) into.terms.add(term);
    }
  }
  if (node.type !== 'Reference') return;
  const { identifier } = node.value as { identifier?: unknown };
  if (identifier === undefined) return;
  for (const form of tokenForms({ type: 'Identifier', value: identifier }, IDENTIFIER)) {
    into.terms.add(`${code}:identifier=${form}`);
  }
}

/** Types of which one is strictly part of another, and the parameter that says so. */
export const PART_OF: ReadonlyMap<string, string> = new Map([
  ['Encounter', 'part-of'],
  ['Location', 'partof'],
  ['Organization', 'partof'],
]);

/** https://hl7.org/fhir/R4/search.html#recursive; of canonical addresses, https://hl7.org/fhir/R4/search.html#versions */
function hierarchy(asked: Asked, modifier: 'above' | 'below', context: QueryContext): Filter {
  const { parameter, value } = asked;
  const name = shown(`${parameter.code}:${modifier}`);
  if (isCanonical(parameter)) {
    const canonical = parseCanonical(unescape(value));
    if (modifier === 'above') {
      return refuse(`${name}: of canonical addresses only \`below\` is defined`, 'not-supported');
    }
    if (canonical.url === '' || canonical.version === '') return refuse(`${name} needs url or url|version`);
    return { op: 'term', terms: [belowTerm(parameter.code, canonical)] };
  }
  const types = [...PART_OF.keys()].filter(
    (type) => parameter.target?.includes(type) === true && context.enabledTypes.has(type),
  );
  if (types.length === 0) {
    return refuse(
      `${name}: ${parameter.target?.join(', ') ?? 'what it refers to'} has no hierarchy; allowed are references to ${[...PART_OF.keys()].join(', ')} and \`below\` of canonical addresses`,
      'not-supported',
    );
  }
  const { targets } = askReference({ parameter: { ...parameter, target: types }, value }, context);
  if (targets.length === 0) return refuse(`${name} needs an id or Type/id without a version`);
  return any(
    targets.map((target): Filter => {
      const [type = '', id = ''] = target.split('/');
      return { op: 'hierarchy', param: parameter.code, type, id, direction: modifier };
    }),
  );
}

/** For composites: every form as a term, the local one too. */
export function referenceForms(node: Node, base: string): string[] {
  const literal = literalOf(node);
  if (literal === undefined) return [];
  const { local, terms } = formsOf(literal, node.type, base);
  return local === undefined ? terms : [local, ...terms];
}

function literalOf({ type, value }: Node): string | undefined {
  if (typeof value === 'string') return value;
  const { reference, resourceType, id } = value as Record<string, unknown>;
  if (type === 'Resource') return typeof id === 'string' ? `${String(resourceType)}/${id}` : undefined;
  return typeof reference === 'string' ? reference : undefined;
}

function formsOf(literal: string, type: string, base: string): { local?: string; terms: string[] } {
  if (literal.startsWith('#')) return { terms: [] };
  if (type === 'canonical') {
    const [url = '', version] = literal.split('|', 2);
    return { local: parseLocal(url, base)?.key, terms: version === undefined ? [url] : [url, literal] };
  }
  const local = parseLocal(literal, base);
  if (local === undefined) return { terms: [literal] };
  return {
    local: local.key,
    terms: local.version === undefined ? [] : [`${local.key}/_history/${local.version}`],
  };
}

/** Either local targets or terms. */
export function askReference(
  { parameter, modifier, value }: Asked,
  { base, enabledTypes, spend }: QueryContext,
): { targets: string[]; terms: string[] } {
  const text = unescape(value);
  const local = parseLocal(text, base);
  if (local !== undefined) {
    if (modifier !== undefined && modifier !== local.type) {
      return refuse(`${shown(`${parameter.code}:${modifier}`)} can't be ${shown(text)}: allowed is an id`);
    }
    checkTarget(parameter, local.type);
    if (local.version !== undefined)
      return { targets: [], terms: [`${local.key}/_history/${local.version}`] };
    return { targets: [local.key], terms: [] };
  }
  if (ID.test(text)) {
    const types = modifier === undefined ? (parameter.target ?? [...enabledTypes]) : [modifier];
    const served = types.filter((type) => enabledTypes.has(type));
    spend(served.length);
    return { targets: served.map((type) => `${type}/${text}`), terms: [] };
  }
  if (modifier === undefined && /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(text))
    return { targets: [], terms: [text] };
  return refuse(
    `${shown(text)} is no reference for ${shown(parameter.code)}: allowed are id, Type/id and an address`,
  );
}

export function checkTarget({ code, target }: Pick<Parameter, 'code' | 'target'>, type: string): void {
  if (target === undefined || target.includes(type)) return;
  refuse(`${shown(code)} doesn't refer to ${shown(type)}: allowed are ${target.join(', ')}`);
}

/** A Bundle's first entry is its composition or its message, as the case may be. */
function allows({ target, types }: Parameter, local: string): boolean {
  return !types.includes('Resource') || target === undefined || target.includes(local.split('/')[0] ?? '');
}
