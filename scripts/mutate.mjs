/**
 * `npm run mutate [-- words]`: breaks the gate in one way after another, in a copy of the project, and runs the tests
 * that should notice. A mutation that survives is a hole in the tests. With words: only mutations whose file and name have them.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { MUTATIONS } from './mutations.mjs';
import { ROOT, prepare, say } from './prepare.mjs';

const LEFT_OUT = new Set(['node_modules', '.git', 'dist', '.data']);
const WORKERS = 2;

await prepare({ build: false });
const words = process.argv.slice(2);
const asked = MUTATIONS.filter(({ name, file }) => words.every((word) => `${file} ${name}`.includes(word)));
const lost = asked.filter(({ file, from }) => count(readFileSync(join(ROOT, file), 'utf8'), from) !== 1);
if (lost.length > 0) {
  for (const { name, file } of lost) say(`what to break is not found once in ${file}: ${name}`);
  process.exit(2);
}
const queue = [...asked];
const survivors = [];
const copies = Array.from({ length: Math.min(WORKERS, queue.length) }, copy);
process.on('exit', () => copies.forEach((folder) => rmSync(folder, { recursive: true, force: true })));
await unbroken(copies[0]);
await Promise.all(copies.map(work));
for (const { name } of survivors) say(`survived: ${name}`);
console.log(`${asked.length - survivors.length} of ${asked.length} mutations caught`);
process.exitCode = survivors.length === 0 ? 0 : 1;

function copy() {
  const folder = mkdtempSync(join(os.tmpdir(), 'carnet-mutate-'));
  cpSync(ROOT, folder, { recursive: true, filter: (path) => !LEFT_OUT.has(basename(path)) });
  symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  return folder;
}

/** Tests that fail without a mutation would catch every one. */
async function unbroken(folder) {
  const tests = [...new Set(asked.flatMap((mutation) => mutation.tests))];
  if (tests.length === 0) return;
  const { passed, failed } = await run(folder, tests);
  if (passed) return;
  for (const line of failed) say(line);
  say('the tests fail as they are: nothing can be told by breaking something');
  process.exit(2);
}

async function work(folder) {
  for (let mutation = queue.shift(); mutation !== undefined; mutation = queue.shift()) {
    const { name, file, from, to, tests } = mutation;
    const path = join(folder, file);
    const whole = readFileSync(path, 'utf8');
    writeFileSync(
      path,
      whole.replace(from, () => to),
    );
    const { passed } = await run(folder, tests);
    writeFileSync(path, whole);
    say(`${passed ? 'SURVIVED' : 'caught'}  ${name}`);
    if (passed) survivors.push(mutation);
  }
}

/** @returns whether all passed, and the lines that name what failed */
async function run(folder, tests) {
  const jest = join(folder, 'node_modules', 'jest', 'bin', 'jest.js');
  const hook = join(folder, 'test', 'support', 'typescript.mjs');
  const args = ['--import', hook, jest, '--bail', '--silent', '-w', '1', ...tests];
  const child = spawn(process.execPath, args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });
  const [said, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { passed: code === 0, failed: said.split('\n').filter((line) => line.startsWith('FAILED ')) };
}

function count(text, part) {
  return text.split(part).length - 1;
}
