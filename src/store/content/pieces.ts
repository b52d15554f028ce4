/**
 * The data of Binaries and of what documents carry in themselves, sealed under its patient's key: the same data of one
 * patient is kept once, whoever deposits it, and in whichever of these ways.
 * INVARIANT: it is written each time, whether it was there or not, so that neither time nor answer tells.
 */
import { createHmac } from 'node:crypto';
import type { AnyBulkWriteOperation } from 'mongodb';
import { canonicalBytes } from '../../fhir/content/base64.ts';
import type { Resource } from '../../fhir/resource.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { Gather } from '../gather.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';
import { withIds } from '../query/query.ts';

export interface PieceDoc {
  /** Keyed digest of the data and its patient. */
  _id: string;
  /** When it was last deposited, milliseconds. */
  at: number;
  /** Sealed bytes; those of its base64 where `bytes` is absent, as they were kept before. */
  data: Buffer;
  bytes?: true;
}

/** Shorter data stays where it is; longer would not fit a document: it lies in several. Characters of base64. */
const LEAST = 2_048;
/** What a document carries is read with each search that finds it: short data would cost more apart than twice. */
const LEAST_INSIDE = 16_384;
const MOST = 8 * 1024 * 1024;

/** Where data was cut out of a body. */
export interface Cut {
  piece: string;
  /** How much of what is left is before it. Bytes. */
  at: number;
}

/** A version's body, and what of it lies apart. */
export interface Split {
  /** As it is given. */
  whole: Buffer;
  /** As it is sealed. */
  left: Buffer;
  pieces: PieceDoc[];
  /** What the version says of it. */
  named: { piece?: string; inline?: Cut[]; size?: number };
}

export class Pieces {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #docs: Gather<PieceDoc>;
  #key: Buffer | undefined;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
    this.#docs = new Gather(async (ids) => {
      const found = await find(this.#database.pieces, withIds(ids));
      return new Map(found.map((doc) => [doc._id, doc]));
    });
  }

  /** @param owner whose key that is; empty: nobody's @param rendered its JSON, of it and of what is left of it */
  split(
    resource: Resource,
    rendered: (resource: Resource) => Buffer,
    { owner, key, at }: { owner: string; key: Buffer; at: number },
  ): Split {
    const { resourceType, data } = resource;
    if (owner !== '' && resourceType === 'Binary' && typeof data === 'string' && data.length <= MOST) {
      const piece = this.#of(data, owner, key, at);
      if (piece !== undefined) {
        const left = rendered(withoutData(resource));
        const named = { piece: piece._id, size: left.length + piece.data.length };
        return { whole: withData(left, data), left, pieces: [piece], named };
      }
    }
    const whole = rendered(resource);
    const cuts: Cut[] = [];
    const pieces: PieceDoc[] = [];
    const left: Buffer[] = [];
    let [from, length] = [0, 0];
    for (const each of owner === '' ? [] : dataIn(resource)) {
      if (each.length < LEAST_INSIDE) continue;
      for (let start = 0; start < each.length; start += MOST) {
        const part = each.slice(start, start + MOST);
        // any place will do: what is put back is what was there
        const found = whole.indexOf(part, from, 'latin1');
        const piece = found < 0 ? undefined : this.#of(part, owner, key, at);
        if (piece === undefined) break;
        left.push(whole.subarray(from, found));
        length += found - from;
        from = found + part.length;
        cuts.push({ piece: piece._id, at: length });
        pieces.push(piece);
      }
    }
    if (cuts.length === 0) return { whole, left: whole, pieces, named: {} };
    left.push(whole.subarray(from));
    return { whole, left: Buffer.concat(left), pieces, named: { inline: cuts, size: whole.length } };
  }

  /** Undefined: it would not come back as it was sent. */
  #of(data: string, owner: string, key: Buffer, at: number): PieceDoc | undefined {
    if (data.length < LEAST) return undefined;
    const bytes = canonicalBytes(data);
    if (bytes === undefined) return undefined;
    this.#key ??= this.#ring.derive('pieces');
    const id = createHmac('sha256', this.#key).update(`${owner}|`).update(bytes).digest('base64url');
    return { _id: id, at, data: seal(key, bytes, aboutPiece(id, owner, true)), bytes: true };
  }

  /** A body with all that was cut out of it. Undefined: the patient's key was destroyed. */
  async join(left: Buffer, cuts: readonly Cut[], owner: string): Promise<Buffer | undefined> {
    const found = await Promise.all(cuts.map(({ piece }) => this.get(piece, owner)));
    const parts: Buffer[] = [];
    let from = 0;
    for (const [index, { at }] of cuts.entries()) {
      const bytes = found[index];
      if (bytes === undefined) return undefined;
      parts.push(left.subarray(from, at), Buffer.from(bytes.toString('base64'), 'latin1'));
      from = at;
    }
    return Buffer.concat([...parts, left.subarray(from)]);
  }

  /** The bytes that the data stands for. Undefined: the patient's key was destroyed. */
  async get(id: string, owner: string): Promise<Buffer | undefined> {
    const [doc, key] = await Promise.all([this.#docs.get(id), this.#ring.get(owner)]);
    if (key === undefined) return undefined;
    if (doc === undefined) throw new Error('data that lies apart is gone');
    const data = unseal(key, doc.data, aboutPiece(id, owner, doc.bytes));
    return doc.bytes === true ? data : Buffer.from(data.toString('latin1'), 'base64');
  }
}

/** A Binary's JSON with its data. @param bare without @param data in base64 */
export function withData(bare: Buffer, data: string): Buffer {
  return Buffer.concat([bare.subarray(0, -1), DATA, Buffer.from(data, 'latin1'), END]);
}

/** A resource has other elements before: its type at least. */
const DATA = Buffer.from(',"data":"');
const END = Buffer.from('"}');

/** Long data that a resource carries: a Binary's, and that of a document's attachments. */
function dataIn({ resourceType, data, content }: Resource): string[] {
  if (resourceType === 'Binary') return typeof data === 'string' ? [data] : [];
  if (resourceType !== 'DocumentReference' || !Array.isArray(content)) return [];
  return content.flatMap((each: { attachment?: { data?: unknown } } | null) => {
    const inside = each?.attachment?.data;
    return typeof inside === 'string' ? [inside] : [];
  });
}

export function withoutData(binary: Resource): Resource {
  const { data: _data, ...rest } = binary;
  return rest as Resource;
}

export function keeping(pieces: readonly PieceDoc[]): AnyBulkWriteOperation<PieceDoc>[] {
  return pieces.map(({ _id, ...piece }) => ({
    updateOne: { filter: { _id }, update: { $set: piece }, upsert: true },
  }));
}

/** Drops it, unless some version names it, or somebody has deposited it again since. @param before milliseconds */
export async function dropPiece(
  { resources, history, pieces }: Database,
  id: string,
  before: number,
): Promise<boolean> {
  const found = { projection: { _id: 1 } } as const;
  const named = await Promise.all([
    resources.findOne({ piece: id }, { ...found, hint: 'piece' }),
    history.findOne({ piece: id }, { ...found, hint: 'piece' }),
    resources.findOne({ 'inline.piece': id }, { ...found, hint: 'inline' }),
    history.findOne({ 'inline.piece': id }, { ...found, hint: 'inline' }),
  ]);
  if (named.some((each) => each !== null)) return false;
  return (await pieces.deleteOne({ _id: id, at: { $lt: before } })).deletedCount === 1;
}

/** Whatever of this version lies apart. */
export const piecesOf = ({ piece, inline = [] }: { piece?: string; inline?: readonly Cut[] }): string[] => [
  ...(piece === undefined ? [] : [piece]),
  ...inline.map((cut) => cut.piece),
];

/** What is authenticated with it. */
export const aboutPiece = (id: string, owner: string, isBytes?: boolean): string =>
  `piece ${id} of ${owner}${isBytes === true ? ' in bytes' : ''}`;
