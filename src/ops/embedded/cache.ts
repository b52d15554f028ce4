/** The `mongod` that earlier starts put in the user's cache folder, one file for each version and processor. */
import { randomUUID } from 'node:crypto';
import { chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { probe, type Mongod } from './mongod.ts';

const NAME = /^mongod-(\d+)\.(\d+)\.(\d+)-(\w+)$/;
const DRAFT = 'draft-';
const ABANDONED = 24 * 3600 * 1000;

/** The newest one that runs here. */
export async function fromCache(folder: string): Promise<Mongod | undefined> {
  const names = await readdir(folder).catch(() => []);
  const fitting = names.filter((name) => NAME.exec(name)?.[4] === process.arch);
  fitting.sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  let failure: unknown;
  for (const name of fitting) {
    try {
      return await probe(join(folder, name));
    } catch (error) {
      failure ??= error;
    }
  }
  if (failure !== undefined) throw failure;
  return undefined;
}

/**
 * Lets `obtain` fetch a `mongod` in a folder of its own and keeps it when it runs. The rename makes it appear whole
 * or not at all, whatever other starts do at the same time.
 */
export async function intoCache(folder: string, obtain: (draft: string) => Promise<string>): Promise<Mongod> {
  await mkdir(folder, { recursive: true });
  await sweep(folder);
  const draft = await mkdtemp(join(folder, DRAFT));
  try {
    const program = join(draft, randomUUID());
    await copyFile(await obtain(draft), program);
    await chmod(program, 0o755);
    const { version } = await probe(program);
    const path = join(folder, `mongod-${version}-${process.arch}`);
    await rename(program, path);
    return { path, version };
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

/** What a start that was cut off left behind. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(DRAFT)) continue;
    const path = join(folder, name);
    const age = await stat(path).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > ABANDONED) await rm(path, { recursive: true, force: true });
  }
}
