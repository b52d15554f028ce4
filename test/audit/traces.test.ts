/** Each request that touches health data leaves one AuditEvent for each patient concerned, durable before its answer. */
import { randomUUID } from 'node:crypto';
import { MongoClient } from 'mongodb';
import type { CallerName } from '../../src/demo/callers.ts';
import type { Resource } from '../../src/fhir/resource.ts';
import { INS, actor, consent, document, observation, person } from '../leaks/support/content.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
let all: Client;
/** INS numbers, which name a patient as well as an id does. */
const NUMBERS = { ada: '255069999999934', ben: '279035121518989', cyd: '124018852493334' };
const appointment = (id: string, ...of: string[]): Resource => ({
  resourceType: 'Appointment',
  id,
  status: 'booked',
  start: '2030-01-01T00:00:00Z',
  end: '2030-01-01T00:10:00Z',
  participant: of.map((each) => ({ actor: { reference: `Patient/${each}` }, status: 'accepted' })),
});

/** The GP may read Ada and Ben, not Cyd. */
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  const gp = [actor('Practitioner/demo-gp')];
  const resources = [
    { resourceType: 'Practitioner', id: 'demo-gp', name: [{ family: 'Lambert' }] },
    ...Object.entries(NUMBERS).map(([id, number]) => person(id, `Of-${id}`, number)),
    consent('ada-gp', 'ada', { type: 'permit', actor: gp }),
    consent('ben-gp', 'ben', { type: 'permit', actor: gp }),
    document('ada-doc', 'ada', {
      content: [{ attachment: { contentType: 'text/plain', url: 'Binary/ada-bin' } }],
    }),
    document('ben-doc', 'ben'),
    document('cyd-doc', 'cyd'),
    observation('ada-obs', 'ada', 1),
    appointment('both', 'ada', 'ben'),
    appointment('half', 'ada', 'cyd'),
    { resourceType: 'Binary', id: 'ada-bin', contentType: 'text/plain', data: 'eA==' },
    {
      resourceType: 'Group',
      id: 'group',
      type: 'person',
      actual: true,
      member: [{ entity: { reference: 'Patient/ada' } }],
    },
  ];
  for (const resource of resources) {
    const { status, text } = await all.put(`${resource.resourceType}/${resource.id}`, resource);
    expect([resource.id, status === 201 ? '' : text]).toEqual([resource.id, '']);
  }
});
afterAll(() => carnet?.close());

interface AuditEvent {
  action: string;
  outcome: string;
  subtype: { code: string }[];
  agent: { who?: { reference?: string } }[];
  entity: { what?: { reference?: string; identifier?: { value: string } }; query?: string }[];
}

/** The AuditEvents of one request, as the database has them. */
async function tracesOf(requestId: string): Promise<AuditEvent[]> {
  const { json } = await all.get('AuditEvent?_sort=-_lastUpdated&_count=60');
  return (json.entry as { resource: AuditEvent }[])
    .map(({ resource }) => resource)
    .filter(({ entity }) => entity.some(({ what }) => what?.identifier?.value === requestId));
}

const patientOf = ({ entity }: AuditEvent): string =>
  entity
    .map(({ what }) => what?.reference ?? '')
    .find((reference) => reference.startsWith('Patient/'))
    ?.slice(8) ?? '';
const referencesOf = ({ entity }: AuditEvent): string[] =>
  entity.flatMap(({ what }) => what?.reference ?? []);
const queryOf = ({ entity }: AuditEvent): string =>
  Buffer.from(entity.find(({ query }) => query !== undefined)?.query ?? '', 'base64').toString();

interface Case {
  it: string;
  who?: CallerName;
  method?: string;
  path: string;
  body?: unknown;
  headers?: Record<string, string>;
  status: number;
  /** Of whom there is one AuditEvent each; empty: of nobody. */
  of: string[];
  code?: string;
  action?: string;
  outcome?: '0' | '4';
  /** Named in that of the first patient. */
  names?: string[];
  query?: string;
}

const { id: _d, ...made } = document('', 'cyd');
const { id: _c, ...permit } = consent('', 'cyd', { type: 'permit' });
const form = { 'content-type': 'application/x-www-form-urlencoded' };
const json = { 'content-type': 'application/json-patch+json' };
const bundle = (type: string, ...entry: object[]) => ({ resourceType: 'Bundle', type, entry });
const request = (method: string, url: string, resource?: object) => ({
  ...(resource === undefined ? {} : { resource }),
  request: { method, url },
});

const CASES: Case[] = [
  {
    it: 'a read',
    path: 'DocumentReference/ada-doc',
    status: 200,
    of: ['ada'],
    code: 'read',
    action: 'R',
    names: ['Patient/ada', 'DocumentReference/ada-doc'],
  },
  {
    it: 'a read of the patient',
    path: 'Patient/ada',
    status: 200,
    of: ['ada'],
    names: ['Patient/ada', 'Patient/ada'],
  },
  { it: 'HEAD', method: 'HEAD', path: 'DocumentReference/ada-doc', status: 200, of: ['ada'] },
  {
    it: 'a read that is unchanged',
    path: 'DocumentReference/ada-doc',
    headers: { 'if-modified-since': 'Tue, 01 Jan 2036 00:00:00 GMT' },
    status: 304,
    of: ['ada'],
  },
  {
    it: 'a read of what is hidden',
    path: 'DocumentReference/cyd-doc',
    status: 404,
    of: ['cyd'],
    outcome: '4',
    names: ['Patient/cyd', 'DocumentReference/cyd-doc'],
  },
  { it: 'a read of a hidden patient', path: 'Patient/cyd', status: 404, of: ['cyd'], outcome: '4' },
  { it: 'a read of what is absent', path: 'DocumentReference/nothing', status: 404, of: [] },
  {
    it: 'a read of what is two patients’',
    path: 'Appointment/both',
    status: 200,
    of: ['ada', 'ben'],
    names: ['Patient/ada', 'Appointment/both'],
  },
  {
    it: 'a read of what is two patients’, one of whom denies',
    path: 'Appointment/half',
    status: 404,
    of: ['ada', 'cyd'],
    outcome: '4',
  },
  { it: 'a read of what is nobody’s', path: 'Group/group', status: 404, of: [''], outcome: '4' },
  {
    it: 'a Binary by its document',
    path: 'Binary/ada-bin',
    status: 200,
    of: ['ada'],
    names: ['Patient/ada', 'Binary/ada-bin', 'DocumentReference/ada-doc'],
  },
  {
    it: 'a Binary that is hidden',
    who: 'dentist',
    path: 'Binary/ada-bin',
    status: 404,
    of: [''],
    outcome: '4',
  },
  {
    it: 'a history',
    path: 'DocumentReference/ada-doc/_history',
    status: 200,
    of: ['ada'],
    code: 'history-instance',
  },
  {
    it: 'a history of what is hidden',
    path: 'DocumentReference/cyd-doc/_history',
    status: 404,
    of: ['cyd'],
    outcome: '4',
  },
  {
    it: 'a history of a type',
    path: 'DocumentReference/_history',
    status: 200,
    of: ['ada', 'ben'],
    code: 'history-type',
  },
  { it: '$meta', path: 'DocumentReference/ada-doc/$meta', status: 200, of: ['ada'], code: 'operation' },
  {
    it: '$meta of what is hidden',
    path: 'DocumentReference/cyd-doc/$meta',
    status: 404,
    of: ['cyd'],
    outcome: '4',
  },
  {
    it: 'a search',
    path: 'DocumentReference?patient=ada',
    status: 200,
    of: ['ada'],
    code: 'search-type',
    action: 'E',
    names: ['Patient/ada', 'DocumentReference/ada-doc'],
    query: 'DocumentReference?patient=ada',
  },
  {
    it: 'a search that finds nothing',
    path: 'DocumentReference?patient=ada&type=none',
    status: 200,
    of: ['ada'],
    names: ['Patient/ada'],
  },
  { it: 'a count', path: 'DocumentReference?patient=ada&_summary=count', status: 200, of: ['ada'] },
  {
    it: 'a search of a hidden patient’s',
    path: 'DocumentReference?patient=cyd',
    status: 200,
    of: ['cyd'],
    names: ['Patient/cyd'],
  },
  {
    it: 'a search of two patients’',
    path: 'DocumentReference?patient=ada,ben',
    status: 200,
    of: ['ada', 'ben'],
    query: 'DocumentReference?patient=…',
  },
  {
    it: 'a search of one patient’s by several codes',
    path: 'DocumentReference?patient=ada&status=current,superseded&type=http://loinc.org|11502-2,11506-3&_elements=id,date&date=ge2020,le2030',
    status: 200,
    of: ['ada'],
    query:
      'DocumentReference?patient=ada&status=current,superseded&type=http://loinc.org|11502-2,11506-3&_elements=id,date&date=ge2020,le2030',
  },
  {
    it: 'a search by several numbers and texts that may be somebody else’s',
    path: 'DocumentReference?patient=ada&identifier=1,2&description=a,b&status=current',
    status: 200,
    of: ['ada'],
    query: 'DocumentReference?patient=ada&identifier=…&description=…&status=current',
  },
  {
    it: 'a search of one patient’s and a hidden one’s',
    path: 'DocumentReference?patient=Patient/ada,Patient/cyd',
    status: 200,
    of: ['ada', 'cyd'],
  },
  { it: 'a search of nobody’s by name', path: 'DocumentReference', status: 200, of: ['ada', 'ben'] },
  {
    it: 'a search by two numbers',
    path: `Patient?identifier=${INS}|${NUMBERS.ada},${INS}|${NUMBERS.ben}`,
    status: 200,
    of: ['ada', 'ben'],
  },
  {
    it: 'a search by two numbers, one of which is hidden',
    path: `Patient?identifier=${NUMBERS.ada},${NUMBERS.cyd}`,
    status: 200,
    of: ['ada'],
    query: 'Patient?identifier=…',
  },
  {
    it: 'a search by a form',
    method: 'POST',
    path: 'DocumentReference/_search',
    body: 'patient=ada&status=current',
    headers: form,
    status: 200,
    of: ['ada'],
    query: 'DocumentReference/_search?patient=ada&status=current',
  },
  { it: 'a compartment', path: 'Patient/ada/DocumentReference', status: 200, of: ['ada'] },
  { it: 'a hidden compartment', path: 'Patient/cyd/*', status: 200, of: ['cyd'] },
  {
    it: 'includes',
    path: 'Appointment?_id=both&_include=Appointment:actor',
    status: 200,
    // each came along with what is the other's too
    of: ['ada', 'ben'],
  },
  { it: 'the directory by read', path: 'Practitioner/demo-gp', status: 200, of: [] },
  { it: 'the directory by search', path: 'Practitioner?name=lambert', status: 200, of: [] },
  { it: 'the directory’s history', path: 'Practitioner/demo-gp/_history', status: 200, of: [] },
  { it: 'what is wrong', path: 'DocumentReference?unheard=1', status: 400, of: [] },
  {
    it: 'a create',
    method: 'POST',
    path: 'DocumentReference',
    body: made,
    status: 201,
    of: ['cyd'],
    code: 'create',
    action: 'C',
  },
  {
    it: 'a create that is refused',
    method: 'POST',
    path: 'Consent',
    body: permit,
    status: 403,
    of: ['cyd'],
    code: 'create',
    action: 'C',
    outcome: '4',
  },
  {
    it: 'a create of an unknown patient’s',
    method: 'POST',
    path: 'DocumentReference',
    body: { ...made, subject: { reference: 'https://x.example/fhir/Patient/zoe' } },
    status: 201,
    of: [''],
  },
  {
    it: 'a create that is there already',
    method: 'POST',
    path: 'DocumentReference',
    body: made,
    headers: { 'if-none-exist': '_id=ada-doc' },
    status: 200,
    of: ['ada'],
  },
  {
    it: 'an update of what is hidden',
    method: 'PUT',
    path: 'DocumentReference/cyd-doc',
    body: document('cyd-doc', 'cyd'),
    status: 405,
    of: ['cyd'],
    action: 'U',
    outcome: '4',
  },
  {
    it: 'an update of what another deposited',
    method: 'PUT',
    path: 'DocumentReference/ada-doc',
    body: document('ada-doc', 'ada'),
    status: 403,
    of: ['ada'],
    action: 'U',
    outcome: '4',
  },
  {
    it: 'a patch of what is hidden',
    method: 'PATCH',
    path: 'DocumentReference/cyd-doc',
    body: [{ op: 'add', path: '/language', value: 'fr' }],
    headers: json,
    status: 404,
    of: ['cyd'],
    action: 'U',
    outcome: '4',
  },
  {
    it: 'a deletion of what is hidden',
    method: 'DELETE',
    path: 'DocumentReference/cyd-doc',
    status: 204,
    of: ['cyd'],
    action: 'D',
    outcome: '4',
  },
  {
    it: 'a deletion of what another deposited',
    method: 'DELETE',
    path: 'DocumentReference/ada-doc',
    status: 403,
    of: ['ada'],
    action: 'D',
    outcome: '4',
  },
  {
    it: 'a batch',
    method: 'POST',
    path: '',
    body: bundle(
      'batch',
      request('GET', 'DocumentReference/ada-doc'),
      request('GET', 'Patient/ben'),
      request('GET', 'DocumentReference/nothing'),
    ),
    status: 200,
    of: ['ada', 'ben'],
  },
  {
    it: 'a batch that is refused something',
    method: 'POST',
    path: '',
    body: bundle(
      'batch',
      request('GET', 'DocumentReference/ada-doc'),
      request('GET', 'DocumentReference/cyd-doc'),
    ),
    status: 200,
    of: ['ada', 'cyd'],
  },
  {
    it: 'a transaction',
    method: 'POST',
    path: '',
    body: bundle(
      'transaction',
      request('POST', 'DocumentReference', made),
      request('POST', 'DocumentReference', { ...made, subject: { reference: 'Patient/ada' } }),
    ),
    status: 200,
    of: ['ada', 'cyd'],
  },
  {
    it: 'a transaction that is refused',
    method: 'POST',
    path: '',
    body: bundle(
      'transaction',
      request('POST', 'Consent', permit),
      request('POST', 'DocumentReference', made),
    ),
    status: 403,
    of: ['cyd'],
    outcome: '4',
  },
  {
    it: 'a patient found by number',
    method: 'POST',
    path: '',
    body: bundle(
      'transaction',
      request('POST', 'DocumentReference', {
        ...made,
        subject: { reference: `Patient?identifier=${INS}|${NUMBERS.cyd}` },
      }),
    ),
    status: 200,
    of: ['cyd'],
  },
  {
    it: 'a patient asked for by number, to no end',
    method: 'POST',
    path: '',
    body: bundle(
      'transaction',
      request('POST', 'Observation', {
        ...observation('', 'cyd', 1),
        id: undefined,
        status: 'wrong',
        subject: { reference: `Patient?identifier=${INS}|${NUMBERS.cyd}` },
      }),
    ),
    status: 422,
    of: ['cyd'],
    outcome: '4',
  },
  {
    it: 'a read by the patient',
    who: 'patient',
    path: 'DocumentReference?patient=demo-mother',
    status: 200,
    of: ['demo-mother'],
  },
  { it: 'a read without a scope', who: 'operator', path: 'DocumentReference/ada-doc', status: 403, of: [] },
];

describe('leaves its trace:', () => {
  it.each(CASES)(
    '$it',
    async ({ who = 'gp', method = 'GET', path, body, headers, status, of, ...wanted }) => {
      const requestId = randomUUID();
      const reply = await carnet.as(who).send(method, path, body, { ...headers, 'x-request-id': requestId });
      expect([reply.status, reply.status === status || reply.text]).toEqual([status, true]);
      const traces = await tracesOf(requestId);
      expect(traces.map(patientOf).sort()).toEqual([...of].sort());
      const first = traces.find((trace) => patientOf(trace) === of[0]);
      if (first === undefined) return;
      expect(first.outcome).toBe(wanted.outcome ?? '0');
      if (wanted.code !== undefined) expect(first.subtype[0]?.code).toBe(wanted.code);
      if (wanted.action !== undefined) expect(first.action).toBe(wanted.action);
      if (wanted.names !== undefined) expect(referencesOf(first)).toEqual(wanted.names);
      if (wanted.query !== undefined) expect(queryOf(first)).toBe(wanted.query);
      for (const trace of traces) {
        const own = patientOf(trace);
        const told = `${JSON.stringify(trace)} ${queryOf(trace)}`;
        for (const [id, number] of Object.entries(NUMBERS)) {
          if (id === own) continue;
          expect([own, told]).toEqual([
            own,
            expect.not.stringMatching(
              new RegExp(`Patient/${id}\\b|=${id}\\b|,${id}\\b|${number}|Patient/\\?`),
            ),
          ]);
        }
        expect(trace.agent.some(({ who: caller }) => caller?.reference !== undefined)).toBe(true);
      }
    },
  );

  it('what is read behind a write, in one batch', async () => {
    const requestId = randomUUID();
    const sent = bundle(
      'batch',
      request('POST', 'DocumentReference', { ...made, subject: { reference: 'Patient/ada' } }),
      request('GET', 'Observation/ada-obs'),
    );
    await carnet.as('gp').post('', sent, { 'x-request-id': requestId });
    const traces = await tracesOf(requestId);
    expect(new Set(traces.map(patientOf))).toEqual(new Set(['ada']));
    expect(traces.flatMap(referencesOf)).toContain('Observation/ada-obs');
  });
});

describe('who reads the traces', () => {
  const own = (id: string): Client =>
    carnet.as({ token: carnet.tokenFor({ reference: `Patient/${id}` }, 'patient') });
  const ids = ({ json: found }: Reply): string[] =>
    ((found.entry ?? []) as { resource: { id: string } }[]).map(({ resource }) => resource.id);

  it('the patient reads their own, and nobody else’s', async () => {
    await carnet.as('gp').get('DocumentReference/ada-doc');
    await carnet.as('gp').get('DocumentReference/ben-doc');
    const found = await own('ada').get('AuditEvent?_count=500');
    expect(found.json.total).toBeGreaterThan(5);
    const events = (found.json.entry as { resource: AuditEvent }[]).map(({ resource }) => resource);
    expect(new Set(events.map(patientOf))).toEqual(new Set(['ada']));
    expect((await own('ada').get('AuditEvent?patient=ben')).json.total).toBe(0);
    const [first] = ids(await own('ben').get('AuditEvent?_count=1'));
    expect((await own('ben').get(`AuditEvent/${first}`)).status).toBe(200);
    expect((await own('ada').get(`AuditEvent/${first}`)).status).toBe(404);
  });

  it.each(['app'] as const)('%s reads none, whatever a Consent says', async (name) => {
    const [first] = ids(await own('ada').get('AuditEvent?_count=1'));
    const client = carnet.as(name);
    expect((await client.get(`AuditEvent/${first}`)).status).toBe(404);
    expect((await client.get('AuditEvent?patient=ada')).json.total).toBe(0);
    expect((await client.get('AuditEvent')).json.total).toBe(0);
    expect((await client.get('AuditEvent/_history')).json.entry).toBeUndefined();
    expect((await client.get('Patient/ada/AuditEvent')).json.total).toBe(0);
    expect(
      (await client.get('DocumentReference?_id=ada-doc&_revinclude=AuditEvent:entity')).text,
    ).not.toContain('"AuditEvent"');
    expect((await client.get('Patient?_has:AuditEvent:patient:action=R&_id=ada')).json.total).toBe(0);
  });

  it('nobody changes or deletes one, the test caller neither', async () => {
    const [id] = ids(await own('ada').get('AuditEvent?_count=1'));
    const { json: event } = await all.get(`AuditEvent/${id}`);
    for (const client of [all, own('ada')]) {
      const replies = [
        await client.put(`AuditEvent/${id}`, event),
        await client.patch(`AuditEvent/${id}`, [{ op: 'replace', path: '/outcome', value: '0' }]),
        await client.delete(`AuditEvent/${id}`),
        await client.delete(`AuditEvent?_id=${id}`),
        await client.post(`AuditEvent/${id}/$meta-add`, {
          resourceType: 'Parameters',
          parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }],
        }),
      ];
      for (const { status } of replies) expect([403, 422]).toContain(status);
    }
    expect((await all.get(`AuditEvent/${id}`)).json).toEqual(event);
  });
});

describe('when the trace can’t be written', () => {
  let client: MongoClient;
  beforeAll(async () => {
    client = await MongoClient.connect(carnet.database.uri);
    await writable(false);
  });
  afterAll(async () => {
    await writable(true);
    await client.close();
  });
  const writable = (may: boolean) =>
    client
      .db(carnet.database.dbName)
      .command({ collMod: 'audit', validator: may ? {} : { never: { $exists: true } } });

  it.each<[string, string, unknown]>([
    ['GET', 'DocumentReference/ada-doc', undefined],
    ['GET', 'DocumentReference/cyd-doc', undefined],
    ['GET', 'DocumentReference?patient=ada', undefined],
    ['GET', 'DocumentReference?patient=ada&type=none', undefined],
    ['GET', 'DocumentReference/ada-doc/_history', undefined],
    ['GET', 'Binary/ada-bin', undefined],
    ['POST', 'DocumentReference', made],
    ['POST', 'Consent', permit],
    ['PUT', 'DocumentReference/cyd-doc', document('cyd-doc', 'cyd')],
    ['DELETE', 'DocumentReference/cyd-doc', undefined],
    ['POST', '', bundle('transaction', request('POST', 'DocumentReference', made))],
  ])('%s %s is 503 and tells nothing', async (method, path, body) => {
    const reply = await carnet.as('gp').send(method, path, body);
    expect([reply.status, reply.json?.resourceType, reply.json?.issue[0].code]).toEqual([
      503,
      'OperationOutcome',
      'transient',
    ]);
    expect(reply.headers.get('retry-after')).not.toBeNull();
    expect(reply.text).not.toMatch(/ada|cyd|Mongo|validation/);
  });

  it('each entry of a batch is 503 by itself, and tells nothing', async () => {
    const entries = [request('GET', 'DocumentReference/ada-doc'), request('POST', 'DocumentReference', made)];
    const reply = await carnet.as('gp').post('', bundle('batch', ...entries));
    const answers = reply.json.entry as { response: { status: string }; resource?: unknown }[];
    expect(answers.map(({ response, resource }) => [response.status, resource])).toEqual([
      ['503', undefined],
      ['503', undefined],
    ]);
    expect(reply.text).not.toMatch(/ada|cyd|Mongo|validation/);
  });

  it('the directory is read all the same', async () => {
    expect((await carnet.as('gp').get('Practitioner/demo-gp')).status).toBe(200);
  });

  it('and what was not traced was not done', async () => {
    const before = await client.db(carnet.database.dbName).collection('resources').countDocuments();
    expect((await carnet.as('gp').post('DocumentReference', made)).status).toBe(503);
    expect(await client.db(carnet.database.dbName).collection('resources').countDocuments()).toBe(before);
  });
});
