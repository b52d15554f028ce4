/** `$access-history`: what who may be told of who did what, in which form. */
import { actor, consent, document, observation, person } from '../leaks/support/content.ts';
import { type Client, type Reply, type TestServer, putAll, testServer } from '../support/server.ts';

const DENTIST = 'Practitioner/demo-dentist';
const LABEL =
  'https://mos.esante.gouv.fr/NOS/TRE_A07-StatutVisibiliteDocument/FHIR/TRE-A07-StatutVisibiliteDocument';
const hiding = (code: string) => ({ securityLabel: [{ coding: [{ system: LABEL, code }] }] });

let carnet: TestServer;
let dentist: Client;
let stranger: Client;
const patient = (id: string): Client =>
  carnet.as({
    token: carnet.tokenFor({ reference: `Patient/${id}`, name: `Of ${id}`, idPrefixes: [] }, 'patient'),
  });

beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  dentist = carnet.as('dentist');
  stranger = carnet.as({
    token: carnet.tokenFor(
      { reference: 'Practitioner/stranger', name: 'Dr Nobody', idPrefixes: [] },
      'dentist',
    ),
  });
});
afterAll(() => carnet?.close());

/** A patient who permits the dentist, with documents. Each test has one of its own. */
async function world(id: string, resources: object[] = []): Promise<void> {
  await putAll(carnet.as('all'), [
    person(id, `Of-${id}`, `1${id}`),
    consent(`${id}-c`, id, { type: 'permit', actor: [actor(DENTIST)] }),
    document(`${id}-1`, id),
    document(`${id}-2`, id),
    observation(`${id}-o`, id, 1),
    ...(resources as never[]),
  ]);
}

interface Part {
  name: string;
  part?: Part[];
  [value: string]: unknown;
}

const partsOf = (reply: Reply, name: string): Part[] =>
  ((reply.json?.parameter ?? []) as Part[]).filter((each) => each.name === name);
const textsOf = (reply: Reply): string[] =>
  partsOf(reply, 'visit').map(({ part }) => String(part!.find(({ name }) => name === 'text')!.valueString));
/** Without the times: the words, who, and how many traces. */
const peopleIn = (reply: Reply): [string, string | undefined, number][] =>
  partsOf(reply, 'person').map(({ part }) => {
    const of = (name: string) => part!.find((each) => each.name === name)!;
    const { reference } = of('who').valueReference as { reference?: string };
    return [
      String(of('text').valueString).replace(/,? (?:le|du|on|from) \d.*?(?=, |$)/, ''),
      reference,
      Number(of('count').valueUnsignedInt),
    ];
  });
/** Without the time. */
const toldOf = (reply: Reply): string[] =>
  textsOf(reply).map((text) => text.replace(/ (?:le|du) \d.* h \d\d/, ''));

async function history(client: Client, id: string, query = '', headers = {}): Promise<Reply> {
  return client.get(`Patient/${id}/$access-history${query}`, headers);
}

describe('who reads it', () => {
  beforeAll(async () => {
    await world('r');
    await dentist.get('DocumentReference/r-1');
    await dentist.get('DocumentReference?patient=Patient/r');
    await dentist.get('Observation?patient=Patient/r&date=ge2031');
    await stranger.get('DocumentReference/r-1');
    await patient('r').get('DocumentReference/r-2');
  });

  it('tells the patient of everybody, themself too', async () => {
    expect(toldOf(await history(patient('r'), 'r'))).toEqual([
      'Vous avez consulté 1 document',
      'Dr Nobody, dentiste, a demandé 1 document (refusé), pour un soin',
      'Dr Marc Vidal, dentiste, a consulté 2 documents et fait 1 recherche sans résultat, pour un soin',
      expect.stringMatching(/^Appelant de test, application, a/) as string,
    ]);
  });

  it('tells a professional of their own doings, and of nobody else’s', async () => {
    const reply = await history(dentist, 'r');
    expect(reply.status).toBe(200);
    expect(toldOf(reply)).toEqual([
      'Vous avez consulté 2 documents et fait 1 recherche sans résultat, pour un soin',
    ]);
    expect(reply.text).not.toContain('Nobody');
    expect(reply.text).not.toContain('127.0.0.1');
  });

  it('tells who was refused as of a patient who isn’t there', async () => {
    const told = await Promise.all([history(stranger, 'r'), history(stranger, 'absent')]);
    expect(told.map(({ status }) => status)).toEqual([404, 404]);
    expect(told[0].text).toBe(told[1].text);
  });

  it('still tells a professional what they did before the permission was taken back', async () => {
    await world('gone');
    await dentist.get('DocumentReference/gone-1');
    await carnet.as('all').delete('Consent/gone-c');
    expect((await dentist.get('Patient/gone')).status).toBe(404);
    // what they were given is theirs to know, whatever is hidden from them since
    const { status, text } = await history(dentist, 'gone', '?document=DocumentReference/gone-1&language=fr');
    expect([status, text.includes('Vous avez consulté 1 document')]).toEqual([200, true]);
    const { text: other } = await history(stranger, 'gone');
    expect(other).toBe((await history(stranger, 'never-was')).text);
  });

  it('tells the patient from where, and nobody else', async () => {
    const reply = await history(patient('r'), 'r');
    const addresses = partsOf(reply, 'visit').map(
      ({ part }) => part!.filter(({ name }) => name === 'address').length,
    );
    expect(new Set(addresses)).toEqual(new Set([1]));
  });
});

describe('what is asked for', () => {
  const EMERGENCY = {
    purposes: ['BTG'],
    emergency: { patient: 'Patient/f', reason: 'patient inconscient', since: 0 },
  };
  beforeAll(async () => {
    await world('f');
    await dentist.get('DocumentReference/f-1');
    await dentist.get('DocumentReference/f-2');
    await stranger.get('DocumentReference/f-2');
    const broken = { ...EMERGENCY.emergency, since: Date.now() };
    const doctor = carnet.as({ token: carnet.tokenFor({ ...EMERGENCY, emergency: broken }, 'emergency') });
    expect((await doctor.get('DocumentReference/f-1')).status).toBe(200);
    await carnet.as('samu').get('Observation?patient=Patient/f');
    await carnet.as('all').delete('DocumentReference/f-2');
  });
  const told = async (query: string) => toldOf(await history(patient('f'), 'f', query));
  const SAMU = 'Dr Paul Kerjean, médecin, a consulté 1 résultat, en urgence (régulation médicale)';
  const BROKEN =
    'Dr Nadia Benali, médecin, a consulté 1 document, en urgence (bris de glace), motif : « patient inconscient »';

  it.each([
    ['?kind=emergency', [SAMU, BROKEN]],
    ['?kind=refused', ['Dr Nobody, dentiste, a demandé 1 document (refusé), pour un soin']],
    ['?kind=search', [SAMU]],
    ['?person=Practitioner/demo-emergency', [BROKEN]],
    ['?agent=Practitioner/demo-emergency', [BROKEN]],
    ['?person=Organization/demo-hospital', [BROKEN]],
    ['?person=Practitioner/demo-emergency&kind=read', [BROKEN]],
    ['?person=Practitioner/demo-emergency&kind=search', []],
    ['?person=Practitioner/demo-samu&document=DocumentReference/f-1', []],
    ['?document=Observation/f-o&kind=search', [SAMU]],
    [
      '?document=DocumentReference/f-1&person=Practitioner/demo-dentist',
      ['Dr Marc Vidal, dentiste, a consulté 1 document, pour un soin'],
    ],
    ['?date=lt2020', []],
    ['?date=ge2020&date=lt2021', []],
    ['?kind=delete', ['Appelant de test, application, a supprimé 1 document, pour un soin']],
  ])('%s', async (query, wanted) => {
    expect(await told(query)).toEqual(wanted);
  });

  it('tells who has seen one document', async () => {
    const seen = await told('?document=DocumentReference/f-1');
    expect(seen.slice(0, 2)).toEqual([
      BROKEN,
      'Dr Marc Vidal, dentiste, a consulté 1 document, pour un soin',
    ]);
    expect(seen[2]).toMatch(/^Appelant de test/);
    expect(seen).toHaveLength(3);
  });

  it('tells of today by the clocks of the reader', async () => {
    const parts = (zone: string) =>
      new Intl.DateTimeFormat('en-CA', { timeZone: zone, dateStyle: 'short' })
        .format(Date.now())
        .replaceAll('/', '-');
    for (const zone of ['Europe/Paris', 'Pacific/Kiritimati', 'Pacific/Pago_Pago']) {
      expect((await told(`?kind=emergency&zone=${zone}&date=${parts(zone)}`)).length).toBe(2);
    }
  });

  it.each([
    ['?person=f-1'],
    ['?kind=nothing'],
    ['?zone=Europe/Nowhere'],
    ['?date=yesterday'],
    ['?language=de'],
    ['?as=xml'],
    ['?_count=0'],
    ['?_count=many'],
    ['?kind=read&kind=search'],
    ['?_page=none'],
    ['?patient=f'],
    ['?group=day'],
  ])('%s is refused', async (query) => {
    const { status, json } = await history(patient('f'), 'f', query);
    expect([status, json.resourceType]).toEqual([400, 'OperationOutcome']);
  });

  it('is told in English to who would rather read that', async () => {
    const english = 'Dr Paul Kerjean, physician, viewed 1 result';
    for (const [query, headers] of [
      ['?kind=search&language=en', {}],
      ['?kind=search', { 'accept-language': 'en-GB' }],
      ['?kind=search&language=en', { 'accept-language': 'fr' }],
    ] as const) {
      const reply = await history(patient('f'), 'f', query, headers);
      expect(reply.headers.get('content-language')).toBe('en');
      expect(textsOf(reply)[0]!.startsWith(english)).toBe(true);
    }
  });

  it('is refused by person in another form than Parameters', async () => {
    for (const form of ['bundle', 'csv', 'pdf']) {
      const { status, text } = await history(patient('f'), 'f', `?group=person&as=${form}`);
      expect([form, status, text.includes('parameters')]).toEqual([form, 400, true]);
    }
  });

  it('names documents by their titles to who may be given them now, and to nobody else', async () => {
    const titled = (id: string, of: string, more = {}) => ({
      ...document(id, of),
      description: `Bilan ${id}`,
      ...more,
    });
    await world('t', [titled('t-3', 't'), titled('t-4', 't'), titled('t-5', 't')]);
    for (const each of ['t-3', 't-4', 't-5']) await dentist.get(`DocumentReference/${each}`);
    const titlesOf = (reply: Reply): [string, string][] =>
      partsOf(reply, 'visit').flatMap(({ part }) =>
        part!
          .filter(({ name }) => name === 'resource')
          .map(({ valueReference }) => valueReference as { reference: string; display?: string })
          .flatMap(({ reference, display }) =>
            display === undefined ? [] : ([[reference, display]] as [string, string][]),
          ),
      );
    const all = ['t-5', 't-4', 't-3'].map((id) => [`DocumentReference/${id}`, `Bilan ${id}`]);
    expect(titlesOf(await history(patient('t'), 't', `?person=${DENTIST}`))).toEqual(all);
    expect(titlesOf(await history(dentist, 't'))).toEqual(all);
    await carnet.as('all').put('DocumentReference/t-4', titled('t-4', 't', hiding('MASQUE_PS')));
    await carnet.as('all').delete('DocumentReference/t-5');
    const own = await history(dentist, 't');
    expect(titlesOf(own)).toEqual([all[2]]);
    expect(JSON.stringify(own.json)).toContain('DocumentReference/t-4');
    expect(titlesOf(await history(patient('t'), 't', `?person=${DENTIST}`))).toEqual([all[1], all[2]]);
    const csv = await history(patient('t'), 't', `?person=${DENTIST}&as=csv`, { accept: 'text/csv' });
    expect(csv.text).toContain('"Bilan t-4 · Bilan t-3"');
    // a token that reaches no documents is told no titles
    const narrow = carnet.as({
      token: carnet.tokenFor(
        { reference: 'Patient/t', idPrefixes: [], scope: 'patient/Patient.r patient/AuditEvent.rs' },
        'patient',
      ),
    });
    const told = await history(narrow, 't', `?person=${DENTIST}`);
    expect([told.status, titlesOf(told)]).toEqual([200, []]);
    await carnet
      .as('all')
      .put('Consent/t-c', { ...consent('t-c', 't', { type: 'deny', actor: [actor(DENTIST)] }) });
    expect(titlesOf(await history(dentist, 't'))).toEqual([]);
  });

  it('tells what it counts', async () => {
    const [visit] = partsOf(await history(patient('f'), 'f', '?person=Practitioner/demo-dentist'), 'visit');
    expect(visit!.part).toEqual(
      expect.arrayContaining([
        { name: 'who', valueReference: { reference: DENTIST, display: 'Dr Marc Vidal' } },
        { name: 'is', valueCode: 'professional' },
        { name: 'profession', valueCode: '40' },
        { name: 'mode', valueCode: 'usual' },
        {
          name: 'seen',
          part: [
            { name: 'count', valueUnsignedInt: 2 },
            {
              name: 'of',
              part: [
                { name: 'what', valueCode: 'document' },
                { name: 'count', valueUnsignedInt: 2 },
              ],
            },
          ],
        },
      ]) as Part[],
    );
  });
});

describe('its pages', () => {
  beforeAll(async () => {
    await world('p');
    // visits by turns: each of another person
    for (let index = 0; index < 12; index += 1) {
      const reference = `Practitioner/turn-${index % 6}`;
      const token = carnet.tokenFor({ reference, name: `Dr ${index % 6}`, idPrefixes: [] }, 'dentist');
      await carnet.as({ token }).get('DocumentReference/p-1');
    }
  });
  const reader = () => patient('p');

  async function pages(query: string): Promise<Reply[]> {
    const found = [await history(reader(), 'p', query)];
    for (;;) {
      const next = partsOf(found.at(-1)!, 'next')[0]?.valueUri as string | undefined;
      expect(found.at(-1)!.headers.get('link')).toBe(next === undefined ? null : `<${next}>; rel="next"`);
      if (next === undefined) return found;
      found.push(await reader().get(next));
    }
  }
  const tracesIn = (reply: Reply): string[] =>
    partsOf(reply, 'visit').flatMap(({ part }) =>
      part!
        .filter(({ name }) => name === 'trace')
        .map(({ valueReference }) => (valueReference as { reference: string }).reference),
    );

  it.each([1, 2, 4, 50])('of %i visits tell together what one tells', async (count) => {
    const query = '?kind=refused';
    const [whole] = await pages(query);
    const parted = await pages(`${query}&_count=${count}`);
    expect(parted.flatMap(textsOf)).toEqual(textsOf(whole!));
    expect(parted.flatMap(tracesIn)).toEqual(tracesIn(whole!));
    expect(tracesIn(whole!)).toHaveLength(12);
    expect(parted).toHaveLength(Math.max(1, Math.ceil(6 / count)));
  });

  it('open for nobody else, and not when they were altered', async () => {
    const [first] = await pages('?kind=refused&_count=2');
    const next = String(partsOf(first!, 'next')[0]!.valueUri);
    const tries = await Promise.all([
      carnet.as('all').get(next),
      reader().get(`${next.slice(0, -4)}AAAA`),
      reader().get(next.replace('Patient/p/', 'Patient/f/')),
      reader().get(`${next}&kind=read`),
    ]);
    expect(tries.map(({ status }) => status)).toEqual([400, 400, 400, 400]);
  });

  it('by person count all that is asked for, and whoever comes again meanwhile keeps their place', async () => {
    const asks = (index: number) => {
      const reference = `Practitioner/turn-${index}`;
      const token = carnet.tokenFor({ reference, name: `Dr ${index}`, idPrefixes: [] }, 'dentist');
      return carnet.as({ token }).get('DocumentReference/p-1');
    };
    const query = '?kind=refused&group=person&language=en';
    const [whole] = await pages(query);
    const told = (replies: readonly Reply[]) => replies.flatMap((reply) => peopleIn(reply));
    expect(told([whole!])).toEqual(
      [5, 4, 3, 2, 1, 0].map((index) => [
        `Dr ${index}, dentist: 2 accesses`,
        `Practitioner/turn-${index}`,
        2,
      ]),
    );
    const first = await history(reader(), 'p', `${query}&_count=4`);
    await asks(1);
    await asks(5);
    const rest = await reader().get(String(partsOf(first, 'next')[0]!.valueUri));
    expect(told([first, rest])).toEqual(told([whole!]));
    expect(partsOf(rest, 'next')).toEqual([]);
    // their visits are where it says
    const [person] = partsOf(rest, 'person');
    const visits = String(person!.part!.find(({ name }) => name === 'visits')!.valueUri);
    const { status, json } = await reader().get(visits);
    expect([status, tracesIn({ json } as Reply).length]).toEqual([200, 3]);
    const [again] = await pages(`${query}&_count=2`);
    expect(told([again!]).map(([, who, count]) => [who, count])).toEqual([
      ['Practitioner/turn-5', 3],
      ['Practitioner/turn-1', 3],
    ]);
  });

  it('that were read are one line, however often', async () => {
    await world('q');
    for (let count = 0; count < 5; count += 1) await history(patient('q'), 'q');
    const told = toldOf(await history(patient('q'), 'q'));
    expect(told.filter((each) => each.startsWith('Vous'))).toEqual([
      'Vous avez consulté l’historique des accès',
    ]);
  });
});

describe('what is hidden', () => {
  const doctor = () =>
    carnet.as({
      token: carnet.tokenFor({ reference: DENTIST, name: 'Dr Marc Vidal', profession: '10' }, 'dentist'),
    });
  const LATE = 2041;
  const late = { date: `${LATE}-05-05T08:00:00Z` };
  /** The same is asked of a patient with something hidden and of one without. */
  async function asked(id: string, resources: object[]): Promise<void> {
    await world(id, resources);
    await doctor().get(`DocumentReference?patient=Patient/${id}`);
    await doctor().get(`DocumentReference/${id}-secret`);
    // a number alone, of nobody by name: of what is hidden and nothing else
    const { status, json } = await doctor().get(`DocumentReference?date=ge${LATE}&_summary=count`);
    expect([status, json.total > 0]).toEqual([200, true]);
    await doctor().get(`DocumentReference/${id}-1`);
  }
  const linesOf = async (client: Client, id: string): Promise<string> => {
    const reply = await history(client, id, '?person=Practitioner/demo-dentist');
    const told = partsOf(reply, 'visit').map(({ part }) =>
      part!.filter(({ name }) => !['text', 'when', 'whenText', 'trace'].includes(name)),
    );
    const people = await history(client, id, `?group=person&document=DocumentReference/${id}-1`);
    const all = peopleIn(await history(client, id, '?group=person&person=Practitioner/demo-dentist'));
    return JSON.stringify([reply.status, toldOf(reply), told, peopleIn(people), all]).replaceAll(
      id,
      'patient',
    );
  };

  it('from the patient until an announcement, is neither named nor counted in what a doctor saw', async () => {
    await asked('silent', [document('silent-secret', 'silent', { ...hiding('INVISIBLE_PATIENT'), ...late })]);
    await asked('without', []);
    const [silent, without] = [
      await linesOf(patient('silent'), 'silent'),
      await linesOf(patient('without'), 'without'),
    ];
    expect(silent).toBe(without);
    expect(silent).toContain('a consulté 2 documents');
    expect(
      partsOf(
        await history(patient('silent'), 'silent', '?document=DocumentReference/silent-secret'),
        'visit',
      ),
    ).toEqual([]);
  });

  it('from the parents, is in a minor’s own history and not in theirs', async () => {
    const parent = (id: string) => ({
      resourceType: 'RelatedPerson',
      id: `${id}-parent`,
      patient: { reference: `Patient/${id}` },
      relationship: [
        {
          coding: [{ system: 'https://carnet.example/fhir/CodeSystem/delegation', code: 'legal-protection' }],
        },
      ],
    });
    const secret = document('minor-secret', 'minor', {
      ...hiding('INVISIBLE_REPRESENTANTS_LEGAUX'),
      ...late,
    });
    await asked('minor', [secret, parent('minor')]);
    await asked('plainer', [parent('plainer')]);
    const mother = (id: string) =>
      carnet.as({
        token: carnet.tokenFor(
          { reference: 'Patient/mother', related: [`RelatedPerson/${id}-parent`] },
          'patient',
        ),
      });
    // of a search that found it they are told what it found besides
    expect(await linesOf(mother('minor'), 'minor')).toBe(await linesOf(mother('plainer'), 'plainer'));
    expect(await linesOf(mother('minor'), 'minor')).toContain('a consulté 2 documents');
    expect(await linesOf(patient('minor'), 'minor')).toContain('a consulté 3 documents');
    const eventsOf = async (id: string) => {
      const { json } = await mother(id).get(`AuditEvent?patient=Patient/${id}&agent=${DENTIST}&_count=50`);
      const told = JSON.stringify([json.total, json.entry]);
      return told
        .replaceAll(/"query":"([^"]*)"/g, (_, sent: string) => Buffer.from(sent, 'base64').toString())
        .replaceAll(/\b[0-9a-f]{11}-[0-9a-f]{16}\b/g, 'trace')
        .replaceAll(/\b[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, 'request')
        .replaceAll(/("(?:versionId|lastUpdated|recorded)":)"[^"]*"/g, '$1""')
        .replaceAll(/\/_history\/[0-9a-f]+/g, '')
        .replaceAll(id, 'patient');
    };
    expect(await eventsOf('minor')).toBe(await eventsOf('plainer'));
    const counted = async (client: Client) =>
      peopleIn(await history(client, 'minor', `?group=person&person=${DENTIST}`)).map(([, , count]) => count);
    expect([await counted(mother('minor')), await counted(patient('minor'))]).toEqual([[2], [6]]);
  });

  it('from a professional by a mask, is not told by what they asked for', async () => {
    await asked('masked', [document('masked-secret', 'masked', hiding('MASQUE_PS'))]);
    await asked('plain', []);
    expect(await linesOf(doctor(), 'masked')).toBe(await linesOf(doctor(), 'plain'));
  });

  it('by a space that was closed, is told to nobody', async () => {
    await asked('closed', []);
    await carnet
      .as('all')
      .put('Patient/closed', { ...person('closed', 'Of-closed', '1closed'), active: false });
    expect(partsOf(await history(patient('closed'), 'closed'), 'visit')).toEqual([]);
  });
});

describe('what another system deposited', () => {
  const deposited = (id: string, recorded: string) => ({
    resourceType: 'AuditEvent',
    type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
    subtype: [{ system: 'http://hl7.org/fhir/restful-interaction', code: 'read' }],
    action: 'R',
    recorded,
    outcome: '0',
    agent: [{ who: { reference: DENTIST, display: 'Dr Marc Vidal' }, requestor: true }],
    source: { observer: { display: 'the hospital’s own system' } },
    entity: [{ what: { reference: `Patient/${id}` } }, { what: { reference: `DocumentReference/${id}-1` } }],
  });
  const hospital = () =>
    carnet.as({ token: carnet.tokenFor({ scope: 'system/Patient.r system/AuditEvent.crs' }, 'hospital') });

  it('is told as such, apart from what this server saw, and to its depositor too', async () => {
    await world('o');
    await dentist.get('DocumentReference/o-1');
    const { status, text } = await hospital().post('AuditEvent', deposited('o', new Date().toISOString()));
    expect([status, status === 201 || text]).toEqual([201, true]);
    const query = `?document=DocumentReference/o-1&person=${DENTIST}`;
    expect(toldOf(await history(patient('o'), 'o', query)).sort()).toEqual([
      'Dr Marc Vidal a consulté 1 document, déclaré par un autre système',
      'Dr Marc Vidal, dentiste, a consulté 1 document, pour un soin',
    ]);
    expect(peopleIn(await history(patient('o'), 'o', `${query}&group=person`)).sort()).toEqual([
      ['Dr Marc Vidal : 1 accès, déclaré par un autre système', DENTIST, 1],
      ['Dr Marc Vidal, dentiste : 1 accès', DENTIST, 1],
    ]);
    expect(toldOf(await history(hospital(), 'o', query))).toEqual([
      'Dr Marc Vidal a consulté 1 document, déclaré par un autre système',
    ]);
    // that somebody else says that it was them makes it nobody's own
    expect(toldOf(await history(dentist, 'o', '?kind=read'))).toEqual([
      'Vous avez consulté 1 document, pour un soin',
    ]);
  });

  it('can’t stop the history, whatever its time', async () => {
    await world('leap');
    const { status, text } = await hospital().post('AuditEvent', deposited('leap', '2016-12-31T23:59:60Z'));
    expect([status, status === 201 || text]).toEqual([201, true]);
    const [visit] = partsOf(await history(patient('leap'), 'leap', '?date=2016'), 'visit');
    expect(visit).toBeUndefined();
    expect(partsOf(await history(patient('leap'), 'leap', '?date=2017-01-01'), 'visit')).toHaveLength(1);
  });
});
