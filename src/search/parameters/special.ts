/** https://hl7.org/fhir/R4/search.html#special */
import type { Kind } from '../parameter.ts';
import { refuse, shown } from '../value.ts';

export const special: Kind = {
  modifiers: [],
  index() {},
  parse({ parameter: { code } }) {
    return refuse(`searching by ${shown(code)} is not supported: no distances are computed`, 'not-supported');
  },
};
