/** The SearchParameters of profiles/: https://hl7.org/fhir/R4/searchparameter.html */
import { type Conformance, readConformance } from '../fhir/conformance/files.ts';
import type { Definition } from './definitions.ts';

interface SearchParameter extends Conformance {
  code: string;
  base: string[];
  type: Definition['type'];
  expression: string;
  target?: string[];
}

const own = readConformance<SearchParameter>('SearchParameter');

export function ownDefinitions(type: string): [code: string, definition: Definition][] {
  return own
    .filter(({ base }) => base.includes(type))
    .map(({ code, url, type: kind, expression, target }) => [
      code,
      { type: kind, expression: partOf(expression, type), target, url },
    ]);
}

/** The alternatives of the union that start at the type. */
function partOf(expression: string, type: string): string {
  const parts = expression.split(' | ').filter((part) => /[A-Z]\w*/.exec(part)?.[0] === type);
  return parts.join(' | ');
}
