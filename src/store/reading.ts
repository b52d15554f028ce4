/** Documents as the gate and the interactions know them: opened, whole, with their attributes. */
import { attributes, type VersionDoc, openBody } from './document.ts';
import type { Stored } from '../enforcement/ports.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Database } from './database.ts';
import type { KeyRing } from './keys.ts';

const EMPTY = Buffer.alloc(0);
/** Of one answer: it is put together in memory. */
const MOST_BYTES = 128 * 1024 * 1024;

/** A WeakMap of them would cost more than all else that is made of a document. */
const FROM = Symbol('the document that it was read from');
type Held = Stored & { [FROM]?: VersionDoc };

function readFrom(rid: string, doc: VersionDoc, body: Buffer): Stored {
  const stored = attributes(rid, doc) as Held;
  stored.body = body;
  stored[FROM] = doc;
  return stored;
}

export class Reading {
  readonly #database: Database;
  readonly #ring: KeyRing;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
  }

  /** Undefined when the patient's key was destroyed. */
  async open(rid: string, doc: VersionDoc): Promise<Stored | undefined> {
    if (doc.method === 'DELETE') return readFrom(rid, doc, EMPTY);
    const sealed = doc.body ?? (await this.#spilled(doc));
    const body = await openBody(sealed, rid, doc, this.#ring);
    return body === undefined ? undefined : readFrom(rid, doc, body);
  }

  /** The document that a version was read from: a write that replaces it moves it to history as it is. */
  documentOf(stored: Held): VersionDoc {
    const doc = stored[FROM];
    if (doc === undefined) throw new Error('a version to replace must have been read from the store');
    return doc;
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
