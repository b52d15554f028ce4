/** https://hl7.org/fhir/R4/resource-operations.html: `$validate`, `$meta`, `$meta-add`, `$meta-delete` */
import type { Json } from '../../src/fhir/resource.ts';
import { validate } from '../../src/fhir/validate/index.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';
import { PATIENT, atOnce, errorOf, observation, patient } from './support/resources.ts';

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

const parameters = (...parameter: unknown[]): Json => ({ resourceType: 'Parameters', parameter });

describe('$validate', () => {
  it.each([
    ['a resource', 'Observation/$validate', () => observation()],
    ['a resource of an address', 'Observation/any/$validate', () => observation()],
    ['Parameters', 'Observation/$validate', () => parameters({ name: 'resource', resource: observation() })],
    [
      'Parameters with a mode',
      'Observation/$validate',
      () => parameters({ name: 'mode', valueCode: 'create' }, { name: 'resource', resource: observation() }),
    ],
    ['a mode in the address', 'Observation/$validate?mode=update', () => observation()],
  ])('says that a good one is good: %s', async (_what, path, body) => {
    const reply = await all.post(path, body());
    expect([reply.status, reply.json.resourceType]).toEqual([200, 'OperationOutcome']);
    expect(reply.json.issue).toEqual([expect.objectContaining({ severity: 'information' })]);
  });

  it('names each fault of a bad one, and answers 200', async () => {
    const bad = observation({ status: 1, effectiveDateTime: 'yesterday' });
    for (const body of [bad, parameters({ name: 'resource', resource: bad })]) {
      const reply = await all.post('Observation/$validate', body);
      expect(reply.status).toBe(200);
      const found = reply.json.issue.map(({ expression }: { expression: string[] }) => expression[0]).sort();
      expect(found).toEqual(['Observation.effective', 'Observation.status']);
      expect(reply.json.issue.every(({ severity }: Json) => severity === 'error')).toBe(true);
    }
  });

  it('says what a write would say', async () => {
    const bad = observation({ status: 'x' });
    const said = await all.post('Observation/$validate', bad);
    const refused = await all.post('Observation', bad);
    expect(said.json.issue).toEqual(refused.json.issue);
  });

  it.each([
    'http://hl7.org/fhir/StructureDefinition/Observation',
    'http://hl7.org/fhir/StructureDefinition/Observation|4.0.1',
  ])('takes the profile that R4 itself gives the type: %s', async (profile) => {
    const body = parameters(
      { name: 'profile', valueUri: profile },
      { name: 'mode', valueCode: 'profile' },
      { name: 'resource', resource: observation({ status: 'x' }) },
    );
    const reply = await all.post('Observation/$validate', body);
    expect([reply.status, reply.json.issue[0].expression]).toEqual([200, ['Observation.status']]);
  });

  it.each([
    ['in the address', 'Observation/$validate?profile=http://x', observation()],
    [
      'in Parameters',
      'Observation/$validate',
      parameters({ name: 'profile', valueUri: 'http://x' }, { name: 'resource', resource: observation() }),
    ],
  ])('warns of a profile that it does not know, %s', async (_, path, body) => {
    const reply = await all.post(path, body);
    expect(
      reply.json.issue.map(({ severity, code }: { severity: string; code: string }) => [severity, code]),
    ).toEqual([
      ['warning', 'not-supported'],
      ['information', 'informational'],
    ]);
  });

  it('has nothing to check of a delete', async () => {
    const reply = await all.post(
      'Observation/any/$validate',
      parameters({ name: 'mode', valueCode: 'delete' }),
    );
    expect([reply.status, reply.json.issue[0].severity]).toEqual([200, 'information']);
  });

  it('writes nothing', async () => {
    const before = (await all.get('Observation?_summary=count')).json.total;
    await all.post('Observation/$validate', observation());
    expect((await all.get('Observation?_summary=count')).json.total).toBe(before);
  });

  it.each<[string, string, unknown]>([
    ['another type', 'Observation/$validate', patient()],
    ['no resource', 'Observation/$validate', parameters()],
    ['parameters that are none', 'Observation/$validate', parameters(null, 'x')],
    ['a resource that is none', 'Observation/$validate', parameters({ name: 'resource', resource: 'x' })],
    [
      'a profile that is no address',
      'Observation/$validate',
      parameters({ name: 'profile', valueUri: '' }, { name: 'resource', resource: observation() }),
    ],
    ['a mode that is none', 'Observation/any/$validate', parameters({ name: 'mode', valueCode: 'erase' })],
    ['a mode that is none in the address', 'Observation/$validate?mode=erase', observation()],
    ['a delete of no resource', 'Observation/$validate', parameters({ name: 'mode', valueCode: 'delete' })],
    ['no body', 'Observation/$validate', undefined],
  ])('refuses %s', async (_what, path, body) => {
    const reply = await all.post(path, body);
    expect([reply.status, reply.json?.resourceType]).toEqual([400, 'OperationOutcome']);
  });

  it('tells nothing of what is stored', async () => {
    const made = await hospital.post('Observation', observation());
    const [hidden, absent] = [
      await carnet.as('gp').post(`Observation/${made.json.id}/$validate`, observation()),
      await carnet.as('gp').post('Observation/none/$validate', observation()),
    ];
    expect([hidden.status, hidden.text]).toEqual([200, absent.text]);
  });
});

describe('$meta', () => {
  const tag = (code: string) => ({ system: 'https://carnet.test/tags', code });
  const meta = (value: Json): Json => parameters({ name: 'meta', valueMeta: value });
  const metaOf = ({ json }: Reply) => json.parameter[0].valueMeta;

  it('gives the meta by GET and by POST', async () => {
    const made = await all.put('Observation/m1', observation({ id: 'm1', meta: { tag: [tag('a')] } }));
    for (const reply of [await all.get('Observation/m1/$meta'), await all.post('Observation/m1/$meta')]) {
      expect(reply.status).toBe(200);
      expect(reply.json).toEqual(parameters({ name: 'return', valueMeta: made.json.meta }));
    }
  });

  it('adds and takes away, each as a new version', async () => {
    const label = { system: 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality', code: 'R' };
    await all.put(
      'Observation/m2',
      observation({ id: 'm2', meta: { tag: [tag('a')] }, valueQuantity: { value: 1 } }),
    );
    const added = await all.post(
      'Observation/m2/$meta-add',
      meta({ tag: [tag('a'), tag('b')], profile: ['http://carnet.test/p'], security: [label] }),
    );
    expect(added.status).toBe(200);
    expect(metaOf(added)).toMatchObject({
      tag: [tag('a'), tag('b')],
      profile: ['http://carnet.test/p'],
      security: [label],
    });
    const read = await all.get('Observation/m2');
    expect(read.json.meta).toEqual(metaOf(added));
    expect(read.json.valueQuantity).toEqual({ value: 1 });
    expect((await all.get('Observation?_tag=https://carnet.test/tags|b')).json.total).toBe(1);
    const removed = await all.post(
      'Observation/m2/$meta-delete',
      meta({ tag: [tag('a'), tag('z')], security: [label] }),
    );
    expect(metaOf(removed)).toMatchObject({ tag: [tag('b')], profile: ['http://carnet.test/p'] });
    expect(metaOf(removed).security).toBeUndefined();
    expect((await all.get('Observation?_tag=https://carnet.test/tags|a&_id=m2')).json.total).toBe(0);
    expect((await all.get('Observation/m2/_history')).json.total).toBe(3);
  });

  it('loses nothing of ten added at once', async () => {
    await all.put('Observation/m3', observation({ id: 'm3' }));
    await atOnce(10, (index) => all.post('Observation/m3/$meta-add', meta({ tag: [tag(`t${index}`)] })));
    const { json } = await all.get('Observation/m3');
    expect(json.meta.tag.map(({ code }: Json) => code).sort()).toEqual(
      Array.from({ length: 10 }, (_, index) => `t${index}`),
    );
  });

  it.each<[string, unknown]>([
    ['no body', undefined],
    ['no Parameters', observation()],
    ['no meta', parameters()],
    ['a meta that is none', parameters({ name: 'meta', valueMeta: 'x' })],
    ['tags that are none', meta({ tag: [null] })],
    ['tags that are a text', meta({ tag: 'x' })],
    ['profiles that are none', meta({ profile: [{ a: 1 }] })],
  ])('refuses %s', async (_what, body) => {
    await all.put('Observation/m4', observation({ id: 'm4' }));
    for (const operation of ['$meta-add', '$meta-delete']) {
      const reply = await all.post(`Observation/m4/${operation}`, body);
      expect([reply.status, reply.json?.resourceType]).toEqual([400, 'OperationOutcome']);
    }
  });

  it('answers hidden as absent, and what is deleted with 410', async () => {
    await hospital.put('Observation/hospital-m', observation({ id: 'hospital-m' }));
    const gp = carnet.as('gp');
    const ask = (id: string, client: Client) =>
      Promise.all([
        client.get(`Observation/${id}/$meta`),
        client.post(`Observation/${id}/$meta-add`, meta({ tag: [tag('a')] })),
        client.post(`Observation/${id}/$meta-delete`, meta({ tag: [tag('a')] })),
      ]);
    const absent = await ask('none', gp);
    expect(absent.map(errorOf)).toEqual(absent.map(() => [404, 'not-found']));
    expect((await ask('hospital-m', gp)).map(({ text }) => text)).toEqual(absent.map(({ text }) => text));
    await hospital.delete('Observation/hospital-m');
    expect((await ask('hospital-m', hospital)).map(errorOf)).toEqual(absent.map(() => [410, 'deleted']));
    expect((await ask('hospital-m', gp)).map(({ text }) => text)).toEqual(absent.map(({ text }) => text));
  });

  it('changes labels for the depositor only', async () => {
    await hospital.put('Observation/hospital-l', observation({ id: 'hospital-l' }));
    const owner = carnet.as({ token: carnet.tokenFor({ reference: PATIENT }, 'patient') });
    expect((await owner.get('Observation/hospital-l/$meta')).status).toBe(200);
    expect(errorOf(await owner.post('Observation/hospital-l/$meta-add', meta({ tag: [tag('a')] })))).toEqual([
      403,
      'forbidden',
    ]);
  });
});

describe('$meta of a type and of the system', () => {
  const coding = (code: string) => ({ system: 'https://carnet.test/union', code });
  const labelled = (id: string, type: string, of: string, code: string, more: object = {}): Json => ({
    ...(type === 'Observation' ? observation() : patient()),
    id,
    ...(type === 'Observation' ? { subject: { reference: of } } : {}),
    meta: { tag: [coding(code), coding('both')], profile: [`http://carnet.test/${code}`], ...more },
  });
  const unionOf = ({ json }: Reply) => json.parameter[0].valueMeta;
  let owner: Client;

  beforeAll(async () => {
    for (const resource of [
      labelled('u1', 'Patient', '', 'p'),
      labelled('uo1', 'Observation', 'Patient/u1', 'z', { security: [coding('sealed')] }),
      labelled('uo2', 'Observation', 'Patient/u1', 'a'),
      labelled('u2', 'Patient', '', 'q'),
      labelled('uo3', 'Observation', 'Patient/u2', 'theirs', { security: [coding('theirs')] }),
    ]) {
      const { status } = await all.put(`${String(resource.resourceType)}/${String(resource.id)}`, resource);
      expect(status).toBe(201);
    }
    owner = carnet.as({ token: carnet.tokenFor({ reference: 'Patient/u1' }, 'patient') });
  });

  it('tells each label once, of what the caller may see and nothing else', async () => {
    const expected = {
      profile: ['http://carnet.test/a', 'http://carnet.test/z'],
      security: [coding('sealed')],
      tag: ['a', 'both', 'z'].map(coding),
    };
    for (const reply of [await owner.get('Observation/$meta'), await owner.post('Observation/$meta')]) {
      expect([reply.status, reply.json.resourceType, unionOf(reply)]).toEqual([200, 'Parameters', expected]);
    }
  });

  it('of the system, of all types', async () => {
    const { tag } = unionOf(await owner.get('$meta'));
    expect(tag).toEqual(['a', 'both', 'p', 'z'].map(coding));
    expect(unionOf(await all.get('Observation/$meta')).tag).toEqual(
      expect.arrayContaining(['a', 'theirs'].map(coding)),
    );
  });

  it('is empty where there is nothing to see', async () => {
    const reply = await owner.get('Appointment/$meta');
    expect([reply.status, reply.json]).toEqual([200, { resourceType: 'Parameters' }]);
    expect(validate(reply.json)).toEqual([]);
  });

  it('wants the scope of a search', async () => {
    const narrow = carnet.as({ token: carnet.tokenFor({ scope: 'system/Observation.s system/Patient.r' }) });
    expect((await narrow.get('Observation/$meta')).status).toBe(200);
    expect(errorOf(await narrow.get('Patient/$meta'))).toEqual([403, 'forbidden']);
    expect(errorOf(await narrow.get('$meta'))).toEqual([403, 'forbidden']);
  });

  it('is refused past a bound that counts what the caller may see', async () => {
    const entry = Array.from({ length: 1001 }, () => ({
      resource: observation({ subject: { reference: 'Patient/u2' } }),
      request: { method: 'POST', url: 'Observation' },
    }));
    expect((await all.post('', { resourceType: 'Bundle', type: 'transaction', entry })).status).toBe(200);
    expect(errorOf(await all.get('Observation/$meta'))).toEqual([403, 'too-costly']);
    expect((await owner.get('Observation/$meta')).status).toBe(200);
  });

  it.each(['$meta-add', '$meta-delete', '$validate'])('there is no %s of the system', async (name) => {
    expect(errorOf(await all.post(name, parameters()))).toEqual([404, 'not-supported']);
  });
});

it.each(['Observation/$everything', 'Observation/m1/$foo', '$foo', 'Patient/p1/$nothing'])(
  'says that `%s` is not served',
  async (path) => {
    for (const reply of [await all.get(path), await all.post(path, parameters())]) {
      expect(errorOf(reply)).toEqual([404, 'not-supported']);
    }
  },
);
