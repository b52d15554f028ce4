/**
 * `npm run bench [-- fhirload's arguments]`: measures a server of its own, with gate, audit and sealing on, by the
 * caller that deposits the load, and writes the figures with the machine's into conformance/bench/.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT, prepare, say } from './prepare.mjs';
import { report } from './bench-report.mjs';

const FHIRLOAD = resolve(process.env.FHIRLOAD ?? join(ROOT, '..', 'shared', 'bench', 'fhirload.mjs'));
const OUT = join(ROOT, 'conformance', 'bench');
const START_SECONDS = 180;

const USAGE = `usage: npm run bench [-- arguments of fhirload]
Measures a server of its own and writes the figures into conformance/bench/.
  --patients N      patients of the load (200)
  --docs N          documents of each (40)
  --concurrency N   requests under way at once (16)
FHIRLOAD names the path of fhirload.mjs.`;

if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
  process.stdout.write(`${USAGE}\n`);
  process.exit(0);
}
if (!existsSync(FHIRLOAD)) {
  say(`there is no \`${FHIRLOAD}\`: set FHIRLOAD to the path of fhirload.mjs`);
  process.exit(2);
}
await prepare({ build: true });
const dataDir = mkdtempSync(join(os.tmpdir(), 'carnet-bench-'));
const server = await startServer(dataDir);
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => server.kill('SIGTERM'));
try {
  const demo = await ready(server);
  const result = await measure(server, demo);
  mkdirSync(OUT, { recursive: true });
  const record = { machine: machine(), ...result };
  writeFileSync(join(OUT, 'core.json'), `${JSON.stringify(record, null, 2)}\n`);
  writeFileSync(join(OUT, 'core.md'), report(record));
  say(`figures in ${join('conformance', 'bench', 'core.md')}`);
  process.exitCode = isRight(result) ? 0 : 1;
} catch (error) {
  say(error.message);
  process.exitCode = 1;
} finally {
  const ended = server.exitCode === null ? once(server, 'exit') : undefined;
  server.kill('SIGTERM');
  await ended;
  rmSync(dataDir, { recursive: true, force: true });
}

async function startServer(folder) {
  const [port, mongodbPort] = [await freePort(), await freePort()];
  const { MONGODB_URI: _, BASE_URL: __, ...env } = process.env;
  Object.assign(env, {
    PORT: port,
    MONGODB_PORT: mongodbPort,
    DATA_DIR: folder,
    DEMO: 'on',
    LOG_LEVEL: 'warn',
  });
  say(`starting a server on port ${port} …`);
  return spawn(process.execPath, ['--max-semi-space-size=16', join(ROOT, 'dist', 'main.js')], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function ready(child) {
  const path = join(dataDir, 'demo.json');
  for (let waited = 0; waited < START_SECONDS * 4; waited += 1) {
    if (child.exitCode !== null) throw new Error('the server ended while starting');
    if (existsSync(path)) {
      const demo = JSON.parse(readFileSync(path, 'utf8'));
      const answer = await fetch(new URL('/health/ready', demo.base)).catch(() => undefined);
      if (answer?.ok) return demo;
    }
    await new Promise((done) => setTimeout(done, 250));
  }
  throw new Error(`the server was not ready after ${START_SECONDS} s`);
}

async function measure(child, { base, callers }) {
  const { token } = callers.loader ?? callers.all;
  const mongod = Number.parseInt(readFileSync(join(dataDir, 'mongodb', 'mongod.lock'), 'utf8'), 10);
  const out = join(dataDir, 'fhirload.json');
  const settings = [
    '--patients',
    '200',
    '--docs',
    '40',
    '--concurrency',
    '16',
    '--pid',
    `${child.pid},${mongod}`,
  ];
  const given = ['--base', base, ...settings, '--header', `Authorization: Bearer ${token}`, '--out', out];
  const load = spawn(process.execPath, [FHIRLOAD, ...given, ...process.argv.slice(2)], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(load, 'close');
  if (!existsSync(out)) throw new Error('the measurement ended without figures');
  return JSON.parse(readFileSync(out, 'utf8'));
}

function isRight({ ingest, ops, freshness }) {
  const faults = [ingest, ...Object.values(ops)].reduce(
    (sum, op) => sum + (op?.errors ?? 0) + (op?.wrong ?? 0),
    0,
  );
  const stale =
    (freshness?.stale_after_create ?? 0) + (freshness?.stale_after_delete ?? 0) + (freshness?.errors ?? 0);
  return faults + stale === 0;
}

function machine() {
  const program = readFileSync(join(dataDir, 'mongodb.log'), 'utf8');
  const commit = spawnSync('git', ['describe', '--always', '--dirty', '--exclude', '*'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  return {
    cpu: os.cpus()[0]?.model ?? 'unknown',
    cores: os.cpus().length,
    memoryGiB: Number((os.totalmem() / 2 ** 30).toFixed(1)),
    kernel: `${os.type()} ${os.release()} ${os.arch()}`,
    node: process.versions.node,
    mongod: /"version":"(\d+\.\d+\.\d+)"/.exec(program)?.[1] ?? 'unknown',
    commit: commit.status === 0 ? commit.stdout.trim() : 'unknown',
    date: new Date().toISOString().slice(0, 10),
  };
}

async function freePort() {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address();
  probe.close();
  await once(probe, 'close');
  return port;
}
