/**
 * How many traces of a patient there are of whom, apart by all that the gate may look at in a trace: what its reader is
 * given of them is decided by these few, not trace by trace. Traces are never changed, so what is settled is remembered,
 * and only the latest are read: a page costs the same however many there are. docs/decisions/0056-traces-by-person.md
 */
import type { Attributes } from '../../condition/condition.ts';
import { TRACER } from '../../enforcement/own-traces.ts';
import { aggregate, find } from '../command.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';

const TYPE = 'AuditEvent';
/** Of one patient, and of all together. */
const MOST = 20_000;
const MOST_OF_ALL = 60_000;
/** Far longer than a write may take to show: what comes later than that is read again. Milliseconds. */
const LATE = 300_000;

/** Who acted stands first: audit/history/sought.ts. */
const FIRST = { $arrayElemAt: ['$seek', 0] };
/** A trace of another system may name nobody who acted, and first somebody whom it is about. */
export const WHO = {
  $cond: [
    {
      $or: [{ $eq: ['$by', TRACER] }, { $in: [{ $concat: ['agent=', FIRST] }, { $ifNull: ['$refs', []] }] }],
    },
    FIRST,
    '',
  ],
};

export interface Tally {
  /** `Practitioner/x`; empty: nobody is named. */
  who: string;
  /** What the gate looks at, without what is its own in each: its id and its time. */
  facts: Attributes;
  count: number;
  /** When the first and the last was recorded, and the `_id` of that. */
  first: number;
  last: number;
  newest: string;
}

interface Found extends Omit<Tally, 'who' | 'facts'> {
  _id: Pick<Doc, 'by' | 'labels' | 'codes' | 'about' | 'authors' | 'hidden'> & {
    who?: string;
    settled: boolean;
  };
}

interface Kept {
  /** All until then were read. */
  until: number;
  /** When the oldest was written: when others are taken out, it is gone. */
  oldest: number | undefined;
  /** Absent: there are too many. */
  tallies?: ReadonlyMap<string, Tally>;
}

export class Tallies {
  readonly #database: Database;
  /** In the order in which they were asked for. */
  readonly #kept = new Map<string, Kept>();
  #size = 0;

  constructor(database: Database) {
    this.#database = database;
  }

  /**
   * Of all that were written until then; undefined: it can't be told from what is remembered.
   * @param among who share what is remembered: others are not to tell by the time who was here
   */
  async of(patient: string, asOf: number, among: string): Promise<Tally[] | undefined> {
    const key = `${among} ${patient}`;
    const oldest = await this.#oldest(patient);
    const before = this.#kept.get(key);
    const known = before?.oldest === oldest ? before : undefined;
    const until = Math.min(asOf, Date.now() - LATE);
    if (known === undefined ? until === asOf : asOf < known.until || known.tallies === undefined)
      return undefined;
    const found = await this.#found(patient, { since: known?.until, until, asOf });
    const isWhole = found.length <= MOST;
    const tallyOf = tallyIn(patient);
    const settled = found.filter(({ _id }) => _id.settled).map(tallyOf);
    const tallies = together(known?.tallies, settled);
    // another request may have read on meanwhile
    if (this.#kept.get(key) === before)
      this.#keep(key, {
        until: Math.max(until, known?.until ?? until),
        oldest,
        ...(isWhole && tallies.size <= MOST ? { tallies } : {}),
      });
    if (!isWhole) return undefined;
    return [...tallies.values(), ...found.filter(({ _id }) => !_id.settled).map(tallyOf)];
  }

  async #oldest(patient: string): Promise<number | undefined> {
    const [doc] = await find<Pick<Doc, 'at'>>(
      this.#database.audit as never,
      { patient, type: TYPE },
      { projection: { _id: 0, at: 1 }, sort: { at: 1 }, limit: 1, hint: 'patient_type_at' },
    );
    return doc?.at;
  }

  #found(
    patient: string,
    { since, until, asOf }: { since: number | undefined; until: number; asOf: number },
  ): Promise<Found[]> {
    const after = since === undefined ? {} : { $gt: since };
    const [by, labels, codes] = ['$by', '$labels', '$codes'];
    const [about, authors, hidden] = ['$about', '$authors', '$hidden'];
    return aggregate<Found, Doc>(
      this.#database.audit,
      [
        { $match: { patient, type: TYPE, at: { ...after, $lte: asOf }, others: { $exists: false } } },
        {
          $group: {
            _id: {
              who: WHO,
              by,
              labels,
              codes,
              about,
              authors,
              hidden,
              settled: { $lte: ['$at', until] },
            },
            count: { $sum: 1 },
            first: { $min: '$date' },
            last: { $max: '$date' },
            newest: { $top: { sortBy: { date: -1, _id: 1 }, output: '$_id' } },
          },
        },
        { $limit: MOST + 1 },
      ],
      'patient_type_at',
    );
  }

  #keep(key: string, kept: Kept): void {
    this.#size += sizeOf(kept) - sizeOf(this.#kept.get(key));
    this.#kept.delete(key);
    this.#kept.set(key, kept);
    for (const [oldest, each] of this.#kept) {
      if (this.#size <= MOST_OF_ALL || oldest === key) break;
      this.#kept.delete(oldest);
      this.#size -= sizeOf(each);
    }
  }
}

/** What is never many weighs too. */
const sizeOf = (kept: Kept | undefined): number => (kept === undefined ? 0 : 1 + (kept.tallies?.size ?? 0));

function tallyIn(patient: string): (found: Found) => Tally {
  const patients = [patient];
  return ({ _id, ...rest }) => {
    const { who = '', by, hidden, labels, codes = NOTHING, about = NOTHING, authors = NOTHING } = _id;
    const facts = { type: TYPE, id: '', patients, by, labels, hidden, codes, about, authors };
    return { who, facts, ...rest };
  };
}

const NOTHING: readonly string[] = [];

function together(known: Kept['tallies'], added: readonly Tally[]): ReadonlyMap<string, Tally> {
  if (known !== undefined && added.length === 0) return known;
  const tallies = new Map(known);
  for (const tally of added) {
    const key = JSON.stringify([tally.who, tally.facts]);
    const before = tallies.get(key);
    const sum = { ...tally };
    if (before !== undefined) add(sum, before);
    tallies.set(key, sum);
  }
  return tallies;
}

/** Traces of one person. @param sum is changed */
export function add(sum: Omit<Tally, 'who' | 'facts'>, other: Omit<Tally, 'who' | 'facts'>): void {
  const { last, newest } = byPlace(sum, other) <= 0 ? sum : other;
  sum.count += other.count;
  sum.first = Math.min(sum.first, other.first);
  sum.last = last;
  sum.newest = newest;
}

type Placed = Pick<Tally, 'last' | 'newest'>;

/** Whose last trace is newest first; ties by id, as traces are in order. */
export function byPlace(one: Placed, other: Placed): number {
  return other.last - one.last || (one.newest < other.newest ? -1 : one.newest > other.newest ? 1 : 0);
}
