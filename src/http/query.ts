/** The query string and `_search` forms, decoded strictly: https://hl7.org/fhir/R4/search.html#Introduction */
import { FhirError } from '../fhir/outcome.ts';

const MAX_PARAMETERS = 1_000;

/** Pairs in the order sent. `+` is a blank. */
export function parseQuery(text: string): [string, string][] {
  if (text === '') return [];
  const fields = text.split('&', MAX_PARAMETERS + 1);
  if (fields.length > MAX_PARAMETERS) {
    throw new FhirError('too-long', `more than ${MAX_PARAMETERS} parameters`, { status: 400 });
  }
  const pairs: [string, string][] = [];
  for (const field of fields) {
    if (field === '') continue;
    const equals = field.indexOf('=');
    pairs.push(
      equals < 0 ? [decode(field), ''] : [decode(field.slice(0, equals)), decode(field.slice(equals + 1))],
    );
  }
  return pairs;
}

function decode(text: string): string {
  let decoded = text.includes('+') ? text.replaceAll('+', ' ') : text;
  if (decoded.includes('%')) {
    try {
      decoded = decodeURIComponent(decoded);
    } catch {
      throw new FhirError('invalid', 'the parameters hold malformed percent-encoding');
    }
  }
  if (/[^\P{Cc}\t\n\r]/u.test(decoded)) {
    throw new FhirError('invalid', 'the parameters hold control characters');
  }
  return decoded;
}
