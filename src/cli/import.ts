/** `npm run import`: a national archive of documents, over HTTP. docs/import.md */
import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { readCommandConfig } from '../config/config.ts';
import { CommandError, runCommand, say } from './command.ts';
import { readDemoFile, tokenOf } from './demo-file.ts';
import { openArchive } from './importing/archive.ts';
import { Journal } from './importing/journal.ts';
import { type Tally, importArchive } from './importing/run.ts';
import { progress } from './loading/progress.ts';

const USAGE = `usage: npm run import -- [options] FOLDER|ZIP
Imports an archive of documents: METADATA.XML files (XDS, as on IHE XDM media) with the CDA and PDF files that they
name. Patients are found by their qualified INS. Started again, it goes on where it stopped; nothing is stored twice.
  --base URL        FHIR base (of DATA_DIR/demo.json, else BASE_URL)
  --as CALLER       demo caller whose token is used (loader)
  --token TOKEN     token to use: of a system with a prefix of ids (claim \`id_prefixes\`)
  --journal FILE    what is done (DATA_DIR/imports/….ndjson)
  --report FILE     where each rejected file is told (the journal's name with .rejected)
  --concurrency N   transactions under way at once (4)`;

const REASONS_SHOWN = 20;
const EXAMPLES_SHOWN = 3;

await runCommand({
  usage: USAGE,
  options: {
    base: { type: 'string' },
    as: { type: 'string' },
    token: { type: 'string' },
    journal: { type: 'string' },
    report: { type: 'string' },
    concurrency: { type: 'string', default: '4' },
  },
  async run(options, [path, ...more]) {
    if (path === undefined || more.length > 0) throw new CommandError(USAGE);
    const workers = /^([1-9]|[1-5]\d|6[0-4])$/.test(options.concurrency) ? Number(options.concurrency) : 0;
    if (workers === 0) throw new CommandError('--concurrency must be a whole number from 1 to 64');
    const config = readCommandConfig(process.env);
    const demo = options.token === undefined ? readDemoFile(config.dataDir) : undefined;
    const token = options.token ?? tokenOf(demo!, options.as ?? 'loader');
    const base = (options.base ?? demo?.base ?? config.baseUrl).replace(/\/+$/, '');
    const name = createHash('sha256')
      .update(`${base}|${resolve(path)}`)
      .digest('hex')
      .slice(0, 16);
    const kept = options.journal ?? join(config.dataDir, 'imports', `${name}.ndjson`);
    const report = options.report ?? `${kept}.rejected`;
    const archive = await openArchive(path);
    const journal = await Journal.open(kept);
    const bar = progress();
    const total = [...archive.files.values()].reduce((sum, { size }) => sum + size, 0) || 1;
    const started = performance.now();
    try {
      const tally = await importArchive(
        archive,
        { base, token, patience: 120_000, retries: 6, pause: 500 },
        {
          prefix: prefixIn(token),
          journal,
          workers,
          show: ({ bytes, stored, before, rejected }) =>
            bar.show(bytes / total, `${stored} stored, ${before} before, ${rejected.length} rejected`),
        },
      );
      bar.end();
      await writeFile(report, tally.rejected.map((each) => `${JSON.stringify(each)}\n`).join(''), {
        mode: 0o600,
      });
      summarize(tally, (performance.now() - started) / 1000, report);
      if (tally.rejected.length > 0) process.exitCode = 1;
    } finally {
      bar.end();
      archive.close();
      await journal.close();
    }
  },
});

/** @throws CommandError */
function prefixIn(token: string): string {
  try {
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as {
      id_prefixes?: string[];
    };
    const [prefix] = (claims.id_prefixes ?? []).filter((each) => /^[A-Za-z0-9\-.]{2,28}$/.test(each));
    if (prefix !== undefined) return prefix;
  } catch {
    // told below
  }
  throw new CommandError(
    'the token gives no prefix of ids (`id_prefixes`): nothing could be stored once only',
  );
}

function summarize({ stored, before, rejected }: Tally, seconds: number, report: string): void {
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out(`${stored} stored, ${before} stored before, ${rejected.length} rejected in ${seconds.toFixed(1)} s`);
  if (rejected.length === 0) return;
  const reasons = new Map<string, string[]>();
  for (const { path, reason } of rejected) reasons.set(reason, [...(reasons.get(reason) ?? []), path]);
  const ordered = [...reasons].sort(([, a], [, b]) => b.length - a.length);
  for (const [reason, paths] of ordered.slice(0, REASONS_SHOWN)) {
    const rest = paths.length > EXAMPLES_SHOWN ? ', …' : '';
    out(`  ${paths.length} × ${reason}\n      ${paths.slice(0, EXAMPLES_SHOWN).join(', ')}${rest}`);
  }
  say(`each rejected file is told in ${report}`);
}
