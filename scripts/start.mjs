/** `npm start`: installs and builds what is missing, then becomes the server, in this very process. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT, prepare } from './prepare.mjs';

await prepare({ build: true });
process.setSourceMapsEnabled(true);
process.argv[1] = join(ROOT, 'dist', 'main.js');
await import(pathToFileURL(process.argv[1]).href);
