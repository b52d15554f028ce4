/** Documents as the gate and the interactions know them: opened, whole, with their attributes. */
import { attributes, type VersionDoc, openBody } from './document.ts';
import type { Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Database } from './database.ts';
import type { KeyRing } from './keys.ts';

const EMPTY = Buffer.alloc(0);
/** Of one answer: it is put together in memory. */
const MOST_BYTES = 128 * 1024 * 1024;

export class Reading {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #held = new WeakMap<Stored, VersionDoc>();

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
  }

  /** Undefined when the patient's key was destroyed. */
  async open(rid: string, doc: VersionDoc): Promise<Stored | undefined> {
    if (doc.method === 'DELETE') return this.#hold({ ...attributes(rid, doc), body: EMPTY }, doc);
    const sealed = doc.body ?? (await this.#spilled(doc));
    const body = await openBody(sealed, rid, doc, this.#ring);
    return body === undefined ? undefined : this.#hold({ ...attributes(rid, doc), body }, doc);
  }

  /** The document that a version was read from: a write that replaces it moves it to history as it is. */
  documentOf(stored: Stored): VersionDoc {
    const doc = this.#held.get(stored);
    if (doc === undefined) throw new Error('a version to replace must have been read from the store');
    return doc;
  }

  #hold(stored: Stored, doc: VersionDoc): Stored {
    this.#held.set(stored, doc);
    return stored;
  }

  async all(docs: readonly { rid: string; doc: VersionDoc }[]): Promise<Stored[]> {
    const opened: Stored[] = [];
    let bytes = 0;
    for (const { rid, doc } of docs) {
      const stored = await this.open(rid, doc);
      if (stored === undefined) continue;
      bytes += stored.body.length;
      if (bytes > MOST_BYTES)
        throw new FhirError(
          'too-costly',
          `the answer is longer than ${MOST_BYTES} bytes: ask for fewer by \`_count\``,
        );
      opened.push(stored);
    }
    return opened;
  }

  async #spilled(doc: VersionDoc): Promise<Buffer> {
    if (doc.spill === undefined) throw new Error('a version without a body');
    const chunks: Buffer[] = [];
    for await (const chunk of this.#database.spill.openDownloadStream(doc.spill))
      chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
}
