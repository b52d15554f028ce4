/** `npm run keys -- rotate`: a new key-encryption key, under which every data key is wrapped again. */
import { readConfig } from '../config.ts';
import { connect } from '../store/database.ts';
import { rotate } from '../store/keys.ts';
import { CommandError, runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';

const USAGE = `usage: npm run keys -- rotate
Makes a new key-encryption key and wraps the data keys under it; no health data is touched, and the server may go on.
The last key stays in the key file beside the new one; those before it go, once nothing is wrapped under them.
Back up the key file afterwards.`;

await runCommand({
  usage: USAGE,
  options: {},
  async run(_options, words) {
    if (words.length !== 1 || words[0] !== 'rotate') throw new CommandError(USAGE);
    const config = readConfig(process.env);
    await withDatabase(config, { live: true }, async (uri) => {
      const database = await connect(uri, config.database);
      try {
        const done = await rotate(database.records.keys, config.keyFile, (so) => say(`${so} data keys …`));
        say(`${done} data keys are wrapped under a new key`);
      } finally {
        await database.close();
      }
    });
  },
});
