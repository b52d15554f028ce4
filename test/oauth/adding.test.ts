/** What patients' apps add: within scope and connection, marked with its source, in nobody else's name, theirs alone. */
import type { Resource } from '../../src/fhir/resource.ts';
import { label, purpose } from '../enforcement/support/space.ts';
import { observation, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import { launch, type Oauth, oauthServer, PUBLIC, type Tokens } from './support/oauth.ts';

const SCOPE = 'openid launch/patient patient/Observation.cruds patient/DocumentReference.c patient/Patient.r';
let oauth: Oauth;
let mother: Client;
let app: Client;

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  for (const id of ['demo-mother', 'demo-father']) await all.put(`Patient/${id}`, person(id, 'D', id));
  await all.put('Observation/o', observation('o', 'demo-mother', 1));
  await all.put(
    'Observation/hidden',
    observation('hidden', 'demo-mother', 1, { meta: { security: [label('INVISIBLE_PATIENT')] } }),
  );
  mother = oauth.carnet.as('patient');
}, 120_000);
afterAll(() => oauth?.carnet.close());
beforeEach(async () => {
  app = as(await launch(oauth, 'patient', { scope: SCOPE }));
});

const as = (tokens: Tokens): Client => oauth.carnet.as({ token: tokens.access_token });
const weight = (more: object = {}, of = 'demo-mother'): Resource =>
  ({
    resourceType: 'Observation',
    status: 'final',
    code: { coding: [{ system: 'http://loinc.org', code: '29463-7' }] },
    subject: { reference: `Patient/${of}` },
    valueQuantity: { value: 70, unit: 'kg', system: 'http://unitsofmeasure.org', code: 'kg' },
    ...more,
  }) as Resource;

async function connection(): Promise<Resource> {
  const { json } = await mother.get('Consent?patient=demo-mother&status=active');
  return json.entry[0].resource;
}

it('adds, changes and deletes its own; what it adds says that it comes from an app, whatever the app says', async () => {
  const sent = weight({
    meta: { source: 'https://hospital.example', tag: [{ system: 'https://tags.example', code: 'x' }] },
    performer: [{ reference: 'Patient/demo-mother', display: 'Dr Sophie Lambert' }],
    device: { reference: 'Device/app' },
  });
  const { status, json } = await app.post('Observation', sent);
  expect(status).toBe(201);
  expect(json.meta.source).toBe(`${oauth.carnet.base}/Device/app`);
  expect(json.meta.tag.map(({ code }: { code: string }) => code)).toEqual(['x', 'app']);
  expect(json.performer).toEqual([{ reference: 'Patient/demo-mother' }]);
  const url = `Observation/${json.id}`;
  expect((await mother.get(url)).json.meta.source).toBe(`${oauth.carnet.base}/Device/app`);
  const without = { ...json, meta: { source: 'https://else.example' }, status: 'amended' };
  const changed = await app.put(url, without);
  expect(changed.status).toBe(200);
  expect(changed.json.meta).toMatchObject({
    source: `${oauth.carnet.base}/Device/app`,
    tag: [{ code: 'app' }],
  });
  const tag = {
    resourceType: 'Parameters',
    parameter: [{ name: 'meta', valueMeta: { tag: json.meta.tag } }],
  };
  await app.post(`${url}/$meta-delete`, tag);
  expect((await mother.get(url)).json.meta.tag).toEqual([expect.objectContaining({ code: 'app' })]);
  expect((await app.patch(url, [{ op: 'replace', path: '/meta/source', value: 'x' }])).json.meta.source).toBe(
    `${oauth.carnet.base}/Device/app`,
  );
  expect((await app.delete(url)).status).toBe(204);
  expect((await app.get(url)).status).toBe(410);
});

it('the trace of what it adds names the Consent that lets it, to the person concerned', async () => {
  const consent = await connection();
  const { status, json } = await app.post('Observation', weight());
  expect(status).toBe(201);
  const found = await mother.get(`AuditEvent?patient=demo-mother&entity=Observation/${json.id}&action=C`);
  const [event] = (
    found.json.entry as { resource: { entity: { type: { code: string }; detail?: unknown }[] } }[]
  ).map(({ resource }) => resource);
  const decision = event!.entity.find(({ type }) => type.code === 'decision');
  expect(decision!.detail).toEqual([
    { type: 'rule', valueString: 'collect' },
    { type: 'because', valueString: `Consent/${consent.id}/_history/${consent.meta!.versionId}` },
  ]);
});

it.each([
  ['a professional', { performer: [{ reference: 'Practitioner/demo-gp' }] }],
  ['one by a whole address', { performer: [{ reference: 'https://x.example/fhir/Practitioner/1' }] }],
  ['one by a number', { performer: [{ identifier: { system: 'urn:oid:1.2', value: '801' } }] }],
  ['one by a name alone', { performer: [{ display: 'Dr House' }] }],
  [
    'one who is contained',
    { contained: [{ resourceType: 'Practitioner', id: 'p' }], performer: [{ reference: '#p' }] },
  ],
  ['an organization', { performer: [{ reference: 'Organization/demo-hospital' }] }],
  ['a team', { performer: [{ reference: 'CareTeam/x' }] }],
  ['another patient', { performer: [{ reference: 'Patient/demo-father' }] }],
  ['another app', { device: { reference: 'Device/other' } }],
  ['a professional in a note', { note: [{ authorString: 'Dr House', text: 'x' }] }],
  [
    'a professional in an extension',
    { extension: [{ url: 'https://x.example', valueReference: { reference: 'PractitionerRole/x' } }] },
  ],
  [
    'one by their national number in an extension',
    {
      extension: [
        {
          url: 'https://x.example',
          valueIdentifier: { system: 'https://rpps.esante.gouv.fr', value: '99700000013' },
        },
      ],
    },
  ],
  [
    'a structure by its national number',
    { identifier: [{ system: 'urn:oid:1.2.250.1.71.4.2.2', value: '1990000069' }] },
  ],
  [
    'one by their name in an extension',
    { extension: [{ url: 'https://x.example', valueHumanName: { prefix: ['Dr'], family: 'House' } }] },
  ],
])('names in its data: %s', async (_what, more) => {
  const { status, json } = await app.post('Observation', weight(more));
  expect([status, json.issue[0].code]).toEqual([422, 'business-rule']);
});

it.each(['INVISIBLE_PATIENT', 'INVISIBLE_REPRESENTANTS_LEGAUX', 'MASQUE_PS'])(
  'puts no label %s',
  async (code) => {
    const labelled = weight({ meta: { security: [label(code)] } });
    expect((await app.post('Observation', labelled)).status).toBe(403);
    const { json } = await app.post('Observation', weight());
    expect((await app.put(`Observation/${json.id}`, { ...json, ...labelled, id: json.id })).status).toBe(403);
    const added = {
      resourceType: 'Parameters',
      parameter: [{ name: 'meta', valueMeta: { security: [label(code)] } }],
    };
    expect((await app.post(`Observation/${json.id}/$meta-add`, added)).status).toBe(403);
  },
);

it('adds for no other patient, no other type, and nothing that isn’t in its scope', async () => {
  expect((await app.post('Observation', weight({}, 'demo-father'))).status).toBe(403);
  const condition = { resourceType: 'Condition', subject: { reference: 'Patient/demo-mother' } };
  expect((await app.post('Condition', condition)).status).toBe(403);
  const wide = as(await launch(oauth, 'patient', { scope: 'launch/patient patient/*.cruds' }));
  expect((await wide.post('Condition', condition)).status).toBe(201);
  for (const sent of [
    { resourceType: 'Encounter', status: 'finished', class: { code: 'AMB' } },
    {
      resourceType: 'MedicationRequest',
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: { text: 'x' },
    },
    { ...(await connection()), id: undefined },
    { resourceType: 'RelatedPerson', patient: { reference: 'Patient/demo-mother' } },
    { resourceType: 'Binary', contentType: 'text/plain', data: 'eA==' },
    { resourceType: 'Organization', name: 'x' },
  ]) {
    const resource = { subject: { reference: 'Patient/demo-mother' }, ...sent };
    if (['RelatedPerson', 'Binary', 'Organization', 'Consent'].includes(sent.resourceType))
      delete (resource as { subject?: unknown }).subject;
    expect([sent.resourceType, (await wide.post(sent.resourceType, resource)).status]).toEqual([
      sent.resourceType,
      403,
    ]);
  }
  const reading = as(await launch(oauth, 'patient', { scope: 'launch/patient patient/Observation.rs' }));
  expect((await reading.post('Observation', weight())).status).toBe(403);
});

it('changes and deletes nothing of others, and of what is hidden learns nothing', async () => {
  const { json } = await app.get('Observation/o');
  expect((await app.put('Observation/o', { ...json, status: 'amended' })).status).toBe(403);
  expect((await app.delete('Observation/o')).status).toBe(403);
  const tries = async (id: string) => [
    (await app.put(`Observation/${id}`, { ...weight(), id })).text.replaceAll(id, 'x'),
    (await app.patch(`Observation/${id}`, [{ op: 'replace', path: '/status', value: 'x' }])).text,
    (await app.delete(`Observation/${id}`)).status,
    (await app.post('Observation', weight({ hasMember: [{ reference: `Observation/${id}` }] }))).status,
    (await app.post('Observation', weight(), { 'if-none-exist': `_id=${id}` })).status,
  ];
  expect(await tries('hidden')).toEqual(await tries('absent'));
});

it('once the patient has taken it back it adds nothing, and doesn’t see what it had added', async () => {
  const { json } = await app.post('Observation', weight());
  const url = `Observation/${json.id}`;
  expect((await app.get(url)).status).toBe(200);
  const consent = await connection();
  await mother.put(`Consent/${consent.id}`, { ...consent, status: 'inactive' });
  expect((await app.post('Observation', weight())).status).toBe(403);
  expect((await app.get(url)).status).toBe(404);
  expect((await app.get('Observation')).json.total).toBe(0);
  expect((await app.get('Observation?patient=demo-mother')).json.total).toBe(0);
  expect((await app.put(url, { ...json, status: 'amended' })).status).toBe(405);
  expect((await mother.get(url)).status).toBe(200);
});

it('lets itself add by nothing that a Consent doesn’t say for sure', async () => {
  const consent = (await connection()) as Resource & { provision: Record<string, unknown> };
  const says = async (provision: object): Promise<number> => {
    await mother.put(`Consent/${consent.id}`, { ...consent, provision } as Resource);
    return (await app.post('Observation', weight())).status;
  };
  const { provision } = consent;
  const [reads, adds] = provision.provision as [Record<string, unknown>, Record<string, unknown>];
  const { period } = provision as { period: { start: string } };
  expect(await says(provision)).toBe(201);
  expect(await says({ ...provision, provision: [reads] })).toBe(403);
  expect(await says({ ...provision, provision: [{ ...adds, type: 'deny' }] })).toBe(403);
  expect(await says({ ...provision, provision: [{ ...adds, purpose: purpose('TREAT') }] })).toBe(403);
  expect(await says({ ...provision, type: 'deny' })).toBe(403);
  expect(await says({ period, actor: undefined, provision: [adds] })).toBe(403);
  expect(await says({ ...provision, period: { ...period, end: period.start } })).toBe(403);
  expect(await says(provision)).toBe(201);
});

it('two apps: neither changes what the other added', async () => {
  await oauth.register({ ...PUBLIC, id: 'other', device: 'Device/other' });
  const { json } = await app.post('Observation', weight());
  const other = as(await launch(oauth, 'patient', { client_id: 'other', scope: SCOPE }));
  expect((await other.get(`Observation/${json.id}`)).status).toBe(200);
  expect((await other.put(`Observation/${json.id}`, { ...json, status: 'amended' })).status).toBe(403);
});

it('of two patients who connected it, a token adds to and sees what it added of one', async () => {
  const { json } = await app.post('Observation', weight());
  const father = as(await launch(oauth, 'father', { scope: SCOPE }));
  expect((await father.get(`Observation/${json.id}`)).status).toBe(404);
  expect((await father.get('Observation')).json.total).toBe(0);
  expect((await father.post('Observation', weight())).status).toBe(403);
  expect((await father.post('Observation', weight({}, 'demo-father'))).status).toBe(201);
});
