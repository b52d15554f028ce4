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
import { twice } from '../fault.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';
import { ShutPersons } from './shut.ts';

export interface LoginDoc {
  /** Keyed hash of issuer and `sub`. */
  _id: string;
  /** The account's id: that of the login that it began with. */
  account: string;
  sealed: Buffer;
  suspended?: boolean;
}

/** A person beside their accounts: a system may name a professional by itself, see oauth/assertion.ts. */
export interface AssertedDoc {
  /** Keyed hash of their reference. */
  _id: string;
  /** What the tokens hang on that were given for them. */
  life?: string;
  /** Accounts of theirs that are suspended: as long as there is one, nobody names them, nor speaks for them elsewhere. */
  suspended?: string[];
}

/** Logins that open one account. */
const MOST = 10;

export class MongoLogins implements Logins {
  readonly #database: Database;
  readonly #hashing: Buffer;
  readonly #sealing: Buffer;
  readonly #shut: ShutPersons;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#hashing = ring.derive('login hashes');
    this.#sealing = ring.derive('logins');
    this.#shut = new ShutPersons(database, ring);
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
    return twice(() => this.#keep(login, persons, account));
  }

  asserted(reference: string): Promise<string | undefined> {
    const _id = this.#shut.hash(reference);
    const { asserted } = this.#database;
    return twice(async () => {
      const [known] = await find(asserted, { _id });
      if (known !== undefined && (isShut(known) || known.life !== undefined)) return known.life;
      return this.#together(async (session) => {
        const before = await asserted.findOne({ _id }, { session });
        if (before !== null && (isShut(before) || before.life !== undefined)) return before.life;
        const life = `person ${randomUUID()}`;
        await asserted.updateOne({ _id }, { $set: { life } }, { upsert: true, session });
        await this.#begin([life], session);
        return life;
      });
    });
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
      const persons = this.#opened(doc);
      await this.#end(
        persons.map(({ life }) => life!),
        session,
      );
      for (const reference of referencesIn(persons)) await this.#shutOut(reference, account, session);
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
      for (const reference of referencesIn(persons)) await this.#letIn(reference, account, session);
      const update = { $set: { sealed: this.#sealed(doc._id, persons) }, $unset: { suspended: '' as const } };
      await this.#database.logins.updateOne({ _id: doc._id }, update, { session });
    });
  }

  async #shutOut(reference: string, account: string, session: ClientSession): Promise<void> {
    const _id = this.#shut.hash(reference);
    const update = { $addToSet: { suspended: account }, $unset: { life: '' as const } };
    const before = await this.#database.asserted.findOneAndUpdate({ _id }, update, { upsert: true, session });
    if (before?.life !== undefined) await this.#end([before.life], session);
    await this.#shut.shut(reference, session);
  }

  async #letIn(reference: string, account: string, session: ClientSession): Promise<void> {
    const _id = this.#shut.hash(reference);
    const update = { $pull: { suspended: account } };
    const left = await this.#database.asserted.findOneAndUpdate({ _id }, update, {
      session,
      returnDocument: 'after',
    });
    if (left === null || !isShut(left)) await this.#shut.open(reference, session);
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

/** As whom each of them calls. */
function referencesIn(persons: readonly Person[]): Set<string> {
  return new Set(persons.flatMap(({ reference, related }) => [reference, ...related]));
}

const isShut = ({ suspended = [] }: AssertedDoc): boolean => suspended.length > 0;
