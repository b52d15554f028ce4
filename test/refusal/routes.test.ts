/** Each route, tried by nobody, by a stranger and by someone entitled. A route that isn't told here fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { CallerName } from '../../src/demo/callers.ts';
import { ROUTES, type Route } from '../../src/http/routes.ts';
import { cda } from '../documents/cda.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
let vid: string;
const orders: string[] = [];
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  const all = carnet.as('all');
  await all.put('Patient/own', { ...person, id: 'own' });
  await all.put('Patient/double', { resourceType: 'Patient', id: 'double', identifier: [number('2')] });
  await all.put('DocumentReference/d1', document);
  await all.put('Consent/c1', consent);
  await all.put('Encounter/e1', encounter);
  await all.put('Subscription/s1', subscription);
  await all.put('DocumentReference/page', page);
  for (const _ of ['EXPORT', 'DOOMED']) {
    const { headers } = await owner().get('Patient/own/$export-record');
    const status = headers.get('content-location')!;
    while ((await owner().get(status)).status === 202) await sleep(50);
    orders.push(status.slice(-32));
  }
  vid = (await all.put('Flag/f1', flag('f1'))).json.meta.versionId;
});
afterAll(() => carnet?.close());

const number = (value: string) => ({ system: 'urn:oid:1.2.250.1.213.1.4.10', value });
const person = {
  resourceType: 'Patient',
  identifier: [number('124018852493334')],
  name: [{ family: 'Secret', given: ['Ada'] }],
  gender: 'female',
  birthDate: '1980-02-03',
};
const document = {
  resourceType: 'DocumentReference',
  id: 'd1',
  status: 'current',
  subject: { reference: 'Patient/own' },
  description: 'Secret',
  content: [{ attachment: { contentType: 'text/plain', data: 'eA==' } }],
};
const described = {
  resourceType: 'Binary',
  contentType: 'text/xml',
  data: Buffer.from(cda({ id: '1.2.250.1.213.77.1', ins: '124018852493334' })).toString('base64'),
};
const flag = (id?: string) => ({
  resourceType: 'Flag',
  ...(id === undefined ? {} : { id }),
  meta: { tag: [{ code: 'Secret' }] },
  status: 'active',
  code: { text: 'Secret' },
  subject: { reference: 'Patient/own' },
});
const subscription = {
  resourceType: 'Subscription',
  id: 's1',
  status: 'requested',
  reason: 'Secret',
  criteria: 'Flag?patient=own',
  channel: { type: 'websocket' },
};
const consent = {
  resourceType: 'Consent',
  id: 'c1',
  status: 'active',
  scope: {
    coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'patient-privacy' }],
  },
  category: [{ text: 'Secret' }],
  patient: { reference: 'Patient/own' },
  policy: [{ uri: 'https://example.org/policy' }],
};
const encounter = {
  resourceType: 'Encounter',
  id: 'e1',
  status: 'finished',
  class: { code: 'AMB' },
  serviceType: { text: 'Secret' },
  subject: { reference: 'Patient/own' },
};
const meta = {
  resourceType: 'Parameters',
  parameter: [{ name: 'meta', valueMeta: { tag: [{ code: 'x' }] } }],
};
const entries = (type: 'GET' | 'PUT') => ({
  resourceType: 'Bundle',
  type: 'transaction',
  entry: [{ request: { method: type, url: 'Flag/f1' }, ...(type === 'PUT' ? { resource: flag('f1') } : {}) }],
});
const VS = 'https://carnet.example/fhir/ValueSet/';
const LOINC = { system: 'http://loinc.org', code: '11488-4' };
const asked = (...parameter: object[]) => ({ resourceType: 'Parameters', parameter });
const form = (fields: string) => ({
  body: fields,
  headers: { 'content-type': 'application/x-www-form-urlencoded' },
});

/** What the stranger gets: an error, or an answer that holds nothing of what is not theirs. */
type Barred = number | 'nothing';

interface Trial {
  path?: string;
  body?: unknown;
  headers?: Record<string, string>;
  entitled: number;
  stranger: Barred;
  /** Who is entitled, where it is a person. */
  by?: CallerName;
}

/** Everybody may do it who has a token: it reaches nobody's data. */
const HARMLESS = new Set([
  'POST [type]/$validate',
  'POST [type]/[id]/$validate',
  ...ROUTES.map(({ method, path }) => `${method} ${path}`).filter((route) =>
    /\[definition\]|ValueSet|CodeSystem|ConceptMap/.test(route),
  ),
]);

// prettier-ignore
const TRIALS: Record<string, Trial> = {
  'GET metadata': { entitled: 200, stranger: 'nothing' },
  'GET [type]/[id]': { path: 'Flag/f1', entitled: 200, stranger: 404 },
  'GET [type]/[id]/_history/[vid]': { path: 'Flag/f1/_history/VID', entitled: 200, stranger: 404 },
  'PUT [type]/[id]': { path: 'Flag/f1', body: flag('f1'), entitled: 200, stranger: 405 },
  'PATCH [type]/[id]': { path: 'Flag/f1', body: [{ op: 'test', path: '/status', value: 'active' }], headers: { 'content-type': 'application/json-patch+json' }, entitled: 200, stranger: 404 },
  'DELETE [type]/[id]': { path: 'Flag/doomed', entitled: 204, stranger: 'nothing' },
  'POST [type]': { path: 'Flag', body: flag(), entitled: 201, stranger: 403 },
  'PUT [type]': { path: 'Flag?_id=f1', body: flag(), entitled: 200, stranger: 403 },
  'PATCH [type]': { path: 'Flag?_id=f1', body: [{ op: 'test', path: '/status', value: 'active' }], headers: { 'content-type': 'application/json-patch+json' }, entitled: 200, stranger: 404 },
  'DELETE [type]': { path: 'Flag?_id=doomed', entitled: 204, stranger: 'nothing' },
  'GET [type]': { path: 'Flag?patient=own', entitled: 200, stranger: 'nothing' },
  'POST [type]/_search': { path: 'Flag/_search', ...form('patient=own'), entitled: 200, stranger: 'nothing' },
  'GET ': { path: '?_type=Flag,Patient&_id=f1,own', entitled: 200, stranger: 'nothing' },
  'POST _search': { path: '_search', ...form('_type=Flag,Patient&_id=f1,own'), entitled: 200, stranger: 'nothing' },
  'GET [compartment]/[id]/[type]': { path: 'Patient/own/Flag', entitled: 200, stranger: 'nothing' },
  'POST [compartment]/[id]/[type]/_search': { path: 'Patient/own/Flag/_search', ...form(''), entitled: 200, stranger: 'nothing' },
  'GET [compartment]/[id]/*': { path: 'Patient/own/*', entitled: 200, stranger: 'nothing' },
  'POST [compartment]/[id]/_search': { path: 'Patient/own/_search', ...form(''), entitled: 200, stranger: 'nothing' },
  'GET [type]/[id]/_history': { path: 'Flag/f1/_history', entitled: 200, stranger: 404 },
  'GET [type]/_history': { path: 'Flag/_history', entitled: 200, stranger: 'nothing' },
  'GET _history': { path: '_history', entitled: 200, stranger: 'nothing' },
  'POST ': { path: '', body: entries('PUT'), entitled: 200, stranger: 405 },
  'GET [definition]/[id]': { path: 'ValueSet/document-types', entitled: 200, stranger: 200 },
  'GET [definition]': { path: 'StructureDefinition?name=Mhd', entitled: 200, stranger: 200 },
  'POST [definition]/_search': { path: 'ConceptMap/_search', ...form('_id=document-type-to-class'), entitled: 200, stranger: 200 },
  'GET ValueSet/$expand': { path: `ValueSet/$expand?url=${VS}document-classes`, entitled: 200, stranger: 200 },
  'POST ValueSet/$expand': { path: 'ValueSet/$expand', body: asked({ name: 'url', valueUri: `${VS}document-classes` }), entitled: 200, stranger: 200 },
  'GET ValueSet/[id]/$expand': { path: 'ValueSet/document-classes/$expand', entitled: 200, stranger: 200 },
  'POST ValueSet/[id]/$expand': { path: 'ValueSet/document-classes/$expand', entitled: 200, stranger: 200 },
  'GET ValueSet/$validate-code': { path: `ValueSet/$validate-code?url=${VS}document-types&system=http://loinc.org&code=11488-4`, entitled: 200, stranger: 200 },
  'POST ValueSet/$validate-code': { path: 'ValueSet/$validate-code', body: asked({ name: 'url', valueUri: `${VS}document-types` }, { name: 'coding', valueCoding: LOINC }), entitled: 200, stranger: 200 },
  'GET ValueSet/[id]/$validate-code': { path: 'ValueSet/document-types/$validate-code?system=http://loinc.org&code=11488-4', entitled: 200, stranger: 200 },
  'POST ValueSet/[id]/$validate-code': { path: 'ValueSet/document-types/$validate-code', body: asked({ name: 'coding', valueCoding: LOINC }), entitled: 200, stranger: 200 },
  'GET CodeSystem/$validate-code': { path: 'CodeSystem/$validate-code?url=http://loinc.org&code=11488-4', entitled: 200, stranger: 200 },
  'POST CodeSystem/$validate-code': { path: 'CodeSystem/$validate-code', body: asked({ name: 'coding', valueCoding: LOINC }), entitled: 200, stranger: 200 },
  'GET CodeSystem/$lookup': { path: 'CodeSystem/$lookup?system=http://loinc.org&code=11488-4', entitled: 200, stranger: 200 },
  'POST CodeSystem/$lookup': { path: 'CodeSystem/$lookup', body: asked({ name: 'coding', valueCoding: LOINC }), entitled: 200, stranger: 200 },
  'GET ConceptMap/$translate': { path: 'ConceptMap/$translate?system=http://loinc.org&code=11488-4', entitled: 200, stranger: 200 },
  'POST ConceptMap/$translate': { path: 'ConceptMap/$translate', body: asked({ name: 'coding', valueCoding: LOINC }), entitled: 200, stranger: 200 },
  'GET ConceptMap/[id]/$translate': { path: 'ConceptMap/document-type-to-class/$translate?system=http://loinc.org&code=11488-4', entitled: 200, stranger: 200 },
  'POST ConceptMap/[id]/$translate': { path: 'ConceptMap/document-type-to-class/$translate', body: asked({ name: 'coding', valueCoding: LOINC }), entitled: 200, stranger: 200 },
  'POST [type]/$validate': { path: 'Flag/$validate', body: flag(), entitled: 200, stranger: 200 },
  'POST [type]/[id]/$validate': { path: 'Flag/f1/$validate', body: flag('f1'), entitled: 200, stranger: 200 },
  'GET $meta': { path: '$meta', entitled: 200, stranger: 'nothing' },
  'POST $meta': { path: '$meta', entitled: 200, stranger: 'nothing' },
  'GET [type]/$meta': { path: 'Flag/$meta', entitled: 200, stranger: 'nothing' },
  'POST [type]/$meta': { path: 'Flag/$meta', entitled: 200, stranger: 'nothing' },
  'GET [type]/[id]/$meta': { path: 'Flag/f1/$meta', entitled: 200, stranger: 404 },
  'POST [type]/[id]/$meta': { path: 'Flag/f1/$meta', entitled: 200, stranger: 404 },
  'POST [type]/[id]/$meta-add': { path: 'Flag/f1/$meta-add', body: meta, entitled: 200, stranger: 404 },
  'POST [type]/[id]/$meta-delete': { path: 'Flag/f1/$meta-delete', body: meta, entitled: 200, stranger: 404 },
  'GET Consent/[id]/$enforcement-status': { path: 'Consent/c1/$enforcement-status', entitled: 200, stranger: 404 },
  'GET Patient/[id]/$enforcement-status': { path: 'Patient/own/$enforcement-status', entitled: 200, stranger: 404 },
  'GET Patient/[id]/$explain-access': { path: 'Patient/own/$explain-access?actor=Practitioner/x', entitled: 200, stranger: 404 },
  'POST Patient/[id]/$access-preview': { path: 'Patient/own/$access-preview', body: { resourceType: 'Parameters', parameter: [{ name: 'consent', resource: consent }] }, entitled: 200, stranger: 404 },
  'POST Patient/[id]/$break-glass': { path: 'Patient/own/$break-glass', body: { resourceType: 'Parameters', parameter: [{ name: 'reason', valueString: 'unconscious, alone' }] }, entitled: 200, stranger: 403, by: 'emergency' },
  'GET DocumentReference/[id]/$html': { path: 'DocumentReference/page/$html', entitled: 200, stranger: 404 },
  'POST DocumentReference/[id]/$html': { path: 'DocumentReference/page/$html', entitled: 200, stranger: 404 },
  'GET Patient/[id]/$notices': { path: 'Patient/own/$notices', entitled: 200, stranger: 404 },
  'POST Patient/[id]/$notices-read': { path: 'Patient/own/$notices-read', body: { resourceType: 'Parameters', parameter: [{ name: 'read', valueId: 'none' }] }, entitled: 200, stranger: 404 },
  'GET Practitioner/[id]/$notices': { path: 'Practitioner/own/$notices', entitled: 200, stranger: 404 },
  'GET Organization/[id]/$notices': { path: 'Organization/own/$notices', entitled: 200, stranger: 404 },
  'GET Device/[id]/$notices': { path: 'Device/own/$notices', entitled: 200, stranger: 404 },
  'POST Practitioner/[id]/$notices-read': { path: 'Practitioner/own/$notices-read', body: { resourceType: 'Parameters', parameter: [{ name: 'read', valueId: 'none' }] }, entitled: 200, stranger: 404 },
  'POST Organization/[id]/$notices-read': { path: 'Organization/own/$notices-read', body: { resourceType: 'Parameters', parameter: [{ name: 'read', valueId: 'none' }] }, entitled: 200, stranger: 404 },
  'POST Device/[id]/$notices-read': { path: 'Device/own/$notices-read', body: { resourceType: 'Parameters', parameter: [{ name: 'read', valueId: 'none' }] }, entitled: 200, stranger: 404 },
  'GET Patient/[id]/$notice-preferences': { path: 'Patient/own/$notice-preferences', entitled: 200, stranger: 404 },
  'POST Patient/[id]/$notice-preferences-set': { path: 'Patient/own/$notice-preferences-set', body: { resourceType: 'Parameters' }, entitled: 200, stranger: 404 },
  'GET Subscription/[id]/$status': { path: 'Subscription/s1/$status', entitled: 200, stranger: 404 },
  'GET Subscription/[id]/$events': { path: 'Subscription/s1/$events', entitled: 200, stranger: 404 },
  'GET Subscription/[id]/$get-ws-binding-token': { path: 'Subscription/s1/$get-ws-binding-token', entitled: 200, stranger: 404 },
  'GET Subscription/$status': { path: 'Subscription/$status?id=s1', entitled: 200, stranger: 'nothing' },
  'POST Subscription/$status': { path: 'Subscription/$status', body: { resourceType: 'Parameters', parameter: [{ name: 'id', valueId: 's1' }] }, entitled: 200, stranger: 'nothing' },
  'GET Subscription/$get-ws-binding-token': { path: 'Subscription/$get-ws-binding-token?id=s1', entitled: 200, stranger: 404 },
  'POST Subscription/$get-ws-binding-token': { path: 'Subscription/$get-ws-binding-token', body: { resourceType: 'Parameters', parameter: [{ name: 'id', valueId: 's1' }] }, entitled: 200, stranger: 404 },
  'GET Patient/[id]/$summary': { path: 'Patient/own/$summary', entitled: 200, stranger: 404 },
  'POST Patient/[id]/$summary': { path: 'Patient/own/$summary', entitled: 200, stranger: 404 },
  'GET Patient/[id]/$export-record': { path: 'Patient/own/$export-record', entitled: 202, stranger: 404 },
  'POST Patient/[id]/$export-record': { path: 'Patient/own/$export-record', entitled: 202, stranger: 404 },
  'GET Patient/[id]/$export-record/[vid]': { path: 'Patient/own/$export-record/EXPORT', entitled: 200, stranger: 404 },
  'DELETE Patient/[id]/$export-record/[vid]': { path: 'Patient/own/$export-record/DOOMED', entitled: 202, stranger: 404 },
  'GET Patient/[id]/$export-record/[vid]/record.zip': { path: 'Patient/own/$export-record/EXPORT/record.zip', entitled: 200, stranger: 404 },
  'GET Patient/[id]/$everything': { path: 'Patient/own/$everything', entitled: 200, stranger: 404 },
  'POST Patient/[id]/$everything': { path: 'Patient/own/$everything', entitled: 200, stranger: 404 },
  'GET Encounter/[id]/$everything': { path: 'Encounter/e1/$everything', entitled: 200, stranger: 404 },
  'POST Encounter/[id]/$everything': { path: 'Encounter/e1/$everything', entitled: 200, stranger: 404 },
  'POST Patient/$match': { body: { resourceType: 'Parameters', parameter: [{ name: 'resource', resource: person }] }, entitled: 200, stranger: 403 },
  'POST Patient/$merge': { body: asked({ name: 'source-patient-identifier', valueIdentifier: number('2') }, { name: 'target-patient-identifier', valueIdentifier: number('124018852493334') }, { name: 'preview', valueBoolean: true }), entitled: 200, stranger: 403, by: 'operator' },
  'GET DocumentReference/$docref': { path: 'DocumentReference/$docref?patient=own', entitled: 200, stranger: 'nothing' },
  'POST DocumentReference/$docref': { body: { resourceType: 'Parameters', parameter: [{ name: 'patient', valueId: 'own' }] }, entitled: 200, stranger: 'nothing' },
  'POST DocumentReference/$generate-metadata': { body: { resourceType: 'Parameters', parameter: [{ name: 'document', resource: described }] }, entitled: 200, stranger: 422 },
  'GET Patient/[id]/$access-status': { path: 'Patient/own/$access-status?identifier=urn:oid:1.2.250.1.213.1.4.10%7C124018852493334', entitled: 200, stranger: 404 },
  'POST Patient/[id]/$access-status': { path: 'Patient/own/$access-status', body: asked({ name: 'identifier', valueString: 'urn:oid:1.2.250.1.213.1.4.10|124018852493334' }), entitled: 200, stranger: 404 },
  'GET Patient/[id]/$access-history': { path: 'Patient/own/$access-history', entitled: 200, stranger: 404 },
};

/** A CDA of the owner's. */
const page = {
  resourceType: 'DocumentReference',
  id: 'page',
  status: 'current',
  subject: { reference: 'Patient/own' },
  content: [
    {
      attachment: {
        contentType: 'text/xml',
        data: Buffer.from(
          '<ClinicalDocument xmlns="urn:hl7-org:v3"><title>Secret</title><recordTarget><patientRole><id root="1.2.250.1.213.1.4.10" extension="124018852493334"/></patientRole></recordTarget></ClinicalDocument>',
        ).toString('base64'),
      },
    },
  ],
};

const nameOf = ({ method, path }: Route): string => `${method} ${path}`;
const routes = ROUTES.map((route): [string, Route] => [nameOf(route), route]);

const named = (path: string): string =>
  path.replace('VID', vid).replace('EXPORT', orders[0]!).replace('DOOMED', orders[1]!);

function send(client: Client, route: Route): Promise<Reply> {
  const { path = route.path, body, headers } = TRIALS[nameOf(route)]!;
  return client.send(route.method, named(path), body, headers);
}

const stranger = (): Client =>
  carnet.as({ token: carnet.tokenFor({ reference: 'Patient/other', idPrefixes: ['other-'] }, 'patient') });
const owner = (): Client =>
  carnet.as({
    token: carnet.tokenFor({ reference: 'Device/demo-all', scope: 'system/*.cruds' }, 'all'),
  });

async function prepare(): Promise<void> {
  await carnet.as('all').put('Flag/doomed', flag('doomed'));
}

it('has a trial for each route and for no other', () => {
  expect(Object.keys(TRIALS).sort()).toEqual(routes.map(([name]) => name).sort());
});

it.each(routes)('%s wants a token, and says so', async (_name, route) => {
  const reply = await send(carnet.as({ token: 'none' }), route);
  if (route.open === true) {
    expect(reply.status).toBe(200);
    return;
  }
  expect([reply.status, reply.json?.issue?.[0]?.code]).toEqual([401, 'login']);
  expect(reply.headers.get('www-authenticate')).toMatch(/^Bearer/);
  expect(reply.text).not.toContain('Secret');
});

it.each(routes)('%s gives a stranger nothing', async (name, route) => {
  await prepare();
  const before = (await carnet.as('all').get('Flag/doomed')).json.meta.versionId;
  const reply = await send(stranger(), route);
  const { stranger: barred } = TRIALS[name]!;
  if (barred === 'nothing') expect(reply.status).toBeLessThan(300);
  else expect(reply.status).toBe(barred);
  if (HARMLESS.has(name)) return;
  expect(reply.text).not.toContain('Secret');
  expect(reply.json?.total ?? 0).toBe(0);
  expect(reply.json?.entry ?? []).toEqual([]);
  expect((await carnet.as('all').get('Flag/doomed')).json.meta.versionId).toBe(before);
});

it.each(routes)('%s serves who is entitled', async (name, route) => {
  await prepare();
  const { by } = TRIALS[name]!;
  const reply = await send(by === undefined ? owner() : carnet.as(by), route);
  expect([reply.status, reply.status < 300 ? '' : reply.text]).toEqual([TRIALS[name]!.entitled, '']);
  if (route.scope === 's') {
    const { entry, parameter } = reply.json;
    expect((parameter ?? entry).length).toBeGreaterThan(0);
  }
});

const scoped = routes.filter(([, route]) => route.scope !== undefined);

it.each(scoped)('%s wants a scope', async (_name, route) => {
  const scope = `system/*.${'cruds'.replace(route.scope!, '')}`;
  const reply = await send(carnet.as({ token: carnet.tokenFor({ scope }, 'all') }), route);
  expect([reply.status, reply.json?.issue?.[0]?.code]).toEqual([403, 'forbidden']);
});
