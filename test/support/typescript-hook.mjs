/**
 * Strips types by Babel, once for each text of a file: what was made lies under `node_modules/.cache`.
 * https://nodejs.org/docs/latest-v20.x/api/module.html#loadurl-context-nextload
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const CACHE = join(ROOT, 'node_modules', '.cache', 'carnet-typescript');
/** What the text that is made depends on beside the file. */
const MADE_BY = ['babel.config.json', 'package-lock.json', 'test/support/typescript-hook.mjs'];

const by = createHash('sha256');
for (const name of MADE_BY) by.update(await readFile(join(ROOT, name)));
const BY = by.digest();
await mkdir(CACHE, { recursive: true });

export async function load(url, context, nextLoad) {
  const { protocol, pathname } = new URL(url);
  if (protocol !== 'file:' || !pathname.endsWith('.ts')) return nextLoad(url, context);
  const filename = fileURLToPath(new URL(pathname, 'file:'));
  return { format: 'module', source: await stripped(filename), shortCircuit: true };
}

async function stripped(filename) {
  const text = await readFile(filename, 'utf8');
  const name = createHash('sha256')
    .update(BY)
    .update(`${relative(ROOT, filename)}\0${text}`)
    .digest('base64url');
  const kept = join(CACHE, name);
  try {
    return await readFile(kept, 'utf8');
  } catch (error) {
    if (error.code !== 'ENOENT') throw error;
  }
  const { transformAsync } = await import('@babel/core');
  const { code } = await transformAsync(text, { filename, sourceMaps: 'inline' });
  // others may write the same: each its own file, put in place whole
  const part = `${kept}.${randomUUID()}`;
  await writeFile(part, code);
  await rename(part, kept);
  return code;
}
