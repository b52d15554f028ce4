/** `npm run verify-audit`: whether any trace was changed, removed, inserted, reordered or cut off, and where. */
import { join, resolve } from 'node:path';
import { readCommandConfig } from '../config/config.ts';
import { readAnchor } from '../store/chain/anchor-reading.ts';
import { KEY_FILE } from '../store/backup/backup.ts';
import type { Fault } from '../store/chain/check.ts';
import { Codes } from '../store/chain/codes.ts';
import { type Source, backupSource, liveSource } from '../store/chain/sources.ts';
import { type Verdict, verifyChain } from '../store/chain/verify.ts';
import { connect } from '../store/database.ts';
import { existingKeys } from '../store/keys/keys.ts';
import { keysOf } from '../store/layout.ts';
import { ARCHIVE_KEY, archivedItems, archivedNames } from '../store/traces/retention.ts';
import { publicKey, trustedKeys } from '../store/chain/signing-key.ts';
import { tellVerdict } from '../store/chain/verdict.ts';
import { CommandError, runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';

const USAGE = `usage: npm run verify-audit -- [--backup DIR --keys DIR] [--public-key]
Checks every trace and its place in the chains, with what was moved out to AUDIT_ARCHIVE, against AUDIT_ANCHOR. The
server may go on. Faults go to the standard output, one a line; the exit code is 1 when there is any. No patient's key
is needed: whoever was erased leaves the traces whole.
  --backup DIR    check the health data of a backup in place of the database
  --keys DIR      the keys of that backup; KEY_FILE unless given
  --public-key    show the key that signs the checkpoints, for whoever keeps them elsewhere`;

const MOST_SHOWN = 1000;

await runCommand({
  usage: USAGE,
  options: {
    backup: { type: 'string' },
    keys: { type: 'string' },
    'public-key': { type: 'boolean', default: false },
  },
  async run({ backup, keys, 'public-key': wantsKey }) {
    if (keys !== undefined && backup === undefined) throw new CommandError(USAGE);
    const config = readCommandConfig(process.env);
    if (wantsKey) {
      process.stdout.write(await publicKey(config.keyFile));
      return;
    }
    const path = keys === undefined ? config.keyFile : join(resolve(keys), KEY_FILE);
    const encryption = await existingKeys(path);
    const codes = new Codes((purpose) => encryption.derive(purpose));
    const check = (source: Source): Promise<Verdict> =>
      verify(source, codes, encryption.derive(ARCHIVE_KEY), config);
    const verdict =
      backup === undefined
        ? await withDatabase(config, { live: true }, async (uri) => {
            const database = await connect(uri, config.database);
            try {
              await keysOf(database, path);
              const at = Date.now();
              const verdict = await check(liveSource(database, at));
              await tellVerdict(database, encryption.derive('verdicts'), { at, faults: verdict.faults });
              return verdict;
            } finally {
              await database.close();
            }
          })
        : await check(await backupSource(resolve(backup)));
    if (verdict.faults > 0) process.exitCode = 1;
  },
});

async function verify(
  source: Source,
  codes: Codes,
  archiveKey: Buffer,
  config: ReturnType<typeof readCommandConfig>,
): Promise<Verdict> {
  const since = performance.now();
  let shown = 0;
  const tell = (fault: Fault): void => {
    shown += 1;
    if (shown <= MOST_SHOWN) process.stdout.write(`${lineOf(fault)}\n`);
  };
  let outside = 0;
  const anchored = await readAnchor(
    config.audit.anchor,
    await trustedKeys(config.keyFile),
    source.until,
    (fault) => {
      outside += 1;
      tell(fault);
    },
  );
  const { archive } = config.audit;
  const unreadable = (text: string): void => {
    outside += 1;
    tell({ what: 'unreadable', text });
  };
  const moved = {
    names: await archivedNames(archive),
    items: archivedItems(archive, archiveKey, unreadable),
  };
  const verdict = await verifyChain(source, moved, codes, anchored.heads, tell, (done) =>
    say(`${done} traces checked`),
  );
  verdict.faults += outside;
  const seconds = (performance.now() - since) / 1000;
  const { records, links, chains, older, loose, faults } = verdict;
  say(
    `${records} traces in ${chains} chains of ${links} links of their own, ${anchored.heads.length} heads and ` +
      `${anchored.checkpoints} checkpoints of the anchor, in ${seconds.toFixed(1)} s`,
  );
  if (older > 0) say(`${older} traces are older than the chains, and were brought into one`);
  if (loose > 0) say(`${loose} traces of the last moments wait for their link`);
  if (shown > MOST_SHOWN) say(`${shown - MOST_SHOWN} more faults than are shown`);
  say(faults === 0 ? 'nothing was changed, removed, inserted, reordered or cut off' : `${faults} faults`);
  return verdict;
}

function lineOf({ what, chain, n, l, record, text }: Fault): string {
  const place = [
    ...(chain === undefined ? [] : [`chain ${chain}`]),
    ...(n === undefined ? [] : [`number ${n}`]),
    ...(l === undefined ? [] : [`link ${l}`]),
    ...(record === undefined ? [] : [record]),
  ];
  return `${what}: ${place.join(', ')}: ${text}`;
}
