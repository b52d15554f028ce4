/** What is sent as JSON, field by field: anything that isn't known is refused. Pure. */
import { FhirError } from '../fhir/outcome.ts';

export type Fields = Readonly<Record<string, unknown>>;

/** @throws FhirError 400 */
export function fieldsOf(value: unknown, what: string, allowed: readonly string[]): Fields {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new FhirError('structure', `\`${what}\` is an object`, { expression: what });
  }
  const unknown = Object.keys(value).find((name) => !allowed.includes(name));
  if (unknown !== undefined) {
    throw new FhirError(
      'structure',
      `\`${unknown.slice(0, 60)}\` is not known; allowed: ${allowed.join(', ')}`,
      {
        expression: what,
      },
    );
  }
  return value as Fields;
}

/** @param most characters */
export function textIn(fields: Fields, name: string, most: number): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.trim() === '' || value.length > most) {
    throw new FhirError('value', `\`${name}\` is a text of 1 to ${most} characters`, { expression: name });
  }
  return value;
}

export function listIn(fields: Fields, name: string, most: number): unknown[] {
  const value = fields[name];
  if (!Array.isArray(value) || value.length === 0 || value.length > most) {
    throw new FhirError('value', `\`${name}\` has 1 to ${most} entries`, { expression: name });
  }
  return value;
}

export function wordsIn(fields: Fields, name: string, most: number): { fr: string; en: string } {
  const words = fieldsOf(fields[name], name, ['fr', 'en']);
  return { fr: textIn(words, 'fr', most), en: textIn(words, 'en', most) };
}

export function httpsIn(value: unknown, name: string): string {
  const isHttps =
    typeof value === 'string' && value.length <= 500 && URL.canParse(value) && value.startsWith('https://');
  if (!isHttps) throw new FhirError('value', `\`${name}\` is an address with https`, { expression: name });
  return value;
}

export function dayIn(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string' || !/^\d{4}-\d{2}-\d{2}$/.test(value) || Number.isNaN(Date.parse(value))) {
    throw new FhirError('value', `\`${name}\` is a day, YYYY-MM-DD`, { expression: name });
  }
  return value;
}

/** @throws FhirError 400 */
export function oneOf<T extends string>(fields: Fields, name: string, among: readonly T[]): T {
  const found = among.find((each) => each === fields[name]);
  if (found === undefined) {
    throw new FhirError('value', `\`${name}\` is one of: ${among.join(', ')}`, { expression: name });
  }
  return found;
}
