/** The language that the caller would rather read: https://www.rfc-editor.org/rfc/rfc9110#name-accept-language */
import type { Language } from '../consent/reasons.ts';
import type { Json } from '../fhir/resource.ts';
import type { Answer, Exchange } from '../interaction/exchange.ts';

/** French, unless English is asked for before it. */
export function languageOf({ header }: Pick<Exchange, 'header'>): Language {
  const asked = (header('accept-language') ?? '').split(',', 20).map((each): [string, number] => {
    const [range = '', ...parameters] = each.split(';').map((part) => part.trim().toLowerCase());
    const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2);
    return [range.split('-', 1)[0]!, quality === undefined ? 1 : Number(quality)];
  });
  const wanted = (language: Language): number =>
    Math.max(0, ...asked.filter(([range]) => range === language).map(([, quality]) => quality || 0));
  return wanted('en') > wanted('fr') ? 'en' : 'fr';
}

/** Parameters in a language, and what HTTP says of it. */
export function told(language: Language, parameter: readonly Json[]): Answer {
  return {
    status: 200,
    headers: { 'content-language': language, vary: 'accept, accept-encoding, accept-language' },
    // empty arrays are not allowed in FHIR
    body: { resourceType: 'Parameters', language, ...(parameter.length === 0 ? {} : { parameter }) },
  };
}
