/** Whether a search asks by national identifiers: what would confirm a number to who isn't told it. Pure. */
import { isNational } from '../fhir/identity.ts';
import type { Filter, SearchQuery } from './filter.ts';

export function asksNational({ filter, sort }: Pick<SearchQuery, 'filter' | 'sort'>): boolean {
  return filterAsks(filter) || sort.some(({ param }) => IDENTIFIER.test(param));
}

const IDENTIFIER = /(^|:|\b)(identifier|of-type)\b/;
const ANY_TEXT = /_text|_content/;

function filterAsks(filter: Filter): boolean {
  switch (filter.op) {
    case 'and':
    case 'or':
      return filter.of.some(filterAsks);
    case 'not':
      return filterAsks(filter.of);
    case 'chain':
    case 'has':
      return filterAsks(filter.filter);
    case 'term':
    case 'pair':
      return filter.terms.some(termAsks);
    case 'scan':
      return IDENTIFIER.test(filter.about) || ANY_TEXT.test(filter.about);
    case 'inside':
      return IDENTIFIER.test(filter.about) || filterAsks(filter.narrow);
    case 'type':
    case 'reference':
    case 'range':
    case 'id':
    case 'updated':
    case 'hierarchy':
    case 'list':
      return false;
  }
}

/** Only a number of another system, told with its system, asks for no national one. */
function termAsks(term: string): boolean {
  const end = term.indexOf('=');
  const name = end < 0 ? term : term.slice(0, end);
  const [system = '', value] = end < 0 ? [] : term.slice(end + 1).split('|');
  if (isNational(system)) return true;
  return IDENTIFIER.test(name) && (system === '' || value === undefined || value === '');
}
