/** Activation codes as MongoDB holds them: a keyed hash under a keyed name, dropped after six weeks. */
import { createHmac } from 'node:crypto';
import { type ActivationCodes, bareCode, GOOD_FOR, newCode } from '../../auth/activation.ts';
import type { Database } from '../database.ts';
import type { KeyRing } from '../keys/keys.ts';

const KIND = 'ActivationCode';
const TIME = { maxTimeMS: 10_000 };

export class MongoActivationCodes implements ActivationCodes {
  readonly #database: Database;
  readonly #key: Buffer;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#key = ring.derive('activation codes');
  }

  async issue(patient: string): Promise<string> {
    const code = newCode();
    const set = {
      kind: KIND,
      code: this.#hash(patient, code),
      until: new Date(Date.now() + GOOD_FOR * 1000),
    };
    await this.#database.artifacts.updateOne(
      { _id: this.#name(patient) },
      { $set: set },
      { upsert: true, ...TIME },
    );
    return code;
  }

  async use(patient: string, typed: string): Promise<boolean> {
    const done = await this.#database.artifacts.deleteOne(
      { _id: this.#name(patient), code: this.#hash(patient, typed), until: { $gt: new Date() } },
      TIME,
    );
    return done.deletedCount === 1;
  }

  #name(patient: string): string {
    return this.#keyed(`space ${patient}`);
  }

  #hash(patient: string, typed: string): string {
    return this.#keyed(`code ${patient} ${bareCode(typed)}`);
  }

  #keyed(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}
