/**
 * `npm run keys -- rotate`: a new key-encryption key; `rotate-signing`: new keys to sign ID tokens with; `rotate-upstream`: new
 * keys towards the providers that people log in at.
 */
import { readCommandConfig } from '../config/config.ts';
import { connect } from '../store/database.ts';
import { IssuerKeys } from '../store/keys/issuer-keys.ts';
import { KeyRing, rotate } from '../store/keys/keys.ts';
import { UpstreamKeys } from '../store/keys/upstream-keys.ts';
import { keysOf } from '../store/layout.ts';
import { CommandError, runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';

const USAGE = `usage: npm run keys -- rotate | rotate-signing | rotate-upstream
rotate: makes a new key-encryption key and wraps the data keys under it; no health data is touched, and the server may go on.
The last key stays in the key file beside the new one; those before it go, once nothing is wrapped under them.
Back up the key file afterwards.
rotate-signing: makes new keys for ID tokens; the server publishes them within a minute and signs with them a quarter
of an hour later, so that clients know them by then. Those of before are published for another day.
rotate-upstream: makes new keys towards the providers of UPSTREAMS; they are published within a minute and sign a quarter of an
hour later. What providers encrypt to those of before is read until a rotation a week later.`;

const WHAT = ['rotate', 'rotate-signing', 'rotate-upstream'];

await runCommand({
  usage: USAGE,
  options: {},
  async run(_options, words) {
    const [what] = words;
    if (words.length !== 1 || !WHAT.includes(what!)) throw new CommandError(USAGE);
    const config = readCommandConfig(process.env);
    await withDatabase(config, { live: true }, async (uri) => {
      const database = await connect(uri, config.database);
      try {
        const encryption = await keysOf(database, config.keyFile);
        if (what !== 'rotate') {
          const ring = new KeyRing(database.records.keys, encryption);
          const Keys = what === 'rotate-signing' ? IssuerKeys : UpstreamKeys;
          await new Keys(database, ring).rotate(Date.now());
          const signed = what === 'rotate-signing' ? 'ID tokens' : 'what is sent to providers';
          say(`${signed} will be signed with new keys in a quarter of an hour`);
          return;
        }
        const done = await rotate(database.records.keys, config.keyFile, (so) => say(`${so} data keys …`));
        say(`${done} data keys are wrapped under a new key`);
      } finally {
        await database.close();
      }
    });
  },
});
