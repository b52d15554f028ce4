/** Content of 200 MiB (1 GiB in `npm run prove`) goes up and down while the server's memory stays under 500 MB. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { freePort, type TestServer, testServer } from '../support/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const MIB = 1024 * 1024;
const PIECES = process.env.PROVE === undefined ? 200 : 1024;
const MOST = 500_000_000;

let seeded: TestServer;
let child: ChildProcess;
let base: string;
let token: string;

beforeAll(async () => {
  seeded = await testServer(import.meta.url);
  await seeded.as('all').put('Patient/large', { resourceType: 'Patient', id: 'large' });
  const port = await freePort();
  const dataDir = join(seeded.dataDir, 'child');
  child = spawn(process.execPath, [join(ROOT, 'dist', 'main.js')], {
    cwd: ROOT,
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      DATA_DIR: dataDir,
      KEY_FILE: join(seeded.dataDir, 'kek.json'),
      MONGODB_URI: seeded.database.uri,
      MONGODB_DATABASE: seeded.database.dbName,
      DEMO: 'on',
      CONTENT_TYPES: '+application/octet-stream',
      LOG_LEVEL: 'silent',
    },
  });
  for (const until = Date.now() + 60_000; ; await sleep(100)) {
    try {
      const demo = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as {
        base: string;
        callers: Record<string, { token: string }>;
      };
      [base, token] = [demo.base, demo.callers.hospital!.token];
      return;
    } catch {
      if (Date.now() > until || child.exitCode !== null) throw new Error('the server did not start');
    }
  }
}, 90_000);

afterAll(async () => {
  if (child?.exitCode === null) {
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await seeded?.close();
});

/** The most that the process ever had in memory. Bytes. */
const peak = (): number =>
  Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))![1]) * 1024;

/** Each piece another, so that nothing could be kept once for all. */
function piece(index: number): Buffer {
  const bytes = Buffer.alloc(MIB, index);
  bytes.writeUInt32BE(index * 2_654_435, 8);
  return bytes;
}

it(
  'goes up and down, byte for byte, within bounds of memory',
  async () => {
    const sent = createHash('sha256');
    const headers = {
      authorization: `Bearer ${token}`,
      'content-type': 'application/octet-stream',
      'x-security-context': 'Patient/large',
    };
    const sending = request(`${base}/Binary`, { method: 'POST', headers });
    Readable.from(
      (function* () {
        for (let index = 0; index < PIECES; index += 1) {
          const bytes = piece(index);
          sent.update(bytes);
          yield bytes;
        }
      })(),
      { objectMode: false },
    ).pipe(sending);
    const [answer] = (await once(sending, 'response')) as [
      Readable & { statusCode: number; headers: { location: string } },
    ];
    answer.resume();
    expect(answer.statusCode).toBe(201);
    const id = /Binary\/([^/]+)/.exec(answer.headers.location)![1];

    const read = await fetch(`${base}/Binary/${id}`, {
      headers: { authorization: headers.authorization, accept: '*/*' },
    });
    expect([read.status, read.headers.get('content-length')]).toEqual([200, `${PIECES * MIB}`]);
    const got = createHash('sha256');
    for await (const bytes of read.body!) got.update(bytes);
    expect(got.digest('hex')).toBe(sent.digest('hex'));
    expect(peak()).toBeLessThan(MOST);
  },
  PIECES * 1_500,
);
