/** `npm run backup`: the health data into one folder, the keys into another. */
import { join } from 'node:path';
import { type Config, readCommandConfig } from '../config/config.ts';
import { backup } from '../store/backup/backup.ts';
import { connect } from '../store/database.ts';
import { keysOf } from '../store/layout.ts';
import { runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';
import { foldersOf } from './folders.ts';

const USAGE = `usage: npm run backup -- --out DIR --keys DIR
Writes one consistent state of the database while the server runs; both folders must be new or empty.
  --out DIR    for the health data
  --keys DIR   for the keys: keep it apart from the data, for together they are readable`;

await runCommand({
  usage: USAGE,
  options: { out: { type: 'string' }, keys: { type: 'string' } },
  async run({ out, keys }) {
    const folders = foldersOf(out, keys, USAGE);
    const config = readCommandConfig(process.env);
    const { database, keyFile } = config;
    await withDatabase(config, { live: true }, async (uri) => {
      await requireKeys(uri, config);
      await backup({ uri, database, keyFile, ...folders }, say);
    });
    say(`data in ${join(folders.data, '/')}, keys in ${join(folders.keys, '/')}: keep them apart`);
  },
});

/** With another key file than the database's nothing of the backup could ever be read. @throws Error */
async function requireKeys(uri: string, { database: name, keyFile }: Config): Promise<void> {
  const database = await connect(uri, name);
  try {
    await keysOf(database, keyFile);
  } finally {
    await database.close();
  }
}
