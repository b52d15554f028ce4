/**
 * A history as a table: https://www.rfc-editor.org/rfc/rfc4180, in UTF-8 with a byte order mark, which spreadsheets
 * want. INVARIANT: no cell is a formula, whatever the name that somebody gave themself:
 * https://owasp.org/www-community/attacks/CSV_Injection
 */
import { COLUMNS, type Column } from './headings.ts';
import type { Line } from './line.ts';
import { howMany } from './summary.ts';
import { type Clock, stamp } from './when.ts';
import { professionOf } from './words.ts';

type Cells = Readonly<Record<Column, (line: Line, clock: Clock) => string>>;

const CELLS: Cells = {
  text: ({ text }) => text,
  from: ({ summary }, clock) => stamp(summary.from, clock),
  to: ({ summary }, clock) => stamp(summary.to, clock),
  who: ({ who }) => who.name ?? who.reference ?? '',
  profession: ({ who }, { language }) => professionOf(who, language) ?? '',
  organization: ({ who }) => who.organization?.name ?? who.organization?.reference ?? '',
  mode: ({ mode }) => mode,
  purpose: ({ purposes }) => purposes.join(' '),
  reason: ({ reason }) => reason ?? '',
  kinds: ({ kinds }) => kinds.join(' '),
  seen: ({ summary }) => numbered(howMany(summary.seen)),
  added: ({ summary }) => numbered(howMany(summary.added)),
  changed: ({ summary }) => numbered(howMany(summary.changed)),
  deleted: ({ summary }) => numbered(howMany(summary.deleted)),
  refused: ({ summary }) => numbered(howMany(summary.refused)),
  resources: ({ resources }) => resources.join(' '),
  titles: ({ titles }) => [...titles.values()].join(' · '),
  addresses: ({ addresses }) => addresses.join(' '),
  traces: ({ traces }) => traces.map((id) => `AuditEvent/${id}`).join(' '),
};

const NAMES = Object.keys(COLUMNS) as Column[];

export function csvOf(lines: readonly Line[], clock: Clock): Buffer {
  const rows = [
    NAMES.map((name) => COLUMNS[name][clock.language]),
    ...lines.map((line) => NAMES.map((name) => CELLS[name](line, clock))),
  ];
  return Buffer.from(`\uFEFF${rows.map((row) => `${row.map(cell).join(',')}\r\n`).join('')}`);
}

/** Quoted always. What a spreadsheet would take for a formula begins with an apostrophe. */
export function cell(value: string): string {
  const plain = value.replaceAll('\0', '');
  const safe =
    /^[\s\u200B\uFEFF]*[=+\-@＝＋－＠|%]/u.test(plain) || /^[\t\r\n]/.test(plain) ? `'${plain}` : plain;
  return `"${safe.replaceAll('"', '""')}"`;
}

function numbered(count: number): string {
  return String(count);
}
