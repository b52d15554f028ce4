/** https://hl7.org/fhir/R4/http.html#create */
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { PATIENT, document, errorOf, headersOf, observation, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(() => carnet?.close());

it('makes a resource under an id of the server, and says where', async () => {
  const meta = { versionId: 'mine', lastUpdated: '2001-01-01T00:00:00Z', tag: [{ code: 'kept' }] };
  const reply = await all.post('Observation', observation({ id: 'mine', meta }));
  expect(reply.status).toBe(201);
  const { id, meta: given } = reply.json;
  expect(id).not.toBe('mine');
  expect(given).toEqual({
    versionId: expect.any(String),
    lastUpdated: expect.stringMatching(/^20\d\d-\d\d-\d\dT[\d:]+\.\d{3}Z$/),
    tag: [{ code: 'kept' }],
  });
  expect(given.versionId).not.toBe('mine');
  expect(Math.abs(Date.parse(given.lastUpdated) - Date.now())).toBeLessThan(10_000);
  const address = `${carnet.base}/Observation/${id}/_history/${given.versionId}`;
  expect(headersOf(reply, 'location', 'content-location', 'etag', 'last-modified')).toEqual([
    address,
    address,
    `W/"${given.versionId}"`,
    new Date(given.lastUpdated).toUTCString(),
  ]);
  expect((await all.get(address)).json).toEqual(reply.json);
  expect((await all.get(`Observation/${id}`)).text).toBe(reply.text);
});

it('keeps the rest as it was sent', async () => {
  const sent = observation({
    identifier: [{ system: 'urn:x', value: 'é😀' }],
    extension: [{ url: 'http://example.org/e', valueString: ' a ' }],
    _status: { extension: [{ url: 'http://example.org/s', valueBoolean: false }] },
    contained: [{ resourceType: 'Device', id: 'd' }],
    device: { reference: '#d' },
    component: [{ code: { text: 'c' }, valueQuantity: { value: 0 } }],
  });
  const { id: _id, meta: _meta, ...kept } = (await all.post('Observation', sent)).json;
  expect(kept).toEqual(sent);
});

it('asks whether a resource is well formed, never whether what it names exists', async () => {
  const made = await all.post(
    'Observation',
    observation({ performer: [{ reference: 'Practitioner/nobody' }] }),
  );
  expect(made.status).toBe(201);
});

it.each([
  ['no JSON', '{"resourceType":', [400, 'structure'], undefined],
  ['a list', '[]', [400, 'structure'], undefined],
  ['another type', patient(), [400, 'invalid'], 'resourceType'],
  ['no type', { status: 'final' }, [400, 'invalid'], 'resourceType'],
  ['a missing element', observation({ status: undefined }), [400, 'required'], 'Observation.status'],
  ['an unknown element', observation({ colour: 'red' }), [400, 'structure'], 'Observation.colour'],
  ['an unknown code', observation({ status: 'done' }), [400, 'code-invalid'], 'Observation.status'],
  [
    'a target of the wrong type',
    observation({ subject: { reference: 'Observation/o' } }),
    [400, 'value'],
    'Observation.subject',
  ],
  [
    'a broken invariant',
    observation({ valueString: 'x', dataAbsentReason: { text: 'y' } }),
    [422, 'invariant'],
    'Observation',
  ],
] as const)('refuses %s and names the element', async (_what, body, wanted, expression) => {
  const reply = await all.post('Observation', body);
  expect(reply.json.resourceType).toBe('OperationOutcome');
  const [status] = errorOf(reply);
  expect([400, 422]).toContain(status);
  if (wanted[1] === 'invariant') expect(status).toBe(422);
  if (expression !== undefined) {
    const expressions = reply.json.issue.flatMap(
      (issue: { expression?: string[] }) => issue.expression ?? [],
    );
    expect(expressions.some((each: string) => each.startsWith(expression))).toBe(true);
  }
});

it('refuses a body that is missing or of another content type', async () => {
  expect(errorOf(await all.post('Observation'))).toEqual([400, 'required']);
  const xml = await all.post('Observation', '<Observation/>', { 'content-type': 'application/fhir+xml' });
  expect(errorOf(xml)).toEqual([400, 'structure']);
  const text = await all.post('Observation', 'x', { 'content-type': 'text/plain' });
  expect(errorOf(text)).toEqual([415, 'not-supported']);
});

it('says that a type is not served', async () => {
  const reply = await all.post('Claim', { resourceType: 'Claim' });
  expect(errorOf(reply)).toEqual([404, 'not-supported']);
});

it('gives what was deposited back to its depositor, and to nobody whom nobody asked', async () => {
  const hospital = carnet.as('hospital');
  const made = await hospital.post('DocumentReference', document());
  expect(made.status).toBe(201);
  const path = `DocumentReference/${made.json.id}`;
  expect((await hospital.get(path)).text).toBe(made.text);
  const patientToo = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
  expect((await patientToo.get(path)).status).toBe(200);
  for (const other of ['gp', 'lab', 'app', 'operator'] as const) {
    expect([other, (await carnet.as(other).get(path)).status]).toEqual([
      other,
      other === 'operator' ? 403 : 404,
    ]);
  }
});

it('refuses who may not write the type', async () => {
  expect(
    errorOf(await carnet.as('gp').post('Organization', { resourceType: 'Organization', name: 'x' })),
  ).toEqual([403, 'forbidden']);
  expect(errorOf(await carnet.as('gp').post('Patient', patient()))).toEqual([403, 'forbidden']);
  const reader = carnet.as({ token: carnet.tokenFor({ scope: 'system/*.rs' }) });
  expect(errorOf(await reader.post('Observation', observation()))).toEqual([403, 'forbidden']);
});
