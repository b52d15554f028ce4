/** A search that gives no resource still tells of somebody: each way of asking leaves a trace. */
import { type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  const all = carnet.as('all');
  const made = [
    await all.put('Patient/claire', {
      resourceType: 'Patient',
      id: 'claire',
      identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: '255069999999934' }],
      name: [{ family: 'Delaunay', given: ['Claire'] }],
    }),
    await all.put('Practitioner/author', { resourceType: 'Practitioner', id: 'author' }),
    await all.put('Consent/c', {
      resourceType: 'Consent',
      id: 'c',
      status: 'active',
      scope: {
        coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
      },
      category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
      policyRule: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'OPTIN' }] },
      patient: { reference: 'Patient/claire' },
      provision: { type: 'permit' },
    }),
    await all.put('Condition/k', {
      resourceType: 'Condition',
      id: 'k',
      subject: { reference: 'Patient/claire' },
      asserter: { reference: 'Practitioner/author' },
      code: { text: 'asthme' },
    }),
  ];
  expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201]);
});
afterAll(() => carnet?.close());

const traces = async (): Promise<number> =>
  (await carnet.as('all').get('AuditEvent?patient=claire&agent=Practitioner/demo-gp&_count=0')).json.total;

it.each([
  'Condition?subject=claire&_summary=count',
  'Condition?subject=claire&code=37796009&_count=0',
  'Condition?patient.identifier=255069999999934&_summary=count',
  'Condition?subject.name=Claire&_summary=count',
  'Condition?_summary=count',
  'Condition?asserter=author&_summary=count',
  'Practitioner?_has:Condition:asserter:patient=claire',
  'Practitioner?_has:Condition:asserter:patient=claire&_elements=id',
  'Patient?identifier=255069999999934&_summary=count',
  'Patient?name=delaunay&_summary=count',
  'Condition?_id=k&_count=0',
])('GET %s', async (query) => {
  const before = await traces();
  expect((await carnet.as('gp').get(query)).status).toBe(200);
  expect(await traces()).toBe(before + 1);
});

it('a conditional delete that finds nothing', async () => {
  const before = await traces();
  expect((await carnet.as('gp').delete('Condition?subject=claire&code=zz')).status).toBe(204);
  expect(await traces()).toBe(before + 1);
});
