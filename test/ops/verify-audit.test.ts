/** `npm run verify-audit` on a database, on a backup and after a restore: what it says, and how it ends. */
import { execFile } from 'node:child_process';
import { appendFileSync, readFileSync, readdirSync } from 'node:fs';
import { createPublicKey } from 'node:crypto';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { nationalRules } from '../../src/config/national-rules.ts';
import { anchorFile } from '../../src/store/chain/anchor-file.ts';
import { backup } from '../../src/store/backup/backup.ts';
import { type Database, connect } from '../../src/store/database.ts';
import { KeyRing, keyFile } from '../../src/store/keys/keys.ts';
import { reindex } from '../../src/store/layout.ts';
import { signingKey } from '../../src/store/chain/signing-key.ts';
import { Store } from '../../src/store/store.ts';
import { type TestServer, testServer } from '../support/server.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

let carnet: TestServer;
let database: Database;
let ring: KeyRing;
let keyPath: string;

async function command(name: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const { uri, dbName } = carnet.database;
  const env = {
    PATH: process.env.PATH,
    MONGODB_URI: uri,
    MONGODB_DATABASE: dbName,
    DATA_DIR: join(carnet.dataDir, 'data'),
    KEY_FILE: keyPath,
    AUTH_ISSUER: 'x',
    AUTH_JWKS: 'https://id.example.org/jwks',
  };
  const hook = './test/support/typescript.mjs';
  return run(process.execPath, ['--import', hook, `src/cli/${name}.ts`, ...args], { cwd: ROOT, env }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, err: stderr }),
    ({ code, stdout, stderr }) => ({ code, out: stdout, err: stderr }),
  );
}

/** A process that is anchored, writes so many traces and ends. */
async function traced(count: number, close = true): Promise<void> {
  const anchor = anchorFile(join(carnet.dataDir, 'data', 'anchor'), await signingKey(keyPath));
  const store = new Store(database, ring, carnet.base, nationalRules(), undefined, anchor);
  await store.open();
  for (let i = 0; i < count; i += 1) {
    const own = { resourceType: 'AuditEvent', id: `v-${Math.random().toString(36).slice(2)}`, entity: [] };
    await store.record(() => [
      { frame: { resourceType: 'AuditEvent', action: 'R' }, own, aside: [], patient: 'v1' },
    ]);
  }
  if (close) await store.close();
}

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  keyPath = join(carnet.dataDir, 'kek.json');
  await carnet.as('all').put('Patient/v1', { resourceType: 'Patient', id: 'v1' });
  await carnet.as('all').get('Patient/v1');
  database = await connect(carnet.database.uri, carnet.database.dbName);
  ring = new KeyRing(database.records.keys, await keyFile(keyPath));
  await traced(30);
}, 60_000);
afterAll(async () => {
  await database?.close();
  await carnet?.close();
});

it('says that all is whole, and ends with 0', async () => {
  const { code, out, err } = await command('verify-audit');
  expect({ code, out }).toEqual({ code: 0, out: '' });
  expect(err).toMatch(/\d+ traces in 2 chains/);
  expect(err).toMatch(/1 heads and 2 checkpoints/);
}, 60_000);

it('shows the key that signs the checkpoints', async () => {
  const { out } = await command('verify-audit', '--public-key');
  expect(createPublicKey(out).asymmetricKeyType).toBe('ed25519');
  expect(out).not.toMatch(/PRIVATE/);
}, 60_000);

it('stays whole after the traces are indexed again', async () => {
  await database.audit.updateMany({}, { $set: { terms: [] } });
  expect((await command('verify-audit')).code).toBe(1);
  await reindex(database, ring, carnet.base, nationalRules(), () => {});
  expect(await command('verify-audit')).toMatchObject({ code: 0, out: '' });
}, 60_000);

it('finds a checkpoint that somebody else has written', async () => {
  const folder = join(carnet.dataDir, 'data', 'anchor');
  const path = join(folder, readdirSync(folder)[0]!);
  const before = readFileSync(path, 'utf8');
  const last = JSON.parse(before.trim().split('\n').at(-1)!);
  appendFileSync(path, `${JSON.stringify({ ...last, n: last.n + 1 })}\n`);
  const { code, out } = await command('verify-audit');
  expect(code).toBe(1);
  expect(out).toMatch(/signature/);
  const { writeFileSync } = await import('node:fs');
  writeFileSync(path, before);
}, 60_000);

it('verifies a backup by its own keys, finds what was cut off after, and knows of a restore', async () => {
  const { uri, dbName } = carnet.database;
  const folders = { data: join(carnet.dataDir, 'b-data'), keys: join(carnet.dataDir, 'b-keys') };
  await backup({ uri, database: dbName, keyFile: keyPath, ...folders }, () => {});
  const ofBackup = await command('verify-audit', '--backup', folders.data, '--keys', folders.keys);
  expect(ofBackup).toMatchObject({ code: 0, out: '' });
  // older than clocks may differ
  await new Promise((resolve) => setTimeout(resolve, 11_000));
  await traced(5);
  expect(await command('verify-audit')).toMatchObject({ code: 0, out: '' });
  // an attacker puts the backup's records in place of the database's
  const [chain] = await database.links.find({ what: 'opened' }, { sort: { at: -1 }, limit: 1 }).toArray();
  await database.links.deleteMany({ chain: chain!.chain });
  await database.audit.deleteMany({ 'place.id': chain!.chain });
  const cut = await command('verify-audit');
  expect(cut.code).toBe(1);
  expect(cut.out).toMatch(`cut off: chain ${chain!.chain}`);
  const restored = await command('restore', '--from', folders.data, '--keys', folders.keys, '--force');
  expect(restored).toMatchObject({ code: 0 });
  expect(await command('verify-audit')).toMatchObject({ code: 0, out: '' });
}, 90_000);
