/** Many at once, from what happened to the letter. `npm run bench:notices` says how many a minute: 2,000 are wanted. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import type { Resource } from '../../src/fhir/resource.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { type Mailbox, mailbox, mailing } from './support/mailbox.ts';
import { people, settled } from './support/world.ts';

const PATIENTS = 150;
const EACH = 4;
const READERS = 2;

let carnet: TestServer;
let box: Mailbox;
let client: MongoClient;

beforeAll(async () => {
  box = await mailbox();
  carnet = await testServer(import.meta.url);
  await send(people(PATIENTS), 'PUT');
  client = await MongoClient.connect(carnet.database.uri, { readConcernLevel: 'majority' });
}, 120_000);
afterAll(async () => {
  await carnet?.close();
  await client?.close();
  await box?.stop();
});

async function send(resources: readonly Resource[], method: 'PUT' | 'POST'): Promise<void> {
  for (let start = 0; start < resources.length; start += 100) {
    const entry = resources.slice(start, start + 100).map((resource) => ({
      resource,
      request: {
        method,
        url: method === 'PUT' ? `${resource.resourceType}/${resource.id}` : resource.resourceType,
      },
    }));
    const { status, text } = await carnet
      .as('all')
      .post('', { resourceType: 'Bundle', type: 'transaction', entry });
    if (status !== 200) throw new Error(text);
  }
}

test('of what comes all at once, each reader is told each thing, in one letter', async () => {
  const db = client.db(carnet.database.dbName);
  // told from here on
  await db.collection('followers').insertOne({ _id: 'notices' as never, n: 0 });
  await db.collection('outbox').deleteMany({});
  await send(
    Array.from({ length: PATIENTS * EACH }, (_, index) => ({
      resourceType: 'DocumentReference',
      status: 'current',
      subject: { reference: `Patient/n-${(index % PATIENTS) + 1}` },
      content: [{ attachment: { contentType: 'text/plain' } }],
    })) as unknown as Resource[],
    'POST',
  );
  const begun = performance.now();
  const mails = { like: carnet, noticesEvery: 50, mail: mailing(box) };
  let other = await testServer(import.meta.url, mails);
  try {
    await settled(carnet);
    const made = await db.collection('notices').countDocuments();
    const making = (performance.now() - begun) / 60_000;
    expect(made).toBe(PATIENTS * EACH * READERS);
    // all fall due while nobody looks: what falls due after a letter was made is told in the next one
    await other.close();
    await db.collection('deliveries').updateMany({}, { $set: { due: 0 } });
    other = await testServer(import.meta.url, mails);
    const posted = performance.now();
    while (box.letters.length < PATIENTS * READERS) {
      if (performance.now() - posted > 60_000) throw new Error('too slow');
      await sleep(20);
    }
    const sending = (performance.now() - posted) / 60_000;
    if (process.env['BENCH'] !== undefined)
      console.log(
        `${Math.round(made / making)} notices, ${Math.round((PATIENTS * READERS) / sending)} letters a minute`,
      );
    expect(box.letters).toHaveLength(PATIENTS * READERS);
  } finally {
    await other.close();
  }
}, 180_000);
