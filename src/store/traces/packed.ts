/** Tallies as bytes, by columns: what many have alike stands there once, and is one object again when read. */
import type { Attributes } from '../../condition/condition.ts';
import type { Tally } from './tallies.ts';

/** Where each stands among `names` and `lists`; `hidden` is a time. */
type Facts = [
  by: number,
  labels: number,
  codes: number,
  about: number,
  authors: number,
  hidden: number | null,
];

interface Packed {
  names: string[];
  lists: (readonly string[])[];
  facts: Facts[];
  /** A value for each tally: the first two say where among `names` and `facts`. */
  columns: {
    who: number[];
    what: number[];
    count: number[];
    first: number[];
    last: number[];
    newest: string[];
  };
}

export function packed(tallies: Iterable<Tally>): Buffer {
  const names = new Table<string>();
  const lists = new Table<readonly string[]>();
  const facts = new Table<Facts>();
  const columns: Packed['columns'] = { who: [], what: [], count: [], first: [], last: [], newest: [] };
  for (const { who, facts: what, count, first, last, newest } of tallies) {
    const { by, labels, codes, about, authors, hidden = null } = what;
    const parts = [
      lists.place(labels),
      lists.place(codes),
      lists.place(about),
      lists.place(authors),
    ] as const;
    columns.who.push(names.place(who));
    columns.what.push(facts.place([names.place(by), ...parts, hidden]));
    columns.count.push(count);
    columns.first.push(first);
    columns.last.push(last);
    columns.newest.push(newest);
  }
  const all: Packed = { names: names.all, lists: lists.all, facts: facts.all, columns };
  return Buffer.from(JSON.stringify(all));
}

/** @param type of what is tallied */
export function unpacked(bytes: Buffer, patient: string, type: string): Tally[] {
  const { names, lists, facts, columns } = JSON.parse(bytes.toString()) as Packed;
  const patients = [patient];
  const shared = facts.map(([by, labels, codes, about, authors, hidden]): Attributes => ({
    type,
    id: '',
    patients,
    by: names[by]!,
    labels: lists[labels]!,
    codes: lists[codes]!,
    about: lists[about]!,
    authors: lists[authors]!,
    ...(hidden === null ? {} : { hidden }),
  }));
  const { who, what, count, first, last, newest } = columns;
  return who.map((name, index) => ({
    who: names[name]!,
    facts: shared[what[index]!]!,
    count: count[index]!,
    first: first[index]!,
    last: last[index]!,
    newest: newest[index]!,
  }));
}

/** Each value once. */
class Table<T> {
  readonly all: T[] = [];
  readonly #places = new Map<string, number>();

  place(value: T): number {
    const key = JSON.stringify(value);
    const known = this.#places.get(key);
    if (known !== undefined) return known;
    this.#places.set(key, this.all.length);
    return this.all.push(value) - 1;
  }
}
