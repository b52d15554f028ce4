import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Lines } from '../../src/ops/lines.ts';

let folder: string;
let fd: number;
const written = (): string => readFileSync(join(folder, 'log'), 'utf8');

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carnet-lines-'));
  fd = openSync(join(folder, 'log'), 'a');
});
afterEach(() => {
  closeSync(fd);
  rmSync(folder, { recursive: true, force: true });
});

it('writes lines in their order, few at a time or many', async () => {
  const lines = new Lines(fd);
  const all = Array.from({ length: 3_000 }, (_, index) => `${index} ${'é'.repeat(index % 50)}\n`);
  for (const [index, line] of all.entries()) {
    lines.write(line);
    if (index % 700 === 0) await sleep(1);
  }
  while (written().length < all.join('').length) await sleep(20);
  expect(written()).toBe(all.join(''));
});

it('writes what it holds at once when it is told to', () => {
  const lines = new Lines(fd);
  lines.write('last words\n');
  lines.flushSync();
  expect(written()).toBe('last words\n');
});

/** A process that writes lines to a pipe, told to be flushed at its end. */
const WRITER = `
  const { Lines } = await import(${JSON.stringify(new URL('../../src/ops/lines.ts', import.meta.url).href)});
  const lines = new Lines(1);
  process.on('SIGTERM', () => { lines.write('x'.repeat(200_000) + '\\n'); process.exit(0); });
  lines.write('begun\\n');
  lines.flushSync();
  setInterval(() => {}, 1000);
`;

it.each([
  ['nobody reads it any more', (out: NodeJS.ReadableStream & { destroy(): void }) => out.destroy()],
  ['its reader has stopped reading', (out: NodeJS.ReadableStream) => out.pause()],
])(
  'lets a process end though %s',
  async (_why, leave) => {
    const hook = new URL('../support/typescript.mjs', import.meta.url).href;
    const child = spawn(process.execPath, ['--import', hook, '--input-type=module', '-e', WRITER], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    await once(child.stdout, 'data');
    leave(child.stdout);
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
  },
  60_000,
);
