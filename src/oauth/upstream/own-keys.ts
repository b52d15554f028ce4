/** The keys by which providers know us, and to which they encrypt: https://datatracker.ietf.org/doc/html/rfc7517 */
import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import type { CryptoKey, DecryptionKey, PrivateKey } from 'openid-client';
import { ENCRYPTIONS, type Encryption } from '../../auth/upstream.ts';

/** Private keys as they are kept, each with `kid`, `alg` and `use`. */
export type OwnKey = JsonWebKey & { kid: string; alg: string; use: 'sig' | 'enc' };

export const SIGNING = 'ES256';
export const OWN_ALGS = [SIGNING, ...ENCRYPTIONS] as const;

const IMPORTED: Record<(typeof OWN_ALGS)[number], { name: string; hash?: string; namedCurve?: string }> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  'ECDH-ES': { name: 'ECDH', namedCurve: 'P-256' },
  'RSA-OAEP-256': { name: 'RSA-OAEP', hash: 'SHA-256' },
  'RSA-OAEP': { name: 'RSA-OAEP', hash: 'SHA-1' },
};

export class OwnKeys {
  readonly #keys: readonly OwnKey[];

  constructor(keys: readonly OwnKey[]) {
    this.#keys = keys;
  }

  async signing(): Promise<PrivateKey> {
    const { kid, ...jwk } = this.#key(SIGNING);
    return { key: await imported(SIGNING, jwk, ['sign']), kid };
  }

  async decryption(alg: Encryption): Promise<DecryptionKey> {
    const { kid, ...jwk } = this.#key(alg);
    const usages = alg === 'ECDH-ES' ? (['deriveBits'] as const) : (['decrypt', 'unwrapKey'] as const);
    return { key: await imported(alg, jwk, [...usages]), alg, kid };
  }

  /** As they are published. */
  published(): { keys: JsonWebKey[] } {
    const keys = this.#keys.map(({ kid, alg, use, ...jwk }) => ({
      ...createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' })).export({ format: 'jwk' }),
      kid,
      alg,
      use,
    }));
    return { keys };
  }

  #key(alg: string): OwnKey {
    const found = this.#keys.find((each) => each.alg === alg);
    if (found === undefined) throw new Error(`there is no key for ${alg}`);
    return found;
  }
}

type Usage = 'sign' | 'deriveBits' | 'decrypt' | 'unwrapKey';

function imported(
  alg: keyof typeof IMPORTED,
  { alg: _alg, use: _use, ...jwk }: JsonWebKey,
  usages: Usage[],
): Promise<CryptoKey> {
  return crypto.subtle.importKey('jwk', jwk as never, IMPORTED[alg], false, usages) as Promise<CryptoKey>;
}
