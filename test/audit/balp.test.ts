/** What each route leaves as traces: a success claims and satisfies a profile of IHE BALP, a refusal claims none. */
import { randomUUID } from 'node:crypto';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { ROUTES, type Route } from '../../src/http/routes.ts';
import { provided } from '../documents/support.ts';
import { cda3, patientOf, person as mediaPerson } from '../documents/support/media.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';
import { PROFILES, TOKEN_USE, faults, shape } from './support/balp.ts';

const BALP = 'https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.';

let carnet: TestServer;
let vid: string;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  await putAll(carnet.as('all'), [{ ...patientOf(mediaPerson(0)), id: 'own' }]);
  vid = (await owner().put('Flag/own-f1', flag('own-f1'))).json.meta.versionId;
  await owner().put('Consent/own-c1', consent);
  await putAll(carnet.as('all'), [encounter, page]);
  await stranger().post('Flag', flag());
});
afterAll(() => carnet?.close());

const owner = (): Client =>
  carnet.as({ token: carnet.tokenFor({ reference: 'Patient/own', idPrefixes: ['own-'] }, 'patient') });
const stranger = (): Client => carnet.as('dentist');

const flag = (id?: string) => ({
  resourceType: 'Flag',
  ...(id === undefined ? {} : { id }),
  status: 'active',
  code: { text: 'x' },
  subject: { reference: 'Patient/own' },
});
const consent = {
  resourceType: 'Consent',
  id: 'own-c1',
  status: 'active',
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  category: [{ text: 'x' }],
  patient: { reference: 'Patient/own' },
  policy: [{ uri: 'https://example.org/policy' }],
};
const encounter = {
  resourceType: 'Encounter',
  id: 'own-e1',
  status: 'finished',
  class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB' },
  subject: { reference: 'Patient/own' },
};
const cda = cda3(mediaPerson(0), 'Compte rendu', '1.2.3', '');
const page = {
  resourceType: 'DocumentReference',
  id: 'own-d1',
  status: 'current',
  subject: { reference: 'Patient/own' },
  content: [{ attachment: { contentType: 'text/xml', data: cda.toString('base64') } }],
};
const binary = {
  resourceType: 'Binary',
  id: 'own-b1',
  contentType: 'text/plain',
  securityContext: { reference: 'Patient/own' },
  data: 'eA==',
};
const preview = { resourceType: 'Parameters', parameter: [{ name: 'consent', resource: consent }] };
const meta = {
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }],
};
const bundle = (type: string, ...entry: object[]) => ({ resourceType: 'Bundle', type, entry });
const put = (resource: Resource) => ({
  resource,
  request: { method: 'PUT', url: `${resource.resourceType}/${resource.id}` },
});
const FORM = { 'content-type': 'application/x-www-form-urlencoded' };
const PATCH = { 'content-type': 'application/json-patch+json' };
const touch = [{ op: 'add', path: '/language', value: 'fr' }];

interface Trial {
  path?: string;
  body?: unknown;
  headers?: Record<string, string>;
  /** What the owner's trace claims. */
  claims: string;
  /** What the stranger's trace is: refused, of a query, or there is none since nothing was touched. */
  stranger: 'refused' | 'PatientQuery' | 'PatientCreate' | 'PatientRead' | 'nothing';
}

/** Touches nobody's data, or tells what is in the request alone. */
const UNTRACED = new Set([
  'GET metadata',
  'POST [type]/$validate',
  'POST [type]/[id]/$validate',
  // how far an export is, and its end; the file itself, whose trace is tried in test/record/export.test.ts
  'GET Patient/[id]/$export-record/[vid]',
  'DELETE Patient/[id]/$export-record/[vid]',
  'GET Patient/[id]/$export-record/[vid]/record.zip',
  // by professionals alone: test/operation/break-glass.test.ts
  'POST Patient/[id]/$break-glass',
  // by stewards alone: test/account/merge.test.ts
  'POST Patient/$merge',
  // the same: test/documents
  'POST Patient/$match',
  'GET Patient/[id]/$access-status',
  'POST Patient/[id]/$access-status',
  'POST DocumentReference/$generate-metadata',
  // of whom a notice is told there: see test/notice/inbox.test.ts
  'GET Practitioner/[id]/$notices',
  'POST Practitioner/[id]/$notices-read',
  'GET Organization/[id]/$notices',
  'POST Organization/[id]/$notices-read',
  'GET Device/[id]/$notices',
  'POST Device/[id]/$notices-read',
  // a Subscription is nobody's: see below
  'GET Subscription/[id]/$status',
  'GET Subscription/[id]/$events',
  'GET Subscription/[id]/$get-ws-binding-token',
  'GET Subscription/$status',
  'POST Subscription/$status',
  'GET Subscription/$get-ws-binding-token',
  'POST Subscription/$get-ws-binding-token',
]);

// prettier-ignore
const TRIALS: Record<string, Trial> = {
  'GET [type]/[id]': { path: 'Flag/own-f1', claims: 'PatientRead', stranger: 'refused' },
  'GET [type]/[id]/_history/[vid]': { path: 'Flag/own-f1/_history/VID', claims: 'PatientRead', stranger: 'refused' },
  'PUT [type]/[id]': { path: 'Flag/own-f1', body: flag('own-f1'), claims: 'PatientUpdate', stranger: 'refused' },
  'PATCH [type]/[id]': { path: 'Flag/own-f1', body: touch, headers: PATCH, claims: 'PatientUpdate', stranger: 'refused' },
  'DELETE [type]/[id]': { path: 'Flag/own-doomed', claims: 'PatientDelete', stranger: 'refused' },
  'POST [type]': { path: 'Flag', body: flag(), claims: 'PatientCreate', stranger: 'PatientCreate' },
  'PUT [type]': { path: 'Flag?_id=own-f1', body: flag(), claims: 'PatientUpdate', stranger: 'PatientCreate' },
  'PATCH [type]': { path: 'Flag?_id=own-f1', body: touch, headers: PATCH, claims: 'PatientUpdate', stranger: 'nothing' },
  'DELETE [type]': { path: 'Flag?_id=own-doomed', claims: 'PatientDelete', stranger: 'nothing' },
  'GET [type]': { path: 'Flag?patient=own', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'POST [type]/_search': { path: 'Flag/_search', body: 'patient=own', headers: FORM, claims: 'PatientQuery', stranger: 'PatientQuery' },
  'GET ': { path: '?_type=Flag,Patient&_id=own', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'POST _search': { path: '_search', body: '_type=Flag,Patient&_id=own', headers: FORM, claims: 'PatientQuery', stranger: 'PatientQuery' },
  'GET [compartment]/[id]/[type]': { path: 'Patient/own/Flag', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'POST [compartment]/[id]/[type]/_search': { path: 'Patient/own/Flag/_search', body: '', headers: FORM, claims: 'PatientQuery', stranger: 'PatientQuery' },
  'GET [compartment]/[id]/*': { path: 'Patient/own/*', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'POST [compartment]/[id]/_search': { path: 'Patient/own/_search', body: '', headers: FORM, claims: 'PatientQuery', stranger: 'PatientQuery' },
  'GET [type]/[id]/_history': { path: 'Flag/own-f1/_history', claims: 'PatientRead', stranger: 'refused' },
  'GET [type]/_history': { path: 'Flag/_history', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'GET _history': { path: '_history', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'POST ': { path: '', body: bundle('transaction', put(flag('own-f2') as Resource), put(flag('own-f3') as Resource)), claims: 'PatientCreate', stranger: 'refused' },
  'GET $meta': { path: '$meta', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'POST $meta': { path: '$meta', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'GET [type]/$meta': { path: 'Flag/$meta', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'POST [type]/$meta': { path: 'Flag/$meta', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'GET [type]/[id]/$meta': { path: 'Flag/own-f1/$meta', claims: 'PatientRead', stranger: 'refused' },
  'POST [type]/[id]/$meta': { path: 'Flag/own-f1/$meta', claims: 'PatientRead', stranger: 'refused' },
  'POST [type]/[id]/$meta-add': { path: 'Flag/own-f1/$meta-add', body: meta, claims: 'PatientUpdate', stranger: 'refused' },
  'POST [type]/[id]/$meta-delete': { path: 'Flag/own-f1/$meta-delete', body: meta, claims: 'PatientUpdate', stranger: 'refused' },
  'GET Consent/[id]/$enforcement-status': { path: 'Consent/own-c1/$enforcement-status', claims: 'PatientRead', stranger: 'refused' },
  'GET Patient/[id]/$enforcement-status': { path: 'Patient/own/$enforcement-status', claims: 'PatientRead', stranger: 'refused' },
  'GET Patient/[id]/$explain-access': { path: 'Patient/own/$explain-access?actor=Practitioner/x', claims: 'PatientRead', stranger: 'refused' },
  'POST Patient/[id]/$access-preview': { path: 'Patient/own/$access-preview', body: preview, claims: 'PatientRead', stranger: 'refused' },
  'GET Patient/[id]/$notices': { path: 'Patient/own/$notices', claims: 'PatientRead', stranger: 'refused' },
  'POST Patient/[id]/$notices-read': { path: 'Patient/own/$notices-read', body: { resourceType: 'Parameters', parameter: [{ name: 'read', valueId: 'none' }] }, claims: 'PatientRead', stranger: 'refused' },
  'GET Patient/[id]/$notice-preferences': { path: 'Patient/own/$notice-preferences', claims: 'PatientRead', stranger: 'refused' },
  'POST Patient/[id]/$notice-preferences-set': { path: 'Patient/own/$notice-preferences-set', body: { resourceType: 'Parameters' }, claims: 'PatientRead', stranger: 'refused' },
  'GET Patient/[id]/$everything': { path: 'Patient/own/$everything', claims: 'PatientRead', stranger: 'refused' },
  'POST Patient/[id]/$everything': { path: 'Patient/own/$everything', body: { resourceType: 'Parameters' }, claims: 'PatientRead', stranger: 'refused' },
  'GET Encounter/[id]/$everything': { path: 'Encounter/own-e1/$everything', claims: 'PatientRead', stranger: 'refused' },
  'POST Encounter/[id]/$everything': { path: 'Encounter/own-e1/$everything', body: { resourceType: 'Parameters' }, claims: 'PatientRead', stranger: 'refused' },
  'GET Patient/[id]/$summary': { path: 'Patient/own/$summary', claims: 'PatientRead', stranger: 'refused' },
  'POST Patient/[id]/$summary': { path: 'Patient/own/$summary', body: { resourceType: 'Parameters' }, claims: 'PatientRead', stranger: 'refused' },
  'GET DocumentReference/$docref': { path: 'DocumentReference/$docref?patient=own', claims: 'PatientQuery', stranger: 'PatientQuery' },
  'POST DocumentReference/$docref': { path: 'DocumentReference/$docref', body: { resourceType: 'Parameters', parameter: [{ name: 'patient', valueId: 'own' }] }, claims: 'PatientQuery', stranger: 'PatientQuery' },
  'GET Patient/[id]/$export-record': { path: 'Patient/own/$export-record', claims: 'PatientRead', stranger: 'refused' },
  'POST Patient/[id]/$export-record': { path: 'Patient/own/$export-record', body: { resourceType: 'Parameters' }, claims: 'PatientRead', stranger: 'refused' },
  'GET DocumentReference/[id]/$html': { path: 'DocumentReference/own-d1/$html', headers: { accept: 'text/html' }, claims: 'PatientRead', stranger: 'refused' },
  'POST DocumentReference/[id]/$html': { path: 'DocumentReference/own-d1/$html', body: { resourceType: 'Parameters' }, headers: { accept: 'text/html' }, claims: 'PatientRead', stranger: 'refused' },
  'GET Patient/[id]/$access-history': { path: 'Patient/own/$access-history', claims: 'PatientRead', stranger: 'PatientRead' },
};

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
/** What this server defines is nobody's. */
const isVocabulary = ({ path }: Route): boolean =>
  /^(\[definition\]|ValueSet|CodeSystem|ConceptMap)(\/|$)/.test(path);
const routes = ROUTES.filter((route) => !UNTRACED.has(nameOf(route)) && !isVocabulary(route)).map(
  (route): [string, Route] => [nameOf(route), route],
);

async function sent(client: Client, route: Route): Promise<{ reply: Reply; traces: Resource[] }> {
  const { path = route.path, body, headers } = TRIALS[nameOf(route)]!;
  const requestId = randomUUID();
  const reply = await client.send(route.method, path.replace('VID', vid), body, {
    ...headers,
    'x-request-id': requestId,
  });
  const { json } = await carnet.as('all').get('AuditEvent?_sort=-_lastUpdated&_count=20');
  const all = (json.entry as { resource: Resource }[]).map(({ resource }) => resource);
  return {
    reply,
    traces: all.filter(({ entity }) =>
      (entity as Json[]).some(({ what }) => (what as { identifier?: Json })?.identifier?.value === requestId),
    ),
  };
}

const isValid = (event: Resource): unknown[] =>
  validate(event).filter(({ severity }) => severity === 'error' || severity === 'fatal');

const PATIENT = (event: Resource): unknown[] =>
  (event.entity as { what?: { reference?: string }; role?: { code: string } }[])
    .filter(({ role }) => role?.code === '1')
    .map(({ what }) => what?.reference);

it('has a trial for each route that touches data, and for no other', () => {
  expect(Object.keys(TRIALS).sort()).toEqual(routes.map(([name]) => name).sort());
});

describe('a success leaves what it claims:', () => {
  it.each(routes)('%s', async (name, route) => {
    await owner().put('Flag/own-doomed', flag('own-doomed'));
    const { reply, traces } = await sent(owner(), route);
    expect([reply.status, reply.status < 300 || reply.text]).toEqual([reply.status, true]);
    const { claims } = TRIALS[name]!;
    expect(traces.map(({ meta: { profile } = {} }) => profile)).toEqual([[`${BALP}${claims}`, TOKEN_USE]]);
    for (const event of traces) {
      expect([event.outcome, PATIENT(event), isValid(event)]).toEqual(['0', ['Patient/own'], []]);
      for (const profile of event.meta?.profile ?? []) expect(faults(event, profile)).toEqual([]);
    }
  });
});

describe('a refusal leaves the same, and claims nothing:', () => {
  it.each(routes)('%s', async (name, route) => {
    await owner().put('Flag/own-doomed', flag('own-doomed'));
    const { traces } = await sent(stranger(), route);
    const { stranger: wanted } = TRIALS[name]!;
    const own = traces.filter((event) => PATIENT(event).includes('Patient/own'));
    expect(own.map(({ outcome, meta: { profile } = {} }) => [outcome, profile?.[0]])).toEqual(
      wanted === 'nothing' ? [] : [wanted === 'refused' ? ['4', undefined] : ['0', `${BALP}${wanted}`]],
    );
    for (const event of own) {
      expect(isValid(event)).toEqual([]);
      const [same] = Object.values(PROFILES).filter(({ action }) => action === event.action);
      const { agents } = same!;
      expect(shape(event, { ...same!, agents, entities: [], subtypes: undefined })).toEqual([]);
    }
  });
});

const MHD_LISTS = 'https://profiles.ihe.net/ITI/MHD/CodeSystem/MHDlistTypes';

// https://profiles.ihe.net/ITI/MHD: its own audit profiles close their entities, see docs/audit.md
it.each([
  ['ITI-66', `List?patient=own&status=current&code=${MHD_LISTS}|submissionset`, 'PatientQuery'],
  ['ITI-67', 'DocumentReference?patient=own&status=current', 'PatientQuery'],
  ['ITI-68', 'Binary/own-b1', 'PatientRead'],
])('%s of IHE MHD leaves what it claims', async (_, path, claims) => {
  await putAll(carnet.as('all'), [binary]);
  const requestId = randomUUID();
  const headers = { 'x-request-id': requestId, accept: '*/*' };
  expect((await owner().send('GET', path, undefined, headers)).status).toBe(200);
  const { json } = await carnet.as('all').get('AuditEvent?_sort=-_lastUpdated&_count=5');
  const events = (json.entry as { resource: Resource }[]).map(({ resource }) => resource);
  const event = events.find((each) => JSON.stringify(each.entity).includes(requestId))!;
  expect([event.meta?.profile, PATIENT(event)]).toEqual([[`${BALP}${claims}`, TOKEN_USE], ['Patient/own']]);
  for (const profile of event.meta?.profile ?? []) expect(faults(event, profile)).toEqual([]);
});

/** The one trace of a request of the owner's, as told to them. */
async function traceOf(client: Client, method: string, path: string, body: unknown): Promise<Resource> {
  const requestId = randomUUID();
  const { status, text } = await client.send(method, path, body, { 'x-request-id': requestId });
  expect([status, status < 300 || text]).toEqual([status, true]);
  const { json } = await carnet.as('all').get('AuditEvent?_sort=-_lastUpdated&_count=5');
  const events = (json.entry as { resource: Resource }[]).map(({ resource }) => resource);
  const [event, ...others] = events.filter((each) => JSON.stringify(each.entity).includes(requestId));
  expect(others).toEqual([]);
  return event!;
}

/** `Type=what was done` of each thing but the patient; of the foremost the event's action says it. */
const DONE: Record<string, string> = { '1': 'C', '3': 'U', '14': 'D' };
const doneIn = ({ entity, action }: Resource): string[] =>
  (entity as { what?: { reference?: string }; type: { code: string }; lifecycle?: { code: string } }[])
    .filter(({ what }) => what?.reference !== undefined && what.reference !== 'Patient/own')
    .map(({ what, type, lifecycle }) => {
      const [name] = what!.reference!.split('/');
      if (type.code === '2') return `${name}=${String(action)}, foremost`;
      return lifecycle === undefined ? name! : `${name}=${DONE[lifecycle.code]}`;
    });

const INTERACTION = 'http://hl7.org/fhir/restful-interaction';
const request = (method: string, url: string, resource?: object): object => ({
  ...(resource === undefined ? {} : { resource }),
  request: { method, url },
});

describe('what was written together claims what was done, and tells of each thing how:', () => {
  it('ITI-65 of IHE MHD is the creation of a SubmissionSet', async () => {
    const sent = provided({ of: 'Patient/own', text: 'bonjour', folder: true });
    const event = await traceOf(carnet.as('hospital'), 'POST', '', sent);
    expect(event.meta?.profile).toEqual([`${BALP}PatientCreate`, TOKEN_USE]);
    expect([
      ...isValid(event),
      ...faults(event, `${BALP}PatientCreate`),
      ...faults(event, TOKEN_USE),
    ]).toEqual([]);
    expect(event.subtype).toEqual([
      { system: INTERACTION, code: 'transaction' },
      { system: INTERACTION, code: 'create' },
    ]);
    expect(PATIENT(event)).toEqual(['Patient/own']);
    expect(doneIn(event).sort()).toEqual(['Binary=C', 'DocumentReference=C', 'List=C', 'List=C, foremost']);
  });

  it('one that replaces a document amends that', async () => {
    const hospital = carnet.as('hospital');
    const first = await hospital.post('', provided({ of: 'Patient/own', text: 'un' }));
    const old = (first.json.entry as { response: { location: string } }[])[1]!.response.location;
    const relatesTo = [{ code: 'replaces', target: { reference: old.split('/_history')[0] } }];
    const event = await traceOf(
      hospital,
      'POST',
      '',
      provided({ of: 'Patient/own', text: 'deux', more: { relatesTo } }),
    );
    expect(faults(event, `${BALP}PatientCreate`)).toEqual([]);
    expect(doneIn(event).sort()).toEqual([
      'Binary=C',
      'DocumentReference=C',
      'DocumentReference=U',
      'List=C, foremost',
    ]);
  });

  it.each<[string, string, object[], string[]]>([
    ['an id that nothing had', 'PatientCreate', [put(flag('own-n1') as Resource)], ['Flag=C, foremost']],
    [
      'changes and a deletion',
      'PatientUpdate',
      [put(flag('own-f1') as Resource), request('DELETE', 'Flag/own-doomed')],
      ['Flag=D', 'Flag=U, foremost'],
    ],
    ['deletions', 'PatientDelete', [request('DELETE', 'Flag/own-doomed')], ['Flag=D, foremost']],
    [
      'a creation, and what was read with it',
      'PatientCreate',
      [request('POST', 'Flag', flag()), request('GET', 'Encounter/own-e1')],
      ['Encounter', 'Flag=C, foremost'],
    ],
  ])('%s', async (_, claims, entries, done) => {
    await owner().put('Flag/own-doomed', flag('own-doomed'));
    const event = await traceOf(owner(), 'POST', '', bundle('transaction', ...entries));
    expect(event.meta?.profile).toEqual([`${BALP}${claims}`, TOKEN_USE]);
    expect([...isValid(event), ...faults(event, `${BALP}${claims}`)]).toEqual([]);
    expect(doneIn(event).sort()).toEqual(done);
  });

  it('a PUT that creates is a creation', async () => {
    const event = await traceOf(owner(), 'PUT', 'Flag/own-n2', flag('own-n2'));
    expect([event.action, event.meta?.profile?.[0]]).toEqual(['C', `${BALP}PatientCreate`]);
    expect(faults(event, `${BALP}PatientCreate`)).toEqual([]);
  });

  it('a transaction that writes what is nobody’s claims the profile without a patient', async () => {
    const event = await traceOf(
      carnet.as('all'),
      'POST',
      '',
      bundle('transaction', request('POST', 'Group', nobodys)),
    );
    expect(event.meta?.profile?.[0]).toBe(`${BALP}Create`);
    expect(faults(event, `${BALP}Create`)).toEqual([]);
  });
});

const nobodys = { resourceType: 'Group', type: 'device', actual: true };

it.each([
  ['a create', 'POST', 'Group', nobodys, 'Create'],
  ['an update', 'PUT', 'Group/g', { ...nobodys, id: 'g' }, 'Update'],
  ['a read', 'GET', 'Group/g', undefined, 'Read'],
  ['a search', 'GET', 'Group?_id=g', undefined, 'Query'],
  ['a deletion', 'DELETE', 'Group/g', undefined, 'Delete'],
] as const)(
  'of what is nobody’s, %s claims the profile without a patient',
  async (_, method, path, body, claims) => {
    const all = carnet.as('all');
    if (method !== 'POST') await all.put('Group/g', { ...nobodys, id: 'g' });
    const requestId = randomUUID();
    expect((await all.send(method, path, body, { 'x-request-id': requestId })).status).toBeLessThan(300);
    const { json } = await all.get('AuditEvent?_sort=-_lastUpdated&_count=5');
    const events = (json.entry as { resource: Resource }[]).map(({ resource }) => resource);
    const event = events.find((each) => JSON.stringify(each.entity).includes(requestId))!;
    expect(event.meta?.profile?.[0]).toBe(`${BALP}${claims}`);
    expect([...isValid(event), ...faults(event, `${BALP}${claims}`)]).toEqual([]);
  },
);

describe('the checker', () => {
  const good = async (): Promise<Resource> => (await sent(owner(), routes[0]![1])).traces[0]!;
  const READ = `${BALP}PatientRead`;

  it.each<[string, (event: Resource) => void]>([
    ['another action', (event) => (event.action = 'E')],
    ['a failure', (event) => (event.outcome = '4')],
    ['no client', (event) => (event.agent as Json[]).splice(1, 1)],
    ['a client from nowhere', (event) => delete (event.agent as Json[])[1]!.network],
    ['a user on a machine', (event) => ((event.agent as Json[])[0]!.network = { type: '2' })],
    ['no patient', (event) => (event.entity as Json[]).shift()],
    ['two objects', (event) => (event.entity as Json[]).push((event.entity as Json[])[1]!)],
    ['no object', (event) => (event.entity as Json[]).splice(1, 1)],
    [
      'a request id without value',
      (event) =>
        ((event.entity as Json[]).find(({ type }) => (type as { code: string }).code === 'XrequestId')!.what =
          {}),
    ],
  ])('finds %s', async (_, spoil) => {
    const event = await good();
    expect(faults(event, READ)).toEqual([]);
    spoil(event);
    expect(faults(event, READ)).not.toEqual([]);
  });
});

it.each(['$status', '$events', '$get-ws-binding-token'])(
  'of a Subscription, %s claims the profile without a patient',
  async (operation) => {
    const hospital = carnet.as('hospital');
    const made = await hospital.post('Subscription', {
      resourceType: 'Subscription',
      status: 'requested',
      reason: 'to be told',
      criteria: 'DocumentReference?patient=own',
      channel: { type: 'websocket' },
    });
    expect(made.status).toBe(201);
    const requestId = randomUUID();
    const path = `Subscription/${made.json.id}/${operation}`;
    const reply = await hospital.send('GET', path, undefined, { 'x-request-id': requestId });
    expect([reply.status, reply.status < 300 || reply.text]).toEqual([reply.status, true]);
    const { json } = await carnet.as('all').get('AuditEvent?_sort=-_lastUpdated&_count=5');
    const events = (json.entry as { resource: Resource }[]).map(({ resource }) => resource);
    const [event] = events.filter((each) => JSON.stringify(each.entity).includes(requestId));
    expect([event?.meta?.profile?.[0], PATIENT(event!)]).toEqual([`${BALP}Read`, []]);
    expect(faults(event!, `${BALP}Read`)).toEqual([]);
  },
);
