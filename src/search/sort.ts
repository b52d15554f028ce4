/** https://hl7.org/fhir/R4/search.html#_sort */
import type { Resource } from '../fhir/resource.ts';
import type { Node } from './expression.ts';
import type { SortKey } from './filter.ts';
import { parametersOf } from './parameter.ts';
import { measures } from './parameters/quantity.ts';
import { partsOf } from './parameters/string.ts';
import { normalize } from './text.ts';
import { refuse, shown, split } from './value.ts';

const MOST_KEYS = 5;
const OWN = new Map<string, SortKey['kind']>([
  ['_id', 'id'],
  ['_lastUpdated', 'updated'],
]);

export function parseSort(value: string, types: readonly string[]): SortKey[] {
  const names = split(value, ',');
  if (names.length > MOST_KEYS)
    return refuse(`\`_sort\` takes at most ${MOST_KEYS} parameters`, 'too-costly');
  return names.map((name) => {
    const descending = name.startsWith('-');
    const param = descending ? name.slice(1) : name;
    return { param, kind: OWN.get(param) ?? kindOf(param, types), descending };
  });
}

function kindOf(param: string, types: readonly string[]): SortKey['kind'] {
  const kinds = new Set(
    types.map((type) => {
      const sorted = parametersOf(type).get(param)?.type;
      if (sorted === undefined || sorted === 'composite' || sorted === 'special') {
        return refuse(
          `\`_sort\` can't be by ${shown(param)} of \`${type}\`: allowed are ${sortable(type).join(', ')}`,
        );
      }
      return sorted === 'date' || sorted === 'number' ? 'range' : 'content';
    }),
  );
  const [kind, other] = kinds;
  return kind === undefined || other !== undefined
    ? refuse(`\`_sort\` by ${shown(param)} needs one type`)
    : kind;
}

function sortable(type: string): string[] {
  return [...parametersOf(type).values()]
    .filter((each) => each.type !== 'composite' && each.type !== 'special')
    .map((each) => each.code);
}

/** What a resource is sorted by where only its content can tell; of several values the least. */
export function sortValue(type: string, code: string): (resource: Resource) => string | undefined {
  const parameter = parametersOf(type).get(code);
  return (resource) => {
    const values = (parameter?.select(resource, resource) ?? []).flatMap(valuesOf);
    return values.reduce<string | undefined>(
      (least, value) => (least === undefined || value < least ? value : least),
      undefined,
    );
  };
}

function valuesOf(node: Node): string[] {
  if (QUANTITIES.has(node.type)) {
    return measures(node)
      .slice(0, 1)
      .map(({ lo }) => ordered(lo));
  }
  const { value } = node;
  if (typeof value === 'boolean') return [String(value)];
  if (node.type === 'HumanName' || typeof value === 'string') return partsOf(node).slice(0, 1).map(normalize);
  if (node.type === 'Address') return partsOf(node).slice(0, 1).map(normalize);
  const part = value as Record<string, unknown>;
  if (node.type === 'CodeableConcept' && Array.isArray(part.coding))
    return texts(part.text, ...part.coding.map(codeOf));
  return texts(part.code ?? part.reference ?? part.value);
}

const QUANTITIES = new Set(['Quantity', 'Age', 'Duration', 'Money', 'Range']);

function codeOf(coding: unknown): unknown {
  return (coding as { code?: unknown } | null)?.code;
}

function texts(...values: unknown[]): string[] {
  return values.filter((each): each is string => typeof each === 'string').map(normalize);
}

/** A number as a string that sorts as the number does. */
function ordered(value: number): string {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  const negative = value < 0;
  const keys = bytes.map((byte, at) => (negative ? ~byte : at === 0 ? byte ^ 0x80 : byte));
  return Buffer.from(keys).toString('hex');
}
