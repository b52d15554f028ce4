/**
 * The page that an exported record opens with: all of it is escaped text and links within the archive; no script, nothing
 * fetched. https://www.w3.org/TR/WCAG22/
 */
import type { Language } from '../../consent/reasons.ts';
import { escaped, tag } from '../../fhir/cda/markup.ts';
import { SAID } from './words.ts';

export interface ListedFile {
  /** In the archive; absent: it isn't there. */
  name?: string;
  /** What is said in place of its name. */
  said?: keyof typeof SAID;
}

export interface Listed {
  title: string;
  /** As people write it; for the order too. */
  date: string;
  author: string;
  files: readonly ListedFile[];
}

export interface Shown {
  /** Of the job, so that no two archives are alike. */
  id: string;
  at: number;
  language: Language;
  patient: string;
  documents: readonly Listed[];
  counts: ReadonlyMap<string, number>;
  summary?: string;
  visits: readonly string[];
  histories: readonly string[];
}

const STYLE =
  'body{font:1rem/1.5 sans-serif;max-width:62rem;margin:2rem auto;padding:0 1rem;color:#1c2530;background:#fff}' +
  'h1{font-size:1.6rem;color:#14565f}h2{font-size:1.25rem;margin-top:2rem;color:#14565f}a{color:#0b4a8f}a:focus{outline:3px solid #b35900}' +
  'table{border-collapse:collapse;width:100%}caption{text-align:left;font-weight:bold;padding:.3rem 0}' +
  'th,td{border:1px solid #8a959c;padding:.3rem .5rem;text-align:left;vertical-align:top}' +
  '.date{white-space:nowrap}';

export function indexPage(shown: Shown): Buffer {
  const { language, id, patient } = shown;
  const say = (what: keyof typeof SAID): string => escaped(SAID[what][language]);
  const sections: [string, string, string][] = [
    ...(shown.summary === undefined
      ? []
      : [
          ['summary', say('summary'), tag('p', link(shown.summary, SAID.summaryLink[language]))] as [
            string,
            string,
            string,
          ],
        ]),
    ['documents', say('documents'), documentsOf(shown, say)],
    ['history', say('history'), historyOf(shown, say)],
    ['data', say('data'), dataOf(shown, say)],
  ];
  const contents = sections.map(([name, title]) => tag('li', `<a href="#${name}">${title}</a>`)).join('');
  const title = `${SAID.title[language]} – ${patient}`;
  const made = `${SAID.made[language]} ${dayIn(shown)}`;
  return Buffer.from(
    `<!DOCTYPE html>\n<html lang="${language}"><head><meta charset="utf-8">` +
      `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'">` +
      `<meta name="viewport" content="width=device-width, initial-scale=1"><meta name="export" content="${escaped(id)}">` +
      `${tag('title', escaped(title))}<style>${STYLE}</style></head><body>` +
      `<header>${tag('h1', escaped(title))}${tag('p', escaped(made))}${tag('p', say('told'))}</header>` +
      `<nav aria-label="${say('contents')}">${tag('ul', contents)}</nav>` +
      tag(
        'main',
        sections
          .map(
            ([name, heading, body]) =>
              `<section aria-labelledby="${name}"><h2 id="${name}">${heading}</h2>${body}</section>`,
          )
          .join(''),
      ) +
      '</body></html>\n',
  );
}

type Say = (what: keyof typeof SAID) => string;

function documentsOf({ documents, language }: Shown, say: Say): string {
  if (documents.length === 0) return tag('p', say('noDocument'));
  const rows = [...documents]
    .sort((a, b) => (a.date < b.date ? 1 : Number(a.date > b.date) * -1))
    .map(({ title, date, author, files }) => {
      const told = files.map(({ name, said }) =>
        name === undefined
          ? say(said ?? 'missing')
          : link(name, said === undefined ? name.slice(name.indexOf('/') + 1) : SAID[said][language]),
      );
      return tag(
        'tr',
        `<td class="date">${escaped(dateIn(date, language))}</td><th scope="row">${escaped(title)}</th>${tag('td', escaped(author))}${tag('td', told.join('<br>'))}`,
      );
    });
  return tableOf(say('documents'), [say('date'), say('document'), say('author'), say('files')], rows);
}

function historyOf({ visits, histories, language }: Shown, say: Say): string {
  const told =
    visits.length === 0
      ? tag('p', say('noVisit'))
      : tag('p', say('historyTold')) + tag('ol', visits.map((visit) => tag('li', escaped(visit))).join(''));
  if (histories.length === 0) return told;
  const links = histories.map((name) => tag('li', link(name, name.slice(name.indexOf('/') + 1)))).join('');
  return `${told}${tag('p', `${escaped(SAID.whole[language])}${language === 'fr' ? ' ' : ''}:`)}${tag('ul', links)}`;
}

function dataOf({ counts }: Shown, say: Say): string {
  const rows = [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([type, count]) => tag('tr', `<th scope="row">${escaped(type)}</th>${tag('td', String(count))}`));
  return tag('p', say('dataTold')) + tableOf(say('data'), [say('kind'), say('count')], rows);
}

function tableOf(caption: string, heads: readonly string[], rows: readonly string[]): string {
  const head = heads.map((each) => `<th scope="col">${each}</th>`).join('');
  return `<table>${tag('caption', caption)}${tag('thead', tag('tr', head))}${tag('tbody', rows.join(''))}</table>`;
}

/** @param name of our own making: letters, digits, `-`, `.` and `/` */
const link = (name: string, text: string): string => `<a href="${escaped(name)}">${escaped(text)}</a>`;

const localeOf = (language: Language): string => (language === 'fr' ? 'fr-FR' : 'en-GB');

const EXACT: readonly Intl.DateTimeFormatOptions[] = [
  { year: 'numeric' },
  { year: 'numeric', month: 'long' },
  { year: 'numeric', month: 'short', day: 'numeric' },
];

/** As exact as it is. https://hl7.org/fhir/R4/datatypes.html#date */
function dateIn(date: string, language: Language): string {
  const time = Date.parse(date);
  if (Number.isNaN(time)) return date;
  const options = { ...EXACT[date.split('-').length - 1], timeZone: 'UTC' };
  return new Intl.DateTimeFormat(localeOf(language), options).format(time);
}

function dayIn({ at, language }: Shown): string {
  return new Intl.DateTimeFormat(localeOf(language), {
    dateStyle: 'long',
    timeStyle: 'short',
    timeZone: 'Europe/Paris',
  }).format(at);
}
