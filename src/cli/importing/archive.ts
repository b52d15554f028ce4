/**
 * A folder or a ZIP as files by their path, read one at a time and never unpacked to disk: a path leads nowhere but into
 * this table. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
import { type Dirent } from 'node:fs';
import { readFile, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import * as yauzl from 'yauzl';
import { CommandError } from '../command.ts';

export interface ArchiveFile {
  size: number;
  read(): Promise<Buffer>;
}

export interface Archive {
  /** By path with `/`. */
  files: ReadonlyMap<string, ArchiveFile>;
  /** What may not be read, and why. */
  refused: { path: string; reason: string }[];
  close(): void;
}

const MOST_FILES = 2_000_000;
/** Of one file, unpacked: a JSON body takes no more in base64. Bytes. */
const LARGEST = 22 * 1024 * 1024;
/** Unpacked bytes for each packed one: what text and XML reach, and bombs pass by far. */
const RATIO = 200;
const SMALL = 1024 * 1024;

/** @throws CommandError */
export async function openArchive(path: string): Promise<Archive> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isDirectory()) return folder(path);
  if (found?.isFile()) return zip(path, found.size);
  throw new CommandError(`\`${path}\` is no folder and no ZIP that can be read`);
}

async function folder(root: string): Promise<Archive> {
  const files = new Map<string, ArchiveFile>();
  const refused: Archive['refused'] = [];
  const visit = async (below: string): Promise<void> => {
    const entries: Dirent[] = await readdir(join(root, below), { withFileTypes: true });
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = below === '' ? entry.name : `${below}/${entry.name}`;
      if (entry.isDirectory()) await visit(path);
      else if (!entry.isFile()) refused.push({ path, reason: 'a link or no file: it is not followed' });
      else {
        const { size } = await stat(join(root, path));
        if (size > LARGEST) refused.push({ path, reason: tooLarge(size) });
        else files.set(path, { size, read: () => readFile(join(root, path)) });
        if (files.size > MOST_FILES) throw new CommandError(`the folder has more than ${MOST_FILES} files`);
      }
    }
  };
  await visit('');
  return { files, refused, close: () => {} };
}

async function zip(path: string, packed: number): Promise<Archive> {
  const options = { lazyEntries: true, autoClose: false, decodeStrings: false, validateEntrySizes: true };
  const archive = await promisify<string, yauzl.Options, yauzl.ZipFile>(yauzl.open)(path, options).catch(
    (error: Error) => {
      throw new CommandError(`\`${path}\` is no ZIP that can be read: ${error.message}`);
    },
  );
  const files = new Map<string, ArchiveFile>();
  const refused: Archive['refused'] = [];
  let unpacked = 0;
  await new Promise<void>((resolve, reject) => {
    archive.on('entry', (entry: yauzl.Entry) => {
      const name = nameOf(entry);
      const reason = name.endsWith('/') ? undefined : entryFault(entry, name, files);
      if (reason !== undefined) refused.push({ path: name, reason });
      else if (!name.endsWith('/')) {
        unpacked += entry.uncompressedSize;
        files.set(name, { size: entry.uncompressedSize, read: () => content(archive, entry) });
      }
      if (files.size + refused.length > MOST_FILES)
        reject(new CommandError(`the ZIP has more than ${MOST_FILES} files`));
      else archive.readEntry();
    });
    archive.on('end', () => resolve());
    archive.on('error', (error: Error) =>
      reject(new CommandError(`\`${path}\` is no ZIP that can be read: ${error.message}`)),
    );
    archive.readEntry();
  });
  // entries that lie on each other unpack to more than any of them
  if (unpacked > packed * RATIO + SMALL) {
    archive.close();
    throw new CommandError(`\`${path}\` unpacks to ${unpacked} bytes from ${packed}: it is not read`);
  }
  return { files, refused, close: () => archive.close() };
}

/** Names are bytes here: yauzl checks them only where it would stop at the first that is wrong. */
function nameOf(entry: yauzl.Entry): string {
  const raw = entry.fileName as unknown as Buffer;
  return raw.toString((entry.generalPurposeBitFlag & 0x800) === 0 && !isUtf8(raw) ? 'latin1' : 'utf8');
}

const isUtf8 = (bytes: Buffer): boolean => Buffer.from(bytes.toString('utf8')).equals(bytes);

const LINK = 0o120000;
const KIND = 0o170000;

function entryFault(
  entry: yauzl.Entry,
  name: string,
  known: ReadonlyMap<string, unknown>,
): string | undefined {
  const { uncompressedSize: size, compressedSize, externalFileAttributes } = entry;
  if (/^[/\\]|^[A-Za-z]:|(^|[/\\])\.\.([/\\]|$)|[\0\\]/.test(name))
    return 'its name leads out of the archive';
  if (((externalFileAttributes >>> 16) & KIND) === LINK) return 'a link: it is not followed';
  if ((entry.generalPurposeBitFlag & 1) !== 0) return 'it is encrypted';
  if (entry.compressionMethod !== 0 && entry.compressionMethod !== 8) return 'its compression is not known';
  if (size > LARGEST) return tooLarge(size);
  if (size > SMALL && size > compressedSize * RATIO)
    return `it unpacks to ${size} bytes from ${compressedSize}`;
  return known.has(name) ? 'a file of this name was there already' : undefined;
}

const tooLarge = (size: number): string => `it has ${size} bytes; allowed: ${LARGEST}`;

async function content(archive: yauzl.ZipFile, entry: yauzl.Entry): Promise<Buffer> {
  const open = promisify<yauzl.Entry, NodeJS.ReadableStream>(archive.openReadStream.bind(archive));
  const pieces: Buffer[] = [];
  for await (const piece of await open(entry)) pieces.push(piece as Buffer);
  return Buffer.concat(pieces);
}
