/** What a request touched: the stuff of its traces. */
import type { Attributes } from '../condition/condition.ts';

/** Resources named in one trace; past it only their number is. */
const NAMED = 100;

export interface Concern {
  /** Empty: nobody's data. */
  patient: string;
  refused: boolean;
  /** `Type/id`, at most 100. */
  references: string[];
  count: number;
}

export class Notes {
  readonly #concerns = new Map<string, Concern>();
  /** The trace of these was written in the transaction of the write itself. */
  readonly #written = new Set<string>();

  given(facts: Attributes): void {
    this.#note(facts, false);
  }

  refused(facts: Attributes): void {
    this.#note(facts, true);
  }

  /** A patient of whom something was asked, whatever was found. */
  asked(patients: readonly string[]): void {
    for (const patient of patients) this.#concern(patient, false);
  }

  /** What is to be traced, each patient's apart, that isn't yet. */
  open(): Concern[] {
    return [...this.#concerns].filter(([key]) => !this.#written.has(key)).map(([, concern]) => concern);
  }

  close(concerns: readonly Concern[]): void {
    for (const { patient, refused } of concerns) this.#written.add(keyOf(patient, refused));
  }

  #note(facts: Attributes, refused: boolean): void {
    for (const patient of facts.patients.length === 0 ? [''] : facts.patients) {
      const concern = this.#concern(patient, refused);
      concern.count += 1;
      const reference = `${facts.type}/${facts.id}`;
      if (concern.references.length < NAMED && !concern.references.includes(reference)) {
        concern.references.push(reference);
      }
    }
  }

  #concern(patient: string, refused: boolean): Concern {
    const key = keyOf(patient, refused);
    let concern = this.#concerns.get(key);
    if (concern === undefined) {
      concern = { patient, refused, references: [], count: 0 };
      this.#concerns.set(key, concern);
    }
    return concern;
  }
}

function keyOf(patient: string, refused: boolean): string {
  return `${refused ? '-' : '+'}${patient}`;
}
