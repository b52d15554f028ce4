/** Which of the things that are asked of one patient each may be asked in one command. */
import type { Query } from './query.ts';

/** Of one patient's resources that are nobody else's, by an index of theirs. */
export interface Asking {
  patient: string;
  query: Query;
}

interface Weighed extends Asking {
  weight: number;
}

const MOST = 16;
/** Characters and values of a query that joins others, and of all that are joined: they stay below 100 KB. */
export const HEAVIEST = 10_000;
const HEAVIEST_TOGETHER = 50_000;

/** In the order they came, no patient twice in one, since what is found is told apart by its patient. */
export function together<A extends Weighed>(waiting: readonly A[]): A[][] {
  const batches: { asked: A[]; patients: Set<string>; weight: number }[] = [];
  for (const each of waiting) {
    let batch = batches.find(
      ({ asked, patients, weight: other }) =>
        asked.length < MOST && !patients.has(each.patient) && other + each.weight <= HEAVIEST_TOGETHER,
    );
    if (batch === undefined) batches.push((batch = { asked: [], patients: new Set(), weight: 0 }));
    batch.asked.push(each);
    batch.patients.add(each.patient);
    batch.weight += each.weight;
  }
  return batches.map(({ asked }) => asked);
}

/** Roughly its bytes. */
export function weightOf(value: unknown): number {
  if (typeof value === 'string') return value.length + 10;
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return 20;
  if (Array.isArray(value)) return value.reduce<number>((sum, each) => sum + weightOf(each), 10);
  let weight = 10;
  for (const name in value) weight += name.length + weightOf((value as Query)[name]);
  return weight;
}
