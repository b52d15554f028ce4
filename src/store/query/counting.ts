/**
 * Counts of one patient's resources that are asked for while others are under way are one command: it costs more than
 * what it counts. Each is a branch of its own, its gate's condition in it, and is told what there is of its patient.
 * None joins a command that was already sent, so each is as fresh as if it had asked alone.
 */
import type { Collection } from 'mongodb';
import { aggregate, count } from '../command.ts';
import type { Doc } from '../document.ts';
import { Gather } from '../gather.ts';
import { type Asking, HEAVIEST, together, weightOf } from './together.ts';

interface Counted extends Asking {
  weight: number;
  hint: string;
}

export class Counting {
  readonly #collection: Collection<Doc>;
  /** By index. */
  readonly #gathers = new Map<string, Gather<Promise<number>, Counted>>();

  constructor(collection: Collection<Doc>) {
    this.#collection = collection;
  }

  async count({ patient, query }: Asking, hint: string): Promise<number> {
    const counted = { patient, query, hint, weight: weightOf(query) };
    if (counted.weight > HEAVIEST) return this.#one(counted);
    return (await this.#gather(hint).get(counted)) ?? 0;
  }

  #gather(hint: string): Gather<Promise<number>, Counted> {
    let gather = this.#gathers.get(hint);
    if (gather === undefined)
      this.#gathers.set(hint, (gather = new Gather((asked) => this.#all(hint, asked), 1)));
    return gather;
  }

  async #all(hint: string, asked: readonly Counted[]): Promise<Map<Counted, Promise<number>>> {
    const found = await Promise.all(together(asked).map((batch) => this.#joined(hint, batch)));
    return new Map(found.flat());
  }

  /** Where they can't be counted together they are one by one, which tells each its own fault. */
  async #joined(hint: string, batch: readonly Counted[]): Promise<[Counted, Promise<number>][]> {
    const counts = batch.length === 1 ? undefined : await this.#grouped(hint, batch).catch(() => undefined);
    const told = batch.map((each): [Counted, Promise<number>] => [
      each,
      counts === undefined ? this.#one(each) : Promise.resolve(counts.get(each.patient) ?? 0),
    ]);
    await Promise.allSettled(told.map(([, count]) => count));
    return told;
  }

  async #grouped(hint: string, batch: readonly Counted[]): Promise<Map<string, number>> {
    const pipeline = [
      { $match: { $or: batch.map(({ query }) => query) } },
      { $group: { _id: '$patient', n: { $sum: 1 } } },
    ];
    const found = await aggregate<{ _id: string; n: number }, Doc>(this.#collection, pipeline, { hint });
    return new Map(found.map(({ _id, n }) => [_id, n]));
  }

  #one({ query, hint }: Counted): Promise<number> {
    return count(this.#collection, query, { hint, exact: false });
  }
}
