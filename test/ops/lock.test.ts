import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockedError, acquireLock } from '../../src/ops/embedded/lock.ts';
import { startTime, stopProcess } from '../../src/ops/embedded/process.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carnet-lock-'));
  file = join(folder, 'data', 'lock');
});

afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The pid of a process that has ended. */
const deadPid = (): number => spawnSync(process.execPath, ['-e', '']).pid;

function leave(holder: unknown): void {
  acquireLock(file)();
  writeFileSync(file, typeof holder === 'string' ? holder : JSON.stringify(holder));
}

describe('the lock of a data folder', () => {
  it('is held by one, named by pid, and free again after its release', () => {
    const release = acquireLock(file);
    expect(() => acquireLock(file)).toThrow(LockedError);
    expect(() => acquireLock(file)).toThrow(`process ${process.pid}`);
    release();
    expect(existsSync(file)).toBe(false);
    acquireLock(file)();
  });

  it('leaves nothing else in the folder', () => {
    const release = acquireLock(file);
    expect(() => acquireLock(file)).toThrow();
    expect(readdirSync(join(folder, 'data'))).toEqual(['lock']);
    release();
    expect(readdirSync(join(folder, 'data'))).toEqual([]);
  });

  it.each([
    ['a process that has ended', () => ({ pid: deadPid(), started: 'boot:1' })],
    ['a process that has ended, without a start time', () => ({ pid: deadPid() })],
    ['a pid that another process got since', () => ({ pid: process.pid, started: 'boot:1' })],
    ['half a file', () => '{"pid":'],
    ['an empty file', () => ''],
    ['no process', () => ({ pid: -1 })],
  ])('is taken over from %s', (_, holder) => {
    leave(holder());
    const release = acquireLock(file);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      pid: process.pid,
      started: startTime(process.pid),
    });
    release();
  });

  it('is not released by one who lost it', () => {
    const release = acquireLock(file);
    writeFileSync(file, '{"pid":1}');
    release();
    expect(readFileSync(file, 'utf8')).toBe('{"pid":1}');
  });

  it('goes to one of many that find a dead holder at the same moment', async () => {
    leave({ pid: deadPid(), started: 'boot:1' });
    const script = `
      const { acquireLock } = await import(${JSON.stringify(new URL('../../src/ops/embedded/lock.ts', import.meta.url).href)});
      try { acquireLock(process.argv[1]); process.send('held'); } catch { process.send('refused'); }
      process.on('message', () => process.exit());
    `;
    const hook = new URL('../support/typescript.mjs', import.meta.url).href;
    const racers = Array.from({ length: 4 }, () =>
      spawn(process.execPath, ['--import', hook, '--input-type=module', '-e', script, file], {
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      }),
    );
    const answers = await Promise.all(
      racers.map(async (racer) => ((await once(racer, 'message')) as [string])[0]),
    );
    for (const racer of racers) racer.send('end');
    expect(answers.sort()).toEqual(['held', 'refused', 'refused', 'refused']);
  });
});

describe('a process', () => {
  it('has a start time while it lives, and none when it is gone', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
    expect(startTime(child.pid!)).toMatch(/^[\da-f-]{36}:\d+$/);
    await stopProcess(child.pid!, 5000);
    expect(startTime(child.pid!)).toBeUndefined();
  });

  it('is killed when it does not heed SIGTERM', async () => {
    const child = spawn(process.execPath, [
      '-e',
      "process.on('SIGTERM', () => {}); console.log(); setInterval(() => {}, 1000)",
    ]);
    await once(child.stdout, 'data');
    const ended = once(child, 'exit');
    await stopProcess(child.pid!, 200);
    expect(await ended).toEqual([null, 'SIGKILL']);
  });
});
