/**
 * What an index may know of the gate: of each resource one short word, which labels that hide it carries and who
 * deposited it. A search asks the word for what its condition implies, so that the database passes over what is hidden
 * without fetching it: neither the cost of an answer nor its time grows with what the caller can't see. The condition
 * itself is asked too: a word that says too little costs a fetch, and none can give what the condition doesn't.
 */
import type { Condition } from '../condition/condition.ts';
import type { Rules } from '../consent/rules.ts';
import type { Query } from './query/query.ts';
import type { Terms } from './terms.ts';

/** Characters of the keyed name of a depositor: two that are alike cost a fetch. */
const SHORT = 8;
/** The ways to carry labels of three sets. */
const ALL = [0, 1, 2, 3, 4, 5, 6, 7];
/** Depositors that one query tells apart. */
const MOST = 20;

/** The depositors of whose resources something holds: all, or these. */
type Depositors = 'all' | ReadonlySet<string>;
const NOBODY: Depositors = new Set();

export class Veils {
  readonly #terms: Terms;
  /** Keyed, as documents carry them. */
  readonly #sets: readonly ReadonlySet<string>[];

  constructor(terms: Terms, { labels }: Rules) {
    const sets = [labels.masked, labels.hiddenFromPatient, labels.hiddenFromRepresentatives];
    this.#terms = terms;
    this.#sets = sets.map((each) => new Set(each.map((label) => terms.text(`label=${label}`))));
  }

  /** @param labels keyed, as documents carry them */
  of(labels: readonly string[], by: string): string {
    const carried = this.#sets.map((set) => labels.some((label) => set.has(label)));
    return `${this.#short(by)}${digitOf(carried)}`;
  }

  /** What the word of a resource must be for the condition to hold; undefined: any. @param condition keyed */
  query(condition: Condition): Query | undefined {
    const asked = this.#sets.map((set) => asks(condition, set));
    const others = new Set<number>();
    const own = new Map<string, Set<number>>();
    for (const carried of ways(asked)) {
      const whose = this.#possible(condition, carried);
      if (whose === 'all') continue;
      // sets that the condition doesn't ask for change nothing
      for (const each of ways(this.#sets.map(() => true))) {
        if (each.some((carries, index) => asked[index] && carries !== carried[index])) continue;
        others.add(digitOf(each));
        for (const by of whose) own.set(by, (own.get(by) ?? new Set()).add(digitOf(each)));
      }
    }
    if (others.size === 0) return undefined;
    const open = ALL.filter((digit) => !others.has(digit));
    const [alone, ...more] = own.keys();
    if (
      open.length === 0 &&
      alone !== undefined &&
      more.length === 0 &&
      own.get(alone)!.size === ALL.length
    ) {
      const word = this.#short(alone);
      return { view: { $gte: `${word}0`, $lte: `${word}7` } };
    }
    const words = [...own].flatMap(([by, digits]) =>
      [...digits].map((digit) => `${this.#short(by)}${digit}`),
    );
    return { view: { $in: open.length === 0 ? words : [new RegExp(`[${open.join('')}]$`), ...words] } };
  }

  #short(by: string): string {
    return this.#terms.text(`by=${by}`).slice(0, SHORT);
  }

  /** Of whose resources that carry labels of these sets, and of no other, it may hold. */
  #possible(condition: Condition, carried: readonly boolean[]): Depositors {
    switch (condition.is) {
      case 'none':
        return NOBODY;
      case 'and':
        return condition.of.map((each) => this.#possible(each, carried)).reduce(both, 'all');
      case 'or':
        return condition.of.map((each) => this.#possible(each, carried)).reduce(either, NOBODY);
      case 'not':
        return this.#certain(condition.of, carried) === 'all' ? NOBODY : 'all';
      case 'by':
        return new Set(condition.among);
      case 'label':
        return this.#carries(condition.among, carried) === false ? NOBODY : 'all';
      default:
        return 'all';
    }
  }

  /** Of whose resources it holds whatever else they are. */
  #certain(condition: Condition, carried: readonly boolean[]): Depositors {
    switch (condition.is) {
      case 'all':
        return 'all';
      case 'and':
        return condition.of.map((each) => this.#certain(each, carried)).reduce(both, 'all');
      case 'or':
        return condition.of.map((each) => this.#certain(each, carried)).reduce(either, NOBODY);
      case 'not':
        return isEmpty(this.#possible(condition.of, carried)) ? 'all' : NOBODY;
      case 'by':
        return new Set(condition.among);
      case 'label':
        return this.#carries(condition.among, carried) === true ? 'all' : NOBODY;
      default:
        return NOBODY;
    }
  }

  /** One of these labels; undefined where the sets don't tell. */
  #carries(among: readonly string[], carried: readonly boolean[]): boolean | undefined {
    const names = new Set(among);
    const surely = this.#sets.some(
      (set, index) => carried[index] && [...set].every((label) => names.has(label)),
    );
    if (surely) return true;
    const told = among.every((label) => this.#sets.some((set, index) => !carried[index] && set.has(label)));
    return told ? false : undefined;
  }
}

/** The words of who is given their own deposits alone. */
export const isRange = ({ view }: Query): boolean =>
  typeof view === 'object' && view !== null && '$gte' in view;

function digitOf(carried: readonly boolean[]): number {
  return carried.reduce((digit, carries, index) => digit + (carries ? 2 ** index : 0), 0);
}

/** Each way to carry labels of the sets that are asked for. */
function ways(asked: readonly boolean[]): boolean[][] {
  return asked.reduce<boolean[][]>(
    (found, isAsked) =>
      found.flatMap((way) =>
        isAsked
          ? [
              [...way, false],
              [...way, true],
            ]
          : [[...way, false]],
      ),
    [[]],
  );
}

function asks(condition: Condition, set: ReadonlySet<string>): boolean {
  if (condition.is === 'and' || condition.is === 'or') return condition.of.some((each) => asks(each, set));
  if (condition.is === 'not') return asks(condition.of, set);
  return condition.is === 'label' && condition.among.some((label) => set.has(label));
}

const isEmpty = (some: Depositors): boolean => some !== 'all' && some.size === 0;

function both(some: Depositors, others: Depositors): Depositors {
  if (some === 'all') return others;
  if (others === 'all') return some;
  return new Set([...some].filter((each) => others.has(each)));
}

function either(some: Depositors, others: Depositors): Depositors {
  if (some === 'all' || others === 'all') return 'all';
  const union = new Set([...some, ...others]);
  return union.size > MOST ? 'all' : union;
}
