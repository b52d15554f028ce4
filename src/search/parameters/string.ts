/** https://hl7.org/fhir/R4/search.html#string */
import type { Node } from '../expression.ts';
import type { Filter } from '../filter.ts';
import type { Kind, Parameter } from '../parameter.ts';
import { normalize, prefix } from '../text.ts';
import { refuse, shown, unescape } from '../value.ts';

/** Beginnings of up to this length are terms; of what is longer, the content is looked at. */
const LONGEST = 12;
/** No query is longer, so that no longer value can be asked for whole. */
const LONGEST_EXACT = 2000;

export const string: Kind = {
  modifiers: ['missing', 'exact', 'contains'],
  index({ code }, nodes, into) {
    for (const part of nodes.flatMap(partsOf)) {
      if (part.length <= LONGEST_EXACT) into.terms.add(`${code}:exact=${part}`);
      const plain = beginning(part);
      for (let length = 1; length <= Math.min(plain.length, LONGEST); length++) {
        const start = prefix(plain, length);
        // nobody asks for a beginning that ends in a space, unless it was cut there
        if (length === LONGEST || !start.endsWith(' ')) into.terms.add(`${code}=${start}`);
      }
    }
  },
  parse({ parameter, modifier, value }) {
    const { code } = parameter;
    const text = unescape(value);
    if (modifier === 'exact') return { op: 'term', terms: [`${code}:exact=${text}`] };
    const plain = normalize(text);
    if (plain === '') return refuse(`${shown(code)} needs a letter or digit, not ${shown(text)}`);
    if (modifier === 'contains') return scan(parameter, (part) => part.includes(plain));
    const start: Filter = { op: 'term', terms: [`${code}=${prefix(plain, LONGEST)}`] };
    if (plain.length <= LONGEST) return start;
    return { op: 'and', of: [start, scan(parameter, (part) => part.startsWith(plain))] };
  },
};

/** Enough of a long text, normalised. */
function beginning(part: string): string {
  const plain = normalize(part.slice(0, 8 * LONGEST));
  return plain.length < 2 * LONGEST ? normalize(part) : plain;
}

function scan(parameter: Parameter, holds: (part: string) => boolean): Filter {
  return {
    op: 'scan',
    about: parameter.code,
    test: (resource) => matchesText(parameter.select(resource, resource), holds),
  };
}

export function matchesText(nodes: Node[], holds: (part: string) => boolean): boolean {
  return nodes.some((node) => partsOf(node).some((part) => holds(normalize(part))));
}

/** Each part of a name or an address is a string of its own. */
export function partsOf({ type, value }: Node): string[] {
  if (typeof value === 'string') return [value];
  const names = PARTS[type];
  if (names === undefined || typeof value !== 'object' || value === null) return [];
  return names
    .flatMap((name) => (value as Record<string, unknown>)[name])
    .filter((part): part is string => typeof part === 'string');
}

const PARTS: Record<string, string[]> = {
  HumanName: ['family', 'given', 'prefix', 'suffix', 'text'],
  Address: ['line', 'city', 'district', 'state', 'postalCode', 'country', 'text'],
};
