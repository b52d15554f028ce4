/** The traits that a professional entered, if they are whole. */
import type { Traits } from '../auth/records.ts';

/** Undefined: nothing, or not enough, was entered. */
export function traitsIn(form: URLSearchParams): Traits | undefined {
  const text = (name: string): string => (form.get(name) ?? '').trim().slice(0, 100);
  const identifier = text('ins').replaceAll(/\s/g, '');
  if (/^[0-9][0-9AB]{11,14}$/i.test(identifier)) return { identifier };
  const [family, given, birthdate, gender] = ['family', 'given', 'birthdate', 'gender'].map(text) as [
    string,
    string,
    string,
    string,
  ];
  const isWhole =
    family !== '' && given !== '' && /^\d{4}-\d{2}-\d{2}$/.test(birthdate) && /^(fe)?male$/.test(gender);
  return isWhole ? { family, given, birthdate, gender } : undefined;
}
