/** A history as a PDF that can be read aloud. */
import { taggedPdf } from '../../pdf/tagged.ts';
import { TITLES } from './headings.ts';
import type { Line } from './line.ts';
import { type Clock, during, stamp } from './when.ts';

export function pdfOf(lines: readonly Line[], clock: Clock): Promise<Buffer> {
  const { language, zone, now } = clock;
  const title = TITLES.title[language];
  return taggedPdf({ title, language, now }, (page) => {
    page.write('title', title);
    page.write('note', `${TITLES.zone[language]} ${zone}, ${stamp(now, clock)}`);
    if (lines.length === 0) page.write('text', TITLES.nothing[language]);
    let day = '';
    for (const line of lines) {
      const today = dayOf(line, clock);
      if (today !== day) page.write('heading', (day = today));
      page.write('text', line.text);
      if (line.titles.size > 0) page.write('note', [...line.titles.values()].join(' · '));
    }
  });
}

/** « le 12 mars » */
function dayOf({ summary }: Line, clock: Clock): string {
  const { from } = summary;
  const words = during(from, from, clock);
  const time = clock.language === 'fr' ? ' à ' : ' at ';
  return words.slice('le '.length, words.lastIndexOf(time));
}
