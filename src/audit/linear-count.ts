/**
 * How many different things were seen, in bounded memory and without keeping what they are: linear counting,
 * https://doi.org/10.1145/78922.78925
 */

/** Into which of so many bits a thing falls: FNV-1a, mixed once more as MurmurHash3 ends. */
export function hash(text: string, seed: number): number {
  let sum = seed ^ 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    sum = Math.imul(sum ^ text.charCodeAt(index), 0x01000193);
  }
  sum = Math.imul(sum ^ (sum >>> 16), 0x85ebca6b);
  sum = Math.imul(sum ^ (sum >>> 13), 0xc2b2ae35);
  return (sum ^ (sum >>> 16)) >>> 0;
}

export function mark(bits: Uint32Array, from: number, words: number, hashed: number): void {
  const bit = hashed % (words * 32);
  bits[from + (bit >>> 5)] = bits[from + (bit >>> 5)]! | (1 << (bit & 31));
}

/** @param zeros of so many bits */
export function estimate(zeros: number, bits: number): number {
  return Math.round(-bits * Math.log(Math.max(zeros, 1) / bits));
}

export function ones(word: number): number {
  let pairs = word - ((word >>> 1) & 0x55555555);
  pairs = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((pairs + (pairs >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

const FEW = 64;
const WORDS = 256;
const SEED = (Math.random() * 2 ** 32) | 0;

/** Exact for a few; then in 8,192 bits, good to 3 % up to some ten thousands. */
export class Different {
  #few: Set<number> | undefined = new Set();
  #bits: Uint32Array | undefined;

  add(what: string): void {
    const hashed = hash(what, SEED);
    if (this.#bits !== undefined) mark(this.#bits, 0, WORDS, hashed);
    else if (this.#few!.add(hashed).size > FEW) {
      this.#bits = new Uint32Array(WORDS);
      for (const each of this.#few!) mark(this.#bits, 0, WORDS, each);
      this.#few = undefined;
    }
  }

  get count(): number {
    if (this.#bits === undefined) return this.#few!.size;
    let zeros = 0;
    for (const word of this.#bits) zeros += 32 - ones(word);
    return estimate(zeros, WORDS * 32);
  }
}
