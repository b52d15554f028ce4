/** The keys by which providers know us, and to which they encrypt: https://datatracker.ietf.org/doc/html/rfc7517 */
import { createPrivateKey, createPublicKey, type JsonWebKey } from 'node:crypto';
import type { CryptoKey, DecryptionKey, PrivateKey } from 'openid-client';
import { ENCRYPTIONS, type Encryption } from '../../auth/upstream.ts';

/** Private keys as they are kept, each with `kid`, `alg`, `use` and when it was made, milliseconds. */
export type OwnKey = JsonWebKey & { kid: string; alg: string; use: 'sig' | 'enc'; made: number };

/** One is published so long before anything is signed with it: whoever keeps our key set has read it again. Milliseconds. */
const PUBLISHED_FIRST = 15 * 60_000;

export const SIGNING = 'ES256';
export const OWN_ALGS = [SIGNING, ...ENCRYPTIONS] as const;

const IMPORTED: Record<(typeof OWN_ALGS)[number], { name: string; hash?: string; namedCurve?: string }> = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  'ECDH-ES': { name: 'ECDH', namedCurve: 'P-256' },
  'RSA-OAEP-256': { name: 'RSA-OAEP', hash: 'SHA-256' },
  'RSA-OAEP': { name: 'RSA-OAEP', hash: 'SHA-1' },
};

export class OwnKeys {
  #keys: readonly OwnKey[];

  /** @param keys the newest first */
  constructor(keys: readonly OwnKey[]) {
    this.#keys = keys;
  }

  replace(keys: readonly OwnKey[]): void {
    this.#keys = keys;
  }

  /** Another as soon as other keys are used. */
  version(now: number): string {
    return [this.#signs(now)?.kid, ...this.#keys.map(({ kid }) => kid)].join(' ');
  }

  async signing(now: number): Promise<PrivateKey> {
    const found = this.#signs(now);
    if (found === undefined) throw new Error(`there is no key for ${SIGNING}`);
    return { key: await imported(SIGNING, found, ['sign']), kid: found.kid };
  }

  /** Those of before too: a provider may still encrypt to them. */
  async decryption(alg: Encryption): Promise<DecryptionKey[]> {
    const usages = alg === 'ECDH-ES' ? (['deriveBits'] as const) : (['decrypt', 'unwrapKey'] as const);
    const found = this.#of(alg);
    if (found.length === 0) throw new Error(`there is no key for ${alg}`);
    return Promise.all(
      found.map(async (each) => ({ key: await imported(alg, each, [...usages]), alg, kid: each.kid })),
    );
  }

  /** As they are published: to be encrypted to the newest alone. */
  published(): { keys: JsonWebKey[] } {
    const shown = OWN_ALGS.flatMap((alg) => (alg === SIGNING ? this.#of(alg) : this.#of(alg).slice(0, 1)));
    const keys = shown.map(({ kid, alg, use, made: _made, ...jwk }) => ({
      ...createPublicKey(createPrivateKey({ key: jwk, format: 'jwk' })).export({ format: 'jwk' }),
      kid,
      alg,
      use,
    }));
    return { keys };
  }

  #signs(now: number): OwnKey | undefined {
    const all = this.#of(SIGNING);
    return all.find(({ made }) => made <= now - PUBLISHED_FIRST) ?? all.at(-1);
  }

  #of(wanted: string): OwnKey[] {
    return this.#keys.filter(({ alg }) => alg === wanted);
  }
}

type Usage = 'sign' | 'deriveBits' | 'decrypt' | 'unwrapKey';

function imported(
  alg: keyof typeof IMPORTED,
  { alg: _alg, use: _use, kid: _kid, made: _made, ...jwk }: OwnKey,
  usages: Usage[],
): Promise<CryptoKey> {
  return crypto.subtle.importKey('jwk', jwk as never, IMPORTED[alg], false, usages) as Promise<CryptoKey>;
}
