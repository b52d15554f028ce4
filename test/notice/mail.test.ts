/** E-mails by a real SMTP server: what they say, when they leave, and what happens when it is away. */
import { setTimeout as sleep } from 'node:timers/promises';
import { type Db, MongoClient } from 'mongodb';
import { connect, type Database } from '../../src/store/database.ts';
import { MongoPost } from '../../src/store/outgoing/post.ts';
import { type TestServer, putAll, testServer } from '../support/server.ts';
import { type Mailbox, mailbox, mailing } from './support/mailbox.ts';
import { callers, document, people, permitting, settled, visibility } from './support/world.ts';

let box: Mailbox;
let carnet: TestServer;
let client: MongoClient;
let db: Db;
let database: Database;

beforeAll(async () => {
  box = await mailbox();
  carnet = await testServer(import.meta.url, {
    noticesEvery: 50,
    mail: mailing(box),
  });
  await putAll(carnet.as('all'), people());
  client = await MongoClient.connect(carnet.database.uri, { readConcernLevel: 'majority' });
  db = client.db(carnet.database.dbName);
  database = await connect(carnet.database.uri, carnet.database.dbName);
});
afterAll(async () => {
  await carnet?.close();
  await database?.close();
  await client?.close();
  await box?.stop();
});
beforeEach(() => {
  box.letters.length = 0;
  box.refuse = () => undefined;
  box.delay = 0;
  box.dropAnswer = false;
});

const { patient, parent } = callers(() => carnet);
const choose = async (of: string, parameter: object[], as = patient(of)) => {
  const { status, text } = await as.post(`Patient/${of}/$notice-preferences-set`, {
    resourceType: 'Parameters',
    parameter,
  });
  if (status !== 200) throw new Error(text);
};
const AT_ONCE = { name: 'grouping', valueUnsignedInt: 0 };

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 60_000; Date.now() < end; await sleep(25)) if (await holds()) return;
  throw new Error('it never came to that');
}
const lettersTo = (address: string) => box.letters.filter(({ to }) => to.includes(address));
/** No more try is waited for. */
const hurry = () => db.collection('mails').updateMany({ open: true }, { $set: { next: 0 } });
const nobodyElse = (of: string) =>
  choose(of, [{ name: 'kind', part: [{ name: 'code', valueCode: 'document-added' }] }], parent(of));

test('an e-mail says that something is new and where, in the language chosen, and nothing else', async () => {
  await choose('n-1', [AT_ONCE, { name: 'language', valueCode: 'en' }]);
  await choose('n-1', [AT_ONCE], parent('n-1'));
  await carnet.as('lab').post('DocumentReference', document('n-1'));
  await until(() => box.letters.length >= 2);
  const [own] = lettersTo('n-1@people.example');
  const [theirs] = lettersTo('n-1-parent@people.example');
  expect(decoded(own!.raw)).toMatch(/Subject: Something new in your health space/);
  expect(decoded(theirs!.raw)).toMatch(/Il y a du nouveau/);
  for (const { raw } of [own!, theirs!]) {
    const text = decoded(raw);
    expect(text).toContain('https://space.example');
    for (const word of [
      'secr',
      'confidentiel',
      'Analyse',
      'Canal',
      'Delaunay',
      'DocumentReference',
      '11502',
      'n-1/',
      'document',
    ])
      expect(text).not.toContain(word);
  }
});

/** As a reader's program shows it. */
function decoded(raw: string): string {
  return raw
    .replace(/=\r\n/g, '')
    .replace(/((?:=[0-9A-F]{2})+)/g, (bytes) => Buffer.from(bytes.replaceAll('=', ''), 'hex').toString())
    .replace(/=\?UTF-8\?Q\?(.*?)\?=/g, (_, text: string) => text.replaceAll('_', ' '));
}

test('what comes within the time of grouping is one e-mail', async () => {
  await nobodyElse('n-2');
  for (let each = 0; each < 5; each += 1) await carnet.as('lab').post('DocumentReference', document('n-2'));
  await settled(carnet);
  expect(await db.collection('deliveries').countDocuments({ reader: 'Patient/n-2' })).toBe(5);
  await db.collection('deliveries').updateMany({ reader: 'Patient/n-2' }, { $set: { due: 0 } });
  await until(
    async () => (await db.collection('deliveries').countDocuments({ reader: 'Patient/n-2' })) === 0,
  );
  await until(() => box.letters.length > 0);
  await sleep(300);
  expect(box.letters.map(({ to }) => to)).toEqual([['n-2@people.example']]);
});

test('what comes while a letter waits for more goes with it, but not with one of an emergency', async () => {
  await nobodyElse('n-5');
  const deliveries = db.collection<{ _id: string; reader: string; due: number }>('deliveries');
  const waiting = () => deliveries.find({ reader: 'Patient/n-5' }).sort({ due: 1 }).toArray();
  for (let each = 0; each < 3; each += 1) {
    await carnet.as('lab').post('DocumentReference', document('n-5'));
    await settled(carnet);
  }
  const [first] = await waiting();
  expect(first!.due).toBeGreaterThan(Date.now() + 500_000);
  await deliveries.updateOne({ _id: first!._id }, { $set: { due: 0 } });
  await until(async () => (await waiting()).length === 0);
  await until(() => lettersTo('n-5@people.example').length === 1);
  await carnet.as('lab').post('DocumentReference', document('n-5'));
  await carnet.as('samu').get('DocumentReference?patient=n-5');
  await settled(carnet);
  await until(() => lettersTo('n-5@people.example').length === 2);
  await sleep(300);
  expect(await waiting()).toHaveLength(1);
  await deliveries.deleteMany({ reader: 'Patient/n-5' });
});

test('while the server is away everything waits, and comes when it is back, each once and by its first id', async () => {
  await nobodyElse('n-3');
  await choose('n-3', [AT_ONCE]);
  await box.stop();
  await carnet.as('lab').post('DocumentReference', document('n-3'));
  await until(async () => (await db.collection('mails').findOne({ reader: 'Patient/n-3' }))?.tries >= 1);
  const { _id: id, fault } = (await db.collection('mails').findOne({ reader: 'Patient/n-3' }))!;
  expect(fault).not.toContain('@');
  await box.start();
  await hurry();
  await until(() => box.letters.length > 0);
  await sleep(300);
  expect(box.letters.map((each) => each.id)).toEqual([`<${String(id)}@space.example>`]);
  expect(await db.collection('mails').countDocuments()).toBe(0);
});

test('a letter that was taken without an answer comes again under the same id', async () => {
  await nobodyElse('n-4');
  await choose('n-4', [AT_ONCE]);
  box.dropAnswer = true;
  await carnet.as('lab').post('DocumentReference', document('n-4'));
  await until(async () => (await db.collection('mails').findOne({ reader: 'Patient/n-4' }))?.tries >= 1);
  box.dropAnswer = false;
  await hurry();
  await until(() => box.letters.length >= 2);
  expect(new Set(box.letters.map(({ id }) => id)).size).toBe(1);
});

test('one that is refused for a day is parked, shown without its address, and released', async () => {
  await nobodyElse('n-5');
  await choose('n-5', [AT_ONCE]);
  box.refuse = () => 550;
  await carnet.as('lab').post('DocumentReference', document('n-5'));
  const mails = db.collection('mails');
  await until(async () => (await mails.findOne({ reader: 'Patient/n-5' }))?.tries >= 1);
  const first = (await mails.findOne({ reader: 'Patient/n-5' }))!;
  expect(first.next - Date.now()).toBeGreaterThan(5_000);
  await mails.updateOne({ _id: first._id }, { $set: { next: 0, since: Date.now() - 86_400_001 } });
  const post = new MongoPost(database);
  await until(async () => (await post.parked(10)).length === 1);
  const [parked] = await post.parked(10);
  expect(parked).toMatchObject({ id: String(first._id), fault: 'EENVELOPE 550' });
  box.refuse = () => undefined;
  expect(await post.release(Date.now())).toBe(1);
  await until(() => box.letters.length > 0);
  expect(box.letters[0]!.id).toBe(`<${String(first._id)}@space.example>`);
});

test('a letter of what can’t be opened is parked like one that nobody takes, and fails no other', async () => {
  await nobodyElse('n-7');
  const [notices, mails] = [db.collection<{ _id: string }>('notices'), db.collection('mails')];
  await carnet.as('lab').post('DocumentReference', document('n-7'));
  await settled(carnet);
  const reader = 'Patient/n-7';
  await notices.updateMany({ reader }, { $set: { sealed: Buffer.alloc(60) } });
  await db.collection('deliveries').updateMany({ reader }, { $set: { due: 0 } });
  await until(async () => (await mails.findOne({ reader }))?.tries === 1);
  await mails.updateOne({ reader }, { $set: { since: Date.now() - 86_400_001, next: 0 } });
  await until(async () => (await mails.findOne({ reader }))?.parked !== undefined);
  expect((await mails.findOne({ reader }))!.fault).toBe('not delivered');
  await mails.deleteMany({ reader });
  await notices.deleteMany({ reader });
});

test('what its reader may not know of any more when it leaves is not sent', async () => {
  await nobodyElse('n-6');
  const { json } = await carnet.as('lab').post('DocumentReference', document('n-6'));
  await settled(carnet);
  const hidden = { ...json, securityLabel: [{ coding: [visibility('INVISIBLE_PATIENT')] }] };
  expect((await carnet.as('lab').put(`DocumentReference/${json.id}`, hidden)).status).toBe(200);
  await settled(carnet);
  await db.collection('deliveries').updateMany({ reader: 'Patient/n-6' }, { $set: { due: 0 } });
  await until(
    async () => (await db.collection('deliveries').countDocuments({ reader: 'Patient/n-6' })) === 0,
  );
  await until(async () => (await db.collection('mails').countDocuments({ reader: 'Patient/n-6' })) === 0);
  expect(box.letters).toEqual([]);
});

test('an emergency passes quiet hours and the digest, what else happens waits for them', async () => {
  const times = [
    {
      name: 'quiet',
      part: [
        { name: 'from', valueTime: '00:00:00' },
        { name: 'until', valueTime: '23:59:00' },
      ],
    },
    { name: 'digest', valueTime: '12:00:00' },
  ];
  await choose('n-7', times);
  await choose('n-7', times, parent('n-7'));
  await carnet.as('lab').post('DocumentReference', document('n-7'));
  const emergency = {
    patient: 'Patient/n-7',
    reason: 'unconscious on arrival at the ward',
    since: Date.now() - 60_000,
  };
  const breaking = carnet.as({ token: carnet.tokenFor({ purposes: ['BTG'], emergency }, 'emergency') });
  expect((await breaking.get('DocumentReference?patient=n-7')).status).toBe(200);
  await until(
    () => lettersTo('n-7@people.example').length > 0 && lettersTo('n-7-parent@people.example').length > 0,
  );
  await sleep(300);
  expect(box.letters).toHaveLength(2);
  const waiting = await db.collection('deliveries').find({ reader: 'Patient/n-7' }).toArray();
  expect(waiting).toHaveLength(1);
  expect(waiting[0]!.due).toBeGreaterThan(Date.now());
});

test('an address that could carry more than itself is none', async () => {
  await nobodyElse('n-8');
  const evil = [
    'a@b.example\r\nBcc: all@c.example',
    '"x" <a@b.example>',
    'a@b.example,c@d.example',
    'a@[127.0.0.1]',
    'a@b.example ',
  ];
  for (const valueString of evil) {
    const { status } = await patient('n-8').post('Patient/n-8/$notice-preferences-set', {
      resourceType: 'Parameters',
      parameter: [{ name: 'address', valueString }],
    });
    expect(status).toBe(400);
  }
  const [person] = people().filter(({ id }) => id === 'n-8');
  const telecom = [{ system: 'email', value: 'x@y.example,all@c.example' }];
  await carnet.as('all').put('Patient/n-8', { ...person, telecom });
  await choose('n-8', [AT_ONCE]);
  await carnet.as('lab').post('DocumentReference', document('n-8'));
  await settled(carnet);
  await until(
    async () => (await db.collection('deliveries').countDocuments({ reader: 'Patient/n-8' })) === 0,
  );
  await until(async () => (await db.collection('mails').countDocuments({ reader: 'Patient/n-8' })) === 0);
  expect(box.letters).toEqual([]);
});

test('two processes send each notice once', async () => {
  const other = await testServer(import.meta.url, {
    like: carnet,
    noticesEvery: 50,
    mail: mailing(box),
  });
  try {
    await Promise.all(
      ['n-9', 'n-10', 'n-11', 'n-12'].flatMap((of) => [choose(of, [AT_ONCE]), nobodyElse(of)]),
    );
    await Promise.all(
      ['n-9', 'n-10', 'n-11', 'n-12'].flatMap((of) =>
        Array.from({ length: 10 }, () => carnet.as('lab').post('DocumentReference', document(of))),
      ),
    );
    await settled(carnet);
    await until(
      async () =>
        (await db.collection('deliveries').countDocuments({ reader: /^Patient.n-(9|1.)$/ })) === 0 &&
        (await db.collection('mails').countDocuments()) === 0,
    );
    const ids = box.letters.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    for (const of of ['n-9', 'n-10', 'n-11', 'n-12']) {
      expect(await db.collection('notices').countDocuments({ reader: `Patient/${of}` })).toBe(10);
      expect(lettersTo(`${of}@people.example`).length).toBeGreaterThan(0);
    }
  } finally {
    await other.close();
  }
});

test('a visit is told by e-mail without who came', async () => {
  box.letters.length = 0;
  await putAll(carnet.as('all'), [{ ...permitting('n-1', 'Practitioner/demo-gp'), id: 'n-1-gp' }]);
  await carnet.as('gp').get('DocumentReference?patient=n-1');
  await until(() => lettersTo('n-1@people.example').length > 0);
  for (const { raw } of box.letters) expect(decoded(raw)).not.toMatch(/Lambert|visit|consult/);
});

test('a visit to what is still hidden lets no letter leave, nor another one sooner', async () => {
  await putAll(carnet.as('all'), [{ ...permitting('n-2', 'Practitioner/demo-gp'), id: 'n-2-gp' }]);
  const hidden = document('n-2', [visibility('INVISIBLE_PATIENT')]);
  const { json } = await carnet.as('lab').post('DocumentReference', hidden);
  await settled(carnet);
  const reader = 'Patient/n-2';
  const waiting = (): Promise<number> => db.collection('deliveries').countDocuments({ reader });
  const [letters, notices] = [await waiting(), await db.collection('notices').countDocuments({ reader })];
  expect((await carnet.as('gp').get(`DocumentReference/${json.id}`)).status).toBe(200);
  await settled(carnet);
  expect(await db.collection('notices').countDocuments({ reader })).toBe(notices + 1);
  expect(await waiting()).toBe(letters);
});

test('who waits behind a letter that no server takes keeps no letter of others back', async () => {
  const aside = await connect(carnet.database.uri, `${carnet.database.dbName}-aside`);
  try {
    const now = Date.now();
    const post = new MongoPost(aside);
    const due = (reader: string, count: number, at: number) =>
      Array.from({ length: count }, (_, n) => ({ _id: `${reader} ${n}`, patient: 'p', reader, due: at }));
    await aside.deliveries.insertMany(due('Patient/away', 1, 0));
    expect(await post.gather(now)).toBe(1);
    const [mail] = await post.claim(now, 1);
    await post.later(mail!, now + 3_600_000, 'ETIMEDOUT');
    await aside.deliveries.insertMany([...due('Patient/away', 5_500, 1), ...due('Patient/here', 1, 2)]);
    for (let run = 0; run < 2; run += 1) await post.gather(now);
    const claimed = await post.claim(now, 10);
    expect(claimed.map(({ reader }) => reader)).toEqual(['Patient/here']);
    for (const each of [mail!, ...claimed]) await post.done(each);
    expect(await post.gather(now + 3_600_000)).toBe(1);
    expect((await post.claim(now + 3_600_000, 10)).map(({ reader }) => reader)).toEqual(['Patient/away']);
  } finally {
    await client.db(`${carnet.database.dbName}-aside`).dropDatabase();
    await aside.close();
  }
});
