/** One collection as a file: its BSON documents one after another, gzipped. https://bsonspec.org/spec.html */
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';

export interface Archived {
  count: number;
  /** Of the file. */
  bytes: number;
  sha256: string;
}

/** MongoDB's own limit is 16 MiB, plus what its history entry adds. */
const MAX_DOCUMENT = 17 * 1024 * 1024;
/** Bodies are sealed: they don't shrink, and more effort is lost. */
const LEVEL = 1;

/** @param documents each one whole, as BSON @param seen told the number of documents so far */
export async function writeArchive(
  path: string,
  documents: AsyncIterable<Uint8Array>,
  seen: (count: number) => void,
): Promise<Archived> {
  let count = 0;
  const counted = async function* (): AsyncGenerator<Uint8Array> {
    for await (const document of documents) {
      count += 1;
      seen(count);
      yield document;
    }
  };
  const sum = new Sum();
  await pipeline(
    Readable.from(counted(), { objectMode: true, highWaterMark: 64 }),
    createGzip({ level: LEVEL }),
    sum,
    createWriteStream(path, { flags: 'wx', mode: 0o600, flush: true } as Parameters<
      typeof createWriteStream
    >[1]),
  );
  return { count, bytes: sum.bytes, sha256: sum.digest() };
}

export async function* readArchive(path: string): AsyncGenerator<Buffer> {
  // pieces are joined only when they hold a whole document: joining each as it comes would be quadratic
  let pieces: Buffer[] = [];
  let [held, needed] = [0, 4];
  for await (const piece of createReadStream(path).pipe(createGunzip()) as AsyncIterable<Buffer>) {
    pieces.push(piece);
    held += piece.length;
    if (held < needed) continue;
    const bytes = pieces.length === 1 ? piece : Buffer.concat(pieces);
    let at = 0;
    needed = lengthAt(bytes, at, path);
    while (needed > 4 && held - at >= needed) {
      yield bytes.subarray(at, at + needed);
      at += needed;
      needed = lengthAt(bytes, at, path);
    }
    pieces = [bytes.subarray(at)];
    held -= at;
  }
  if (held > 0) throw new Error(`\`${path}\` is cut short`);
}

/** Of the document that begins there; 4 when its length itself isn't there yet. */
function lengthAt(bytes: Buffer, at: number, path: string): number {
  if (bytes.length - at < 4) return 4;
  const length = bytes.readInt32LE(at);
  if (length < 5 || length > MAX_DOCUMENT) throw new Error(`\`${path}\` is damaged`);
  return length;
}

export async function sumOf(path: string): Promise<Pick<Archived, 'bytes' | 'sha256'>> {
  const sum = new Sum();
  await pipeline(createReadStream(path), sum.resume());
  return { bytes: sum.bytes, sha256: sum.digest() };
}

/** Lets bytes pass, and counts and sums them. */
class Sum extends Transform {
  readonly #hash = createHash('sha256');
  bytes = 0;

  override _transform(chunk: Buffer, _: BufferEncoding, done: (error: null, chunk: Buffer) => void): void {
    this.#hash.update(chunk);
    this.bytes += chunk.length;
    done(null, chunk);
  }

  digest(): string {
    return this.#hash.digest('hex');
  }
}
