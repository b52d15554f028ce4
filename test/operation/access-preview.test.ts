/** What a Consent that isn't saved would change: the patient's "view as my dentist". */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
const HL7 = 'http://terminology.hl7.org/CodeSystem';
const PROFESSION = 'https://mos.esante.gouv.fr/NOS/TRE_G15-ProfessionSante/FHIR/TRE-G15-ProfessionSante';
const VISIBILITY =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
const BLOCK = [{ uri: 'https://carnet.example/fhir/policy/block' }];
const ref = (reference: string): Json => ({ reference });
const label = (code: string): Json => ({ meta: { security: [{ system: VISIBILITY, code }] } });
const TYPES = 'http://hl7.org/fhir/resource-types';

const actor = (reference: string): Json => ({
  role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
  reference: { reference },
});
const consent = (id: string | undefined, provision: Json, rest: Json = {}): Resource => ({
  resourceType: 'Consent',
  ...(id === undefined ? {} : { id }),
  status: 'active',
  scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: ref('Patient/p'),
  policy: [{ uri: 'https://example.org/policy' }],
  provision,
  ...rest,
});
const physician = (id: string): Resource => ({
  resourceType: 'Practitioner',
  id,
  qualification: [{ code: { coding: [{ system: PROFESSION, code: '10' }] } }],
});
const condition = (id: string, rest: Json = {}): Resource => ({
  resourceType: 'Condition',
  id,
  subject: ref('Patient/p'),
  code: { text: 'x' },
  ...rest,
});

const WORLD: Resource[] = [
  { resourceType: 'Patient', id: 'p', birthDate: '1990-01-01' },
  physician('a'),
  physician('b'),
  physician('blocked'),
  consent('a', { type: 'permit', actor: [actor('Practitioner/a')] }),
  consent('blocked', { actor: [actor('Practitioner/blocked')] }, { policy: BLOCK }),
  condition('one'),
  condition('two'),
  condition('masked', label('MASQUE_PS')),
  condition('unseen', label('INVISIBLE_PATIENT')),
];

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await putAll(carnet.as('all'), WORLD);
});
afterAll(() => carnet?.close());

const patient = (reference = 'Patient/p'): Client =>
  carnet.as({ token: carnet.tokenFor({ reference, related: [] }, 'patient') });
const body = (proposed: unknown, ...more: Json[]): Json => ({
  resourceType: 'Parameters',
  parameter: [{ name: 'consent', resource: proposed }, ...more],
});
const preview = (proposed: unknown, ...more: Json[]): Promise<Reply> =>
  patient().post('Patient/p/$access-preview', body(proposed, ...more));
const as = (reference: string): Json => ({ name: 'actor', valueReference: { reference } });

const named = (part: Json[], name: string): Json[] => part.filter((each) => each.name === name);
const inside = (each: Json | undefined): Json[] => (each?.part ?? []) as Json[];
const valueIn = (part: Json[], name: string): unknown =>
  Object.entries(named(part, name)[0] ?? {}).find(([key]) => key.startsWith('value'))?.[1];

const textIn = (part: Json[], name: string): string =>
  JSON.stringify(valueIn(part, name) ?? '').replaceAll('"', '');

/** Who, then `+` for what would be shown and `-` for what would be hidden, then the lines that go before. */
function views({ json }: Reply): string[][] {
  return named(json.parameter ?? [], 'view').map((view) => {
    const part = inside(view);
    const who = valueIn(part, 'actor') as { reference: string } | undefined;
    const list = (name: string): string[] =>
      named(inside(named(part, name)[0]), 'reference')
        .map(({ valueReference }) => (valueReference as { reference: string }).reference)
        .sort();
    return [
      who?.reference ?? `profession ${textIn(part, 'profession')}`,
      ...list('shown').map((each) => `+${each}`),
      ...list('hidden').map((each) => `-${each}`),
      ...named(part, 'conflict').map(
        (each) =>
          `${textIn(inside(each), 'effect')} ${textIn(inside(each), 'line')}: ${textIn(inside(each), 'count')}`,
      ),
    ];
  });
}

const permit = (reference: string, rest: Json = {}): Json => ({
  type: 'permit',
  actor: [actor(reference)],
  ...rest,
});
const conditions = { class: [{ system: TYPES, code: 'Condition' }] };

// prettier-ignore
const CHANGES: [string, Resource, Json[], string[][]][] = [
  ['a permit of somebody new shows what isn’t masked', consent(undefined, permit('Practitioner/b', conditions)), [],
    [['Practitioner/b', '+Condition/one', '+Condition/two', 'deny 9: 1']]],
  ['a deny hides', consent(undefined, { type: 'deny', actor: [actor('Practitioner/a')], ...conditions }), [],
    [['Practitioner/a', '-Condition/one', '-Condition/two']]],
  ['a permit that is in force already changes nothing', consent(undefined, permit('Practitioner/a', conditions)), [],
    [['Practitioner/a', 'deny 9: 1']]],
  ['a permit of who is blocked comes to nothing', consent(undefined, permit('Practitioner/blocked', conditions)), [],
    [['Practitioner/blocked', 'deny 4: 3']]],
  ['a block hides all, of whoever it names', consent(undefined, { actor: [actor('Practitioner/a')] }, { policy: BLOCK }), [as('Practitioner/a')],
    [['Practitioner/a', '-Condition/one', '-Condition/two', '-Consent/a', '-Patient/p']]],
  ['a deny of everybody yields to a permit by name', consent(undefined, { type: 'deny', ...conditions }), [as('Practitioner/a')],
    [['Practitioner/a', 'permit 10: 2']]],
  ['a new version takes the place of the one there is', consent('a', permit('Practitioner/a', { class: [{ system: TYPES, code: 'Observation' }] })), [],
    [['Practitioner/a', '-Condition/one', '-Condition/two', '-Consent/a', '-Patient/p']]],
  ['a draft changes nothing', consent(undefined, permit('Practitioner/b'), { status: 'draft' }), [as('Practitioner/b')],
    [['Practitioner/b']]],
  ['one that names nobody is looked at by each profession', consent(undefined, { type: 'permit', ...conditions }), [as('Practitioner/b')],
    [['Practitioner/b', '+Condition/one', '+Condition/two', 'deny 9: 1']]],
  ['purposes count', consent(undefined, permit('Practitioner/b', { ...conditions, purpose: [{ system: `${HL7}/v3-ActReason`, code: 'HRESCH' }] })), [{ name: 'purpose', valueCode: 'HRESCH' }],
    [['Practitioner/b', '+Condition/one', '+Condition/two', 'deny 9: 1']]],
];

it.each(CHANGES)('%s', async (_name, proposed, more, expected) => {
  const reply = await preview(proposed, ...more);
  expect([reply.status, views(reply)]).toEqual([200, expected]);
  expect(validate(reply.json as Resource).filter(({ severity }) => severity === 'error')).toEqual([]);
});

it('looks at a Consent that names nobody as each profession', async () => {
  const seen = views(await preview(consent(undefined, { type: 'permit', ...conditions })));
  expect(seen.find(([who]) => who === 'profession 10')).toEqual([
    'profession 10',
    '+Condition/one',
    '+Condition/two',
    'deny 9: 1',
  ]);
  expect(seen.find(([who]) => who === 'profession 28')?.slice(1)).not.toContain('+Condition/one');
});

it('names the Consent that goes before, and the one proposed', async () => {
  const { json, text } = await preview(
    consent(undefined, { type: 'deny', ...conditions }),
    as('Practitioner/a'),
  );
  const [conflict] = named(inside(json.parameter[0]), 'conflict');
  const source = inside(named(inside(conflict), 'source')[0]);
  expect(valueIn(source, 'reference')).toEqual({
    reference: expect.stringMatching(/^Consent\/a\/_history\//),
  });
  expect(text).not.toContain('unseen');
});

it('tells what is so once the Consent is saved', async () => {
  const proposed = consent('p-b', permit('Practitioner/b', conditions));
  const [[, ...shown] = []] = views(await preview(proposed, as('Practitioner/b')));
  const doctor = carnet.as({
    token: carnet.tokenFor({ reference: 'Practitioner/b', organizations: [], profession: '10' }, 'gp'),
  });
  expect((await doctor.get('Condition?patient=p')).json.total).toBe(0);
  await carnet.as('all').put('Consent/p-b', proposed);
  const { json } = await doctor.get('Condition?patient=p');
  const given = json.entry.map(({ resource }: Json) => `+Condition/${(resource as Resource).id}`).sort();
  // what the patient may not see themself they aren't told of
  expect(given).toEqual([...shown.filter((each) => each.startsWith('+')), '+Condition/unseen']);
  await carnet.as('all').delete('Consent/p-b');
});

it('writes nothing', async () => {
  const before = (await patient().get('Consent?patient=p&_elements=id')).json;
  await preview(consent('a', { type: 'deny' }));
  const after = (await patient().get('Consent?patient=p&_elements=id')).json;
  expect(after.entry).toEqual(before.entry);
});

it.each([
  ['no Consent', { resourceType: 'Parameters' }, 400, 'required'],
  ['what is no Parameters', consent(undefined, permit('Practitioner/a')), 400, 'required'],
  [
    'a Consent of somebody else',
    body({ ...consent(undefined, permit('Practitioner/a')), patient: ref('Patient/q') }),
    422,
    'business-rule',
  ],
  [
    'a Consent that isn’t valid',
    body({ resourceType: 'Consent', patient: ref('Patient/p') }),
    400,
    'required',
  ],
  [
    'two actors',
    body(consent(undefined, permit('Practitioner/a')), as('Practitioner/a'), as('Practitioner/b')),
    400,
    'value',
  ],
  [
    'an actor that is none',
    body(consent(undefined, permit('Practitioner/a')), { name: 'actor', valueString: 'x' }),
    400,
    'value',
  ],
  [
    'an unknown parameter',
    body(consent(undefined, permit('Practitioner/a')), { name: 'x' }),
    400,
    'not-supported',
  ],
  [
    'more actors than are looked at',
    body(
      consent(undefined, {
        type: 'deny',
        actor: Array.from({ length: 31 }, (_, i) => actor(`Practitioner/x${i}`)),
      }),
    ),
    403,
    'too-costly',
  ],
])('refuses %s', async (_name, sent, status, code) => {
  const reply = await patient().post('Patient/p/$access-preview', sent);
  expect([reply.status, reply.json.issue[0].code]).toEqual([status, code]);
});

it('is for nobody but who speaks for the patient', async () => {
  const sent = body(consent(undefined, permit('Practitioner/b')));
  const gp = carnet.as({ token: carnet.tokenFor({ reference: 'Practitioner/a' }, 'gp') });
  for (const client of [patient('Patient/q'), gp]) {
    const [there, absent] = await Promise.all(
      ['p', 'absent'].map((id) =>
        client.post(
          `Patient/${id}/$access-preview`,
          JSON.parse(JSON.stringify(sent).replaceAll('Patient/p', `Patient/${id}`)),
        ),
      ),
    );
    expect([there!.status, there!.text]).toEqual([404, absent!.text]);
  }
});
