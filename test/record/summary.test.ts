/** An International Patient Summary: https://hl7.org/fhir/uv/ips/OperationDefinition-summary.html */
import { writeFileSync } from 'node:fs';
import { Client as KitClient } from 'fhir-kit-client';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { actor, consent } from '../leaks/support/content.ts';
import { wordsOf } from '../support/pdf.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';

const DENTIST = 'Practitioner/demo-dentist';
const LABEL =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
const THL7 = 'http://terminology.hl7.org/CodeSystem';
const IPS = 'http://hl7.org/fhir/uv/ips/CodeSystem/absent-unknown-uv-ips';
const masked = { meta: { security: [{ system: LABEL, code: 'MASQUE_PS' }] } };

let carnet: TestServer;
let all: Client;
const patientCaller = (id: string): Client =>
  carnet.as({ token: carnet.tokenFor({ reference: `Patient/${id}`, related: [] }, 'patient') });

const concept = (code: string, display?: string, system = 'http://loinc.org'): Json => ({
  coding: [{ system, code, ...(display === undefined ? {} : { display }) }],
});
const person = (id: string, more: Json = {}): Resource => ({
  resourceType: 'Patient',
  id,
  identifier: [{ system: 'urn:oid:1.2.250.1.213.1.4.10', value: '255069999999934' }],
  name: [{ family: 'Delaunay', given: ['Claire', 'Łucja'] }],
  gender: 'female',
  birthDate: '1984-05-01',
  generalPractitioner: [{ reference: 'Practitioner/sum-dr' }],
  ...more,
});
const allergy = (id: string, of: string, more: Json = {}): Resource => ({
  resourceType: 'AllergyIntolerance',
  id,
  clinicalStatus: concept('active', undefined, `${THL7}/allergyintolerance-clinical`),
  code: { text: 'Pénicillines <script>alert(1)</script> & "cie"' },
  criticality: 'high',
  patient: { reference: `Patient/${of}` },
  recordedDate: '2012-03-01',
  recorder: { reference: 'PractitionerRole/sum-role' },
  reaction: [{ manifestation: [{ text: 'Urticaire' }] }],
  ...more,
});
const condition = (id: string, of: string, text: string, status: string, more: Json = {}): Resource => ({
  resourceType: 'Condition',
  id,
  clinicalStatus: concept(status, undefined, `${THL7}/condition-clinical`),
  code: { text },
  subject: { reference: `Patient/${of}` },
  onsetDateTime: '2020-02',
  recordedDate: '2020-02-03',
  recorder: { reference: 'Practitioner/sum-dr' },
  ...more,
});
const observation = (
  id: string,
  of: string,
  code: Json,
  category: string,
  value: Json,
  day: string,
): Resource => ({
  resourceType: 'Observation',
  id,
  status: 'final',
  category: [concept(category, undefined, `${THL7}/observation-category`)],
  code,
  subject: { reference: `Patient/${of}` },
  effectiveDateTime: day,
  ...value,
});
const cm = (value: number): Json => ({ valueQuantity: { value, unit: 'cm' } });
const stay: Resource = {
  resourceType: 'Encounter',
  id: 'sum-stay',
  status: 'finished',
  class: { code: 'IMP' },
  subject: { reference: 'Patient/sum' },
};

/** As a record is: some of each. */
const RECORD: Resource[] = [
  { resourceType: 'Organization', id: 'sum-clinic', name: 'Cabinet du Canal' },
  { resourceType: 'Practitioner', id: 'sum-dr', name: [{ family: 'Lambert', given: ['Sophie'] }] },
  {
    resourceType: 'PractitionerRole',
    id: 'sum-role',
    practitioner: { reference: 'Practitioner/sum-dr' },
    organization: { reference: 'Organization/sum-clinic' },
  },
  { resourceType: 'Medication', id: 'sum-iron', code: { text: 'Sulfate ferreux 80 mg' } },
  person('sum'),
  consent('sum-c', 'sum', { type: 'permit', actor: [actor(DENTIST)] }),
  stay,
  allergy('sum-penicillin', 'sum', { encounter: { reference: 'Encounter/sum-stay' } }),
  allergy('sum-latex', 'sum', { code: { text: 'Latex' }, ...masked }),
  allergy('sum-refuted', 'sum', {
    code: { text: 'Noix' },
    verificationStatus: concept('refuted', undefined, `${THL7}/allergyintolerance-verification`),
  }),
  condition('sum-anaemia', 'sum', 'Anémie par carence en fer', 'active'),
  condition('sum-appendix', 'sum', 'Appendicite aiguë', 'resolved', { abatementDateTime: '2020-03' }),
  {
    resourceType: 'MedicationRequest',
    id: 'sum-rx',
    status: 'active',
    intent: 'order',
    subject: { reference: 'Patient/sum' },
    medicationReference: { reference: 'Medication/sum-iron' },
    authoredOn: '2026-01-02',
  },
  {
    resourceType: 'MedicationStatement',
    id: 'sum-taken',
    status: 'active',
    basedOn: [{ reference: 'MedicationRequest/sum-rx' }],
    subject: { reference: 'Patient/sum' },
    medicationReference: { reference: 'Medication/sum-iron' },
    effectivePeriod: { start: '2026-01-02' },
    dosage: [{ text: 'Un comprimé le matin' }],
  },
  {
    resourceType: 'Immunization',
    id: 'sum-dtp',
    status: 'completed',
    vaccineCode: { text: 'dTcaP' },
    patient: { reference: 'Patient/sum' },
    occurrenceDateTime: '2021-11-01',
  },
  observation('sum-tall', 'sum', concept('8302-2', 'Taille'), 'vital-signs', cm(170.5), '2025-05-01'),
  observation('sum-less', 'sum', concept('8302-2', 'Taille'), 'vital-signs', cm(169), '2020-05-01'),
  observation(
    'sum-hb',
    'sum',
    concept('718-7', 'Hémoglobine'),
    'laboratory',
    { valueQuantity: { value: 11.2, unit: 'g/dL' } },
    '2026-02-01',
  ),
  {
    resourceType: 'DiagnosticReport',
    id: 'sum-report',
    status: 'final',
    code: { text: 'Numération' },
    subject: { reference: 'Patient/sum' },
    effectiveDateTime: '2026-02-01',
    result: [{ reference: 'Observation/sum-hb' }],
    conclusion: 'Anémie modérée',
  },
  observation(
    'sum-tobacco',
    'sum',
    concept('72166-2', 'Tabac'),
    'social-history',
    { valueString: 'Jamais fumé' },
    '2025-01-01',
  ),
  observation(
    'sum-pregnant',
    'sum',
    concept('82810-3', 'Grossesse'),
    'exam',
    { valueString: 'Non enceinte' },
    '2025-01-01',
  ),
  {
    resourceType: 'Procedure',
    id: 'sum-op',
    status: 'completed',
    code: { text: 'Appendicectomie' },
    subject: { reference: 'Patient/sum' },
    performedDateTime: '2020-03-02',
  },
  {
    resourceType: 'CarePlan',
    id: 'sum-plan',
    status: 'active',
    intent: 'plan',
    title: 'Surveillance de l’anémie',
    subject: { reference: 'Patient/sum' },
  },
  {
    resourceType: 'DocumentReference',
    id: 'sum-directives',
    status: 'current',
    type: concept(
      'EXPPAT_3',
      'Directives anticipées',
      'https://mos.esante.gouv.fr/NOS/TRE_A05-TypeDocComplementaireCISIS/FHIR/TRE-A05-TypeDocComplementaireCISIS',
    ),
    subject: { reference: 'Patient/sum' },
    date: '2025-06-01T10:00:00Z',
    description: 'Mes directives',
    content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
  },
];

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  const entry = RECORD.map((resource) => ({
    resource,
    request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
  }));
  const { status, text } = await all.post('', { resourceType: 'Bundle', type: 'transaction', entry });
  expect([status, status === 200 ? '' : text]).toEqual([200, '']);
});
afterAll(() => carnet?.close());

interface Section {
  title: string;
  code: { coding: { code: string }[] };
  text: { div: string };
  entry?: { reference: string }[];
  emptyReason?: { coding: { code: string }[] };
}
const sectionsOf = ({ json }: Reply): Section[] => json.entry[0].resource.section as Section[];
/** Of IPS's own profiles the validator knows nothing, and says so. */
const faultsIn = ({ json }: Reply) =>
  validate(json as Resource).filter(
    ({ severity, code }) =>
      severity !== 'information' && !(severity === 'warning' && code === 'not-supported'),
  );
const section = (reply: Reply, code: string): Section | undefined =>
  sectionsOf(reply).find((each) => each.code.coding[0]!.code === code);
const entriesOf = (reply: Reply, code: string): string[] =>
  (section(reply, code)?.entry ?? []).map(({ reference }) => reference.slice(carnet.base.length + 1));

it('is a valid document, its Composition first, with each section that has something', async () => {
  const reply = await patientCaller('sum').get('Patient/sum/$summary');
  expect(reply.status).toBe(200);
  expect(faultsIn(reply)).toEqual([]);
  expect([reply.json.type, reply.json.entry[0].resource.resourceType]).toEqual(['document', 'Composition']);
  expect(reply.json.identifier.value).toMatch(/^urn:uuid:/);
  const told = Object.fromEntries(
    sectionsOf(reply).map(({ title, code }) => [title, entriesOf(reply, code.coding[0]!.code)]),
  );
  expect(told).toEqual({
    'Allergies et intolérances': ['AllergyIntolerance/sum-latex', 'AllergyIntolerance/sum-penicillin'],
    'Problèmes de santé': ['Condition/sum-anaemia'],
    Traitements: ['MedicationStatement/sum-taken'],
    Vaccinations: ['Immunization/sum-dtp'],
    Résultats: ['DiagnosticReport/sum-report', 'Observation/sum-hb'],
    'Actes et interventions': ['Procedure/sum-op'],
    Antécédents: ['Condition/sum-appendix'],
    'Mesures et signes vitaux': ['Observation/sum-tall'],
    Grossesses: ['Observation/sum-pregnant'],
    'Mode de vie': ['Observation/sum-tobacco'],
    'Plan de soins': ['CarePlan/sum-plan'],
    'Directives anticipées': ['DocumentReference/sum-directives'],
  });
});

it('holds all that it refers to, by the address of its entry', async () => {
  const { json } = await patientCaller('sum').get('Patient/sum/$summary');
  const entries = json.entry as { fullUrl: string; resource: Resource }[];
  const addresses = entries.map(({ fullUrl }) => fullUrl);
  expect(new Set(addresses).size).toBe(addresses.length);
  const references = [...JSON.stringify(json).matchAll(/"reference":"([^"]+)"/g)].map(([, each]) => each!);
  expect(references.length).toBeGreaterThan(30);
  expect(references.filter((each) => !addresses.includes(each))).toEqual([]);
  const ids = entries.map(({ resource }) => resource.id);
  expect(ids).toEqual(
    expect.arrayContaining(['sum-role', 'sum-dr', 'sum-clinic', 'sum-iron', 'sum-rx', 'sum-hb']),
  );
  const penicillin = entries.find(({ resource }) => resource.id === 'sum-penicillin')!.resource;
  expect(penicillin.encounter).toEqual({
    identifier: { system: 'urn:ietf:rfc:3986', value: `${carnet.base}/Encounter/sum-stay` },
  });
});

it('tells it in words, which run nothing', async () => {
  const reply = await patientCaller('sum').get('Patient/sum/$summary');
  const { div } = section(reply, '48765-2')!.text;
  expect(div).toContain(
    '<td>Pénicillines &lt;script&gt;alert(1)&lt;/script&gt; &amp; &quot;cie&quot;</td><td>Urticaire ; risque élevé</td><td>1er mars 2012</td>',
  );
  expect(section(reply, '8716-3')!.text.div).toContain(
    '<td>Taille</td><td>170,5 cm</td><td>1er mai 2025</td>',
  );
});

it.each([
  ['language=en', {}, 'Allergies and intolerances'],
  ['', { 'accept-language': 'en' }, 'Allergies and intolerances'],
  ['', { 'accept-language': 'de' }, 'Allergies et intolérances'],
])('is in French, or in English when asked: %s %j', async (query, headers, title) => {
  const reply = await patientCaller('sum').get(`Patient/sum/$summary?${query}`, headers);
  expect([reply.status, sectionsOf(reply)[0]!.title]).toEqual([200, title]);
});

it('is asked by POST too, and by others’ clients', async () => {
  const parameter = [{ name: 'language', valueCode: 'en' }];
  const posted = await all.post('Patient/sum/$summary', { resourceType: 'Parameters', parameter });
  expect(posted.json.entry[0].resource.title).toBe('International Patient Summary');
  const kit = new KitClient({ baseUrl: carnet.base, bearerToken: carnet.token('all') });
  const found = await kit.operation({ name: '$summary', resourceType: 'Patient', id: 'sum', method: 'GET' });
  expect(found).toMatchObject({ resourceType: 'Bundle', type: 'document' });
});

it('gives others what they may be given, and their traces name that', async () => {
  const dentist = carnet.as('dentist');
  const reply = await dentist.get('Patient/sum/$summary');
  expect(entriesOf(reply, '48765-2')).toEqual(['AllergyIntolerance/sum-penicillin']);
  expect(reply.text).not.toContain('Latex');
  const { json } = await all.get(`AuditEvent?patient=sum&agent=${DENTIST}&_sort=-date&_count=1`);
  const traced = JSON.stringify(json.entry[0].resource);
  expect(traced).toContain('AllergyIntolerance/sum-penicillin');
  expect(traced).not.toContain('sum-latex');
});

describe('what is not there', () => {
  const nka = (id: string, more: Json = {}): Resource[] => [
    person(id, { generalPractitioner: undefined }),
    consent(`${id}-c`, id, { type: 'permit', actor: [actor(DENTIST)] }),
    allergy(`${id}-nka`, id, { code: concept('no-known-allergies', 'None', IPS), ...more }),
  ];
  const reasons = (reply: Reply): (string | undefined)[] =>
    ['48765-2', '11450-4', '10160-0'].map((code) => section(reply, code)?.emptyReason?.coding[0]?.code);

  it('is unavailable, since nobody said that there is nothing; hidden or absent alike', async () => {
    await putAll(all, [
      person('none'),
      consent('none-c', 'none', { type: 'permit', actor: [actor(DENTIST)] }),
      person('hid'),
      consent('hid-c', 'hid', { type: 'permit', actor: [actor(DENTIST)] }),
      allergy('hid-a', 'hid', masked),
      condition('hid-b', 'hid', 'Hidden', 'active', masked),
    ]);
    for (const id of ['none', 'hid']) {
      const reply = await carnet.as('dentist').get(`Patient/${id}/$summary`);
      expect(sectionsOf(reply)).toHaveLength(3);
      expect(reasons(reply)).toEqual(['unavailable', 'unavailable', 'unavailable']);
    }
  });

  it('is known to be none when a professional said so, as an entry or by an empty List', async () => {
    const [someone, permit, said] = nka('nka') as [Resource, Resource, Resource];
    await putAll(all, [someone, permit]);
    const hospital = carnet.as({ token: carnet.tokenFor({ idPrefixes: ['nka-'] }, 'hospital') });
    await putAll(hospital, [
      said,
      condition('nka-p', 'nka', 'none', 'active', {
        code: concept('160245001', undefined, 'http://snomed.info/sct'),
      }),
      {
        resourceType: 'List',
        id: 'nka-l',
        status: 'current',
        mode: 'snapshot',
        code: concept('10160-0'),
        subject: { reference: 'Patient/nka' },
        source: { reference: 'Patient/nka' },
        emptyReason: concept('nilknown', undefined, `${THL7}/list-empty-reason`),
      },
    ]);
    const reply = await patientCaller('nka').get('Patient/nka/$summary');
    expect(reasons(reply)).toEqual(['nilknown', 'nilknown', 'nilknown']);
    expect(faultsIn(reply)).toEqual([]);
  });

  it.each([
    ['app', { asserter: undefined, recorder: undefined, note: [] }, 'unavailable'],
    [
      'taken-back',
      {
        verificationStatus: concept('entered-in-error', undefined, `${THL7}/allergyintolerance-verification`),
        clinicalStatus: undefined,
      },
      'unavailable',
    ],
    ['unknown', { code: concept('no-allergy-info', undefined, IPS) }, 'unavailable'],
  ])('is not said by %s', async (id, more, wanted) => {
    const given = JSON.parse(JSON.stringify(nka(id, { ...more, note: undefined }))) as Resource[];
    const [someone, permit, said] = given as [Resource, Resource, Resource];
    await putAll(all, [someone, permit]);
    await putAll(all, [said]);
    const reply = await patientCaller(id).get(`Patient/${id}/$summary`);
    expect([section(reply, '48765-2')?.entry, reasons(reply)[0]]).toEqual([undefined, wanted]);
  });
});

it('comes as a tagged PDF, in French or English', async () => {
  for (const [query, title, tag] of [
    ['', 'Résumé médical du patient', 'fr-FR'],
    ['?language=en', 'International Patient Summary', 'en-GB'],
  ] as const) {
    const reply = await fetch(`${carnet.base}/Patient/sum/$summary${query}`, {
      headers: { authorization: `Bearer ${carnet.token('all')}`, accept: 'application/pdf' },
    });
    const pdf = Buffer.from(await reply.arrayBuffer());
    expect([reply.status, reply.headers.get('content-type')]).toEqual([200, 'application/pdf']);
    const raw = pdf.toString('latin1');
    expect(raw).toContain(`/Lang (${tag})`);
    expect(raw).toContain('/MarkInfo');
    const words = wordsOf(pdf);
    for (const wanted of [title, 'Claire Lucja Delaunay', 'Urticaire', 'Sulfate ferreux 80 mg', '1 / '])
      expect(words).toContain(wanted);
    if (process.env['LOOK'] !== undefined) writeFileSync(`${process.env['LOOK']}/summary-${tag}.pdf`, pdf);
  }
});

it('knows no patient who is hidden or absent', async () => {
  const stranger = patientCaller('other');
  const [hidden, absent] = [
    await stranger.get('Patient/sum/$summary'),
    await stranger.get('Patient/nobody/$summary'),
  ];
  expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
});

it.each(['Bundle-uv-ips', 'Composition-uv-ips|2.0.0'])('is asked for by `%s` too', async (name) => {
  const profile = `http://hl7.org/fhir/uv/ips/StructureDefinition/${name}`;
  expect((await all.get(`Patient/sum/$summary?profile=${profile}`)).status).toBe(200);
});

it.each(['profile=http://example.org/other', 'language=de', 'as=csv', 'x=y', 'language=fr&language=en'])(
  'refuses `%s`',
  async (query) => {
    expect((await all.get(`Patient/sum/$summary?${query}`)).status).toBe(400);
  },
);
