/** Sets of numbers, short where they follow one another: `[1, 3, 7, 7]` is 1, 2, 3 and 7. */
export type Ranges = number[];

/** @param numbers ascending */
export function rangesOf(numbers: readonly number[]): Ranges {
  const ranges: Ranges = [];
  for (const n of numbers) {
    if (ranges.length > 0 && ranges.at(-1) === n - 1) ranges[ranges.length - 1] = n;
    else ranges.push(n, n);
  }
  return ranges;
}

export function* numbersOf(ranges: Ranges = []): Generator<number> {
  for (let i = 0; i + 1 < ranges.length; i += 2) {
    for (let n = ranges[i]!; n <= ranges[i + 1]!; n += 1) yield n;
  }
}

export function countOf(ranges: Ranges = []): number {
  let count = 0;
  for (let i = 0; i + 1 < ranges.length; i += 2) count += ranges[i + 1]! - ranges[i]! + 1;
  return count;
}

export function isWithin(ranges: Ranges = [], n: number): boolean {
  for (let i = 0; i + 1 < ranges.length; i += 2) if (n >= ranges[i]! && n <= ranges[i + 1]!) return true;
  return false;
}
