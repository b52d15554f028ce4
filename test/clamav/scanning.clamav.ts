/**
 * Debian's clamav-daemon with signatures of our own, of which one is EICAR's test file: https://www.eicar.org
 * Nothing is downloaded, and no other daemon of this machine is asked.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { clamd } from '../../src/ops/scanning/clamd.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { rescan } from '../../src/store/content/rescan.ts';
import { patient } from '../interaction/support/resources.ts';
import { type Client, type TestServer, freePort, testServer } from '../support/server.ts';

const CLAMD = process.env.CLAMD_BINARY ?? '/usr/sbin/clamd';
const MIB = 1024 * 1024;
/** In pieces, so that no scanner takes this file for it. */
const EICAR = ['X5O!P%@AP[4\\PZX54(P^)7CC)7}$', 'EICAR-STANDARD-', 'ANTIVIRUS-TEST-FILE!$H+H*'].join('');
const TEXT = { 'content-type': 'text/plain' };
const ANY = { accept: '*/*' };

const folder = mkdtempSync(join(tmpdir(), 'carnet-clamav-'));
const socket = join(folder, 'clamd.sock');
let port: number;
let daemon: ChildProcess | undefined;
let carnet: TestServer;
let database: Database;
let ring: KeyRing;
let hospital: Client;

async function start(): Promise<void> {
  daemon = spawn(CLAMD, ['--foreground', '--config-file', join(folder, 'clamd.conf')], { stdio: 'ignore' });
  daemon.on('error', () => {});
  for (let tries = 0; tries < 500; tries += 1) {
    if (await clamd({ path: socket }).ping()) return;
    await sleep(100);
  }
  throw new Error(`${CLAMD} does not answer: install clamav-daemon, or name it in CLAMD_BINARY`);
}

async function stop(): Promise<void> {
  const ended = new Promise((resolve) => daemon?.once('exit', resolve));
  daemon?.kill('SIGTERM');
  await Promise.race([ended, sleep(10_000)]);
}

beforeAll(async () => {
  port = await freePort();
  writeFileSync(join(folder, 'eicar.ndb'), `Carnet.Test.EICAR:0:*:${Buffer.from(EICAR).toString('hex')}\n`);
  const settings = {
    DatabaseDirectory: folder,
    LocalSocket: socket,
    TCPSocket: port,
    TCPAddr: '127.0.0.1',
    StreamMaxLength: '4M',
    TemporaryDirectory: folder,
  };
  writeFileSync(
    join(folder, 'clamd.conf'),
    Object.entries(settings)
      .map(([name, value]) => `${name} ${value}\n`)
      .join(''),
  );
  await start();
  carnet = await testServer(import.meta.url, { scanner: clamd({ path: socket }) });
  database = await connect(carnet.database.uri, carnet.database.dbName);
  ring = new KeyRing(database.records.keys, await keyFile(`${carnet.dataDir}/kek.json`));
  hospital = carnet.as('hospital');
  await carnet.as('all').put('Patient/cav', patient({ id: 'cav' }));
}, 60_000);
afterAll(async () => {
  await database?.close();
  await carnet?.close();
  await stop();
  rmSync(folder, { recursive: true, force: true });
});

async function* of(...pieces: Buffer[]): AsyncGenerator<Buffer> {
  yield* pieces;
}

it.each(['a socket', 'a port'])('tells clean from EICAR by %s, however it is cut', async (by) => {
  const scanner = clamd(by === 'a socket' ? { path: socket } : { host: '127.0.0.1', port });
  expect(await scanner.scan(of(Buffer.from('clean')))).toEqual({ is: 'clean' });
  const bytes = Buffer.concat([randomBytes(300_000), Buffer.from(EICAR), randomBytes(300_000)]);
  const cut = Array.from({ length: 7 }, (_, part) => bytes.subarray(part * 100_000, (part + 1) * 100_000));
  expect(await scanner.scan(of(...cut))).toEqual({ is: 'infected', name: 'Carnet.Test.EICAR.UNOFFICIAL' });
});

it('does not take what is too long for clean', async () => {
  expect(await clamd({ path: socket }).scan(of(Buffer.alloc(5 * MIB, 'a')))).toMatchObject({ is: 'unknown' });
});

it.each([
  ['small', () => Buffer.from(`a letter\n${EICAR}`)],
  ['a stream', () => Buffer.concat([Buffer.alloc(2 * MIB, 'a'), Buffer.from(EICAR)])],
])('refuses EICAR as a Binary: %s', async (_, bytes) => {
  const { status, json } = await hospital.post('Binary', bytes(), TEXT);
  expect([status, json.issue[0].details.text]).toEqual([
    422,
    'the content holds malware: `Carnet.Test.EICAR.UNOFFICIAL`',
  ]);
});

it('refuses EICAR in a document, and takes what is clean', async () => {
  const document = (text: string) => ({
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: 'Patient/cav' },
    content: [{ attachment: { contentType: 'text/plain', data: Buffer.from(text).toString('base64') } }],
  });
  expect((await hospital.post('DocumentReference', document(EICAR))).status).toBe(422);
  expect((await hospital.post('DocumentReference', document('a letter'))).status).toBe(201);
});

it('holds back what is too long, and goes on doing so', async () => {
  const { status, json } = await hospital.post('Binary', Buffer.alloc(5 * MIB, 'a'), TEXT);
  expect([status, (await hospital.get(`Binary/${json.id}`, ANY)).status]).toEqual([201, 503]);
  await rescan(database, ring, clamd({ path: socket }));
  expect((await hospital.get(`Binary/${json.id}`, ANY)).status).toBe(503);
});

it('holds back what comes while the daemon is away, and gives it when the daemon has seen it', async () => {
  await stop();
  const sent = [Buffer.from('a letter'), Buffer.alloc(2 * MIB, 'b'), Buffer.from(EICAR)];
  const ids: string[] = [];
  for (const bytes of sent) {
    const { status, json } = await hospital.post('Binary', bytes, TEXT);
    expect([status, (await hospital.get(`Binary/${json.id}`, ANY)).status]).toEqual([201, 503]);
    ids.push(json.id as string);
  }
  expect((await rescan(database, ring, clamd({ path: socket }))).cleared).toBe(0);
  await start();
  const { cleared, infected } = await rescan(database, ring, clamd({ path: socket }));
  expect([cleared, infected]).toEqual([2, 1]);
  const statuses = await Promise.all(ids.map(async (id) => (await hospital.get(`Binary/${id}`, ANY)).status));
  expect(statuses).toEqual([200, 200, 410]);
});
