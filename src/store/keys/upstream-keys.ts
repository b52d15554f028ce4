/** Our keys towards the OpenID providers that people log in at: made when they are first needed, sealed, added to by a rotation. */
import { generateKeyPairSync, randomUUID } from 'node:crypto';
import type { Collection } from 'mongodb';
import type { Database } from '../database.ts';
import { isDuplicate } from '../fault.ts';
import type { KeyRing } from './keys.ts';
import { seal, unseal } from './sealing.ts';

export interface UpstreamKeyDoc {
  /** `kid` */
  _id: string;
  alg: string;
  sealed: Buffer;
  made: Date;
}

interface Key {
  kid: string;
  alg: string;
  use: 'sig' | 'enc';
}

/** With when it was made, milliseconds. */
export type KeptKey = Key & { made: number };

const TIME = { maxTimeMS: 10_000 };
/** Providers keep our public keys for a while: what is encrypted to one of before is still read. Milliseconds. */
const KEPT = 7 * 86_400_000;

export class UpstreamKeys {
  readonly #keys: Collection<UpstreamKeyDoc>;
  readonly #key: Buffer;

  constructor({ upstreamKeys }: Database, ring: KeyRing) {
    this.#keys = upstreamKeys;
    this.#key = ring.derive('keys towards upstreams');
  }

  /** @param algs of these at least one each. @returns private keys, as JWK, the newest first */
  async all(algs: readonly string[], now: number): Promise<KeptKey[]> {
    for (const alg of algs) {
      if ((await this.#keys.findOne({ alg }, { projection: { _id: 1 }, ...TIME })) === null)
        await this.#makeFirst(alg, now);
    }
    const docs = await this.#keys
      .find({ alg: { $in: [...algs] } }, { sort: { made: -1, _id: 1 }, ...TIME })
      .toArray();
    return docs.map(({ _id, sealed, made }) => ({
      ...(JSON.parse(unseal(this.#key, sealed, _id).toString()) as Key),
      made: made.getTime(),
    }));
  }

  /** New ones, of each kind that there is, and none whose successor is older than anybody keeps a key set. */
  async rotate(now: number): Promise<void> {
    for (const alg of (await this.#keys.distinct('alg', {}, TIME)) as string[]) {
      const docs = await this.#keys.find({ alg }, { sort: { made: -1 }, ...TIME }).toArray();
      const settled = docs.findIndex(({ made }) => made.getTime() <= now - KEPT);
      const over = settled < 0 ? [] : docs.slice(settled + 1);
      await this.#keys.insertOne(this.#made(alg, `upstream-${alg}-${randomUUID()}`, now));
      await this.#keys.deleteMany({ _id: { $in: over.map(({ _id }) => _id) } }, TIME);
    }
  }

  /** Under one name: of two first starts at once one makes it, and both read it. */
  async #makeFirst(alg: string, now: number): Promise<void> {
    try {
      await this.#keys.insertOne(this.#made(alg, `upstream-${alg}-1`, now));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
  }

  #made(alg: string, kid: string, now: number): UpstreamKeyDoc {
    const sealed = seal(this.#key, Buffer.from(JSON.stringify(made(alg, kid))), kid);
    return { _id: kid, alg, sealed, made: new Date(now) };
  }
}

function made(alg: string, kid: string): Key {
  const { privateKey } = alg.startsWith('RSA')
    ? generateKeyPairSync('rsa', { modulusLength: 3072 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    ...privateKey.export({ format: 'jwk' }),
    kid,
    alg,
    use: alg.startsWith('ES') ? 'sig' : 'enc',
  } as Key;
}
