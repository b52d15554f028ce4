/** What docs/consent.md tells integrators to send does what the page says. */
import { readFileSync } from 'node:fs';
import type { Resource } from '../../src/fhir/resource.ts';
import { document, person } from '../leaks/support/content.ts';
import { type TestServer, testServer } from '../support/server.ts';
import { label } from './support/space.ts';

const page = readFileSync(new URL('../../docs/consent.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/^```json\n([^]*?)^```/gm)].map(
  ([, text]) => JSON.parse(text!) as Resource,
);

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

it('its examples authorise, block, and show what is masked in an emergency', async () => {
  const all = carnet.as('all');
  const allergy = {
    resourceType: 'AllergyIntolerance',
    id: 'a',
    clinicalStatus: {
      coding: [
        { system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' },
      ],
    },
    patient: { reference: 'Patient/demo-mother' },
  };
  const masked = document('masked', 'demo-mother', { securityLabel: [{ coding: [label('MASQUE_PS')] }] });
  for (const resource of [
    person('demo-mother', 'Martin', '255069999999934'),
    allergy,
    masked,
  ] as Resource[]) {
    expect((await all.put(`${resource.resourceType}/${resource.id}`, resource)).status).toBe(201);
  }
  const emergency = { patient: 'Patient/demo-mother', reason: 'inconsciente, seule', since: Date.now() };
  const broken = carnet.as({ token: carnet.tokenFor({ purposes: ['BTG'], emergency }, 'emergency') });
  const seen = async () => [
    (await carnet.as('dentist').get('AllergyIntolerance/a')).status,
    (await broken.get('DocumentReference/masked')).status,
  ];
  const statuses = [await seen()];
  for (const example of examples) {
    expect(example.resourceType).toBe('Consent');
    expect((await carnet.as('patient').post('Consent', example)).status).toBe(201);
    statuses.push(await seen());
  }
  expect(statuses).toEqual([
    [404, 404],
    [200, 404],
    [404, 404],
    [404, 200],
  ]);
});
