/**
 * Two worlds: in one there are documents that are hidden from who reads, in the other there never were. What inboxes
 * hold and count, what each reader may ask for, and what e-mails leave is the same.
 */
import { MongoClient } from 'mongodb';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';
import { type Mailbox, mailbox, mailing } from './support/mailbox.ts';
import {
  REMINDING,
  appointment,
  blocking,
  callers,
  document,
  message,
  people,
  permitting,
  settled,
  visibility,
} from './support/world.ts';

interface World {
  carnet: TestServer;
  box: Mailbox;
  isWith: boolean;
}

/** Hidden from whom, of whom, by which label. */
const SECRETS = [
  // until the announcement
  ['patient', 'n-1', 'INVISIBLE_PATIENT'],
  ['parent', 'n-3', 'INVISIBLE_PATIENT'],
  // a minor's own
  ['parent', 'n-2', 'INVISIBLE_REPRESENTANTS_LEGAUX'],
] as const;
/** Their space is closed: what is deposited after is told to nobody. */
const CLOSED = 'n-4';
/** They block their general practitioner, who is told of no emergency of theirs. */
const BLOCKING = 'n-5';
/** Of whose emergency the general practitioner is told, and not which masked document was read in it. */
const MASKING = 'n-6';

let worlds: World[];
beforeAll(async () => {
  worlds = await Promise.all(
    [true, false].map(async (isWith): Promise<World> => {
      const box = await mailbox();
      const carnet = await testServer(`${import.meta.url}-${isWith}`, {
        noticesEvery: 30,
        mail: mailing(box),
      });
      await putAll(carnet.as('all'), people(6));
      return { carnet, box, isWith };
    }),
  );
  for (const world of worlds) await play(world);
}, 120_000);
afterAll(async () => {
  for (const { carnet, box } of worlds ?? []) {
    await carnet.close();
    await box.stop();
  }
});

/** The same days in both, with what is hidden in between: added, changed, read, deleted. */
async function play({ carnet, isWith }: World): Promise<void> {
  const all = carnet.as('all');
  const lab = carnet.as('lab');
  for (const [, id, label] of SECRETS) {
    await putAll(all, [{ ...permitting(id, 'Practitioner/demo-dentist'), id: `${id}-permit` }]);
    for (let round = 0; round < 3; round += 1) {
      if (isWith) {
        const { json, status } = await lab.post('DocumentReference', document(id, [visibility(label)]));
        expect(status).toBe(201);
        await lab.put(`DocumentReference/${json.id}`, { ...json, description: 'corrected' });
        expect((await carnet.as('dentist').get(`DocumentReference/${json.id}`)).status).toBe(200);
        if (round === 1) await lab.delete(`DocumentReference/${json.id}`);
        if (round === 0) await send(carnet, lab, id, { meta: { security: [visibility(label)] } });
      }
      if (round === 0) await send(carnet, lab, id);
      // who finds something hidden and nothing else visits all the same
      await carnet.as('dentist').get(`DocumentReference?patient=Patient/${id}`);
      const { json: shown } = await lab.post('DocumentReference', document(id));
      // the first visit, in both
      if (round === 1) await carnet.as('dentist').get(`DocumentReference/${shown.id}`);
      await settled(carnet);
    }
  }
  await comeNear(carnet);
  await close(carnet, isWith);
  await beInEmergencies(carnet, isWith);
  await settled(carnet);
  await posted(carnet);
}

/** A message, a reminder and an Appointment of which they are reminded; the same where they are hidden. */
async function send(carnet: TestServer, as: Client, of: string, more: object = {}): Promise<void> {
  const made = [
    await as.post('Communication', message(of, more)),
    await as.post('Communication', message(of, { ...more, ...REMINDING })),
    await carnet.as('all').post('Appointment', appointment(of, Date.now() + 90_000_000, more)),
  ];
  expect(made.map(({ status }) => status)).toEqual([201, 201, 201]);
  const { json } = made[2]!;
  const near = new Date(Date.now() + 3_600_000).toISOString();
  await carnet.as('all').put(`Appointment/${json.id}`, { ...json, start: near, end: near });
}

/** The day before each of these Appointments has come. */
async function comeNear({ database }: TestServer): Promise<void> {
  const client = await MongoClient.connect(database.uri, { readConcernLevel: 'majority' });
  try {
    const holds = client.db(database.dbName).collection('holds');
    const near = { 'cause.what': 'near' };
    expect((await holds.updateMany(near, { $set: { due: 0 } })).matchedCount).toBeGreaterThan(2);
    for (const end = Date.now() + 60_000; (await holds.findOne(near)) !== null;) {
      if (Date.now() > end) throw new Error('nobody looked');
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
  } finally {
    await client.close();
  }
}

async function close(carnet: TestServer, isWith: boolean): Promise<void> {
  const lab = carnet.as('lab');
  await lab.post('DocumentReference', document(CLOSED));
  const space = people(6).find(({ id }) => id === CLOSED)!;
  await putAll(carnet.as('all'), [{ ...space, active: false }]);
  if (!isWith) return;
  expect((await lab.post('DocumentReference', document(CLOSED))).status).toBe(201);
}

async function beInEmergencies(carnet: TestServer, isWith: boolean): Promise<void> {
  await putAll(carnet.as('all'), [
    { ...blocking(BLOCKING, 'Practitioner/demo-gp'), id: `${BLOCKING}-block` },
    { ...permitting(MASKING, undefined, 'masked'), id: `${MASKING}-masked` },
  ]);
  const read = async (of: string, labels: object[] = []): Promise<void> => {
    const { json } = await carnet.as('lab').post('DocumentReference', document(of, labels));
    const emergency = {
      patient: `Patient/${of}`,
      reason: 'unconscious on arrival',
      since: Date.now() - 60_000,
    };
    const doctor = carnet.as({ token: carnet.tokenFor({ purposes: ['BTG'], emergency }, 'emergency') });
    expect((await doctor.get(`DocumentReference/${json.id}`)).status).toBe(200);
  };
  await read(MASKING);
  if (!isWith) return;
  await read(MASKING, [visibility('MASQUE_PS')]);
  await read(BLOCKING);
}

/** Until every letter that is due has left. */
async function posted(carnet: TestServer): Promise<void> {
  const client = await MongoClient.connect(carnet.database.uri, { readConcernLevel: 'majority' });
  try {
    const db = client.db(carnet.database.dbName);
    for (const end = Date.now() + 60_000; ;) {
      await db.collection('deliveries').updateMany({}, { $set: { due: 0 } });
      const left =
        (await db.collection('mails').countDocuments()) +
        (await db.collection('deliveries').countDocuments());
      if (left === 0) return;
      if (Date.now() > end) throw new Error('the letters did not leave');
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  } finally {
    await client.close();
  }
}

const plain = (text: string, { base }: TestServer): string =>
  text
    .replaceAll(base, 'BASE')
    .replaceAll(/_page=[\w-]+/g, '_page')
    .replaceAll(/\b[0-9a-f]{32}\b/g, 'notice')
    .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'made')
    .replaceAll(/("(?:sent|received|lastUpdated)":)"[^"]*"/g, '$1"then"');

async function inbox(carnet: TestServer, as: Client, id: string): Promise<string[]> {
  const pages: string[] = [];
  let next: string | undefined = `Patient/${id}/$notices?_count=2`;
  while (next !== undefined) {
    const reply = await as.get(next);
    pages.push(`${reply.status} ${plain(reply.text, carnet)}`);
    next = reply.json.link?.find(({ relation }: { relation: string }) => relation === 'next')?.url;
  }
  const preferences = await as.get(`Patient/${id}/$notice-preferences`);
  return [...pages, `${preferences.status} ${plain(preferences.text, carnet)}`];
}

const ids = ({ json }: Reply): string[] =>
  (json.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id);

test.each(SECRETS)(
  'the inbox of the %s of %s is the same in both, whatever is labelled %s',
  async (...[who, id]) => {
    const [hidden, without] = await Promise.all(
      worlds.map(({ carnet }) => inbox(carnet, callers(() => carnet)[who](id), id)),
    );
    expect(hidden!.length).toBeGreaterThan(2);
    for (const code of ['ACCES_DOCUMENT_PS', '"MESSAGE"', 'RAPPEL_AGENDA'])
      expect(hidden!.join()).toContain(code);
    expect(hidden).toEqual(without);
  },
);

test.each(['patient', 'parent'] as const)(
  'the inbox of the %s of a closed space is the same in both, whatever is deposited after',
  async (who) => {
    const [hidden, without] = await Promise.all(
      worlds.map(({ carnet }) => inbox(carnet, callers(() => carnet)[who](CLOSED), CLOSED)),
    );
    expect(hidden).toEqual(without);
  },
);

test('the inbox of the general practitioner tells of no emergency of who blocks them, and of no mask', async () => {
  const told = await Promise.all(
    worlds.map(async ({ carnet }) => {
      const { status, text, json } = await carnet.as('gp').get('Practitioner/demo-gp/$notices');
      return { status, text: plain(text, carnet), entries: json.entry.length };
    }),
  );
  expect(told[0]).toMatchObject({ status: 200, entries: 1 });
  expect(told[0]).toEqual(told[1]);
});

test('who may know of it is told of it: the worlds are different', async () => {
  const [hidden, without] = await Promise.all(
    worlds.map(({ carnet }) => inbox(carnet, callers(() => carnet).patient('n-2'), 'n-2')),
  );
  expect(hidden!.length).toBeGreaterThan(without!.length);
});

test('as many letters leave to who may not know, and they say the same', async () => {
  const [hidden, without] = worlds.map(({ box }) => {
    const to = (address: string): string[] =>
      box.letters
        .filter(({ to: each }) => each.includes(address))
        .map(({ raw }) => raw.slice(raw.indexOf('\r\n\r\n')));
    return [to('n-1@people.example'), to('n-2-parent@people.example')];
  });
  // how many notices one letter tells of hangs on the moment: each says the same
  for (const [at, letters] of hidden!.entries()) {
    expect(letters.length).toBeGreaterThan(0);
    expect(new Set(letters)).toEqual(new Set(without![at]));
  }
});

test('marking as read what only another may know of answers as what was never there', async () => {
  const [world] = worlds as [World];
  const { patient, parent } = callers(() => world.carnet);
  const theirs = ids(await patient('n-2').get('Patient/n-2/$notices?_count=100'));
  const marked = (id: string) =>
    parent('n-2').post('Patient/n-2/$notices-read', {
      resourceType: 'Parameters',
      parameter: [{ name: 'read', valueId: id }],
    });
  const absent = await marked('0'.repeat(32));
  for (const id of theirs) {
    const reply = await marked(id);
    expect([reply.status, reply.text]).toEqual([absent.status, absent.text]);
  }
});

test('nobody else can tell whether there is an inbox', async () => {
  const answers = await Promise.all(
    worlds.flatMap(({ carnet }) =>
      (['dentist', 'lab', 'app', 'operator'] as const).map(async (who) => {
        const there = await carnet.as(who).get('Patient/n-1/$notices');
        const absent = await carnet.as(who).get('Patient/n-none/$notices');
        expect([who, there.status, there.text]).toEqual([who, absent.status, absent.text]);
        return `${who} ${there.status}`;
      }),
    ),
  );
  expect(new Set(answers).size).toBe(4);
});
