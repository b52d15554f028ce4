/** `npm run restore`: the way back from a backup. */
import { readCommandConfig } from '../config/config.ts';
import { tellRestored } from '../store/chain/anchor-file.ts';
import { restore } from '../store/backup/restore.ts';
import { runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';
import { foldersOf } from './folders.ts';

const USAGE = `usage: npm run restore -- --from DIR --keys DIR [--force]
Restores a backup into an empty database, while no server runs. Keys that are newer than the data are right: whoever
was erased since stays erased.
  --from DIR   the health data of a backup
  --keys DIR   the keys of the same backup or a later one
  --force      replace what is there`;

await runCommand({
  usage: USAGE,
  options: { from: { type: 'string' }, keys: { type: 'string' }, force: { type: 'boolean', default: false } },
  async run({ from, keys, force }) {
    const folders = foldersOf(from, keys, USAGE);
    const config = readCommandConfig(process.env);
    const { database, keyFile } = config;
    const [data] = await withDatabase(config, { live: false }, (uri) =>
      restore({ uri, database, keyFile, ...folders }, force, say),
    );
    // INVARIANT: only here: whoever can write to the database alone can't say so
    await tellRestored(config.audit.anchor, data!.takenAt);
    say(`restored the state of ${data!.takenAt}`);
  },
});
