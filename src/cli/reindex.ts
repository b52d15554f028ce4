/** `npm run reindex`: writes again what each resource is found by, after a change of the extractors. */
import { readCommandConfig } from '../config/config.ts';
import { nationalRules } from '../config/national-rules.ts';
import { connect, ensureIndexes } from '../store/database.ts';
import { KeyRing, keyFile } from '../store/keys/keys.ts';
import { reindex } from '../store/layout.ts';
import { runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';

const USAGE = `usage: npm run reindex
Builds the search terms of every resource anew. The server may go on; searches use old terms until theirs are done.`;

await runCommand({
  usage: USAGE,
  options: {},
  async run() {
    const config = readCommandConfig(process.env);
    await withDatabase(config, { live: true }, async (uri) => {
      const database = await connect(uri, config.database);
      try {
        await ensureIndexes(database, say);
        const ring = new KeyRing(database.records.keys, await keyFile(config.keyFile));
        say(
          `${await reindex(database, ring, config.baseUrl, nationalRules(config.rules), say)} resources indexed`,
        );
      } finally {
        await database.close();
      }
    });
  },
});
