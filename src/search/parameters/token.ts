/** https://hl7.org/fhir/R4/search.html#token */
import type { Coding } from '../../fhir/resource.ts';
import type { Node } from '../expression.ts';
import type { Filter } from '../filter.ts';
import type { Asked, Kind, Parameter, QueryContext } from '../parameter.ts';
import { normalize } from '../text.ts';
import { refuse, shown, split, unescape } from '../value.ts';

/** Compared with case; all other tokens without. */
const EXACT = new Set(['id', 'uri', 'url', 'canonical', 'oid', 'uuid']);
/** Have no system but the one implied. */
const PLAIN = new Set([...EXACT, 'code', 'string', 'boolean']);
const MOST_CODES = 1000;

export const token: Kind = {
  modifiers: ['missing', 'not', 'text', 'of-type', 'in', 'not-in', 'below', 'above'],
  index(parameter, nodes, into) {
    for (const node of nodes) {
      for (const form of tokenForms(node, parameter)) {
        into.terms.add(`${parameter.code}=${form}`);
        if (node.type === 'Identifier' && !form.endsWith('|')) into.ids.add(`${parameter.code}=${form}`);
      }
      for (const form of ofType(node)) into.terms.add(`${parameter.code}:of-type=${form}`);
    }
  },
  parse(asked, context) {
    switch (asked.modifier) {
      case 'text':
        return text(asked);
      case 'of-type':
        return typed(asked);
      case 'in':
        return valueSet(asked, context);
      case 'below':
      case 'above':
        return hierarchy(asked, asked.modifier, context);
      default:
        return plain(asked);
    }
  },
};

/** `code`, `system|code`, `system|`, and `|code` for one without a system. */
export function tokenForms(node: Node, parameter: Parameter): string[] {
  const { type, value } = node;
  const exact = isExact(parameter);
  if (typeof value !== 'object' || value === null) {
    return isPlain(parameter) ? [folded(String(value), exact)] : forms(node.system, String(value), exact);
  }
  const part = value as Record<string, unknown>;
  switch (type) {
    case 'CodeableConcept':
      return (Array.isArray(part.coding) ? (part.coding as Coding[]) : []).flatMap((coding) =>
        forms(coding?.system, coding?.code, exact),
      );
    case 'Coding':
      return forms(part.system, part.code, exact);
    case 'Identifier':
      return forms(part.system, part.value, exact);
    case 'ContactPoint':
      return phone(part.value).flatMap((value) => [
        ...forms(part.system, value, exact),
        `|${folded(value, exact)}`,
      ]);
    default:
      return [];
  }
}

/** The terms that a query value asks for. */
export function askToken(value: string, parameter: Parameter): string[] {
  const exact = isExact(parameter);
  const [first = '', second] = split(value, '|', 2).map(unescape);
  if (second === undefined) return spellings(first, parameter).map((code) => folded(code, exact));
  if (first === '' && second === '') {
    return refuse(
      `${shown(parameter.code)} needs a code, system|code, system| or |code, not ${shown(value)}`,
    );
  }
  if (isPlain(parameter)) {
    // an element of type code has its system from the binding
    if (first !== '' && parameter.systems[0] !== first) return [`${bar(first)}|${folded(second, exact)}`];
    return second === '' ? [`${bar(first)}|`] : [folded(second, exact)];
  }
  return spellings(second, parameter).map(
    (code) => `${bar(first)}|${code === '' ? '' : folded(code, exact)}`,
  );
}

function plain({ parameter, value }: Asked): Filter {
  const { code } = parameter;
  const [system, second] = split(value, '|', 2);
  if (isPlain(parameter) && second === '' && parameter.systems[0] === unescape(system ?? '')) {
    return { op: 'term', terms: [`${code}:present`] };
  }
  const terms = askToken(value, parameter).map((form) => `${code}=${form}`);
  const unique = parameter.types.every((type) => type === 'Identifier') && second !== '';
  return unique ? { op: 'term', terms, unique } : { op: 'term', terms };
}

function typed({ parameter, value }: Asked): Filter {
  const parts = split(value, '|').map(unescape);
  if (parts.length !== 3 || parts.includes('')) {
    return refuse(`${shown(`${parameter.code}:of-type`)} needs system|code|value of the identifier's type`);
  }
  const [system = '', code = '', identifier = ''] = parts;
  return { op: 'term', terms: [`${parameter.code}:of-type=${bar(system)}|${low(code)}|${low(identifier)}`] };
}

function ofType({ type, value }: Node): string[] {
  if (type !== 'Identifier') return [];
  const { type: kind, value: identifier } = value as { type?: { coding?: Coding[] }; value?: unknown };
  if (typeof identifier !== 'string' || !Array.isArray(kind?.coding)) return [];
  return kind.coding.flatMap((coding) => {
    const { system, code } = coding ?? {};
    const whole = typeof system === 'string' && typeof code === 'string';
    return whole ? [`${bar(system)}|${low(code)}|${low(identifier)}`] : [];
  });
}

function text({ parameter, value }: Asked): Filter {
  const wanted = normalize(unescape(value));
  if (wanted === '') return refuse(`${shown(`${parameter.code}:text`)} needs a letter or digit`);
  return {
    op: 'scan',
    about: parameter.code,
    test: (resource) =>
      parameter
        .select(resource, resource)
        .flatMap(textsOf)
        .some((each) => normalize(each).startsWith(wanted)),
  };
}

function textsOf({ type, value }: Node): string[] {
  const { text, coding, display, type: kind } = value as Record<string, unknown>;
  const codings = (list: unknown) =>
    (Array.isArray(list) ? (list as Coding[]) : []).map((each) => each?.display);
  const concept = kind as { text?: unknown; coding?: unknown } | undefined;
  const texts: unknown[] =
    type === 'CodeableConcept'
      ? [text, ...codings(coding)]
      : type === 'Coding'
        ? [display]
        : type === 'Identifier'
          ? [concept?.text, ...codings(concept?.coding)]
          : [typeof value === 'string' ? value : undefined];
  return texts.filter((each): each is string => typeof each === 'string');
}

function valueSet({ parameter, modifier, value }: Asked, { terminology, spend }: QueryContext): Filter {
  const url = unescape(value);
  const codes = terminology.valueSet(url);
  if (codes === undefined) {
    return refuse(
      `${shown(`${parameter.code}:${modifier ?? ''}`)}: the value set ${shown(url)} can't be listed`,
      'not-supported',
    );
  }
  return among(parameter, codes, spend);
}

function hierarchy({ parameter, value }: Asked, modifier: 'below' | 'above', context: QueryContext): Filter {
  const [first = '', second] = split(value, '|', 2).map(unescape);
  const [implied, ...others] = parameter.systems;
  const system = second === undefined ? (others.length === 0 ? implied : undefined) : first;
  const code = second ?? first;
  const name = shown(`${parameter.code}:${modifier}`);
  if (system === undefined || system === '' || code === '') return refuse(`${name} needs system|code`);
  const codes = context.terminology[modifier](system, code);
  if (codes === undefined)
    return refuse(`${name}: the hierarchy of ${shown(system)} isn't known`, 'not-supported');
  return among(parameter, codes, context.spend);
}

function among(parameter: Parameter, codes: Coding[], spend: (count: number) => void): Filter {
  if (codes.length > MOST_CODES) {
    return refuse(
      `${shown(parameter.code)} would compare ${codes.length} codes: at most ${MOST_CODES}`,
      'too-costly',
    );
  }
  spend(codes.length);
  const exact = isExact(parameter);
  const plain = isPlain(parameter);
  const terms = codes.flatMap(({ system = '', code = '' }) => {
    if (!plain) return [`${parameter.code}=${bar(system)}|${folded(code, exact)}`];
    const [own = system] = parameter.systems;
    return own === system ? [`${parameter.code}=${folded(code, exact)}`] : [];
  });
  return { op: 'term', terms };
}

function forms(system: unknown, code: unknown, exact: boolean): string[] {
  const form = typeof code === 'string' ? folded(code, exact) : undefined;
  if (typeof system !== 'string') return form === undefined ? [] : [form, `|${form}`];
  const scope = `${bar(system)}|`;
  return form === undefined ? [scope] : [form, scope + form, scope];
}

/** Numbers are dialled without what is written between their digits. */
function phone(value: unknown): string[] {
  if (typeof value !== 'string') return [];
  const digits = value.replace(/[\s().-]/g, '');
  return /^\+?\d+$/.test(digits) && digits !== value ? [value, digits] : [value];
}

function spellings(value: string, parameter: Parameter): string[] {
  return parameter.types.includes('ContactPoint') ? phone(value) : [value];
}

function isExact({ types }: Parameter): boolean {
  return types.every((type) => EXACT.has(type));
}

/** All that the parameter yields has one and the same system, or none. */
function isPlain({ types, systems }: Parameter): boolean {
  return systems.length < 2 && types.every((type) => PLAIN.has(type));
}

/** A bar inside a part can't be taken for the one between parts. */
function bar(text: string): string {
  return text.includes('|') ? text.replaceAll('|', '\\|') : text;
}

function folded(text: string, exact: boolean): string {
  return bar(exact ? text : text.toLowerCase());
}

function low(text: string): string {
  return folded(text, false);
}
