/** Logins, accounts, clients and the catalogue leave traces too: by the port that identity and catalogue record by. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { AccountEvent } from '../../src/audit/identity/event.ts';
import { ACCOUNT_EVENTS, type AccountEventKind } from '../../src/audit/identity/kinds.ts';
import type { Coding, Json, Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { people, callers, codesOf, settled, visibility } from '../notice/support/world.ts';
import { connect } from '../../src/store/database.ts';
import { codesOf as chainCodes, verified } from '../store/support/chain.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url, { noticesEvery: 50 });
  await putAll(carnet.as('all'), people());
});
afterAll(() => carnet?.close());
const { patient, parent } = callers(() => carnet);

const happened = (what: AccountEventKind, more: Partial<AccountEvent> = {}): AccountEvent => ({
  what,
  who: { reference: 'Patient/n-1', account: 'a-1', name: 'Léa Delaunay', role: 'patient' },
  patient: 'n-1',
  client: 'an-app',
  address: '192.0.2.7',
  requestId: randomUUID(),
  ...more,
});

async function recorded(event: AccountEvent, as: Client = carnet.as('all')): Promise<Resource | undefined> {
  await carnet.server.accounts.record(event);
  return tracesOf(as, event.requestId);
}

async function tracesOf(as: Client, requestId: string): Promise<Resource | undefined> {
  const { json } = await as.get('AuditEvent?_sort=-_lastUpdated&_count=30');
  const all = ((json.entry ?? []) as { resource: Resource }[]).map(({ resource }) => resource);
  return all.find(({ entity }) =>
    (entity as Json[]).some(({ what }) => (what as { identifier?: Json })?.identifier?.value === requestId),
  );
}

it.each(Object.keys(ACCOUNT_EVENTS) as AccountEventKind[])(
  '%s is an AuditEvent by the codes of DICOM',
  async (what) => {
    const event = (await recorded(happened(what, { detail: { method: 'password' }, subjects: ['c-1'] })))!;
    expect(validate(event).filter(({ severity }) => severity === 'error' || severity === 'fatal')).toEqual(
      [],
    );
    const { type, subtype, action, outcome } = ACCOUNT_EVENTS[what];
    expect([event.type, (event.subtype as Coding[])[0], event.action, event.outcome]).toEqual([
      type,
      subtype,
      action,
      outcome,
    ]);
    expect((event.subtype as Coding[])[1]?.code).toBe(what);
    expect(event.meta?.profile).toBeUndefined();
  },
);

it('is durable, in the chain, and verifies', async () => {
  await carnet.server.accounts.record(happened('login'), happened('app-connected'));
  const database = await connect(carnet.database.uri, carnet.database.dbName);
  try {
    const { told } = await verified(database, await chainCodes(join(carnet.dataDir, 'kek.json')));
    expect(told).toEqual([]);
  } finally {
    await database.close();
  }
});

it('throws where it can not be written, so that the answer can be 503', async () => {
  const other = await testServer(import.meta.url, { like: carnet });
  await other.close();
  await expect(other.server.accounts.record(happened('login'))).rejects.toThrow();
});

it('is told to the person with the address, and to representatives', async () => {
  const event = happened('login-failed', { who: undefined });
  await carnet.server.accounts.record(event);
  const own = await tracesOf(patient('n-1'), event.requestId);
  expect(JSON.stringify(own)).toContain('192.0.2.7');
  expect(await tracesOf(parent('n-1'), event.requestId)).toBeDefined();
});

it.each(['gp', 'dentist', 'hospital', 'lab', 'operator'] as const)(
  'of a patient it is nothing to %s',
  async (name) => {
    const event = happened('login');
    await carnet.server.accounts.record(event);
    expect(await tracesOf(carnet.as(name), event.requestId)).toBeUndefined();
    expect((await carnet.as(name).get('AuditEvent?patient=n-1&subtype=login')).json.entry).toBeUndefined();
  },
);

it('of a professional it is told to them alone, without an address, and a refusal to nobody', async () => {
  const who = { reference: 'Practitioner/demo-gp', role: 'professional' as const };
  const login = happened('login', { who, patient: undefined });
  const failed = happened('login-failed', { who, patient: undefined });
  await carnet.server.accounts.record(login, failed);
  const own = await tracesOf(carnet.as('gp'), login.requestId);
  expect([own === undefined, JSON.stringify(own).includes('192.0.2.7')]).toEqual([false, false]);
  expect(await tracesOf(carnet.as('gp'), failed.requestId)).toBeUndefined();
  expect(await tracesOf(carnet.as('dentist'), login.requestId)).toBeUndefined();
  expect(await tracesOf(patient('n-1'), login.requestId)).toBeUndefined();
});

it('names no second patient, and is hidden from who may not be given what it is about', async () => {
  const secret = {
    resourceType: 'Consent',
    id: 'n-2-secret',
    meta: {
      security: [visibility('INVISIBLE_REPRESENTANTS_LEGAUX')],
    },
    status: 'active',
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
    },
    category: [{ text: 'x' }],
    patient: { reference: 'Patient/n-2' },
    policy: [{ uri: 'https://example.org/policy' }],
  };
  await putAll(carnet.as('all'), [secret as Resource]);
  const event = happened('app-connected', {
    patient: 'n-2',
    who: { reference: 'Patient/n-2' },
    about: ['Consent/n-2-secret', 'Device/app'],
  });
  await carnet.server.accounts.record(event);
  expect(await tracesOf(patient('n-2'), event.requestId)).toBeDefined();
  expect(await tracesOf(parent('n-2'), event.requestId)).toBeUndefined();
  await settled(carnet);
  const kinds = async (as: Client): Promise<string[]> => codesOf((await as.get('Patient/n-2/$notices')).json);
  expect(await kinds(patient('n-2'))).toContain('app-connected');
  expect(await kinds(parent('n-2'))).not.toContain('app-connected');
});

it('a login from a new device is told to the person in the inbox, and not to parents', async () => {
  await carnet.server.accounts.record(
    happened('login', { patient: 'n-3', who: { reference: 'Patient/n-3' }, newDevice: true }),
    happened('login', { patient: 'n-3', who: { reference: 'Patient/n-3' } }),
  );
  await settled(carnet);
  const kinds = async (as: Client): Promise<string[]> => codesOf((await as.get('Patient/n-3/$notices')).json);
  expect(await kinds(patient('n-3'))).toEqual(['new-device']);
  expect(await kinds(parent('n-3'))).toEqual([]);
});

it('stands in the access history in words, and is found by its kind', async () => {
  await carnet.server.accounts.record(
    happened('login', { patient: 'n-4', who: { reference: 'Patient/n-4', name: 'Zoé' } }),
  );
  await carnet.server.accounts.record(happened('login-failed', { patient: 'n-4', who: undefined }));
  const texts = async (query: string): Promise<string[]> => {
    const { json } = await patient('n-4').get(`Patient/n-4/$access-history?language=fr&${query}`);
    return ((json.parameter ?? []) as { name: string; part: { name: string; valueString: string }[] }[])
      .filter(({ name }) => name === 'visit')
      .map(({ part }) => part.find(({ name }) => name === 'text')!.valueString);
  };
  const told = await texts('kind=login');
  expect(told).toHaveLength(2);
  expect(told.join('\n')).toContain('ouvert une session');
  expect(told.join('\n')).toContain('fait 1 tentative de connexion qui a échoué');
  expect(await texts('kind=connect')).toEqual([]);
});
