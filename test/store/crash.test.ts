/** What was acknowledged outlives `kill -9` of the server and of the database, whole and with its traces. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Embedded, startEmbedded } from '../../src/ops/embedded/embedded.ts';
import { type Client, clientFor, freePort, type TestServer, testServer } from '../support/server.ts';
import { readAnchor } from '../../src/store/chain/anchor-reading.ts';
import type { Fault } from '../../src/store/chain/check.ts';
import { connect } from '../../src/store/database.ts';
import { trustedKeys } from '../../src/store/chain/signing-key.ts';
import { codesOf, verified } from './support/chain.ts';
import { type Ledger, faults, newLedger, writeOn } from './support/ledger.ts';
import { newReads, readOn, untraced } from './support/reads.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** `npm run prove` asks for more. */
const KILLS = process.env.PROVE === undefined ? 5 : 50;
const WRITERS = 8;
/** A start, on a machine that has much else to do. Milliseconds. */
const START_WITHIN = 300_000;
const PATIENTS = ['crash-a', 'crash-b'];

async function addPatients(carnet: TestServer): Promise<void> {
  for (const id of PATIENTS) await carnet.as('all').put(`Patient/${id}`, { resourceType: 'Patient', id });
}

async function until(reached: () => boolean): Promise<void> {
  for (const end = Date.now() + 60_000; !reached(); await sleep(2)) {
    if (Date.now() > end) throw new Error('the writers come to a halt');
  }
}

const startWriters = (client: () => Client, ledger: Ledger, stop: () => boolean): Promise<void[]> =>
  Promise.all(
    Array.from({ length: WRITERS }, async (_, index) => writeOn(client, PATIENTS[index % 2]!, ledger, stop)),
  );

describe('a server that is killed', () => {
  let seeded: TestServer;
  let child: ChildProcess | undefined;
  beforeAll(async () => {
    seeded = await testServer(import.meta.url);
    await addPatients(seeded);
  });
  afterAll(async () => {
    if (child !== undefined && child.exitCode === null && child.signalCode === null) {
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await seeded.close();
  });

  async function start(): Promise<Client> {
    const { uri, dbName } = seeded.database;
    const port = await freePort();
    const dataDir = join(seeded.dataDir, 'child');
    child = spawn(process.execPath, ['--import', './test/support/typescript.mjs', 'src/main.ts'], {
      cwd: ROOT,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        PATH: process.env.PATH,
        PORT: String(port),
        DATA_DIR: dataDir,
        KEY_FILE: join(seeded.dataDir, 'kek.json'),
        MONGODB_URI: uri,
        MONGODB_DATABASE: dbName,
        DEMO: 'on',
        LOG_LEVEL: 'error',
      },
    });
    const said: string[] = [];
    for (const stream of [child.stdout, child.stderr])
      stream?.on('data', (data: Buffer) => said.push(data.toString()));
    const base = `http://127.0.0.1:${port}`;
    for (const until = Date.now() + START_WITHIN; ; await sleep(50)) {
      const ready = await fetch(`${base}/health/ready`).catch(() => undefined);
      const demo = ready?.status === 200 ? demoOf(join(dataDir, 'demo.json'), base) : undefined;
      if (demo !== undefined) return clientFor(demo.base, demo.callers.all.token);
      if (Date.now() > until || child.exitCode !== null)
        throw new Error(`the server did not start: ${child.exitCode} ${said.join('').slice(-2000)}`);
    }
  }

  /** What the verifier finds, with the anchor that each of the killed servers has left. */
  async function chainFaults(): Promise<Fault[]> {
    const { uri, dbName } = seeded.database;
    const path = join(seeded.dataDir, 'kek.json');
    const database = await connect(uri, dbName);
    try {
      const told: Fault[] = [];
      const anchor = join(seeded.dataDir, 'child', 'anchor');
      const { heads } = await readAnchor(anchor, await trustedKeys(path), Infinity, (fault) =>
        told.push(fault),
      );
      expect(heads.length).toBeGreaterThan(0);
      return [...told, ...(await verified(database, await codesOf(path), heads)).told];
    } finally {
      await database.close();
    }
  }

  it(
    `has kept every acknowledged write, its history and its trace, every answered read's trace, no half transaction, and a chain that verifies, ${KILLS} times`,
    async () => {
      let ledger = newLedger();
      let client = await start();
      for (let round = 0; round < KILLS; round += 1) {
        if (round % 5 === 0) ledger = newLedger();
        const reads = newReads();
        const before = ledger.writes;
        const reading = Promise.all(PATIENTS.map((patient) => readOn(client, patient, reads)));
        const writing = startWriters(
          () => client,
          ledger,
          () => false,
        );
        await until(
          () => ledger.writes > before + WRITERS * (3 + 2 * (round % 5)) && reads.answered.length > 20,
        );
        child!.kill('SIGKILL');
        await once(child!, 'exit');
        await Promise.all([writing, reading]);
        client = await start();
        expect(await faults(client, ledger)).toEqual([]);
        expect(await untraced(client, PATIENTS, reads)).toEqual([]);
        expect(await chainFaults()).toEqual([]);
        if (KILLS > 5) process.stderr.write(`killed ${round + 1} of ${KILLS} times\n`);
      }
    },
    START_WITHIN + KILLS * 120_000,
  );
});

function demoOf(
  path: string,
  base: string,
): { base: string; callers: { all: { token: string } } } | undefined {
  try {
    const demo = JSON.parse(readFileSync(path, 'utf8'));
    return demo.base.startsWith(base) ? demo : undefined;
  } catch {
    return undefined;
  }
}

describe('a database that is killed', () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'carnet-crash-'));
  let mongod: Embedded;
  let carnet: TestServer;
  const start = (port: number): Promise<Embedded> =>
    startEmbedded({
      dataDir,
      port,
      log: () => {},
      places: { systemBinary: process.env.TEST_MONGOD, path: '', cacheDir: dataDir },
      cacheSizeGb: 0.25,
      args: ['--setParameter', 'diagnosticDataCollectionEnabled=false'],
    });
  beforeAll(async () => {
    mongod = await start(0);
    carnet = await testServer(import.meta.url, {
      like: { database: { uri: mongod.uri, dbName: 'crash' }, dataDir },
    });
    await addPatients(carnet);
  });
  afterAll(async () => {
    await carnet?.close();
    await mongod?.stop();
    rmSync(dataDir, { recursive: true, force: true });
  });

  it('has kept every acknowledged write when it is back, and the server goes on', async () => {
    const ledger = newLedger();
    const all = carnet.as('all');
    let over = false;
    const writing = startWriters(
      () => all,
      ledger,
      () => over,
    );
    await until(() => ledger.writes > WRITERS * 4);
    process.kill(mongod.pid, 'SIGKILL');
    await mongod.ended;
    const acknowledged = ledger.writes;
    mongod = await start(Number(new URL(mongod.uri).port));
    await until(() => ledger.writes > acknowledged + WRITERS * 4);
    over = true;
    await writing;
    expect(await faults(all, ledger)).toEqual([]);
  }, 60_000);
});
