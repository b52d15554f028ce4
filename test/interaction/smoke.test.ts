import { type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

it('keeps what is written and finds it', async () => {
  const all = carnet.as('all');
  const made = await all.put('Patient/p1', {
    resourceType: 'Patient',
    id: 'p1',
    name: [{ family: 'Martin' }],
  });
  expect([made.status, made.text]).toEqual([201, expect.stringContaining('Martin')]);
  const doc = await all.post('DocumentReference', {
    resourceType: 'DocumentReference',
    status: 'current',
    subject: { reference: 'Patient/p1' },
    date: '2024-05-01T10:00:00Z',
    content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
  });
  expect([doc.status, doc.json?.meta?.versionId]).toEqual([201, expect.any(String)]);
  const read = await all.get(`DocumentReference/${doc.json.id}`);
  expect([read.status, read.json]).toEqual([200, doc.json]);
  const found = await all.get('DocumentReference?patient=Patient/p1&_sort=-date');
  expect([found.status, found.json?.total]).toEqual([200, 1]);
  const mine = await carnet
    .as({ token: carnet.tokenFor({ reference: 'Patient/p1' }, 'patient') })
    .get('DocumentReference?patient=p1');
  expect([mine.status, mine.json?.total]).toEqual([200, 1]);
  const gp = await carnet.as('gp').get('DocumentReference?patient=p1');
  expect([gp.status, gp.json?.total]).toEqual([200, 0]);
  const hidden = await carnet.as('gp').get(`DocumentReference/${doc.json.id}`);
  const absent = await carnet.as('gp').get('DocumentReference/absent');
  expect([hidden.status, hidden.text]).toEqual([absent.status, absent.text]);
  expect(hidden.status).toBe(404);
  const everything = await all.get('Patient/p1/*');
  expect([everything.status, everything.json?.total]).toEqual([200, 2]);
  const audit = await all.get('AuditEvent?patient=p1&_count=100');
  expect([audit.status, audit.json?.total]).toEqual([200, expect.any(Number)]);
  expect(audit.json.total).toBeGreaterThan(4);
  const history = await all.get(`DocumentReference/${doc.json.id}/_history`);
  expect([history.status, history.json?.total]).toEqual([200, 1]);
});
