/**
 * `Patient/x/$summary`: an International Patient Summary of what the caller may be given, as a FHIR document or as PDF.
 * https://hl7.org/fhir/uv/ips/OperationDefinition-summary.html
 */
import { randomUUID } from 'node:crypto';
import type { Language } from '../../consent/reasons.ts';
import { FhirError } from '../../fhir/outcome.ts';
import type { Context } from '../../interaction/context.ts';
import type { Answer, Exchange } from '../../interaction/exchange.ts';
import { fileAnswer } from '../../operation/file.ts';
import { languageOf } from '../../operation/language.ts';
import { parametersIn } from '../../operation/parameters.ts';
import { BUNDLE, COMPOSITION, documentOf } from './document.ts';
import { gather } from './gather.ts';
import { summaryPdf } from './pdf.ts';
import { SAID } from './words.ts';

const ALLOWED = ['profile', 'language', 'as'];
/** What is asked of the document is asked of its Composition, and the other way round. */
const PROFILES = [COMPOSITION, BUNDLE];
const FORMS = ['bundle', 'pdf'];
const LANGUAGES = ['fr', 'en'];

interface Asked {
  language: Language;
  isPdf: boolean;
}

export async function summary(context: Context, exchange: Exchange): Promise<Answer> {
  const { language, isPdf } = askedIn(exchange);
  const gathered = await gather(context, exchange);
  const now = context.now();
  if (isPdf) {
    const content = await summaryPdf(gathered, language, now);
    return fileAnswer(exchange, 'application/pdf', content, { language, name: `${SAID.file[language]}.pdf` });
  }
  return {
    status: 200,
    headers: { 'content-language': language, vary: 'accept, accept-encoding, accept-language' },
    body: documentOf(gathered, { base: exchange.base, language, now, newId: randomUUID }),
  };
}

/** @throws FhirError 400 */
function askedIn(exchange: Exchange): Asked {
  const values = new Map<string, string>();
  for (const [name, value] of parametersIn(exchange)) {
    if (!ALLOWED.includes(name)) {
      throw new FhirError(
        'not-supported',
        `parameter \`${name.slice(0, 60)}\` is not supported; allowed: ${ALLOWED.join(', ')}`,
      );
    }
    if (values.has(name)) throw new FhirError('value', `one \`${name}\` at most`);
    values.set(name, value);
  }
  const profile = values.get('profile');
  if (profile !== undefined && !PROFILES.includes(profile.replace(/\|2\.0\.0$/, '')))
    throw refused('profile', profile, PROFILES);
  const language = values.get('language')?.split('-', 1)[0];
  if (language !== undefined && !LANGUAGES.includes(language)) throw refused('language', language, LANGUAGES);
  const form = values.get('as');
  if (form !== undefined && !FORMS.includes(form)) throw refused('as', form, FORMS);
  const wanted = exchange.format ?? exchange.header('accept')?.split(',', 1)[0] ?? '';
  const isPdf = wanted.split(';', 1)[0]!.trim().toLowerCase() === 'application/pdf';
  return {
    language: (language as Language | undefined) ?? languageOf(exchange),
    isPdf: form === undefined ? isPdf : form === 'pdf',
  };
}

function refused(name: string, value: string, allowed: readonly string[]): FhirError {
  return new FhirError(
    'value',
    `\`${value.slice(0, 60)}\` is no value of \`${name}\`; allowed: ${allowed.join(', ')}`,
  );
}
