/** What a fresh clone lacks: packages as the lock file says, and a build of the present sources. */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('..', import.meta.url));
const at = (...names) => join(ROOT, ...names);
const STAMP = at('dist', '.stamp');

export function say(line) {
  process.stderr.write(`${line}\n`);
}

/** Ends the process with a message when Node is too old for `engines`. */
export function checkNode() {
  const [, ...least] = /(\d+)\.(\d+)/.exec(readJson(at('package.json')).engines.node).map(Number);
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > least[0] || (major === least[0] && minor >= least[1])) return;
  say(`Node ${least.join('.')} or newer is needed; this is ${process.versions.node}`);
  process.exit(1);
}

/** Installs what is missing; builds too, if asked. Safe to run twice at once. */
export async function prepare({ build }) {
  checkNode();
  if (isInstalled() && (!build || isBuilt())) return;
  await alone(() => {
    if (!isInstalled()) install();
    if (build && !isBuilt()) compile();
  });
}

/** npm writes down what it installed, when it is done: it must be what package-lock.json names. */
function isInstalled() {
  const installed = readJson(at('node_modules', '.package-lock.json'))?.packages;
  if (installed === undefined) return false;
  const wanted = Object.entries(readJson(at('package-lock.json')).packages);
  return wanted.every(([path, { version, optional }]) => {
    if (path === '') return true;
    return path in installed ? installed[path].version === version : optional === true;
  });
}

function install() {
  say('installing packages (npm ci) …');
  run(
    'npm',
    ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'],
    'the packages could not be installed',
  );
}

function isBuilt() {
  return existsSync(STAMP) && readFileSync(STAMP, 'utf8') === fingerprint();
}

function compile() {
  say('building …');
  rmSync(at('dist'), { recursive: true, force: true });
  const tsc = at('node_modules', 'typescript', 'bin', 'tsc');
  run(process.execPath, [tsc, '-p', 'tsconfig.build.json'], 'the build failed');
  writeFileSync(STAMP, fingerprint());
}

/** Of all that a build depends on. */
function fingerprint() {
  const hash = createHash('sha256');
  const files = readdirSync(at('src'), { recursive: true }).map((name) => at('src', name));
  files.push(at('package-lock.json'), at('tsconfig.json'), at('tsconfig.build.json'));
  for (const file of files.sort()) {
    if (statSync(file).isFile())
      hash.update(relative(ROOT, file)).update('\0').update(readFileSync(file)).update('\0');
  }
  return hash.digest('hex');
}

function run(command, args, failure) {
  const { status, signal, error } = spawnSync(command, args, { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status === 0) return;
  say(`${failure}${error ? `: ${error.message}` : ''}`);
  process.exit(signal === 'SIGINT' ? 130 : 1);
}

/** One process at a time works on node_modules and dist; another waits. */
async function alone(work) {
  const lock = join(
    tmpdir(),
    `carnet-prepare-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}`,
  );
  for (let waited = 0; !take(lock); waited += 1) {
    if (waited === 4) say('waiting for another installation or build of this folder …');
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once('exit', release);
  try {
    work();
  } finally {
    process.removeListener('exit', release);
    release();
  }
}

/** A folder is made by one process only; one whose maker has died is taken away. */
function take(lock) {
  try {
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(process.pid));
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
  }
  const age = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
  const pid = existsSync(join(lock, 'pid')) ? Number(readFileSync(join(lock, 'pid'), 'utf8')) : undefined;
  if (pid === undefined ? age > 5000 : !isAlive(pid)) rmSync(lock, { recursive: true, force: true });
  return false;
}

function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

function readJson(path) {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
}
