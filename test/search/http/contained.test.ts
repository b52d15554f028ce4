/** https://hl7.org/fhir/R4/search.html#contained */
import { type TestServer, testServer } from '../../support/server.ts';

/** Longer than the beginnings that are kept as terms, and alike up to there. */
const LONG = 'Vandenbroucke-Lemercier';
const OTHER = 'Vandenbroucke-Martin';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  const all = carnet.as('all');
  const medication = (code: string, more: object = {}) => ({
    resourceType: 'Medication',
    id: 'm',
    ...more,
    code: { coding: [{ system: 'http://example.test/drugs', code }] },
  });
  const request = (
    id: string,
    patient: string,
    code: string,
    more: object = {},
    written: (text: string) => string = (text) => text,
  ) =>
    all.put(
      `MedicationRequest/${id}`,
      written(
        JSON.stringify({
          resourceType: 'MedicationRequest',
          id,
          status: 'active',
          intent: 'order',
          subject: { reference: `Patient/${patient}` },
          medicationReference: { reference: '#m' },
          contained: [medication(code, more)],
        }),
      ),
    );
  const report = (id: string, patient: string, value: number, date: string) =>
    all.put(`DiagnosticReport/${id}`, {
      resourceType: 'DiagnosticReport',
      id,
      status: 'final',
      code: { text: 'x' },
      subject: { reference: `Patient/${patient}` },
      result: [{ reference: '#o' }],
      contained: [
        {
          resourceType: 'Observation',
          id: 'o',
          status: 'final',
          code: { coding: [{ system: 'http://loinc.org', code: '2823-3' }] },
          effectiveDateTime: date,
          valueQuantity: { value, system: 'http://unitsofmeasure.org', code: 'mmol/L' },
        },
      ],
    });
  const writer = (family: string) => ({ resourceType: 'Practitioner', id: 'p', name: [{ family }] });
  const role = (more: object) => ({ resourceType: 'PractitionerRole', id: 'r', ...more });
  const document = (id: string, patient: string, contained: object[], author = '#p') =>
    all.put(`DocumentReference/${id}`, {
      resourceType: 'DocumentReference',
      id,
      status: 'current',
      subject: { reference: `Patient/${patient}` },
      author: [{ reference: author }],
      content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
      contained: contained.length > 0 ? contained : undefined,
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
    await all.put('Organization/maker', { resourceType: 'Organization', id: 'maker', name: 'Maker' }),
    await request('r6', 'two', 'made', {
      manufacturer: { reference: 'Organization/maker' },
      batch: { expirationDate: '2024-05-01' },
    }),
    await request(
      'r7',
      'one',
      'precise',
      {
        amount: { numerator: { value: '__1.50__' }, denominator: { value: 2 } },
        batch: { expirationDate: '2025' },
      },
      (text) => text.replace('"__1.50__"', '1.50'),
    ),
    await all.put('Practitioner/far', { resourceType: 'Practitioner', id: 'far', name: [{ family: LONG }] }),
    await document('w1', 'one', [writer(LONG)]),
    await document('w2', 'two', [writer(LONG)]),
    await document('w3', 'one', [writer(OTHER)]),
    await document('w4', 'one', [role({ practitioner: { reference: '#p' } }), writer(LONG)], '#r'),
    await document('w5', 'one', [role({ practitioner: { reference: 'Practitioner/far' } })], '#r'),
    await document('w6', 'one', [], 'Practitioner/far'),
    await report('d1', 'one', 5.4, '2024-03-01'),
    await report('d2', 'two', 7, '2024-04-01'),
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

const entries = async (query: string, as: Parameters<TestServer['as']>[0] = 'all') => {
  const { status, json } = await carnet.as(as).get(query);
  expect(status).toBe(200);
  const rows = (json.entry ?? []) as {
    fullUrl: string;
    resource: { resourceType: string; id: string };
    search: { mode: string };
  }[];
  return {
    total: json.total as number,
    next: json.link.find(({ relation }: { relation: string }) => relation === 'next')?.url as string,
    rows: rows.map(({ fullUrl, resource, search }) =>
      [fullUrl.slice(carnet.base.length + 1), `${resource.resourceType}/${resource.id}`, search.mode].join(
        ' ',
      ),
    ),
  };
};

const INSIDE = ['r1', 'r3'].map((id) => `MedicationRequest/${id}#m Medication/m match`);

describe('with `_containedType=contained`', () => {
  it.each([
    ['what is contained is the match', 'Medication?code=a&_contained=true', INSIDE],
    [
      'beside what stands by itself',
      'Medication?code=a&_contained=both',
      ['Medication/own Medication/own match', ...INSIDE],
    ],
    ['nothing where nothing matches', 'Medication?code=c&_contained=true', []],
    ['nothing where what is contained isn’t searched', 'Medication?code=b', []],
  ])('%s', async (_sentence, query, rows) => {
    const found = await entries(`${query}&_containedType=contained`);
    expect([found.total, found.rows.sort()]).toEqual([rows.length, [...rows].sort()]);
  });

  it('gives the resource as it was sent, its decimals too', async () => {
    const { json } = await carnet
      .as('all')
      .get('Medication?code=precise&_contained=true&_containedType=contained');
    expect(json.entry).toHaveLength(1);
    expect(JSON.stringify(json.entry[0].resource)).toContain('"amount"');
    const { text } = await carnet
      .as('all')
      .get('Medication?code=precise&_contained=true&_containedType=contained');
    expect(text).toContain('"value":1.50');
  });

  it.each([
    ['_id', [...INSIDE, 'Medication/own Medication/own match']],
    ['-_id', ['Medication/own Medication/own match', ...INSIDE]],
    ['-code,-_id', ['Medication/own Medication/own match', ...INSIDE]],
  ])('comes in the order asked for: %s', async (sort, rows) => {
    const query = `Medication?code=a&_contained=both&_containedType=contained&_sort=${sort}`;
    expect((await entries(query)).rows).toEqual(rows);
  });

  it('comes in pages, each once', async () => {
    const rows: string[] = [];
    let next = 'Medication?code=a&_contained=both&_containedType=contained&_count=1';
    for (let page = 0; next !== undefined; page += 1) {
      const found = await entries(next);
      expect([found.total, found.rows.length]).toEqual([3, 1]);
      rows.push(...found.rows);
      next = found.next;
    }
    expect(rows.sort()).toEqual(['Medication/own Medication/own match', ...INSIDE].sort());
  });

  it('shows parts of it when asked to', async () => {
    const { json } = await carnet
      .as('all')
      .get('Medication?code=b&_contained=true&_containedType=contained&_elements=id');
    expect(json.entry[0].resource.code).toBeUndefined();
  });

  it('includes what it refers to', async () => {
    const { rows } = await entries(
      'Medication?code=made&_contained=true&_containedType=contained&_include=Medication:manufacturer',
    );
    expect(rows).toEqual([
      'MedicationRequest/r6#m Medication/m match',
      'Organization/maker Organization/maker include',
    ]);
  });

  it('nothing of a container that is hidden', async () => {
    const patient = { token: carnet.tokenFor({ reference: 'Patient/one' }, 'patient') };
    const found = await entries('Medication?code=a&_contained=true&_containedType=contained', patient);
    expect([found.total, found.rows]).toEqual([1, INSIDE.slice(0, 1)]);
  });
});

const DRUG = 'http://example.test/drugs';

it.each([
  ['a chain finds what is contained', 'MedicationRequest?medication.code=a', ['r1', 'r3']],
  ['with a type too', `MedicationRequest?medication:Medication.code=${DRUG}|b`, ['r2']],
  ['and alternatives', 'MedicationRequest?medication.code=a,b', ['r1', 'r2', 'r3']],
  [
    'beside what stands by itself',
    'MedicationRequest?medication.code:missing=false',
    ['r1', 'r2', 'r3', 'r4', 'r5', 'r6', 'r7'],
  ],
  ['by the parameter that refers to it only', 'MedicationRequest?medication.code=e', []],
  ['a date', 'MedicationRequest?medication.expiration-date=2024', ['r6']],
  ['with a prefix', 'MedicationRequest?medication.expiration-date=ge2024-06-01', ['r7']],
  ['a quantity', 'DiagnosticReport?result.value-quantity=gt6', ['d2']],
  ['in another unit', 'DiagnosticReport?result.value-quantity=5400|http://unitsofmeasure.org|umol/L', ['d1']],
  ['a quantity with its code', 'DiagnosticReport?result.code-value-quantity=2823-3$lt6', ['d1']],
  ['a quantity of another code', 'DiagnosticReport?result.code-value-quantity=2824-1$lt6', []],
  ['a date of an observation', 'DiagnosticReport?result.date=lt2024-03-15', ['d1']],
  ['another code finds nothing', 'MedicationRequest?medication.code=c', []],
  ['a reverse chain goes on into it', 'Patient?_has:MedicationRequest:patient:medication.code=b', ['one']],
])('%s', async (_sentence, query, ids) => {
  expect(await found(query)).toEqual([ids.length, ids]);
});

describe('where only the content of what is contained can tell, a chain finds', () => {
  it.each([
    ['a long text', `author:Practitioner.family=${LONG}`, ['w1', 'w2', 'w6']],
    ['its long beginning', 'author:Practitioner.family=vandenbroucke-', ['w1', 'w2', 'w3', 'w6']],
    ['any of several', `author:Practitioner.family=${LONG},${OTHER}`, ['w1', 'w2', 'w3', 'w6']],
    ['a part', 'author:Practitioner.family:contains=lemercier', ['w1', 'w2', 'w6']],
    ['what else it must be, too', `author:Practitioner.family=${LONG}&patient=one`, ['w1', 'w6']],
    ['what it is not', `author:Practitioner.family=${LONG}&_id:not=w1`, ['w2', 'w6']],
    ['one link further', `author:PractitionerRole.practitioner.family=${LONG}`, ['w4', 'w5']],
    [
      'what is contained beside it',
      'author:PractitionerRole.practitioner.family:contains=lemer',
      ['w4', 'w5'],
    ],
    ['any other text one link further', 'author:PractitionerRole.practitioner.name=vanden', ['w4', 'w5']],
    [
      'what it lacks one link further',
      'author:PractitionerRole.practitioner.active:missing=true',
      ['w4', 'w5'],
    ],
    ['nothing where nothing is alike', `author:Practitioner.family=${LONG}x`, []],
  ])('%s', async (_sentence, query, ids) => {
    expect(await found(`DocumentReference?${query}`)).toEqual([ids.length, ids]);
  });

  it.each([
    ['what lacks a code', 'MedicationRequest?medication.manufacturer:missing=true&patient=two', ['r3']],
    ['another code', `MedicationRequest?medication.code:not=${DRUG}|a&patient=two`, ['r6']],
    ['what refers to something found', 'MedicationRequest?medication.manufacturer.name=maker', ['r6']],
  ])('%s', async (_sentence, query, ids) => {
    expect(await found(query)).toEqual([ids.length, ids]);
  });

  it('by page, and counted', async () => {
    const query = `DocumentReference?author:Practitioner.family=${LONG}`;
    const { rows, total, next } = await entries(`${query}&_count=2&_sort=_id`);
    expect([total, rows.length, (await entries(next)).rows.length]).toEqual([3, 2, 1]);
    expect((await carnet.as('all').get(`${query}&_summary=count`)).json.total).toBe(3);
  });

  it('nothing in a container that is hidden', async () => {
    const patient = { token: carnet.tokenFor({ reference: 'Patient/one' }, 'patient') };
    const query = `DocumentReference?author:Practitioner.family=${LONG}`;
    expect(await found(query, patient)).toEqual([2, ['w1', 'w6']]);
  });
});

it('a chain into a container that is hidden finds nothing', async () => {
  const patient = { token: carnet.tokenFor({ reference: 'Patient/one' }, 'patient') };
  expect(await found('MedicationRequest?medication.code=a', patient)).toEqual([1, ['r1']]);
});
