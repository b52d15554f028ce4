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
import { type Ledger, faults, newLedger, writeOn } from './support/ledger.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const WRITERS = 8;
const PATIENTS = ['crash-a', 'crash-b'];

async function addPatients(carnet: TestServer): Promise<void> {
  for (const id of PATIENTS) await carnet.as('all').put(`Patient/${id}`, { resourceType: 'Patient', id });
}

async function until(reached: () => boolean): Promise<void> {
  for (const end = Date.now() + 20_000; !reached(); await sleep(2)) {
    if (Date.now() > end) throw new Error('the writers come to a halt');
  }
}

const startWriters = (client: () => Client, ledger: Ledger, stop: () => boolean): Promise<void[]> =>
  Promise.all(
    Array.from({ length: WRITERS }, async (_, index) => writeOn(client, PATIENTS[index % 2]!, ledger, stop)),
  );

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
    await mongod.ended; const T=Date.now(); const L=(x:string)=>process.stderr.write(x+' '+(Date.now()-T)+'\n'); L('ended');
    const acknowledged = ledger.writes;
    mongod = await start(Number(new URL(mongod.uri).port));
    L('started');await until(() => ledger.writes > acknowledged + WRITERS * 4);
    over = true;L('progress');
    await writing;L('written');
    expect(await faults(all, ledger)).toEqual([]);L('checked');
  }, 160_000);
});
