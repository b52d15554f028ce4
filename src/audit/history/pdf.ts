/**
 * A history as a PDF that can be read aloud: tagged, with its language and title. https://pdfkit.org/docs/accessibility.html
 * The library is loaded when the first is asked for.
 */
import { TITLES } from './headings.ts';
import type { Line } from './line.ts';
import { type Clock, during, stamp } from './when.ts';

const MARGIN = 50;

export async function pdfOf(lines: readonly Line[], clock: Clock): Promise<Buffer> {
  const { default: PDFDocument } = await import('pdfkit');
  const { language, zone, now } = clock;
  const title = TITLES.title[language];
  const document = new PDFDocument({
    size: 'A4',
    margin: MARGIN,
    pdfVersion: '1.7',
    tagged: true,
    lang: language === 'fr' ? 'fr-FR' : 'en-GB',
    displayTitle: true,
    info: { Title: title, Creator: 'Carnet', Producer: 'Carnet', CreationDate: new Date(now) },
  });
  const pieces: Buffer[] = [];
  document.on('data', (piece: Buffer) => pieces.push(piece));
  const done = new Promise<void>((resolve, reject) => document.on('end', resolve).on('error', reject));
  const root = document.struct('Document');
  document.addStructure(root);
  const write = (tag: string, font: string, size: number, text: string): void => {
    root.add(document.struct(tag, {}, [() => void document.font(font).fontSize(size).text(printable(text))]));
    document.moveDown(0.5);
  };
  write('H1', 'Helvetica-Bold', 16, title);
  write('P', 'Helvetica', 9, `${TITLES.zone[language]} ${zone}, ${stamp(now, clock)}`);
  if (lines.length === 0) write('P', 'Helvetica', 10, TITLES.nothing[language]);
  let day = '';
  for (const line of lines) {
    const today = dayOf(line, clock);
    if (today !== day) write('H2', 'Helvetica-Bold', 11, (day = today));
    write('P', 'Helvetica', 10, line.text);
  }
  root.end();
  document.end();
  await done;
  return Buffer.concat(pieces);
}

/** « le 12 mars » */
function dayOf({ summary }: Line, clock: Clock): string {
  const { from } = summary;
  const words = during(from, from, clock);
  const time = clock.language === 'fr' ? ' à ' : ' at ';
  return words.slice('le '.length, words.lastIndexOf(time));
}

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
