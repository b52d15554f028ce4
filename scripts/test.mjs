/**
 * `npm test [-- jest's arguments]`: installs what is missing, runs the tests, ends with the names of what
 * failed and `N passed, N failed`.
 */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT, prepare } from './prepare.mjs';

let closing = '0 passed, 1 failed';
let failures = [];
process.on('exit', () => console.log([...failures, closing].join('\n')));

await prepare({ build: true });
const jest = join(ROOT, 'node_modules', 'jest', 'bin', 'jest.js');
const reporters = ['default', join(ROOT, 'scripts', 'closing-line-reporter.mjs')].flatMap((name) => [
  '--reporters',
  name,
]);
const child = spawn(
  process.execPath,
  ['--import', join(ROOT, 'test', 'support', 'typescript.mjs'), jest, ...process.argv.slice(2), ...reporters],
  {
    cwd: ROOT,
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  },
);
child.on('message', (message) => {
  if (typeof message?.closing === 'string') ({ closing, failures } = message);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal));
child.on('close', (code) => {
  process.exit(code ?? 1);
});
