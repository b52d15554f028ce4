/** The report as people read it. */
import type { Report } from './report.ts';

type Column = [title: string, width: number];

const COLUMNS: Column[] = [
  ['caller', 18],
  ['kind', 14],
  ['accesses', 10],
  ['patients', 10],
  ['busiest day', 13],
  ['emergencies', 13],
  ['refused', 9],
  ['out of hours', 14],
  ['because', 0],
];

export function textOf({ from, until, traces, forgotten, normal, unusual, more }: Report): string {
  const lines = [
    `unusual access, ${from} to ${until}: ${traces} traces`,
    '',
    'patients on the busiest day of each caller:',
    ...normal.map(
      ({ kind, callers, median, limit }) =>
        `  ${kind.padEnd(14)}${callers} callers, median ${median}, unusual above ${limit}`,
    ),
    '',
    unusual.length === 0 ? 'nothing unusual' : row(COLUMNS.map(([title]) => title)),
    ...unusual.map((each) =>
      row([
        each.caller,
        each.kind,
        each.accesses,
        each.patients,
        each.busiestDay,
        each.emergencies,
        each.refused,
        each.outside,
        each.because.join(', '),
      ]),
    ),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...(forgotten > 0 ? [`${forgotten} callers who did little were left out`] : []),
  ];
  return `${lines.join('\n')}\n`;
}

export interface Revealed {
  who: string;
  /** Those that came last first; `last` in milliseconds. */
  addresses: readonly { address: string; traces: number; last: number }[];
}

export function revealedText({ who, addresses }: Revealed): string {
  const lines = addresses.map(
    ({ address, traces, last }) => `  ${address}: ${traces} traces, the last ${new Date(last).toISOString()}`,
  );
  return `${[who, ...lines].join('\n')}\n`;
}

function row(cells: readonly (string | number)[]): string {
  return cells
    .map((cell, index) => String(cell).padEnd(COLUMNS[index]![1]))
    .join('')
    .trimEnd();
}
