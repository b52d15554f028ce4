/** An issuer's public keys, from a JWKS file or URL: https://datatracker.ietf.org/doc/html/rfc7517 */
import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FhirError } from '../fhir/outcome.ts';

export type KeySource = () => Promise<JsonWebKey[]>;

const FRESH_FOR = 10 * 60_000;
/** An unknown key id asks again, but not more often than this: a stream of made-up ids must cost nothing. */
const ASK_AGAIN_AFTER = 10_000;
/** Keys that can't be read again are believed this long: one that is withdrawn must not stay good. */
const GOOD_FOR = 3_600_000;
const MOST_BYTES = 256 * 1024;

export function keySource(place: string): KeySource {
  return /^https?:\/\//.test(place)
    ? () => fetchKeys(place)
    : async () => keysIn(await readFile(place, 'utf8'));
}

async function fetchKeys(url: string): Promise<JsonWebKey[]> {
  const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(5_000) });
  if (!response.ok) throw new Error(`the key set answered ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    // not read on: whoever serves it would fill the memory
    if (bytes > MOST_BYTES) throw new Error('the key set is too large');
    chunks.push(chunk);
  }
  return keysIn(Buffer.concat(chunks).toString());
}

function keysIn(text: string): JsonWebKey[] {
  const { keys } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('a key set has a list `keys`');
  return keys as JsonWebKey[];
}

export class KeySet {
  readonly #source: KeySource;
  #keys = new Map<string, KeyObject>();
  #readAt = -Infinity;
  #triedAt = -Infinity;
  #reading: Promise<void> | undefined;
  #failed: unknown;

  constructor(source: KeySource) {
    this.#source = source;
  }

  /**
   * Undefined: there is no such key. Keys rotate without a restart.
   * @throws FhirError 503 when they can't be read, and what was read before is too old
   */
  async key(kid: string): Promise<KeyObject | undefined> {
    const now = Date.now();
    const stale = now - this.#readAt > FRESH_FOR;
    if ((stale || !this.#keys.has(kid)) && now - this.#triedAt > ASK_AGAIN_AFTER) {
      this.#reading ??= this.#read().finally(() => (this.#reading = undefined));
    }
    if (this.#reading !== undefined) await this.#reading.catch((cause: unknown) => (this.#failed = cause));
    if (Date.now() - this.#readAt < GOOD_FOR) return this.#keys.get(kid);
    throw new FhirError('transient', 'the keys of the issuer can not be read: try again', {
      cause: this.#failed,
    });
  }

  async #read(): Promise<void> {
    this.#triedAt = Date.now();
    const keys = await this.#source();
    this.#keys = new Map(
      keys.flatMap((jwk) => {
        const key = publicKey(jwk);
        return key === undefined ? [] : [[String(jwk.kid), key] as const];
      }),
    );
    this.#readAt = Date.now();
  }
}

/** One that can't be used must not take the others with it. */
function publicKey(jwk: JsonWebKey): KeyObject | undefined {
  if (typeof jwk?.kid !== 'string' || (jwk.use !== undefined && jwk.use !== 'sig') || jwk.kty === 'oct')
    return undefined;
  try {
    return createPublicKey({ key: jwk, format: 'jwk' });
  } catch {
    return undefined;
  }
}
