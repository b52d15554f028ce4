/** What holds whatever is stored and asked: the database finds what the check in memory allows, and nothing else. */
import fc from 'fast-check';
import type { Resource } from '../../../src/fhir/resource.ts';
import { type Client, type TestServer, testServer } from '../../support/server.ts';
import { type Known, type Oracle, inOrder, oracle } from './support/oracle.ts';
import { consent } from './support/consent.ts';
import { page, seed, walk } from './support/rows.ts';

const RUNS = Number(process.env['SEARCH_RUNS'] ?? 120);
const SEED = Number(process.env['SEARCH_SEED'] ?? Date.now() % 1_000_000_000);
const PATIENTS = ['p0', 'p1', 'p2', 'p3'];
/** The professional may see these patients; p2 says nothing, p3 denies. */
const PERMITTED = new Set(['p0', 'p1']);
const GP = 'Practitioner/demo-gp';

const S = 'http://s.example';
const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 3 });
const code = fc.constantFrom('a', 'b', 'B', 'c', 'a|b', 'a,b', '.*', '$gt');
const system = fc.constantFrom(S, 'http://t.example');
const coding = fc.record({
  system: maybe(system),
  code: maybe(code),
  display: maybe(fc.constantFrom('Été', 'Autre')),
});
const concept = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      coding: fc.array(coding, { maxLength: 2 }),
      text: maybe(fc.constantFrom('été', 'x')),
    }),
  },
  fc.constantFrom<unknown>(null, {}, { coding: null }, { coding: [null] }),
);
const date = fc.constantFrom(
  '2023',
  '2024',
  '2024-02',
  '2024-02-29',
  '2024-02-29T23:30:00+02:00',
  '2024-02-29T21:30:00Z',
  '2024-03-01T00:00:00.500Z',
  'unreadable',
);
const period = fc.record({ start: maybe(date), end: maybe(date) });
const value = fc.constantFrom(0, -1, 5, 5.4, 5.44, 100);
const quantity = fc.record({
  value: maybe(value),
  unit: maybe(fc.constantFrom('mg', 'g')),
  system: maybe(fc.constant(S)),
  code: maybe(fc.constantFrom('mg', 'g')),
  comparator: maybe(fc.constantFrom('<', '>')),
});
const text = fc.constantFrom(
  '',
  'Lefèvre',
  'LEFEVRE',
  'le fevre',
  'Longuevillette-Un',
  'Longuevillette-Deux',
  'a.*b',
  '$x',
);
const patient = fc.constantFrom(...PATIENTS).map((id) => `Patient/${id}`);
const who = fc.oneof(
  { weight: 6, arbitrary: patient.map((reference): unknown => ({ reference })) },
  fc.constantFrom<unknown>(null, {}, { identifier: { system: S, value: 'i1' } }, { reference: 'Group/p0' }),
);
const practitioner = fc.constantFrom(
  'Practitioner/d0',
  'Practitioner/d1',
  'Patient/p0',
  'Patient/p3',
  'Patient/absent',
);

const strip = <T>(of: T): T => JSON.parse(JSON.stringify(of)) as T;
const numbered = (type: string, count: number, content: fc.Arbitrary<object>): Resource[] =>
  fc
    .sample(content, { numRuns: count, seed: SEED })
    .map((each, index) =>
      strip({ resourceType: type, id: `${type.slice(0, 3).toLowerCase()}${index}`, ...each }),
    );

const observation = fc
  .record({
    subject: maybe(who),
    code: maybe(concept),
    category: maybe(fc.array(concept, { maxLength: 2 })),
    status: maybe(fc.constantFrom('final', 'amended')),
    performer: maybe(
      fc.array(
        practitioner.map((reference) => ({ reference })),
        { maxLength: 2 },
      ),
    ),
    when: maybe(
      fc.oneof(
        date.map((effectiveDateTime) => ({ effectiveDateTime })),
        period.map((effectivePeriod) => ({ effectivePeriod })),
      ),
    ),
    what: maybe(
      fc.oneof(
        quantity.map((valueQuantity): object => ({ valueQuantity })),
        text.map((valueString) => ({ valueString })),
        concept.map((valueCodeableConcept) => ({ valueCodeableConcept })),
      ),
    ),
    component: maybe(fc.array(fc.record({ code: concept, valueQuantity: quantity }), { maxLength: 2 })),
    meta: maybe(fc.record({ tag: fc.array(coding, { maxLength: 1 }) })),
  })
  .map(({ when, what, ...rest }) => ({ ...rest, ...when, ...what }));
const appointment = fc.record({
  status: fc.constantFrom('booked', 'arrived'),
  start: maybe(date),
  participant: fc.array(
    fc.record({
      actor: fc.oneof(
        who,
        practitioner.map((reference) => ({ reference })),
      ),
    }),
    { maxLength: 3 },
  ),
});

/** A parameter with a value that something may have. */
const dated = (param: string) =>
  fc
    .tuple(
      fc.constantFrom('', 'eq', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'),
      date.filter((each) => each !== 'unreadable'),
    )
    .map(([prefix, asked]) => `${param}=${prefix}${encodeURIComponent(asked)}`);
const escaped = (of: string) => encodeURIComponent(of.replace(/[\\,$|]/g, '\\$&'));
const token = fc.oneof(
  code.map(escaped),
  system.map((of) => `${of}|`),
  fc.tuple(system, code).map(([of, each]) => `${of}|${escaped(each)}`),
  code.map((each) => `|${escaped(each)}`),
);
const tokens = (param: string) =>
  fc
    .tuple(fc.constantFrom('', '', ':not'), fc.array(token, { minLength: 1, maxLength: 2 }))
    .map(([modifier, asked]) => `${param}${modifier}=${asked.join(',')}`);
const missing = (...params: string[]) =>
  fc.tuple(fc.constantFrom(...params), fc.boolean()).map(([param, is]) => `${param}:missing=${is}`);
const measured = (param: string) =>
  fc
    .tuple(
      fc.constantFrom('', 'ne', 'gt', 'lt', 'ge', 'le', 'sa', 'eb', 'ap'),
      value,
      fc.constantFrom('', `|${S}|mg`, '||g'),
    )
    .map(([prefix, of, unit]) => `${param}=${prefix}${of}${unit}`);
const strings = (param: string) =>
  fc
    .tuple(
      fc.constantFrom('', ':exact', ':contains'),
      text.filter((each) => each !== ''),
    )
    .map(([modifier, asked]) => `${param}${modifier}=${escaped(asked)}`);
const patients = fc.constantFrom('patient=p0', 'patient=Patient/p1', 'patient=p0,p2', 'patient=p3');

const ofObservation = fc.oneof(
  patients,
  patients,
  fc.constantFrom(
    'subject=Patient/p0',
    'subject=p0',
    'subject:Group=p0',
    'subject:identifier=i1',
    'status=final',
  ),
  dated('date'),
  tokens('code'),
  tokens('category'),
  tokens('_tag'),
  fc.constantFrom(
    'code:text=ete',
    'category:text=aut',
    '_content=autre',
    '_id:not=obs1,obs2',
    '_lastUpdated=gt2020',
  ),
  missing('date', 'code', 'category', 'subject', 'value-quantity', 'component-code', 'performer', '_tag'),
  measured('value-quantity'),
  measured('combo-value-quantity'),
  fc.tuple(token, value).map(([of, number]) => `component-code-value-quantity=${of}$ge${number}`),
  strings('value-string'),
  practitioner.map((reference) => `performer=${reference}`),
  fc.constantFrom(
    'performer:Practitioner.family=lef',
    'patient.family:contains=evre',
    'subject:Patient.family=Longuevillette-Deux',
  ),
  fc.constantFrom(
    'performer:Patient.gender=female',
    'patient._has:Observation:patient:status=amended',
    'patient.gender:not=male',
  ),
);
const ofAppointment = fc.oneof(
  patients,
  fc.constantFrom(
    'patient=p0&patient=p1',
    'patient=p0&patient=p3',
    'actor=Patient/p0',
    'actor=Practitioner/d0',
    'status=booked',
  ),
  dated('date'),
  missing('patient', 'date', 'actor'),
);
const ofPatient = fc.oneof(
  strings('family'),
  dated('birthdate'),
  fc.constantFrom(
    'gender=female',
    'gender:not=female',
    '_id=p0,p1',
    'identifier=i0',
    `identifier=${S}|i1`,
    'identifier:not=i0',
  ),
  missing('family', 'birthdate', 'gender', 'identifier'),
  fc.constantFrom(
    '_has:Observation:patient:status=final',
    '_has:Appointment:patient:status=arrived',
    '_has:Observation:subject:code=a',
  ),
);
const QUERIES: Record<string, { asked: fc.Arbitrary<string>; sorts: string[] }> = {
  Observation: {
    asked: ofObservation,
    sorts: [
      'date',
      '-date',
      '_lastUpdated',
      '-_lastUpdated',
      '_id',
      '-_id',
      'code',
      '-code,date',
      'value-quantity',
      '-value-string,_id',
      'status,-date',
      'date,-_lastUpdated',
      'subject',
    ],
  },
  Appointment: { asked: ofAppointment, sorts: ['date', '-date', 'status,-date', '-_lastUpdated'] },
  Patient: {
    asked: ofPatient,
    sorts: ['family', '-family', 'birthdate', '-birthdate', 'birthdate,-gender', '-gender'],
  },
};
const search = fc.constantFrom(...Object.keys(QUERIES)).chain((type) =>
  fc.record({
    type: fc.constant(type),
    filter: fc.array(QUERIES[type]!.asked, { maxLength: 3 }).map((parts) => parts.join('&')),
    sort: maybe(fc.constantFrom(...QUERIES[type]!.sorts)),
    count: fc.integer({ min: 1, max: 7 }),
  }),
);

let carnet: TestServer;
let all: Client;
let gp: Client;
let told: Oracle;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  gp = carnet.as('gp');
  const people: Resource[] = PATIENTS.map((id, index) =>
    strip({
      resourceType: 'Patient',
      id,
      name: index === 3 ? undefined : [{ family: ['Lefèvre', 'Longuevillette-Deux', 'LEFEVRE'][index] }],
      gender: ['female', 'male', undefined, 'female'][index],
      birthDate: ['1980', '1980-02-29', undefined, '2010'][index],
      identifier: index > 1 ? [] : [{ system: S, value: `i${index}` }],
    }),
  );
  const doctors: Resource[] = ['Lefort', 'Autre'].map((family, index) => ({
    resourceType: 'Practitioner',
    id: `d${index}`,
    name: [{ family }],
  }));
  await seed(carnet, [
    ...people,
    ...doctors,
    ...['p0', 'p1', 'p3'].map((id) => consent(`${id}-permit`, id, GP)),
    consent('p3-deny', 'p3', GP, 'deny'),
    ...numbered('Observation', 150, observation),
    ...numbered('Appointment', 50, appointment),
  ]);
  told = await oracle(all, carnet.base, ['Observation', 'Appointment', 'Patient', 'Practitioner']);
});
afterAll(() => carnet?.close());

/** What the gate lets the professional see: it is told here from the resource alone. */
function visible({ type, id, resource }: Known): boolean {
  if (type === 'Practitioner') return true;
  const patients =
    type === 'Patient'
      ? [id]
      : [...JSON.stringify(ownersOf(resource)).matchAll(/"Patient\/([^"]+)"/g)].map((each) => each[1]!);
  // a participant who is named by identifier alone may be anybody
  const unknown = JSON.stringify(resource.participant ?? '').includes('identifier');
  return !unknown && patients.length > 0 && patients.every((each) => PERMITTED.has(each));
}

const ownersOf = ({ subject, participant }: Resource): unknown => [subject, participant];

const told_ = (asked: { type: string; filter: string }) => `seed ${SEED}: ${asked.type}?${asked.filter}`;

it('finds what matches and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(search, async (asked) => {
      const found = await page(all, `${asked.type}?${asked.filter}&_count=1000`);
      expect([told_(asked), found.sort()]).toEqual([
        told_(asked),
        told.finds(asked.type, asked.filter).sort(),
      ]);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

it('finds of what matches all that the consents permit and nothing else', async () => {
  await fc.assert(
    fc.asyncProperty(search, async (asked) => {
      const found = await page(gp, `${asked.type}?${asked.filter}&_count=1000`);
      expect([told_(asked), found.sort()]).toEqual([
        told_(asked),
        told.finds(asked.type, asked.filter, visible).sort(),
      ]);
    }),
    { numRuns: RUNS, seed: SEED },
  );
});

it('gives on its pages each match once, in order, and tells their number on each', async () => {
  await fc.assert(
    fc.asyncProperty(search, fc.boolean(), async (asked, professional) => {
      const sort = asked.sort === undefined ? '' : `&_sort=${asked.sort}`;
      const { ids, totals } = await walk(
        professional ? gp : all,
        `${asked.type}?${asked.filter}${sort}&_count=${asked.count}`,
      );
      const expected = told.finds(asked.type, asked.filter, professional ? visible : undefined);
      expect([told_(asked), [...ids].sort()]).toEqual([told_(asked), expected.sort()]);
      expect(new Set(totals)).toEqual(new Set([ids.length]));
      const keys = told.asked(asked.type, `${asked.filter}${sort}`).sort;
      const rows = ids.map((id) => told.keys(told.get(`${asked.type}/${id}`), keys));
      const wrong = rows.findIndex((row, index) => index > 0 && !inOrder(rows[index - 1]!, row, keys));
      expect([told_(asked), sort, wrong < 0 ? [] : rows.slice(wrong - 1, wrong + 1)]).toEqual([
        told_(asked),
        sort,
        [],
      ]);
    }),
    { numRuns: Math.ceil(RUNS / 3), seed: SEED },
  );
});
