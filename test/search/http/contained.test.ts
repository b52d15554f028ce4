/** https://hl7.org/fhir/R4/search.html#contained */
import { type TestServer, testServer } from '../../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  const all = carnet.as('all');
  const medication = (code: string) => ({
    resourceType: 'Medication',
    id: 'm',
    code: { coding: [{ system: 'http://example.test/drugs', code }] },
  });
  const request = (id: string, patient: string, code: string) =>
    all.put(`MedicationRequest/${id}`, {
      resourceType: 'MedicationRequest',
      id,
      status: 'active',
      intent: 'order',
      subject: { reference: `Patient/${patient}` },
      medicationReference: { reference: '#m' },
      contained: [medication(code)],
    });
  const made = [
    await request('r1', 'one', 'a'),
    await request('r2', 'one', 'b'),
    await request('r3', 'two', 'a'),
    await all.put('Medication/own', { ...medication('a'), id: 'own' }),
    await all.put('Medication/other', { ...medication('d'), id: 'other' }),
    await all.put('Patient/one', { resourceType: 'Patient', id: 'one' }),
    await all.put('MedicationRequest/r4', {
      resourceType: 'MedicationRequest',
      id: 'r4',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/one' },
      medicationReference: { reference: 'Medication/other' },
    }),
    await all.put('MedicationRequest/r5', {
      resourceType: 'MedicationRequest',
      id: 'r5',
      status: 'active',
      intent: 'order',
      subject: { reference: 'Patient/one' },
      medicationReference: { reference: 'Medication/other' },
      supportingInformation: [{ reference: '#m' }],
      contained: [medication('e')],
    }),
  ];
  expect(made.map(({ status }) => status)).toEqual(made.map(() => 201));
});
afterAll(() => carnet?.close());

const found = async (query: string, as: Parameters<TestServer['as']>[0] = 'all') => {
  const { json } = await carnet.as(as).get(query);
  return [
    json.total,
    (json.entry ?? []).map(({ resource }: { resource: { id: string } }) => resource.id).sort(),
  ];
};

it.each([
  ['what is inside others is left alone when nothing is said', 'Medication?code=a', ['own']],
  ['`true` finds what contains it', 'Medication?code=a&_contained=true', ['r1', 'r3']],
  ['`both` finds it wherever it is', 'Medication?code=a&_contained=both', ['own', 'r1', 'r3']],
  ['each contained resource is matched by itself', 'Medication?code=c&_contained=both', []],
])('%s', async (_sentence, query, ids) => {
  expect(await found(query)).toEqual([ids.length, ids]);
});

it('a container that is hidden contains nothing', async () => {
  const patient = { token: carnet.tokenFor({ reference: 'Patient/one' }, 'patient') };
  expect(await found('Medication?code=a&_contained=true', patient)).toEqual([1, ['r1']]);
});

const DRUG = 'http://example.test/drugs';

it.each([
  ['a chain finds what is contained', 'MedicationRequest?medication.code=a', ['r1', 'r3']],
  ['with a type too', `MedicationRequest?medication:Medication.code=${DRUG}|b`, ['r2']],
  ['and alternatives', 'MedicationRequest?medication.code=a,b', ['r1', 'r2', 'r3']],
  [
    'beside what stands by itself',
    'MedicationRequest?medication.code:missing=false',
    ['r1', 'r2', 'r3', 'r4', 'r5'],
  ],
  ['by the parameter that refers to it only', 'MedicationRequest?medication.code=e', []],
  ['another code finds nothing', 'MedicationRequest?medication.code=c', []],
  ['a reverse chain goes on into it', 'Patient?_has:MedicationRequest:patient:medication.code=b', ['one']],
])('%s', async (_sentence, query, ids) => {
  expect(await found(query)).toEqual([ids.length, ids]);
});

it('a chain into a container that is hidden finds nothing', async () => {
  const patient = { token: carnet.tokenFor({ reference: 'Patient/one' }, 'patient') };
  expect(await found('MedicationRequest?medication.code=a', patient)).toEqual([1, ['r1']]);
});
