/** What the standard fonts of PDF can show. */

/** The standard fonts have the letters of Western Europe: others lose their accents, or are left out as such. */
export function printable(text: string): string {
  return text.normalize('NFC').replaceAll(/\s+/g, ' ').replace(FOREIGN, baseOf);
}

const WESTERN = '\\u0020-\\u007E\\u00A0-\\u00FF‘’“”„‚–—…€•Œœ‹›™ŠšŽžŸ';
const FOREIGN = new RegExp(`[^${WESTERN}]`, 'gu');
const ALL_WESTERN = new RegExp(`^[${WESTERN}]+$`, 'u');

function baseOf(letter: string): string {
  const bare = (LETTERS[letter] ?? letter).normalize('NFKD').replaceAll(/\p{M}/gu, '');
  return ALL_WESTERN.test(bare) ? bare : '?';
}

/** What is no letter with an accent, but a letter of its own. */
const LETTERS: Readonly<Record<string, string>> = { ł: 'l', Ł: 'L', đ: 'd', Đ: 'D', ı: 'i', ħ: 'h', Ħ: 'H' };
