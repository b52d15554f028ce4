/** The smallest PDF that readers open without complaint: one page of text. ISO 32000-1, 7.5 (file structure), annex D (WinAnsi). */

const LINES = 46;
const COLUMNS = 88;

/** What Windows-1252 has outside Latin-1, of what French needs. */
const WIN_ANSI: Record<string, number> = {
  '€': 0x80,
  '…': 0x85,
  Œ: 0x8c,
  '‘': 0x91,
  '’': 0x92,
  '“': 0x93,
  '”': 0x94,
  '•': 0x95,
  '–': 0x96,
  '—': 0x97,
  œ: 0x9c,
  Ÿ: 0x9f,
};

function winAnsi(character: string): string {
  const code = WIN_ANSI[character] ?? character.codePointAt(0) ?? 0;
  const known = (code >= 0x20 && code < 0x7f) || (code >= 0x80 && code <= 0xff);
  return String.fromCharCode(known ? code : 0x3f);
}

function literal(text: string): string {
  return `(${Array.from(text, winAnsi)
    .join('')
    .replace(/[\\()]/g, '\\$&')})`;
}

function hex(text: string): string {
  return `<FEFF${Buffer.from(text, 'utf16le').swap16().toString('hex').toUpperCase()}>`;
}

/** Lines of at most `COLUMNS` characters, broken at spaces. */
function wrap(line: string): string[] {
  const lines = [''];
  for (const word of line.split(' ')) {
    const last = lines[lines.length - 1] ?? '';
    if (last !== '' && last.length + word.length >= COLUMNS) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

function page(title: string, lines: string[]): string {
  const shown = lines.flatMap(wrap);
  if (shown.length > LINES) throw new RangeError(`a page holds ${LINES} lines, not ${shown.length}`);
  const body = shown.map((line) => `${literal(line)} Tj T*`).join('\n');
  return `BT\n/F1 16 Tf 56 780 Td ${literal(title)} Tj\n/F1 11 Tf 15 TL 0 -32 Td\n${body}\nET`;
}

/** One A4 page with a title and lines of French text. */
export function pdf(title: string, lines: string[]): Buffer {
  const content = page(title, lines);
  const objects = [
    '<< /Type /Catalog /Pages 2 0 R /Lang (fr-FR) >>',
    '<< /Type /Pages /Kids [3 0 R] /Count 1 >>',
    '<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 4 0 R >> >> /Contents 5 0 R >>',
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    `<< /Title ${hex(title)} >>`,
  ];
  // every character is one byte, so lengths of strings are offsets in the file
  let file = '%PDF-1.4\n%\xe2\xe3\xcf\xd3\n';
  const entries = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return `${String(offset).padStart(10, '0')} 00000 n \n`;
  });
  const size = objects.length + 1;
  const table = `xref\n0 ${size}\n0000000000 65535 f \n${entries.join('')}`;
  const trailer = `trailer\n<< /Size ${size} /Root 1 0 R /Info 6 0 R >>\nstartxref\n${file.length}\n%%EOF\n`;
  return Buffer.from(file + table + trailer, 'latin1');
}
