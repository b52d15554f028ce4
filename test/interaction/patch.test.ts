/** https://hl7.org/fhir/R4/http.html#patch */
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { PATIENT, atOnce, bundle, errorOf, headersOf, observation, patient } from './support/resources.ts';

let carnet: TestServer;
let all: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(() => carnet?.close());

let made = 0;
async function fresh(more: Json = {}): Promise<string> {
  const id = `o${++made}`;
  const note = [{ text: 'a' }, { text: 'b' }];
  await all.put(`Observation/${id}`, observation({ id, note, valueString: 'one', ...more }));
  return `Observation/${id}`;
}

const operation = (parts: Record<string, Json>): Json => ({
  name: 'operation',
  part: Object.entries(parts).map(([name, value]) => ({ name, ...value })),
});
const fhirPath = (...operations: Record<string, Json>[]): Resource => ({
  resourceType: 'Parameters',
  parameter: operations.map(operation),
});
const code = (valueCode: string): Json => ({ valueCode });
const string = (valueString: string): Json => ({ valueString });

const texts = (json: { note?: { text: string }[] }): string[] => (json.note ?? []).map(({ text }) => text);

describe('JSON Patch', () => {
  it.each<[string, Json[], (json: Reply['json']) => unknown, unknown]>([
    ['add', [{ op: 'add', path: '/note/-', value: { text: 'c' } }], texts, ['a', 'b', 'c']],
    ['add at a place', [{ op: 'add', path: '/note/0', value: { text: 'c' } }], texts, ['c', 'a', 'b']],
    ['remove', [{ op: 'remove', path: '/note/0' }], texts, ['b']],
    ['replace', [{ op: 'replace', path: '/note/0/text', value: 'z' }], texts, ['z', 'b']],
    ['move', [{ op: 'move', from: '/note/0', path: '/note/1' }], texts, ['b', 'a']],
    ['copy', [{ op: 'copy', from: '/note/0', path: '/note/-' }], texts, ['a', 'b', 'a']],
    [
      'test and replace',
      [
        { op: 'test', path: '/valueString', value: 'one' },
        { op: 'replace', path: '/valueString', value: 'two' },
      ],
      (json) => json.valueString,
      'two',
    ],
  ])('does %s', async (_op, operations, look, wanted) => {
    const path = await fresh();
    const before = await all.get(path);
    const reply = await all.patch(path, operations);
    expect([reply.status, look(reply.json)]).toEqual([200, wanted]);
    expect(reply.json.meta.versionId).not.toBe(before.json.meta.versionId);
    expect(headersOf(reply, 'etag', 'content-location', 'location')).toEqual([
      `W/"${reply.json.meta.versionId}"`,
      `${carnet.base}/${path}/_history/${reply.json.meta.versionId}`,
      null,
    ]);
    expect((await all.get(path)).text).toBe(reply.text);
    expect((await all.get(`${path}/_history`)).json.total).toBe(2);
  });

  it.each<[string, unknown, number]>([
    ['a path that leads nowhere', [{ op: 'replace', path: '/issued', value: 'x' }], 422],
    ['a failed test', [{ op: 'test', path: '/valueString', value: 'other' }], 422],
    ['an invalid result', [{ op: 'remove', path: '/status' }], 400],
    ['another id', [{ op: 'replace', path: '/id', value: 'other' }], 422],
    ['another type', [{ op: 'replace', path: '/resourceType', value: 'Patient' }], 422],
    ['another patient', [{ op: 'replace', path: '/subject/reference', value: 'Patient/p2' }], 422],
    ['no patient', [{ op: 'remove', path: '/subject' }], 422],
    ['a prototype', [{ op: 'add', path: '/__proto__/x', value: 1 }], 400],
    ['the whole', [{ op: 'replace', path: '', value: {} }], 400],
    ['an unknown operation', [{ op: 'merge', path: '/status' }], 400],
    ['a resource', observation(), 400],
    [
      'a second operation that fails',
      [
        { op: 'add', path: '/note/-', value: { text: 'c' } },
        { op: 'remove', path: '/issued' },
      ],
      422,
    ],
  ])('refuses %s and leaves all as it was', async (_what, operations, status) => {
    const path = await fresh();
    const before = await all.get(path);
    const reply = await all.patch(path, operations);
    expect([reply.status, reply.json?.resourceType]).toEqual([status, 'OperationOutcome']);
    expect((await all.get(path)).text).toBe(before.text);
  });

  it('leaves version and time to the server', async () => {
    const path = await fresh();
    const before = await all.get(path);
    const reply = await all.patch(path, [
      { op: 'replace', path: '/meta/versionId', value: 'mine' },
      { op: 'replace', path: '/meta/lastUpdated', value: '2001-01-01T00:00:00Z' },
    ]);
    expect(reply.status).toBe(200);
    expect(['mine', before.json.meta.versionId]).not.toContain(reply.json.meta.versionId);
    expect(reply.json.meta.lastUpdated).not.toMatch(/^2001/);
  });
});

describe('FHIRPath Patch', () => {
  it.each<[string, Record<string, Json>, (json: Reply['json']) => unknown, unknown]>([
    [
      'add',
      {
        type: code('add'),
        path: string('Observation'),
        name: string('issued'),
        value: { valueInstant: '2024-01-01T00:00:00Z' },
      },
      (json) => json.issued,
      '2024-01-01T00:00:00Z',
    ],
    [
      'insert',
      {
        type: code('insert'),
        path: string('Observation.note'),
        index: { valueInteger: 1 },
        value: { valueAnnotation: { text: 'c' } },
      },
      texts,
      ['a', 'c', 'b'],
    ],
    ['delete', { type: code('delete'), path: string('Observation.note[0]') }, texts, ['b']],
    [
      'delete by a condition',
      { type: code('delete'), path: string("Observation.note.where(text = 'b')") },
      texts,
      ['a'],
    ],
    [
      'replace',
      { type: code('replace'), path: string('Observation.status'), value: code('amended') },
      (json) => json.status,
      'amended',
    ],
    [
      'move',
      {
        type: code('move'),
        path: string('Observation.note'),
        source: { valueInteger: 1 },
        destination: { valueInteger: 0 },
      },
      texts,
      ['b', 'a'],
    ],
  ])('does %s', async (_op, parts, look, wanted) => {
    const path = await fresh();
    const reply = await all.patch(path, fhirPath(parts));
    expect([reply.status, look(reply.json)]).toEqual([200, wanted]);
    expect((await all.get(path)).text).toBe(reply.text);
  });

  it.each<[string, Record<string, Json>[], number]>([
    [
      'a path that finds nothing',
      [{ type: code('replace'), path: string('Observation.issued'), value: code('x') }],
      422,
    ],
    ['an unknown kind', [{ type: code('merge'), path: string('Observation.status') }], 400],
    ['a path with a function', [{ type: code('delete'), path: string('Observation.descendants()') }], 400],
    [
      'another patient',
      [{ type: code('replace'), path: string('Observation.subject.reference'), value: string('Patient/p2') }],
      422,
    ],
  ])('refuses %s', async (_what, operations, status) => {
    const path = await fresh();
    const before = await all.get(path);
    expect((await all.patch(path, fhirPath(...operations))).status).toBe(status);
    expect((await all.get(path)).text).toBe(before.text);
  });
});

describe('XML Patch', () => {
  const xml = { 'content-type': 'application/xml-patch+xml' };
  const diff = (operations: string): string => `<diff xmlns:f="http://hl7.org/fhir">${operations}</diff>`;

  it('changes what it names, in the next version', async () => {
    const path = await fresh({ valueString: undefined, valueQuantity: { value: 1 } });
    const before = await all.get(path);
    const operations = `<replace sel="f:Observation/f:status/@value">amended</replace>
      <replace sel="f:Observation/f:valueQuantity/f:value/@value">1.50</replace>
      <add sel="f:Observation/f:note[1]" pos="before"><f:note><f:text value="c"/></f:note></add>
      <remove sel="f:Observation/f:note[f:text/@value='b']"/>`;
    const reply = await all.patch(path, diff(operations), xml);
    expect([reply.status, texts(reply.json), reply.json.status]).toEqual([200, ['c', 'a'], 'amended']);
    expect(reply.text).toContain('"value":1.50');
    expect(reply.json.meta.versionId).not.toBe(before.json.meta.versionId);
    expect((await all.get(path)).text).toBe(reply.text);
  });

  it('may be answered in XML', async () => {
    const path = await fresh();
    const operation = '<replace sel="f:Observation/f:status/@value">amended</replace>';
    const accept = 'application/fhir+xml';
    const { status, text } = await all.patch(path, diff(operation), { ...xml, accept });
    expect([status, text]).toEqual([200, expect.stringContaining('<status value="amended"/>')]);
  });

  it('finds its resource by a condition', async () => {
    const path = await fresh();
    const operation = '<replace sel="f:Observation/f:status/@value">amended</replace>';
    const reply = await all.patch(`Observation?_id=${path.split('/')[1]}`, diff(operation), xml);
    expect([reply.status, reply.json.status]).toEqual([200, 'amended']);
  });

  it.each<[string, string, number]>([
    ['what is no XML', '[]', 400],
    ['a resource', '<Observation xmlns="http://hl7.org/fhir"/>', 400],
    ['an invalid result', diff('<remove sel="f:Observation/f:status"/>'), 400],
    ['a value that does not fit', diff('<replace sel="f:Observation/f:status/@value">x y</replace>'), 422],
    ['two values of a choice', diff('<add sel="f:Observation"><f:valueBoolean value="true"/></add>'), 400],
    ['a path that leads nowhere', diff('<remove sel="f:Observation/f:issued"/>'), 422],
    ['another id', diff('<replace sel="f:Observation/f:id/@value">other</replace>'), 422],
    [
      'another patient',
      diff('<replace sel="f:Observation/f:subject/f:reference/@value">Patient/p2</replace>'),
      422,
    ],
    ['no patient', diff('<remove sel="f:Observation/f:subject"/>'), 422],
    [
      'a second operation that fails',
      diff('<remove sel="f:Observation/f:note[1]"/><remove sel="f:Observation/f:issued"/>'),
      422,
    ],
    ['entities', '<!DOCTYPE diff [<!ENTITY x SYSTEM "file:///etc/passwd">]><diff>&x;</diff>', 400],
    ['more than a MiB', `<diff>${' '.repeat(1024 * 1024)}</diff>`, 413],
  ])('refuses %s and leaves all as it was', async (_what, body, status) => {
    const path = await fresh();
    const before = await all.get(path);
    const reply = await all.patch(path, body, xml);
    expect([reply.status, reply.json?.resourceType]).toEqual([status, 'OperationOutcome']);
    expect((await all.get(path)).text).toBe(before.text);
  });

  it('answers hidden as absent', async () => {
    const path = await fresh();
    const body = diff('<remove sel="f:Observation/f:note[1]"/>');
    const gp = carnet.as('gp');
    const [hidden, absent] = [await gp.patch(path, body, xml), await gp.patch('Observation/no', body, xml)];
    expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
  });
});

it('keeps to `If-Match`', async () => {
  const path = await fresh();
  const etag = (await all.get(path)).headers.get('etag')!;
  const change = [{ op: 'replace', path: '/valueString', value: 'two' }];
  expect((await all.patch(path, change, { 'if-match': etag })).status).toBe(200);
  expect(errorOf(await all.patch(path, change, { 'if-match': etag }))).toEqual([412, 'conflict']);
});

it('answers hidden as absent, and what is deleted with 410', async () => {
  const path = await fresh();
  const change = [{ op: 'remove', path: '/note/0' }];
  const gp = carnet.as('gp');
  const [hidden, absent] = [await gp.patch(path, change), await gp.patch('Observation/absent', change)];
  expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
  await all.delete(path);
  expect(errorOf(await all.patch(path, change))).toEqual([410, 'deleted']);
  expect((await gp.patch(path, change)).text).toBe(absent.text);
});

it('refuses other kinds of patches', async () => {
  const path = await fresh();
  for (const type of ['text/xml-patch', 'text/plain', 'application/merge-patch+json']) {
    expect(errorOf(await all.patch(path, '{}', { 'content-type': type }))).toEqual([415, 'not-supported']);
  }
});

it('travels in a Bundle as Parameters or as a Binary with a JSON or an XML Patch', async () => {
  const path = await fresh();
  const data = Buffer.from(
    '[{"op":"add","path":"/referenceRange","value":[{"low":{"value":1.50}}]}]',
  ).toString('base64');
  const binary = { resourceType: 'Binary', contentType: 'application/json-patch+json', data };
  const parameters = fhirPath({
    type: code('replace'),
    path: string('Observation.status'),
    value: code('amended'),
  });
  const diff = Buffer.from('<diff><remove sel="Observation/note[1]"/></diff>').toString('base64');
  const xml = { resourceType: 'Binary', contentType: 'application/xml-patch+xml', data: diff };
  for (const [type, resource] of [
    ['transaction', binary],
    ['transaction', xml],
    ['batch', xml],
    ['batch', parameters],
  ] as const) {
    const reply = await all.post('', bundle(type, { request: { method: 'PATCH', url: path }, resource }));
    expect([reply.status, reply.json.entry[0].response.status]).toEqual([200, '200 OK']);
  }
  const after = await all.get(path);
  expect([after.json.status, texts(after.json)]).toEqual(['amended', []]);
  expect(after.text).toContain('{"value":1.50}');
});

it('loses none of twenty patches at once', async () => {
  const path = await fresh();
  const replies = await atOnce(20, (index) =>
    all.patch(path, [{ op: 'add', path: '/note/-', value: { text: `${index}` } }]),
  );
  expect(replies.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
  const added = Array.from({ length: 20 }, (_, index) => `${index}`);
  expect(texts((await all.get(path)).json).sort()).toEqual(['a', 'b', ...added].sort());
  expect((await all.get(`${path}/_history`)).json.total).toBe(21);
});
