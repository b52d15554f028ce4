/**
 * Content too large for a resource's JSON: sealed in chunks under a key of its own, which is sealed under its
 * patient's. Laid out as GridFS lays out files: https://www.mongodb.com/docs/manual/core/gridfs/
 */
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type Collection, type Db, ObjectId } from 'mongodb';
import type { Content, Kept } from '../../enforcement/ports.ts';
import { FhirError } from '../../fhir/outcome.ts';
import { inChunks } from './chunks.ts';
import type { KeyRing } from '../keys/keys.ts';
import { seal, unseal } from '../keys/sealing.ts';

/** Of plain content in a chunk. Each chunk is a durable write of its own. Bytes. */
const CHUNK = 1024 * 1024;
const TIME = { maxTimeMS: 15_000 };

export interface ContentDoc {
  _id: ObjectId;
  /** As it is stored, bytes. */
  length: number;
  chunkSize: number;
  /** When it was last deposited. */
  uploadDate: Date;
  metadata: {
    /** Whose key seals it; empty: nobody's. */
    patient: string;
    /** Key, size and sums: see `Header`. */
    header: Buffer;
    /** The same for the same bytes of the same patient; keyed. */
    digest: Buffer;
    /** Of other patients whose documents name it too. */
    also?: { patient: string; header: Buffer }[];
  };
}

export interface ChunkDoc {
  files_id: ObjectId;
  n: number;
  data: Buffer;
}

interface Header {
  key: string;
  size: number;
  sha1: string;
  /** Base64; absent in what earlier servers wrote. */
  sha256?: string;
}

export const filesOf = (db: Db): Collection<ContentDoc> => db.collection<ContentDoc>('content.files');
export const chunksOf = (db: Db): Collection<ChunkDoc> => db.collection<ChunkDoc>('content.chunks');

const PURPOSE = 'content';

export class Contents {
  readonly #files: Collection<ContentDoc>;
  readonly #chunks: Collection<ChunkDoc>;
  readonly #ring: KeyRing;

  constructor(db: Db, ring: KeyRing) {
    this.#files = filesOf(db);
    this.#chunks = chunksOf(db);
    this.#ring = ring;
  }

  /**
   * Takes it all in. The same bytes of the same patient are kept once: all is written before that is known, so that
   * it takes as long; what was written in vain is swept.
   * @param patient empty: nobody's
   * @throws what `source` throws: nothing is left then
   */
  async keep(source: AsyncIterable<Buffer>, patient: string): Promise<Kept> {
    const id = new ObjectId();
    const owner = (await this.#ring.ensure([patient])).get(patient)!;
    const key = randomBytes(32);
    const sums = { sha1: createHash('sha1'), sha256: createHash('sha256') };
    let [size, n, length] = [0, 0, 0];
    try {
      for await (const chunk of inChunks(source, CHUNK)) {
        sums.sha1.update(chunk);
        sums.sha256.update(chunk);
        const data = seal(key, chunk, `${id.toHexString()}/${n}`);
        await this.#chunks.insertOne({ files_id: id, n, data }, { writeConcern: DURABLE });
        size += chunk.length;
        length += data.length;
        n += 1;
      }
      const sha1 = sums.sha1.digest('base64');
      const sha256 = sums.sha256.digest();
      const header: Header = { key: key.toString('base64'), size, sha1, sha256: sha256.toString('base64') };
      const digest = this.#digest(patient, size, sha256, key);
      const known = await this.#again(digest);
      if (known !== undefined) return { id: known, size, sha1 };
      await this.#files.insertOne(
        {
          _id: id,
          length,
          chunkSize: CHUNK + OVERHEAD,
          uploadDate: new Date(),
          metadata: {
            patient,
            header: seal(owner, Buffer.from(JSON.stringify(header)), about(id, patient)),
            digest,
          },
        },
        { writeConcern: DURABLE },
      );
      return { id: id.toHexString(), size, sha1 };
    } catch (error) {
      await this.#chunks.deleteMany({ files_id: id }).catch(() => {});
      throw error;
    }
  }

  /** Undefined: swept, or its patient was erased. */
  async find(id: string): Promise<Content | undefined> {
    const file = await this.#files.findOne({ _id: new ObjectId(id) }, TIME);
    if (file === null) return undefined;
    const found = await this.#header(file);
    if (found === undefined) return undefined;
    const { key, size, sha1 } = found;
    return {
      size,
      sha1,
      read: (from = 0, to = size) => this.#read(file._id, Buffer.from(key, 'base64'), from, to),
    };
  }

  /**
   * Seals it under the keys of these patients, whose documents name it, in place of nobody's.
   * @returns the id of the same bytes, which may be there already
   */
  async own(id: string, patients: readonly string[]): Promise<string> {
    const _id = new ObjectId(id);
    const file = await this.#files.findOne({ _id }, TIME);
    if (file === null) return id;
    const { patient, also = [], digest } = file.metadata;
    const missing = patients.filter(
      (each) => each !== patient && also.every((other) => other.patient !== each),
    );
    if (missing.length === 0 && patient !== '') return id;
    const header = await this.#header(file);
    if (header === undefined) return id;
    const keys = await this.#ring.ensure(missing);
    const wrap = (owner: string) => ({
      patient: owner,
      header: seal(keys.get(owner)!, Buffer.from(JSON.stringify(header)), about(_id, owner)),
    });
    const [first, ...others] = missing;
    const metadata =
      patient === ''
        ? { ...wrap(first!), also: others.map(wrap), digest: this.#owned(first!, header) ?? digest }
        : { ...file.metadata, also: [...also, ...missing.map(wrap)] };
    // both, so that it takes as long whether they are there or not; what is left over is swept
    const known = patient === '' && others.length === 0 ? await this.#again(metadata.digest) : undefined;
    if (known !== undefined) metadata.digest = digest;
    await this.#files.updateOne(
      { _id, 'metadata.patient': patient },
      { $set: { metadata } },
      { writeConcern: DURABLE },
    );
    return known ?? id;
  }

  /** Their keys open it no more: it has become others', whose keys do. */
  async disown(id: string, patients: readonly string[]): Promise<void> {
    if (patients.length === 0) return;
    const _id = new ObjectId(id);
    const file = await this.#files.findOne({ _id }, TIME);
    if (file === null) return;
    const { patient, header: wrapped, also = [], digest } = file.metadata;
    const [first, ...others] = [{ patient, header: wrapped }, ...also].filter(
      (each) => !patients.includes(each.patient),
    );
    if (first === undefined || others.length === also.length) return;
    const header = await this.#header(file);
    if (header === undefined) return;
    const own = first.patient === patient ? digest : (this.#owned(first.patient, header) ?? digest);
    await this.#files.updateOne(
      { _id, 'metadata.patient': patient },
      { $set: { metadata: { ...first, also: others, digest: own } } },
      { writeConcern: DURABLE },
    );
  }

  /** By the first key that is left. Undefined: all its patients were erased. */
  async #header({ _id, metadata }: ContentDoc): Promise<Header | undefined> {
    for (const { patient, header } of [metadata, ...(metadata.also ?? [])]) {
      const owner = await this.#ring.get(patient);
      if (owner !== undefined)
        return JSON.parse(unseal(owner, header, about(_id, patient)).toString()) as Header;
    }
    return undefined;
  }

  #owned(patient: string, { size, sha256, key }: Header): Buffer | undefined {
    return sha256 === undefined
      ? undefined
      : this.#digest(patient, size, Buffer.from(sha256, 'base64'), Buffer.from(key, 'base64'));
  }

  /** Of what is nobody's it equals nothing. */
  #digest(patient: string, size: number, sha256: Buffer, key: Buffer): Buffer {
    return createHmac('sha256', patient === '' ? key : this.#ring.derive(PURPOSE))
      .update(`${patient}|${size}|`)
      .update(sha256)
      .digest();
  }

  /** For good. */
  async drop(id: string): Promise<void> {
    const _id = new ObjectId(id);
    await this.#files.deleteOne({ _id }, TIME);
    await this.#chunks.deleteMany({ files_id: _id }, TIME);
  }

  /** @param from first byte @param to the one after the last */
  async *#read(id: ObjectId, key: Buffer, from: number, to: number): AsyncGenerator<Buffer> {
    const last = Math.ceil(to / CHUNK) - 1;
    const fetch = (n: number) => this.#chunks.findOne({ files_id: id, n }, TIME);
    let next = from < to ? fetch(Math.floor(from / CHUNK)) : undefined;
    for (let n = Math.floor(from / CHUNK); n <= last; n += 1) {
      const found = await next;
      if (found == null) throw new FhirError('exception', 'the content is not whole');
      next = n < last ? fetch(n + 1) : undefined;
      // who stops reading leaves it behind
      next?.catch(() => {});
      const plain = unseal(key, found.data, `${id.toHexString()}/${n}`);
      const begin = n * CHUNK;
      yield plain.subarray(Math.max(0, from - begin), Math.min(plain.length, to - begin));
    }
  }

  /** The id of the same bytes of the same patient, which count as deposited now: they won't be swept. */
  async #again(digest: Buffer): Promise<string | undefined> {
    const found = await this.#files.findOneAndUpdate(
      { 'metadata.digest': digest },
      { $set: { uploadDate: new Date() } },
      { projection: { _id: 1 }, writeConcern: DURABLE },
    );
    return found?._id.toHexString();
  }
}

const DURABLE = { w: 'majority', journal: true } as const;
/** Nonce and tag: see sealing.ts. */
const OVERHEAD = 28;

const about = (id: ObjectId, patient: string): string => `content ${id.toHexString()} of ${patient}`;
