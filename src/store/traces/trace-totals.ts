/**
 * How many traces of one patient a caller may be given, without looking at each: from what is remembered of all, as an
 * access history by person is. docs/decisions/0062-totals-of-traces.md
 */
import { type Condition, isTimeless, matches } from '../../condition/condition.ts';
import type { Attributes } from '../../condition/condition.ts';
import { givenOf } from './own-only.ts';
import type { Tallies, Tally } from './tallies.ts';

/** All the traces of one patient, as far as the gate gives them. */
export interface AllTraces {
  patient: string;
  /** With what of the patient and of traces holds anyway left out. */
  condition: Condition;
  /** What it names hides no trace from the caller. */
  tells: (trace: Pick<Attributes, 'by' | 'about' | 'authors'>) => boolean;
  /** Who share what is remembered: tallies.ts. */
  among: string;
}

/** The gate can't say of these without the time and the id of each. */
export function isTallied(condition: Condition): boolean {
  return givenOf(condition) === undefined && isTimeless(condition);
}

export class TraceTotals {
  readonly #tallies: Pick<Tallies, 'of'>;

  constructor(tallies: Pick<Tallies, 'of'>) {
    this.#tallies = tallies;
  }

  /** Undefined: it can't be told from what is remembered. */
  async of(traces: AllTraces): Promise<number | undefined> {
    const { patient, condition, among } = traces;
    if (!isTallied(condition)) return undefined;
    const tallies = await this.#tallies.of(patient, Date.now(), among);
    return tallies === undefined
      ? undefined
      : givenAmong(tallies, traces).reduce((sum, { count }) => sum + count, 0);
  }
}

export function givenAmong(
  tallies: readonly Tally[],
  { condition, tells }: Pick<AllTraces, 'condition' | 'tells'>,
): Tally[] {
  // many tallies that are read from the ledger share one object
  const decided = new Map<Attributes, boolean>();
  const isGiven = (facts: Attributes): boolean => {
    const known = decided.get(facts) ?? (matches(condition, facts) && tells(facts));
    decided.set(facts, known);
    return known;
  };
  return tallies.filter(({ facts }) => isGiven(facts));
}

/** Who is told of traces by the lines, and others: see tallies.ts. */
export const amongOf = ({ isTold }: { isTold: boolean }): string => (isTold ? 'told' : 'others');
