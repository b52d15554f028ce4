/** R4's compartments: for each, the types that it may hold and the parameters by which they belong to it. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

let read: Record<string, Record<string, string[]>> | undefined;

export function compartments(): Record<string, Record<string, string[]>> {
  if (read === undefined) {
    let folder = dirname(fileURLToPath(import.meta.url));
    while (!existsSync(join(folder, 'package.json'))) folder = dirname(folder);
    read = JSON.parse(readFileSync(join(folder, 'definitions', 'compartments.json'), 'utf8')) as typeof read;
  }
  return read!;
}
