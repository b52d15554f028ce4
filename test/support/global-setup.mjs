/** Starts one throw-away MongoDB for the whole run, on a free port, in a folder that goes away with it. */
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import './typescript.mjs';

const PREFIX = 'carnet-test-';
const LEFTOVER = /^carnet-test-(\d+)-/;
/** Rooms whose tests need no database. */
const PURE = /test\/(fhir|consent|demo)\b/;
const FAST = [
  '--setParameter',
  'diagnosticDataCollectionEnabled=false',
  '--setParameter',
  'ttlMonitorEnabled=false',
  // a database for each file, each with hundreds of indexes: those of files that are done are closed soon
  '--wiredTigerEngineConfigString',
  'file_manager=(close_idle_time=20,close_scan_interval=5)',
];

export default async function globalSetup({ testPathPatterns }) {
  const patterns = testPathPatterns?.patterns ?? [];
  if (patterns.length > 0 && patterns.every((pattern) => PURE.test(pattern))) return;
  await sweep();
  const { startEmbedded } = await import('../../src/ops/embedded/embedded.ts');
  const { env } = process;
  const dataDir = mkdtempSync(join(tmpdir(), `${PREFIX}${process.pid}-`));
  const cache = env.XDG_CACHE_HOME || join(homedir(), '.cache');
  const places = {
    systemBinary: env.MONGOMS_SYSTEM_BINARY || undefined,
    path: env.PATH ?? '',
    cacheDir: join(cache, 'carnet'),
  };
  const log = (line) => line.startsWith('database:') || process.stderr.write(`${line}\n`);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));
  const database = await startEmbedded({
    dataDir,
    port: 0,
    log,
    places,
    cacheSizeGb: 0.5,
    transactionSeconds: 10,
    args: FAST,
  });
  process.env.TEST_MONGODB_URI = database.uri;
  process.env.TEST_MONGOD = database.program;
  globalThis.stopTestDatabase = async () => {
    await database.stop();
    rmSync(dataDir, { recursive: true, force: true });
  };
}

/** What a run that was killed left behind. */
async function sweep() {
  const { isAlive } = await import('../../src/ops/embedded/process.ts');
  const { stopLeftover } = await import('../../src/ops/embedded/embedded.ts');
  for (const name of readdirSync(tmpdir())) {
    // not the folders of single tests, whose names go on by chance
    const [, pid] = LEFTOVER.exec(name) ?? [];
    if (pid === undefined || isAlive(Number(pid))) continue;
    const folder = join(tmpdir(), name);
    await stopLeftover(join(folder, 'mongodb'), () => {});
    rmSync(folder, { recursive: true, force: true });
  }
}
