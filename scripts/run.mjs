/** `node scripts/run.mjs NAME …`: installs and builds what is missing, then becomes the command of src/cli/NAME.ts. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, prepare, say } from './prepare.mjs';

const [name = ''] = process.argv.splice(2, 1);
await prepare({ build: true });
const command = join(ROOT, 'dist', 'cli', `${name}.js`);
if (!/^[a-z-]+$/.test(name) || !existsSync(command)) {
  say(`there is no command \`${name}\``);
  process.exit(2);
}
process.argv[1] = command;
await import(pathToFileURL(command).href);
