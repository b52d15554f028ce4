/**
 * How many traces of a patient there are of whom, apart by all that the gate may look at in a trace: what its reader is
 * given of them is decided by these few, not trace by trace. Traces are never changed, so what is settled is remembered,
 * here and in the ledger of all processes, and only the latest are read: a page costs the same however many there are.
 * docs/decisions/0056-traces-by-person.md
 */
import type { Attributes } from '../../condition/condition.ts';
import { TRACER } from '../../enforcement/own-traces.ts';
import { aggregate, find } from '../command.ts';
import type { Database } from '../database.ts';
import type { Doc } from '../document.ts';

const TYPE = 'AuditEvent';
/** Weight of one patient's, and of all together: weightOf. */
export const MOST = 20_000;
const MOST_OF_ALL = 60_000;
/** Names that weigh as much as a tally. */
const NAMES = 8;
/**
 * Twice as long as a transaction may take to show; what comes later still isn't counted until all is counted anew.
 * Milliseconds.
 */
export const LATE = 120_000;

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

export interface Found extends Omit<Tally, 'who' | 'facts'> {
  _id: Pick<Doc, 'by' | 'labels' | 'codes' | 'about' | 'authors' | 'hidden'> & {
    who?: string;
    settled: boolean;
  };
}

export interface Kept {
  /** All until then were read. */
  until: number;
  /** When the oldest was written: when others are taken out, it is gone. */
  oldest: number | undefined;
  /** Some perhaps in parts; absent: there are too many. */
  tallies?: readonly Tally[];
  /** How many there were when those in parts were last put together. */
  distinct: number;
}

/** What all processes remember: ledger.ts. Undefined: nothing, or of other traces than are there. */
export interface Remembered {
  of(patient: string, oldest: number | undefined): Promise<Kept | undefined>;
}

export class Tallies {
  readonly #database: Database;
  readonly #ledger: Remembered;
  /** In the order in which they were asked for. */
  readonly #kept = new Map<string, { kept: Kept; weight: number }>();
  #weight = 0;

  constructor(database: Database, ledger: Remembered) {
    this.#database = database;
    this.#ledger = ledger;
  }

  /**
   * Of all that were written until then; undefined: it can't be told from what is remembered.
   * @param among who share what is remembered: others are not to tell by the time who was here
   */
  async of(patient: string, asOf: number, among: string): Promise<Tally[] | undefined> {
    const key = `${among} ${patient}`;
    const oldest = await oldestOf(this.#database, patient);
    const before = this.#kept.get(key);
    const known =
      before !== undefined && before.kept.oldest === oldest
        ? before.kept
        : await this.#ledger.of(patient, oldest);
    const until = Math.min(asOf, Date.now() - LATE);
    if (known === undefined ? until === asOf : asOf < known.until || known.tallies === undefined)
      return undefined;
    const found = await foundOf(this.#database, patient, { since: known?.until, until, asOf });
    const isWhole = isLight(found);
    const settled = found.filter(({ _id }) => _id.settled).map((each) => tallyOf(patient, each));
    const whole = joined(known, settled);
    // another request may have read on meanwhile
    if (this.#kept.get(key) === before)
      this.#keep(key, {
        until: Math.max(until, known?.until ?? until),
        oldest,
        distinct: whole.distinct,
        ...(isWhole && weightOf(whole.tallies) <= MOST ? { tallies: whole.tallies } : {}),
      });
    if (!isWhole) return undefined;
    return [
      ...whole.tallies,
      ...found.filter(({ _id }) => !_id.settled).map((each) => tallyOf(patient, each)),
    ];
  }

  #keep(key: string, kept: Kept): void {
    // what is never many weighs too
    const weight = 1 + weightOf(kept.tallies ?? []);
    this.#weight += weight - (this.#kept.get(key)?.weight ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, { kept, weight });
    for (const [oldest, each] of this.#kept) {
      if (this.#weight <= MOST_OF_ALL || oldest === key) break;
      this.#kept.delete(oldest);
      this.#weight -= each.weight;
    }
  }
}

export async function oldestOf(database: Database, patient: string): Promise<number | undefined> {
  const [doc] = await find<Pick<Doc, 'at'>>(
    database.audit as never,
    { patient, type: TYPE },
    { projection: { _id: 0, at: 1 }, sort: { at: 1 }, limit: 1, hint: 'patient_type_at' },
  );
  return doc?.at;
}

export function foundOf(
  database: Database,
  patient: string,
  { since, until, asOf }: { since: number | undefined; until: number; asOf: number },
): Promise<Found[]> {
  const after = since === undefined ? {} : { $gt: since };
  const [by, labels, codes] = ['$by', '$labels', '$codes'];
  const [about, authors, hidden] = ['$about', '$authors', '$hidden'];
  return aggregate<Found, Doc>(
    database.audit,
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
    { hint: 'patient_type_at', most: MOST, weigh },
  );
}

const weigh = ({ _id: { about } }: Found): number => weightFor(about);

/** What a trace names is most of what it weighs in memory. */
const weightFor = (about: readonly string[] = NOTHING): number => 1 + Math.floor(about.length / NAMES);

/** All of them were read, and are few enough. */
export function isLight(found: readonly Found[]): boolean {
  return found.reduce((sum, each) => sum + weigh(each), 0) <= MOST;
}

export function weightOf(tallies: readonly Tally[]): number {
  return tallies.reduce((sum, { facts }) => sum + weightFor(facts.about), 0);
}

export function tallyOf(patient: string, { _id, ...rest }: Found): Tally {
  const { who = '', by, hidden, labels, codes = NOTHING, about = NOTHING, authors = NOTHING } = _id;
  const facts = { type: TYPE, id: '', patients: [patient], by, labels, hidden, codes, about, authors };
  return { who, facts, ...rest };
}

const NOTHING: readonly string[] = [];

/** A quarter more, and those in parts are put together. */
const PARTS = 1.25;

/** Putting together costs more than adding up those in parts now and then. */
function joined(
  known: Kept | undefined,
  added: readonly Tally[],
): Required<Pick<Kept, 'tallies' | 'distinct'>> {
  const { tallies = [], distinct = 0 } = known ?? {};
  const all = added.length === 0 ? tallies : [...tallies, ...added];
  if (all.length <= distinct * PARTS) return { tallies: all, distinct };
  const whole = together(all);
  return { tallies: whole, distinct: whole.length };
}

export function together(all: readonly Tally[]): readonly Tally[] {
  const tallies = new Map<string, Tally>();
  for (const tally of all) {
    const key = keyOf(tally);
    const before = tallies.get(key);
    if (before === undefined) tallies.set(key, { ...tally });
    else add(before, tally);
  }
  return [...tallies.values()];
}

/** What keeps it apart from the others of the same patient. */
function keyOf({ who, facts }: Pick<Tally, 'who' | 'facts'>): string {
  const { by, labels, hidden, codes, about, authors } = facts;
  return JSON.stringify([who, by, hidden, labels, codes, about, authors]);
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
