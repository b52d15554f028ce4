/**
 * One chain, checked as its records and links come, roughly in the order of time. What is held is what no link has
 * bound yet; each fault is told once, with its place.
 */
import { type Codes, isSame } from './codes.ts';
import type { Link, Witnessed } from './link.ts';
import { countOf, isWithin, numbersOf } from './ranges.ts';

export interface Fault {
  what: 'changed' | 'removed' | 'inserted' | 'found otherwise' | 'cut off' | 'unreadable';
  chain?: string;
  /** Number of the record. */
  n?: number;
  /** Number of the link. */
  l?: number;
  /** `AuditEvent/id` */
  record?: string;
  /** For people. */
  text: string;
}

/** A link that must be there, says somebody else. */
export interface Mark {
  l: number;
  code: Buffer;
  by: string;
}

/** What one link may bind, what may wait for its link, links that may wait: beyond, something is missing or forged. */
const MOST_BOUND = 1_000_000;
const MOST_LOOSE = 500_000;
const MOST_LINKS = 20_000;
/** Bound lately: a link whose writer didn't know whether the one before was written binds the same again. */
const LATELY = 64;

interface Seen {
  code: Buffer;
  record: string;
}

export class ChainCheck {
  readonly id: string;
  readonly #codes: Codes;
  readonly #tell: (fault: Fault) => void;
  readonly #loose = new Map<number, Seen>();
  readonly #waiting = new Map<number, Link>();
  /** Of the links that came last, by number. */
  readonly #lately = new Map<number, { prev: number; code: Buffer; bound: Map<number, Seen> }>();
  readonly #marks = new Map<number, Mark[]>();
  readonly #claims: Witnessed[] = [];
  readonly #claimed = new Map<number, Buffer | undefined>();
  readonly #unsure: number[] = [];
  #last = -1;
  /** What the next link waits for. */
  #awaited: number | undefined;
  #isClosed = false;

  constructor(id: string, codes: Codes, tell: (fault: Fault) => void) {
    this.id = id;
    this.#codes = codes;
    this.#tell = (fault) => tell({ chain: id, ...fault });
  }

  /** @param claim what a later start has seen of this chain */
  expect(mark: Mark, claim?: Witnessed): void {
    this.#marks.set(mark.l, [...(this.#marks.get(mark.l) ?? []), mark]);
    if (claim?.records === undefined || countOf(claim.records) > MOST_BOUND) return;
    this.#claims.push(claim);
    for (const n of numbersOf(claim.records)) this.#claimed.set(n, undefined);
  }

  record(n: number, code: Buffer, record: string): void {
    if (this.#claimed.has(n)) this.#claimed.set(n, code);
    this.#loose.set(n, { code, record });
    if (n === this.#awaited) this.#go();
    if (this.#loose.size > MOST_LOOSE) this.#makeRoom();
  }

  link(link: Link): void {
    if (!isWhole(link)) return this.#tell({ what: 'changed', text: 'a link that is none' });
    if (countOf(link.binds) + countOf(link.void) + countOf(link.unsure) > MOST_BOUND)
      return this.#tell({ what: 'changed', l: link.l, text: 'a link that binds more than any does' });
    if (this.#waiting.has(link.l) || this.#lately.has(link.l))
      return this.#tell({ what: 'inserted', l: link.l, text: 'a second link of this number' });
    if (Object.keys(link).some((key) => !ELEMENTS.has(key)))
      this.#tell({ what: 'changed', l: link.l, text: 'a link with an element that none has' });
    this.#waiting.set(link.l, link);
    this.#go();
    if (this.#waiting.size > MOST_LINKS) this.#go(true);
  }

  /** Nothing more comes. @returns how many records wait for their first link: those of the last moments */
  end(): number {
    this.#go(true);
    for (const mark of [...this.#marks.values()].flat()) this.#missed(mark);
    for (const claim of this.#claims) this.#check(claim);
    for (const n of this.#loose.keys()) if (isWithin(this.#unsure, n)) this.#loose.delete(n);
    if (this.#last < 0 && this.#loose.size > 0)
      this.#tell({ what: 'removed', l: 0, text: 'every link of the chain' });
    if (this.#isClosed)
      for (const [n, { record }] of this.#loose)
        this.#tell({
          what: 'removed',
          n,
          record,
          text: 'the link that binds this record: the chain was closed',
        });
    return this.#isClosed ? 0 : this.#loose.size;
  }

  /** Its process is long gone: what is kept for the next link is let go. */
  rest(): void {
    for (const { bound } of this.#lately.values()) bound.clear();
  }

  /** In the order of their numbers. @param forced what is missing won't come any more */
  #go(forced = false): void {
    while (this.#waiting.size > 0) {
      const link = this.#waiting.get(Math.min(...this.#waiting.keys()))!;
      if (!this.#take(link, forced)) return;
      this.#waiting.delete(link.l);
    }
  }

  #take(link: Link, forced: boolean): boolean {
    const { l, prev } = link;
    if (this.#isLost(l)) {
      this.#reach(l, link.code);
      return true;
    }
    const bound = [...numbersOf(link.binds)].map((n) => [n, this.#seen(n)] as const);
    const missing = bound.filter(([, seen]) => seen === undefined);
    this.#awaited = forced ? undefined : missing[0]?.[0];
    if (!forced && (prev > this.#last || missing.length > 0)) return false;
    if (prev > this.#last)
      this.#tell({
        what: 'removed',
        l: this.#last + 1,
        text: `what is between links ${this.#last} and ${l} (${when(link)})`,
      });
    for (const [n] of missing)
      this.#tell({ what: 'removed', n, l, text: `a record that a link of ${when(link)} binds` });
    const isRight = this.#isRight(link);
    if (isRight === false)
      this.#tell({ what: 'changed', l, text: `a link of ${when(link)}, or what it binds` });
    else if (isRight === undefined && missing.length === 0 && prev <= this.#last)
      this.#tell({ what: 'changed', l, text: `a link of ${when(link)} that follows none` });
    this.#pass(link, bound, isRight === true ? prev : l);
    return true;
  }

  /** @param prev the link that it is known to follow */
  #pass(link: Link, bound: readonly (readonly [number, Seen | undefined])[], prev: number): void {
    const { l, code } = link;
    this.#lately.set(l, {
      prev,
      code,
      bound: new Map(bound.filter((each): each is [number, Seen] => each[1] !== undefined)),
    });
    if (this.#lately.size > LATELY) this.#lately.delete(this.#lately.keys().next().value!);
    for (const [n] of bound) this.#loose.delete(n);
    for (const n of numbersOf(link.void)) {
      const seen = this.#loose.get(n);
      if (seen === undefined) continue;
      this.#tell({
        what: 'inserted',
        n,
        record: seen.record,
        text: 'a record under a number that was never used',
      });
      this.#loose.delete(n);
    }
    this.#unsure.push(...(link.unsure ?? []));
    for (const n of numbersOf(link.unsure)) this.#loose.delete(n);
    this.#last = l;
    if (link.what === 'closed' || link.what === 'older') this.#isClosed = true;
    this.#reach(l, code);
  }

  #seen(n: number): Seen | undefined {
    const loose = this.#loose.get(n);
    if (loose !== undefined) return loose;
    for (const { bound } of this.#lately.values()) {
      const seen = bound.get(n);
      if (seen !== undefined) return seen;
    }
    return undefined;
  }

  /** Undefined while what it stands on isn't here. */
  #isRight(link: Link): boolean | undefined {
    const before = link.prev === -1 ? NONE : this.#lately.get(link.prev)?.code;
    const codes = [...numbersOf(link.binds)].map((n) => this.#seen(n)?.code);
    if (before === undefined || !codes.every((code) => code !== undefined)) return undefined;
    return isSame(this.#codes.link(this.id, link, before, codes), link.code);
  }

  /** Its writer didn't know whether it was written: a later one comes after the one before it. */
  #isLost(l: number): boolean {
    for (const [other, { prev }] of this.#lately) if (other > l && prev < l) return true;
    for (const other of this.#waiting.values())
      if (other.l > l && other.prev < l && this.#isRight(other) === true) return true;
    return false;
  }

  /** Others know of this link. */
  #reach(l: number, code: Buffer): void {
    for (const mark of this.#marks.get(l) ?? [])
      if (!isSame(mark.code, code))
        this.#tell({ what: 'changed', l, text: `the link is another than ${mark.by} says` });
    this.#marks.delete(l);
  }

  #missed({ l, by }: Mark): void {
    const rest = this.#last < 0 ? 'nothing of the chain is here' : `the last one here is ${this.#last}`;
    this.#tell({ what: l > this.#last ? 'cut off' : 'removed', l, text: `${by} knows link ${l}: ${rest}` });
  }

  #check({ records, digest }: Witnessed): void {
    const codes: Buffer[] = [];
    let missing = 0;
    for (const n of numbersOf(records)) {
      const code = this.#claimed.get(n);
      if (code !== undefined) codes.push(code);
      else {
        missing += 1;
        this.#tell({ what: 'removed', n, text: 'a record that a later start has seen' });
      }
    }
    if (missing === 0 && !isSame(this.#codes.digest(codes), digest))
      this.#tell({ what: 'changed', text: 'records that a later start has seen' });
  }

  #makeRoom(): void {
    this.#go(true);
    for (const [n, { record }] of this.#loose) {
      if (this.#loose.size <= MOST_LOOSE / 2) return;
      if (!isWithin(this.#unsure, n))
        this.#tell({ what: 'removed', n, record, text: 'the link that binds this record' });
      this.#loose.delete(n);
    }
  }
}

const NONE: Buffer = Buffer.alloc(0);

const when = ({ at }: Link): string => new Date(at).toISOString();

/** Its code says nothing of other elements: there are none. */
const ELEMENTS: ReadonlySet<string> = new Set(
  '_id chain l prev at binds void unsure what witnessed about code'.split(' '),
);

/** As any is: what was written by others can be anything. */
function isWhole({ l, prev, at, code, binds = [], void: unused = [], unsure = [] }: Link): boolean {
  const numbers: unknown[] = [l, prev, at];
  for (const ranges of [binds, unused, unsure] as unknown[]) {
    if (!Array.isArray(ranges) || ranges.length % 2 !== 0) return false;
    numbers.push(...(ranges as unknown[]));
  }
  return Buffer.isBuffer(code) && numbers.every(Number.isSafeInteger) && Math.abs(at) < 8e15;
}
