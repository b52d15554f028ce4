/** The inbox over HTTP: who is told what, and who isn't. */
import { MongoClient } from 'mongodb';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';
import {
  REMINDING,
  appointment,
  blocking,
  callers,
  codesOf,
  document,
  message,
  people,
  permitting,
  settled,
  visibility,
} from './support/world.ts';

let carnet: TestServer;

interface Entry {
  resource: { id: string; reasonCode: { coding: { code: string }[] }[] };
}

beforeAll(async () => {
  carnet = await testServer(import.meta.url, { noticesEvery: 50 });
  await putAll(carnet.as('all'), people());
});
afterAll(() => carnet?.close());

const told = async (as: Client, patient: string): Promise<string[]> => {
  await settled(carnet);
  const { status, json } = await as.get(`Patient/${patient}/$notices?_count=100`);
  expect(status).toBe(200);
  return codesOf(json);
};
const { patient, parent } = callers(() => carnet);

test('each document that is added, changed and deleted by another is told, newest first', async () => {
  const { json } = await carnet.as('lab').post('DocumentReference', document('n-1'));
  await carnet.as('lab').put(`DocumentReference/${json.id}`, { ...json, description: 'other' });
  await carnet.as('lab').delete(`DocumentReference/${json.id}`);
  expect(await told(patient('n-1'), 'n-1')).toEqual([
    'document-deleted',
    'document-changed',
    'document-added',
  ]);
});

test('what the patient does themself is no news to them, but a change of their Consents is', async () => {
  await patient('n-2').post('DocumentReference', document('n-2'));
  await patient('n-2').post('Consent', permitting('n-2', 'Practitioner/demo-gp'));
  expect(await told(patient('n-2'), 'n-2')).toEqual(['consent-changed']);
});

test('a document hidden until its announcement gives no notice and counts nowhere until the label is taken off', async () => {
  const hidden = document('n-3', [visibility('INVISIBLE_PATIENT')]);
  const { json, status } = await carnet.as('lab').post('DocumentReference', hidden);
  expect(status).toBe(201);
  await settled(carnet);
  const { json: none } = await patient('n-3').get('Patient/n-3/$notices');
  expect(none.entry).toBeUndefined();
  expect(none.meta.tag[0].code).toBe('0');
  expect(await told(parent('n-3'), 'n-3')).toEqual([]);
  const { securityLabel: _, ...shown } = json;
  expect((await carnet.as('lab').put(`DocumentReference/${json.id}`, shown)).status).toBe(200);
  expect(await told(patient('n-3'), 'n-3')).toEqual(['document-added']);
  expect(await told(parent('n-3'), 'n-3')).toEqual(['document-added']);
});

test('notices are a Bundle that HAPI’s validator takes: each entry has its full address', async () => {
  await patient('n-2').post('Consent', permitting('n-2', 'Practitioner/demo-gp'));
  await settled(carnet);
  const { json } = await patient('n-2').get('Patient/n-2/$notices');
  const entries: { fullUrl: string; resource: { id: string } }[] = json.entry;
  expect(entries.map(({ fullUrl }) => fullUrl)).toEqual(
    entries.map(({ resource }) => `${carnet.base}/Communication/${resource.id}`),
  );
  expect(entries.length).toBeGreaterThan(0);
});

test("a minor's secret gives a notice to the minor, and none to the parents", async () => {
  const secret = document('n-4', [visibility('INVISIBLE_REPRESENTANTS_LEGAUX')]);
  await carnet.as('lab').post('DocumentReference', secret);
  await carnet.as('lab').post('DocumentReference', document('n-4'));
  expect(await told(patient('n-4'), 'n-4')).toEqual(['document-added', 'document-added']);
  expect(await told(parent('n-4'), 'n-4')).toEqual(['document-added']);
});

test('a secret that is none any more is new to the parents, and not a change of something that was there', async () => {
  const secret = document('n-4', [visibility('INVISIBLE_REPRESENTANTS_LEGAUX')]);
  const { json } = await carnet.as('lab').post('DocumentReference', secret);
  const before = await told(parent('n-4'), 'n-4');
  const { securityLabel: _, ...shown } = json;
  expect((await carnet.as('lab').put(`DocumentReference/${json.id}`, shown)).status).toBe(200);
  expect(await told(parent('n-4'), 'n-4')).toEqual(['document-added', ...before]);
  expect((await told(patient('n-4'), 'n-4'))[0]).toBe('document-changed');
  const again = { ...shown, description: 'again' };
  expect((await carnet.as('lab').put(`DocumentReference/${json.id}`, again)).status).toBe(200);
  expect((await told(parent('n-4'), 'n-4'))[0]).toBe('document-changed');
});

test('a notice of what is hidden since is gone from pages and counts', async () => {
  const { json, status } = await carnet.as('lab').post('DocumentReference', document('n-5'));
  expect([status, json.issue]).toEqual([201, undefined]);
  expect(await told(parent('n-5'), 'n-5')).toEqual(['document-added']);
  const secret = { ...json, securityLabel: [{ coding: [visibility('INVISIBLE_REPRESENTANTS_LEGAUX')] }] };
  expect((await carnet.as('lab').put(`DocumentReference/${json.id}`, secret)).status).toBe(200);
  await settled(carnet);
  const page = (await parent('n-5').get('Patient/n-5/$notices')).json;
  expect([page.entry, page.meta.tag[0].code]).toEqual([undefined, '0']);
  expect(await told(patient('n-5'), 'n-5')).toEqual(['document-changed', 'document-added']);
});

test('the visits of a professional are one notice, who reads on makes no second', async () => {
  await putAll(carnet.as('all'), [{ ...permitting('n-6', 'Practitioner/demo-gp'), id: 'n-6-gp' }]);
  const made = await Promise.all(
    [1, 2, 3].map(() => carnet.as('lab').post('DocumentReference', document('n-6'))),
  );
  for (const { json } of made) await carnet.as('gp').get(`DocumentReference/${json.id}`);
  await carnet.as('gp').get('DocumentReference?patient=n-6');
  const all = await told(patient('n-6'), 'n-6');
  expect(all.filter((code) => code === 'visit')).toHaveLength(1);
  const { json } = await patient('n-6').get('Patient/n-6/$notices');
  const visit = json.entry.find(
    (each: Entry) => each.resource.reasonCode[0]?.coding[0]?.code === 'visit',
  ).resource;
  expect(visit.payload[0].contentString).toBe('Dr Sophie Lambert a consulté le dossier.');
});

test('a visit to a secret alone is no news to the parents; when it goes on to other things, it is', async () => {
  await putAll(carnet.as('all'), [{ ...permitting('n-7', 'Practitioner/demo-gp'), id: 'n-7-gp' }]);
  const secret = document('n-7', [visibility('INVISIBLE_REPRESENTANTS_LEGAUX')]);
  const { json: first } = await carnet.as('lab').post('DocumentReference', secret);
  const { json: second } = await carnet.as('lab').post('DocumentReference', document('n-7'));
  expect((await carnet.as('gp').get(`DocumentReference/${first.id}`)).status).toBe(200);
  expect((await told(patient('n-7'), 'n-7')).includes('visit')).toBe(true);
  expect((await told(parent('n-7'), 'n-7')).includes('visit')).toBe(false);
  await carnet.as('gp').get(`DocumentReference/${second.id}`);
  expect((await told(parent('n-7'), 'n-7')).includes('visit')).toBe(true);
});

test('a refused visit is no visit', async () => {
  const { json } = await carnet.as('lab').post('DocumentReference', document('n-8'));
  expect((await carnet.as('dentist').get(`DocumentReference/${json.id}`)).status).toBe(404);
  expect(await told(patient('n-8'), 'n-8')).toEqual(['document-added']);
});

test('nobody but the reader is given notices: strangers, professionals, apps and aidants meet no such patient', async () => {
  const absent = await patient('n-1').get('Patient/n-nobody/$notices');
  for (const as of [
    carnet.as('gp'),
    carnet.as('lab'),
    carnet.as('app'),
    carnet.as('grandmother'),
    patient('n-2'),
  ]) {
    const each = await as.get('Patient/n-1/$notices');
    expect([each.status, each.json.issue?.[0].code]).toEqual([404, absent.json.issue[0].code]);
  }
});

test('a notice is marked as read by its reader alone, and what another holds is not told of', async () => {
  const mine = (await patient('n-1').get('Patient/n-1/$notices')).json;
  const id = mine.entry[0].resource.id;
  const read = (of: string, as: Client) =>
    as.post(`Patient/${of}/$notices-read`, {
      resourceType: 'Parameters',
      parameter: [{ name: 'read', valueId: id }],
    });
  expect((await read('n-2', patient('n-2'))).json.parameter).toBeUndefined();
  expect((await read('n-1', patient('n-1'))).json.parameter).toEqual([{ name: 'read', valueId: id }]);
  const after = (await patient('n-1').get('Patient/n-1/$notices')).json;
  expect(after.entry[0].resource.received).toMatch(/^20/);
  expect(Number(after.meta.tag[0].code)).toBe(Number(mine.meta.tag[0].code) - 1);
});

test('pages hold each notice once, in order, and their links are the caller’s own', async () => {
  const whole = codesAndIds((await patient('n-1').get('Patient/n-1/$notices?_count=100')).json);
  const found: string[] = [];
  let next: string | undefined = 'Patient/n-1/$notices?_count=1';
  while (next !== undefined) {
    const { json } = await patient('n-1').get(next);
    found.push(...codesAndIds(json));
    next = json.link.find((each: { relation: string; url: string }) => each.relation === 'next')?.url;
    if (next !== undefined) expect((await parent('n-1').get(next)).status).toBe(400);
  }
  expect(found).toEqual(whole);
});

const codesAndIds = (json: { entry: Entry[] }): string[] => json.entry.map(({ resource }) => resource.id);

test('appointments are told as they are made, changed and cancelled', async () => {
  const { json } = await carnet.as('all').post('Appointment', appointment('n-9', Date.now() + 86_000_000));
  await carnet.as('all').put(`Appointment/${json.id}`, { ...json, description: 'later' });
  await carnet.as('all').put(`Appointment/${json.id}`, { ...json, status: 'cancelled' });
  expect(await told(patient('n-9'), 'n-9')).toEqual([
    'appointment-cancelled',
    'appointment-changed',
    'appointment-added',
  ]);
});

test('a message is told when it is sent, to whom it is for and who speaks for them; what changes of it later is no news', async () => {
  const lab = carnet.as('lab');
  const draft = await lab.post('Communication', message('n-12', { status: 'preparation' }));
  expect(draft.status).toBe(201);
  expect(await told(patient('n-12'), 'n-12')).toEqual([]);
  const { json } = await lab.put(`Communication/${draft.json.id}`, { ...draft.json, status: 'completed' });
  await lab.put(`Communication/${json.id}`, { ...json, received: '2026-11-22T10:00:00Z' });
  const [of] = (await patient('n-12').get('Patient/n-12/$notices')).json.entry ?? [];
  expect(await told(patient('n-12'), 'n-12')).toEqual(['message']);
  expect(await told(parent('n-12'), 'n-12')).toEqual(['message']);
  expect(JSON.stringify(of ?? {})).not.toContain('confidentiels');
  // for one parent, by the address of this server; for a doctor; by who it is told to
  const toParent = { recipient: [{ reference: `${carnet.base}/RelatedPerson/n-12-parent` }] };
  await lab.post('Communication', message('n-12', toParent));
  await lab.post('Communication', message('n-12', { recipient: [{ reference: 'Practitioner/demo-gp' }] }));
  await lab.post('Communication', message('n-12', { recipient: undefined }));
  await lab.post('Communication', message('n-12', { sender: { reference: 'Patient/n-12' } }));
  expect(await told(patient('n-12'), 'n-12')).toEqual(['message']);
  expect(await told(parent('n-12'), 'n-12')).toEqual(['message', 'message', 'message']);
  await lab.post('Communication', message('n-12', { ...REMINDING, recipient: undefined }));
  expect(await told(patient('n-12'), 'n-12')).toEqual(['reminder', 'message']);
  await patient('n-12').put(`Communication/${json.id}`, json);
  expect(await told(patient('n-12'), 'n-12')).toEqual(['reminder', 'message']);
});

test('a message hidden until its announcement is told when the label is taken off, a draft then neither', async () => {
  const hidden = { meta: { security: [visibility('INVISIBLE_PATIENT')] } };
  const make = async (more: object) => {
    const { json, status } = await carnet.as('lab').post('Communication', message('n-12', more));
    expect(status).toBe(201);
    return json;
  };
  const before = await told(patient('n-12'), 'n-12');
  const [sent, draft] = [await make(hidden), await make({ ...hidden, status: 'preparation' })];
  expect(await told(patient('n-12'), 'n-12')).toEqual(before);
  for (const { meta: _, ...shown } of [sent, draft])
    expect((await carnet.as('lab').put(`Communication/${shown.id}`, shown)).status).toBe(200);
  expect(await told(patient('n-12'), 'n-12')).toEqual(['message', ...before]);
});

test('in an emergency the patient and their doctor are told at once, and of each masked document', async () => {
  const masked = document('n-10', [visibility('MASQUE_PS')]);
  await putAll(carnet.as('all'), [{ ...permitting('n-10', undefined, 'masked'), id: 'n-10-masked' }]);
  const { json } = await carnet.as('lab').post('DocumentReference', masked);
  const emergency = {
    patient: 'Patient/n-10',
    reason: 'unconscious on arrival at the ward',
    since: Date.now() - 60_000,
  };
  const breaking = carnet.as({ token: carnet.tokenFor({ purposes: ['BTG'], emergency }, 'emergency') });
  expect((await breaking.get(`DocumentReference/${json.id}`)).status).toBe(200);
  const codes = await told(patient('n-10'), 'n-10');
  expect(codes.slice(0, 2).sort()).toEqual(['emergency', 'emergency-masked']);
  const { json: inbox } = await carnet.as('gp').get('Practitioner/demo-gp/$notices');
  expect(codesOf(inbox)).toEqual(['emergency']);
  expect(inbox.entry[0].resource.subject.reference).toBe('Patient/n-10');
  const traces = (await patient('n-10').get('AuditEvent?patient=n-10&agent=Practitioner/demo-gp')).json;
  expect(traces.total).toBe(1);
  expect((await carnet.as('emergency').get('Practitioner/demo-gp/$notices')).status).toBe(404);
  await putAll(carnet.as('all'), [{ ...blocking('n-10', 'Practitioner/demo-gp'), id: 'n-10-block' }]);
  expect(codesOf((await carnet.as('gp').get('Practitioner/demo-gp/$notices')).json)).toEqual([]);
});

test('what stands in the database names no kind, document or professional', async () => {
  const client = await MongoClient.connect(carnet.database.uri, { readConcernLevel: 'majority' });
  const raw = JSON.stringify(await client.db(carnet.database.dbName).collection('notices').find().toArray());
  await client.close();
  expect(raw.length).toBeGreaterThan(1000);
  for (const word of ['document', 'DocumentReference', 'visit', 'Lambert', 'emergency', 'secr'])
    expect(raw).not.toContain(word);
});

test('who reads on writes nothing more for it', async () => {
  await putAll(carnet.as('all'), [{ ...permitting('n-11', 'Practitioner/demo-gp'), id: 'n-11-gp' }]);
  const { json } = await carnet.as('lab').post('DocumentReference', document('n-11'));
  const client = await MongoClient.connect(carnet.database.uri, { readConcernLevel: 'majority' });
  const rows = () => client.db(carnet.database.dbName).collection('outbox').countDocuments();
  const before = await rows();
  for (let each = 0; each < 30; each += 1) {
    expect((await carnet.as('gp').get(`DocumentReference/${json.id}`)).status).toBe(200);
  }
  const after = await rows();
  await client.close();
  expect(after - before).toBe(1);
});
