/** Finding the patient first: by exact number, by all traits, and what is told to whom. */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';
import { MHD, OF_PATIENTS, inline, provided } from './support.ts';

const INS = 'urn:oid:1.2.250.1.213.1.4.10';
const NUMBER = {
  open: '124018852493334',
  old: '279035121518989',
  opposed: '255069999999934',
  closed: '179032A00100145',
};
const UNKNOWN = '179032B00100172';
const STATUS = 'https://carnet.example/fhir/StructureDefinition/space-status';

const HL7 = 'http://terminology.hl7.org/CodeSystem';

const person = (id: string, value: string, family: string, more: Json = {}): Resource => ({
  resourceType: 'Patient',
  id,
  identifier: [
    { use: 'official', system: INS, value },
    { system: 'https://files.example', value: `file-${id}` },
  ],
  name: [
    { use: 'official', family, given: ['Éloïse', 'Marie'] },
    { use: 'usual', family: 'Mariée', given: ['Éloïse'] },
  ],
  gender: 'female',
  birthDate: '1979-03-02',
  address: [{ city: 'Lyon' }],
  ...more,
});

const consent = (actor: string): Resource => ({
  resourceType: 'Consent',
  id: 'permits',
  status: 'active',
  scope: { coding: [{ system: `${HL7}/consentscope`, code: 'patient-privacy' }] },
  category: [{ coding: [{ system: 'http://loinc.org', code: '59284-0' }] }],
  patient: { reference: 'Patient/open' },
  dateTime: '2026-01-01',
  policy: [{ uri: 'https://example.org/policy' }],
  provision: {
    type: 'permit',
    actor: [
      {
        role: { coding: [{ system: `${HL7}/v3-ParticipationType`, code: 'IRCP' }] },
        reference: { reference: actor },
      },
    ],
  },
});

let carnet: TestServer;
let dentist: Client;
let hospital: Client;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  [dentist, hospital] = [carnet.as('dentist'), carnet.as('hospital')];
  await putAll(carnet.as('all'), [
    person('open', NUMBER.open, 'Le Gall-Önder', {
      identifier: [
        { use: 'official', system: INS, value: NUMBER.open },
        { use: 'old', system: INS, value: NUMBER.old },
        { system: 'https://files.example', value: 'file-open' },
      ],
    }),
    person('opposed', NUMBER.opposed, 'Opposante', { extension: [{ url: STATUS, valueCode: 'opposed' }] }),
    person('closed', NUMBER.closed, 'Fermée', { active: false }),
    consent('Practitioner/demo-gp'),
  ]);
});
afterAll(() => carnet?.close());

const find = (client: Client, value: string) => client.get(`Patient?identifier=${INS}%7C${value}`);
const match = (client: Client, patient: Json, more: Json[] = []) =>
  client.post('Patient/$match', {
    resourceType: 'Parameters',
    parameter: [
      { name: 'resource', resource: { resourceType: 'Patient', ...patient } },
      { name: 'onlyCertainMatches', valueBoolean: true },
      ...more,
    ],
  });
const traits = (family: string, more: Json = {}): Json => ({
  name: [{ use: 'official', family, given: ['Eloise'] }],
  gender: 'female',
  birthDate: '1979-03-02',
  ...more,
});

describe('by the exact number', () => {
  it.each(['dentist', 'hospital'] as const)(
    'the %s gets id, number and traits, and nothing else',
    async (who) => {
      const { status, json } = await find(carnet.as(who), NUMBER.open);
      expect([status, json.total, json.entry.length]).toEqual([200, 1, 1]);
      const {
        id,
        identifier,
        name,
        gender,
        birthDate,
        meta: _meta,
        resourceType: _type,
        ...rest
      } = json.entry[0].resource;
      expect([id, gender, birthDate, name.length, name[0].family]).toEqual([
        'open',
        'female',
        '1979-03-02',
        1,
        'Le Gall-Önder',
      ]);
      expect(identifier.map(({ value }: { value: string }) => value)).toEqual([NUMBER.open, NUMBER.old]);
      expect(rest).toEqual({});
    },
  );

  it('who the patient lets read them gets them whole', async () => {
    const { json } = await find(carnet.as('gp'), NUMBER.open);
    expect(json.entry[0].resource.address).toEqual([{ city: 'Lyon' }]);
  });

  it('a number that has changed still leads to its holder', async () => {
    expect((await find(hospital, NUMBER.old)).json.entry[0].resource.id).toBe('open');
  });

  it('unknown, opposed and closed are answered alike, on a tick, and traced alike', async () => {
    const bare = (text: string) => text.replaceAll(/[0-9]{6}[0-9AB]{2}[0-9]{7}/g, 'NUMBER');
    for (const who of [dentist, hospital]) {
      const answers = [];
      for (const value of [UNKNOWN, NUMBER.opposed, NUMBER.closed]) {
        const start = performance.now();
        const { status, headers, text } = await find(who, value);
        expect(performance.now() - start).toBeGreaterThanOrEqual(19);
        answers.push([status, headers.get('content-length'), headers.get('etag'), bare(text)]);
      }
      expect(answers[1]).toEqual(answers[0]);
      expect(answers[2]).toEqual(answers[0]);
      for (const patient of ['opposed', 'closed', 'nobody']) {
        expect((await who.get(`AuditEvent?patient=${patient}&_summary=count`)).json.total).toBe(0);
      }
    }
  });

  it('the patient learns who looked for them', async () => {
    await find(dentist, NUMBER.open);
    const { json } = await carnet
      .as('all')
      .get('AuditEvent?patient=open&agent=Practitioner/demo-dentist&_summary=count');
    expect(json.total).toBeGreaterThan(0);
  });

  it.each(['app', 'patient', 'operator'] as const)('the %s finds nobody', async (who) => {
    const { status, json } = await find(carnet.as(who), NUMBER.open);
    expect(status === 403 || json.total === 0).toBe(true);
  });

  it('two files with one number are nobody', async () => {
    const all = carnet.as('all');
    await putAll(all, [
      person('twice-a', '190010000000001', 'Double'),
      person('twice-b', '190010000000001', 'Double'),
    ]);
    expect((await find(hospital, '190010000000001')).json.total).toBe(0);
    expect((await match(hospital, traits('Double'))).json.total).toBe(0);
  });
});

describe('by all traits', () => {
  it('one certain match is found, however it is spelled', async () => {
    const { status, json } = await match(dentist, traits('LE GALL ONDER'));
    expect([status, json.type, json.total]).toEqual([200, 'searchset', 1]);
    expect(json.entry[0].search).toEqual({
      mode: 'match',
      score: 1,
      extension: [{ url: 'http://hl7.org/fhir/StructureDefinition/match-grade', valueCode: 'certain' }],
    });
    expect(json.entry[0].resource.address).toBeUndefined();
  });

  it.each<[string, Json]>([
    ['another birth date', { birthDate: '1979-03-03' }],
    ['another sex', { gender: 'male' }],
    ['another given name', { name: [{ use: 'official', family: 'Le Gall-Önder', given: ['Marie'] }] }],
    ['the name in use', { name: [{ use: 'official', family: 'Mariée', given: ['Éloïse'] }] }],
    ['another number', { identifier: [{ system: INS, value: UNKNOWN }] }],
  ])('%s finds nobody', async (_, more) => {
    expect((await match(dentist, traits('Le Gall-Önder', more))).json.total).toBe(0);
  });

  it('unknown, opposed and closed are answered alike', async () => {
    const answers = [];
    for (const family of ['Inconnue', 'Opposante', 'Fermée']) {
      const start = performance.now();
      const { status, text } = await match(dentist, traits(family));
      expect(performance.now() - start).toBeGreaterThanOrEqual(19);
      answers.push([status, text]);
    }
    expect(new Set(answers.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  it.each<[string, Json, Json[], number]>([
    ['a trait that is missing', { ...traits('Le Gall-Önder'), gender: undefined }, [], 400],
    ['a birth date that is a year', traits('Le Gall-Önder', { birthDate: '1979' }), [], 400],
    ['an unknown parameter', traits('Le Gall-Önder'), [{ name: 'fuzzy', valueBoolean: true }], 400],
  ])('%s is refused', async (_, patient, more, status) => {
    expect((await match(dentist, patient, more)).status).toBe(status);
  });

  it('a patient looks for nobody', async () => {
    expect((await match(carnet.as('patient'), traits('Le Gall-Önder'))).status).toBe(403);
  });
});

describe('the status of a space', () => {
  it.each([
    ['gp', true],
    ['dentist', false],
  ] as const)('tells the %s whether they are authorised: %s', async (who, authorised) => {
    const { status, json } = await carnet
      .as(who)
      .get(`Patient/open/$access-status?identifier=${INS}%7C${NUMBER.open}`);
    expect(status).toBe(200);
    expect(json.parameter).toEqual([
      { name: 'open', valueBoolean: true },
      { name: 'authorised', valueBoolean: authorised },
    ]);
  });

  it('is not found where there is no open space, and without the number not told', async () => {
    const asked: [string, string][] = [
      ['nobody', UNKNOWN],
      ['opposed', NUMBER.opposed],
      ['closed', NUMBER.closed],
      ['opposed', NUMBER.open],
    ];
    const answers = await Promise.all(
      asked.map(([id, value]) => dentist.get(`Patient/${id}/$access-status?identifier=${INS}%7C${value}`)),
    );
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404, 404]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(1);
    const bare = await Promise.all(
      ['open', 'nobody'].map((id) => dentist.get(`Patient/${id}/$access-status`)),
    );
    expect([bare[0]!.status, bare[0]!.text]).toEqual([400, bare[1]!.text]);
  });
});

describe('a deposit that names its patient by number', () => {
  const deposit = (value: string) =>
    hospital.post('', {
      resourceType: 'Bundle',
      type: 'transaction',
      entry: [
        {
          resource: {
            resourceType: 'Observation',
            status: 'final',
            code: { text: 'x' },
            subject: { reference: `Patient?identifier=${INS}|${value}` },
          },
          request: { method: 'POST', url: 'Observation' },
        },
      ],
    });

  it('goes to an open space', async () => {
    expect((await deposit(NUMBER.open)).status).toBe(200);
  });

  it('is refused alike for unknown, opposed and closed spaces', async () => {
    const bare = (text: string) => text.replaceAll(/\|[0-9AB]{15}/g, '|NUMBER');
    const answers = [];
    for (const value of [UNKNOWN, NUMBER.opposed, NUMBER.closed]) {
      const { status, text } = await deposit(value);
      answers.push(JSON.stringify([status, bare(text)]));
    }
    expect(answers[0]).toContain('422');
    expect(new Set(answers).size).toBe(1);
  });
});

describe('a document that names its patient by number alone', () => {
  const SIMPLIFIED = `${MHD}/StructureDefinition/IHE.MHD.SimplifiedPublish.DocumentReference`;
  const byNumber = (value: string): Json => ({ identifier: { system: INS, value } });
  const bundle = (subject: Json): Resource =>
    provided({ of: 'Patient/open', text: 'par numéro', more: { subject }, set: { subject } });
  const WAYS: Record<string, (subject: Json, client?: Client) => Promise<Reply>> = {
    'ITI-105': (subject, client = hospital) =>
      client.post(
        'DocumentReference',
        inline('Patient/open', 'x', { subject, meta: { profile: [SIMPLIFIED] } }),
      ),
    'a create': (subject, client = hospital) =>
      client.post('DocumentReference', inline('Patient/open', 'x', { subject })),
    'ITI-65': (subject, client = hospital) => client.post('', bundle(subject)),
  };

  it.each(Object.keys(WAYS))('by %s is the patient’s, in an open space', async (way) => {
    for (const subject of [
      byNumber(NUMBER.open),
      { reference: `Patient?identifier=${INS}|${NUMBER.open}` },
    ]) {
      const { status, text } = await WAYS[way]!(subject);
      expect([status, text]).toEqual([expect.any(Number), expect.stringMatching(/DocumentReference/)]);
      expect(status).toBeLessThan(300);
      const id =
        /"DocumentReference","id":"([^"]+)"/.exec(text)?.[1] ?? /DocumentReference\/([^/"]+)/.exec(text)![1];
      const { json } = await carnet.as('all').get(`DocumentReference/${id}`);
      expect(json.subject.reference).toBe('Patient/open');
    }
  });

  it.each(Object.keys(WAYS))('by %s is refused alike for unknown, opposed and closed spaces', async (way) => {
    const answers = [];
    for (const value of [UNKNOWN, NUMBER.opposed, NUMBER.closed]) {
      const { status, text } = await WAYS[way]!(byNumber(value));
      answers.push(JSON.stringify([status, text.replaceAll(/\|[0-9AB]{15}/g, '|NUMBER')]));
    }
    expect(answers[0]).toContain('422');
    expect(new Set(answers).size).toBe(1);
  });

  it('tells nothing to who may not look for people', async () => {
    const answers = [];
    for (const value of [NUMBER.open, NUMBER.closed, UNKNOWN]) {
      const sent = inline('Patient/open', 'x', { type: OF_PATIENTS, subject: byNumber(value) });
      const { status, text } = await carnet.as('patient').post('DocumentReference', sent);
      answers.push(JSON.stringify([status, text]));
    }
    expect(answers[0]).toContain('403');
    expect(new Set(answers).size).toBe(1);
  });
});

it('who looks for too many people is told to wait, whoever they look for', async () => {
  const finds = { person: 3, system: 5 };
  const few = await testServer(import.meta.url, { finds });
  const other = await testServer(import.meta.url, { finds, like: few });
  try {
    const asked = few.as('dentist');
    const statuses = [];
    for (let i = 0; i < 3; i += 1) statuses.push((await find(asked, `19001000000000${i}`)).status);
    const refused = await find(asked, NUMBER.open);
    expect([...statuses, refused.status]).toEqual([200, 200, 200, 429]);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await match(asked, traits('Le Gall-Önder'))).status).toBe(429);
    expect((await asked.get(`Patient/open/$access-status?identifier=${INS}%7C${NUMBER.open}`)).status).toBe(
      429,
    );
    // of a professional all processes count together
    expect((await find(other.as('dentist'), NUMBER.open)).status).toBe(429);
    expect((await find(few.as('gp'), NUMBER.open)).status).toBe(200);
  } finally {
    await other.close();
    await few.close();
  }
});
