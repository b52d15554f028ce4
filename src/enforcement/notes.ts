/** What a request touched: the stuff of its traces. */
import type { Attributes } from '../condition/condition.ts';
import { UNKNOWN_PATIENT } from '../fhir/subjects.ts';

type Named = Pick<Attributes, 'type' | 'id' | 'patients' | 'hidden'>;

/** Resources named in one trace; past it only their number is. */
const NAMED = 100;

export interface Concern {
  /** Empty: nobody's data. */
  patient: string;
  refused: boolean;
  /** Of what is hidden from the patient for a while: apart, so that it hides no other trace. */
  hidden: boolean;
  /** `Type/id`, at most 100. */
  references: string[];
  count: number;
}

export class Notes {
  readonly #concerns = new Map<string, Concern>();
  /** The trace of these was written in the transaction of the write itself. */
  readonly #written = new Set<string>();

  given(facts: Named): void {
    this.#note(facts, false);
  }

  refused(facts: Named): void {
    this.#note(facts, true);
  }

  /** It was refused by itself, and is given as part of something else. */
  pardoned({ type, id }: Named): void {
    for (const [key, concern] of this.#concerns) {
      const at = concern.refused ? concern.references.indexOf(`${type}/${id}`) : -1;
      if (at < 0) continue;
      concern.references.splice(at, 1);
      concern.count -= 1;
      if (concern.count === 0) this.#concerns.delete(key);
    }
  }

  /** A patient of whom something was asked, whatever was found. */
  asked(patients: readonly string[]): void {
    for (const patient of patients) this.#concern(patient, false, false);
  }

  /** What is to be traced, each patient's apart, that isn't yet. */
  open(): Concern[] {
    return [...this.#concerns].filter(([key]) => !this.#written.has(key)).map(([, concern]) => concern);
  }

  close(concerns: readonly Concern[]): void {
    for (const { patient, refused, hidden } of concerns) this.#written.add(keyOf(patient, refused, hidden));
  }

  #note(facts: Named, refused: boolean): void {
    const reference = `${facts.type}/${facts.id}`;
    const hidden = facts.hidden !== undefined;
    for (const patient of concernedBy(facts)) {
      this.#reopen(keyOf(patient, refused, hidden), reference);
      const concern = this.#concern(patient, refused, hidden);
      concern.count += 1;
      if (concern.references.length < NAMED && !concern.references.includes(reference)) {
        concern.references.push(reference);
      }
    }
  }

  /** What is touched after the trace of a write was written wants another. */
  #reopen(key: string, reference: string): void {
    if (!this.#written.has(key) || this.#concerns.get(key)?.references.includes(reference)) return;
    this.#written.delete(key);
    this.#concerns.delete(key);
  }

  #concern(patient: string, refused: boolean, hidden: boolean): Concern {
    const key = keyOf(patient, refused, hidden);
    let concern = this.#concerns.get(key);
    if (concern === undefined) {
      concern = { patient, refused, hidden, references: [], count: 0 };
      this.#concerns.set(key, concern);
    }
    return concern;
  }
}

/** Who isn't known here is nobody that a trace could name. */
function concernedBy({ patients }: Named): string[] {
  if (patients.length === 0) return [''];
  return [...new Set(patients.map((patient) => (patient === UNKNOWN_PATIENT ? '' : patient)))];
}

function keyOf(patient: string, refused: boolean, hidden: boolean): string {
  return `${refused ? '-' : '+'}${hidden ? '?' : ' '}${patient}`;
}
