/** Nobody widens their own access by anything they write: what was hidden before is hidden after. */
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { POLICY, SPACE_STATUS } from '../../src/consent/vocabulary.ts';
import { DELEGATION, Space, label, names, permits as permit, purpose, says } from './support/space.ts';
import { actor, consent, document, person } from '../leaks/support/content.ts';

let carnet: TestServer;
let everyone: Client;
let teamVersion: string;

const AIDANT = 'RelatedPerson/closed-aidant';
const CLOSED = { reference: 'Patient/closed' };
const OPEN = { reference: 'Patient/open' };
const LABEL = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'U' };
const secret = document('closed-doc', 'closed', {
  content: [{ attachment: { contentType: 'text/plain', url: 'Binary/closed-bin' } }],
});

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  everyone = carnet.as('all');
  const resources = [
    person('closed', 'Secretmann', '124018852493334'),
    person('open', 'Martin', '255069999999934'),
    consent('open-gp', 'open', { type: 'permit', actor: [actor('Practitioner/demo-gp')] }),
    consent('closed-clinic', 'closed', { type: 'permit', actor: [actor('Organization/clinic')] }),
    { resourceType: 'Organization', id: 'clinic', name: 'Clinic' },
    { resourceType: 'Practitioner', id: 'demo-gp', name: [{ family: 'Lambert' }] },
    { resourceType: 'Binary', id: 'closed-bin', contentType: 'text/plain', data: 'c2VjcmV0' },
    consent('closed-trusts', 'closed', {
      type: 'permit',
      actor: [actor('CareTeam/closed-team'), actor('Group/closed-group')],
    }),
    consent('closed-blocks', 'closed', { type: 'deny', actor: [actor('Practitioner/other')] }),
    {
      resourceType: 'CareTeam',
      id: 'closed-team',
      status: 'active',
      subject: CLOSED,
      participant: [{ member: { reference: 'Practitioner/other' } }],
    },
    {
      resourceType: 'Group',
      id: 'closed-group',
      type: 'practitioner',
      actual: true,
      member: [{ entity: { reference: 'Practitioner/other' } }],
    },
    {
      resourceType: 'RelatedPerson',
      id: 'closed-aidant',
      patient: CLOSED,
      relationship: [{ coding: [{ system: DELEGATION, code: 'caregiver' }] }],
    },
    { resourceType: 'Group', id: 'group', type: 'person', actual: true, member: [{ entity: CLOSED }] },
    secret,
  ];
  for (const resource of resources) {
    const { status, text } = await everyone.put(`${resource.resourceType}/${resource.id}`, resource);
    expect([resource.id, status, status === 201 ? '' : text]).toEqual([resource.id, 201, '']);
  }
  teamVersion = (await everyone.get('CareTeam/closed-team')).json.meta.versionId;
});
afterAll(() => carnet?.close());

const mallory = () =>
  carnet.as({ token: carnet.tokenFor({ reference: 'Patient/open', idPrefixes: ['mine-'] }, 'patient') });
const ATTACKERS = {
  gp: () => carnet.as('gp'),
  hospital: () => carnet.as('hospital'),
  app: () => carnet.as({ token: carnet.tokenFor({ scope: 'patient/*.cruds' }, 'app') }),
  'another patient': mallory,
  'an aidant who is permitted nothing': () =>
    carnet.as({ token: carnet.tokenFor({ reference: 'Patient/aidant', related: [AIDANT] }, 'patient') }),
};
type Attacker = keyof typeof ATTACKERS;
const REFERENCE: Record<Attacker, string> = {
  gp: 'Practitioner/demo-gp',
  hospital: 'Organization/demo-hospital',
  app: 'Device/demo-app',
  'another patient': 'Patient/open',
  'an aidant who is permitted nothing': AIDANT,
};

/** Each hidden thing, every way that might show it. */
const LOOKS = [
  'Patient/closed',
  'DocumentReference/closed-doc',
  'DocumentReference/closed-doc/_history',
  'DocumentReference/closed-doc/$meta',
  'Binary/closed-bin',
  'Group/group',
  'Consent/closed-clinic',
];
const SEARCHES = [
  'DocumentReference?_id=closed-doc',
  'DocumentReference?patient=closed&_id=closed-doc',
  'DocumentReference?patient.name=secretmann&_id=closed-doc',
  'Patient?_id=closed',
  'Patient?name=secretmann',
  'Patient/closed/DocumentReference?_id=closed-doc',
  'Consent?patient=closed',
  'Patient?_has:DocumentReference:patient:description=document%20closed-doc',
  'AuditEvent?patient=closed&agent=Device/demo-all',
];
/** What an attacker wrote may be among the matches, but nothing that is included through it. */
const INCLUDES = [
  'List?_include=List:item&_include=List:subject',
  'DocumentReference?_include=*',
  'DocumentReference?_include=DocumentReference:relatesto&_include:iterate=DocumentReference:subject',
  'Encounter?_include=Encounter:subject&_revinclude=DocumentReference:encounter',
  'Provenance?_include=Provenance:target',
  'Task?_include=Task:focus&_include=Task:patient',
  'Composition?_include=*',
  'Appointment?_include=Appointment:actor',
  'Communication?_include=*',
];

async function seen(client: Client): Promise<string[]> {
  const shown = async (path: string, tells: (reply: Reply) => boolean): Promise<string[]> =>
    tells(await client.get(path)) ? [path] : [];
  const found = await Promise.all([
    ...LOOKS.map((path) => shown(path, ({ status }) => status !== 404)),
    ...SEARCHES.map((path) => shown(path, ({ json }) => json?.total !== 0)),
    ...INCLUDES.map((path) =>
      shown(path, ({ text }) => /"id":"closed(-doc)?"|Secretmann|c2VjcmV0/.test(text)),
    ),
  ]);
  return found.flat();
}

interface Attack {
  it: string;
  method?: string;
  path: string;
  body?: (me: string) => object;
  headers?: Record<string, string>;
  /** What each is answered, in the order of ATTACKERS. */
  status: [gp: number, hospital: number, app: number, patient: number, aidant: number];
}

const REFUSED: Attack['status'] = [403, 403, 403, 403, 403];
const HIDDEN: Attack['status'] = [404, 404, 404, 404, 404];
const NO_ID: Attack['status'] = [405, 405, 405, 405, 405];
/** A deposit for another needs no authorisation, but of an app's and a patient's who isn't family. */
const DEPOSITED: Attack['status'] = [201, 201, 403, 403, 201];
/** For a patient's own data. */
const OWN: Attack['status'] = [201, 201, 403, 201, 403];

const permits = (me: string, patient = 'closed') => {
  const { id: _, ...made } = consent('', patient, { type: 'permit', actor: [actor(me)] });
  return made;
};
const post = (it: string, path: string, status: Attack['status'], body: (me: string) => object): Attack => ({
  it,
  path,
  body,
  status,
});
const patched = (
  it: string,
  path: string,
  status: Attack['status'],
  operation: (me: string) => object,
): Attack => ({
  it,
  method: 'PATCH',
  path,
  status,
  headers: { 'content-type': 'application/json-patch+json' },
  body: (me) => [{ op: 'add', ...operation(me) }],
});
/** What is hidden is left as it is, with the answer of what is absent. */
const deletion = (it: string, path: string): Attack => ({
  it,
  method: 'DELETE',
  path,
  status: [204, 204, 204, 204, 204],
});
/** As a professional records what a patient says who is there. */
const collected = (patient: string, me: string, more: object = {}) => ({
  ...says(patient, permit(me), POLICY.collected),
  performer: [{ reference: `Patient/${patient}` }],
  organization: [{ reference: 'Organization/demo-practice' }],
  verification: [
    {
      verified: true,
      verifiedWith: { reference: `Patient/${patient}` },
      verificationDate: '2026-01-01T10:00:00Z',
    },
  ],
  ...more,
});
/** Of a type that anybody may feed: nothing but the gate is to refuse it. */
const QUESTIONNAIRE = { coding: [{ system: 'http://loinc.org', code: '74465-6' }] };
const plain = (of: { reference: string }, more: object = {}) => {
  const { id: _, ...made } = document('', 'open', { subject: of, type: QUESTIONNAIRE, ...more });
  return made;
};
const named = (reference: string) => ({
  content: [{ attachment: { contentType: 'text/plain', url: reference } }],
});
const bundle = (type: string, ...entry: object[]) => ({ resourceType: 'Bundle', type, entry });
const posted = (resource: { resourceType: string }) => ({
  resource,
  request: { method: 'POST', url: resource.resourceType },
});

const ATTACKS: Attack[] = [
  post('a Consent', 'Consent', REFUSED, (me) => permits(me)),
  {
    it: 'a Consent under an id of one’s own',
    method: 'PUT',
    path: 'Consent/gp-mine',
    status: [403, 405, 405, 405, 405],
    body: (me) => ({ ...permits(me), id: 'gp-mine' }),
  },
  {
    it: 'the patient’s Consent',
    method: 'PUT',
    path: 'Consent/closed-clinic',
    status: NO_ID,
    body: (me) => ({ ...permits(me), id: 'closed-clinic' }),
  },
  {
    it: 'a patch of the patient’s Consent',
    method: 'PATCH',
    path: 'Consent/closed-clinic',
    status: HIDDEN,
    headers: { 'content-type': 'application/json-patch+json' },
    body: (me) => [{ op: 'replace', path: '/provision/actor/0/reference/reference', value: me }],
  },
  {
    it: 'a Consent by condition',
    method: 'PUT',
    path: 'Consent?patient=closed',
    status: REFUSED,
    body: (me) => permits(me),
  },
  post('a Consent whose patient is named by number', 'Consent', REFUSED, (me) => ({
    ...permits(me),
    patient: { identifier: { system: 'urn:oid:1.2.250.1.213.1.4.10', value: '124018852493334' } },
  })),
  post('a Consent of an absolute patient', 'Consent', REFUSED, (me) => ({
    ...permits(me),
    patient: { reference: `${carnet.base}/Patient/closed` },
  })),
  post('a Consent in a transaction', '', REFUSED, (me) => bundle('transaction', posted(permits(me)))),
  post('a Consent in a transaction that reads after it', '', [422, 422, 422, 422, 422], (me) =>
    bundle('transaction', posted(permits(me)), {
      request: { method: 'GET', url: 'DocumentReference/closed-doc' },
    }),
  ),
  post('a Consent in a batch', '', [200, 200, 200, 200, 200], (me) =>
    bundle('batch', posted(permits(me)), { request: { method: 'GET', url: 'DocumentReference/closed-doc' } }),
  ),
  post('a Consent kept inside a Bundle', 'Bundle', DEPOSITED, (me) =>
    bundle(
      'collection',
      { resource: { ...permits(me), id: 'inside' } },
      { resource: { resourceType: 'Patient', id: 'closed' } },
    ),
  ),
  post('a Consent contained in a document', 'DocumentReference', DEPOSITED, (me) =>
    plain(CLOSED, { contained: [{ ...permits(me), id: 'c' }], context: { related: [{ reference: '#c' }] } }),
  ),
  post('a CareTeam', 'CareTeam', REFUSED, () => ({
    resourceType: 'CareTeam',
    status: 'active',
    subject: CLOSED,
    participant: [{ member: { reference: 'Practitioner/demo-gp' } }],
  })),
  post('a Group', 'Group', REFUSED, () => ({
    resourceType: 'Group',
    type: 'person',
    actual: true,
    managingEntity: { reference: 'Practitioner/demo-gp' },
    member: [{ entity: CLOSED }],
  })),
  post('a RelatedPerson', 'RelatedPerson', REFUSED, () => ({
    resourceType: 'RelatedPerson',
    patient: CLOSED,
    active: true,
  })),
  post('a Person', 'Person', REFUSED, () => ({
    resourceType: 'Person',
    link: [{ target: CLOSED }, { target: { reference: 'Practitioner/demo-gp' } }],
  })),
  {
    it: 'the Patient, with a general practitioner',
    method: 'PUT',
    path: 'Patient/closed',
    status: NO_ID,
    body: (me) => ({ resourceType: 'Patient', id: 'closed', generalPractitioner: [{ reference: me }] }),
  },
  post('a Patient that links to it', 'Patient', REFUSED, () => ({
    resourceType: 'Patient',
    link: [{ other: CLOSED, type: 'seealso' }],
  })),
  post('a PractitionerRole', 'PractitionerRole', REFUSED, () => ({
    resourceType: 'PractitionerRole',
    practitioner: { reference: 'Practitioner/demo-gp' },
    organization: { reference: 'Organization/clinic' },
  })),
  {
    it: 'an Organization',
    method: 'PUT',
    path: 'Organization/clinic',
    status: REFUSED,
    body: () => ({
      resourceType: 'Organization',
      id: 'clinic',
      name: 'Mine',
      partOf: { reference: 'Organization/demo-hospital' },
    }),
  },
  post('an Encounter', 'Encounter', DEPOSITED, () => ({
    resourceType: 'Encounter',
    status: 'in-progress',
    class: { code: 'AMB' },
    subject: CLOSED,
    participant: [{ individual: { reference: 'Practitioner/demo-gp' } }],
    serviceProvider: { reference: 'Organization/demo-hospital' },
  })),
  post('an EpisodeOfCare', 'EpisodeOfCare', DEPOSITED, () => ({
    resourceType: 'EpisodeOfCare',
    status: 'active',
    patient: CLOSED,
    managingOrganization: { reference: 'Organization/demo-hospital' },
    careManager: { reference: 'Practitioner/demo-gp' },
  })),
  post('a document as its author', 'DocumentReference', DEPOSITED, (me) =>
    plain(CLOSED, {
      author: [{ reference: me }],
      authenticator: { reference: 'Practitioner/demo-gp' },
      custodian: { reference: 'Organization/demo-hospital' },
    }),
  ),
  post('a document with labels and tags', 'DocumentReference', DEPOSITED, () =>
    plain(CLOSED, {
      securityLabel: [{ coding: [LABEL] }],
      meta: { security: [LABEL], tag: [{ system: 'https://x.example', code: 'permit' }] },
    }),
  ),
  post('a document that replaces it', 'DocumentReference', OWN, () =>
    plain(OPEN, { relatesTo: [{ code: 'replaces', target: { reference: 'DocumentReference/closed-doc' } }] }),
  ),
  post('a document that names its Binary', 'DocumentReference', OWN, () =>
    plain(OPEN, named('Binary/closed-bin')),
  ),
  post('a document that names its Binary by address', 'DocumentReference', OWN, () =>
    plain(OPEN, named(`${carnet.base}/Binary/closed-bin`)),
  ),
  post('a document of the patient’s that names its Binary', 'DocumentReference', DEPOSITED, () =>
    plain(CLOSED, named('Binary/closed-bin')),
  ),
  post('a Binary in its context', 'Binary', [201, 201, 403, 201, 201], () => ({
    resourceType: 'Binary',
    contentType: 'text/plain',
    data: 'eA==',
    securityContext: { reference: 'DocumentReference/closed-doc' },
  })),
  post('a List', 'List', OWN, () => ({
    resourceType: 'List',
    status: 'current',
    mode: 'working',
    subject: OPEN,
    entry: [
      { item: { reference: 'DocumentReference/closed-doc' } },
      { item: { reference: 'Patient/closed' } },
    ],
  })),
  post('a Provenance', 'Provenance', DEPOSITED, (me) => ({
    resourceType: 'Provenance',
    recorded: '2024-01-01T00:00:00Z',
    target: [{ reference: 'DocumentReference/closed-doc' }, CLOSED],
    agent: [{ who: { reference: me } }],
  })),
  post('a Task', 'Task', OWN, (me) => ({
    resourceType: 'Task',
    status: 'requested',
    intent: 'order',
    for: OPEN,
    focus: { reference: 'DocumentReference/closed-doc' },
    owner: { reference: me.startsWith('Device') ? 'Practitioner/demo-gp' : me },
  })),
  post('an Appointment of both', 'Appointment', [201, 201, 403, 403, 403], () => ({
    resourceType: 'Appointment',
    status: 'booked',
    start: '2030-01-01T00:00:00Z',
    end: '2030-01-01T00:10:00Z',
    participant: [
      { actor: CLOSED, status: 'accepted' },
      { actor: OPEN, status: 'accepted' },
    ],
  })),
  post('a Composition', 'Composition', OWN, (me) => ({
    resourceType: 'Composition',
    status: 'final',
    type: { text: 'x' },
    date: '2024-01-01',
    title: 'x',
    subject: OPEN,
    author: [{ reference: me }],
    section: [{ title: 'x', entry: [{ reference: 'DocumentReference/closed-doc' }] }],
  })),
  post('a Communication', 'Communication', OWN, () => ({
    resourceType: 'Communication',
    status: 'completed',
    subject: OPEN,
    about: [{ reference: 'DocumentReference/closed-doc' }],
    recipient: [CLOSED],
  })),
  post('an AuditEvent', 'AuditEvent', REFUSED, (me) => ({
    resourceType: 'AuditEvent',
    type: { code: 'rest' },
    recorded: '2024-01-01T00:00:00Z',
    agent: [{ who: { reference: me }, requestor: true }],
    source: { observer: { reference: 'Organization/clinic' } },
    entity: [{ what: CLOSED }],
  })),
  {
    it: 'labels',
    path: 'DocumentReference/closed-doc/$meta-add',
    status: HIDDEN,
    body: () => ({
      resourceType: 'Parameters',
      parameter: [{ name: 'meta', valueMeta: { security: [LABEL] } }],
    }),
  },
  {
    it: 'labels taken off',
    path: 'DocumentReference/closed-doc/$meta-delete',
    status: HIDDEN,
    body: () => ({
      resourceType: 'Parameters',
      parameter: [{ name: 'meta', valueMeta: { security: [LABEL] } }],
    }),
  },
  {
    it: 'a qualification',
    method: 'PUT',
    path: 'Practitioner/demo-gp',
    status: REFUSED,
    body: () => ({
      resourceType: 'Practitioner',
      id: 'demo-gp',
      qualification: [{ code: { coding: [{ code: '10' }] } }],
    }),
  },
  patched('the Practitioner', 'Practitioner/demo-gp', REFUSED, () => ({ path: '/active', value: true })),
  post('an Organization that is part of one that may', 'Organization', REFUSED, () => ({
    resourceType: 'Organization',
    name: 'Mine',
    partOf: { reference: 'Organization/clinic' },
  })),
  patched('the Organization', 'Organization/clinic', REFUSED, () => ({
    path: '/partOf',
    value: { reference: 'Organization/demo-hospital' },
  })),
  patched('the CareTeam that the patient trusts', 'CareTeam/closed-team', HIDDEN, (me) => ({
    path: '/participant/-',
    value: { member: { reference: me } },
  })),
  {
    it: 'the CareTeam, whole',
    method: 'PUT',
    path: 'CareTeam/closed-team',
    status: NO_ID,
    body: (me) => ({
      resourceType: 'CareTeam',
      id: 'closed-team',
      status: 'active',
      subject: CLOSED,
      participant: [{ member: { reference: me } }],
    }),
  },
  patched('the Group that the patient trusts', 'Group/closed-group', HIDDEN, (me) => ({
    path: '/member/-',
    value: { entity: { reference: me } },
  })),
  patched('the link of the aidant', AIDANT, HIDDEN, () => ({
    path: '/relationship/0/coding/0/code',
    value: 'legal-representative',
  })),
  post('a link of a representative', 'RelatedPerson', REFUSED, () => ({
    resourceType: 'RelatedPerson',
    patient: CLOSED,
    relationship: [{ coding: [{ system: DELEGATION, code: 'legal-protection' }] }],
  })),
  patched('the state of the space', 'Patient/closed', HIDDEN, () => ({
    path: '/extension',
    value: [{ url: SPACE_STATUS, valueCode: 'open' }],
  })),
  patched('the general practitioner', 'Patient/closed', HIDDEN, (me) => ({
    path: '/generalPractitioner',
    value: [{ reference: me }],
  })),
  post('a Consent that names an administrator', 'Consent', REFUSED, (me) => ({
    ...permits(me),
    policy: [{ uri: POLICY.administrator }],
  })),
  post('a Consent that says it was collected', 'Consent', REFUSED, (me) => collected('closed', me)),
  deletion('the patient’s Consent deleted', 'Consent/closed-blocks'),
  deletion('the Patient deleted', 'Patient/closed'),
  deletion('the Consents deleted by condition', 'Consent?patient=closed&_id=closed-blocks'),
  { it: 'itself', method: 'PUT', path: 'DocumentReference/closed-doc', status: NO_ID, body: () => secret },
  {
    it: 'a transaction that makes its id one’s own',
    path: '',
    status: NO_ID,
    body: () =>
      bundle('transaction', {
        resource: secret,
        request: { method: 'PUT', url: 'DocumentReference?identifier=https://x.example|none' },
      }),
  },
];

describe.each(Object.keys(ATTACKERS) as Attacker[])('by %s', (name) => {
  const place = Object.keys(ATTACKERS).indexOf(name);

  it('nothing of it is seen to begin with', async () => {
    expect(await seen(ATTACKERS[name]())).toEqual([]);
  });

  it('no write opens anything', async () => {
    const client = ATTACKERS[name]();
    const statuses: [string, number][] = [];
    for (const { it: what, method = 'POST', path, body, headers } of ATTACKS) {
      const { status, text } = await client.send(method, path, body?.(REFERENCE[name]), headers);
      statuses.push([what, status]);
      expect([what, status < 500 || text]).toEqual([what, true]);
      if (path === '') expect(text).not.toContain('c2VjcmV0');
    }
    expect(await seen(client)).toEqual([]);
    expect(statuses).toEqual(ATTACKS.map((attack) => [attack.it, attack.status[place]]));
  }, 90_000);
});

it('a role in the directory changes nothing either: who works where is the token’s to say', async () => {
  const role = {
    resourceType: 'PractitionerRole',
    practitioner: { reference: 'Practitioner/demo-gp' },
    organization: { reference: 'Organization/clinic' },
  };
  expect((await carnet.as('registrar').post('PractitionerRole', role)).status).toBe(201);
  expect(await seen(carnet.as('gp'))).toEqual([]);
  const working = carnet.as({ token: carnet.tokenFor({ organizations: ['Organization/clinic'] }, 'gp') });
  expect((await working.get('DocumentReference/closed-doc')).status).toBe(200);
  expect((await working.get('Binary/closed-bin')).text).toBe('secret');
});

it('what it was is what it is', async () => {
  const { json } = await everyone.get('DocumentReference/closed-doc/_history');
  expect(json.total).toBe(1);
  const { json: said } = await everyone.get('Consent?patient=closed');
  expect(said.total).toBe(3);
  const { json: team } = await everyone.get('CareTeam?patient=closed');
  expect(team.entry[0].resource.meta.versionId).toBe(teamVersion);
});

describe('the patient alone', () => {
  const own = () => carnet.as({ token: carnet.tokenFor({ reference: 'Patient/closed' }, 'patient') });

  it('lets somebody in, and sees what was deposited', async () => {
    const { status, json } = await own().post('Consent', permits('Practitioner/demo-dentist'));
    expect(status).toBe(201);
    expect((await carnet.as('dentist').get('DocumentReference/closed-doc')).status).toBe(200);
    expect((await own().delete(`Consent/${json.id}`)).status).toBe(204);
    expect((await carnet.as('dentist').get('DocumentReference/closed-doc')).status).toBe(404);
    expect((await own().get('DocumentReference?patient=closed&_count=0')).json.total).toBeGreaterThan(1);
  });

  it('can’t write for another, nor move what is theirs to another', async () => {
    expect((await own().post('Consent', permits('Practitioner/demo-dentist', 'open'))).status).toBe(403);
    const mine = await own().post('DocumentReference', plain(CLOSED));
    expect(mine.status).toBe(201);
    const moved = { ...mine.json, subject: OPEN };
    expect((await own().put(`DocumentReference/${mine.json.id}`, moved)).status).toBe(422);
    const patch = [{ op: 'replace', path: '/subject/reference', value: 'Patient/open' }];
    expect((await own().patch(`DocumentReference/${mine.json.id}`, patch)).status).toBe(422);
    expect(
      (await own().patch(`DocumentReference/${mine.json.id}`, [{ op: 'remove', path: '/subject' }])).status,
    ).toBe(422);
  });
});

describe('who may see something widens it by nothing', () => {
  const GP = 'Practitioner/demo-gp';
  const add = (path: string, value: unknown) => [{ op: 'add', path, value }];

  it('a representative gives themself nothing that would outlive the link', async () => {
    const space = await Space.of(carnet, { birthDate: '2016-01-01' });
    const link = await space.links('legal-representative');
    const related = [`RelatedPerson/${link}`];
    const parent = space.caller('patient', { reference: 'Patient/parent', related });
    const id = await space.deposit();
    for (const me of ['Patient/parent', related[0]!]) {
      expect((await parent.post('Consent', says(space.id, permit(me)))).status).toBe(403);
      expect((await parent.post('Consent', says(space.id, permit(GP, me)))).status).toBe(403);
      const nested = { type: 'deny', provision: [permit(me)] };
      expect((await parent.post('Consent', says(space.id, nested))).status).toBe(403);
    }
    const { json, status } = await parent.post('Consent', says(space.id, permit(GP)));
    expect(status).toBe(201);
    const patch = add('/provision/actor/-', names('Patient/parent')[0]);
    expect((await parent.patch(`Consent/${json.id}`, patch)).status).toBe(403);
    const longer = add('/period', { start: '2016-01-01' });
    expect((await parent.patch(`RelatedPerson/${link}`, longer)).status).toBe(403);
    await space.is({ birthDate: '2000-01-01' });
    expect(await space.sees(parent, id)).toBe(false);
    expect((await parent.delete(`Consent/${json.id}`)).status).toBe(403);
    expect((await parent.post('Consent', says(space.id, permit(GP)))).status).toBe(403);
    expect(await space.sees(carnet.as('gp'), id)).toBe(true);
  });

  it('nor by a group that they are in, whatever else it is', async () => {
    const space = await Space.of(carnet, { birthDate: '2016-01-01' });
    const related = [`RelatedPerson/${await space.links('legal-representative')}`];
    const parent = space.caller('patient', { reference: 'Patient/parent', related });
    const group = (who: string) => ({
      resourceType: 'Group',
      type: 'person',
      actual: true,
      member: [{ entity: { reference: who } }],
    });
    const made = async (who: string) => `Group/${(await carnet.as('all').post('Group', group(who))).json.id}`;
    const [mine, others] = [await made('Patient/parent'), await made(GP)];
    expect((await parent.post('Consent', says(space.id, permit(GP, mine)))).status).toBe(403);
    expect((await parent.post('Consent', says(space.id, permit(others)))).status).toBe(201);
    expect((await parent.post('Consent', says(space.id, permit('Group/absent')))).status).toBe(201);
  });

  it('nor does a registry put itself into a team, or make itself anybody’s doctor', async () => {
    const space = await Space.of(carnet);
    const { registrar } = space;
    const team = (who: string) => ({
      resourceType: 'CareTeam',
      subject: { reference: `Patient/${space.id}` },
      participant: [{ member: { reference: who } }],
    });
    expect((await registrar.post('CareTeam', team('Organization/demo-registry'))).status).toBe(403);
    expect((await registrar.post('CareTeam', team(GP))).status).toBe(201);
    const patient = (who: string) => ({ resourceType: 'Patient', generalPractitioner: [{ reference: who }] });
    expect((await registrar.post('Patient', patient('Organization/demo-registry'))).status).toBe(403);
    expect((await registrar.post('Patient', patient(GP))).status).toBe(201);
  });

  it('nor does a registry, which records what others are permitted', async () => {
    const space = await Space.of(carnet);
    const { registrar } = space;
    const own = says(space.id, permit('Organization/demo-registry'));
    expect((await registrar.post('Consent', own)).status).toBe(403);
    expect((await registrar.post('Consent', says(space.id, permit(GP)))).status).toBe(201);
  });

  it('an aidant who reads all changes nobody’s access, and not their own', async () => {
    const space = await Space.of(carnet);
    const link = await space.links('caregiver', { period: { end: '2999-01-01' } });
    const me = `RelatedPerson/${link}`;
    const aidant = space.caller('patient', { reference: 'Patient/aidant', related: [me] });
    const consent = await space.says({ ...permit(me), period: { end: '2998-01-01' } });
    const block = await space.blocks(GP);
    const id = await space.deposit();
    expect(await space.sees(aidant, id)).toBe(true);
    const ATTEMPTS: [string, string, unknown][] = [
      [me, '/relationship/0/coding/0/code', 'legal-protection'],
      [me, '/period/end', '3999-01-01'],
      [`Consent/${consent}`, '/provision/period/end', '3999-01-01'],
      [`Patient/${space.id}`, '/generalPractitioner', [{ reference: GP }]],
      [`Patient/${space.id}`, '/extension', [{ url: SPACE_STATUS, valueCode: 'closed' }]],
      [`DocumentReference/${id}`, '/author', [{ reference: me }]],
      [`DocumentReference/${id}`, '/meta/tag', [{ code: 'mine' }]],
    ];
    for (const [at, path, value] of ATTEMPTS) {
      expect([at, (await aidant.get(at)).status]).toEqual([at, 200]);
      expect([at, path, (await aidant.patch(at, add(path, value))).status]).toEqual([at, path, 403]);
    }
    // whom the patient refuses is not told to them: it is as if it weren’t there
    expect((await aidant.patch(`Consent/${block}`, add('/status', 'inactive'))).status).toBe(404);
    expect((await aidant.delete(`Consent/${block}`)).status).toBe(204);
    expect((await space.me.get(`Consent/${block}`)).json.status).toBe('active');
    expect((await aidant.post('Consent', says(space.id, permit(GP)))).status).toBe(403);
    expect(await space.sees(carnet.as('gp'), id)).toBe(false);
  });

  it('a doctor who reads a part changes neither what permits it nor what it speaks of', async () => {
    const space = await Space.of(carnet);
    const encounter = {
      resourceType: 'Encounter',
      status: 'finished',
      class: { code: 'AMB' },
      subject: { reference: `Patient/${space.id}` },
    };
    const inside = (await carnet.as('hospital').post('Encounter', encounter)).json.id;
    const team = await space.registers({
      resourceType: 'CareTeam',
      status: 'active',
      subject: { reference: `Patient/${space.id}` },
      encounter: { reference: `Encounter/${inside}` },
      participant: [{ member: { reference: GP } }],
    });
    const marked = { securityLabel: [{ coding: [{ ...LABEL, code: 'R' }] }] };
    const [id, secret] = [await space.deposit(), await space.deposit(marked)];
    const consent = await space.says({
      ...permit(GP),
      securityLabel: [{ ...LABEL, code: 'N' }],
      purpose: purpose('TREAT'),
    });
    const gp = carnet.as('gp');
    const seen = async () => [await space.sees(gp, id), await space.sees(gp, secret)];
    expect(await seen()).toEqual([true, false]);
    for (const [at, path, value] of [
      [`Consent/${consent}`, '/provision/securityLabel/0/code', 'V'],
      [`CareTeam/${team}`, '/encounter/reference', 'Encounter/other'],
      [`Encounter/${inside}`, '/status', 'in-progress'],
      [`DocumentReference/${id}`, '/context', { encounter: [{ reference: `Encounter/${inside}` }] }],
      [`DocumentReference/${id}`, '/meta/security', [{ ...LABEL, code: 'U' }]],
      [`Patient/${space.id}`, '/generalPractitioner', [{ reference: GP }]],
    ] as const) {
      expect([at, (await gp.get(at)).status]).toEqual([at, 200]);
      expect([at, (await gp.patch(at, add(path, value))).status]).toEqual([at, 403]);
    }
    const parameters = {
      resourceType: 'Parameters',
      parameter: [{ name: 'meta', valueMeta: { security: [{ ...LABEL, code: 'U' }] } }],
    };
    expect((await gp.post(`DocumentReference/${secret}/$meta-add`, parameters)).status).toBe(404);
    const reference = `DocumentReference/${secret}`;
    for (const more of [
      { relatesTo: [{ code: 'replaces', target: { reference } }] },
      { context: { encounter: [{ reference: `Encounter/${inside}` }], related: [{ reference }] } },
    ]) {
      await space.deposit(more, gp);
    }
    expect((await gp.post('EpisodeOfCare', { ...episode, patient: encounter.subject })).status).toBe(201);
    expect(
      (await gp.post('Encounter', { ...encounter, partOf: { reference: `Encounter/${inside}` } })).status,
    ).toBe(201);
    expect(await seen()).toEqual([true, false]);
  });
  const episode = { resourceType: 'EpisodeOfCare', status: 'active', careManager: { reference: GP } };

  it('a patient doesn’t open a space that was closed', async () => {
    const space = await Space.of(carnet, { active: false });
    const at = `Patient/${space.id}`;
    expect((await space.me.get(at)).status).toBe(200);
    expect((await space.me.patch(at, add('/active', true))).status).toBe(403);
    const open = [{ url: SPACE_STATUS, valueCode: 'open' }];
    expect((await space.me.patch(at, add('/extension', open))).status).toBe(403);
    expect((await space.me.delete(at)).status).toBe(403);
    expect(
      (await space.me.post('RelatedPerson', { resourceType: 'RelatedPerson', patient: { reference: at } }))
        .status,
    ).toBe(403);
  });
});

describe('a Consent that is collected in the patient’s presence', () => {
  const GP = 'Practitioner/demo-gp';
  const collector = (space: Space) => space.caller('gp', { rights: ['consent.collect'] });

  it('opens what it says, is the patient’s to take back, and its collector’s no more', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    const gp = collector(space);
    expect(await space.sees(gp, id)).toBe(false);
    const { status, json } = await gp.post('Consent', collected(space.id, GP));
    expect(status).toBe(201);
    expect(await space.sees(gp, id)).toBe(true);
    const at = `Consent/${json.id}`;
    const wider = { ...json, provision: { type: 'permit' } };
    expect((await gp.put(at, wider)).status).toBe(403);
    expect((await gp.patch(at, [{ op: 'remove', path: '/provision/actor' }])).status).toBe(403);
    expect((await space.me.get(at)).json.verification[0].verified).toBe(true);
    expect((await space.me.patch(at, [{ op: 'replace', path: '/status', value: 'inactive' }])).status).toBe(
      200,
    );
    expect(await space.sees(gp, id)).toBe(false);
    expect((await gp.patch(at, [{ op: 'replace', path: '/status', value: 'active' }])).status).toBe(403);
    const again = await gp.post('Consent', collected(space.id, GP));
    expect(again.status).toBe(201);
    await space.withdraws(again.json.id);
    expect(await space.sees(gp, id)).toBe(false);
    expect(
      (await gp.put(`Consent/${again.json.id}`, { ...collected(space.id, GP), id: again.json.id })).status,
    ).toBe(403);
  });

  const OTHERWISE: Record<string, object> = {
    'without its policy': { policy: [{ uri: 'https://policy.example/1' }] },
    'without who spoke': { performer: undefined },
    'by the word of another patient': { performer: [{ reference: 'Patient/other' }] },
    'by the word of the collector': { performer: [{ reference: GP }] },
    'without verification': { verification: undefined },
    'that was not verified': { verification: [{ verified: false, verificationDate: '2026-01-01' }] },
    'without a day': { verification: [{ verified: true, verifiedWith: { reference: 'Patient/x' } }] },
    'without an organization': { organization: undefined },
    'that names an administrator': { policy: [{ uri: POLICY.collected }, { uri: POLICY.administrator }] },
    'that is a Block': { policy: [{ uri: POLICY.collected }, { uri: POLICY.block }] },
    'that opens an emergency': { provision: { ...permit(GP), purpose: purpose('BTG', 'TREAT') } },
    'of nobody who is known': { patient: { identifier: { value: '1' } } },
  };

  it.each(Object.keys(OTHERWISE))('is refused %s', async (how) => {
    const space = await Space.of(carnet);
    const made = collected(space.id, GP, OTHERWISE[how]);
    expect((await collector(space).post('Consent', made)).status).toBe(403);
  });

  it.each(['hospital', 'app', 'grandmother', 'gp'] as const)(
    'is not the %s’s to record without the right',
    async (who) => {
      const space = await Space.of(carnet);
      const rights = who === 'gp' ? [] : ['consent.collect'];
      const client = space.caller(who, {
        rights,
        scope: who === 'app' ? 'patient/*.cruds' : carnetScope[who],
      });
      expect((await client.post('Consent', collected(space.id, GP))).status).toBe(403);
    },
  );
  const carnetScope = {
    hospital: 'system/*.cruds',
    app: '',
    grandmother: 'patient/*.cruds',
    gp: 'user/*.cruds',
  };

  it('undoes no refusal: a Block stands, and a mask', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit({ securityLabel: [{ coding: [label('MASQUE_PS')] }] });
    const open = await space.deposit();
    const gp = collector(space);
    expect((await gp.post('Consent', collected(space.id, GP))).status).toBe(201);
    expect([await space.sees(gp, id), await space.sees(gp, open)]).toEqual([false, true]);
    await space.blocks(GP);
    expect((await gp.post('Consent', collected(space.id, GP))).status).toBe(201);
    expect(await space.sees(gp, open)).toBe(false);
  });
});
