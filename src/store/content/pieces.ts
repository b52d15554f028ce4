/**
 * The data of Binaries, sealed under its patient's key: the same data of one patient is kept once, whoever deposits it.
 * INVARIANT: it is written each time, whether it was there or not, so that neither time nor answer tells.
 */
import { createHmac } from 'node:crypto';
import type { AnyBulkWriteOperation } from 'mongodb';
import type { Resource } from '../../fhir/resource.ts';
import { find } from '../command.ts';
import type { Database } from '../database.ts';
import { Gather } from '../gather.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';

export interface PieceDoc {
  /** Keyed digest of the data and its patient. */
  _id: string;
  /** When it was last deposited, milliseconds. */
  at: number;
  /** Sealed bytes; those of its base64 where `bytes` is absent, as they were kept before. */
  data: Buffer;
  bytes?: true;
}

/** Shorter data stays in its Binary; longer would not fit a document. Characters of base64. */
const LEAST = 2_048;
const MOST = 8 * 1024 * 1024;

export class Pieces {
  readonly #database: Database;
  readonly #ring: KeyRing;
  readonly #docs: Gather<PieceDoc>;
  #key: Buffer | undefined;

  constructor(database: Database, ring: KeyRing) {
    this.#database = database;
    this.#ring = ring;
    this.#docs = new Gather(async (ids) => {
      const found = await find(this.#database.pieces, { _id: { $in: ids } });
      return new Map(found.map((doc) => [doc._id, doc]));
    });
  }

  /** Undefined: its data stays where it is, or it is no Binary, or nobody's. @param owner whose key that is */
  of({ resourceType, data }: Resource, owner: string, key: Buffer, at: number): PieceDoc | undefined {
    if (resourceType !== 'Binary' || owner === '' || typeof data !== 'string') return undefined;
    if (data.length < LEAST || data.length > MOST) return undefined;
    const bytes = Buffer.from(data, 'base64');
    // it comes back as it was sent
    if (bytes.toString('base64') !== data) return undefined;
    this.#key ??= this.#ring.derive('pieces');
    const id = createHmac('sha256', this.#key).update(`${owner}|`).update(bytes).digest('base64url');
    return { _id: id, at, data: seal(key, bytes, aboutPiece(id, owner, true)), bytes: true };
  }

  /** The bytes that a Binary's data stands for. Undefined: the patient's key was destroyed. */
  async get(id: string, owner: string): Promise<Buffer | undefined> {
    const [doc, key] = await Promise.all([this.#docs.get(id), this.#ring.get(owner)]);
    if (key === undefined) return undefined;
    if (doc === undefined) throw new Error('the data of a Binary is gone');
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
  const named = await Promise.all([
    resources.findOne({ piece: id }, { projection: { _id: 1 }, hint: 'piece' }),
    history.findOne({ piece: id }, { projection: { _id: 1 }, hint: 'piece' }),
  ]);
  if (named.some((each) => each !== null)) return false;
  return (await pieces.deleteOne({ _id: id, at: { $lt: before } })).deletedCount === 1;
}

/** What is authenticated with it. */
export const aboutPiece = (id: string, owner: string, isBytes?: boolean): string =>
  `piece ${id} of ${owner}${isBytes === true ? ' in bytes' : ''}`;
