/** A country's rules from a folder: `rules.json` and, where they are there, `matrix.json` and `document-types.json`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Rules, readRules } from '../consent/rules.ts';

export const FRENCH = fileURLToPath(new URL('../../profiles/fr', import.meta.url));

/** Parts of the rules that have a file of their own. */
const BESIDE = { matrix: 'matrix.json', documentTypes: 'document-types.json' };

/** @throws Error that names the file and what is wrong in it */
export function nationalRules(folder: string = FRENCH): Rules {
  const rules = read(join(folder, 'rules.json'));
  const beside = Object.entries(BESIDE)
    .map(([name, file]) => [name, join(folder, file)] as const)
    .filter(([, path]) => existsSync(path))
    .map(([name, path]) => [name, read(path)] as const);
  return readRules({ ...rules, ...Object.fromEntries(beside) }, folder);
}

function read(path: string): object {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as object;
  } catch (cause) {
    throw new Error(`the rules can not be read from ${path}: ${(cause as Error).message}`, { cause });
  }
}
