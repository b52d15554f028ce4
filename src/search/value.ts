/** Escapes in parameter values: https://hl7.org/fhir/R4/search.html#escaping */
import { FhirError } from '../fhir/outcome.ts';

/** Splits where the separator isn't escaped; the parts stay escaped. */
export function split(text: string, separator: ',' | '$' | '|', limit = Infinity): string[] {
  const parts: string[] = [];
  let start = 0;
  for (let at = 0; at < text.length && parts.length < limit - 1; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === separator) {
      parts.push(text.slice(start, at));
      start = at + 1;
    }
  }
  parts.push(text.slice(start));
  return parts;
}

export function unescape(text: string): string {
  return text.includes('\\') ? text.replace(/\\([\\,$|])/g, '$1') : text;
}

/** Input as it may be shown in a message. */
export function shown(text: string): string {
  const clean = text.replace(/[\p{Cc}`]/gu, ' ');
  return clean.length > 100 ? `\`${clean.slice(0, 100)}…\`` : `\`${clean}\``;
}

export function refuse(
  text: string,
  code: 'value' | 'invalid' | 'not-supported' | 'too-costly' = 'value',
): never {
  throw new FhirError(code, text, { status: 400 });
}
