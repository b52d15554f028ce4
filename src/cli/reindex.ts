/** `npm run reindex`: writes again what each resource is found by, after a change of the extractors. */
import { readCommandConfig } from '../config/config.ts';
import { nationalRules } from '../config/national-rules.ts';
import { connect, ensureIndexes } from '../store/database.ts';
import { KeyRing } from '../store/keys/keys.ts';
import { keysOf, reindex, requireServedSo } from '../store/layout.ts';
import { runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';

const USAGE = `usage: npm run reindex
Builds the search terms of every resource anew. The server may go on; searches use old terms until theirs are done.
BASE_URL (or HOST and PORT) and RULES must be the server's.`;

await runCommand({
  usage: USAGE,
  options: {},
  async run() {
    const config = readCommandConfig(process.env);
    await withDatabase(config, { live: true }, async (uri) => {
      const database = await connect(uri, config.database);
      try {
        const ring = new KeyRing(database.records.keys, await keysOf(database, config.keyFile));
        const rules = nationalRules(config.rules);
        await requireServedSo(database, ring, config.baseUrl, rules);
        await ensureIndexes(database, say);
        say(`${await reindex(database, ring, config.baseUrl, rules, say)} resources indexed`);
      } finally {
        await database.close();
      }
    });
  },
});
