/**
 * A download by mongodb-memory-server-core, a development dependency, which knows where MongoDB publishes its programs.
 * It runs in a process of its own: so its stack traces stay there, and a download that stands still can be ended.
 */
import { spawn } from 'node:child_process';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The series that opens databases of 6.0, that of the wheel, too; MONGOMS_VERSION overrides it. */
const VERSION = '7.0.28';
const STANDSTILL = 10_000;

const SCRIPT = `
  delete process.env.MONGOMS_SYSTEM_BINARY;
  process.env.MONGOMS_MAX_RETRIES ??= '1';
  console.log = console.warn = () => {};
  process.stdout.isTTY = false;
  const [downloadDir, version] = process.argv.slice(1);
  try {
    const { MongoBinary } = await import('mongodb-memory-server-core');
    const path = await MongoBinary.getPath({ downloadDir, version: process.env.MONGOMS_VERSION ?? version });
    process.send({ path });
  } catch (error) {
    process.send({ failure: String(error?.message ?? error).replace(/\\s+/g, ' ').slice(0, 300) });
  }
  process.exit();
`;

interface Report {
  path?: string;
  failure?: string;
}

export async function memoryServerMongod(folder: string): Promise<string> {
  const child = spawn(process.execPath, ['--input-type=module', '-e', SCRIPT, folder, VERSION], {
    cwd: fileURLToPath(new URL('.', import.meta.url)),
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  let report: Report = {};
  child.on('message', (message) => (report = message as Report));
  let [size, grown, still] = [0, Date.now(), false];
  const watch = setInterval(() => {
    void bytes(folder).then((now) => {
      if (now !== size) [size, grown] = [now, Date.now()];
      if (Date.now() - grown > STANDSTILL) still = child.kill('SIGKILL');
    });
  }, 1000);
  await new Promise((resolve) => child.on('close', resolve).on('error', resolve));
  clearInterval(watch);
  if (report.path !== undefined) return report.path;
  throw new Error(report.failure ?? (still ? 'the download stood still' : 'the download failed'));
}

async function bytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
