/** A country's rules from a folder: `rules.json` and, where there is one, `matrix.json`. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Rules, readRules } from './consent/rules.ts';

export const FRENCH = fileURLToPath(new URL('../profiles/fr', import.meta.url));

/** @throws Error that names the file and what is wrong in it */
export function nationalRules(folder: string = FRENCH): Rules {
  const matrix = join(folder, 'matrix.json');
  const rules = read(join(folder, 'rules.json'));
  return readRules(existsSync(matrix) ? { ...rules, matrix: read(matrix) } : rules, folder);
}

function read(path: string): object {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as object;
  } catch (cause) {
    throw new Error(`the rules can not be read from ${path}: ${(cause as Error).message}`, { cause });
  }
}
