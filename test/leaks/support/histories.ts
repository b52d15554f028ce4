/** What a caller is told by access histories, made comparable: whatever was asked before, in both worlds. */
import { COLUMNS } from '../../../src/audit/history/headings.ts';
import type { Client } from '../../support/server.ts';

/** Columns that don't hang on when and where it was asked: who, how, what. */
const COMPARED = ['who', 'profession', 'mode', 'purpose', 'reason', 'kinds'];
/** Who sees all asks for what is theirs to see: that the worlds differ. */
const SEES_ALL = 'Appelant de test';
const ALL = Object.keys(COLUMNS);

/** A line for each visit, in no order, of a patient and of each of these resources; and one for each person. */
export async function histories(
  client: Client,
  patient: string,
  resources: readonly string[],
): Promise<string[]> {
  const found: string[] = [];
  for (const query of ['', ...resources.map((each) => `&document=${each}`)]) {
    const path = `Patient/${patient}/$access-history?as=csv${query}`;
    const { status, text } = await client.get(path, { accept: 'text/csv' });
    const lines = status === 200 ? rowsOf(text).slice(1).filter(isCompared).map(comparable) : [text];
    found.push(`${path}: ${status}`, ...lines.sort());
  }
  const path = `Patient/${patient}/$access-history?group=person&_count=80`;
  const { status, json, text } = await client.get(path);
  const people = ((json?.parameter ?? []) as Part[]).filter(({ name }) => name === 'person').map(personOf);
  found.push(`${path}: ${status}`, ...(status === 200 ? people.filter(isTold).sort() : [text]));
  return found;
}

interface Part {
  name: string;
  part: { name: string; valueReference?: { display?: string }; valueUnsignedInt?: number }[];
}

/** Who, and how many traces of theirs. */
function personOf({ part }: Part): string {
  const of = (wanted: string) => part.find(({ name }) => name === wanted);
  return `${of('who')?.valueReference?.display} ${of('count')?.valueUnsignedInt}`;
}
const isTold = (person: string): boolean => !person.startsWith(SEES_ALL);

const valueIn = (row: readonly string[], name: string): string => row[ALL.indexOf(name)]!;
const isCompared = (row: readonly string[]): boolean => valueIn(row, 'who') !== SEES_ALL;

function comparable(row: readonly string[]): string {
  const resources = valueIn(row, 'resources')
    .split(' ')
    // what was made meanwhile was found or not
    .filter((each) => !/\/(?:made-\d+|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/.test(each))
    .sort();
  const values = COMPARED.map((name) => valueIn(row, name));
  const titles = valueIn(row, 'titles').split(' · ').sort();
  return JSON.stringify([...values, resources, titles, valueIn(row, 'traces').split(' ').length]);
}

function rowsOf(text: string): string[][] {
  return text
    .replace(/^\uFEFF/, '')
    .split('\r\n')
    .filter((line) => line !== '')
    .map((line) => [...line.matchAll(/"((?:[^"]|"")*)"/g)].map(([, cell = '']) => cell));
}
