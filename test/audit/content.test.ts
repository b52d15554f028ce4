/** What content that comes with a document leaves as traces: it is told with the document, and hidden with it. */
import { randomUUID } from 'node:crypto';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { VISIBILITY, inline, label, place, provided } from '../documents/support.ts';
import { type Client, type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
let patient: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await putAll(carnet.as('all'), [{ resourceType: 'Patient', id: 'own' }]);
  patient = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/own' }, 'patient') });
});
afterAll(() => carnet?.close());

async function published(more: Json): Promise<{ requestId: string; document: string; content: string }> {
  const requestId = randomUUID();
  const sent = provided({ of: 'Patient/own', text: randomUUID(), more });
  const { status, json, text } = await carnet
    .as('hospital')
    .send('POST', '', sent, { 'x-request-id': requestId });
  if (status !== 200) throw new Error(text);
  return { requestId, document: place(json, 1), content: place(json, 2) };
}

async function tracesOf(client: Client, requestId: string): Promise<Resource[]> {
  const { json } = await client.get('AuditEvent?patient=own&_sort=-_lastUpdated&_count=20');
  const all = ((json.entry ?? []) as { resource: Resource }[]).map(({ resource }) => resource);
  return all.filter((each) => JSON.stringify(each).includes(requestId));
}

const lines = async (client: Client): Promise<string> =>
  (await client.get('Patient/own/$access-history', { 'accept-language': 'fr' })).text;

it('content is told with the document that brings it, in one trace', async () => {
  const { requestId, document, content } = await published({});
  const traces = await tracesOf(patient, requestId);
  expect(traces).toHaveLength(1);
  for (const name of [document, content]) expect(JSON.stringify(traces[0]!.entity)).toContain(`"${name}"`);
  const { json } = await carnet.as('all').get('AuditEvent?_sort=-_lastUpdated&_count=20');
  expect(JSON.stringify(json).split(requestId)).toHaveLength(2);
  expect(await lines(patient)).toMatch(/a ajouté 1 document, 1 fichier et 1 élément du dossier le/);
});

it('content that is named by its absolute address is told with its document too, and what is deleted with it', async () => {
  const requestId = randomUUID();
  const hospital = carnet.as('hospital');
  const headers = { 'x-request-id': requestId };
  const simplified = {
    ...inline('Patient/own', randomUUID()),
    meta: {
      profile: [
        'https://profiles.ihe.net/ITI/MHD/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference',
      ],
    },
  };
  const made = await hospital.send('POST', 'DocumentReference', simplified, headers);
  expect([made.status, made.status < 300 || made.text]).toEqual([201, true]);
  const content = (made.json.content as { attachment: { url: string } }[])[0]!.attachment.url;
  const all = async (): Promise<Resource[]> => {
    const { json } = await carnet.as('all').get('AuditEvent?_sort=-_lastUpdated&_count=20');
    return (json.entry as { resource: Resource }[])
      .map(({ resource }) => resource)
      .filter((each) => JSON.stringify(each).includes(requestId));
  };
  const [creation, ...others] = await all();
  expect([others, JSON.stringify(creation).includes(content)]).toEqual([[], true]);
  const gone = await hospital.send('DELETE', `DocumentReference/${made.json.id}`, undefined, headers);
  expect(gone.status).toBe(204);
  const traces = await all();
  expect(traces.map(({ action }) => action).sort()).toEqual(['C', 'D']);
  const told = await tracesOf(patient, requestId);
  expect(told).toHaveLength(2);
  expect(await lines(patient)).toMatch(/supprimé 1 document(?:,| et) 1 fichier/);
});

it('who reads it is told with what let them', async () => {
  const { document, content } = await published({});
  const requestId = randomUUID();
  const headers = { 'x-request-id': requestId, accept: 'text/plain' };
  expect((await patient.get(content, headers)).status).toBe(200);
  const [trace] = await tracesOf(patient, requestId);
  expect(trace!.meta?.profile?.[0]).toMatch(/PatientRead$/);
  const [{ detail }] = (trace!.entity as { type: { code: string }; detail: unknown }[]).filter(
    ({ type }) => type.code === 'decision',
  ) as unknown as [{ detail: unknown }];
  await patient.get(document, { 'x-request-id': `${requestId}-document` });
  const [other] = await tracesOf(patient, `${requestId}-document`);
  expect(JSON.stringify(other!.entity)).toContain(JSON.stringify(detail));
});

it('who has seen the content of a document has seen it, also when it is gone', async () => {
  const { document, content } = await published({});
  const requestId = randomUUID();
  const headers = { 'x-request-id': requestId, accept: 'text/plain' };
  expect((await patient.get(content, headers)).status).toBe(200);
  const seen = async (): Promise<string> =>
    (await patient.get(`Patient/own/$access-history?document=${document}`)).text;
  expect(await seen()).toMatch(/Vous avez consulté 1 document le/);
  expect((await carnet.as('hospital').delete(document)).status).toBe(204);
  expect((await patient.get(content, headers)).status).not.toBe(200);
  expect(await seen()).toMatch(/Vous avez consulté 1 document le/);
  const outcomes = (await tracesOf(patient, requestId)).map(({ outcome }) => outcome);
  expect(outcomes).toContain('0');
});

it('that of a document which is hidden for a while is hidden with it', async () => {
  const { requestId, document, content } = await published({
    securityLabel: [label(VISIBILITY, 'INVISIBLE_PATIENT')],
  });
  for (const text of [JSON.stringify(await tracesOf(patient, requestId)), await lines(patient)]) {
    for (const name of [document, content]) expect(text).not.toContain(name);
  }
  expect(JSON.stringify(await tracesOf(carnet.as('hospital'), requestId))).toContain(content);
  const read = randomUUID();
  const headers = { 'x-request-id': read, accept: 'text/plain' };
  expect((await carnet.as('hospital').get(content, headers)).status).toBe(200);
  expect(await tracesOf(patient, read)).toEqual([]);
  expect(await tracesOf(carnet.as('all'), read)).toHaveLength(1);
  // shown, so are its traces
  const bare = [{ op: 'remove', path: '/securityLabel' }];
  expect((await carnet.as('hospital').patch(document, bare)).status).toBe(200);
  expect(await tracesOf(patient, requestId)).not.toEqual([]);
  expect(await tracesOf(patient, read)).toHaveLength(1);
});
