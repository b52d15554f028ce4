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

import { ClientSession, Collection, Db, Admin } from 'mongodb';
const pending = new Map<object, string>();
for (const [cls, names] of [[ClientSession, ['commitTransaction', 'abortTransaction', 'endSession']], [Collection, ['bulkWrite', 'insertMany', 'updateOne', 'findOne', 'deleteMany']], [Db, ['command']]] as const) {
  for (const name of names) {
    const original = (cls.prototype as any)[name];
    (cls.prototype as any)[name] = function (...args: unknown[]) {
      const r = original.apply(this, args);
      const key = {};
      pending.set(key, cls.name + '.' + name + ' ' + JSON.stringify(args[0] ?? '').slice(0, 200) + ' ' + new Error().stack!.split('\n').slice(2, 6).join('|') );
      Promise.resolve(r).then(() => pending.delete(key), () => pending.delete(key));
      return r;
    };
  }
}
void Admin;
const ev: string[] = [];
import { MongoClient } from 'mongodb'; import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);
const oc = MongoClient.prototype.connect;
MongoClient.prototype.connect = function (this: any) {
  for (const name of ['connectionCheckOutStarted', 'connectionCheckedOut', 'connectionCheckOutFailed', 'connectionCreated', 'connectionReady', 'connectionClosed', 'connectionPoolCleared', 'connectionPoolReady', 'connectionPoolClosed', 'connectionCheckedIn', 'serverDescriptionChanged'])
    this.on(name, (e: any) => { ev.push(Date.now() + ' ' + name + ' ' + (e.connectionId ?? '') + ' ' + (e.reason ?? '') + ' ' + (e.newDescription?.type ?? '')+ ' ' + String(e.error?.message??'')); });
  return oc.call(this);
} as never;

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
    over = true;L('progress'); setTimeout(() => { for (const p of pending.values()) L('PENDING ' + p); L('count '+pending.size); if (pending.size) require('fs').writeFileSync('/tmp/ev.log', ev.join('\n')); }, 25000).unref();
    await writing;L('written');
    expect(await faults(all, ledger)).toEqual([]);L('checked');
  }, 160_000);
});
