/**
 * Traces of one month as a file: NDJSON (https://github.com/ndjson/ndjson-spec, Extended JSON of MongoDB), in portions
 * that are each gzipped and sealed. A portion moved, exchanged or cut off is noticed.
 */
import { BSON } from 'mongodb';
import { type FileHandle, open, rename } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import type { Doc } from '../document.ts';
import { seal, unseal } from '../keys/sealing.ts';

const [packed, unpacked] = [promisify(gzip), promisify(gunzip)];
const { EJSON } = BSON;
const MOST_SEALED = 64 * 1024 * 1024;
const MOST_PLAIN = 256 * 1024 * 1024;

const about = (path: string, index: number, isLast: boolean): string =>
  `${basename(path)} portion ${index}${isLast ? ', the end' : ''}`;

/** There under its name only when it is whole and on the disk. @returns how many it holds */
export async function writeTraces(
  path: string,
  key: Buffer,
  portions: AsyncIterable<readonly Doc[]>,
): Promise<number> {
  const draft = `${path}.tmp`;
  let [count, index] = [0, 0];
  const file = await open(draft, 'w', 0o600);
  try {
    const write = async (plain: Buffer, isLast: boolean): Promise<void> => {
      const sealed = seal(key, await packed(plain), about(path, index, isLast));
      const length = Buffer.alloc(4);
      length.writeUInt32BE(sealed.length);
      await file.writev([length, sealed]);
      index += 1;
    };
    for await (const docs of portions) {
      await write(Buffer.from(docs.map(lineOf).join('')), false);
      count += docs.length;
    }
    await write(Buffer.alloc(0), true);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(draft, path);
  const folder = await open(dirname(path), 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
  return count;
}

/** @throws Error when the file is damaged or cut short, or the key another */
export async function* readTraces(path: string, key: Buffer): AsyncGenerator<Doc[]> {
  const file = await open(path, 'r');
  try {
    for (let index = 0; ; index += 1) {
      const sealed = await read(file, (await read(file, 4, path)).readUInt32BE(), path);
      const plain = opened(key, sealed, path, index);
      if (plain === undefined) return;
      const lines = (await unpacked(plain, { maxOutputLength: MOST_PLAIN })).toString().split('\n');
      yield lines.filter(Boolean).map(docOf);
    }
  } finally {
    await file.close();
  }
}

/** Undefined: the end. */
function opened(key: Buffer, sealed: Buffer, path: string, index: number): Buffer | undefined {
  try {
    return unseal(key, sealed, about(path, index, false));
  } catch {
    // the same bytes can't be both
  }
  try {
    unseal(key, sealed, about(path, index, true));
    return undefined;
  } catch (cause) {
    throw new Error(`\`${basename(path)}\` is damaged, or sealed under another key`, { cause });
  }
}

async function read(file: FileHandle, length: number, path: string): Promise<Buffer> {
  if (length > MOST_SEALED) throw new Error(`\`${basename(path)}\` is damaged`);
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at);
    if (bytesRead === 0) throw new Error(`\`${basename(path)}\` is cut short`);
    at += bytesRead;
  }
  return bytes;
}

/** Extended JSON knows bytes as MongoDB's own type. */
function lineOf(doc: Doc): string {
  const line = EJSON.stringify(BSON.deserialize(BSON.serialize(doc)));
  // INVARIANT: what is deleted for it comes back as it was
  if (!isDeepStrictEqual(docOf(line), doc)) throw new Error(`\`${doc._id}\` can't be kept in a file`);
  return `${line}\n`;
}

/** As the driver gives it. */
function docOf(line: string): Doc {
  const parsed = EJSON.parse(line, { relaxed: true }) as BSON.Document;
  return BSON.deserialize(BSON.serialize(parsed), { promoteBuffers: true, promoteLongs: true }) as Doc;
}
