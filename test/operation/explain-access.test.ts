/** What somebody would see, told to the patient and who speaks for them alone, of what they may see themselves. */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
const HL7 = 'http://terminology.hl7.org/CodeSystem';
const PROFESSION = 'https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante';
const CLASS = 'https://mos.esante.gouv.fr/NOS/TRE_A03-ClasseDocument/FHIR/TRE-A03-ClasseDocument';
const VISIBILITY =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
const label = (code: string): Json => ({ meta: { security: [{ system: VISIBILITY, code }] } });
const profession = (code: string): Json => ({ coding: [{ system: PROFESSION, code }] });
const ref = (reference: string): Json => ({ reference });

const actor = (reference: string): Json => ({
  role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
  reference: { reference },
});
const consent = (id: string, provision: Json, rest: Json = {}): Resource => ({
  resourceType: 'Consent',
  id,
  status: 'active',
  scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { reference: 'Patient/p' },
  policy: [{ uri: 'https://example.org/policy' }],
  provision,
  ...rest,
});
const document = (id: string, docClass: string, rest: Json = {}): Resource => ({
  resourceType: 'DocumentReference',
  id,
  status: 'current',
  subject: ref('Patient/p'),
  category: [{ coding: [{ system: CLASS, code: docClass }] }],
  content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
  ...rest,
});
const list = (id: string, ...items: string[]): Resource => ({
  resourceType: 'List',
  id,
  status: 'current',
  mode: 'working',
  subject: ref('Patient/p'),
  entry: items.map((item) => ({ item: ref(item) })),
});
const role = (id: string, practitioner: string, organization: string, rest: Json = {}): Resource => ({
  resourceType: 'PractitionerRole',
  id,
  practitioner: ref(practitioner),
  organization: ref(organization),
  ...rest,
});

const WORLD: Resource[] = [
  {
    resourceType: 'Patient',
    id: 'p',
    birthDate: '2015-01-01',
    generalPractitioner: [ref('Practitioner/gp')],
  },
  { resourceType: 'Patient', id: 'other', birthDate: '1980-01-01' },
  {
    resourceType: 'RelatedPerson',
    id: 'mother',
    patient: ref('Patient/p'),
    relationship: [
      {
        coding: [
          { system: 'https://carnet.example/fhir/CodeSystem/delegation', code: 'legal-representative' },
        ],
      },
    ],
  },
  {
    resourceType: 'RelatedPerson',
    id: 'aunt',
    patient: ref('Patient/p'),
    relationship: [
      { coding: [{ system: 'https://carnet.example/fhir/CodeSystem/delegation', code: 'caregiver' }] },
    ],
  },
  { resourceType: 'Practitioner', id: 'gp', qualification: [{ code: profession('10') }] },
  { resourceType: 'Practitioner', id: 'dentist', qualification: [{ code: profession('40') }] },
  { resourceType: 'Practitioner', id: 'doctor', qualification: [{ code: profession('10') }] },
  { resourceType: 'Practitioner', id: 'nurse' },
  { resourceType: 'Practitioner', id: 'blocked', qualification: [{ code: profession('10') }] },
  { resourceType: 'Practitioner', id: 'secret', qualification: [{ code: profession('10') }] },
  role('nurse-now', 'Practitioner/nurse', 'Organization/clinic', { active: true, code: [profession('60')] }),
  role('nurse-past', 'Practitioner/nurse', 'Organization/old', { active: false, code: [profession('10')] }),
  consent('gp', { type: 'permit', actor: [actor('Practitioner/gp')] }),
  consent('dentist', {
    type: 'permit',
    actor: [actor('Practitioner/dentist')],
    provision: [
      { type: 'deny', class: [{ system: 'http://hl7.org/fhir/resource-types', code: 'Condition' }] },
    ],
  }),
  consent('doctor', { type: 'permit', actor: [actor('Practitioner/doctor')] }),
  consent('aunt', { type: 'permit', actor: [actor('RelatedPerson/aunt')] }),
  consent('clinic', { type: 'permit', actor: [actor('Organization/clinic')] }),
  consent('old', { type: 'permit', actor: [actor('Organization/old')] }),
  consent('present', { type: 'permit', actor: [actor('Device/present')] }),
  consent('past', { type: 'permit', actor: [actor('Device/past')] }, { status: 'inactive' }),
  consent('cohort', { type: 'permit', actor: [actor('Group/cohort')] }),
  consent(
    'hidden',
    { type: 'permit', actor: [actor('Practitioner/secret')] },
    label('INVISIBLE_REPRESENTANTS_LEGAUX'),
  ),
  consent(
    'block',
    { actor: [actor('Practitioner/blocked')] },
    { policy: [{ uri: 'https://carnet.example/fhir/policy/block' }] },
  ),
  {
    resourceType: 'Group',
    id: 'cohort',
    type: 'person',
    actual: true,
    member: [{ entity: ref('Patient/other') }],
  },
  document('report', '10'),
  document('masked', '10', label('MASQUE_PS')),
  document('unseen', '10', label('INVISIBLE_REPRESENTANTS_LEGAUX')),
  { resourceType: 'Condition', id: 'c', subject: ref('Patient/p'), code: { text: 'x' } },
  list('plain', 'DocumentReference/report'),
  list('naming', 'DocumentReference/masked'),
];

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await putAll(carnet.as('all'), WORLD);
  for (const app of ['past', 'present']) {
    const subject = ref('Patient/p');
    const added = { resourceType: 'Observation', id: app, status: 'final', code: { text: 'x' }, subject };
    const as = carnet.as({ token: carnet.tokenFor({ reference: `Device/${app}` }, 'all') });
    await putAll(as, [added]);
  }
});
afterAll(() => carnet?.close());

const family = (related: string[], reference = 'Patient/elsewhere'): Client =>
  carnet.as({ token: carnet.tokenFor({ reference, related }, 'patient') });
const child = () => family([], 'Patient/p');
const mother = () => family(['RelatedPerson/mother']);
const ask = (client: Client, query: string): Promise<Reply> =>
  client.get(`Patient/p/$explain-access?${query}`);

const parts = (json: Json, name: string): Json[][] =>
  ((json.parameter ?? []) as Json[]).filter((each) => each.name === name).map(({ part }) => part as Json[]);
const valueIn = (part: Json[], name: string): unknown => {
  const [, value] =
    Object.entries(part.find((each) => each.name === name) ?? {}).find(([key]) => key.startsWith('value')) ??
    [];
  return value;
};
const textIn = (part: Json[], name: string): string =>
  JSON.stringify(valueIn(part, name) ?? '').replaceAll('"', '');
/** `DocumentReference 10: 1 seen, 1 unseen` */
const kindsIn = ({ json }: Reply): Record<string, string> =>
  Object.fromEntries(
    parts(json, 'kind').map((part) => {
      const coding = valueIn(part, 'class') as { code: string } | undefined;
      const name = [valueIn(part, 'type'), coding?.code].filter(Boolean).join(' ');
      return [name, `${textIn(part, 'seen')} seen, ${textIn(part, 'unseen')} unseen`];
    }),
  );
/** `deny 9`, and the provisions that say so. */
const decided = ({ json }: Reply): string[] =>
  parts(json, 'reason').flatMap((part) => [
    `${textIn(part, 'effect')} ${textIn(part, 'line')}`.trimEnd(),
    ...part
      .filter(({ name }) => name === 'source')
      .map((source) => {
        const within = source.part as Json[];
        const { reference } = valueIn(within, 'reference') as { reference: string };
        return `${reference.split('/_history/')[0]} ${textIn(within, 'expression')}`.trimEnd();
      }),
  ]);

it('counts what would be seen of each kind, and tells why', async () => {
  const reply = await ask(child(), 'actor=Practitioner/dentist');
  expect(reply.status).toBe(200);
  expect(validate(reply.json as Resource).filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(kindsIn(reply)).toMatchObject({
    'DocumentReference 10': '2 seen, 1 unseen',
    Condition: '0 seen, 1 unseen',
  });
});

// prettier-ignore
const DECISIONS: [string, string, string[]][] = [
  ['a Consent that permits', 'actor=Practitioner/gp&resource=Condition/c', ['permit 8', 'Consent/gp Consent.provision']],
  ['the rule within a Consent that denies', 'actor=Practitioner/dentist&resource=Condition/c', ['deny 10', 'Consent/dentist Consent.provision.provision[0]']],
  ['a mask', 'actor=Practitioner/dentist&resource=DocumentReference/masked', ['deny 9']],
  ['what the general practitioner is given all the same', 'actor=Practitioner/gp&resource=DocumentReference/masked', ['permit 8', 'Consent/gp Consent.provision']],
  ['a block', 'actor=Practitioner/blocked&resource=Condition/c', ['deny 4', 'Consent/block']],
  ['nothing that permits', 'actor=Practitioner/nobody&resource=Condition/c', ['deny 12']],
  ['an organization of an active role', 'actor=Practitioner/nurse&resource=Condition/c', ['permit 10', 'Consent/clinic Consent.provision']],
  ['a role alone', 'actor=PractitionerRole/nurse-now&resource=Condition/c', ['permit 10', 'Consent/clinic Consent.provision']],
  ['a role that is over', 'actor=PractitionerRole/nurse-past&resource=Condition/c', ['deny 12']],
  ['an emergency', 'actor=Practitioner/nobody&resource=Condition/c&purpose=ETREAT', ['permit 7']],
  ['another purpose', 'actor=Organization/clinic&resource=Condition/c', ['permit 10', 'Consent/clinic Consent.provision']],
  ['an app', 'actor=Device/app&resource=Condition/c', ['deny 12']],
  ['an app, of what it added', 'actor=Device/present&resource=Observation/present', ['permit 3']],
  ['an app that is let in no more, of what it added', 'actor=Device/past&resource=Observation/past', ['deny 12']],
  ['the patient', 'actor=Patient/p&resource=Condition/c', ['permit 6']],
  ['a legal representative', 'actor=RelatedPerson/mother&resource=Condition/c', ['permit 6', 'RelatedPerson/mother']],
  ['the matrix', 'actor=Practitioner/dentist&resource=List/plain', ['deny 11']],
  ['a list of what is seen', 'actor=Practitioner/doctor&resource=List/plain', ['permit 10', 'Consent/doctor Consent.provision']],
  ['a list of what is masked', 'actor=Practitioner/doctor&resource=List/naming', ['deny']],
];

it.each(DECISIONS)('explains %s', async (_name, query, expected) => {
  const reply = await ask(child(), query);
  expect([reply.status, decided(reply)]).toEqual([200, expected]);
  expect(valueIn(reply.json.parameter, 'effect')).toBe(expected[0]!.split(' ')[0]);
});

it('says in words of either language what it was taken from', async () => {
  const [french, english] = await Promise.all(
    ['fr', 'en'].map((language) =>
      child().get('Patient/p/$explain-access?actor=Practitioner/nurse&resource=DocumentReference/masked', {
        'accept-language': language,
      }),
    ),
  );
  expect(french!.text).toContain('masqué');
  expect(english!.text).toContain('masked');
  const [assumed] = parts(english!.json, 'assumed');
  expect(assumed!.filter(({ name }) => name !== 'text')).toEqual([
    { name: 'role', valueCode: 'professional' },
    { name: 'profession', valueCode: '60' },
    { name: 'organization', valueReference: { reference: 'Organization/clinic' } },
    { name: 'purpose', valueCode: 'TREAT' },
    { name: 'rules', valueString: expect.stringMatching(/^fr /) },
  ]);
  expect(valueIn(assumed!, 'text')).toMatch(/directory/);
});

it('agrees with what the actor is then given', async () => {
  const dentist = carnet.as({
    token: carnet.tokenFor(
      { reference: 'Practitioner/dentist', organizations: [], profession: '40' },
      'dentist',
    ),
  });
  const told = kindsIn(await ask(child(), 'actor=Practitioner/dentist'));
  for (const type of ['DocumentReference', 'Condition', 'List']) {
    const { json } = await dentist.get(`${type}?patient=p`);
    const seen = Object.entries(told)
      .filter(([name]) => name.split(' ')[0] === type)
      .reduce((sum, [, text]) => sum + Number.parseInt(text, 10), 0);
    expect([type, json.total]).toEqual([type, seen]);
  }
});

describe('an asker learns nothing of what is hidden from them', () => {
  it('neither by counts', async () => {
    expect(kindsIn(await ask(child(), 'actor=Practitioner/gp'))['DocumentReference 10']).toBe(
      '3 seen, 0 unseen',
    );
    expect(kindsIn(await ask(mother(), 'actor=Practitioner/gp'))['DocumentReference 10']).toBe(
      '2 seen, 0 unseen',
    );
  });
  it('nor by name', async () => {
    const [hidden, absent] = await Promise.all(
      ['unseen', 'absent'].map((id) =>
        ask(mother(), `actor=Practitioner/gp&resource=DocumentReference/${id}`),
      ),
    );
    expect([hidden!.status, hidden!.text]).toEqual([404, absent!.text]);
  });
  it('nor by a Consent that they may not see', async () => {
    const query = 'actor=Practitioner/secret&resource=Condition/c';
    expect(decided(await ask(child(), query))).toEqual(['permit 10', 'Consent/hidden Consent.provision']);
    expect(decided(await ask(mother(), query))).toEqual(['deny 12']);
  });
  it('nor who is in a group', async () => {
    const reply = await ask(child(), 'actor=Patient/other&resource=Condition/c');
    expect(decided(reply)).toEqual(['deny 12']);
    expect(parts(reply.json, 'unseen').map((part) => valueIn(part, 'reference'))).toEqual([
      ref('Group/cohort'),
    ]);
  });
});

it('answers the same bytes when what is hidden from the asker is gone', async () => {
  const queries = ['Practitioner/gp', 'Practitioner/secret', 'Patient/other', 'Organization/clinic'].map(
    (each) => `actor=${each}`,
  );
  const answers = () => Promise.all(queries.map(async (query) => (await ask(mother(), query)).text));
  const before = await answers();
  const gone = ['DocumentReference/unseen', 'Consent/hidden', 'Group/cohort'];
  for (const name of gone) expect((await carnet.as('all').delete(name)).status).toBe(204);
  expect(await answers()).toEqual(before);
  for (const each of WORLD.filter(({ resourceType, id }) => gone.includes(`${resourceType}/${id}`))) {
    await carnet.as('all').put(`${each.resourceType}/${each.id}`, each);
  }
});

describe('for everybody else there is no such patient', () => {
  const OTHERS: [string, () => Client][] = [
    ['another patient', () => family([], 'Patient/other')],
    ['an aidant who may read all', () => family(['RelatedPerson/aunt'])],
    [
      'a professional who may read the patient',
      () => carnet.as({ token: carnet.tokenFor({ reference: 'Practitioner/gp' }, 'gp') }),
    ],
    ['a system', () => carnet.as('hospital')],
    ['an app', () => carnet.as('app')],
  ];
  it.each(OTHERS)('%s', async (_name, as) => {
    const [there, absent] = await Promise.all(
      ['p', 'absent'].map((id) => as().get(`Patient/${id}/$explain-access?actor=Practitioner/gp`)),
    );
    expect([there!.status, there!.text]).toEqual([404, absent!.text]);
    expect(absent!.status).toBe(404);
  });
});

it.each([
  ['no actor', '', 'required'],
  ['two actors', 'actor=Practitioner/gp&actor=Practitioner/dentist', 'required'],
  ['what is no actor', 'actor=Observation/1', 'value'],
  ['what is no reference', 'actor=gp', 'value'],
  ['a role that isn’t there', 'actor=PractitionerRole/none', 'value'],
  ['an unknown purpose', 'actor=Practitioner/gp&purpose=FUN', 'value'],
  ['a resource without a type', 'actor=Practitioner/gp&resource=1', 'value'],
  ['an unknown parameter', 'actor=Practitioner/gp&x=1', 'not-supported'],
])('refuses %s', async (_name, query, code) => {
  const reply = await ask(child(), query);
  expect([reply.status, reply.json.issue[0].code]).toEqual([400, code]);
});

it('leaves a trace', async () => {
  await ask(mother(), 'actor=Practitioner/gp&resource=Condition/c');
  const { json } = await child().get('AuditEvent?patient=p&entity=Condition/c');
  const [found] = json.entry
    .map(({ resource }: Json) => resource)
    .filter(({ subtype }: Json) => (subtype as Json[])[0]!.code === 'operation');
  expect(found.agent[0].who.reference).toBe('Patient/elsewhere');
});
