/**
 * Searches of one turn of the event loop that ask alike, each of another patient, are asked in one `find`, since the
 * command is most of what a small search costs. Each is a branch of its own, its gate's condition in it, and is given
 * what there is of its patient. None joins a call that was already sent, so each is as fresh as if it had asked alone.
 */
import type { Collection } from 'mongodb';
import { type Find, find, findAtOnce } from '../command.ts';
import type { Doc } from '../document.ts';
import { type Asking, HEAVIEST, together, weightOf } from './together.ts';

interface Waiting extends Asking {
  weight: number;
  resolve: (found: Doc[]) => void;
  reject: (error: unknown) => void;
}

interface Kind {
  options: Limited;
  waiting: Waiting[];
}

type Limited = Find & { limit: number };

/** Searches that go alone after one that found more than a page: of such ones too much would be read. */
const ALONE = 64;
const KINDS = 1000;

export class Alike {
  readonly #collection: Collection<Doc>;
  readonly #kinds = new Map<string, Kind>();
  /** Searches of a kind that are still to go alone. */
  readonly #alone = new Map<string, number>();

  constructor(collection: Collection<Doc>) {
    this.#collection = collection;
  }

  /** @param type the one that is asked for */
  find(type: string, asking: Asking, options: Limited): Promise<Doc[]> {
    const name = JSON.stringify([type, options]);
    const alone = this.#alone.get(name) ?? 0;
    if (alone > 0) this.#alone.set(name, alone - 1);
    const weight = alone > 0 ? 0 : weightOf(asking.query);
    if (alone > 0 || weight > HEAVIEST) return this.#one(asking, options);
    return new Promise((resolve, reject) => {
      const waiting = { ...asking, weight, resolve, reject };
      const kind = this.#kinds.get(name);
      if (kind !== undefined) {
        kind.waiting.push(waiting);
        return;
      }
      const made: Kind = { options, waiting: [waiting] };
      this.#kinds.set(name, made);
      setImmediate(() => {
        this.#kinds.delete(name);
        for (const batch of together(made.waiting)) void this.#send(name, batch, options);
      });
    });
  }

  async #send(name: string, batch: readonly Waiting[], options: Limited): Promise<void> {
    const found = batch.length === 1 ? undefined : await this.#joined(batch, options);
    for (const each of batch) {
      const { patient, resolve, reject } = each;
      const own = found?.docs.filter((doc) => doc.patient === patient);
      const isWhole = own !== undefined && (!found!.isCut || own.length >= options.limit);
      const asked = isWhole ? Promise.resolve(own.slice(0, options.limit)) : this.#one(each, options);
      asked.then((docs) => {
        if (docs.length >= options.limit) this.#goAlone(name);
        resolve(docs);
      }, reject);
    }
  }

  #one({ query }: Asking, options: Limited): Promise<Doc[]> {
    return find(this.#collection, query, options);
  }

  /** Undefined: they have to be asked one by one, which tells each its own fault. */
  async #joined(
    batch: readonly Asking[],
    options: Limited,
  ): Promise<{ docs: Doc[]; isCut: boolean } | undefined> {
    const limit = batch.length * options.limit;
    const query = { $or: batch.map((each) => each.query) };
    const docs = await findAtOnce(this.#collection, query, { ...options, limit }).catch(() => undefined);
    return docs === undefined ? undefined : { docs, isCut: docs.length >= limit };
  }

  #goAlone(name: string): void {
    if (this.#alone.size >= KINDS) this.#alone.clear();
    this.#alone.set(name, ALONE);
  }
}
