/** Links to further pages: opaque, encrypted, bound to the caller. What they show is decided again on each page. */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import type { Subject } from '../consent/subject.ts';
import { FhirError } from '../fhir/outcome.ts';

export interface PageState {
  /** The query as first sent. */
  query: [string, string][];
  /** Path below the base. */
  path: string;
  handling: 'strict' | 'lenient';
  after: unknown;
}

export class PageLinks {
  readonly #key: Buffer;

  constructor(key: Buffer) {
    this.#key = key;
  }

  seal(state: PageState, subject: Subject): string {
    const nonce = randomBytes(12);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(bindingOf(subject));
    const sealed = [nonce, cipher.update(JSON.stringify(state)), cipher.final()];
    return Buffer.concat([...sealed, cipher.getAuthTag()]).toString('base64url');
  }

  /** @throws FhirError when it was altered, or given to somebody else */
  open(token: string, path: string, subject: Subject): PageState {
    try {
      const bytes = Buffer.from(token, 'base64url');
      const decipher = createDecipheriv('aes-256-gcm', this.#key, bytes.subarray(0, 12), {
        authTagLength: 16,
      });
      decipher.setAAD(bindingOf(subject)).setAuthTag(bytes.subarray(-16));
      const text = Buffer.concat([decipher.update(bytes.subarray(12, -16)), decipher.final()]).toString();
      const state = JSON.parse(text) as PageState;
      if (state.path === path) return state;
    } catch {
      // altered, cut or another's: told alike
    }
    throw new FhirError('value', 'the page link is not understood: begin with the first page');
  }
}

function bindingOf({ reference, client, role }: Subject): Buffer {
  return Buffer.from(JSON.stringify([reference, client, role]));
}
