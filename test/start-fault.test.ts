/** What is said when the server can't start; the errors are those of Node and of the driver themselves. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MongoClient } from 'mongodb';
import { explainStart } from '../src/start-fault.ts';

const SECRET = 'hunter2';

const faultOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

async function taken(): Promise<{ port: number; close(): void }> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => void server.close() };
}

it('a port that is taken is named with its variable', async () => {
  const { port, close } = await taken();
  const [error] = await once(createServer().listen(port, '127.0.0.1'), 'error').catch((fault: unknown) => [
    fault,
  ]);
  expect(explainStart(error, { port, host: '127.0.0.1' })).toBe(
    `PORT ${port} is in use: stop what listens there, or set PORT to another`,
  );
  expect(explainStart(error, { port: port + 1, host: '127.0.0.1' })).toMatch(/EADDRINUSE/);
  close();
});

it('a folder or a key file that can’t be used is named with its variable', () => {
  const folder = mkdtempSync(join(tmpdir(), 'carnet-start-'));
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const faultAt = (work: () => unknown): unknown => {
    try {
      work();
    } catch (error) {
      return error;
    }
    throw new Error('it works');
  };
  const config = { port: 1, host: '127.0.0.1', mongodbUri: undefined, dataDir: file, keyFile: folder };
  try {
    expect(
      explainStart(
        faultAt(() => mkdirSync(join(file, 'keys'), { recursive: true })),
        config,
      ),
    ).toBe(
      `DATA_DIR can't be used (ENOTDIR at ${join(file, 'keys')}): name a folder that this user may write`,
    );
    expect(
      explainStart(
        faultAt(() => openSync(folder, 'w')),
        config,
      ),
    ).toMatch(/^KEY_FILE .* can't be used \(EISDIR\)/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

it.each([
  [
    'out of reach',
    (port: number) => `mongodb://ada:${SECRET}@127.0.0.1:${port}/?replicaSet=rs0`,
    /out of reach/,
  ],
  ['not understood', () => `mongodb://ada:${SECRET}@127.0.0.1/?colour=red`, /not understood/],
])('a database that is %s is named by its variable, without its password', async (_what, uriAt, text) => {
  const { port, close } = await taken();
  close();
  const mongodbUri = uriAt(port);
  const error = await faultOf(
    (async () => new MongoClient(mongodbUri, { serverSelectionTimeoutMS: 300 }).connect())(),
  );
  const said = explainStart(error, { port: 3000, host: '127.0.0.1', mongodbUri });
  expect(said).toMatch(text);
  expect(said).toContain('MONGODB_URI');
  expect(said).not.toContain(SECRET);
});

it('what is wrong with the configuration is said as it is', () => {
  expect(explainStart(new Error('PORT must be a number'))).toBe('PORT must be a number');
});

it('a list of providers that is wrong is told before anything is started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'carnet-start-'));
  const [upstreams, dataDir] = [join(folder, 'upstreams.json'), join(folder, 'data')];
  writeFileSync(upstreams, `[{ "id": "psc", "client": { "secret": "${SECRET}" } }]`);
  try {
    const child = spawn(process.execPath, ['--import', './test/support/typescript.mjs', 'src/main.ts'], {
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, UPSTREAMS: upstreams, DATA_DIR: dataDir },
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said += data.toString()));
    const [code] = await once(child, 'close');
    expect([code, said]).toEqual([1, expect.stringContaining(`UPSTREAMS names \`${upstreams}\``)]);
    expect(said).toContain('`[0].claims` must be one of');
    expect(said).not.toContain(SECRET);
    expect(existsSync(dataDir)).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
