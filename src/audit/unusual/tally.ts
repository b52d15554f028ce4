/**
 * What each caller did in some time, counted from their traces in the order of time. Memory is bounded: patients are
 * counted without being kept, and of too many callers those who did least are forgotten.
 */
import { Different } from '../linear-count.ts';
import { hoursOf } from './hours.ts';
import { KINDS, type CallerKind, type Thresholds } from './thresholds.ts';

/** What of a trace is in clear. */
export interface Glimpse {
  /** Milliseconds. */
  at: number;
  /** `Type/id` of who acted. */
  who: string;
  /** Empty: nobody's data. */
  patient: string;
  emergency: boolean;
  refused: boolean;
}

export interface Counts {
  accesses: number;
  patients: number;
  /** Patients on the day that had most. */
  busiestDay: number;
  /** Patients in emergencies. */
  emergencies: number;
  refused: number;
  /** Accesses at night and on days off. */
  outside: number;
}

const DAY = 86_400_000;
const MOST_CALLERS = 100_000;

class Caller {
  readonly kind: CallerKind;
  accesses = 0;
  refused = 0;
  outside = 0;
  readonly #patients = new Different();
  #emergencies: Different | undefined;
  #today = new Different();
  #day = -1;
  #busiest = 0;

  constructor(kind: CallerKind) {
    this.kind = kind;
  }

  add({ at, patient, emergency, refused }: Glimpse, isOutside: boolean): void {
    this.accesses += 1;
    if (isOutside) this.outside += 1;
    if (refused) this.refused += 1;
    if (refused || patient === '') return;
    const day = Math.floor(at / DAY);
    if (day !== this.#day) {
      this.#busiest = this.busiestDay;
      this.#today = new Different();
      this.#day = day;
    }
    this.#patients.add(patient);
    this.#today.add(patient);
    if (emergency) (this.#emergencies ??= new Different()).add(patient);
  }

  get busiestDay(): number {
    return Math.max(this.#busiest, this.#today.count);
  }

  counts(): Counts {
    const { accesses, refused, outside, busiestDay } = this;
    const [patients, emergencies] = [this.#patients.count, this.#emergencies?.count ?? 0];
    return { accesses, patients, busiestDay, emergencies, refused, outside };
  }
}

export class Tally {
  readonly #callers = new Map<string, Caller>();
  readonly #isOutside: (at: number) => boolean;
  readonly #keepsHours: ReadonlySet<CallerKind>;
  readonly #most: number;
  traces = 0;
  /** Callers who did so little that there was no room for them. */
  forgotten = 0;

  constructor({ hours, keepsHours }: Thresholds, most = MOST_CALLERS) {
    this.#isOutside = hoursOf(hours);
    this.#keepsHours = new Set(keepsHours);
    this.#most = most;
  }

  add(glimpse: Glimpse): void {
    this.traces += 1;
    const { who, patient, at } = glimpse;
    if (who === `Patient/${patient}`) return;
    let caller = this.#callers.get(who);
    if (caller === undefined) {
      const kind = KINDS.find((each) => who.startsWith(`${each}/`));
      if (kind === undefined) return;
      if (this.#callers.size >= this.#most) this.#forget();
      this.#callers.set(who, (caller = new Caller(kind)));
    }
    caller.add(glimpse, this.#keepsHours.has(caller.kind) && this.#isOutside(at));
  }

  *callers(): Generator<{ who: string; kind: CallerKind; counts: Counts }> {
    for (const [who, caller] of this.#callers) yield { who, kind: caller.kind, counts: caller.counts() };
  }

  /** The half that did least, and no more than half. */
  #forget(): void {
    const each = [...this.#callers].sort(([, a], [, b]) => a.accesses - b.accesses);
    for (const [who] of each.slice(0, Math.ceil(each.length / 2))) this.#callers.delete(who);
    this.forgotten += Math.ceil(each.length / 2);
  }
}
