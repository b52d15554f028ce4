/** How a server starts and ends, as whoever sits at the terminal sees it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { demoDeposits } from '../../src/demo/deposits.ts';
import { demoApps } from '../../src/demo/catalogue.ts';
import { isAlive } from '../../src/ops/embedded/process.ts';
import { freePort } from '../support/server.ts';

interface Bundle {
  entry: { resource: { resourceType: string; id: string } }[];
}

const ROOT = new URL('../..', import.meta.url).pathname;
let dataDir: string;
let child: ChildProcess;
let said: string;

beforeEach(() => (dataDir = mkdtempSync(join(tmpdir(), 'carnet-start-'))));
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) {
    child.kill('SIGTERM');
    await once(child, 'exit');
  }
  rmSync(dataDir, { recursive: true, force: true });
});

async function start(
  given: Record<string, string> = {},
  stdout: 'ignore' | 'pipe' = 'ignore',
): Promise<void> {
  said = '';
  child = spawn(process.execPath, [join(ROOT, 'dist', 'main.js')], {
    cwd: ROOT,
    stdio: ['ignore', stdout, 'pipe'],
    env: {
      PATH: '',
      HOME: dataDir,
      DATA_DIR: dataDir,
      MONGOMS_SYSTEM_BINARY: process.env.TEST_MONGOD,
      MONGODB_CACHE_GB: '0.25',
      PORT: String(await freePort()),
      MONGODB_PORT: String(await freePort()),
      LOG_LEVEL: 'silent',
      ...given,
    },
  });
  child.stdout?.resume();
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (said += text));
}

async function saying(what: string): Promise<void> {
  while (!said.includes(what)) {
    if (child.exitCode !== null || child.signalCode !== null) throw new Error(`it ended, and said: ${said}`);
    await sleep(10);
  }
}

async function ending(signal: NodeJS.Signals): Promise<unknown> {
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = await exited;
  return code;
}

const database = (): number =>
  Number.parseInt(readFileSync(join(dataDir, 'mongodb', 'mongod.lock'), 'utf8'), 10);

it.each([
  ['SIGINT', 'its indexes are built', 'indexes of audit'],
  ['SIGINT', 'the demo is filled in', 'demo data: '],
  ['SIGHUP', 'it serves', 'Try:'],
] as const)(
  'ends with its database on %s while %s, and says no more than that it stops',
  async (signal, _when, mark) => {
    await start();
    await saying(mark);
    const pid = database();
    expect(isAlive(pid)).toBe(true);
    expect(await ending(signal)).toBe(0);
    expect(isAlive(pid)).toBe(false);
    expect(said.slice(said.indexOf('stopping …'))).toMatch(
      /^stopping …\n(demo data: .*\n|indexes of .*\n)*$/,
    );
  },
  90_000,
);

it('goes on serving when nobody reads any more what it tells, and ends when it is told to', async () => {
  await start({ LOG_LEVEL: 'info' }, 'pipe');
  await saying('Try:');
  for (const stream of [child.stdout!, child.stderr!]) stream.destroy();
  const { base } = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as { base: string };
  for (let asked = 0; asked < 40; asked += 1) expect((await fetch(`${base}/metadata`)).status).toBe(200);
  expect(await ending('SIGTERM')).toBe(0);
}, 90_000);

it('fills in what an earlier start that was stopped has left of the demo', async () => {
  await start();
  await saying('demo data: ');
  await ending('SIGINT');
  await start({ MONGODB_PORT: String(await freePort()) });
  await saying('Try:');
  const { base, callers } = JSON.parse(readFileSync(join(dataDir, 'demo.json'), 'utf8')) as {
    base: string;
    callers: Record<string, { token: string }>;
  };
  const get = async <T>(address: string, who: string): Promise<T> => {
    const headers = { authorization: `Bearer ${callers[who]!.token}` };
    return (await (await fetch(address, { headers })).json()) as T;
  };
  const found = await get<Bundle>(`${base}?_elements=id&_count=1000`, 'all');
  const there = new Set(found.entry.map(({ resource: { resourceType, id } }) => `${resourceType}/${id}`));
  const deposited = demoDeposits(new Date()).flatMap(({ resources }) => resources);
  expect(deposited.filter(({ resourceType, id }) => !there.has(`${resourceType}/${id}`))).toEqual([]);
  expect(await get(base.replace(/fhir$/, 'registry/listings'), 'operator')).toHaveLength(demoApps.length);
}, 90_000);

it('fills in the demo at whatever address it listens on', async () => {
  await start({ HOST: '127.0.0.2' });
  await saying('Try:');
  expect(said).toContain('Carnet serves FHIR R4 at http://127.0.0.2:');
}, 90_000);
