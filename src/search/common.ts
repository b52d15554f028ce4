/** Parameters of all resources: https://hl7.org/fhir/R4/search.html#all */
import { ID, type Resource } from '../fhir/resource.ts';
import { all, any, EVERYTHING, NOTHING, type Filter } from './filter.ts';
import { FUNCTIONAL_LISTS } from './lists.ts';
import type { QueryContext } from './parameter.ts';
import { askInstant } from './parameters/date.ts';
import { allText, normalize, plainText } from './text.ts';
import { refuse, shown, unescape } from './value.ts';

/** Those that aren't asked as their search parameter's type is. */
export const COMMON: readonly string[] = ['_id', '_lastUpdated', '_text', '_content', '_list', '_has'];

/** Every resource has these: `:missing` is answered without looking. */
const MODIFIERS: Record<string, string[]> = { _id: ['missing', 'not'], _lastUpdated: ['missing'] };

const PARSE: Record<string, (value: string, context: QueryContext) => Filter> = {
  _id: (value) =>
    ID.test(value) ? { op: 'id', ids: [value] } : refuse(`${shown(value)} is no id for \`_id\``),
  _lastUpdated: (value, { now }) => {
    const { test, negated } = askInstant(value, '_lastUpdated', now);
    return negated ? { op: 'not', of: { op: 'updated', test } } : { op: 'updated', test };
  },
  _text: (value) =>
    words('_text', value, ({ text }) => [plainText((text as { div?: string } | undefined)?.div ?? '')]),
  _content: (value) => words('_content', value, (resource) => allText(resource)),
  _list: (value) => {
    const id = value.startsWith('List/') ? value.slice('List/'.length) : value;
    if (FUNCTIONAL_LISTS.includes(id) || ID.test(id)) return { op: 'list', id };
    return refuse(`${shown(value)} is no list: allowed are the id of a List, ${FUNCTIONAL_LISTS.join(', ')}`);
  },
};

export function common(
  code: string,
  modifier: string | undefined,
  values: string[],
  context: QueryContext,
): Filter {
  const parse = PARSE[code];
  if (parse === undefined) return refuse(`${shown(code)} needs \`_has:Type:reference:parameter\``, 'invalid');
  const { [code]: allowed = [] } = MODIFIERS;
  if (modifier !== undefined && !allowed.includes(modifier)) {
    const known = allowed.length === 0 ? 'none is allowed' : `allowed are ${allowed.join(', ')}`;
    return refuse(`${shown(code)} doesn't know the modifier ${shown(modifier)}: ${known}`, 'invalid');
  }
  if (modifier === 'missing') return neverMissing(code, values);
  const found = any(
    values.map((value) => {
      context.spend(1);
      return parse(unescape(value), context);
    }),
  );
  return modifier === 'not' ? { op: 'not', of: found } : found;
}

function neverMissing(code: string, values: string[]): Filter {
  const [value = ''] = values;
  if (values.length > 1 || (value !== 'true' && value !== 'false')) {
    return refuse(`${shown(`${code}:missing`)} is \`true\` or \`false\``);
  }
  return value === 'true' ? NOTHING : EVERYTHING;
}

/** All the words, each anywhere. */
function words(about: string, value: string, textOf: (resource: Resource) => string[]): Filter {
  const wanted = normalize(value)
    .split(' ')
    .filter((word) => word !== '');
  if (wanted.length === 0) return refuse(`${shown(about)} needs a letter or digit`);
  return all([
    {
      op: 'scan',
      about,
      test: (resource) => {
        const text = textOf(resource).map(normalize).join('\n');
        return wanted.every((word) => text.includes(word));
      },
    },
  ]);
}
