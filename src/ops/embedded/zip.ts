/** One file out of a zip archive: sections 4.3 and 4.4 of https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
import { createWriteStream } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { PassThrough, type Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const END = { signature: 0x06054b50, size: 22, comment: 0xffff };
const ENTRY = { signature: 0x02014b50, size: 46 };
const LOCAL = { signature: 0x04034b50, size: 30 };
const MAX_DIRECTORY = 16 * 1024 * 1024;
const ENCRYPTED = 1;

interface Entry {
  name: string;
  flags: number;
  method: number;
  packed: number;
  size: number;
  offset: number;
}

/** Writes the first entry whose name ends in `suffix` to `target`, which must not exist. Zip64 and encryption are refused. */
export async function extractFile(archive: string, suffix: string, target: string): Promise<void> {
  const file = await open(archive);
  try {
    const entry = (await readDirectory(file)).find(({ name }) => name.endsWith(suffix));
    if (entry === undefined) throw new Error(`no \`${suffix}\` in the archive`);
    const start = await contentStart(file, entry);
    await pipeline(
      file.createReadStream({ start, end: start + entry.packed - 1, autoClose: false }),
      unpack(entry),
      createWriteStream(target, { flags: 'wx', mode: 0o600 }),
    );
    if ((await stat(target)).size !== entry.size) throw new Error('the archive is damaged');
  } finally {
    await file.close();
  }
}

async function readDirectory(file: FileHandle): Promise<Entry[]> {
  const { size } = await file.stat();
  const tail = await read(
    file,
    Math.max(0, size - END.size - END.comment),
    Math.min(size, END.size + END.comment),
  );
  let at = tail.length - END.size;
  while (at >= 0 && tail.readUInt32LE(at) !== END.signature) at -= 1;
  if (at < 0) throw new Error('not a zip archive');
  const [count, length, offset] = [
    tail.readUInt16LE(at + 10),
    tail.readUInt32LE(at + 12),
    tail.readUInt32LE(at + 16),
  ];
  if (length > MAX_DIRECTORY) throw new Error('the archive is too large');
  return entries(await read(file, offset, length), count);
}

function entries(directory: Buffer, count: number): Entry[] {
  const found: Entry[] = [];
  let at = 0;
  while (found.length < count) {
    if (at + ENTRY.size > directory.length || directory.readUInt32LE(at) !== ENTRY.signature) {
      throw new Error('the archive is damaged');
    }
    const nameLength = directory.readUInt16LE(at + 28);
    found.push({
      flags: directory.readUInt16LE(at + 8),
      method: directory.readUInt16LE(at + 10),
      packed: directory.readUInt32LE(at + 20),
      size: directory.readUInt32LE(at + 24),
      offset: directory.readUInt32LE(at + 42),
      name: directory.toString('utf8', at + ENTRY.size, at + ENTRY.size + nameLength),
    });
    at += ENTRY.size + nameLength + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  return found;
}

/** The local header repeats the name, with extra fields that may differ from the directory's. */
async function contentStart(file: FileHandle, entry: Entry): Promise<number> {
  const header = await read(file, entry.offset, LOCAL.size);
  if (header.readUInt32LE(0) !== LOCAL.signature) throw new Error('the archive is damaged');
  return entry.offset + LOCAL.size + header.readUInt16LE(26) + header.readUInt16LE(28);
}

function unpack(entry: Entry): Transform {
  if (entry.flags & ENCRYPTED || entry.packed === 0) throw new Error('the archive is encrypted or empty');
  if (entry.method === 8) return createInflateRaw();
  if (entry.method === 0) return new PassThrough();
  throw new Error(`compression method ${entry.method} is not supported`);
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position);
  if (bytesRead < length) throw new Error('the archive is cut short');
  return buffer;
}
