/** A hospital's system names the professional for whom it acts: https://datatracker.ietf.org/doc/html/rfc7523#section-2.1 */
import { rpps } from '../../src/demo/identity.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { permits, says } from '../enforcement/support/space.ts';
import { document, person } from '../leaks/support/content.ts';
import type { Client as Caller } from '../support/server.ts';
import { type Oauth, oauthServer, tokenRequest, type Tokens } from './support/oauth.ts';
import { type Signer, signer, system } from './support/system.ts';

const GRANT = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const HERE = 'Organization/demo-hospital';
const DOCTOR = 'Practitioner/demo-emergency';
const MEDICAL = { system: 'urn:oid:1.2.250.1.71.1.2.7', code: '10' };
const DENTAL = { ...MEDICAL, code: '40' };
let oauth: Oauth;
let hospital: Signer;
let stranger: Signer;
let all: Caller;

const practitioner = (id: string, more: Json = {}): Resource => ({
  resourceType: 'Practitioner',
  id,
  active: true,
  name: [{ family: 'Benali', given: ['Nadia'] }],
  ...more,
});
const role = (id: string, of: string, more: Json = {}): Resource => ({
  resourceType: 'PractitionerRole',
  id,
  active: true,
  practitioner: { reference: `Practitioner/${of}` },
  organization: { reference: HERE },
  code: [{ coding: [MEDICAL] }],
  ...more,
});

/** Who isn't to be named: of each, what stands in the directory. */
const NOT_HERE: [string, Json, ...Json[]][] = [
  ['who works elsewhere', {}, { organization: { reference: 'Organization/demo-lab' } }],
  ['who works nowhere', {}, { organization: undefined }],
  ['who has no role', {}],
  ['whose role has ended', {}, { period: { end: '2020-01-01' } }],
  ['whose role begins later', {}, { period: { start: '2999-01-01' } }],
  ['whose role isn’t active', {}, { active: false }],
  [
    'whose role may mean something else',
    {},
    { modifierExtension: [{ url: 'https://x.example', valueCode: 'x' }] },
  ],
  ['who isn’t active', { active: false }, {}],
  ['who has no profession', {}, { code: undefined }],
  ['whose profession isn’t known', {}, { code: [{ coding: [{ system: 'https://x.example', code: '10' }] }] }],
  ['who has two professions', {}, {}, { code: [{ coding: [DENTAL] }] }],
];

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  [hospital, stranger] = await Promise.all([signer(), signer()]);
  const persons = { scope: 'user/*.rs user/Patient.s', asserts: true as const };
  const writes = { organization: HERE, rights: ['directory.write'], idPrefixes: [] };
  await oauth.register(
    system('hospital', hospital, { persons }),
    system('exchanging', hospital, { persons: { scope: 'user/*.rs', upstreamClients: ['x'] } }),
    system('plain', hospital),
    system('writing', hospital, { persons, system: writes }),
    system('ending', hospital, { persons }),
    system('wide', hospital, { persons: { scope: 'user/*.cruds', asserts: true } }),
  );
  all = oauth.carnet.as('all');
  const people = NOT_HERE.flatMap(([, of, ...roles], index) => [
    practitioner(`p${index}`, of),
    ...roles.map((each, nth) => role(`p${index}-${nth}`, `p${index}`, each)),
  ]);
  for (const resource of [
    {
      resourceType: 'Organization',
      id: 'demo-hospital',
      active: true,
      name: 'Centre hospitalier des Tilleuls',
    },
    practitioner('demo-emergency', { identifier: rpps('99700000039') as never }),
    role('here', 'demo-emergency'),
    role('here-too', 'demo-emergency', { specialty: [{ text: 'Médecine d’urgence' }] }),
    role('there', 'demo-emergency', {
      organization: { reference: 'Organization/demo-lab' },
      code: [{ coding: [DENTAL] }],
    }),
    practitioner('twin-a', {
      identifier: [{ system: 'https://rpps.esante.gouv.fr', value: '99700000088' }] as never,
    }),
    practitioner('twin-b', {
      identifier: [{ system: 'https://rpps.esante.gouv.fr', value: '99700000088' }] as never,
    }),
    role('twin-a-role', 'twin-a'),
    role('twin-b-role', 'twin-b'),
    ...people,
    person('p', 'Martin', '290010112345678'),
    document('d', 'p'),
  ])
    expect((await all.put(`${resource.resourceType}/${resource.id}`, resource)).status).toBe(201);
}, 120_000);
afterAll(() => oauth?.carnet.close());

interface Sent {
  client?: string;
  by?: Signer;
  form?: Record<string, string>;
}

async function ask(assertion: string, { client = 'hospital', form = {} }: Sent = {}) {
  const shown = await hospital.shows(client, oauth.issuer);
  return tokenRequest(oauth, { grant_type: GRANT, assertion, scope: 'user/*.rs', ...shown, ...form });
}

const naming = (sub: unknown, claims: object = {}, header?: Record<string, unknown>, by = hospital) =>
  by.sign({ iss: 'hospital', sub, aud: `${oauth.issuer}/token`, ...claims }, header);
const as = ({ json }: { json: Tokens }): Caller => oauth.carnet.as({ token: json.access_token });

it('acts for the person within their role here, and no more', async () => {
  const given = await ask(await naming(DOCTOR));
  expect(given.json).toMatchObject({ token_type: 'Bearer', expires_in: 300, scope: 'user/*.rs' });
  expect(given.json).not.toHaveProperty('refresh_token');
  const doctor = as(given);
  const { id: _id, ...fresh } = document('x', 'p');
  expect((await doctor.get('DocumentReference/d')).status).toBe(404);
  await all.put('Consent/c', { ...says('p', permits(HERE)), id: 'c' });
  expect((await doctor.get('DocumentReference/d')).status).toBe(200);
  expect((await doctor.post('DocumentReference', fresh)).status).toBe(403);
  // what another organization of theirs is given doesn't count here
  await all.put('Consent/c', { ...says('p', permits('Organization/demo-lab')), id: 'c' });
  expect((await doctor.get('DocumentReference/d')).status).toBe(404);
  // what is given to the very person is
  await all.put('Consent/c', { ...says('p', permits(DOCTOR)), id: 'c' });
  expect((await doctor.get('DocumentReference/d')).status).toBe(200);
});

it('knows them by their RPPS number, and by an address of this server', async () => {
  for (const sub of ['99700000039', `${oauth.carnet.base}/${DOCTOR}`])
    expect((await ask(await naming(sub))).status).toBe(200);
});

it('traces who asserted: the person with a mark, and the software', async () => {
  await all.put('Consent/c', { ...says('p', permits(DOCTOR)), id: 'c' });
  await as(await ask(await naming(DOCTOR))).get('DocumentReference/d');
  const { json } = await all.get('AuditEvent?patient=p&_sort=-_lastUpdated&_count=1');
  const [who, , software] = json.entry[0].resource.agent;
  expect(who).toMatchObject({ who: { reference: DOCTOR, display: 'Nadia Benali' }, requestor: true });
  expect(JSON.stringify(who.role)).toContain('"code":"asserted"');
  expect(software.who.display).toBe('hospital');
  const logins = (await all.get('AuditEvent?_sort=-_lastUpdated&_count=20')).json.entry as {
    resource: Resource;
  }[];
  const [user, app] = logins
    .map(({ resource }) => resource)
    .find(({ subtype }) => JSON.stringify(subtype).includes('"login"'))!.agent as Json[];
  expect(JSON.stringify(user)).toContain('"code":"asserted"');
  expect(JSON.stringify(user)).toContain(DOCTOR);
  expect(JSON.stringify(app)).toContain('hospital');
  // the one who logs in themself hasn't the mark
  await oauth.carnet.as('emergency').get('DocumentReference/d');
  const own = await all.get('AuditEvent?patient=p&_sort=-_lastUpdated&_count=1');
  expect(own.text).toContain(DOCTOR);
  expect(own.text).not.toContain('asserted');
});

it('the history tells the patient so', async () => {
  const me = oauth.carnet.as({
    token: oauth.carnet.tokenFor({ reference: 'Patient/p', related: [] }, 'patient'),
  });
  const { text } = await me.get('Patient/p/$access-history', { 'accept-language': 'fr' });
  expect(text).toContain('d’après le logiciel de son établissement');
});

it('breaks no glass, and doesn’t come through one that the person broke: one answer, whoever the patient is', async () => {
  const because = {
    resourceType: 'Parameters',
    parameter: [{ name: 'reason', valueString: 'inconscient, sans famille' }],
  };
  await all.put('Consent/c', { ...says('p', permits('Organization/demo-lab')), id: 'c' });
  const [asserted, own] = [as(await ask(await naming(DOCTOR))), oauth.carnet.as('emergency')];
  const answers = await Promise.all(
    ['p', 'nobody'].map((id) => asserted.post(`Patient/${id}/$break-glass`, because)),
  );
  expect(answers.map(({ status }) => status)).toEqual([403, 403]);
  expect(answers[0]!.json.issue).toEqual(answers[1]!.json.issue);
  expect((await own.post('Patient/p/$break-glass', because)).status).toBe(200);
  const glass = { 'x-purpose-of-use': 'BTG' };
  expect((await own.get('DocumentReference/d', glass)).status).toBe(200);
  expect((await asserted.get('DocumentReference/d', glass)).status).toBe(403);
  expect((await asserted.get('DocumentReference/d')).status).toBe(404);
  expect((await asserted.get('DocumentReference/d', { 'x-purpose-of-use': 'ETREAT' })).status).toBe(403);
});

it('subscribes to nothing: that would outlive it', async () => {
  const assertion = await naming(DOCTOR, { iss: 'wide' });
  const wide = as(await ask(assertion, { client: 'wide', form: { scope: 'user/*.cruds' } }));
  const subscription = {
    resourceType: 'Subscription',
    status: 'requested',
    reason: 'x',
    criteria: 'DocumentReference?patient=p',
    channel: { type: 'websocket' },
  };
  const refused = await wide.post('Subscription', subscription);
  expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('logged in')]);
  expect((await oauth.carnet.as('emergency').post('Subscription', subscription)).status).toBe(201);
});

it('of eight that arrive together one is taken', async () => {
  const assertion = await naming(DOCTOR);
  const answers = await Promise.all(Array.from({ length: 8 }, () => ask(assertion)));
  const errors = answers.map(({ json }) => json.error as string | undefined);
  expect(errors.filter((error) => error === undefined)).toHaveLength(1);
  expect(new Set(errors)).toEqual(new Set([undefined, 'invalid_grant']));
});

it('ends with the system', async () => {
  const { json } = await ask(await naming(DOCTOR, { iss: 'ending' }), { client: 'ending' });
  expect((await as({ json }).get('Practitioner')).status).toBe(200);
  await oauth.suspend('ending');
  expect((await as({ json }).get('Practitioner')).status).toBe(401);
});

it('ends when an account of the person is suspended, and comes not again until each is resumed', async () => {
  const { logins } = oauth.carnet.server.entrance!;
  const self = { role: 'professional' as const, reference: DOCTOR, related: [], organizations: [HERE] };
  const [first, second] = await Promise.all(
    ['one', 'two'].map((sub) =>
      logins.keep({ issuer: 'https://upstream.example', sub }, [
        { ...self, purposes: ['TREAT'], regulator: false },
      ]),
    ),
  );
  const given = as(await ask(await naming(DOCTOR)));
  expect((await given.get('Practitioner')).status).toBe(200);
  for (const account of [first!, second!]) expect(await logins.suspend(account)).toBe(true);
  expect((await given.get('Practitioner')).status).toBe(401);
  for (const account of [first!, second!]) {
    const { status, json } = await ask(await naming(DOCTOR));
    expect([status, json.error, json.access_token]).toEqual([400, 'invalid_grant', undefined]);
    await logins.resume(account);
  }
  expect((await as(await ask(await naming(DOCTOR))).get('Practitioner')).status).toBe(200);
  expect((await given.get('Practitioner')).status).toBe(401);
});

it('clients find it in the metadata', async () => {
  const found = await fetch(`${oauth.carnet.base}/.well-known/smart-configuration`);
  expect(((await found.json()) as Tokens).grant_types_supported).toContain(GRANT);
});

it.each(NOT_HERE.map(([name], index) => [name, index] as const))('%s is refused', async (_, index) => {
  const { status, json } = await ask(await naming(`Practitioner/p${index}`));
  expect([status, json.error, json.access_token]).toEqual([400, 'invalid_grant', undefined]);
  // whatever it is, and as of who isn't there at all
  const absent = await ask(await naming('Practitioner/nobody'));
  expect(json.error_description).toBe(absent.json.error_description);
});

const now = (): number => Math.floor(Date.now() / 1000);

it.each<[string, () => Promise<string>, string, Sent?]>([
  ['nobody', () => naming('Practitioner/nobody'), 'invalid_grant'],
  ['a number that nobody has', () => naming('99700000999'), 'invalid_grant'],
  ['a number that two have', () => naming('99700000088'), 'invalid_grant'],
  ['a patient', () => naming('Patient/p'), 'invalid_grant'],
  ['the organization', () => naming(HERE), 'invalid_grant'],
  ['a name in place of a reference', () => naming('Nadia Benali'), 'invalid_grant'],
  ['another server’s', () => naming(`https://elsewhere.example/fhir/${DOCTOR}`), 'invalid_grant'],
  ['no `sub`', () => naming(undefined), 'invalid_grant'],
  ['a `sub` that is a list', () => naming([DOCTOR]), 'invalid_grant'],
  ['another issuer', () => naming(DOCTOR, { iss: 'plain' }), 'invalid_grant'],
  ['no issuer', () => naming(DOCTOR, { iss: undefined }), 'invalid_grant'],
  ['another audience', () => naming(DOCTOR, { aud: oauth.carnet.base }), 'invalid_grant'],
  ['an audience that goes on', () => naming(DOCTOR, { aud: `${oauth.issuer}/token/` }), 'invalid_grant'],
  [
    'one audience of several',
    () => naming(DOCTOR, { aud: [`${oauth.issuer}/token`, 'https://elsewhere.example'] }),
    'invalid_grant',
  ],
  ['no audience', () => naming(DOCTOR, { aud: undefined }), 'invalid_grant'],
  ['an expiry in more than five minutes', () => naming(DOCTOR, { exp: now() + 330 }), 'invalid_grant'],
  ['no expiry', () => naming(DOCTOR, { exp: undefined }), 'invalid_grant'],
  ['an expiry that is past', () => naming(DOCTOR, { exp: now() - 30 }), 'invalid_grant'],
  ['one that begins later', () => naming(DOCTOR, { nbf: now() + 60 }), 'invalid_grant'],
  ['no `jti`', () => naming(DOCTOR, { jti: undefined }), 'invalid_grant'],
  ['a `jti` without an end', () => naming(DOCTOR, { jti: 'x'.repeat(300) }), 'invalid_grant'],
  ['a key that isn’t the client’s', () => naming(DOCTOR, {}, {}, stranger), 'invalid_grant'],
  ['a critical header', () => naming(DOCTOR, {}, { crit: ['b64'], b64: true }), 'invalid_grant'],
  ['no signature', async () => unsigned(await naming(DOCTOR)), 'invalid_grant'],
  ['no JSON Web Token', async () => 'made up', 'invalid_grant'],
  ['one without an end', async () => 'x'.repeat(9000), 'invalid_request'],
  ['nothing', async () => '', 'invalid_request'],
  [
    'what shows the client itself',
    async () => (await hospital.shows('hospital', oauth.issuer)).client_assertion!,
    'invalid_grant',
  ],
  ['a scope too wide', () => naming(DOCTOR), 'invalid_scope', { form: { scope: 'user/*.cruds' } }],
  [
    'a scope of the system',
    () => naming(DOCTOR),
    'invalid_scope',
    { form: { scope: 'system/DocumentReference.cu' } },
  ],
  ['a scope of a patient', () => naming(DOCTOR), 'invalid_scope', { form: { scope: 'patient/*.rs' } }],
  ['no scope', () => naming(DOCTOR), 'invalid_scope', { form: { scope: 'openid offline_access' } }],
  [
    'a system that isn’t registered for it',
    () => naming(DOCTOR, { iss: 'plain' }),
    'invalid_request',
    { client: 'plain' },
  ],
  [
    'one that only exchanges tokens',
    () => naming(DOCTOR, { iss: 'exchanging' }),
    'invalid_request',
    { client: 'exchanging' },
  ],
  [
    'one that writes the directory itself',
    () => naming(DOCTOR, { iss: 'writing' }),
    'invalid_request',
    { client: 'writing' },
  ],
  [
    'a client that shows nothing',
    () => naming(DOCTOR),
    'invalid_request',
    { form: { client_assertion: '' } },
  ],
])('refused: %s', async (_, made, error, sent = {}) => {
  const { json } = await ask(await made(), sent);
  expect([json.error, json.access_token]).toEqual([error, undefined]);
  // its developer can mend it
  if (error === 'invalid_grant') expect(json.error_description).toMatch(/^the assertion is not accepted: /);
});

function unsigned(token: string): string {
  const [, payload] = token.split('.') as [string, string];
  return `${Buffer.from(JSON.stringify({ alg: 'none' })).toString('base64url')}.${payload}.`;
}
