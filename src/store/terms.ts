/** Terms as they are stored: keyed, so that a stolen index tells only which are equal. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const BYTES = 12;
const REMEMBERED = 60_000;

export class Terms {
  readonly #key: KeyObject;
  /** Codes, systems and authors come back all the time. */
  readonly #remembered = new Map<string, Buffer>();

  constructor(key: Buffer) {
    this.#key = createSecretKey(key);
  }

  of(term: string): Buffer {
    const known = this.#remembered.get(term);
    if (known !== undefined) return known;
    const full = createHmac('sha256', this.#key).update(term).digest();
    const made = Buffer.allocUnsafeSlow(BYTES);
    full.copy(made, 0, 0, BYTES);
    if (this.#remembered.size >= REMEMBERED) {
      let drop = REMEMBERED / 4;
      for (const old of this.#remembered.keys()) {
        this.#remembered.delete(old);
        if (--drop === 0) break;
      }
    }
    this.#remembered.set(term, made);
    return made;
  }

  all(terms: readonly string[]): Buffer[] {
    return terms.map((term) => this.of(term));
  }

  /** A label or code as the gate's conditions and the documents carry it. */
  text(term: string): string {
    return this.of(term).toString('base64url');
  }
}
