/** Terms as they are stored: keyed, so that a stolen index tells only which are equal. */
import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';

const BYTES = 12;
const REMEMBERED = 30_000;

export class Terms {
  readonly #key: KeyObject;
  /** Codes, systems and authors come back all the time: what was asked for lately, and what was before that. */
  #lately = new Map<string, Buffer>();
  #before = new Map<string, Buffer>();

  constructor(key: Buffer) {
    this.#key = createSecretKey(key);
  }

  of(term: string): Buffer {
    const known = this.#lately.get(term);
    if (known !== undefined) return known;
    const made = this.#before.get(term) ?? this.#make(term);
    if (this.#lately.size >= REMEMBERED) {
      this.#before = this.#lately;
      this.#lately = new Map();
    }
    this.#lately.set(term, made);
    return made;
  }

  #make(term: string): Buffer {
    const made = Buffer.allocUnsafeSlow(BYTES);
    createHmac('sha256', this.#key).update(term).digest().copy(made, 0, 0, BYTES);
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
