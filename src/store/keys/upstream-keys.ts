/** Our keys towards the OpenID providers that people log in at: made when they are first needed, sealed. */
import { generateKeyPairSync } from 'node:crypto';
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

const TIME = { maxTimeMS: 10_000 };

/** @param algs of these one each. @returns private keys, as JWK */
export async function upstreamKeys(
  { upstreamKeys: collection }: Database,
  ring: KeyRing,
  algs: readonly string[],
): Promise<Key[]> {
  const key = ring.derive('keys towards upstreams');
  const opened = ({ _id, sealed }: UpstreamKeyDoc): Key =>
    JSON.parse(unseal(key, sealed, _id).toString()) as Key;
  const found = [];
  for (const alg of algs) {
    const kid = `upstream-${alg}-1`;
    const known = await collection.findOne({ _id: kid }, TIME);
    if (known !== null) found.push(opened(known));
    else {
      const sealed = seal(key, Buffer.from(JSON.stringify(made(alg, kid))), kid);
      try {
        await collection.insertOne({ _id: kid, alg, sealed, made: new Date() });
      } catch (error) {
        // another process made it at the same time
        if (!isDuplicate(error)) throw error;
      }
      found.push(opened((await collection.findOne({ _id: kid }, TIME))!));
    }
  }
  return found;
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
