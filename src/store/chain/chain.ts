/**
 * The chain of one process: each trace has a number and a code of its own, and links bind them. A link tells its
 * number, the link before it, what it binds, and one code over all of that. What a batch of reads leaves is bound by
 * the link that its last record carries; records of writes enter with their transaction and are bound by the next
 * link. See docs/decisions/0014-chain-of-traces.md.
 */
import { randomBytes } from 'node:crypto';
import type { Codes } from './codes.ts';
import type { Link } from './link.ts';
import { rangesOf } from './ranges.ts';
import type { Doc } from '../document.ts';

/** Numbers that were given together. */
export interface Entry {
  numbers: number[];
  codes: Buffer[];
}

/** A link that is being written. */
export interface Draft {
  link: Link;
  /** The highest number given so far. */
  n: number;
  entry: Entry | undefined;
  binds: number[];
  void: number[];
  unsure: number[];
}

const NOTHING: Entry = { numbers: [], codes: [] };

export class Chain {
  readonly id: string = randomBytes(8).toString('hex');
  readonly #codes: Codes;
  #given = 0;
  #l = -1;
  #last: { l: number; code: Buffer } = { l: -1, code: Buffer.alloc(0) };
  /** Written, and not bound yet. */
  readonly #loose = new Map<number, Buffer>();
  readonly #void = new Set<number>();
  readonly #unsure = new Set<number>();

  constructor(codes: Codes) {
    this.#codes = codes;
  }

  /** Something was written, or never will be, that no link tells of yet. */
  get isDue(): boolean {
    return this.#loose.size + this.#void.size + this.#unsure.size > 0;
  }

  get links(): number {
    return this.#last.l + 1;
  }

  /** Gives each record, whole but for that, its place. What becomes of it must be told by one of the next three. */
  enter(docs: readonly Doc[]): Entry {
    if (docs.length === 0) return NOTHING;
    const entry: Entry = { numbers: [], codes: [] };
    for (const doc of docs) {
      const n = (this.#given += 1);
      const code = this.#codes.record(doc, this.id, n);
      doc.place = { id: this.id, n, code, found: this.#codes.found(doc, code) };
      entry.numbers.push(n);
      entry.codes.push(code);
    }
    return entry;
  }

  written({ numbers, codes }: Entry): void {
    for (const [index, n] of numbers.entries()) this.#loose.set(n, codes[index]!);
  }

  unwritten({ numbers }: Entry): void {
    for (const n of numbers) this.#void.add(n);
  }

  unsure({ numbers }: Entry): void {
    for (const n of numbers) this.#unsure.add(n);
  }

  /** One link at a time: it is told by `bound` or `lost` before the next is made. @param entry written with the link */
  bind(at: number, entry?: Entry, rest: Pick<Link, 'what' | 'witnessed' | 'about'> = {}): Draft {
    const pairs = [
      ...this.#loose,
      ...(entry?.numbers ?? []).map((n, i): [number, Buffer] => [n, entry!.codes[i]!]),
    ];
    const isOrdered = pairs.every(([n], index) => index === 0 || n > pairs[index - 1]![0]);
    if (!isOrdered) pairs.sort(([one], [other]) => one - other);
    const binds = pairs.map(([n]) => n);
    const unused = [...this.#void].sort((one, other) => one - other);
    const unsure = [...this.#unsure].sort((one, other) => one - other);
    const told = {
      l: (this.#l += 1),
      prev: this.#last.l,
      at,
      ...(binds.length > 0 ? { binds: rangesOf(binds) } : {}),
      ...(unused.length > 0 ? { void: rangesOf(unused) } : {}),
      ...(unsure.length > 0 ? { unsure: rangesOf(unsure) } : {}),
      ...rest,
    };
    const bound = pairs.map(([, code]) => code);
    const link = { ...told, code: this.#codes.link(this.id, told, this.#last.code, bound) };
    return { link, n: this.#given, entry, binds, void: unused, unsure };
  }

  /** It is written, and what it binds is bound. */
  bound(draft: Draft): void {
    this.#last = { l: draft.link.l, code: draft.link.code };
    for (const n of draft.binds) this.#loose.delete(n);
    for (const n of draft.void) this.#void.delete(n);
    for (const n of draft.unsure) this.#unsure.delete(n);
  }

  /** Whether it was written isn't known: the next link comes after the one before it, and binds what was written. */
  lost({ entry }: Draft): void {
    if (entry !== undefined) this.unsure(entry);
  }
}
