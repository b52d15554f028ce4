/** How many different things each of many had to do with lately: see linear-count.ts. */
import { estimate, hash, mark, ones } from '../../audit/linear-count.ts';

/** 2,048 bits: good to 3 % up to some thousands. */
const WORDS = 64;
/** The time that is looked back on falls into so many parts, of which the oldest is dropped as a whole. */
const PARTS = 4;

interface Seen {
  group: string;
  /** Number of the part of time that was written last. */
  part: number;
  /** `PARTS` bitmaps, one after the other. */
  bits: Uint32Array;
}

export class Distinct {
  readonly #within: number;
  readonly #most: number;
  readonly #seed: number;
  readonly #each = new Map<string, Seen>();

  /** @param within milliseconds @param most of whom it is known: the one who did nothing for longest is forgotten */
  constructor(within: number, most = 5000, seed = (Math.random() * 2 ** 32) | 0) {
    this.#within = within;
    this.#most = most;
    this.#seed = seed;
  }

  add(who: string, group: string, what: string, now: number): void {
    const part = this.#partAt(now);
    let seen = this.#each.get(who);
    if (seen === undefined || seen.part !== part) seen = this.#turn(who, group, seen, part);
    mark(seen.bits, (part % PARTS) * WORDS, WORDS, hash(what, this.#seed));
  }

  /** The greatest number that one of each group has. */
  most(now: number): Map<string, number> {
    const found = new Map<string, number>();
    const part = this.#partAt(now);
    for (const [who, seen] of this.#each) {
      forget(seen, part);
      const count = countOf(seen.bits);
      if (count === 0) this.#each.delete(who);
      else found.set(seen.group, Math.max(found.get(seen.group) ?? 0, count));
    }
    return found;
  }

  /** Those who did something last are last in the map. */
  #turn(who: string, group: string, seen: Seen | undefined, part: number): Seen {
    if (seen === undefined && this.#each.size >= this.#most) {
      this.#each.delete(this.#each.keys().next().value!);
    }
    const turned = seen ?? { group, part, bits: new Uint32Array(PARTS * WORDS) };
    forget(turned, part);
    this.#each.delete(who);
    this.#each.set(who, turned);
    return turned;
  }

  #partAt(now: number): number {
    return Math.floor((now * PARTS) / this.#within);
  }
}

/** What the parts since the last one held is too old. */
function forget(seen: Seen, part: number): void {
  for (let old = Math.max(seen.part + 1, part - PARTS + 1); old <= part; old += 1) {
    const start = (old % PARTS) * WORDS;
    seen.bits.fill(0, start, start + WORDS);
  }
  seen.part = Math.max(seen.part, part);
}

function countOf(bits: Uint32Array): number {
  let zeros = 0;
  for (let word = 0; word < WORDS; word += 1) {
    let union = 0;
    for (let part = 0; part < PARTS; part += 1) union |= bits[part * WORDS + word]!;
    zeros += 32 - ones(union);
  }
  return estimate(zeros, WORDS * 32);
}
