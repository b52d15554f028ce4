/** What a caller is told by access histories, made comparable: whatever was asked before, in both worlds. */
import { COLUMNS } from '../../../src/audit/history/headings.ts';
import type { Client } from '../../support/server.ts';

/** Columns that don't hang on when and where it was asked: who, how, what. */
const COMPARED = [
  'who',
  'profession',
  'mode',
  'purpose',
  'reason',
  'kinds',
  'seen',
  'added',
  'changed',
  'deleted',
];
const ALL = Object.keys(COLUMNS);

/** A line for each visit, in no order; of a patient and of each of these resources. */
export async function histories(
  client: Client,
  patient: string,
  resources: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  for (const query of ['', ...resources.map((each) => `&document=${each}`)]) {
    const path = `Patient/${patient}/$access-history?as=csv${query}`;
    const { status, text } = await client.get(path, { accept: 'text/csv' });
    const lines = status === 200 ? rowsOf(text).slice(1).map(comparable) : [text];
    found.push(`${path}: ${status}`, ...lines.sort());
  }
  return found;
}

function comparable(row: readonly string[]): string {
  const value = (name: string): string => row[ALL.indexOf(name)]!;
  const resources = value('resources')
    .split(' ')
    .map((each) => each.replace(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'made'))
    .sort();
  return JSON.stringify([...COMPARED.map(value), resources, value('traces').split(' ').length]);
}

function rowsOf(text: string): string[][] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => [...line.matchAll(/"((?:[^"]|"")*)"/g)].map(([, cell = '']) => cell));
}
