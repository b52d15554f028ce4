/** A section in words, as XHTML: https://hl7.org/fhir/R4/narrative.html */
import type { Language } from '../../consent/reasons.ts';
import type { Item } from '../../pdf/tagged.ts';
import { SAID } from './words.ts';

/** As a text or in an attribute; control characters, which XML doesn't have, are left out. */
export function escaped(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\uFFFE\uFFFF]/gu, ' ')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

export function narrative(
  items: readonly Item[],
  notes: readonly string[],
  language: Language,
): { status: string; div: string } {
  const tag = language === 'fr' ? 'fr-FR' : 'en-GB';
  const parts = [
    ...(items.length === 0 ? [] : [tableOf(items, language)]),
    ...notes.map((note) => `<p>${escaped(note)}</p>`),
  ];
  return {
    status: 'generated',
    div: `<div xmlns="http://www.w3.org/1999/xhtml" lang="${tag}" xml:lang="${tag}">${parts.join('')}</div>`,
  };
}

function tableOf(items: readonly Item[], language: Language): string {
  const heads = [SAID.what, SAID.details, SAID.when].map((each) => `<th>${each[language]}</th>`).join('');
  const rows = items.map(({ what, details, when }) =>
    [what, details.join(' ; '), when ?? ''].map((cell) => `<td>${escaped(cell)}</td>`).join(''),
  );
  const body = rows.map((row) => `<tr>${row}</tr>`).join('');
  return `<table><thead><tr>${heads}</tr></thead><tbody>${body}</tbody></table>`;
}
