/** A ZIP that is read while it is written: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { ZipFile } from 'yazl';

/** Packed already: deflating them again costs time and saves nothing. */
const PACKED = /\.(pdf|jpg|png)$/;

export class Zip {
  readonly #zip = new ZipFile();
  readonly #out = this.#zip.outputStream as Readable;
  readonly #mtime: Date;

  /** @param at milliseconds */
  constructor(at: number) {
    this.#mtime = new Date(at);
    this.#zip.on('error', (error: Error) => this.fail(error));
    // who reads is told
    this.#out.on('error', () => {});
  }

  /** Resolves when all of it has been read: no more than one is held. */
  async add(name: string, source: Buffer | AsyncIterable<Buffer>): Promise<void> {
    if (this.#out.destroyed) throw new Error('the archive was given up');
    const stream = Readable.from(Buffer.isBuffer(source) ? [source] : source, {
      objectMode: false,
      highWaterMark: 1,
    });
    const read = once(stream, 'end');
    this.#zip.addReadStreamLazy(
      name,
      { mtime: this.#mtime, mode: 0o100_644, compress: !PACKED.test(name) },
      (give) => give(null, stream),
    );
    const over = new AbortController();
    const given = once(this.#out, 'close', { signal: over.signal }).then(() => {
      throw new Error('the archive was given up');
    });
    try {
      await Promise.race([read, given]);
    } finally {
      over.abort();
      given.catch(() => {});
      read.catch(() => {});
    }
  }

  end(): void {
    this.#zip.end();
  }

  fail(error: Error): void {
    this.#out.destroy(error);
  }

  [Symbol.asyncIterator](): AsyncIterator<Buffer> {
    return this.#out[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  }
}
