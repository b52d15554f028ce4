/** Folders at the root of the package, for the sources and the build alike. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = ((): string => {
  let at = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(at, 'package.json'))) at = dirname(at);
  return at;
})();

/** What this server defines itself. */
export const PROFILES = join(root, 'profiles');

/** One of the tables that scripts/generate makes. */
export function readTable<T>(file: string): T {
  return JSON.parse(readFileSync(join(root, 'definitions', file), 'utf8')) as T;
}
