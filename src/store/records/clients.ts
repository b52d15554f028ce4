/** Registered software. What its tokens hang on is a record beside them: suspending it ends them all at once. */
import { randomUUID } from 'node:crypto';
import type { Client, Clients } from '../../auth/clients.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { LIFE } from './artifacts.ts';

export interface ClientDoc {
  _id: string;
  client: Client;
  /** Its tokens hang on this artifact; absent while it is suspended. */
  life?: string;
}

export class MongoClients implements Clients {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async find(id: string): Promise<{ client: Client; life: string } | undefined> {
    const [doc] = await find(this.#database.clients, { _id: id });
    return doc?.life === undefined ? undefined : { client: doc.client, life: doc.life };
  }

  async isTaken(id: string): Promise<boolean> {
    const [doc] = await find(this.#database.clients, { _id: id });
    return doc !== undefined;
  }

  /** Where pages of those that aren't suspended come from. */
  async origins(): Promise<Set<string>> {
    const found = await this.#database.clients
      .find({ life: { $exists: true } }, { projection: { 'client.redirectUris': 1 }, maxTimeMS: 10_000 })
      .toArray();
    const uris = found.flatMap(({ client }) => client.redirectUris);
    // those of installed applications have none
    return new Set(uris.map((uri) => new URL(uri).origin).filter((origin) => origin !== 'null'));
  }

  async register(client: Client): Promise<void> {
    await this.#change(client.id, { client }, true);
  }

  suspend(id: string): Promise<boolean> {
    return this.#change(id, {}, false);
  }

  resume(id: string): Promise<boolean> {
    return this.#change(id, {}, true);
  }

  /** Another life, or none: what hung on the last has ended. */
  #change(id: string, set: Partial<Pick<ClientDoc, 'client'>>, goesOn: boolean): Promise<boolean> {
    const { client: mongo, clients, artifacts } = this.#database;
    const life = `client ${randomUUID()}`;
    const update = goesOn ? { $set: { ...set, life } } : { $unset: { life: '' as const } };
    return mongo.withSession((session) =>
      session.withTransaction(async () => {
        const upsert = set.client !== undefined;
        const before = await clients.findOneAndUpdate({ _id: id }, update, { upsert, session });
        if (before === null && !upsert) return false;
        if (before?.life !== undefined) await artifacts.deleteOne({ _id: before.life }, { session });
        if (goesOn) await artifacts.insertOne({ _id: life, kind: LIFE }, { session });
        return true;
      }),
    );
  }
}
