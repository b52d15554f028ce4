import { readdirSync, readFileSync } from 'node:fs';
import {
  planBatch,
  planTransaction,
  requireDistinctTargets,
  type PlannedEntry,
} from '../../src/fhir/bundle.ts';
import { conditionalReferences, linkEntries } from '../../src/fhir/links.ts';
import { FhirError } from '../../src/fhir/outcome.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { processorTime } from '../support/processor.ts';

const base = 'https://carnet.test/fhir';

function plan(entry: unknown, type = 'transaction'): PlannedEntry[] {
  let made = 0;
  const options = { base, maxEntries: 100, newId: () => `new-${++made}` };
  return planTransaction({ resourceType: 'Bundle', type, entry } as Resource, options);
}

function refusal(run: () => unknown): { status: number; code: string; expression?: string } {
  try {
    run();
  } catch (error) {
    if (!(error instanceof FhirError)) throw error;
    return { status: error.status, code: error.issues[0]!.code, expression: error.issues[0]!.expression };
  }
  throw new Error('was not refused');
}

const post = (resource: Json, fullUrl?: string, request: Json = {}): Json => ({
  ...(fullUrl === undefined ? {} : { fullUrl }),
  resource,
  request: { method: 'POST', url: resource.resourceType, ...request },
});
const put = (resource: Json): Json => ({
  resource,
  request: { method: 'PUT', url: `${String(resource.resourceType)}/${String(resource.id)}` },
});
const only = (method: string, url: string): Json => ({ request: { method, url } });

describe('planTransaction', () => {
  it('orders deletes, creates, changes and reads, and keeps each place', () => {
    const entries = plan([
      only('GET', 'Patient/1'),
      put({ resourceType: 'Patient', id: '2' }),
      post({ resourceType: 'Patient' }),
      { ...only('PATCH', 'Patient/5'), resource: { resourceType: 'Parameters' } },
      only('HEAD', 'Patient/1'),
      only('DELETE', 'Patient/3'),
    ]);
    expect(entries.map(({ method, index }) => `${method} ${index}`)).toEqual([
      'DELETE 5',
      'POST 2',
      'PUT 1',
      'PATCH 3',
      'GET 0',
      'HEAD 4',
    ]);
  });

  it('gives creates their ids and leaves those of conditional changes open', () => {
    const [create, update] = plan([
      post({ resourceType: 'Patient', id: 'theirs' }, undefined, { ifNoneExist: 'identifier=x' }),
      { resource: { resourceType: 'Patient' }, request: { method: 'PUT', url: 'Patient?identifier=y' } },
    ]);
    expect(create).toMatchObject({
      type: 'Patient',
      id: 'new-1',
      condition: 'identifier=x',
      headers: { 'if-none-exist': 'identifier=x' },
    });
    expect(update).toMatchObject({ type: 'Patient', condition: 'identifier=y' });
    expect(update).not.toHaveProperty('id');
  });

  it('takes absolute addresses below the own base as relative ones', () => {
    expect(plan([only('DELETE', `${base}/Patient/1`)])[0]).toMatchObject({
      url: 'Patient/1',
      type: 'Patient',
      id: '1',
    });
  });

  it('takes an address from the base on, as R4’s own examples write it, as the relative one', () => {
    expect(plan([only('DELETE', '/Patient/1')])[0]).toMatchObject({
      url: 'Patient/1',
      type: 'Patient',
      id: '1',
    });
    expect(() => plan([only('GET', '//elsewhere.example/Patient/1')])).toThrow('relative to the base');
  });

  it('carries the conditions as headers', () => {
    const request = {
      method: 'PUT',
      url: 'Patient/1',
      ifMatch: 'W/"1"',
      ifNoneMatch: '*',
      ifModifiedSince: '2026-01-01T00:00:00Z',
    };
    expect(plan([{ resource: { resourceType: 'Patient', id: '1' }, request }])[0]!.headers).toEqual({
      'if-match': 'W/"1"',
      'if-none-match': '*',
      'if-modified-since': '2026-01-01T00:00:00Z',
    });
  });

  it('accepts a Bundle without entries', () => {
    expect(plan(undefined)).toEqual([]);
  });

  const patient = { resourceType: 'Patient', id: '1' };
  const refused: [string, unknown, number, string, string][] = [
    ['entries that are no list', { '0': only('GET', 'Patient/1') }, 400, 'invalid', 'Bundle.entry'],
    ['too many entries', Array(101).fill(only('GET', 'Patient/1')), 413, 'too-long', 'Bundle.entry'],
    ['an entry that is null', [null], 400, 'invalid', 'Bundle.entry[0]'],
    ['an entry that is a list', [[]], 400, 'invalid', 'Bundle.entry[0]'],
    ['an entry without request', [{ resource: patient }], 400, 'required', 'Bundle.entry[0]'],
    ['a request that is a string', [{ request: 'GET Patient/1' }], 400, 'required', 'Bundle.entry[0]'],
    ['an unknown method', [only('TRACE', 'Patient/1')], 400, 'invalid', 'Bundle.entry[0].request.method'],
    [
      'a method of the prototype',
      [only('constructor', 'Patient/1')],
      400,
      'invalid',
      'Bundle.entry[0].request.method',
    ],
    ['a missing url', [{ request: { method: 'GET' } }], 400, 'required', 'Bundle.entry[0].request.url'],
    [
      'a url that is an object',
      [{ request: { method: 'GET', url: { $gt: '' } } }],
      400,
      'required',
      'Bundle.entry[0].request.url',
    ],
    [
      'a url of another server',
      [only('GET', 'https://other.test/fhir/Patient/1')],
      400,
      'invalid',
      'Bundle.entry[0].request.url',
    ],
    [
      'a url that only begins like the base',
      [only('GET', `${base}x/Patient/1`)],
      400,
      'invalid',
      'Bundle.entry[0].request.url',
    ],
    ['a url from the root', [only('GET', '/fhir/Patient/1')], 400, 'invalid', 'Bundle.entry[0].request.url'],
    [
      'an overlong url',
      [only('GET', `Patient?name=${'a'.repeat(9000)}`)],
      400,
      'invalid',
      'Bundle.entry[0].request.url',
    ],
    [
      'a percent-encoded path',
      [only('DELETE', 'Patient/%31')],
      400,
      'invalid',
      'Bundle.entry[0].request.url',
    ],
    [
      'a condition that is an object',
      [{ request: { method: 'DELETE', url: 'Patient/1', ifMatch: {} } }],
      400,
      'invalid',
      'Bundle.entry[0].request.ifMatch',
    ],
    ['a create without resource', [only('POST', 'Patient')], 400, 'required', 'Bundle.entry[0]'],
    ['an update without resource', [only('PUT', 'Patient/1')], 400, 'required', 'Bundle.entry[0]'],
    [
      'a resource without type',
      [{ resource: {}, request: { method: 'POST', url: 'Patient' } }],
      400,
      'invalid',
      'Bundle.entry[0].resource',
    ],
    [
      'a resource of another type',
      [post(patient, undefined, { url: 'Person' })],
      400,
      'invalid',
      'Bundle.entry[0].resource',
    ],
    [
      'a resource of another id',
      [{ ...put(patient), request: { method: 'PUT', url: 'Patient/2' } }],
      400,
      'invalid',
      'Bundle.entry[0].resource.id',
    ],
    [
      'a fullUrl that is no string',
      [{ ...put(patient), fullUrl: 1 }],
      400,
      'invalid',
      'Bundle.entry[0].fullUrl',
    ],
    [
      'the same fullUrl twice',
      [post(patient, 'urn:uuid:a'), post(patient, 'urn:uuid:a')],
      400,
      'invalid',
      'Bundle.entry[1].fullUrl',
    ],
    ['two updates of one resource', [put(patient), put(patient)], 400, 'invalid', 'Bundle.entry[1].request'],
    [
      'an update and a deletion of one resource',
      [put(patient), only('DELETE', 'Patient/1')],
      400,
      'invalid',
      'Bundle.entry[1].request',
    ],
    [
      'a patch and an update of one resource',
      [{ ...only('PATCH', `${base}/Patient/1`), resource: patient }, put(patient)],
      400,
      'invalid',
      'Bundle.entry[1].request',
    ],
    [
      'two creates under one condition',
      [
        post(patient, undefined, { ifNoneExist: 'identifier=x' }),
        post(patient, undefined, { ifNoneExist: 'identifier=x' }),
      ],
      400,
      'invalid',
      'Bundle.entry[1].request',
    ],
  ];
  it.each(refused)('refuses %s', (_sentence, entry, status, code, expression) => {
    expect(refusal(() => plan(entry))).toEqual({ status, code, expression });
  });

  it('refuses a Bundle of another type and what is no Bundle', () => {
    expect(refusal(() => plan([], 'batch')).expression).toBe('Bundle.type');
    const options = { base, maxEntries: 1, newId: () => 'x' };
    expect(
      refusal(() => planTransaction({ resourceType: 'Patient', type: 'transaction' }, options)).status,
    ).toBe(400);
  });

  it('finds overlap when conditional changes have been resolved', () => {
    const entries = plan([
      put(patient),
      { resource: { resourceType: 'Patient' }, request: { method: 'PUT', url: 'Patient?identifier=y' } },
    ]);
    entries[1]!.id = '1';
    expect(refusal(() => requireDistinctTargets(entries)).status).toBe(400);
  });

  it('refuses 10,000 entries at once', () => {
    const entries = Array(10_000).fill(only('GET', 'Patient/1'));
    const start = processorTime();
    expect(refusal(() => plan(entries)).status).toBe(413);
    expect(processorTime() - start).toBeLessThan(50);
  });
});

describe('planBatch', () => {
  it('keeps the order and gives each wrong entry its own error', () => {
    const entry = [only('GET', 'Patient/1'), only('TRACE', 'x'), put({ resourceType: 'Patient', id: '2' })];
    const bundle = { resourceType: 'Bundle', type: 'batch', entry };
    const [read, wrong, update] = planBatch(bundle, { base, maxEntries: 10 });
    expect(read).toMatchObject({ method: 'GET', url: 'Patient/1' });
    expect(wrong).toBeInstanceOf(FhirError);
    expect(update).toMatchObject({ method: 'PUT', type: 'Patient', id: '2' });
    expect(refusal(() => planBatch(bundle, { base, maxEntries: 2 })).status).toBe(413);
  });
});

describe('linkEntries', () => {
  const uuid = 'urn:uuid:0c3151bd-1cbf-4d64-b04d-cd9187a4c6e0';

  function linked(resource: Json, fullUrl?: string): Json {
    const entries = plan([
      post({ resourceType: 'Patient' }, uuid),
      post({ resourceType: 'Binary' }, 'urn:oid:1.2.3'),
      post({ resourceType: 'Organization', id: '7' }, 'https://other.test/r4/Organization/7'),
      post({ resourceType: 'Observation', ...resource }, fullUrl),
    ]);
    linkEntries(entries);
    const { resourceType: _type, ...rest } = entries.find(({ type }) => type === 'Observation')!.resource!;
    return rest;
  }

  const cases: [string, Json, Json][] = [
    ['a reference', { subject: { reference: uuid } }, { subject: { reference: 'Patient/new-1' } }],
    [
      'references in lists',
      { performer: [{ reference: uuid }, { reference: 'urn:oid:1.2.3' }] },
      { performer: [{ reference: 'Patient/new-1' }, { reference: 'Binary/new-2' }] },
    ],
    [
      'an absolute reference to an entry',
      { subject: { reference: 'https://other.test/r4/Organization/7' } },
      { subject: { reference: 'Organization/new-3' } },
    ],
    [
      "an attachment's url",
      { content: { attachment: { url: 'urn:oid:1.2.3' } } },
      { content: { attachment: { url: 'Binary/new-2' } } },
    ],
    ['a list of uris', { instantiatesUri: ['x', uuid] }, { instantiatesUri: ['x', 'Patient/new-1'] }],
    [
      'a valueUri',
      { extension: [{ url: 'e', valueUri: uuid }] },
      { extension: [{ url: 'e', valueUri: 'Patient/new-1' }] },
    ],
    [
      'links of the narrative',
      { text: { div: `<div><a href="${uuid}">p</a><img src='urn:oid:1.2.3'/>${uuid}</div>` } },
      { text: { div: `<div><a href="Patient/new-1">p</a><img src="Binary/new-2"/>${uuid}</div>` } },
    ],
    [
      'a contained reference',
      { contained: [{ subject: { reference: uuid } }] },
      { contained: [{ subject: { reference: 'Patient/new-1' } }] },
    ],
  ];
  it.each(cases)('rewrites %s', (_sentence, resource, wanted) => {
    expect(linked(resource)).toEqual(wanted);
  });

  const kept: [string, Json][] = [
    ["an identifier's value", { identifier: [{ system: 'urn:ietf:rfc:3986', value: uuid }] }],
    ['a canonical', { extension: [{ url: 'e', valueCanonical: uuid }] }],
    ['text', { note: [{ text: uuid }] }],
    ['an unknown urn', { subject: { reference: 'urn:uuid:none' } }],
    ['a relative reference', { subject: { reference: 'Organization/7' } }],
    ['a reference that is an object', { subject: { reference: { $gt: uuid } } }],
  ];
  it.each(kept)('leaves %s', (_sentence, resource) => {
    expect(linked(structuredClone(resource))).toEqual(resource);
  });

  it('resolves relative references against the fullUrl of their entry', () => {
    const resource = { subject: { reference: 'Organization/7' } };
    expect(linked(resource, 'https://other.test/r4/Observation/1')).toEqual({
      subject: { reference: 'Organization/new-3' },
    });
  });
});

describe('conditionalReferences', () => {
  it('finds them and sets what they resolve to', () => {
    const resource = {
      resourceType: 'Encounter',
      participant: [
        { individual: { reference: 'Practitioner?identifier=s|v' } },
        { individual: { reference: 'Practitioner/1' } },
      ],
      note: 'Practitioner?identifier=x',
    };
    const found = conditionalReferences(resource);
    expect(found.map(({ query }) => query)).toEqual(['Practitioner?identifier=s|v']);
    found[0]!.set('Practitioner/9');
    expect(resource.participant[0]!.individual.reference).toBe('Practitioner/9');
  });
});

describe('the Synthea Bundles', () => {
  const folder = new URL('../../../shared/examples/synthea/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.json'));

  it.each(files)('%s is planned and linked without a dangling urn', (name) => {
    const bundle = JSON.parse(readFileSync(new URL(name, folder), 'utf8')) as Resource;
    let made = 0;
    const entries = planTransaction(bundle, { base, maxEntries: 5_000, newId: () => `n${++made}` });
    linkEntries(entries);
    const references = entries.flatMap(
      ({ resource }) => JSON.stringify(resource).match(/"reference":"[^"]*"/g) ?? [],
    );
    expect(references.length).toBeGreaterThan(100);
    expect(references.filter((reference) => reference.includes('urn:'))).toEqual([]);
    expect(
      entries.every(({ resource }) =>
        conditionalReferences(resource!).every(({ query }) => query.includes('?identifier=')),
      ),
    ).toBe(true);
  });
});
