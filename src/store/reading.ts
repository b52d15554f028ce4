/** Documents as the gate and the interactions know them: opened, whole, with their attributes. */
import { attributes, type Doc, face, type VersionDoc, openBody, sealers } from './document.ts';
import type { Shown, Stored } from '../enforcement/ports.ts';
import { parseJson, stringifyJson } from '../fhir/json.ts';
import { FhirError } from '../fhir/outcome.ts';
import type { Resource } from '../fhir/resource.ts';
import type { Database } from './database.ts';
import type { KeyRing } from './keys/keys.ts';
import { Pieces, withData, withoutData } from './content/pieces.ts';
import { MOST_BYTES } from './weight.ts';

const EMPTY = Buffer.alloc(0);
/** A WeakMap of them would cost more than all else that is made of a document. */
const FROM = Symbol('the document that it was read from');
type Held = Stored & { [FROM]?: VersionDoc };

type Parts = NonNullable<Stored['parts']>;
type Opened = Buffer | Parts;

function readFrom(rid: string, doc: VersionDoc, opened: Opened): Stored {
  const stored = withBody(attributes(rid, doc) as Held, opened);
  stored[FROM] = doc;
  return stored;
}

const shownFrom = (rid: string, doc: VersionDoc, opened: Opened): Shown =>
  withBody(face(rid, doc) as Shown, opened);

/** Parts are put together when they are asked for as one: who wants the content itself doesn't. */
function withBody<S extends Shown>(stored: S, opened: Opened): S {
  if (Buffer.isBuffer(opened)) {
    stored.body = opened;
    return stored;
  }
  let body: Buffer | undefined;
  const whole = (): Buffer => (body ??= withData(opened.bare, opened.data.toString('base64')));
  Object.defineProperty(stored, 'body', { get: whole, enumerable: true, configurable: true });
  return Object.assign(stored, { parts: opened });
}

const lengthOf = (opened: Opened): number =>
  Buffer.isBuffer(opened) ? opened.length : opened.bare.length + (opened.data.length * 4) / 3;

function withoutContent(body: Buffer): Buffer {
  return Buffer.from(stringifyJson(withoutData(parseJson(body) as Resource)));
}

export class Reading {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #pieces: Pieces;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
    this.#pieces = new Pieces(database, ring);
  }

  /** Undefined when the patient's key was destroyed. */
  async open(rid: string, doc: VersionDoc): Promise<Stored | undefined> {
    const body = await this.#body(rid, doc);
    return body === undefined ? undefined : readFrom(rid, doc, body);
  }

  /** The document that a version was read from: a write that replaces it moves it to history as it is. */
  documentOf(stored: Held): VersionDoc {
    const doc = stored[FROM];
    if (doc === undefined) throw new Error('a version to replace must have been read from the store');
    return doc;
  }

  all(docs: readonly { rid: string; doc: VersionDoc }[]): Promise<Stored[]> {
    return this.#each(docs, readFrom);
  }

  /** Of current versions. */
  current(docs: readonly Doc[]): Promise<Stored[]> {
    return this.all(docs.map((doc) => ({ rid: doc._id, doc })));
  }

  /** Of documents that were asked for without what the gate looks at. */
  faces(docs: readonly Doc[]): Promise<Shown[]> {
    return this.#each(
      docs.map((doc) => ({ rid: doc._id, doc })),
      shownFrom,
    );
  }

  async #each<S>(
    docs: readonly { rid: string; doc: VersionDoc }[],
    made: (rid: string, doc: VersionDoc, opened: Opened) => S,
  ): Promise<S[]> {
    const opened: S[] = [];
    let bytes = 0;
    for (const { rid, doc } of docs) {
      const body = await this.#body(rid, doc);
      if (body === undefined) continue;
      bytes += lengthOf(body);
      if (bytes > MOST_BYTES && opened.length > 0)
        throw new FhirError(
          'too-costly',
          `the answer is longer than ${MOST_BYTES} bytes: ask for fewer by \`_count\``,
        );
      opened.push(made(rid, doc, body));
    }
    return opened;
  }

  /** With what is held back too: to scan it, and to seal it anew. INVARIANT: never to give it. */
  async openHeld(rid: string, doc: VersionDoc): Promise<Stored | undefined> {
    const body = await this.#whole(rid, doc);
    return body === undefined ? undefined : readFrom(rid, doc, body);
  }

  async #body(rid: string, doc: VersionDoc): Promise<Opened | undefined> {
    const opened = await this.#whole(rid, doc);
    if (opened === undefined || doc.held === undefined) return opened;
    return Buffer.isBuffer(opened) ? withoutContent(opened) : opened.bare;
  }

  async #whole(rid: string, doc: VersionDoc): Promise<Opened | undefined> {
    if (doc.method === 'DELETE') return EMPTY;
    const bare = await openBody(doc.body ?? (await this.#spilled(doc)), rid, doc, this.#ring);
    if (bare === undefined) return undefined;
    if (doc.inline !== undefined) return this.#pieces.join(bare, doc.inline, sealers(doc)[0]!);
    if (doc.piece === undefined) return bare;
    const data = await this.#pieces.get(doc.piece, sealers(doc)[0]!);
    return data === undefined ? undefined : { bare, data };
  }

  async #spilled(doc: VersionDoc): Promise<Buffer> {
    if (doc.spill === undefined) throw new Error('a version without a body');
    const chunks: Buffer[] = [];
    for await (const chunk of this.#database.spill.openDownloadStream(doc.spill))
      chunks.push(chunk as Buffer);
    return Buffer.concat(chunks);
  }
}
