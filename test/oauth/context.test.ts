/** Launches by an EHR, and the patient that a professional names: https://hl7.org/fhir/smart-app-launch/STU2.2/app-launch.html */
import { AUTHORIZED, faults } from '../audit/support/balp.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { permits, says } from '../enforcement/support/space.ts';
import { document, INS, observation, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import {
  actionIn,
  authorizeParams,
  Browser,
  CALLBACK,
  launch,
  type Oauth,
  oauthServer,
  PASSWORD,
  pkce,
  PUBLIC,
  tokenRequest,
  walk,
} from './support/oauth.ts';

const SCOPE = 'openid fhirUser launch patient/*.rs user/*.rs';
let oauth: Oauth;
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  for (const [id, family, number] of [
    ['one', 'Martin', '290010112345678'],
    ['two', 'Petit', '290010112345699'],
    ['hidden', 'Durand', '290010112345600'],
  ] as const) {
    await all.put(`Patient/${id}`, {
      ...person(id, family, number),
      birthDate: '1990-01-01',
      gender: 'female',
    });
    await all.put(`DocumentReference/${id}`, document(id, id));
    if (id !== 'hidden')
      await all.put(`Consent/${id}`, {
        ...says(id, permits('Practitioner/demo-gp', 'Practitioner/demo-dentist')),
        id,
      });
  }
  await oauth.register({ ...PUBLIC, id: 'ehr', launches: true, launchUri: 'https://ehr.example/launch' });
  await oauth.register({ ...PUBLIC, launchUri: 'https://app.example/launch?x=1' });
}, 120_000);
afterAll(() => oauth?.carnet.close());

const as = (tokens: { access_token: string }): Client => oauth.carnet.as({ token: tokens.access_token });

const transactionOf = (url: string, resource: object) => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [{ resource, request: { method: 'POST', url } }],
});

async function begin(token: string, form: Record<string, string>) {
  return tokenRequest(oauth, form, { authorization: `Bearer ${token}` }, 'launch');
}

it('an EHR opens an app with patient and encounter: `patient/` scopes are of that patient alone', async () => {
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  const { json } = await begin(ehr, { client_id: 'public', patient: 'one', encounter: 'e1' });
  expect(json).toMatchObject({
    iss: oauth.carnet.base,
    launch_url: `https://app.example/launch?x=1&iss=${encodeURIComponent(oauth.carnet.base)}&launch=${json.launch}`,
  });
  const scope = 'openid fhirUser launch patient/*.rs';
  const tokens = await launch(oauth, 'gp', { scope, launch: json.launch });
  expect(tokens).toMatchObject({ patient: 'one', encounter: 'e1', scope });
  expect((await as(tokens).get('DocumentReference/one')).status).toBe(200);
  expect((await as(tokens).get('DocumentReference/two')).status).toBe(404);
  expect((await as(tokens).get('DocumentReference?patient=two')).json.total).toBe(0);
  const wider = await begin(ehr, { client_id: 'public', patient: 'one' });
  const both = await launch(oauth, 'gp', { scope: SCOPE, launch: wider.json.launch });
  expect((await as(both).get('DocumentReference/two')).status).toBe(200);
});

it('what it writes, finds and opens is of that patient alone, whether there is another or not', async () => {
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  const contextOf = async (scope: string): Promise<Client> => {
    const { json } = await begin(ehr, { client_id: 'public', patient: 'one' });
    return as(await launch(oauth, 'gp', { scope: `openid launch ${scope}`, launch: json.launch }));
  };
  const { id: _, ...made } = observation('', 'one', 1);
  const of = (patient: string) => ({ ...made, subject: { reference: `Patient/${patient}` } });
  const reason = { resourceType: 'Parameters', parameter: [{ name: 'reason', valueString: 'inconscient' }] };
  const app = await contextOf('patient/*.cruds');
  expect((await app.post('Observation', of('one'))).status).toBe(201);
  expect((await app.get(`Patient?identifier=${INS}|290010112345678`)).json.total).toBe(1);
  expect((await app.post('Patient/one/$break-glass', reason)).status).toBe(200);
  const answers = ['two', 'hidden', 'never-was'].map(async (patient) => [
    await app.post('Observation', of(patient)),
    await app.post('', transactionOf('Observation', of(patient))),
    await app.post(`Patient/${patient}/$break-glass`, reason),
    await app.get(`Patient/${patient}/$access-status?identifier=${INS}|290010112345699`),
  ]);
  const told = (await Promise.all(answers)).map((each) => each.map(({ status, text }) => [status, text]));
  expect(told[0]!.map(([status]) => status)).toEqual([403, 403, 404, 404]);
  expect(told.slice(1)).toEqual([told[0], told[0]]);
  expect((await app.get(`Patient?identifier=${INS}|290010112345699`)).json.total).toBe(0);
  expect((await app.post('Patient/$match', { resourceType: 'Patient' })).status).toBe(403);
  expect((await app.get('Practitioner/demo-gp/$notices')).status).toBe(403);
  const both = await contextOf('patient/*.rs user/*.cruds');
  expect((await both.post('Observation', of('two'))).status).toBe(201);
  expect((await both.get('Practitioner/demo-gp/$notices')).status).toBe(200);
  expect((await both.get(`Patient?identifier=${INS}|290010112345699`)).json.total).toBe(1);
});

it('it is told nothing of what its professional looked for elsewhere', async () => {
  const own = oauth.carnet.as('gp');
  await own.get(`Patient?identifier=${INS}|199999999999999`);
  const nobodys = 'AuditEvent?patient:missing=true&_summary=count';
  expect((await own.get(nobodys)).json.total).toBeGreaterThan(0);
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  const { json } = await begin(ehr, { client_id: 'public', patient: 'one' });
  const app = as(await launch(oauth, 'gp', { scope: 'openid launch patient/*.rs', launch: json.launch }));
  expect((await app.get(nobodys)).json.total).toBe(0);
  expect((await app.get('AuditEvent?patient=one&_summary=count')).json.total).toBeGreaterThan(0);
});

it('a launch is good once, for its app and its person', async () => {
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  const { json } = await begin(ehr, { client_id: 'public', patient: 'one' });
  await launch(oauth, 'gp', { scope: SCOPE, launch: json.launch });
  await expect(launch(oauth, 'gp', { scope: SCOPE, launch: json.launch })).rejects.toThrow('access_denied');
  const second = (await begin(ehr, { client_id: 'public', patient: 'one' })).json.launch;
  await expect(launch(oauth, 'dentist', { scope: SCOPE, launch: second })).rejects.toThrow('access_denied');
  const third = (await begin(ehr, { client_id: 'public', patient: 'one' })).json.launch;
  await expect(launch(oauth, 'gp', { scope: SCOPE, launch: third, client_id: 'ehr' })).rejects.toThrow(
    'access_denied',
  );
});

it('only a registered EHR with a professional begins a launch, and of an absent patient as of any', async () => {
  const { access_token: app } = await launch(oauth, 'gp', { scope: 'openid user/*.rs' });
  expect((await begin(app, { client_id: 'public', patient: 'one' })).status).toBe(403);
  expect((await begin('nothing', { client_id: 'public', patient: 'one' })).status).toBe(401);
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  for (const form of [
    { client_id: 'none', patient: 'one' },
    { client_id: 'public' },
    { client_id: 'public', patient: 'a b' },
  ] as Record<string, string>[])
    expect((await begin(ehr, form)).status).toBe(400);
  for (const patient of ['hidden', 'absent']) {
    const { json } = await begin(ehr, { client_id: 'public', patient });
    const tokens = await launch(oauth, 'gp', { scope: SCOPE, launch: json.launch });
    expect((await as(tokens).get(`Patient/${patient}`)).status).toBe(404);
  }
});

async function choose(form: Record<string, string>): Promise<{ status: number; url: string; text: string }> {
  const browser = new Browser(oauth.issuer);
  const scope = 'openid launch/patient patient/*.rs';
  const params = new URLSearchParams(authorizeParams(oauth, pkce().challenge, { scope })).toString();
  let seen = await browser.get(`${oauth.issuer}/authorize?${params}`);
  seen = await browser.post(actionIn(seen, 'login'), { user: 'gp', password: PASSWORD });
  return browser.post(actionIn(seen, 'authorize'), form);
}

const TRAITS = { given: 'Ada', birthdate: '1990-01-01', gender: 'female' };

it('a professional names the patient by number, or by all traits, exactly', async () => {
  const { json } = await oauth.carnet.as('all').get('Patient/one');
  const given = json.name[0].given[0];
  for (const form of [{ ins: '2 90 01 01 123 456 78' }, { ...TRAITS, given, family: 'Martin' }])
    expect((await choose(form as Record<string, string>)).url.startsWith(CALLBACK)).toBe(true);
  expect((await choose({ ...TRAITS, given, family: 'Mart' })).status).toBe(422);
  expect((await choose({ family: 'Martin', given, birthdate: '1990-01-01' })).status).toBe(422);
  expect((await choose({})).status).toBe(422);
});

it('a patient who permits nothing is found as little as one who doesn’t exist', async () => {
  const [hidden, absent] = [
    await choose({ ins: '290010112345600' }),
    await choose({ ins: '290010112345000' }),
  ];
  const plain = ({ text }: { text: string }) => text.replaceAll(/interaction\/[\w-]+/g, 'interaction');
  expect([hidden.status, plain(hidden)]).toEqual([422, plain(absent)]);
});

it('traits are exact: of several names none is tried, and another name than that at birth finds nobody', async () => {
  const traits = { family: 'Martin', given: 'Claire', birthdate: '1990-01-01', gender: 'female' };
  const comma: Resource = {
    ...person('comma', 'Roux, dit $ack', '290010112345655'),
    birthDate: '1990-01-01',
    gender: 'female',
  };
  const [official] = comma.name as Json[];
  comma.name = [
    { ...official, use: 'official', given: ['Ève', 'Claire'] },
    { use: 'usual', family: 'Legrand', given: ['Claire'] },
  ];
  await oauth.carnet.as('all').put('Patient/comma', comma);
  await oauth.carnet.as('all').put('Consent/comma', {
    ...says('comma', permits('Practitioner/demo-gp')),
    id: 'comma',
  });
  const [{ given: [given = ''] = [] } = {}] = (await oauth.carnet.as('gp').get('Patient/one')).json.name;
  const isFound = async (more: Partial<typeof traits>) =>
    (await choose({ ...traits, given, ...more })).url.startsWith(CALLBACK);
  expect(await isFound({})).toBe(true);
  for (const more of [
    { family: 'Martin,Petit' },
    { family: 'Durand,Martin' },
    { given: `Marie,${given}` },
    { family: 'Legrand', given: 'Claire' },
    { family: 'Roux, dit $ack', given: 'Claire' },
  ])
    expect([more, await isFound(more)]).toEqual([more, false]);
  expect(await isFound({ family: 'Roux, dit $ack', given: 'Ève' })).toBe(true);
});

it('a professional’s app that asks for a patient’s data without a patient is told what it lacks', async () => {
  for (const scope of ['patient/*.rs', 'openid fhirUser patient/Observation.rs']) {
    const { search } = await walk(oauth, 'gp', authorizeParams(oauth, pkce().challenge, { scope }));
    const said = new URLSearchParams(search);
    expect([said.get('error'), said.get('error_description')]).toEqual([
      'access_denied',
      expect.stringContaining('`launch/patient`'),
    ]);
  }
  expect((await launch(oauth, 'gp', { scope: 'openid fhirUser' })).scope).toBe('openid fhirUser');
});

it('an app that was reviewed for patients is no professional’s, not by an EHR either, nor one for professionals a patient’s', async () => {
  const scope = 'openid launch launch/patient patient/*.rs';
  await oauth.register({ ...PUBLIC, id: 'for-patients', device: 'Device/app-x', audience: 'patients' });
  await oauth.register({ ...PUBLIC, id: 'for-doctors', audience: 'professionals' });
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  const { json } = await begin(ehr, { client_id: 'for-patients', patient: 'one' });
  for (const more of [{ launch: json.launch as string }, {}])
    await expect(launch(oauth, 'gp', { client_id: 'for-patients', scope, ...more })).rejects.toThrow(
      'access_denied',
    );
  await expect(launch(oauth, 'patient', { client_id: 'for-doctors', scope })).rejects.toThrow(
    'access_denied',
  );
  const { launch: opened } = (await begin(ehr, { client_id: 'for-doctors', patient: 'one' })).json;
  expect((await launch(oauth, 'gp', { client_id: 'for-doctors', scope, launch: opened })).patient).toBe(
    'one',
  );
});

it('`launch/encounter` is given where there is an encounter', async () => {
  const scope = 'openid launch launch/encounter user/*.rs';
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  const given = async (form: Record<string, string>) => {
    const { json } = await begin(ehr, { client_id: 'public', patient: 'one', ...form });
    return launch(oauth, 'gp', { scope, launch: json.launch });
  };
  expect(await given({ encounter: 'e1' })).toMatchObject({ scope, encounter: 'e1' });
  expect((await given({})).scope).toBe('openid launch user/*.rs');
});

const authorizations = async (client: Client, of: string): Promise<Resource[]> => {
  const { json } = await client.get(`AuditEvent?patient=${of}&subtype=AuthZ-Consent&_sort=-date`);
  return ((json.entry ?? []) as { resource: Resource }[]).map(({ resource }) => resource);
};
const patientIn = (id: string): Client =>
  oauth.carnet.as({ token: oauth.carnet.tokenFor({ reference: `Patient/${id}`, related: [] }, 'patient') });

it('that a professional is let in by a Consent is told as BALP has it, to the patient with the Consent, to them without', async () => {
  const before = (await authorizations(patientIn('two'), 'two')).length;
  expect((await choose({ ins: '290010112345699' })).url.startsWith(CALLBACK)).toBe(true);
  const [event, ...others] = await authorizations(patientIn('two'), 'two');
  expect(others).toHaveLength(before);
  expect(event!.meta?.profile).toEqual([AUTHORIZED]);
  expect(faults(event!, AUTHORIZED)).toEqual([]);
  expect(validate(event!).filter(({ severity }) => severity === 'error' || severity === 'fatal')).toEqual([]);
  const consents = (event!.entity as Json[]).filter(({ type }) => (type as Json).code === 'Consent');
  expect(consents.map(({ what }) => what)).toEqual([{ reference: 'Consent/two' }]);
  const [own] = await authorizations(oauth.carnet.as('gp'), 'two');
  expect(own!.id).toBe(event!.id);
  expect(own!.meta?.profile).toBeUndefined();
  for (const secret of ['Consent/two', '"address":"127']) expect(JSON.stringify(own)).not.toContain(secret);
  const byConsent = await oauth.carnet.as('gp').get('AuditEvent?entity=Consent/two&subtype=AuthZ-Consent');
  expect(byConsent.json.total).toBe(0);
  const { json: history } = await patientIn('two').get(
    'Patient/two/$access-history?person=Practitioner/demo-gp&kind=connect&language=en',
  );
  expect(JSON.stringify(history)).toContain('connected an app');
});

it('where no Consent lets them in, and for a patient who isn’t there, no such event is left', async () => {
  const count = async () =>
    (await oauth.carnet.as('all').get('AuditEvent?subtype=AuthZ-Consent&_summary=count')).json.total;
  const before = await count();
  await choose({ ins: '290010112345600' });
  const { access_token: ehr } = await launch(oauth, 'gp', { client_id: 'ehr', scope: 'openid user/*.rs' });
  for (const patient of ['hidden', 'absent']) {
    const { json } = await begin(ehr, { client_id: 'public', patient });
    await launch(oauth, 'gp', { scope: SCOPE, launch: json.launch });
  }
  expect(await count()).toBe(before);
  const { json } = await begin(ehr, { client_id: 'public', patient: 'one' });
  await launch(oauth, 'gp', { scope: SCOPE, launch: json.launch });
  expect(await count()).toBe(before + 1);
});

it('what is there is declared', async () => {
  const found = await fetch(`${oauth.carnet.base}/.well-known/smart-configuration`);
  const { capabilities } = (await found.json()) as { capabilities: string[] };
  for (const each of ['launch-ehr', 'context-ehr-patient', 'context-ehr-encounter', 'launch-standalone'])
    expect(capabilities).toContain(each);
  for (const each of ['smart-app-state', 'smart-health-cards', 'authorize-get'])
    expect(capabilities).not.toContain(each);
});
