/** Two files of one person become one: by two people, whole, with a trace, and opening nothing. */
import { setTimeout as sleep } from 'node:timers/promises';
import { MongoClient } from 'mongodb';
import { Merger } from '../../src/account/merge/merger.ts';
import type { Merges, Moving } from '../../src/account/merge/ports.ts';
import type { Duty } from '../../src/catalogue/duty.ts';
import type { ResourceStore } from '../../src/enforcement/ports.ts';
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { connect } from '../../src/store/database.ts';
import { MongoMerges } from '../../src/store/merge/merges.ts';
import { DELEGATION, Space, label, permits } from '../enforcement/support/space.ts';
import { document } from '../leaks/support/content.ts';
import { codesOf, settled } from '../notice/support/world.ts';
import { type Client, type Reply, type TestServer, testServer } from '../support/server.ts';

const INS = 'urn:oid:1.2.250.1.213.1.4.10';
const FILES = 'https://files.example';
const HOUR = 3_600_000;
/** Long enough to lie apart. */
const REPORT = Buffer.from('compte rendu '.repeat(1_200)).toString('base64');

let carnet: TestServer;
let mongo: MongoClient;
beforeAll(async () => {
  carnet = await testServer(import.meta.url, { noticesEvery: 50 });
  mongo = await MongoClient.connect(carnet.database.uri);
});
afterAll(async () => {
  await mongo?.close();
  await carnet?.close();
});

const numbered = (...numbers: string[]): Json => ({
  identifier: numbers.map((value) => ({ use: 'official', system: INS, value })),
});

/** A file with a number of its own, and one at its registry. */
async function file(number: string, more: Json = {}): Promise<Space & { number: string }> {
  const space = await Space.of(carnet, { ...numbered(number), ...more });
  return Object.assign(space, { number });
}

const asked = (source: { id: string; number: string }, target: { id: string; number: string }): Json => ({
  resourceType: 'Parameters',
  parameter: [
    { name: 'source-patient', valueReference: { reference: `Patient/${source.id}` } },
    { name: 'source-patient-identifier', valueIdentifier: { system: INS, value: source.number } },
    { name: 'target-patient', valueReference: { reference: `Patient/${target.id}` } },
    { name: 'target-patient-identifier', valueIdentifier: { system: INS, value: target.number } },
  ],
});

async function merge(source: Space & { number: string }, target: Space & { number: string }): Promise<void> {
  for (const steward of ['operator', 'security'] as const) {
    const { status, text } = await carnet.as(steward).post('Patient/$merge', asked(source, target));
    if (status !== 202) throw new Error(text);
  }
  await ended(source.id);
}

/** All was moved. */
async function ended(source: string): Promise<void> {
  const merges = mongo.db(carnet.database.dbName).collection<{ _id: string }>('merges');
  for (let tries = 0; (await merges.findOne({ _id: source, moved: true })) === null; tries += 1) {
    if (tries > 600) throw new Error('the merge comes to no end');
    await sleep(25);
  }
}

const idsOf = ({ json }: Reply): string[] =>
  ((json.entry ?? []) as { resource: Resource }[]).map(({ resource }) => resource.id!);
const of = ({ id }: Space) => ({ reference: `Patient/${id}` });
async function made(client: Client, resource: Resource): Promise<Resource> {
  const { status, json, text } = await client.post(resource.resourceType, resource);
  if (status !== 201) throw new Error(text);
  return json as Resource;
}

describe('takes two people', () => {
  let source: Space & { number: string };
  let target: Space & { number: string };
  beforeAll(async () => {
    [source, target] = [await file('124018852493334'), await file('279035121518989')];
  });

  it('of different duties, who say the same', async () => {
    const { status, json } = await carnet.as('operator').post('Patient/$merge', asked(source, target));
    expect([status, json.parameter[1].resource.issue[0].details.text]).toEqual([
      202,
      'the merge waits for the same request by another person of another duty',
    ]);
    const other = carnet.as({
      token: carnet.tokenFor({ reference: 'Practitioner/other-operator' }, 'operator'),
    });
    expect((await carnet.as('operator').post('Patient/$merge', asked(source, target))).status).toBe(202);
    expect((await other.post('Patient/$merge', asked(source, target))).status).toBe(403);
    // the other way round is another merge
    expect((await carnet.as('security').post('Patient/$merge', asked(target, source))).status).toBe(202);
    expect((await source.me.get(`Patient/${source.id}`)).json.active).toBeUndefined();
  });

  it('and nobody who is no steward', async () => {
    for (const who of ['gp', 'hospital', 'registrar', 'app'] as const)
      expect((await carnet.as(who).post('Patient/$merge', asked(source, target))).status).toBe(403);
    expect((await source.me.post('Patient/$merge', asked(source, target))).status).toBe(403);
  });

  it('is refused by one of them, and not confirmed beside the request itself', async () => {
    const [one, two] = [await file('255069999999934'), await file('179032B00100172')];
    await carnet.as('reviewer').post('Patient/$merge', asked(one, two));
    const registry = (path: string, body?: Json): Promise<Reply> =>
      carnet
        .as('security')
        .send(body === undefined ? 'GET' : 'POST', carnet.base.replace(/fhir$/, `registry/${path}`), body, {
          'content-type': 'application/json',
        });
    const waiting = (await registry('proposals')).json as { id: string; change: Json }[];
    const { id } = waiting.find(({ change }) => change.source === one.id)!;
    expect((await registry(`proposals/${id}/confirm`, {})).status).toBe(422);
    expect((await registry(`proposals/${id}/refuse`, {})).json.state).toBe('refused');
    const { json } = await carnet.as('security').post('Patient/$merge', asked(one, two));
    expect(json.parameter[1].resource.issue[0].details.text).toContain('waits');
  });

  it('tells unknown, closed and mismatched files alike', async () => {
    const closed = await file('179032A00100145', { active: false });
    const absent = { id: 'nobody', number: '124018852493334' };
    const replies = await Promise.all(
      [
        asked(closed, target),
        asked(target, closed),
        asked(absent, target),
        asked({ id: source.id, number: target.number }, target),
        asked({ id: source.id, number: '1' }, target),
        asked(source, source),
      ].map((body) => carnet.as('reviewer').post('Patient/$merge', body)),
    );
    expect(new Set(replies.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(replies[0]!.status).toBe(404);
  });

  it('tells by a preview that it can be, and refuses what it would not do', async () => {
    const body = asked(source, target) as { parameter: Json[] };
    const preview = { ...body, parameter: [...body.parameter, { name: 'preview', valueBoolean: true }] };
    const { status, json } = await carnet.as('security').post('Patient/$merge', preview);
    expect([status, json.parameter[1].resource.issue[0].details.text]).toEqual([
      200,
      'the two files can be merged, by two people of different duties',
    ]);
    const trace = await carnet
      .as('all')
      .get(`AuditEvent?patient=${source.id}&agent=Practitioner/demo-security&_sort=-date&_count=1`);
    expect(trace.json.total).toBeGreaterThan(0);
    expect(trace.text).not.toContain(`Patient/${target.id}`);
    const result = { name: 'result-patient', resource: { resourceType: 'Patient' } };
    const wanting = { ...body, parameter: [...body.parameter, result] };
    expect((await carnet.as('security').post('Patient/$merge', wanting)).status).toBe(400);
    const idAlone = {
      ...body,
      parameter: body.parameter.filter(({ name }) => !String(name).endsWith('identifier')),
    };
    expect((await carnet.as('security').post('Patient/$merge', idAlone)).status).toBe(400);
  });
});

describe('of all that one file has', () => {
  let source: Space & { number: string };
  let target: Space & { number: string };
  let third: Space;
  let own: string;
  let brought: string;
  let allergy: Resource;
  let appointment: Resource;
  let list: Resource;
  let erased: Resource;
  let content: string;
  let mine: Resource;
  let bundle: Resource;
  beforeAll(async () => {
    [source, target] = [await file('179032B00100173'), await file('179032B00100174')];
    third = await Space.of(carnet, { identifier: [{ system: FILES, value: 'third' }] });
    const hospital = carnet.as('hospital');
    own = await target.deposit();
    const binary = await made(hospital, {
      resourceType: 'Binary',
      contentType: 'text/plain',
      data: REPORT,
    });
    content = `Binary/${binary.id}`;
    brought = await source.deposit({
      content: [{ url: content }, { data: REPORT }].map((each) => ({
        attachment: { contentType: 'text/plain', ...each },
      })),
    });
    const before = (await hospital.get(`DocumentReference/${brought}`)).json as Resource;
    await hospital.put(`DocumentReference/${brought}`, { ...before, description: 'deuxième version' });
    allergy = await made(hospital, {
      resourceType: 'AllergyIntolerance',
      clinicalStatus: {
        coding: [
          { system: 'http://terminology.hl7.org/CodeSystem/allergyintolerance-clinical', code: 'active' },
        ],
      },
      patient: { reference: `${carnet.base}/Patient/${source.id}` },
      code: { text: 'Arachide' },
    });
    appointment = await made(hospital, {
      resourceType: 'Appointment',
      status: 'booked',
      participant: [source, third].map((each) => ({ actor: of(each), status: 'accepted' })),
      start: '2027-01-01T10:00:00Z',
      end: '2027-01-01T10:30:00Z',
    });
    list = await made(hospital, {
      resourceType: 'List',
      status: 'current',
      mode: 'working',
      subject: of(source),
      source: of(source),
      entry: [{ item: { reference: `DocumentReference/${brought}` } }],
    });
    erased = await made(hospital, {
      resourceType: 'Observation',
      status: 'final',
      code: { text: 'Poids' },
      subject: of(source),
    });
    await hospital.delete(`Observation/${erased.id}`);
    const picture = { resourceType: 'Binary', contentType: 'text/plain', data: 'bWllbg==' };
    const { id } = await made(source.me, picture);
    const { id: _, ...note } = document('', source.id, {
      type: { coding: [{ system: 'http://loinc.org', code: '74465-6' }] },
      content: [{ attachment: { contentType: 'text/plain', url: `Binary/${id}` } }],
    });
    mine = await made(source.me, note as Resource);
    bundle = await made(hospital, {
      resourceType: 'Bundle',
      type: 'document',
      identifier: { system: FILES, value: 'bundle' },
      timestamp: '2026-05-02T10:00:00Z',
      entry: [
        {
          fullUrl: `${carnet.base}/Composition/inside`,
          resource: {
            resourceType: 'Composition',
            id: 'inside',
            status: 'final',
            type: { text: 'Lettre' },
            subject: of(source),
            date: '2026-05-02',
            author: [{ reference: 'Organization/demo-hospital' }],
            title: 'Lettre',
          },
        },
        {
          fullUrl: `${carnet.base}/Patient/${source.id}`,
          resource: { resourceType: 'Patient', id: source.id },
        },
      ],
    });
    await merge(source, target);
  });

  it('the patient is told once', async () => {
    await settled(carnet);
    const told = codesOf((await target.me.get(`Patient/${target.id}/$notices`)).json);
    expect(told).toEqual(['record-merged', 'document-added']);
  });

  it('everything is found by the other, once', async () => {
    const search = async (type: string) => idsOf(await target.me.get(`${type}?patient=${target.id}`));
    expect(new Set(await search('DocumentReference'))).toEqual(new Set([own, brought, mine.id]));
    expect((await target.me.get(`Bundle/${bundle.id}`)).json.entry[1].resource.id).toBe(target.id);
    expect(await search('AllergyIntolerance')).toEqual([allergy.id]);
    expect(await search('List')).toEqual([list.id]);
    const { json } = await target.me.get(`List/${list.id}`);
    expect([json.subject, json.source]).toEqual([of(target), of(target)]);
    expect((await target.me.get(`AllergyIntolerance/${allergy.id}`)).json.patient.reference).toBe(
      `${carnet.base}/Patient/${target.id}`,
    );
  });

  it('with its content, its earlier versions and what was deleted', async () => {
    expect((await target.me.get(content, { accept: 'text/plain' })).text).toMatch(/^compte rendu/);
    const { json } = await target.me.get(`DocumentReference/${brought}/_history`);
    const versions = (json.entry as { resource: Resource }[]).map(({ resource }) => resource as Json);
    expect(versions.map(({ subject }) => subject)).toEqual([of(target), of(source), of(source)]);
    for (const each of versions)
      expect((each.content as Json[])[1]).toMatchObject({ attachment: { data: REPORT } });
    const kept = { projection: { piece: 1, inline: 1 } };
    const db = mongo.db(carnet.database.dbName);
    const [binary] = await db
      .collection('resources')
      .find({ _id: content as never }, kept)
      .toArray();
    const rid = `DocumentReference/${brought}`;
    const documents = [
      ...(await db
        .collection('resources')
        .find({ _id: rid as never }, kept)
        .toArray()),
      ...(await db.collection('history').find({ rid }, kept).toArray()),
    ];
    expect(documents.map(({ inline }) => inline[0].piece)).toEqual([0, 1, 2].map(() => binary!.piece));
    expect((await target.me.get(`Observation/${erased.id}`)).status).toBe(410);
  });

  it('sealed under the key of the other alone', async () => {
    const db = mongo.db(carnet.database.dbName);
    const mine = {
      type: { $ne: 'Patient' },
      $or: ['patient', 'others', 'owners'].map((name) => ({ [name]: source.id })),
    };
    expect(await db.collection('resources').findOne(mine)).toBeNull();
    expect(await db.collection('history').findOne(mine)).toBeNull();
  });

  it('what the person deposited themself is theirs to change', async () => {
    const at = `DocumentReference/${mine.id}`;
    const { json } = await target.me.get(at);
    const url = String(json.content[0].attachment.url);
    expect((await target.me.get(url, { accept: 'text/plain' })).text).toBe('mien');
    expect((await target.me.put(at, { ...json, description: 'le mien' })).status).toBe(200);
    expect((await target.me.delete(at)).status).toBe(204);
    expect((await source.me.get(at)).status).toBe(404);
  });

  it('its traces are told to who speaks for the person, and to nobody else for a link', async () => {
    const history = async (space: Space): Promise<string> =>
      (await space.me.get(`Patient/${space.id}/$access-history?_count=80`)).text;
    // the Observation was deposited and deleted before
    expect(await history(target)).toContain(`Observation/${erased.id}`);
    const { json: person } = await target.registrar.get(`Patient/${target.id}`);
    const linked = { ...person, link: [...person.link, { other: of(third), type: 'replaces' }] };
    expect((await target.registrar.put(`Patient/${target.id}`, linked)).status).toBe(200);
    const shown = await history(target);
    expect(shown).toContain(`Observation/${erased.id}`);
    expect(shown).not.toContain(`Patient/${third.id}`);
    expect((await third.me.get(`Patient/${third.id}/$access-history`)).text).not.toContain(source.id);
    await target.registrar.put(`Patient/${target.id}`, person);
  });

  it('shared with a third, whose it is as before', async () => {
    const hospital = carnet.as('hospital');
    for (const each of [target, third])
      expect(idsOf(await hospital.get(`Appointment?patient=${each.id}`))).toEqual([appointment.id]);
    const { json } = await hospital.get(`Appointment/${appointment.id}/_history`);
    expect(json.total).toBe(2);
  });

  it('the depositor finds its deposits by the other, and nothing by the one', async () => {
    const hospital = carnet.as('hospital');
    expect(new Set(idsOf(await hospital.get(`DocumentReference?patient=${target.id}`)))).toEqual(
      new Set([own, brought]),
    );
    expect(idsOf(await hospital.get(`DocumentReference?patient=${source.id}`))).toEqual([]);
    const { json } = await hospital.get(`DocumentReference/${brought}`);
    const again = await hospital.put(`DocumentReference/${brought}`, { ...json, description: 'troisième' });
    expect(again.status).toBe(200);
  });

  it('the file that is closed names the one in use, to who may see it', async () => {
    for (const who of [source.me, source.registrar]) {
      const { json } = await who.get(`Patient/${source.id}`);
      expect([json.active, json.link]).toEqual([false, [{ other: of(target), type: 'replaced-by' }]]);
    }
    expect((await target.me.get(`Patient/${target.id}`)).json.link).toEqual([
      { other: of(source), type: 'replaces' },
    ]);
    expect((await carnet.as('gp').get(`Patient/${source.id}`)).status).toBe(404);
    // nobody opens it by what they write into it
    const { json } = await source.registrar.get(`Patient/${source.id}`);
    await source.registrar.put(`Patient/${source.id}`, { ...json, active: true });
    expect((await source.me.get(`Patient/${source.id}/Consent`)).json.total).toBe(0);
  });

  it('both numbers lead to the one in use', async () => {
    for (const number of [source.number, target.number])
      expect(idsOf(await carnet.as('dentist').get(`Patient?identifier=${INS}%7C${number}`))).toEqual([
        target.id,
      ]);
    const { json } = await target.me.get(`Patient/${target.id}`);
    expect(json.identifier).toEqual([
      { use: 'official', system: INS, value: target.number },
      {
        use: 'old',
        system: INS,
        value: source.number,
        period: { end: expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/) },
      },
    ]);
  });

  it('leaves a trace in each file that names no other patient', async () => {
    const traces = async (space: Space): Promise<Resource[]> => {
      const { json } = await carnet.as('all').get(`AuditEvent?patient=${space.id}&_count=200`);
      return (json.entry as { resource: Resource }[]).map(({ resource }) => resource);
    };
    for (const space of [source, target, third]) {
      const merged = (await traces(space)).filter((each) => JSON.stringify(each).includes('demo-security'));
      expect(merged.length).toBeGreaterThan(0);
      for (const other of [source, target, third].filter((each) => each !== space))
        expect(JSON.stringify(merged)).not.toContain(`Patient/${other.id}"`);
    }
    const codes = JSON.stringify((await traces(target)).map(({ subtype }) => subtype));
    for (const code of ['step-proposed', 'step-approved', 'record-merged']) expect(codes).toContain(code);
  });
});

it('goes on where it was killed, and makes nothing twice', async () => {
  const [source, target] = [await file('179032B00100190'), await file('179032B00100191')];
  const hospital = carnet.as('hospital');
  const deposited = await Promise.all(Array.from({ length: 50 }, () => source.deposit()));
  for (const id of deposited.slice(0, 25)) {
    const { json } = await hospital.get(`DocumentReference/${id}`);
    await hospital.put(`DocumentReference/${id}`, { ...json, description: 'changed' });
  }
  const { uri, dbName } = carnet.database;
  const database = await connect(uri, dbName);
  const { store, accounts } = carnet.server;
  const merges = new MongoMerges(database);
  const steward = (duty: Duty) => ({ reference: `Practitioner/demo-${duty}`, duty });
  let clock = Date.now();
  const by = [steward('operator'), steward('reviewer')] as const;
  const between = { source: source.id, target: target.id };
  // the server itself has nothing to do here yet
  await merges.begin({ ...between, by, client: 'test', address: '', requestId: 'test', at: clock + HOUR });
  let kills = 0;
  for (let step = 0, isDone = false; !isDone; step += 1) {
    clock += HOUR;
    let left = step;
    const dying = <T extends object>(port: T): T =>
      new Proxy(port, {
        get: (of, name) => {
          const value: unknown = Reflect.get(of, name);
          if (typeof value !== 'function') return value;
          return (...given: unknown[]) => {
            if (['next', 'commit', 'follow', 'finish'].includes(String(name)) && (left -= 1) < 0)
              throw new Error('killed');
            return (value as (...of: unknown[]) => unknown).apply(of, given);
          };
        },
      });
    const merger = new Merger({
      port: dying<ResourceStore>(store),
      merges: dying<Merges>(merges),
      moving: dying<Moving>(store.moving),
      log: accounts,
      base: carnet.base,
      professions: '',
      now: () => clock,
    });
    isDone = await merger.run(new AbortController().signal).then(
      () => true,
      () => false,
    );
    if (!isDone) kills += 1;
  }
  await database.close();
  expect(kills).toBeGreaterThan(3);
  const found = await target.me.get(`DocumentReference?patient=${target.id}&_count=200`);
  expect([found.json.total, new Set(idsOf(found))]).toEqual([50, new Set(deposited)]);
  const versions = await Promise.all(
    deposited.map(
      async (id) => (await target.me.get(`DocumentReference/${id}/_history`)).json.total as number,
    ),
  );
  expect(versions).toEqual(deposited.map((_, index) => (index < 25 ? 3 : 2)));
});

describe('opens nothing', () => {
  it('what was masked, blocked or denied in either file stays so', async () => {
    const [source, target] = [await file('179032B00100175'), await file('179032B00100176')];
    const masked = await source.deposit({ securityLabel: [{ coding: [label('MASQUE_PS')] }] });
    const hidden = await source.deposit({ securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] });
    const plain = await source.deposit();
    const denied = await source.deposit({
      type: { coding: [{ system: 'http://loinc.org', code: '11502-2' }] },
    });
    const own = await target.deposit();
    await source.blocks('Practitioner/demo-gp');
    const laboratory = {
      type: 'deny',
      code: [{ coding: [{ system: 'http://loinc.org', code: '11502-2' }] }],
    };
    // what it permits ends, what it denies stands
    await source.says({ ...permits('Practitioner/other-doctor'), provision: [laboratory] });
    await source.says({ ...laboratory, actor: permits('Practitioner/demo-dentist').actor });
    await target.says(permits('Practitioner/demo-gp'));
    await target.says(permits('Practitioner/demo-dentist'));
    await merge(source, target);
    const [gp, dentist] = [carnet.as('gp'), carnet.as('dentist')];
    const other = target.caller('gp', { reference: 'Practitioner/other-doctor' });
    const seen = async (client: Client): Promise<string[]> => {
      const each = [masked, hidden, plain, denied, own];
      const given = await Promise.all(each.map((id) => target.sees(client, id)));
      return each.filter((_, index) => given[index]);
    };
    expect(await seen(gp)).toEqual([]);
    expect(await seen(dentist)).toEqual([hidden, plain, own]);
    expect(await seen(other)).toEqual([]);
    expect(await seen(target.me)).toEqual([masked, plain, denied, own]);
  });

  it('who was let into the one file is let into the other once it is said again', async () => {
    const [source, target] = [await file('179032B00100177'), await file('179032B00100178')];
    const own = await target.deposit();
    const consent = await source.says(permits('Practitioner/demo-gp'));
    const link = await source.links('legal-protection');
    const guardian = () =>
      carnet.as({
        token: carnet.tokenFor(
          { reference: 'Patient/guardian', related: [`RelatedPerson/${link}`] },
          'patient',
        ),
      });
    await merge(source, target);
    expect(await target.sees(carnet.as('gp'), own)).toBe(false);
    expect(await target.sees(guardian(), own)).toBe(false);
    const { json } = await target.me.get(`Consent/${consent}`);
    const { modifierExtension, ...again } = json;
    expect(modifierExtension[0].valueReference).toEqual(of(source));
    expect((await target.me.put(`Consent/${consent}`, again)).status).toBe(200);
    expect(await target.sees(carnet.as('gp'), own)).toBe(true);
    const related = (await source.registrar.get(`RelatedPerson/${link}`)).json;
    expect(related.relationship[0].coding[0].system).toBe(DELEGATION);
    delete related.modifierExtension;
    expect((await source.registrar.put(`RelatedPerson/${link}`, related)).status).toBe(200);
    expect(await target.sees(guardian(), own)).toBe(true);
  });

  it('what is deposited by the old id afterwards is nobody’s to see until it has moved', async () => {
    const [source, target] = [await file('179032B00100179'), await file('179032B00100180')];
    await target.says(permits('Practitioner/demo-gp'));
    await merge(source, target);
    const late = await source.deposit();
    expect((await carnet.as('gp').get(`DocumentReference/${late}`)).status).toBe(404);
    const merges = mongo.db(carnet.database.dbName).collection<{ _id: string }>('merges');
    await merges.updateOne({ _id: source.id }, { $set: { due: 0 }, $unset: { moved: 1 } });
    // the next look is up to ten seconds away: another merge brings it
    await merge(await file('179032B00100181'), await file('179032B00100182'));
    await ended(source.id);
    expect(await target.sees(carnet.as('gp'), late)).toBe(true);
  });
});

describe('a number that changes', () => {
  const [BEFORE, AFTER] = ['179032A00130037', '179032B00130064'];
  const number = (value: string, use: string, more: Json = {}): Json => ({
    use,
    system: INS,
    value,
    ...more,
  });
  const WHOLE = {
    name: [{ use: 'official', family: 'Martin', given: ['Ange'] }],
    gender: 'male',
    birthDate: '1979-03-02',
  };
  const ENDED = { period: { end: '2026-11-29' } };
  let person: Space;
  const becomes = async (identifier: Json[], more: Json = WHOLE): Promise<Reply> =>
    person.registrar.put(`Patient/${person.id}`, {
      resourceType: 'Patient',
      id: person.id,
      ...more,
      identifier,
    });
  const found = async (value: string): Promise<string[]> =>
    idsOf(await carnet.as('dentist').get(`Patient?identifier=${INS}%7C${value}`));
  beforeAll(async () => {
    person = await Space.of(carnet, { identifier: [number(BEFORE, 'official')] });
  });

  it.each<[string, Json[], Json]>([
    ['is not dropped', [number(AFTER, 'official')], WHOLE],
    ['has its end', [number(AFTER, 'official'), number(BEFORE, 'old')], WHOLE],
    ['is the only one', [number(AFTER, 'official'), number(BEFORE, 'official')], WHOLE],
    ['has its key', [number('179032B00130001', 'official'), number(BEFORE, 'old', ENDED)], WHOLE],
    [
      'comes with a whole identity',
      [number(AFTER, 'official'), number(BEFORE, 'old', ENDED)],
      { ...WHOLE, birthDate: '1979' },
    ],
  ])('%s', async (_, identifier, more) => {
    expect((await becomes(identifier, more)).status).toBe(422);
    expect(await found(BEFORE)).toEqual([person.id]);
  });

  it('leads to the patient as the one before does, and leaves a trace', async () => {
    expect((await becomes([number(AFTER, 'official'), number(BEFORE, 'old', ENDED)])).status).toBe(200);
    expect([await found(AFTER), await found(BEFORE)]).toEqual([[person.id], [person.id]]);
    expect((await person.me.get(`Patient/${person.id}/_history`)).json.total).toBe(2);
    const { json } = await person.me.get(`AuditEvent?patient=${person.id}&action=U`);
    expect(json.entry[0].resource.agent[0].who.reference).toBe('Organization/demo-registry');
    await settled(carnet);
    const told = codesOf((await person.me.get(`Patient/${person.id}/$notices`)).json);
    expect(told.filter((code) => code !== 'visit')).toEqual(['number-changed']);
    const patch = [{ op: 'remove', path: '/identifier/1' }];
    expect((await person.registrar.patch(`Patient/${person.id}`, patch)).status).toBe(422);
  });

  it('is nobody else’s: two files of one person are merged', async () => {
    const other = await file('124018852493399', WHOLE);
    const taken = { identifier: [number(AFTER, 'official'), number(other.number, 'old', ENDED)], ...WHOLE };
    const { status, json } = await other.registrar.put(`Patient/${other.id}`, {
      resourceType: 'Patient',
      id: other.id,
      ...taken,
    });
    expect([status, json.issue[0].details.text]).toEqual([409, expect.stringContaining('$merge')]);
  });

  it('goes where it was another’s all along', async () => {
    const [wrong] = [await file('124018852493398', WHOLE)];
    await Space.of(carnet, { identifier: [number(wrong.number, 'official')], ...WHOLE });
    const { status } = await wrong.registrar.put(`Patient/${wrong.id}`, {
      resourceType: 'Patient',
      id: wrong.id,
      ...WHOLE,
    });
    expect([status, (await found(wrong.number)).includes(wrong.id)]).toEqual([200, false]);
    expect(await found(wrong.number)).toHaveLength(1);
  });
});

it('a document that went to the wrong patient is withdrawn: told to who could see it, and to nobody else', async () => {
  const [seen, unseen] = [await file('179032B00100192'), await file('179032B00100193')];
  const hidden = { securityLabel: [{ coding: [label('INVISIBLE_PATIENT')] }] };
  const withdrawn = async (space: Space, more: object = {}): Promise<string[]> => {
    const id = await space.deposit(more);
    expect((await carnet.as('hospital').delete(`DocumentReference/${id}`)).status).toBe(204);
    expect((await carnet.as('hospital').get(`DocumentReference/${id}`)).status).toBe(410);
    expect((await space.me.get(`DocumentReference/${id}`)).status).toBe(more === hidden ? 404 : 410);
    await settled(carnet);
    const traces = await space.me.get(`AuditEvent?patient=${space.id}&action=D`);
    const told = codesOf((await space.me.get(`Patient/${space.id}/$notices`)).json);
    return [...told, ...idsOf(traces).map(() => 'trace')];
  };
  expect(await withdrawn(seen)).toEqual(['document-deleted', 'document-added', 'trace']);
  expect(await withdrawn(unseen, hidden)).toEqual([]);
});
