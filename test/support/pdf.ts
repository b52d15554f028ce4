/** What is written in a PDF of pdfkit’s. */
import { inflateSync } from 'node:zlib';

/** All that draws: the streams inflated. */
export function contentOf(pdf: Buffer): string {
  const text = pdf.toString('latin1');
  const streams = [...text.matchAll(/stream\n/g)].map(({ index }) => {
    const start = index + 'stream\n'.length;
    const end = text.indexOf('endstream', start);
    try {
      return inflateSync(pdf.subarray(start, end)).toString('latin1');
    } catch {
      return '';
    }
  });
  return streams.join('\n');
}

/** The words, of whatever pieces: `[<48656c> 10 <6c6f>] TJ`. */
export function wordsOf(pdf: Buffer): string {
  return [...contentOf(pdf).matchAll(/\[([^\]]*)\] TJ/g)]
    .map(([, pieces = '']) =>
      [...pieces.matchAll(/<([0-9a-f]*)>/g)]
        .map(([, hex = '']) => Buffer.from(hex, 'hex').toString('latin1'))
        .join(''),
    )
    .join(' ');
}
