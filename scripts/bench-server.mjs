/** A server of its own for a measurement: the demo on free ports, with its data in a folder that is dropped at the end. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT, prepare, say } from './prepare.mjs';

const FHIRLOAD = resolve(process.env.FHIRLOAD ?? join(ROOT, '..', 'shared', 'bench', 'fhirload.mjs'));
const START_SECONDS = 180;

export const OUT = join(ROOT, 'conformance', 'bench');

/** Prints the usage, or ends, when there is nothing to measure with. */
export function explain(usage) {
  if (process.argv.slice(2).some((argument) => argument === '--help' || argument === '-h')) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  if (existsSync(FHIRLOAD)) return;
  say(`there is no \`${FHIRLOAD}\`: set FHIRLOAD to the path of fhirload.mjs`);
  process.exit(2);
}

/** CPU time of processes, milliseconds; the kernel counts in hundredths of a second. */
export function spent(pids) {
  return pids.reduce((sum, pid) => {
    const [, fields] = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ');
    const [user, system] = fields.split(' ').slice(11, 13).map(Number);
    return sum + (user + system) * 10;
  }, 0);
}

/** Starts a server, hands it to `work`, and stops it whatever happens. @param preload a module that it loads first */
export async function withServer(work, { preload } = {}) {
  await prepare({ build: true });
  const dataDir = mkdtempSync(join(os.tmpdir(), 'carnet-bench-'));
  const child = await startServer(dataDir, preload);
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => child.kill('SIGTERM'));
  try {
    const demo = await ready(child, dataDir);
    const mongod = Number.parseInt(readFileSync(join(dataDir, 'mongodb', 'mongod.lock'), 'utf8'), 10);
    const load = (token, settings) => fhirload(dataDir, [child.pid, mongod], demo.base, token, settings);
    await work({ ...demo, load, machine: () => machine(dataDir), pids: [child.pid, mongod] });
  } catch (error) {
    say(error.message);
    process.exitCode = 1;
  } finally {
    const ended = child.exitCode === null ? once(child, 'exit') : undefined;
    child.kill('SIGTERM');
    await ended;
    rmSync(dataDir, { recursive: true, force: true });
  }
}

/** @returns fhirload's own report */
async function fhirload(dataDir, pids, base, token, settings) {
  const out = join(dataDir, 'fhirload.json');
  rmSync(out, { force: true });
  const given = ['--base', base, '--pid', pids.join(','), '--header', `Authorization: Bearer ${token}`];
  const load = spawn(process.execPath, [FHIRLOAD, ...given, '--out', out, ...settings], {
    cwd: ROOT,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  await once(load, 'close');
  if (!existsSync(out)) throw new Error('the measurement ended without figures');
  return JSON.parse(readFileSync(out, 'utf8'));
}

async function startServer(folder, preload) {
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
  const first = preload === undefined ? [] : ['--import', preload];
  return spawn(process.execPath, ['--max-semi-space-size=16', ...first, join(ROOT, 'dist', 'main.js')], {
    env,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
}

async function ready(child, dataDir) {
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

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
}

/** The line that says on what it was measured. */
export function measuredOn({ cpu, cores, memoryGiB, kernel, node, mongod, commit, date }) {
  return `${cpu}, ${cores} cores, ${memoryGiB} GiB, ${kernel}; Node ${node}, MongoDB ${mongod}; commit ${commit}, ${date}.`;
}

function machine(dataDir) {
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
