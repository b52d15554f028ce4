/** https://hl7.org/fhir/R4/http.html#delete */
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { PATIENT, atOnce, document, errorOf, observation, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
let hospital: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  hospital = carnet.as('hospital');
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(() => carnet?.close());

it('takes a resource away from reads and searches, and keeps its history', async () => {
  const made = await all.put('Observation/d1', observation({ id: 'd1' }));
  const reply = await all.delete('Observation/d1');
  expect([reply.status, reply.text, reply.headers.get('etag')]).toEqual([
    204,
    '',
    expect.stringMatching(/^W\/".+"$/),
  ]);
  const gone = await all.get('Observation/d1');
  expect(errorOf(gone)).toEqual([410, 'deleted']);
  expect(gone.headers.get('etag')).toBe(reply.headers.get('etag'));
  expect((await all.send('HEAD', 'Observation/d1')).status).toBe(410);
  expect((await all.get('Observation?_id=d1')).json.total).toBe(0);
  const old = await all.get(`Observation/d1/_history/${made.json.meta.versionId}`);
  expect([old.status, old.json]).toEqual([200, made.json]);
  const mark = reply.headers.get('etag')!.slice(3, -1);
  expect(errorOf(await all.get(`Observation/d1/_history/${mark}`))).toEqual([410, 'deleted']);
  expect((await all.get('Observation/d1/_history')).json.total).toBe(2);
});

it('is done once, however often it is asked for', async () => {
  await all.put('Observation/d2', observation({ id: 'd2' }));
  const replies = await atOnce(6, () => all.delete('Observation/d2'));
  expect(replies.map(({ status }) => status)).toEqual(Array<number>(6).fill(204));
  expect((await all.delete('Observation/d2')).status).toBe(204);
  expect((await all.get('Observation/d2/_history')).json.total).toBe(2);
});

it('answers 204 without effect for hidden and absent, alike', async () => {
  await hospital.put('Observation/hospital-d', observation({ id: 'hospital-d' }));
  const gp = carnet.as('gp');
  const [hidden, absent] = [await gp.delete('Observation/hospital-d'), await gp.delete('Observation/absent')];
  const told = ({ headers }: typeof hidden) =>
    [...headers].filter(([name]) => name !== 'date' && name !== 'x-request-id');
  expect([hidden.status, hidden.text, told(hidden)]).toEqual([204, absent.text, told(absent)]);
  expect((await hospital.get('Observation/hospital-d')).status).toBe(200);
});

it('is 410 for who could read the last version, and 404 for others', async () => {
  await hospital.put('Observation/hospital-e', observation({ id: 'hospital-e' }));
  await hospital.delete('Observation/hospital-e');
  const owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
  expect((await hospital.get('Observation/hospital-e')).status).toBe(410);
  expect((await owner.get('Observation/hospital-e')).status).toBe(410);
  const absent = await carnet.as('gp').get('Observation/absent');
  const hidden = await carnet.as('gp').get('Observation/hospital-e');
  expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
});

it('is for the depositor: others who see it are told so', async () => {
  await hospital.put('Observation/hospital-f', observation({ id: 'hospital-f' }));
  const owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
  expect(errorOf(await owner.delete('Observation/hospital-f'))).toEqual([403, 'forbidden']);
  expect((await owner.get('Observation/hospital-f')).status).toBe(200);
});

it('keeps to `If-Match`, for what is hidden or absent too', async () => {
  const made = await all.put('Observation/d3', observation({ id: 'd3' }));
  const etag = made.headers.get('etag')!;
  expect(errorOf(await all.delete('Observation/d3', { 'if-match': 'W/"x"' }))).toEqual([412, 'conflict']);
  const gp = carnet.as('gp');
  for (const id of ['d3', 'absent']) {
    expect(errorOf(await gp.delete(`Observation/${id}`, { 'if-match': etag }))).toEqual([412, 'conflict']);
  }
  expect((await all.delete('Observation/d3', { 'if-match': etag })).status).toBe(204);
  expect(errorOf(await all.delete('Observation/d3', { 'if-match': etag }))).toEqual([412, 'conflict']);
});

it('lets what was deleted be brought back by its depositor, id of the server or not', async () => {
  const made = await hospital.post('DocumentReference', document());
  const { id } = made.json;
  await hospital.delete(`DocumentReference/${id}`);
  const owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
  expect(errorOf(await owner.put(`DocumentReference/${id}`, document({ id })))).toEqual([403, 'forbidden']);
  expect(errorOf(await carnet.as('gp').put(`DocumentReference/${id}`, document({ id })))).toEqual([
    405,
    'not-supported',
  ]);
  const back = await hospital.put(`DocumentReference/${id}`, document({ id, description: 'again' }));
  expect([back.status, back.json.description]).toEqual([201, 'again']);
  expect((await hospital.get(`DocumentReference/${id}`)).json).toEqual(back.json);
  const { json } = await hospital.get(`DocumentReference/${id}/_history`);
  expect(json.entry.map(({ request }: { request: { method: string } }) => request.method)).toEqual([
    'PUT',
    'DELETE',
    'POST',
  ]);
});

it('brings back once what several bring back at once', async () => {
  await all.put('Observation/d4', observation({ id: 'd4' }));
  await all.delete('Observation/d4');
  const replies = await atOnce(5, () => all.put('Observation/d4', observation({ id: 'd4' })));
  expect(replies.map(({ status }) => status).sort()).toEqual([200, 200, 200, 200, 201]);
  expect((await all.get('Observation/d4/_history')).json.total).toBe(7);
});

it('is never blocked by what refers to it', async () => {
  await all.put('Observation/d5', observation({ id: 'd5' }));
  await all.put('Observation/d6', observation({ id: 'd6', hasMember: [{ reference: 'Observation/d5' }] }));
  expect((await all.delete('Observation/d5')).status).toBe(204);
  expect((await all.get('Observation/d6')).json.hasMember[0].reference).toBe('Observation/d5');
});

it('never deletes an AuditEvent, nor is one put', async () => {
  const found = await all.get('AuditEvent?_count=1&patient=p1');
  const path = `AuditEvent/${found.json.entry[0].resource.id}`;
  expect(errorOf(await all.delete(path))).toEqual([403, 'forbidden']);
  const { json, status } = await all.get(path);
  expect(status).toBe(200);
  const put = await all.put(path, json);
  expect([errorOf(put), put.text]).toEqual([[403, 'forbidden'], expect.stringContaining('never changed')]);
  const { id: _id, ...event } = json;
  const gp = carnet.as('gp');
  for (const reply of [
    await gp.put('AuditEvent/gp-new', { ...event, id: 'gp-new' }),
    await gp.put('AuditEvent/other', { ...event, id: 'other' }),
    await gp.put('AuditEvent?_id=gp-new', { ...event, id: 'gp-new' }),
    await gp.put('AuditEvent?_id=gp-new', event),
  ]) {
    expect([errorOf(reply), reply.headers.get('allow')]).toEqual([[405, 'not-supported'], 'GET, HEAD, POST']);
  }
  expect((await all.get('AuditEvent/gp-new')).status).toBe(404);
});
