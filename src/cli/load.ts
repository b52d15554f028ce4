/** `npm run load`: Bundles and NDJSON over HTTP. */
import { stat } from 'node:fs/promises';
import { readCommandConfig } from '../config/config.ts';
import { CommandError, runCommand } from './command.ts';
import { readDemoFile, tokenOf } from './demo-file.ts';
import { progress } from './loading/progress.ts';
import { requestsOf, type Load, type Unreadable } from './loading/requests.ts';
import { send, type Server } from './loading/send.ts';

const USAGE = `usage: npm run load -- [options] FILE…
Loads FHIR JSON over HTTP: transaction and batch Bundles are processed by the server; resources, also those
in other Bundles and in NDJSON (.ndjson, .jsonl), are put under their ids, or created where that is not allowed.
  --base URL        FHIR base (of DATA_DIR/demo.json, else BASE_URL)
  --as CALLER       demo caller whose token is used (all)
  --token TOKEN     token to use
  --concurrency N   requests under way at once (4)
  --retries N       repetitions when the server is busy or out of reach (6)`;

const REASONS_SHOWN = 20;
const EXAMPLES_SHOWN = 3;

interface Tally {
  stored: number;
  failed: number;
  bytes: number;
  /** Labels by reason. */
  reasons: Map<string, string[]>;
}

await runCommand({
  usage: USAGE,
  options: {
    base: { type: 'string' },
    as: { type: 'string' },
    token: { type: 'string' },
    concurrency: { type: 'string', default: '4' },
    retries: { type: 'string', default: '6' },
  },
  async run({ base, as, token, concurrency, retries }, files) {
    if (files.length === 0) throw new CommandError(USAGE);
    const workers = within('concurrency', concurrency, 1, 256);
    const server = {
      ...address(base, as, token),
      patience: 300_000,
      retries: within('retries', retries, 0, 20),
      pause: 500,
    };
    const tally: Tally = { stored: 0, failed: 0, bytes: 0, reasons: new Map() };
    const started = Date.now();
    const total = await totalSize(files);
    await loadAll(files, workers, server, total, tally);
    summarize(tally, (Date.now() - started) / 1000);
    if (tally.failed > 0) process.exitCode = 1;
  },
});

function within(name: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new CommandError(`--${name} must be a whole number from ${least} to ${most}, not \`${text}\``);
}

function address(base?: string, as?: string, token?: string): Pick<Server, 'base' | 'token'> {
  const config = readCommandConfig(process.env);
  if (token !== undefined) return { base: (base ?? config.baseUrl).replace(/\/+$/, ''), token };
  const demo = readDemoFile(config.dataDir);
  return { base: (base ?? demo.base).replace(/\/+$/, ''), token: tokenOf(demo, as ?? 'all') };
}

async function totalSize(files: string[]): Promise<number> {
  const sizes = await Promise.all(
    files.map(async (file) => {
      const found = await stat(file).catch(() => undefined);
      if (!found?.isFile()) throw new CommandError(`\`${file}\` is no file that can be read`);
      return found.size;
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Files in the order given, each one whole before the next begins: later ones may refer to earlier ones. */
async function loadAll(
  files: string[],
  workers: number,
  server: Server,
  total: number,
  tally: Tally,
): Promise<void> {
  const bar = progress();
  for (const file of files) {
    const loads = requestsOf(file);
    const work = async (): Promise<void> => {
      for (let next = await pull(loads, file, tally); next; next = await pull(loads, file, tally)) {
        const { stored, failures } =
          'fault' in next ? { stored: 0, failures: [next.fault] } : await send(next, server);
        tally.stored += stored;
        tally.bytes += next.bytes;
        for (const reason of failures) fail(tally, next.label, reason);
        bar.show(tally.bytes / (total || 1), `${tally.stored} stored, ${tally.failed} failed`);
      }
    };
    await Promise.all(Array.from({ length: workers }, work));
  }
  bar.end();
}

/** The next request of a file; a rest that can't be read counts as one failure. */
async function pull(
  loads: AsyncGenerator<Load | Unreadable>,
  file: string,
  tally: Tally,
): Promise<Load | Unreadable | undefined> {
  try {
    const { done, value } = await loads.next();
    return done === true ? undefined : value;
  } catch (error) {
    fail(tally, file, (error as Error).message);
    return undefined;
  }
}

function fail(tally: Tally, label: string, reason: string): void {
  tally.failed += 1;
  const labels = tally.reasons.get(reason) ?? [];
  tally.reasons.set(reason, labels);
  labels.push(label);
}

function summarize({ stored, failed, reasons }: Tally, seconds: number): void {
  const out = (line: string): void => void process.stdout.write(`${line}\n`);
  out(`${stored} stored, ${failed} failed in ${seconds.toFixed(1)} s`);
  const ordered = [...reasons].sort(([, a], [, b]) => b.length - a.length);
  for (const [reason, labels] of ordered.slice(0, REASONS_SHOWN)) {
    const more = labels.length > EXAMPLES_SHOWN ? ', …' : '';
    out(`  ${labels.length} × ${reason}\n      ${labels.slice(0, EXAMPLES_SHOWN).join(', ')}${more}`);
  }
  if (ordered.length > REASONS_SHOWN) out(`  and ${ordered.length - REASONS_SHOWN} other reasons`);
}
