/** Tallies as bytes: what many have alike stands there once. */
import type { Tally } from './tallies.ts';

type Row = [
  who: number,
  by: number,
  labels: number,
  codes: number,
  about: number,
  authors: number,
  hidden: number | null,
  count: number,
  first: number,
  last: number,
  newest: string,
];

interface Packed {
  names: string[];
  lists: (readonly string[])[];
  rows: Row[];
}

export function packed(tallies: Iterable<Tally>): Buffer {
  const names = new Map<string, number>();
  const lists = new Map<string, number>();
  const rows: Row[] = [];
  const name = (value: string): number => placeIn(names, value);
  const list = (values: readonly string[]): number => placeIn(lists, JSON.stringify(values));
  for (const { who, facts, count, first, last, newest } of tallies) {
    const { by, labels, codes, about, authors, hidden = null } = facts;
    const parts = [list(labels), list(codes), list(about), list(authors)] as const;
    rows.push([name(who), name(by), ...parts, hidden, count, first, last, newest]);
  }
  const all: Packed = {
    names: [...names.keys()],
    lists: [...lists.keys()].map((each) => JSON.parse(each) as string[]),
    rows,
  };
  return Buffer.from(JSON.stringify(all));
}

/** @param type of what is tallied */
export function unpacked(bytes: Buffer, patient: string, type: string): Tally[] {
  const { names, lists, rows } = JSON.parse(bytes.toString()) as Packed;
  const patients = [patient];
  return rows.map(([who, by, labels, codes, about, authors, hidden, count, first, last, newest]) => ({
    who: names[who]!,
    facts: {
      type,
      id: '',
      patients,
      by: names[by]!,
      labels: lists[labels]!,
      codes: lists[codes]!,
      about: lists[about]!,
      authors: lists[authors]!,
      ...(hidden === null ? {} : { hidden }),
    },
    count,
    first,
    last,
    newest,
  }));
}

function placeIn(table: Map<string, number>, value: string): number {
  const known = table.get(value);
  if (known !== undefined) return known;
  table.set(value, table.size);
  return table.size - 1;
}
