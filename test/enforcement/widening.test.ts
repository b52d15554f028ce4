/** Nobody widens their own access by anything they write: what was hidden before is hidden after. */
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { actor, consent, document, person } from '../leaks/support/content.ts';

let carnet: TestServer;
let everyone: Client;

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
    { resourceType: 'Group', id: 'group', type: 'person', actual: true, member: [{ entity: CLOSED }] },
    secret,
  ];
  for (const resource of resources) {
    const { status, text } = await everyone.put(`${resource.resourceType}/${resource.id}`, resource);
    expect([resource.id, status, status === 201 ? '' : text]).toEqual([resource.id, 201, '']);
  }
});
afterAll(() => carnet?.close());

const mallory = () =>
  carnet.as({ token: carnet.tokenFor({ reference: 'Patient/open', idPrefixes: ['mine-'] }, 'patient') });
const ATTACKERS = {
  gp: () => carnet.as('gp'),
  hospital: () => carnet.as('hospital'),
  app: () => carnet.as({ token: carnet.tokenFor({ scope: 'patient/*.cruds' }, 'app') }),
  'another patient': mallory,
};
type Attacker = keyof typeof ATTACKERS;
const REFERENCE: Record<Attacker, string> = {
  gp: 'Practitioner/demo-gp',
  hospital: 'Organization/demo-hospital',
  app: 'Device/demo-app',
  'another patient': 'Patient/open',
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
  'AuditEvent?patient=closed',
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
  body: (me: string) => object;
  headers?: Record<string, string>;
  /** What each is answered, in the order of ATTACKERS. */
  status: [gp: number, hospital: number, app: number, patient: number];
}

const REFUSED: Attack['status'] = [403, 403, 403, 403];
const HIDDEN: Attack['status'] = [404, 404, 404, 404];
const NO_ID: Attack['status'] = [405, 405, 405, 405];
/** A deposit for another needs no authorisation, but of an app's and a patient's. */
const DEPOSITED: Attack['status'] = [201, 201, 403, 403];
/** For a patient's own data. */
const OWN: Attack['status'] = [201, 201, 403, 201];

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
const plain = (of: { reference: string }, more: object = {}) => {
  const { id: _, ...made } = document('', 'open', { subject: of, ...more });
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
    status: [403, 405, 405, 405],
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
  post('a Consent in a transaction that reads after it', '', [422, 422, 422, 422], (me) =>
    bundle('transaction', posted(permits(me)), {
      request: { method: 'GET', url: 'DocumentReference/closed-doc' },
    }),
  ),
  post('a Consent in a batch', '', [200, 200, 200, 200], (me) =>
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
  post('a Binary in its context', 'Binary', OWN, () => ({
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
  post('an Appointment of both', 'Appointment', DEPOSITED, () => ({
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
      const { status, text } = await client.send(method, path, body(REFERENCE[name]), headers);
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
  expect(said.total).toBe(1);
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
