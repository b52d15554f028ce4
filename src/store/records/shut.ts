/**
 * Persons of whom an account is suspended, under keyed hashes of their references. What issuers elsewhere say of them is
 * believed no more, from the next request on.
 */
import { createHmac } from 'node:crypto';
import type { ClientSession } from 'mongodb';
import type { Ahead } from '../../auth/grants.ts';
import type { Standing } from '../../auth/standing.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { Gather } from '../gather.ts';
import type { KeyRing } from '../keys/keys.ts';
import { withIds } from '../query/query.ts';
import type { Together } from './artifacts.ts';
import { areMet, BETWEEN, nameIn, without } from './needs.ts';

/** Kind of the marks. */
const SHUT = 'shut';

export class ShutPersons implements Standing {
  readonly #database: Database;
  readonly #hashing: Buffer;
  readonly #met: Gather<boolean>;
  readonly #together: Together | undefined;

  /** @param together absent: marks are looked for by themselves */
  constructor(database: Database, ring: KeyRing, together?: Together) {
    this.#database = database;
    this.#hashing = ring.derive('login hashes');
    this.#together = together;
    this.#met = new Gather(async (lists) => {
      const needs = lists.map((list) => list.split(BETWEEN));
      const ids = [...new Set(needs.flat().map(nameIn))];
      const found = await find(database.artifacts, withIds(ids), { projection: { _id: 1 } });
      const there = new Set(found.map(({ _id }) => _id));
      return new Map(lists.map((list, index) => [list, areMet(needs[index]!, there)]));
    }, 1);
  }

  /** Of a person, wherever they are kept by their reference. */
  hash(reference: string): string {
    return createHmac('sha256', this.#hashing).update(`person ${reference}`).digest('base64url');
  }

  async areOpen(references: readonly string[], ahead?: Ahead): Promise<boolean> {
    if (references.length === 0) return true;
    const needs = references.map((each) => without(this.#mark(each)));
    if (ahead !== undefined && this.#together !== undefined) return this.#together(ahead, needs);
    return (await this.#met.get(needs.join(BETWEEN))) === true;
  }

  async goOn(lives: readonly string[]): Promise<boolean> {
    return lives.length === 0 || (await this.#met.get(lives.join(BETWEEN))) === true;
  }

  async shut(reference: string, session: ClientSession): Promise<void> {
    const set = { $set: { kind: SHUT } };
    await this.#database.artifacts.updateOne({ _id: this.#mark(reference) }, set, { upsert: true, session });
  }

  async open(reference: string, session: ClientSession): Promise<void> {
    await this.#database.artifacts.deleteOne({ _id: this.#mark(reference) }, { session });
  }

  #mark(reference: string): string {
    return `${SHUT} ${this.hash(reference)}`;
  }
}
