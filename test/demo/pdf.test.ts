import { pdf } from '../../src/demo/pdf.ts';

interface Parsed {
  objects: Map<number, string>;
  trailer: string;
}

/** Reads a file by its cross-reference table alone, as a strict reader does. */
function parse(file: Buffer): Parsed {
  const text = file.toString('latin1');
  const start = Number(/startxref\n(\d+)\n%%EOF\n$/.exec(text)?.[1]);
  const table = text.slice(start);
  const size = Number(/^xref\n0 (\d+)\n/.exec(table)?.[1]);
  const first = table.indexOf('\n', 5) + 1;
  const objects = new Map<number, string>();
  for (let number = 0; number < size; number++) {
    const entry = table.slice(first + number * 20, first + number * 20 + 20);
    const [, offset, kind] = /^(\d{10}) \d{5} ([nf]) \n$/.exec(entry) ?? [];
    if (kind === 'n')
      objects.set(number, /^(\d+) 0 obj\n([^]*?)\nendobj\n/.exec(text.slice(Number(offset)))?.[0] ?? '');
  }
  return { objects, trailer: table.slice(table.indexOf('trailer')) };
}

/** Not by TextDecoder: that of Node 20 reads windows-1252 as Latin-1. */
const OUTSIDE_LATIN_1: Record<string, string> = {
  '\x80': '€',
  '\x85': '…',
  '\x92': '’',
  '\x96': '–',
  '\x9c': 'œ',
};

/** The lines that the page shows. */
function shown(stream: string): string[] {
  return [...stream.matchAll(/\(((?:\\.|[^\\()])*)\) Tj/g)].map(([, literal = '']) =>
    literal.replace(/\\(.)/g, '$1').replace(/[\x80-\x9f]/g, (byte) => OUTSIDE_LATIN_1[byte] ?? '?'),
  );
}

const TEXT = ['Échographie cardiaque : « normale »', 'L’œil (droit) \\ gauche… 1 €', '', 'Ça va – bientôt'];

describe('a PDF of one page', () => {
  const file = pdf('Compte rendu', TEXT);
  const { objects, trailer } = parse(file);

  it('begins and ends as readers want it', () => {
    expect(file.subarray(0, 9).toString('latin1')).toBe('%PDF-1.4\n');
    expect(trailer).toMatch(/^trailer\n<< \/Size 7 \/Root 1 0 R \/Info 6 0 R >>\n/);
  });

  it('has each object where its cross-reference says', () => {
    expect([...objects.keys()]).toEqual([1, 2, 3, 4, 5, 6]);
    for (const [number, object] of objects) expect(object.startsWith(`${number} 0 obj\n`)).toBe(true);
  });

  it('gives the length of its stream to the byte', () => {
    const [, length, stream = ''] =
      /<< \/Length (\d+) >>\nstream\n([^]*)\nendstream/.exec(objects.get(5) ?? '') ?? [];
    expect(stream.length).toBe(Number(length));
  });

  it('shows French text, accents, ligatures, parentheses and all', () => {
    expect(shown(objects.get(5) ?? '')).toEqual(['Compte rendu', ...TEXT]);
  });

  it('shows a question mark for what the encoding lacks', () => {
    expect(shown(parse(pdf('漢', ['a\nb'])).objects.get(5) ?? '')).toEqual(['?', 'a?b']);
  });

  it('breaks long lines at spaces', () => {
    const lines = shown(parse(pdf('Titre', ['mot '.repeat(60).trim()])).objects.get(5) ?? '').slice(1);
    expect(lines.join(' ')).toBe('mot '.repeat(60).trim());
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(88);
  });

  it('refuses more than a page', () => {
    expect(() => pdf('Titre', Array<string>(47).fill('x'))).toThrow(RangeError);
  });
});
