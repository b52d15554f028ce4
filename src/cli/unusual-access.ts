/** `npm run unusual-access`: the callers whom the security officer should look at, by pseudonyms. */
import { userInfo } from 'node:os';
import { pseudonyms, reportOf } from '../audit/unusual/report.ts';
import { runTrace } from '../audit/unusual/run-trace.ts';
import { Tally } from '../audit/unusual/tally.ts';
import { revealedText, textOf } from '../audit/unusual/text.ts';
import { THRESHOLDS } from '../audit/unusual/thresholds.ts';
import { type Config, readCommandConfig } from '../config/config.ts';
import { isReason } from '../consent/statements.ts';
import { Access } from '../enforcement/access.ts';
import { nationalRules } from '../config/national-rules.ts';
import { anchorFile } from '../store/chain/anchor-file.ts';
import { connect } from '../store/database.ts';
import { addressesOf } from '../store/traces/addresses.ts';
import { glimpses } from '../store/traces/glimpses.ts';
import { KeyRing } from '../store/keys/keys.ts';
import { keysOf } from '../store/layout.ts';
import { signingKey } from '../store/chain/signing-key.ts';
import { Store } from '../store/store.ts';
import { CommandError, runCommand, say } from './command.ts';
import { withDatabase } from './database.ts';
import { durationOf } from './duration.ts';

const USAGE = `usage: npm run unusual-access -- [--since 7d] [--json] [--reveal PSEUDONYM --reason WORDS]
Counts what each caller did, from the traces, and lists those who stand out: many patients, emergencies, refusals, odd
hours. Callers are pseudonyms that change each month; no patient is named. The server may go on. Each run is traced.
  --since 7d           how far back: hours (h) or days (d), at most 366 days
  --json               for machines
  --reveal PSEUDONYM   who a caller of this month's report is, and from which IP addresses they came; the reason goes
                       to the trace`;

const TOLD_EVERY = 500_000;

await runCommand({
  usage: USAGE,
  options: {
    since: { type: 'string', default: '7d' },
    json: { type: 'boolean', default: false },
    reveal: { type: 'string' },
    reason: { type: 'string' },
  },
  async run({ since, json, reveal, reason }, words) {
    if (words.length > 0) throw new CommandError(USAGE);
    if ((reveal !== undefined || reason !== undefined) && !isReason(reason ?? '')) {
      throw new CommandError('--reveal needs a --reason of ten characters or more');
    }
    const until = Date.now();
    const from = until - durationOf(since);
    const asked = Object.entries({ since, reveal, reason }).flatMap(([name, value]) =>
      // a trace leaves values with commas out
      value === undefined ? [] : [[name, value.replaceAll(',', ' ')] as const],
    );
    const config = readCommandConfig(process.env);
    const { report, revealed } = await withDatabase(config, { live: true }, (uri) =>
      reading(config, uri, asked, { from, until }, reveal),
    );
    const told = revealed ?? report;
    const text = revealed === undefined ? textOf(report) : revealedText(revealed);
    process.stdout.write(json ? `${JSON.stringify(told, null, 2)}\n` : text);
  },
});

function nameOf(wanted: string, tally: Tally, key: Buffer, at: number): string {
  const pseudonym = pseudonyms(key, at);
  for (const { who } of tally.callers()) if (pseudonym(who) === wanted) return who;
  throw new CommandError(`no caller of this time is \`${wanted}\`: pseudonyms change each month`);
}

async function reading(
  config: Config,
  uri: string,
  query: readonly (readonly [string, string])[],
  span: { from: number; until: number },
  reveal: string | undefined,
) {
  const database = await connect(uri, config.database);
  try {
    const ring = new KeyRing(database.records.keys, await keysOf(database, config.keyFile));
    const rules = nationalRules(config.rules);
    const anchor = anchorFile(config.audit.anchor, await signingKey(config.keyFile));
    const store = new Store(database, ring, config.baseUrl, rules, undefined, anchor);
    await store.open();
    try {
      const run = {
        user: userInfo().username,
        query,
        base: config.baseUrl,
        professions: rules.professions[0] ?? '',
      };
      // before anything is shown
      await store.record((at) => runTrace(run, at));
      const tally = new Tally(THRESHOLDS);
      const access = Access.internal('unusual-access report');
      for await (const glimpse of glimpses(access, database, span)) {
        tally.add(glimpse);
        if (tally.traces % TOLD_EVERY === 0) say(`${tally.traces} traces …`);
      }
      const key = ring.derive('unusual access');
      const report = reportOf(tally, THRESHOLDS, span, key);
      if (reveal === undefined) return { report, revealed: undefined };
      const who = nameOf(reveal, tally, key, span.until);
      return { report, revealed: { who, addresses: await addressesOf(access, database, ring, who, span) } };
    } finally {
      await store.close();
    }
  } finally {
    await database.close();
  }
}
