/** French or English: as `lang` says, else as the headers do. */
import type { IncomingMessage } from 'node:http';
import type { Language } from '../consent/reasons.ts';
import { FhirError } from '../fhir/outcome.ts';
import { languageOf } from '../operation/language.ts';
import { headerOf } from './parse.ts';

/** @throws FhirError 400 */
export function languageAmong(query: readonly [string, string][], request: IncomingMessage): Language {
  const asked = query.find(([name]) => name === 'lang')?.[1];
  if (asked === 'fr' || asked === 'en') return asked;
  if (asked !== undefined) throw new FhirError('value', '`lang` is `fr` or `en`');
  return languageOf({ header: (name) => headerOf(request, name) });
}
