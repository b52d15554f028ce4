/** Killed by `kill -9` again and again, with others at work: each notice once, each letter by one id, nothing missing. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { type Db, MongoClient } from 'mongodb';
import { type TestServer, freePort, putAll, testServer } from '../support/server.ts';
import { type Mailbox, mailbox } from './support/mailbox.ts';
import { people, settled } from './support/world.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** `npm run prove` asks for more. */
const KILLS = process.env['PROVE'] === undefined ? 4 : 50;
/** Many kills take long: as much as can be told meanwhile. Milliseconds. */
const PAUSE = process.env['PROVE'] === undefined ? 20 : 200;
/** How long one lives at most: each a little longer than the one before. */
const LIVES = 10;
const PATIENTS = ['n-1', 'n-2', 'n-3', 'n-4'];

let carnet: TestServer;
let box: Mailbox;
let client: MongoClient;
let db: Db;
const children = new Set<ChildProcess>();

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  box = await mailbox();
  await putAll(carnet.as('all'), people(4));
  client = await MongoClient.connect(carnet.database.uri, { readConcernLevel: 'majority' });
  db = client.db(carnet.database.dbName);
  for (const of of PATIENTS) {
    const parameter = [{ name: 'grouping', valueUnsignedInt: 0 }];
    const as = carnet.as({ token: carnet.tokenFor({ reference: `Patient/${of}`, related: [] }, 'patient') });
    await as.post(`Patient/${of}/$notice-preferences-set`, { resourceType: 'Parameters', parameter });
  }
}, 60_000);
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await carnet?.close();
  await client?.close();
  await box?.stop();
});

async function start(): Promise<ChildProcess> {
  const port = await freePort();
  const child = spawn(process.execPath, ['--import', './test/support/typescript.mjs', 'src/main.ts'], {
    cwd: ROOT,
    stdio: 'ignore',
    env: {
      PATH: process.env['PATH'],
      PORT: String(port),
      DATA_DIR: join(carnet.dataDir, `child-${port}`),
      KEY_FILE: join(carnet.dataDir, 'kek.json'),
      MONGODB_URI: carnet.database.uri,
      MONGODB_DATABASE: carnet.database.dbName,
      DEMO: 'on',
      LOG_LEVEL: 'silent',
      SMTP_URL: `smtp://127.0.0.1:${box.port}?tls=off`,
      SMTP_FROM: 'carnet@space.example',
    },
  });
  children.add(child);
  for (const end = Date.now() + 300_000; ; await sleep(50)) {
    const ready = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => undefined);
    if (ready?.status === 200) return child;
    if (Date.now() > end || child.exitCode !== null) throw new Error('the server did not start');
  }
}

async function kill(child: ChildProcess): Promise<void> {
  child.kill('SIGKILL');
  if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  children.delete(child);
}

async function until(holds: () => Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; !(await holds()); await sleep(50))
    if (Date.now() > end) throw new Error('it never came to that');
}

test(
  'nothing is missing, nothing is told twice',
  async () => {
    let other = await start();
    const made: string[] = [];
    let writing = true;
    const writers = PATIENTS.map(async (of) => {
      while (writing) {
        const { status, json } = await carnet.as('lab').post('DocumentReference', {
          resourceType: 'DocumentReference',
          status: 'current',
          subject: { reference: `Patient/${of}` },
          content: [{ attachment: { contentType: 'text/plain' } }],
        });
        expect(status).toBe(201);
        made.push(`${of} ${json.id}`);
        await sleep(PAUSE);
      }
    });
    box.delay = 20;
    let kills = 0;
    for (let round = 0; kills < KILLS; round += 1) {
      const child = await start();
      await sleep(300 + 200 * (round % LIVES));
      await kill(child);
      kills += 1;
      if (round % 2 === 1) {
        await kill(other);
        kills += 1;
        other = await start();
      }
    }
    writing = false;
    await Promise.all(writers);
    await settled(carnet);
    // who was killed held some of the letters: they are free after a while
    await until(async () => {
      await db.collection('mails').updateMany({}, { $set: { next: 0 } });
      await sleep(500);
      return (
        (await db.collection('mails').countDocuments()) +
          (await db.collection('deliveries').countDocuments({ reader: /^Patient/ })) ===
        0
      );
    });
    expect(made.length).toBeGreaterThan(20);
    for (const of of PATIENTS) {
      const as = carnet.as({
        token: carnet.tokenFor({ reference: `Patient/${of}`, related: [] }, 'patient'),
      });
      const told: string[] = [];
      let next: string | undefined = `Patient/${of}/$notices?_count=100`;
      while (next !== undefined) {
        const { json } = await as.get(next);
        for (const { resource } of json.entry ?? []) told.push(resource.about[0].reference.split('/')[1]);
        next = json.link.find(({ relation }: { relation: string }) => relation === 'next')?.url;
      }
      const own = made.filter((each) => each.startsWith(`${of} `)).map((each) => each.split(' ')[1]);
      // each once, in the order in which they were made
      expect(told.reverse()).toEqual(own);
      expect(box.letters.some(({ to }) => to.includes(`${of}@people.example`))).toBe(true);
    }
  },
  600_000 + KILLS * 60_000,
);
