/** A `mongod` program that runs on this machine and is new enough. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const OLDEST = 6;
const PATIENCE = 20_000;

export interface Mongod {
  path: string;
  version: string;
}

/** Runs `--version`; throws an error that says why the program can't be used. */
export async function probe(path: string): Promise<Mongod> {
  const version = /^db version v(\d+\.\d+\.\d+\S*)/m.exec(await firstWords(path))?.[1];
  if (version === undefined) throw new Error(`\`${path} --version\` is not that of a MongoDB server`);
  if (Number.parseInt(version, 10) < OLDEST) {
    throw new Error(`\`${path}\` is MongoDB ${version}: ${OLDEST}.0 or newer is needed`);
  }
  return { path, version };
}

async function firstWords(path: string): Promise<string> {
  try {
    return (await run(path, ['--version'], { timeout: PATIENCE, maxBuffer: 1024 * 1024 })).stdout;
  } catch (error) {
    const { stderr, code, killed } = error as { stderr?: string; code?: unknown; killed?: boolean };
    const said = stderr?.trim().split('\n')[0];
    throw new Error(said || `\`${path}\` can't be run (${killed === true ? 'no answer' : String(code)})`);
  }
}

/** The first program of that name in the folders of a PATH. */
export async function onPath(name: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(':')) {
    if (folder === '') continue;
    const candidate = join(folder, name);
    const runs = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (runs) return candidate;
  }
  return undefined;
}
