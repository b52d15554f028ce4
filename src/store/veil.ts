/**
 * What an index may know of the gate: of each resource one short word, which labels that hide it carries and who
 * deposited it. A search asks the word for what its condition implies, so that the database passes over what is hidden
 * without fetching it: neither the cost of an answer nor its time grows with what the caller can't see. The condition
 * itself is asked too: a word that says too little costs a fetch, and none can give what the condition doesn't.
 */
import type { Condition } from '../condition/condition.ts';
import type { Rules } from '../consent/rules.ts';
import type { Doc } from './document.ts';
import type { Query } from './query/query.ts';
import type { Terms } from './terms.ts';

/** Characters of the keyed name of a depositor: two that are alike cost a fetch. */
const SHORT = 8;
/** The ways to carry labels of three sets. */
const ALL = [0, 1, 2, 3, 4, 5, 6, 7];
/** Those of one set alone. */
const SETS = [1, 2, 4];
/** Depositors that one query tells apart. */
const MOST = 20;
/** Those whose terms one search by a code looks for. */
const MOST_OWN = 4;

/** What follows a term in the index where its resource carries labels; others are digits, and short names of depositors. */
const LABELLED = 255;

/** The values of `terms` that one term is found by. */
export type Apart = (term: Buffer) => Buffer[];

/** Of what carries no labels, and of what does. */
export const ANY: Apart = (term) => [term, followed(term, [LABELLED])];
/** Of traces, whose terms are as they are. */
export const PLAIN: Apart = (term) => [term];

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

  /** What stands in the index for its labels. */
  over({ labels, by, terms }: Pick<Doc, 'labels' | 'by' | 'terms'>): Pick<Doc, 'view' | 'terms'> {
    const view = this.of(labels, by);
    return { view, terms: this.apart(terms, view) };
  }

  /** @param labels keyed, as documents carry them */
  of(labels: readonly string[], by: string): string {
    const carried = this.#sets.map((set) => labels.some((label) => set.has(label)));
    return `${this.#short(by)}${digitOf(carried)}`;
  }

  /**
   * Terms as the index has them. What carries labels is apart from what doesn't, once for each of the ways to be closed to
   * some of them that let it be seen: a search by a code meets none of the rest.
   */
  apart(terms: readonly Buffer[], word: string): Buffer[] {
    const [by, digit] = [word.slice(0, SHORT), Number(word.slice(SHORT))];
    if (digit === 0) return [...terms];
    const closures = ALL.filter((closed) => closed !== 0 && (closed & digit) === 0);
    const ends = [[LABELLED], ...closures.map((closed) => [closed]), Buffer.from(by)];
    return terms.flatMap((term) => ends.map((end) => followed(term, end)));
  }

  /** Of what the condition may hold for, and of as little else as can be told. @param condition keyed */
  met(condition: Condition): Apart {
    const { others, own } = this.#closed(condition);
    const closed = SETS.reduce((some, set) => (others.has(set) ? some | set : some), 0);
    const isTold = ALL.every((digit) => others.has(digit) === ((digit & closed) !== 0));
    if (closed === 0 || !isTold || own.size > MOST_OWN) return ANY;
    const ends = [[closed], ...[...own.keys()].map((by) => Buffer.from(this.#short(by)))];
    return (term) => [term, ...ends.map((end) => followed(term, end))];
  }

  /** What the word of a resource must be for the condition to hold; undefined: any. @param condition keyed */
  query(condition: Condition): Query | undefined {
    const { others, own } = this.#closed(condition);
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

  /** The digits of which it can't hold but for these depositors' own. */
  #closed(condition: Condition): { others: Set<number>; own: Map<string, Set<number>> } {
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
    return { others, own };
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

const followed = (term: Buffer, end: readonly number[] | Buffer): Buffer =>
  Buffer.concat([term, Uint8Array.from(end)]);

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
