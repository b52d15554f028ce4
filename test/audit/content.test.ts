/** What content that comes with a document leaves as traces: it is told with the document, and hidden with it. */
import { randomUUID } from 'node:crypto';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { VISIBILITY, label, place, provided } from '../documents/support.ts';
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

it('that of a document which is hidden for a while is hidden with it', async () => {
  const { requestId, document, content } = await published({
    securityLabel: [label(VISIBILITY, 'INVISIBLE_PATIENT')],
  });
  for (const text of [JSON.stringify(await tracesOf(patient, requestId)), await lines(patient)]) {
    for (const name of [document, content]) expect(text).not.toContain(name);
  }
  expect(JSON.stringify(await tracesOf(carnet.as('hospital'), requestId))).toContain(content);
});
