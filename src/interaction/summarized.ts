/** `_summary` and `_elements`: https://hl7.org/fhir/R4/search.html#summary */
import { parseJson, stringifyJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { SearchQuery } from '../search/filter.ts';
import { readElements } from '../search/parse.ts';
import { elements, summary } from '../search/summarize.ts';

export type Shape = Pick<SearchQuery, 'summary' | 'elements'>;

/** `count` is of searches: there is nothing to count in one resource. */
const OF_ONE = new Set(['true', 'text', 'data', 'false']);

/** On a read; undefined: whole. */
export function parseSummary(query: readonly (readonly [string, string])[], type: string): Shape | undefined {
  const shape: Shape = { summary: 'false', elements: [] };
  for (const [name, value] of query) {
    if (name === '_summary') {
      if (!OF_ONE.has(value)) {
        throw new FhirError('invalid', `\`_summary\` of a read takes one of ${[...OF_ONE].join(', ')}`);
      }
      shape.summary = value as Shape['summary'];
    } else if (name === '_elements') shape.elements = readElements(value, [type]);
    else
      throw new FhirError(
        'invalid',
        `unknown parameter \`${name.slice(0, 60)}\`: a read takes \`_summary\`, \`_elements\``,
      );
  }
  return isWhole(shape) ? undefined : shape;
}

export function isWhole({ summary: mode, elements: names }: Shape): boolean {
  return mode === 'false' && names.length === 0;
}

export function shaped(body: Buffer, { summary: mode, elements: names }: Shape): Buffer {
  let resource = parseJson(body) as Resource;
  if (mode !== 'false') resource = summary(resource, mode);
  if (names.length > 0) resource = elements(resource, names);
  return Buffer.from(stringifyJson(resource));
}
