import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { startEmbedded, type Embedded } from '../../src/ops/embedded/embedded.ts';
import { commandLine, isAlive } from '../../src/ops/embedded/process.ts';

const ARGS = ['--setParameter', 'diagnosticDataCollectionEnabled=false'];

let dataDir: string;
const lines: string[] = [];

function start(port = 0): Promise<Embedded> {
  const places = { systemBinary: process.env['TEST_MONGOD'], path: '', cacheDir: join(dataDir, 'no-cache') };
  return startEmbedded({
    dataDir,
    port,
    places,
    log: (line) => lines.push(line),
    cacheSizeGb: 0.25,
    args: ARGS,
  });
}

async function withCollection<T>(
  uri: string,
  use: (names: () => Promise<unknown[]>, client: MongoClient) => Promise<T>,
): Promise<T> {
  const client = await MongoClient.connect(uri);
  try {
    return await use(() => client.db('test').collection('kept').distinct('name'), client);
  } finally {
    await client.close();
  }
}

const keep = (uri: string, name: string): Promise<unknown> =>
  withCollection(uri, (_, client) =>
    client
      .db('test')
      .collection('kept')
      .insertOne({ name }, { writeConcern: { w: 'majority', journal: true } }),
  );
const kept = (uri: string): Promise<unknown[]> => withCollection(uri, (names) => names());

beforeAll(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'carnet-embedded-'));
});

afterEach(() => lines.splice(0));

afterAll(() => rmSync(dataDir, { recursive: true, force: true }));

describe('the embedded database', () => {
  it('is a replica set, says once what it is, and keeps its data from start to start and from port to port', async () => {
    const first = await start();
    expect(lines.join()).toMatch(/MongoDB \d+\.\d+\.\d+ .*Server Side Public License/);
    await keep(first.uri, 'first');
    await first.stop();
    expect(isAlive(first.pid)).toBe(false);
    lines.splice(0);
    const second = await start();
    expect(lines).toEqual([]);
    expect(second.uri).not.toBe(first.uri);
    expect(await kept(second.uri)).toEqual(['first']);
    await second.stop();
  });

  it('refuses a second server on the same folder', async () => {
    const database = await start();
    await expect(start()).rejects.toThrow(`in use by another server, process ${process.pid}`);
    await expect(kept(database.uri)).resolves.toEqual(['first']);
    await database.stop();
  });

  it('says when another program has its port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    await expect(start(port)).rejects.toThrow(`port ${port} is taken by another program: set MONGODB_PORT`);
    other.close();
  });

  it('starts again on the same port after its server was killed', async () => {
    const killed = await startElsewhere();
    await keep(killed.uri, 'second');
    killed.child.kill('SIGKILL');
    await once(killed.child, 'exit');
    expect(commandLine(killed.pid)).toContain(join(dataDir, 'mongodb'));
    const database = await start(Number(new URL(killed.uri).port));
    expect(lines).toEqual([`stopping the database of an earlier start (process ${killed.pid}) …`]);
    expect((await kept(database.uri)).sort()).toEqual(['first', 'second']);
    await database.stop();
  });

  it('ends when its server ends without stopping it', async () => {
    const { child, pid } = await startElsewhere();
    child.kill('SIGTERM');
    await once(child, 'exit');
    const deadline = Date.now() + 20_000;
    while (isAlive(pid) && Date.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 50));
    expect(commandLine(pid)).toEqual([]);
  });

  it('tells MongoDB’s own reason when it does not start', async () => {
    const places = {
      systemBinary: process.env['TEST_MONGOD'],
      path: '',
      cacheDir: join(dataDir, 'no-cache'),
    };
    const options = {
      dataDir,
      port: 0,
      places,
      log: () => {},
      args: ['--setParameter', 'noSuchParameter=1'],
    };
    await expect(startEmbedded(options)).rejects.toThrow(
      /MongoDB \d.* stopped while starting: .*noSuchParameter/,
    );
    const again = await start();
    await again.stop();
  });
});

/** A server in a process of its own, that ends on SIGTERM without a word to its database. */
async function startElsewhere(): Promise<{ child: ChildProcess; uri: string; pid: number }> {
  const script = `
    process.on('SIGTERM', () => process.exit());
    const { startEmbedded } = await import(${JSON.stringify(new URL('../../src/ops/embedded/embedded.ts', import.meta.url).href)});
    const places = { systemBinary: process.env.TEST_MONGOD, path: '', cacheDir: '/nowhere' };
    const { uri, pid } = await startEmbedded({ dataDir: process.argv[1], port: 0, places, log: () => {}, cacheSizeGb: 0.25 });
    process.send({ uri, pid });
    setInterval(() => {}, 1000);
  `;
  const hook = new URL('../support/typescript.mjs', import.meta.url).href;
  const child = spawn(process.execPath, ['--import', hook, '--input-type=module', '-e', script, dataDir], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [message] = (await once(child, 'message')) as [{ uri: string; pid: number }];
  return { child, ...message };
}
