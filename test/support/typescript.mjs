/** Lets plain Node load the sources: `node --import ./test/support/typescript.mjs src/main.ts`. */
import { register } from 'node:module';

register('./typescript-hook.mjs', import.meta.url);
