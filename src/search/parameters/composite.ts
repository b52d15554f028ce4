/**
 * https://hl7.org/fhir/R4/search.html#combining
 *
 * What can be compared as a whole is one term; a token with a quantity, number or date is a pair; of the rest (with
 * strings, or more than one number) the parts are searched and the content tells whether they belong together.
 */
import type { Node } from '../expression.ts';
import { all, type Filter, type Range, type RangeTest } from '../filter.ts';
import { matches } from '../match.ts';
import {
  bounded,
  collector,
  entriesOf,
  type Asked,
  type Kind,
  type Parameter,
  type QueryContext,
} from '../parameter.ts';
import { refuse, shown, split } from '../value.ts';
import { askDate, date, dateSpan } from './date.ts';
import { askNumber, number, numberSpan } from './number.ts';
import { askQuantity, type Measure, measures, quantity } from './quantity.ts';
import { askReference, reference, referenceForms } from './reference.ts';
import { string } from './string.ts';
import { askToken, token, tokenForms } from './token.ts';

const PARTS: Record<string, Kind> = { date, number, quantity, reference, string, token };

type Discrete = {
  forms(node: Node, part: Parameter, base: string): string[];
  ask(value: string, part: Parameter, context: QueryContext): string[];
};
type Ranged = {
  spans(node: Node): Measure[];
  ask(value: string, code: string, context: QueryContext): { unit: string; test: RangeTest };
};

const DISCRETE: Partial<Record<string, Discrete>> = {
  token: {
    forms: (node, part) => tokenForms(node, part).filter((form) => !form.endsWith('|')),
    ask: (value, part) => askToken(value, part),
  },
  reference: {
    forms: (node, _part, base) => referenceForms(node, base),
    ask: (value, part, context) => {
      const { targets, terms } = askReference({ parameter: part, value }, context);
      return [...targets, ...terms];
    },
  },
};

const unitless = (span: Range | undefined): Measure[] => (span === undefined ? [] : [{ unit: '', ...span }]);
const RANGED: Partial<Record<string, Ranged>> = {
  quantity: { spans: measures, ask: askQuantity },
  number: {
    spans: (node) => unitless(numberSpan(node)),
    ask: (value, code) => ({ unit: '', test: askNumber(value, code) }),
  },
  date: {
    spans: (node) => unitless(dateSpan(node)),
    ask: (value, code, { now }) => ({ unit: '', test: askDate(value, code, now) }),
  },
};

export const composite: Kind = {
  modifiers: ['missing'],
  present: ({ components }, nodes, root) =>
    nodes.some((node) => components.every((part) => part.select(node, root).length > 0)),
  index(parameter, nodes, into, root) {
    const { code, components } = parameter;
    const shape = shapeOf(components);
    if (shape === 'scan') return;
    for (const node of nodes) {
      let heads = [`${code}=`];
      for (const part of components) {
        const discrete = DISCRETE[part.type];
        const values = part.select(node, root);
        if (discrete !== undefined) {
          const forms = values.flatMap((value) => discrete.forms(value, part, into.base));
          bounded(heads.length * forms.length);
          heads = heads.flatMap((head) => forms.map((form) => `${head}${cut(form)}$`));
          continue;
        }
        for (const { unit, lo, hi } of values.flatMap((value) => RANGED[part.type]?.spans(value) ?? [])) {
          bounded(into.pairs.length + heads.length);
          for (const head of heads) into.pairs.push({ t: head + cut(unit), lo, hi });
        }
      }
      if (shape === 'term') for (const head of heads) into.terms.add(head);
    }
  },
  parse(asked, context) {
    const { parameter, value } = asked;
    const { code, components } = parameter;
    const values = split(value, '$');
    if (values.length !== components.length || values.includes('')) {
      const shape = components.map((part) => part.code).join('$');
      return refuse(`${shown(value)} is no value for ${shown(code)}: it needs ${shape}`);
    }
    const shape = shapeOf(components);
    if (
      shape === 'scan' ||
      components.some((part, at) => part.type === 'token' && values[at]?.endsWith('|'))
    ) {
      return scan(asked, values, context);
    }
    let heads = [`${code}=`];
    for (const [at, part] of components.entries()) {
      const text = values[at] ?? '';
      const discrete = DISCRETE[part.type];
      const ranged = RANGED[part.type];
      if (discrete !== undefined) {
        const forms = discrete.ask(text, part, context);
        heads = heads.flatMap((head) => forms.map((form) => `${head}${cut(form)}$`));
      } else if (ranged !== undefined) {
        const { unit, test } = ranged.ask(text, part.code, context);
        return { op: 'pair', terms: heads.map((head) => head + cut(unit)), test };
      }
    }
    return { op: 'term', terms: heads };
  },
};

/** One number or date, at the end, makes a pair. */
function shapeOf(components: Parameter[]): 'term' | 'pair' | 'scan' {
  const discrete = components.filter(({ type }) => DISCRETE[type] !== undefined).length;
  if (discrete === components.length) return 'term';
  const last = components.at(-1);
  return discrete === components.length - 1 && last !== undefined && RANGED[last.type] !== undefined
    ? 'pair'
    : 'scan';
}

/** Each part alone narrows the search; that they are parts of one value, only the content tells. */
function scan({ parameter }: Asked, values: string[], context: QueryContext): Filter {
  const parts = parameter.components.map((part, at) => {
    const kind = PARTS[part.type];
    if (kind === undefined) return refuse(`${shown(parameter.code)} is not supported`, 'not-supported');
    return { part, kind, filter: kind.parse({ parameter: part, value: values[at] ?? '' }, context) };
  });
  const test: Filter = {
    op: 'scan',
    about: parameter.code,
    test: (resource) =>
      parameter.select(resource, resource).some((node) =>
        parts.every(({ part, kind, filter }) => {
          const into = collector(context.base);
          kind.index(part, part.select(node, resource), into, resource);
          return matches(filter, { ...entriesOf(into), type: context.type, id: '', at: 0, resource });
        }),
      ),
  };
  return all([...parts.map(({ filter }) => filter), test]);
}

/** A dollar sign inside a part can't be taken for the one between parts. */
function cut(form: string): string {
  return form.includes('$') ? form.replaceAll('$', '\\$') : form;
}
