/**
 * PDFs that can be read aloud: tagged, with language, title and page numbers. https://pdfkit.org/docs/accessibility.html
 * The library is loaded when the first is asked for.
 */
import { printable } from './printable.ts';

const MARGIN = 56;
const FOOT = 40;
const INK = '#1c2530';
const SOFT = '#5b6673';
const ACCENT = '#14565f';
const LINE = '#c9d2d6';

const STYLES = {
  title: { tag: 'H1', font: 'Helvetica-Bold', size: 20, color: ACCENT, before: 0, after: 4 },
  heading: { tag: 'H2', font: 'Helvetica-Bold', size: 12, color: ACCENT, before: 14, after: 8 },
  text: { tag: 'P', font: 'Helvetica', size: 10, color: INK, before: 0, after: 5 },
  note: { tag: 'P', font: 'Helvetica', size: 9, color: SOFT, before: 0, after: 5 },
  strong: { tag: 'P', font: 'Helvetica-Bold', size: 11, color: INK, before: 2, after: 2 },
} as const;

export type Style = keyof typeof STYLES;

export interface About {
  title: string;
  language: 'fr' | 'en';
  /** Milliseconds. */
  now: number;
  /** At the foot of each page, before its number. */
  foot?: string;
}

/** One thing of a list: what it is, what is said of it, and when. */
export interface Item {
  what: string;
  details: readonly string[];
  when?: string;
}

export interface Page {
  write(style: Style, text: string): void;
  list(items: readonly Item[]): void;
}

/** @param draw writes it from the top to the end */
export async function taggedPdf(about: About, draw: (page: Page) => void | Promise<void>): Promise<Buffer> {
  const { default: PDFDocument } = await import('pdfkit');
  const { title, language, now } = about;
  const document = new PDFDocument({
    size: 'A4',
    margins: { top: MARGIN, bottom: MARGIN + FOOT / 2, left: MARGIN, right: MARGIN },
    pdfVersion: '1.7',
    tagged: true,
    lang: language === 'fr' ? 'fr-FR' : 'en-GB',
    displayTitle: true,
    bufferPages: true,
    info: { Title: title, Creator: 'Carnet', Producer: 'Carnet', CreationDate: new Date(now) },
  });
  const pieces: Buffer[] = [];
  document.on('data', (piece: Buffer) => pieces.push(piece));
  const done = new Promise<void>((resolve, reject) => document.on('end', resolve).on('error', reject));
  const root = document.struct('Document');
  document.addStructure(root);
  await draw(pageOn(document, root));
  root.end();
  numberPages(document, about.foot ?? title);
  document.end();
  await done;
  return Buffer.concat(pieces);
}

function pageOn(document: PDFKit.PDFDocument, root: PDFKit.PDFStructureElement): Page {
  const width = document.page.width - 2 * MARGIN;
  const bottom = (): number => document.page.height - document.page.margins.bottom;
  const room = (needed: number): void => {
    if (document.y + needed > bottom()) document.addPage();
  };
  const artifact = (draw: () => void): void => {
    document.markContent('Artifact', { type: 'Layout' });
    draw();
    document.endMarkedContent();
  };
  return {
    write(style, text) {
      const { tag, font, size, color, before, after } = STYLES[style];
      const words = printable(text);
      document.font(font).fontSize(size);
      const height = Math.min(document.heightOfString(words, { width }), 200);
      // a heading stays with what follows
      room(before + height + (style === 'heading' ? 34 : 0));
      document.y += before;
      root.add(
        document.struct(tag, {}, [
          () =>
            void document
              .font(font)
              .fontSize(size)
              .fillColor(color)
              .text(words, MARGIN, document.y, { width }),
        ]),
      );
      if (style === 'heading') {
        const y = document.y + 1;
        artifact(
          () =>
            void document
              .moveTo(MARGIN, y)
              .lineTo(MARGIN + width, y)
              .lineWidth(0.5)
              .strokeColor(LINE)
              .stroke(),
        );
      }
      document.y += after;
    },
    list(items) {
      const list = document.struct('L');
      root.add(list);
      for (const item of items) {
        list.add(itemOf(item));
        document.y += 6;
      }
      list.end();
    },
  };

  function itemOf({ what, details, when }: Item): PDFKit.PDFStructureElement {
    const right = when === undefined ? 0 : 150;
    const wide = width - right;
    const [name, more, date] = [what, details.join(' · '), when ?? ''].map(printable) as [
      string,
      string,
      string,
    ];
    document.font('Helvetica-Bold').fontSize(10);
    const height = document.heightOfString(name, { width: wide });
    document.font('Helvetica').fontSize(9);
    room(Math.min(height + (more === '' ? 0 : document.heightOfString(more, { width: wide })), 300));
    const y = document.y;
    const named = (): void => {
      document.font('Helvetica-Bold').fontSize(10).fillColor(INK).text(name, MARGIN, y, { width: wide });
    };
    const said = (): void => {
      document
        .font('Helvetica')
        .fontSize(9)
        .fillColor(SOFT)
        .text(more, MARGIN, document.y + 1, { width: wide });
    };
    const dated = (): void => {
      const after = document.y;
      const at = after < y ? document.page.margins.top : y;
      document
        .font('Helvetica')
        .fontSize(9)
        .fillColor(SOFT)
        .text(date, MARGIN + wide, at, { width: right, align: 'right' });
      document.y = Math.max(after, document.y);
      document.x = MARGIN;
    };
    const parts = [named, ...(more === '' ? [] : [said]), ...(date === '' ? [] : [dated])];
    return document.struct('LI', {}, [
      document.struct(
        'LBody',
        {},
        parts.map((part) => document.struct('P', {}, [part])),
      ),
    ]);
  }
}

function numberPages(document: PDFKit.PDFDocument, foot: string): void {
  const { start, count } = document.bufferedPageRange();
  for (let index = start; index < start + count; index += 1) {
    document.switchToPage(index);
    const { width, height, margins } = document.page;
    const { bottom } = margins;
    margins.bottom = 0;
    document.markContent('Artifact', { type: 'Pagination' });
    const options = { width: width - 2 * MARGIN, lineBreak: false };
    document.font('Helvetica').fontSize(8).fillColor(SOFT);
    document.text(printable(foot), MARGIN, height - FOOT, options);
    document.text(`${index + 1} / ${count}`, MARGIN, height - FOOT, { ...options, align: 'right' });
    document.endMarkedContent();
    margins.bottom = bottom;
  }
}
