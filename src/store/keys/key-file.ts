/** The file of key-encryption keys: `{current, keys: {name: base64}, root}`. Whoever reads it reads all health data. */
import { randomBytes, randomUUID } from 'node:crypto';
import { type FileHandle, link, mkdir, open, readFile, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

export interface KeyFile {
  current: string;
  keys: Record<string, string>;
  /** What the server's own keys (terms, page links) are derived from: the same for good. */
  root: string;
}

const KEY_BYTES = 32;

/** @throws Error that says what is wrong with the file and nothing of what is in it */
export async function readKeyFile(path: string): Promise<KeyFile> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    // of a folder Node doesn't name it
    throw Object.assign(error, { path });
  });
  let file: Partial<KeyFile> | null;
  try {
    file = JSON.parse(text) as Partial<KeyFile> | null;
  } catch {
    throw new Error(`the key file ${path} is not JSON: restore it from its backup`);
  }
  const { current, keys, root } = file ?? {};
  const whole =
    typeof current === 'string' &&
    typeof keys === 'object' &&
    keys !== null &&
    Object.hasOwn(keys, current) &&
    [root, ...Object.values(keys)].every(isKey);
  if (!whole) throw new Error(`the key file ${path} is not whole: restore it from its backup`);
  return file as KeyFile;
}

export async function readOrMakeKeyFile(path: string): Promise<KeyFile> {
  try {
    return await readKeyFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const current = newName({});
  const draft = await writeDraft(path, { current, keys: { [current]: newKey() }, root: newKey() });
  try {
    // a link never replaces: of two starts at once, one key file wins and both read it
    await link(draft, path);
    await syncFolder(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  return readKeyFile(path);
}

/** Adds a key and makes it the current one. The last one stays; of those before, only what is still used. */
export async function addKey(path: string, isUsed: (name: string) => boolean): Promise<KeyFile> {
  const file = await readKeyFile(path);
  const current = newName(file.keys);
  const kept = Object.entries(file.keys).filter(([name]) => name === file.current || isUsed(name));
  const draft = await writeDraft(path, {
    ...file,
    current,
    keys: { ...Object.fromEntries(kept), [current]: newKey() },
  });
  await rename(draft, path);
  await syncFolder(path);
  return readKeyFile(path);
}

const isKey = (text: unknown): boolean =>
  typeof text === 'string' && Buffer.from(text, 'base64').length === KEY_BYTES;

const newKey = (): string => randomBytes(KEY_BYTES).toString('base64');

function newName(taken: Readonly<Record<string, string>>): string {
  const day = `k${new Date().toISOString().slice(0, 10)}`;
  return Object.hasOwn(taken, day) ? `${day}-${randomBytes(3).toString('hex')}` : day;
}

/** On the disk before anything is sealed with it. */
async function writeDraft(path: string, file: KeyFile): Promise<string> {
  const draft = `${path}.${randomUUID()}.tmp`;
  const handle = await open(draft, 'wx', 0o600);
  await closing(handle, async () => {
    await handle.writeFile(JSON.stringify(file, null, 2));
    await handle.sync();
  });
  return draft;
}

async function syncFolder(path: string): Promise<void> {
  const folder = await open(dirname(path), 'r');
  await closing(folder, () => folder.sync());
}

async function closing(handle: FileHandle, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } finally {
    await handle.close();
  }
}
