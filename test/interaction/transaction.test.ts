/** https://hl7.org/fhir/R4/http.html#transaction */
import { randomUUID } from 'node:crypto';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import {
  PATIENT,
  atOnce,
  bundle,
  byName,
  document,
  errorOf,
  named,
  observation,
  only,
  patient,
  post,
  put,
  statuses,
} from './support/resources.ts';

/** One pixel. */
const PNG =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

let carnet: TestServer;
let all: Client;
let hospital: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  all = carnet.as('all');
  hospital = carnet.as('hospital');
  await all.put(PATIENT, patient({ id: 'p1' }));
});
afterAll(() => carnet?.close());

const urn = (): string => `urn:uuid:${randomUUID()}`;
const known = (name: string, more: Json = {}): Resource =>
  observation({ identifier: [named(name)], ...more });
const transact = (entries: Json[], client = all, headers = {}): Promise<Reply> =>
  client.post('', bundle('transaction', ...entries), headers);
const total = async (name: string): Promise<number> =>
  (await all.get(`Observation?${byName(name)}`)).json.total;
const placeOf = ({ json }: Reply, index: number): string =>
  (json.entry[index].response.location as string).slice(carnet.base.length + 1).replace(/\/_history.*/, '');
const expressionOf = ({ json }: Reply): string => json.issue[0].expression[0];

describe('what is done', () => {
  it('is all of it, answered in the order sent, whatever the order it is done in', async () => {
    await all.put('Observation/gone', observation({ id: 'gone' }));
    await all.put('Observation/patched', observation({ id: 'patched' }));
    const data = Buffer.from('[{"op":"add","path":"/valueString","value":"x"}]').toString('base64');
    const reply = await transact([
      only('GET', 'Observation?_id=new,gone,patched&_sort=_id'),
      {
        ...only('PATCH', 'Observation/patched'),
        resource: { resourceType: 'Binary', contentType: 'application/json-patch+json', data },
      },
      put(observation({ id: 'new' })),
      post(observation()),
      only('DELETE', 'Observation/gone'),
      only('HEAD', 'Observation/new'),
    ]);
    expect([reply.status, reply.json.type]).toEqual([200, 'transaction-response']);
    expect(statuses(reply)).toEqual(['200', '200', '201', '201', '204', '200']);
    const found = reply.json.entry[0].resource;
    expect(found.entry.map(({ resource }: { resource: Resource }) => resource.id)).toEqual([
      'new',
      'patched',
    ]);
    expect(found.entry[1].resource.valueString).toBe('x');
    expect(reply.json.entry[5].resource).toBeUndefined();
    for (const index of [1, 2, 3]) {
      const { location, etag, lastModified } = reply.json.entry[index].response;
      const { json } = await all.get(location);
      expect([etag, lastModified]).toEqual([`W/"${json.meta.versionId}"`, json.meta.lastUpdated]);
    }
    expect((await all.get('Observation/gone')).status).toBe(410);
  });

  it('is shown with `Prefer: return=representation`', async () => {
    const entries = () => [post(known('shown')), put(observation({ id: 'shown' }))];
    const plain = await transact(entries());
    expect(plain.json.entry.map(({ resource }: Json) => resource)).toEqual([undefined, undefined]);
    const full = await transact(entries(), all, { prefer: 'return=representation' });
    expect(full.json.entry[1].resource).toEqual((await all.get('Observation/shown')).json);
    const told = await transact(entries(), all, { prefer: 'return=OperationOutcome' });
    expect(told.json.entry[0].response.outcome.resourceType).toBe('OperationOutcome');
    expect(told.json.entry[0].resource).toBeUndefined();
  });

  it('may be nothing', async () => {
    for (const entry of [[], undefined]) {
      const reply = await all.post('', { resourceType: 'Bundle', type: 'transaction', entry });
      expect([reply.status, reply.json]).toEqual([
        200,
        { resourceType: 'Bundle', type: 'transaction-response' },
      ]);
    }
  });

  it('leaves one trace for each patient, in the same commit', async () => {
    await all.put('Patient/traced', patient({ id: 'traced' }));
    const trail = 'AuditEvent?patient=traced&subtype=transaction';
    const before = (await all.get(trail)).json.total;
    await transact([
      post(observation({ subject: { reference: 'Patient/traced' } })),
      post(observation({ subject: { reference: 'Patient/traced' } })),
    ]);
    expect((await all.get(trail)).json.total).toBe(before + 1);
  });
});

describe('references', () => {
  it('to other entries are resolved wherever they stand, in any order of the entries', async () => {
    const [mother, place, photo] = [urn(), urn(), urn()];
    const div = `<div xmlns="http://www.w3.org/1999/xhtml"><a href="${mother}">x</a><img src="${photo}" alt="x"/></div>`;
    const reply = await transact([
      post(
        document({
          subject: { reference: mother },
          custodian: { reference: place },
          content: [{ attachment: { contentType: 'image/png', url: photo } }],
          context: { related: [{ reference: 'Organization/none' }, { reference: mother }] },
          text: { status: 'generated', div },
        }),
      ),
      post(patient({ managingOrganization: { reference: place } }), mother),
      post({ resourceType: 'Organization', name: 'x', partOf: { reference: place } }, place),
      post({ resourceType: 'Binary', contentType: 'image/png', data: PNG }, photo),
    ]);
    expect([reply.status, statuses(reply)]).toEqual([200, ['201', '201', '201', '201']]);
    const [at, mum, org, binary] = [0, 1, 2, 3].map((index) => placeOf(reply, index)) as [
      string,
      string,
      string,
      string,
    ];
    const { json } = await all.get(at);
    expect(json.subject.reference).toBe(mum);
    expect(json.custodian.reference).toBe(org);
    expect(json.content[0].attachment.url).toBe(binary);
    expect(json.context.related.map(({ reference }: Json) => reference)).toEqual(['Organization/none', mum]);
    expect(json.text.div).toContain(`<a href="${mum}">x</a><img src="${binary}"`);
    expect((await all.get(mum)).json.managingOrganization.reference).toBe(org);
    expect((await all.get(`DocumentReference?patient=${mum}`)).json.total).toBe(1);
  });

  it('relative ones are resolved below the fullUrl of their entry', async () => {
    const reply = await transact([
      post(patient(), 'http://elsewhere.test/fhir/Patient/77'),
      post(
        observation({ subject: { reference: 'Patient/77' } }),
        'http://elsewhere.test/fhir/Observation/78',
      ),
      post(observation({ subject: { reference: 'http://elsewhere.test/fhir/Patient/77' } })),
    ]);
    const [mum, one, two] = [0, 1, 2].map((index) => placeOf(reply, index)) as [string, string, string];
    for (const path of [one, two]) expect((await all.get(path)).json.subject.reference).toBe(mum);
  });

  it('that are a search are resolved to the one match', async () => {
    await all.put('Practitioner/by-name', {
      resourceType: 'Practitioner',
      id: 'by-name',
      identifier: [named('doctor')],
    });
    const performer = [{ reference: `Practitioner?${byName('doctor')}` }];
    const reply = await transact([post(observation({ performer })), post(observation({ performer }))]);
    for (const index of [0, 1]) {
      expect((await all.get(placeOf(reply, index))).json.performer[0].reference).toBe('Practitioner/by-name');
    }
  });

  it.each([
    ['nothing', 'nobody', [422, 'business-rule']],
    ['several', 'twins', [412, 'multiple-matches']],
  ])('that are a search of %s make it fail', async (_what, name, wanted) => {
    if (name === 'twins' && (await all.get(`Practitioner?${byName(name)}`)).json.total === 0) {
      await atOnce(2, () =>
        all.post('Practitioner', { resourceType: 'Practitioner', identifier: [named(name)] }),
      );
    }
    const performer = [{ reference: `Practitioner?${byName(name)}` }];
    const reply = await transact([post(known('unwritten')), post(observation({ performer }))]);
    expect(errorOf(reply)).toEqual(wanted);
    expect(expressionOf(reply)).toMatch(/^Bundle\.entry\[1\]/);
    expect(await total('unwritten')).toBe(0);
  });

  const doctor = (name: string, more: Json = {}): Resource =>
    ({ resourceType: 'Practitioner', identifier: [named(name)], ...more }) as Resource;
  const by = (name: string): Json =>
    post(observation({ performer: [{ reference: `Practitioner?${byName(name)}` }] }));

  it('by a search find what the same transaction makes, or makes of what is there', async () => {
    await all.put('Practitioner/renamed', doctor('old-name', { id: 'renamed' }));
    const reply = await transact([
      by('made-here'),
      post(doctor('made-here')),
      by('new-name'),
      put(doctor('new-name', { id: 'renamed' })),
    ]);
    expect(statuses(reply)).toEqual(['201', '201', '201', '200']);
    for (const [from, to] of [
      [0, 1],
      [2, 3],
    ] as const) {
      expect((await all.get(placeOf(reply, from))).json.performer[0].reference).toBe(placeOf(reply, to));
    }
  });

  it.each([
    ['replaces', 422, () => put(doctor('someone-else', { id: 'known-doctor' }))],
    ['deletes', 422, () => only('DELETE', 'Practitioner/known-doctor')],
    ['repeats', 412, () => post(doctor('known-doctor'))],
  ])('by a search find nothing alone that the transaction %s: %i', async (_what, status, entry) => {
    await all.put('Practitioner/known-doctor', doctor('known-doctor', { id: 'known-doctor' }));
    expect((await transact([by('known-doctor'), entry()])).status).toBe(status);
  });

  it('by a search find visible resources only, but for a patient named by their national number', async () => {
    const system = 'urn:oid:1.2.250.1.213.1.4.10';
    await all.put(
      'Patient/insured',
      patient({ id: 'insured', identifier: [{ system, value: '299999999999934' }, named('insured')] }),
    );
    const visible = await transact(
      [post(observation({ subject: { reference: `Patient?${byName('insured')}` } }))],
      hospital,
    );
    expect(errorOf(visible)).toEqual([422, 'business-rule']);
    const subject = { reference: `Patient?identifier=${system}|299999999999934` };
    const reply = await transact([post(observation({ subject }))], hospital);
    expect((await hospital.get(placeOf(reply, 0))).json.subject.reference).toBe('Patient/insured');
    expect((await hospital.get('Patient/insured')).status).toBe(404);
    const wrong = { reference: `Patient?identifier=${system}|299999999999935` };
    expect(errorOf(await transact([post(observation({ subject: wrong }))], hospital))).toEqual([
      422,
      'business-rule',
    ]);
  });
});

describe('conditional entries', () => {
  it('create, update, patch and delete what their conditions mean', async () => {
    for (const name of ['t-create', 't-update', 't-delete', 't-patch'])
      await all.post('Observation', known(name));
    const parameters = {
      resourceType: 'Parameters',
      parameter: [
        {
          name: 'operation',
          part: [
            { name: 'type', valueCode: 'replace' },
            { name: 'path', valueString: 'Observation.status' },
            { name: 'value', valueCode: 'amended' },
          ],
        },
      ],
    };
    const reply = await transact([
      post(known('t-create'), undefined, { ifNoneExist: byName('t-create') }),
      post(known('t-created'), undefined, {
        ifNoneExist: `${carnet.base}/Observation?${byName('t-created')}`,
      }),
      {
        resource: known('t-update', { valueString: 'x' }),
        request: { method: 'PUT', url: `Observation?${byName('t-update')}` },
      },
      { resource: known('t-updated'), request: { method: 'PUT', url: `Observation?${byName('t-updated')}` } },
      { resource: parameters, request: { method: 'PATCH', url: `Observation?${byName('t-patch')}` } },
      only('DELETE', `Observation?${byName('t-delete')}`),
      only('DELETE', `Observation?${byName('t-nothing')}`),
    ]);
    expect(statuses(reply)).toEqual(['200', '201', '200', '201', '200', '204', '204']);
    expect(
      await Promise.all(['t-create', 't-created', 't-update', 't-updated', 't-delete'].map(total)),
    ).toEqual([1, 1, 1, 1, 0]);
    expect((await all.get(placeOf(reply, 2))).json.valueString).toBe('x');
    expect((await all.get(placeOf(reply, 4))).json.status).toBe('amended');
  });

  it('stand for what they find in the references of others', async () => {
    const [found, made] = [urn(), urn()];
    const there = await all.post('Patient', patient({ identifier: [named('there')] }));
    const reply = await transact([
      post(observation({ subject: { reference: found }, performer: [{ reference: made }] })),
      post(patient({ identifier: [named('there')] }), found, { ifNoneExist: byName('there') }),
      {
        fullUrl: made,
        resource: { resourceType: 'Practitioner', identifier: [named('anew')] },
        request: { method: 'PUT', url: `Practitioner?${byName('anew')}` },
      },
    ]);
    expect(statuses(reply)).toEqual(['201', '200', '201']);
    expect((await all.get(placeOf(reply, 0))).json).toMatchObject({
      subject: { reference: `Patient/${there.json.id}` },
      performer: [{ reference: placeOf(reply, 2) }],
    });
    expect((await all.get(`Patient?${byName('there')}`)).json.total).toBe(1);
  });

  it.each([
    ['by id', () => 'Observation/t-leaves'],
    ['by condition', () => `Observation?${byName('t-leaves')}`],
  ])('are not met by what the transaction deletes %s', async (_how, url) => {
    await all.put('Observation/t-leaves', known('t-leaves', { id: 't-leaves' }));
    const made = await transact([
      only('DELETE', url()),
      post(known('t-leaves'), undefined, { ifNoneExist: byName('t-leaves') }),
    ]);
    expect(statuses(made)).toEqual(['204', '201']);
    expect([await total('t-leaves'), (await all.get('Observation/t-leaves')).status]).toEqual([1, 410]);
    await all.delete(placeOf(made, 1));
  });

  it('create one of ten at once', async () => {
    const replies = await atOnce(10, () =>
      transact([post(known('t-ten'), undefined, { ifNoneExist: byName('t-ten') }), post(known('t-with'))]),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array<number>(10).fill(200));
    expect([await total('t-ten'), await total('t-with')]).toEqual([1, 10]);
  });

  it('take no id that the caller may not choose, hidden or absent', async () => {
    await hospital.put('Observation/hospital-t', observation({ id: 'hospital-t' }));
    const gp = carnet.as('gp');
    const entry = (id: string) => ({
      resource: known('t-none', { id }),
      request: { method: 'PUT', url: `Observation?${byName('t-none')}` },
    });
    const [hidden, absent] = [
      await transact([entry('hospital-t')], gp),
      await transact([entry('hospital-0')], gp),
    ];
    expect([errorOf(hidden), hidden.text]).toEqual([[405, 'not-supported'], absent.text]);
    expect((await transact([entry('gp-t')], gp)).status).toBe(200);
  });

  it('refuse another id than that of the match', async () => {
    await all.post('Observation', known('t-id'));
    const reply = await transact([
      {
        resource: known('t-id', { id: 'x' }),
        request: { method: 'PUT', url: `Observation?${byName('t-id')}` },
      },
    ]);
    expect([errorOf(reply), expressionOf(reply)]).toEqual([[400, 'invalid'], 'Bundle.entry[0].resource.id']);
  });
});

describe('one entry that fails leaves nothing of the others behind', () => {
  const stale = { ifMatch: 'W/"x"' };

  beforeAll(async () => {
    await all.put('Observation/t1', observation({ id: 't1' }));
    await all.put('Observation/t2', observation({ id: 't2' }));
    await atOnce(2, () => all.post('Observation', known('t-many')));
  });

  it.each<[string, Json, number, RegExp]>([
    ['an invalid resource', post(observation({ status: 'x' })), 0, /^Bundle\.entry\[3\]\.resource\.status$/],
    ['a stale version', put(observation({ id: 't1' }), stale), 412, /^Bundle\.entry\[3\]$/],
    [
      'another patient',
      put(observation({ id: 't1', subject: { reference: 'Patient/p2' } })),
      422,
      /^Bundle\.entry\[3\]$/,
    ],
    [
      'a condition that matches several',
      post(known('t-many'), undefined, { ifNoneExist: byName('t-many') }),
      412,
      /^Bundle\.entry\[3\]$/,
    ],
    [
      'an unknown type',
      { resource: { resourceType: 'Foo' }, request: { method: 'POST', url: 'Foo' } },
      422,
      /^Bundle\.entry\[3\]$/,
    ],
    [
      'a type that is not served',
      { resource: { resourceType: 'Claim' }, request: { method: 'POST', url: 'Claim' } },
      422,
      /^Bundle\.entry\[3\]$/,
    ],
    [
      'a condition on an unknown type',
      { resource: { resourceType: 'Foo' }, request: { method: 'PUT', url: 'Foo?_id=1' } },
      0,
      /^Bundle\.entry\[3\]/,
    ],
    [
      'a condition on a type that is not served',
      { resource: { resourceType: 'Claim' }, request: { method: 'PUT', url: 'Claim?_id=1' } },
      0,
      /^Bundle\.entry\[3\]/,
    ],
    ['an unknown parameter', only('DELETE', 'Observation?colour=red'), 400, /^Bundle\.entry\[3\]/],
    ['no condition', only('DELETE', 'Observation?'), 400, /^Bundle\.entry\[3\]/],
    ['a read of nothing', only('GET', 'Observation/none'), 422, /^Bundle\.entry\[3\]$/],
    ['a search that is wrong', only('GET', 'Observation?colour=red'), 400, /^Bundle\.entry\[3\]$/],
    [
      'a patch of nothing',
      { ...only('PATCH', 'Observation/none'), resource: { resourceType: 'Parameters' } },
      422,
      /^Bundle\.entry\[3\]$/,
    ],
    ['an address that is none', only('GET', 'Observation/t1/what/ever'), 422, /^Bundle\.entry\[3\]/],
    ['a Bundle', post(bundle('transaction')), 0, /^Bundle\.entry\[3\]/],
    ['no request', { resource: observation() }, 400, /^Bundle\.entry\[3\]/],
    ['an unknown method', only('OPTIONS', 'Observation'), 400, /^Bundle\.entry\[3\]\.request\.method$/],
    ['the metadata', only('GET', 'metadata'), 400, /^Bundle\.entry\[3\]/],
    [
      'another server',
      only('GET', 'http://elsewhere.test/fhir/Patient/1'),
      400,
      /^Bundle\.entry\[3\]\.request\.url$/,
    ],
    ['the same resource twice', put(observation({ id: 't2' })), 400, /^Bundle\.entry\[3\]\.request$/],
  ])('%s', async (_what, entry, status, expression) => {
    const before = (await all.get('_history?_count=1')).json.entry[0].response.etag;
    const reply = await transact([
      post(known('t-lost')),
      put(observation({ id: 't2', valueString: 'lost' })),
      only('DELETE', 'Observation/t1x'),
      entry,
    ]);
    expect([reply.status >= 400 && reply.status < 500, reply.json?.resourceType]).toEqual([
      true,
      'OperationOutcome',
    ]);
    if (status > 0) expect(reply.status).toBe(status);
    expect(expressionOf(reply)).toMatch(expression);
    expect(await total('t-lost')).toBe(0);
    expect((await all.get('_history?_count=1')).json.entry[0].response.etag).toBe(before);
  });

  it('even when the fault is the first of many entries, or the last', async () => {
    for (const at of [0, 60]) {
      const entries = Array.from({ length: 60 }, () => post(known('t-lost')));
      entries.splice(at, 0, put(observation({ id: 't1' }), stale));
      expect(errorOf(await transact(entries))).toEqual([412, 'conflict']);
    }
    expect(await total('t-lost')).toBe(0);
  });

  it('and what is refused to a caller is refused to their transaction', async () => {
    const gp = carnet.as('gp');
    const organization = post({ resourceType: 'Organization', name: 'x' });
    expect(errorOf(await transact([post(known('t-lost')), organization], gp))).toEqual([403, 'forbidden']);
    const reader = carnet.as({ token: carnet.tokenFor({ scope: 'system/*.rs' }) });
    expect(errorOf(await transact([post(known('t-lost'))], reader))).toEqual([403, 'forbidden']);
    const [hidden, absent] = [
      await transact([only('GET', 'Observation/t1')], gp),
      await transact([only('GET', 'Observation/none')], gp),
    ];
    expect([hidden.status, hidden.text]).toEqual([422, absent.text]);
    expect(await total('t-lost')).toBe(0);
  });
});

describe('at once', () => {
  it('twenty that count in one resource make twenty versions', async () => {
    await all.put('Observation/counted', observation({ id: 'counted' }));
    const replies = await atOnce(20, (index) =>
      transact([put(observation({ id: 'counted', valueString: `${index}` })), post(known('t-counted'))]),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array<number>(20).fill(200));
    expect((await all.get('Observation/counted/_history')).json.total).toBe(21);
    expect(await total('t-counted')).toBe(20);
  });

  it('two that swap never mix', async () => {
    const both = (value: string) =>
      ['swap-a', 'swap-b'].map((id) => put(observation({ id, valueString: value })));
    await atOnce(12, (index) => transact(index % 2 === 0 ? both(`${index}`) : both(`${index}`).reverse()));
    const [a, b] = [await all.get('Observation/swap-a'), await all.get('Observation/swap-b')];
    expect(a.json.valueString).toBe(b.json.valueString);
    const values = async (id: string) =>
      (await all.get(`Observation/${id}/_history`)).json.entry.map(
        ({ resource }: { resource: Json }) => resource.valueString,
      );
    expect(await values('swap-a')).toEqual(await values('swap-b'));
  });
});

describe('bounds', () => {
  it('refuses more than 5,000 entries', async () => {
    for (const type of ['transaction', 'batch'] as const) {
      const reply = await all.post(
        '',
        bundle(type, ...Array.from({ length: 5001 }, () => only('GET', 'Patient/p1'))),
      );
      expect(errorOf(reply)).toEqual([413, 'too-long']);
    }
  });

  it('takes 5,000', async () => {
    const reply = await transact(Array.from({ length: 5000 }, () => post(known('t-5000'))));
    expect([reply.status, reply.json.entry?.length]).toEqual([200, 5000]);
    expect(await total('t-5000')).toBe(5000);
  });

  it.each(['document', 'collection', 'history', undefined])('refuses a Bundle of type %s', async (type) => {
    const reply = await all.post('', { resourceType: 'Bundle', type, entry: [] });
    expect(errorOf(reply)).toEqual([400, 'value']);
  });

  it('refuses what is no Bundle', async () => {
    expect((await all.post('', patient())).status).toBe(400);
    expect((await all.post('', { resourceType: 'Bundle', type: 'transaction', entry: {} })).status).toBe(400);
    expect(
      (await all.post('', { resourceType: 'Bundle', type: 'transaction', entry: [null, 'x'] })).status,
    ).toBe(400);
  });
});
