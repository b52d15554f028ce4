/** A token is looked up in the command that reads what deciding of the request begins with. */
import { type Db, MongoClient } from 'mongodb';
import type { Person } from '../../src/auth/accounts.ts';
import { demoCallers } from '../../src/demo/callers.ts';
import { names, permits, says } from '../enforcement/support/space.ts';
import { document, observation, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import { launch, type Oauth, oauthServer, tokenRequest } from './support/oauth.ts';

let oauth: Oauth;
let mongo: MongoClient;
let db: Db;
let doctor: Client;
let app: Client;

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const { uri, dbName } = oauth.carnet.database;
  mongo = await MongoClient.connect(uri);
  db = mongo.db(dbName);
  const all = oauth.carnet.as('all');
  for (const id of ['demo-mother', 'hiding', 'silent']) {
    await all.put(`Patient/${id}`, person(id, 'Delaunay', '1'));
    await all.put(`DocumentReference/of-${id}`, document(`of-${id}`, id));
  }
  const given = says('demo-mother', permits('Device/app', 'Practitioner/demo-gp'));
  await all.put('Consent/c', { ...given, id: 'c' });
  await all.put('Consent/h', {
    ...says('hiding', { type: 'deny', actor: names('Practitioner/demo-gp') }),
    id: 'h',
  });
  doctor = await remembered('gp', 'user/Patient.rs user/DocumentReference.rs');
  app = await remembered('patient', 'launch/patient patient/Patient.rs patient/DocumentReference.rs');
}, 120_000);
afterAll(async () => {
  await mongo?.close();
  await oauth?.carnet.close();
});

/** With a token that the process has seen to hold. */
async function remembered(user: string, scope: string): Promise<Client> {
  const { access_token: token } = await launch(oauth, user, { scope });
  const client = oauth.carnet.as({ token });
  expect((await client.get('Patient/demo-mother')).status).toBe(200);
  return client;
}

interface Command {
  find?: string;
  aggregate?: string;
  pipeline?: unknown[];
}

/** What requests read; what the server does by itself meanwhile reads others. */
const ASKED = new Set(['artifacts', 'patients', 'resources']);

/** What the database was asked to read meanwhile, traces apart. */
async function ran(work: () => Promise<unknown>): Promise<Command[]> {
  await db.command({ profile: 2 });
  await work();
  await db.command({ profile: 0 });
  const profile = db.collection<{ command: Command }>('system.profile');
  const found = await profile.find({ op: { $in: ['query', 'command'] } }).toArray();
  await profile.drop();
  return found
    .map(({ command }) => command)
    .filter(({ find, aggregate }) => ASKED.has(find ?? aggregate ?? ''));
}

const namesOf = (commands: readonly Command[]): string[] =>
  commands.map(({ find, aggregate }) => (find === undefined ? `together ${aggregate}` : find));

it('a read: of types that the scopes don’t reach nothing is read', async () => {
  const statuses: number[] = [];
  const commands = await ran(async () => {
    for (const name of ['Patient/demo-mother', 'Consent/c', 'Patient/nobody'])
      statuses.push((await doctor.get(name)).status);
  });
  expect(statuses).toEqual([200, 403, 404]);
  expect(namesOf(commands).filter((name) => /resources|artifacts/.test(name))).toEqual([
    'together resources',
    'artifacts',
    'together resources',
  ]);
  expect(JSON.stringify(commands)).not.toContain('Consent/c');
});

describe('a search', () => {
  const BY: Record<string, (id: string) => string> = {
    'its parameter patient': (id) => `DocumentReference?patient=${id}`,
    'its parameter patient, with the type': (id) => `DocumentReference?status=current&patient=Patient/${id}`,
    'its parameter subject': (id) => `DocumentReference?subject=Patient%2F${id}&_count=5`,
    'the compartment': (id) => `Patient/${id}/DocumentReference`,
    'its own id': (id) => `Patient?_id=${id}`,
  };

  it.each(Object.keys(BY))('that names a patient by %s reads the version with the token', async (way) => {
    const costs = new Set<string>();
    const totals: number[] = [];
    for (const id of ['demo-mother', 'hiding', 'silent', 'nobody']) {
      // what the patient said is compiled once
      await doctor.get(BY[way]!(id));
      const commands = await ran(async () => totals.push((await doctor.get(BY[way]!(id))).json.total));
      costs.add(namesOf(commands).join());
      expect(commands.filter(({ find }) => find === 'artifacts' || find === 'patients')).toEqual([]);
    }
    expect(totals).toEqual([1, 0, 0, 0]);
    expect([...costs]).toEqual(['together patients,resources']);
  });

  it('costs one command less than where the token is looked up by itself', async () => {
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const alone = await ran(() =>
      doctor.send('POST', 'DocumentReference/_search', 'patient=demo-mother', form),
    );
    const together = await ran(() => doctor.get('DocumentReference?patient=demo-mother'));
    expect(namesOf(alone)).toEqual(['artifacts', 'patients', 'resources']);
    expect(namesOf(together)).toEqual(['together patients', 'resources']);
  });

  it('of an app that names nobody is of the patient in context', async () => {
    const commands = await ran(async () => expect((await app.get('DocumentReference')).json.total).toBe(1));
    expect(namesOf(commands)).toEqual(['together patients', 'resources']);
  });

  it('that the scopes don’t reach reads nothing of the patient', async () => {
    const commands = await ran(async () =>
      expect((await doctor.get('Consent?patient=demo-mother')).status).toBe(403),
    );
    expect(namesOf(commands)).toEqual(['artifacts']);
  });

  it('is answered by what the patient says at the time', async () => {
    const all = oauth.carnet.as('all');
    const find = async (): Promise<unknown[]> => {
      const found = [doctor, app].map((each) => each.get('DocumentReference?patient=demo-mother'));
      return (await Promise.all(found)).map(({ json }) => json.total);
    };
    const { json } = await all.get('Consent/c');
    expect(await find()).toEqual([1, 1]);
    const ended = await all.put('Consent/c', { ...json, status: 'inactive' });
    expect(await find()).toEqual([0, 1]);
    await all.put('Consent/c', { ...json, meta: undefined });
    expect(ended.status).toBe(200);
    expect(await find()).toEqual([1, 1]);
  });

  it('of a compartment finds what names the patient since the one before', async () => {
    const found = async () => (await observer.get('Patient/silent/Observation')).json.total;
    const observer = await remembered('gp', 'user/Patient.rs user/Observation.rs');
    expect(await found()).toBe(0);
    const subject = { reference: 'Patient/demo-mother' };
    const performer = [{ reference: 'Patient/silent' }];
    const both = observation('both', 'demo-mother', 160, { subject, performer });
    expect((await oauth.carnet.as('all').put('Observation/both', both)).status).toBe(201);
    expect(await found()).toBe(1);
  });
});

it('with a token that has ended something is read once at most: then it is asked for by itself', async () => {
  const { access_token: token } = await launch(oauth, 'gp', { scope: 'user/*.rs' });
  const client = oauth.carnet.as({ token });
  expect((await client.get('Patient/demo-mother')).status).toBe(200);
  await tokenRequest(oauth, { token, client_id: 'public' }, {}, 'revoke');
  await client.get('Patient/demo-mother');
  for (const address of ['Patient/demo-mother', 'Patient?_id=demo-mother']) {
    const commands = await ran(async () => expect((await client.get(address)).status).toBe(401));
    expect(namesOf(commands)).toEqual(['artifacts']);
  }
});

it('with a token whose client is suspended nothing more is read either', async () => {
  const { access_token: token } = await launch(oauth, 'gp', { scope: 'user/*.rs' });
  const client = oauth.carnet.as({ token });
  expect((await client.get('Patient/demo-mother')).status).toBe(200);
  await oauth.suspend('public');
  await client.get('Patient/demo-mother');
  const commands = await ran(() => Promise.all([1, 2, 3].map(() => client.get('Patient/demo-mother'))));
  expect(new Set(namesOf(commands))).toEqual(new Set(['artifacts']));
  await oauth.carnet.server.clients!.resume('public');
});

it('with a JSON Web Token of who is suspended neither, however often it is sent', async () => {
  const { logins } = oauth.carnet.server.entrance!;
  const { role, reference, related, organizations, purposes, regulator } = demoCallers.dentist;
  const account = await logins.keep({ issuer: 'https://upstream.example', sub: 'dentist' }, [
    { role, reference, related, organizations, purposes, regulator } as Person,
  ]);
  const client = oauth.carnet.as({ token: oauth.carnet.token('dentist') });
  expect((await client.get('Patient/demo-mother')).status).toBe(404);
  const open = await ran(() => client.get('Patient/demo-mother'));
  expect(namesOf(open)[0]).toBe('together resources');
  expect(await logins.suspend(account!)).toBe(true);
  expect((await client.get('Patient/demo-mother')).status).toBe(401);
  for (const address of ['Patient/demo-mother', 'Patient/nobody', 'Patient?_id=demo-mother']) {
    const commands = await ran(async () => expect((await client.get(address)).status).toBe(401));
    expect(namesOf(commands)).toEqual(['artifacts']);
  }
});
