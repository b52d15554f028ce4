/**
 * Logins at OpenID providers as MongoDB holds them: each under a keyed hash of issuer and `sub`, its roles sealed. What
 * is given to a role hangs on a record beside the tokens, so that it ends with the role.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { type ClientSession } from 'mongodb';
import { type Account, type Person, personKey } from '../../auth/accounts.ts';
import type { KnownLogin, Login, Logins } from '../../auth/logins.ts';
import { LIFE } from './artifacts.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { isDuplicate } from '../fault.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';

export interface LoginDoc {
  /** Keyed hash of issuer and `sub`. */
  _id: string;
  /** The account's id: that of the login that it began with. */
  account: string;
  sealed: Buffer;
  suspended?: boolean;
}

/** Logins that open one account. */
const MOST = 10;

export class MongoLogins implements Logins {
  readonly #database: Database;
  readonly #hashing: Buffer;
  readonly #sealing: Buffer;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#hashing = ring.derive('login hashes');
    this.#sealing = ring.derive('logins');
  }

  nameOf({ issuer, sub }: Login): string {
    const about = JSON.stringify([issuer, sub]);
    return `login-${createHmac('sha256', this.#hashing).update(about).digest('base64url')}`;
  }

  async known(login: Login): Promise<KnownLogin | undefined> {
    const [doc] = await find(this.#database.logins, { _id: this.nameOf(login) });
    if (doc === undefined) return undefined;
    return { account: doc.account, persons: this.#opened(doc), isSuspended: doc.suspended === true };
  }

  async find(id: string): Promise<Account | undefined> {
    const docs = await find(this.#database.logins, { account: id }, { limit: MOST, hint: 'account' });
    const persons = docs.filter(({ suspended }) => suspended !== true).flatMap((doc) => this.#opened(doc));
    // in one order, whichever login came first
    const sorted = persons.toSorted((a, b) => Number(a.role === 'patient') - Number(b.role === 'patient'));
    return persons.length === 0 ? undefined : { id, persons: sorted };
  }

  async keep(login: Login, persons: readonly Person[], account?: string): Promise<string | undefined> {
    try {
      return await this.#keep(login, persons, account);
    } catch (error) {
      // the same came for the first time twice at once
      if (!isDuplicate(error)) throw error;
      return this.#keep(login, persons, account);
    }
  }

  #keep(login: Login, persons: readonly Person[], account?: string): Promise<string | undefined> {
    const _id = this.nameOf(login);
    const { logins } = this.#database;
    return this.#together(async (session) => {
      const before = await logins.findOne({ _id }, { session });
      if (before?.suspended === true) return undefined;
      const had = before === null ? [] : this.#opened(before);
      const lives = new Map(had.map((person) => [personKey(person), person.life!]));
      const kept = persons.map((person) => ({
        ...person,
        life: lives.get(personKey(person)) ?? `role ${randomUUID()}`,
      }));
      const goesOn = kept.map(({ life }) => life);
      await this.#end(
        had.map(({ life }) => life!).filter((life) => !goesOn.includes(life)),
        session,
      );
      await this.#begin(
        goesOn.filter((life) => ![...lives.values()].includes(life)),
        session,
      );
      const opens = account ?? before?.account ?? _id;
      const set = { account: opens, sealed: this.#sealed(_id, kept) };
      await logins.updateOne({ _id }, { $set: set }, { upsert: true, session });
      return opens;
    });
  }

  suspend(account: string): Promise<boolean> {
    return this.#each(account, async (doc, session) => {
      await this.#end(
        this.#opened(doc).map(({ life }) => life!),
        session,
      );
      await this.#database.logins.updateOne({ _id: doc._id }, { $set: { suspended: true } }, { session });
    });
  }

  /** With lives of its own: what was given before stays ended. */
  resume(account: string): Promise<boolean> {
    return this.#each(account, async (doc, session) => {
      if (doc.suspended !== true) return;
      const persons = this.#opened(doc).map((person) => ({ ...person, life: `role ${randomUUID()}` }));
      await this.#begin(
        persons.map(({ life }) => life),
        session,
      );
      const update = { $set: { sealed: this.#sealed(doc._id, persons) }, $unset: { suspended: '' as const } };
      await this.#database.logins.updateOne({ _id: doc._id }, update, { session });
    });
  }

  #each(account: string, change: (doc: LoginDoc, session: ClientSession) => Promise<void>): Promise<boolean> {
    return this.#together(async (session) => {
      const docs = await this.#database.logins.find({ account }, { session, hint: 'account' }).toArray();
      for (const doc of docs) await change(doc, session);
      return docs.length > 0;
    });
  }

  async #begin(lives: readonly string[], session: ClientSession): Promise<void> {
    if (lives.length === 0) return;
    await this.#database.artifacts.insertMany(
      lives.map((_id) => ({ _id, kind: LIFE })),
      { session },
    );
  }

  async #end(lives: readonly string[], session: ClientSession): Promise<void> {
    if (lives.length > 0)
      await this.#database.artifacts.deleteMany({ _id: { $in: [...lives] } }, { session });
  }

  #together<T>(work: (session: ClientSession) => Promise<T>): Promise<T> {
    return this.#database.client.withSession((session) => session.withTransaction(() => work(session)));
  }

  #sealed(about: string, persons: readonly Person[]): Buffer {
    return seal(this.#sealing, Buffer.from(JSON.stringify(persons)), about);
  }

  #opened({ _id, sealed }: LoginDoc): Person[] {
    return JSON.parse(unseal(this.#sealing, sealed, _id).toString()) as Person[];
  }
}
