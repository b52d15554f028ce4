/** `kill -9` of the server that delivers: each event arrives, in order, and what arrives twice has its number. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type TestServer, freePort, putAll, testServer } from '../support/server.ts';
import { people } from '../notice/support/world.ts';
import { type Endpoint, byTopic, depositing, endpoint, read, until } from './support/endpoint.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** `npm run prove` asks for more. */
const KILLS = process.env.PROVE === undefined ? 3 : 50;
/** Of what was deposited and isn't told yet: what comes faster than it is told would have to be waited for at the end. */
const MOST_WAITING = 200;

let hook: Endpoint;
let quiet: TestServer;
let child: ChildProcess | undefined;
beforeAll(async () => {
  hook = await endpoint();
  quiet = await testServer(import.meta.url, { subscriptionHosts: [hook.host] });
  await putAll(quiet.as('all'), people(1));
});
afterAll(async () => {
  await kill();
  await quiet?.close();
  await hook?.stop();
});

async function kill(): Promise<void> {
  if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function start(): Promise<void> {
  const { uri, dbName } = quiet.database;
  child = spawn(process.execPath, ['--import', './test/support/typescript.mjs', 'src/main.ts'], {
    cwd: ROOT,
    stdio: 'ignore',
    env: {
      PATH: process.env.PATH,
      PORT: String(await freePort()),
      DATA_DIR: join(quiet.dataDir, 'child'),
      KEY_FILE: join(quiet.dataDir, 'kek.json'),
      MONGODB_URI: uri,
      MONGODB_DATABASE: dbName,
      SUBSCRIPTION_HOSTS: new URL(hook.url).origin,
      DEMO: 'on',
      LOG_LEVEL: 'silent',
    },
  });
}

const deposit = depositing(() => quiet);

test(
  `nothing is lost in ${KILLS} kills`,
  async () => {
    const extension: [string, object][] = [
      ['timeout', { valueUnsignedInt: 1 }],
      ['max-count', { valuePositiveInt: 3 }],
    ];
    const { status } = await quiet
      .as('hospital')
      .post('Subscription', byTopic({ endpoint: hook.url }, { extension }));
    expect(status).toBe(201);
    const events = () => hook.sent.flatMap(({ text }) => read(text).events);
    const ids: string[] = [];
    for (let killed = 0; killed < KILLS; killed += 1) {
      await start();
      const before = events().length;
      let writing = true;
      const writer = (async () => {
        while (writing) {
          if (ids.length < events().length + MOST_WAITING) ids.push(await deposit(String(ids.length)));
          await sleep(10);
        }
      })();
      try {
        await until(() => events().length >= before + 10, 150_000);
        await sleep(Math.random() * 200);
      } finally {
        writing = false;
        await writer;
      }
      await kill();
    }
    await start();
    const isLast = () => events().some(({ number }) => number === ids.length);
    while (!isLast()) {
      const before = events().length;
      await until(() => isLast() || events().length > before, 150_000);
    }
    const told = new Map<number, string | undefined>();
    for (const { number, focus } of events()) {
      // what comes again is what it was
      expect(told.get(number) ?? focus).toBe(focus);
      // and nothing comes before what is before it
      expect(told.has(number) || number === told.size + 1).toBe(true);
      told.set(number, focus);
    }
    expect([...told.values()]).toEqual(ids);
  },
  600_000 + KILLS * 60_000,
);
