/** `npm run notices`: e-mails that were not taken for a day, and what to do with them. */
import { readCommandConfig } from '../config/config.ts';
import { connect, ensureIndexes } from '../store/database.ts';
import { KeyRing } from '../store/keys/keys.ts';
import { keysOf } from '../store/layout.ts';
import { MongoOutbox } from '../store/outgoing/outbox.ts';
import { MongoPost } from '../store/outgoing/post.ts';
import { CommandError, runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';

const USAGE = `usage: npm run notices -- --parked | --release
--parked   shows the e-mails that were not taken for a day: id, since when, tries, the last fault; no address;
           and the rows of the outbox that no notice could be made of
--release  has them tried again, when what stood in the way is mended`;

const MOST_SHOWN = 1000;

await runCommand({
  usage: USAGE,
  options: { parked: { type: 'boolean' }, release: { type: 'boolean' } },
  async run({ parked, release }) {
    if ((parked === true) === (release === true)) throw new CommandError(USAGE);
    const config = readCommandConfig(process.env);
    await withDatabase(config, { live: true }, async (uri) => {
      const database = await connect(uri, config.database);
      try {
        await ensureIndexes(database, () => {});
        const post = new MongoPost(database);
        const rows = new MongoOutbox(
          database,
          new KeyRing(database.records.keys, await keysOf(database, config.keyFile)),
        );
        if (release === true) {
          const [mails, others] = [await post.release(Date.now()), await rows.release()];
          say(`${mails} e-mails and ${others} rows of the outbox are tried again`);
          return;
        }
        const found = await post.parked(MOST_SHOWN);
        for (const { id, since, tries, fault } of found)
          process.stdout.write(`${id} ${new Date(since).toISOString()} ${tries} tries: ${fault}\n`);
        const stuck = await rows.parked(MOST_SHOWN);
        for (const { n, since, fault } of stuck)
          process.stdout.write(`row ${n} ${new Date(since).toISOString()}: ${fault}\n`);
        say(`${found.length} e-mails and ${stuck.length} rows of the outbox are parked`);
      } finally {
        await database.close();
      }
    });
  },
});
