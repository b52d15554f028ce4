/** What commands beside a server may not do: work with other keys, or index by another base or other rules. */
import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MongoClient } from 'mongodb';
import { FRENCH } from '../../src/config/national-rules.ts';
import { readOrMakeKeyFile } from '../../src/store/keys/key-file.ts';
import { type TestServer, testServer } from '../support/server.ts';

const run = promisify(execFile);
const ROOT = new URL('../..', import.meta.url).pathname;
let carnet: TestServer;
let client: MongoClient;
let folder: string;

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  client = await MongoClient.connect(carnet.database.uri);
}, 60_000);

afterAll(async () => {
  await client?.close();
  await carnet?.close();
});

beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'carnet-commands-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** What a command tells the operator; its exit code must be 1. */
async function refusal([name = '', ...args]: readonly string[], given: Record<string, string>) {
  const env = {
    PATH: process.env.PATH,
    MONGODB_URI: carnet.database.uri,
    MONGODB_DATABASE: carnet.database.dbName,
    DATA_DIR: folder,
    KEY_FILE: join(carnet.dataDir, 'kek.json'),
    BASE_URL: carnet.base,
    ...given,
  };
  const command = ['--import', './test/support/typescript.mjs', `src/cli/${name}.ts`, ...args];
  return run(process.execPath, command, { cwd: ROOT, env }).then(
    () => 'it went through',
    ({ stderr, code }: { stderr: string; code: number }) => `${code}: ${stderr}`,
  );
}

/** All that the two databases hold, but for what a running server adds to it by itself. */
async function held(): Promise<unknown[]> {
  const all: unknown[] = [];
  for (const name of [carnet.database.dbName, `${carnet.database.dbName}_keys`]) {
    const db = client.db(name);
    for (const collection of [
      'keys',
      'issuerKeys',
      'upstreamKeys',
      'layout',
      'logins',
      'outbox',
      'resources',
    ])
      all.push([name, collection, await db.collection(collection).find().sort({ _id: 1 }).toArray()]);
  }
  return all;
}

const COMMANDS: readonly (readonly string[])[] = [
  ['keys', 'rotate'],
  ['keys', 'rotate-signing'],
  ['keys', 'rotate-upstream'],
  ['logins', 'code', 'x'],
  ['notices', '--parked'],
  ['reindex'],
  ['unusual-access', '--since', '1d'],
  ['verify-audit'],
  ['backup', '--out', 'DATA', '--keys', 'KEYS'],
];

describe.each(COMMANDS)('%s %s', (...command) => {
  const inFolder = () =>
    command.map((word) => (word === 'DATA' || word === 'KEYS' ? join(folder, word) : word));

  it('makes no key file where there is none, and changes nothing', async () => {
    const before = await held();
    const KEY_FILE = join(folder, 'keys', 'none.json');
    expect(await refusal(inFolder(), { KEY_FILE })).toMatch(/^1: .*there is no key file .*none\.json/s);
    expect([existsSync(KEY_FILE), await held()]).toEqual([false, before]);
  }, 60_000);

  it('changes nothing with the key file of another database', async () => {
    const before = await held();
    const KEY_FILE = join(folder, 'others.json');
    const others = await readOrMakeKeyFile(KEY_FILE);
    expect(await refusal(inFolder(), { KEY_FILE })).toContain('the key file is not the one');
    expect([await readOrMakeKeyFile(KEY_FILE), await held()]).toEqual([others, before]);
  }, 60_000);
});

it('writes no backup that no key opens', async () => {
  const KEY_FILE = join(folder, 'others.json');
  await readOrMakeKeyFile(KEY_FILE);
  const folders = { data: join(folder, 'd'), keys: join(folder, 'k') };
  await refusal(['backup', '--out', folders.data, '--keys', folders.keys], { KEY_FILE });
  expect(
    Object.values(folders)
      .filter(existsSync)
      .flatMap((each) => readdirSync(each)),
  ).toEqual([]);
}, 60_000);

it.each([
  ['at another base', { BASE_URL: 'https://elsewhere.example/fhir' }, 'set BASE_URL as it has it'],
  ['by other national rules', { RULES: 'profiles/others' }, 'set RULES as it has it'],
])(
  'does not index %s than the server',
  async (_how, given: Record<string, string>, told) => {
    const before = await held();
    if (given.RULES !== undefined) given.RULES = otherRules();
    expect(await refusal(['reindex'], given)).toContain(told);
    expect(await held()).toEqual(before);
  },
  60_000,
);

/** A country in which one label hides less. */
function otherRules(): string {
  const others = join(folder, 'rules');
  cpSync(FRENCH, others, { recursive: true });
  const path = join(others, 'rules.json');
  const rules = JSON.parse(readFileSync(path, 'utf8')) as { labels: { masked: unknown[] } };
  rules.labels.masked.pop();
  writeFileSync(path, JSON.stringify(rules));
  return others;
}
