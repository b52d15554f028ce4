/** Accesses that somebody may have to look at, counted without keeping who or whose: emergencies, and one account's many patients. */
import { modeOf } from '../../consent/statements.ts';
import type { Subject } from '../../consent/subject.ts';
import type { Concern } from '../../enforcement/notes.ts';
import { callerFor } from '../../enforcement/plans.ts';
import { hash } from '../../audit/linear-count.ts';
import { Distinct } from './distinct.ts';

export type Emergency = NonNullable<ReturnType<typeof modeOf>>;

const HOUR = 3_600_000;
/** Emergencies that are known to be counted; of more, the oldest is forgotten, and might be counted twice. */
const REMEMBERED = 10_000;

export class Accesses {
  readonly #patients = new Distinct(HOUR);
  readonly #opened = new Set<number>();
  readonly #hours: number;
  readonly #tell: (emergency: Emergency) => void;

  /**
   * @param hours that a broken glass stays open
   * @param tell of each emergency once: of one caller and one patient, from one breaking of the glass, or in one hour
   */
  constructor(hours: number, tell: (emergency: Emergency) => void) {
    this.#hours = hours;
    this.#tell = tell;
  }

  /** What a request was given, as its traces have it. */
  given(subject: Subject, concerns: readonly Concern[], now: number): void {
    for (const { patient, refused, count } of concerns) {
      if (refused || count === 0 || patient === '') continue;
      if (subject.reference !== `Patient/${patient}`) {
        this.#patients.add(subject.reference, subject.role, patient, now);
      }
      if (subject.regulator || subject.emergencies.length > 0) this.#emergency(subject, patient, now);
    }
  }

  /** By role: the most patients of whom one account was given anything within the last hour. */
  most(now: number): Map<string, number> {
    return this.#patients.most(now);
  }

  #emergency(subject: Subject, patient: string, now: number): void {
    const mode = modeOf(callerFor(subject), patient, this.#hours, now);
    if (mode === undefined) return;
    const broken = subject.emergencies.find((each) => each.patient === `Patient/${patient}`);
    const since = mode === 'BTG' ? broken?.since : Math.floor(now / HOUR);
    const name = `${mode} ${subject.reference} ${patient} ${since}`;
    const key = hash(name, 0) * 2 ** 20 + (hash(name, 1) >>> 12);
    if (this.#opened.has(key)) return;
    if (this.#opened.size >= REMEMBERED) this.#opened.delete(this.#opened.values().next().value!);
    this.#opened.add(key);
    this.#tell(mode);
  }
}
