/** The keys that ID tokens are signed with: made at the first start, sealed, added to by a rotation. */
import { generateKeyPairSync, type JsonWebKey, randomUUID } from 'node:crypto';
import type { Database } from '../database.ts';
import { isDuplicate } from '../fault.ts';
import type { KeyRing } from './keys.ts';
import { seal, unseal } from './sealing.ts';

export interface IssuerKeyDoc {
  /** `kid` */
  _id: string;
  alg: Alg;
  sealed: Buffer;
  made: Date;
}

const ALGS = ['RS256', 'ES256'] as const;
type Alg = (typeof ALGS)[number];

/** One is published so long before anything is signed with it: whoever keeps a key set has read it again. */
const PUBLISHED_FIRST = 15 * 60_000;
/** And so long after the next one signs. */
const KEPT = 24 * 3_600_000;
const TIME = { maxTimeMS: 10_000 };

export class IssuerKeys {
  readonly #database: Database;
  readonly #key: Buffer;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#key = ring.derive('issuer keys');
  }

  /** Private keys, of each algorithm the one that signs first; made where there are none. */
  async all(now: number): Promise<JsonWebKey[]> {
    for (const alg of ALGS) {
      const found = await this.#database.issuerKeys.findOne({ alg }, { projection: { _id: 1 }, ...TIME });
      if (found === null) await this.#makeFirst(alg, now);
    }
    const docs = await this.#database.issuerKeys.find({}, { sort: { made: -1, _id: 1 }, ...TIME }).toArray();
    const signs = (doc: IssuerKeyDoc): boolean => doc.made.getTime() <= now - PUBLISHED_FIRST;
    // in the first quarter of an hour none has been published for so long: then the oldest
    const soon = docs.filter((doc) => !signs(doc)).toReversed();
    return [...docs.filter(signs), ...soon].map((doc) => this.#opened(doc));
  }

  /** New keys, and none that no token is signed with any more. */
  async rotate(now: number): Promise<void> {
    const { issuerKeys } = this.#database;
    for (const alg of ALGS) {
      const docs = await issuerKeys.find({ alg }, { sort: { made: -1 }, ...TIME }).toArray();
      const signing = docs.findIndex(({ made }) => made.getTime() <= now - PUBLISHED_FIRST - KEPT);
      const over = signing < 0 ? [] : docs.slice(signing + 1);
      await issuerKeys.insertOne(this.#made(alg, `${alg}-${randomUUID()}`, now));
      await issuerKeys.deleteMany({ _id: { $in: over.map(({ _id }) => _id) } }, TIME);
    }
  }

  /** Under one name: of two first starts at once one makes it, and both read it. */
  async #makeFirst(alg: Alg, now: number): Promise<void> {
    try {
      await this.#database.issuerKeys.insertOne(this.#made(alg, `${alg}-1`, now));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  }

  #made(alg: Alg, kid: string, now: number): IssuerKeyDoc {
    const { privateKey } =
      alg === 'RS256'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const jwk = { ...privateKey.export({ format: 'jwk' }), kid, alg, use: 'sig' };
    return {
      _id: kid,
      alg,
      sealed: seal(this.#key, Buffer.from(JSON.stringify(jwk)), kid),
      made: new Date(now),
    };
  }

  #opened({ _id, sealed }: IssuerKeyDoc): JsonWebKey {
    return JSON.parse(unseal(this.#key, sealed, _id).toString()) as JsonWebKey;
  }
}
