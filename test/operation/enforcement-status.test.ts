/** Whether Consents are enforced, by who may read them, in both languages. */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { type Reply, type TestServer, putAll, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await putAll(carnet.as('all'), WORLD);
});
afterAll(() => carnet?.close());

const HL7 = 'http://terminology.hl7.org/CodeSystem';
const actor = (reference: string): Json => ({
  role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
  reference: { reference },
});
const consent = (id: string, patient: string, provision: Json, rest: Json = {}): Resource => ({
  resourceType: 'Consent',
  id,
  status: 'active',
  scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { reference: `Patient/${patient}` },
  dateTime: '2026-01-01',
  policy: [{ uri: 'https://example.org/policy' }],
  provision,
  ...rest,
});
const team = (id: string, patient: string): Resource => ({
  resourceType: 'CareTeam',
  id,
  status: 'active',
  subject: { reference: `Patient/${patient}` },
  participant: [{ member: { reference: 'Practitioner/demo-gp' } }],
});

const WORLD: Resource[] = [
  { resourceType: 'Patient', id: 'demo-mother', birthDate: '1980-01-01' },
  { resourceType: 'Patient', id: 'other' },
  { resourceType: 'Patient', id: 'quiet' },
  { resourceType: 'Patient', id: 'denier' },
  team('own', 'demo-mother'),
  team('foreign', 'other'),
  consent('good', 'demo-mother', { type: 'permit', actor: [actor('Practitioner/demo-gp')] }),
  consent('ended', 'demo-mother', {
    type: 'permit',
    period: { end: '2020-01-01' },
    actor: [actor('Practitioner/demo-gp')],
  }),
  consent('odd', 'demo-mother', {
    type: 'permit',
    actor: [actor('Practitioner/demo-gp')],
    extension: [{ url: 'https://example.org/x', valueString: 'x' }],
  }),
  consent('own-team', 'demo-mother', { type: 'permit', actor: [actor('CareTeam/own')] }),
  consent('foreign-team', 'denier', { type: 'deny', actor: [actor('CareTeam/foreign')] }),
  consent('absent-team', 'denier', { type: 'deny', actor: [actor('CareTeam/absent')] }),
  consent(
    'hidden',
    'demo-mother',
    { type: 'permit', actor: [actor('Practitioner/demo-gp')] },
    {
      meta: { security: [{ system: 'https://example.org', code: 'INVISIBLE_PATIENT' }] },
    },
  ),
  consent('theirs', 'other', { type: 'permit', actor: [actor('Practitioner/demo-dentist')] }),
];

const partsOf = (parameter: Json): Json[] => parameter.part as Json[];
const valueOf = (parts: Json[], name: string): unknown => {
  const found = parts.find((part) => part.name === name) ?? {};
  return Object.entries(found).find(([key]) => key.startsWith('value'))?.[1];
};
const textOf = (parts: Json[], name: string): string =>
  JSON.stringify(valueOf(parts, name) ?? '').replaceAll('"', '');
/** `Consent/x status: reason at element, …` */
const told = ({ json }: Reply): string[] =>
  ((json.parameter ?? []) as Json[]).map((parameter) => {
    const parts = partsOf(parameter);
    const { reference } = valueOf(parts, 'reference') as { reference: string };
    const reasons = parts
      .filter(({ name }) => name === 'reason')
      .map(partsOf)
      .map((reason) => `${textOf(reason, 'code')} ${textOf(reason, 'expression')}`);
    const [name] = reference.split('/_history/');
    return `${name} ${textOf(parts, 'status')}: ${reasons.join(', ')}`.trimEnd();
  });

const mine = () => carnet.as('patient');
const asPatient = (id: string) =>
  carnet.as({ token: carnet.tokenFor({ reference: `Patient/${id}`, related: [] }, 'patient') });

it('tells a patient of each of their Consents, but of none that is hidden from them', async () => {
  const reply = await mine().get('Patient/demo-mother/$enforcement-status');
  expect(reply.status).toBe(200);
  expect(validate(reply.json as Resource).filter(({ severity }) => severity === 'error')).toEqual([]);
  expect(told(reply).sort()).toEqual([
    'Consent/ended no-longer: ended Consent.provision.period.end',
    'Consent/good enforced:',
    'Consent/odd not-enforceable: element Consent.provision.extension, void Consent.provision',
    'Consent/own-team enforced:',
  ]);
});

it('names the version that it speaks of', async () => {
  const { json } = await mine().get('Consent/good');
  const reply = await mine().get('Consent/good/$enforcement-status');
  expect(reply.json.parameter[0].part[0].valueReference.reference).toBe(
    `Consent/good/_history/${json.meta.versionId}`,
  );
});

it.each([
  ['French unless asked otherwise', undefined, 'fr', 'ne peut pas être appliqué'],
  ['English', 'en-GB,en;q=0.9,fr;q=0.8', 'en', 'can not be enforced'],
  ['French when it is liked better', 'en;q=0.5, fr', 'fr', 'ne peut pas être appliqué'],
  ['French for what isn’t spoken', 'de', 'fr', 'ne peut pas être appliqué'],
])('speaks %s', async (_name, header, language, text) => {
  const reply = await mine().get(
    'Consent/odd/$enforcement-status',
    header === undefined ? {} : { 'accept-language': header },
  );
  expect(reply.headers.get('content-language')).toBe(language);
  expect(reply.json.language).toBe(language);
  expect(valueOf(reply.json.parameter[0].part, 'text')).toBe(text);
});

it('tells who is hidden as it tells who is absent', async () => {
  const [foreign, absent] = await Promise.all(
    ['foreign', 'absent'].map((name) => asPatient('denier').get(`Consent/${name}-team/$enforcement-status`)),
  );
  expect(told(foreign!)).toEqual([
    'Consent/foreign-team enforced: nowhere Consent.provision.actor[0].reference',
  ]);
  const bare = ({ json }: Reply): string =>
    JSON.stringify(json.parameter).replace(/Consent\/[\w-]+\/_history\/\w+/g, 'Consent/x');
  expect(bare(foreign!)).toBe(bare(absent!));
});

it.each(['Consent/theirs', 'Consent/hidden', 'Consent/absent', 'Patient/other', 'Patient/absent'])(
  'answers of %s, hidden or absent, that there is none',
  async (name) => {
    const reply = await mine().get(`${name}/$enforcement-status`);
    expect([reply.status, reply.json.issue[0].code]).toEqual([404, 'not-found']);
  },
);

it('tells a patient without Consents nothing', async () => {
  const reply = await asPatient('quiet').get('Patient/quiet/$enforcement-status');
  expect([reply.status, reply.json]).toEqual([200, { resourceType: 'Parameters', language: 'fr' }]);
});

it('is told to who may read the Consent', async () => {
  const gp = carnet.as('gp');
  const reply = await gp.get('Consent/hidden/$enforcement-status');
  expect([reply.status, told(reply)]).toEqual([200, ['Consent/hidden enforced:']]);
  // it tells of others too
  expect((await gp.get('Consent/own-team/$enforcement-status')).status).toBe(404);
});

it('takes no parameter', async () => {
  const reply = await mine().get('Consent/good/$enforcement-status?x=1');
  expect([reply.status, reply.json.issue[0].code]).toEqual([400, 'not-supported']);
});

it('is served of Consent and Patient alone', async () => {
  const reply = await mine().get('Observation/x/$enforcement-status');
  expect([reply.status, reply.json.issue[0].code]).toEqual([404, 'not-supported']);
});
