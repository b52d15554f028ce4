/** Who reads which traces, and how much of them. conformance/consent-rules.md#traces */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import type { Caller, CallerName } from '../../src/demo/callers.ts';
import { exported } from '../record/support/exported.ts';
import { Space, label, permits, says } from '../enforcement/support/space.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url, { proxies: 1 });
});
afterAll(() => carnet?.close());

const MASK = { securityLabel: [{ coding: [label('MASQUE_PS')] }] };
/** As the proxy in front writes it, behind what the caller made up. */
const FROM = { 'x-forwarded-for': '203.0.113.9, 198.51.100.7' };
const events = async (client: Client, path: string): Promise<Resource[]> => {
  const { status, json, text } = await client.get(path);
  expect([status, status === 200 || text]).toEqual([200, true]);
  return ((json.entry ?? []) as { resource: Resource }[]).map(({ resource }) => resource);
};
const of = (space: Space): string => `AuditEvent?patient=${space.id}&_count=200`;
const subjectOf = ({ agent }: Resource): unknown =>
  (agent as { who: { reference: string } }[])[0]!.who.reference;
const queryOf = ({ entity }: Resource): string => {
  const asked = (entity as { query?: string }[]).find(({ query }) => query !== undefined)?.query;
  return Buffer.from(asked ?? '', 'base64').toString();
};
const detailsOf = ({ entity }: Resource): unknown[] =>
  (entity as { type: { code: string }; detail?: unknown[] }[])
    .filter(({ type }) => type.code === 'decision')
    .flatMap(({ detail }) => detail);

/** What only the person concerned and theirs are told. */
const ASIDE = /198\.51\.100\.7|urn:ietf:params:oauth:jti|"decision"|OAUTHaccessTokenUse|"because"/;

describe('a professional', () => {
  it('reads the traces of their own requests, as they sent them, and of nobody else’s', async () => {
    const space = await Space.of(carnet);
    await space.says(permits('Practitioner/demo-gp', 'Practitioner/demo-dentist'));
    const [gp, dentist] = [carnet.as('gp'), carnet.as('dentist')];
    const id = await space.deposit();
    await gp.get(`DocumentReference/${id}`);
    await gp.get(`DocumentReference?patient=${space.id}&status=current`);
    await dentist.get(`DocumentReference?patient=${space.id}`);
    await space.me.get(`DocumentReference/${id}`);
    const own = await events(gp, of(space));
    expect(own.map(subjectOf)).toEqual(['Practitioner/demo-gp', 'Practitioner/demo-gp']);
    expect(own.map(queryOf).sort()).toEqual(['', `DocumentReference?patient=${space.id}&status=current`]);
    const others = await events(space.me, of(space));
    for (const event of others) {
      const mine = subjectOf(event) === 'Practitioner/demo-gp';
      expect((await gp.get(`AuditEvent/${event.id}`)).status).toBe(mine ? 200 : 404);
      expect((await dentist.get(`AuditEvent/${event.id}/_history`)).status).toBe(
        subjectOf(event) === 'Practitioner/demo-dentist' ? 200 : 404,
      );
    }
  });

  it('reads nothing of a refusal: what is hidden and what doesn’t exist leave the same', async () => {
    const space = await Space.of(carnet);
    await space.says(permits('Practitioner/demo-gp'));
    const masked = await space.deposit(MASK);
    const gp = carnet.as('gp');
    const names = [`DocumentReference/${masked}`, 'DocumentReference/nothing'];
    for (const name of names) {
      for (const send of [
        () => gp.get(name),
        () => gp.get(`${name}/_history`),
        () => gp.get(`${name}/$meta`),
        () => gp.delete(name),
        () => gp.patch(name, [{ op: 'add', path: '/language', value: 'fr' }]),
      ])
        expect([404, 204]).toContain((await send()).status);
    }
    expect(await events(gp, of(space))).toEqual([]);
    expect(await events(gp, `AuditEvent?entity=${names.join()}`)).toEqual([]);
    expect(await events(gp, 'AuditEvent?outcome=4')).toEqual([]);
    expect((await events(space.me, `${of(space)}&outcome=4`)).length).toBe(5);
  });

  it.each<[string, (space: Space) => Promise<unknown>]>([
    ['said nothing', async () => undefined],
    ['blocked them', (space) => space.blocks('Practitioner/demo-gp')],
    ['closed their space', (space) => space.is({ active: false })],
    ['let them read', (space) => space.says(permits('Practitioner/demo-gp'))],
  ])('reads the same of a search for a patient who %s, and for one who doesn’t exist', async (_, done) => {
    const space = await Space.of(carnet);
    await done(space);
    const gp = carnet.as('gp');
    const seen = async (id: string): Promise<unknown[]> => {
      expect((await gp.get(`DocumentReference?patient=${id}`)).json.total).toBe(0);
      const found = await events(gp, `AuditEvent?patient=${id}`);
      const doors: unknown[] = [];
      for (const path of [
        `AuditEvent?entity=Patient/${id}&_summary=count`,
        `Patient/${id}/AuditEvent?_summary=count`,
        `AuditEvent?patient=${id}&action=E&_summary=count`,
      ])
        doors.push((await gp.get(path)).json.total);
      const texts = found.map(({ id: _id, meta: _meta, recorded: _recorded, ...rest }) =>
        JSON.stringify({ ...rest, query: queryOf(rest as Resource), entity: undefined }).replaceAll(id, 'ID'),
      );
      const read: number[] = [];
      for (const each of found) read.push((await gp.get(`AuditEvent/${each.id}`)).status);
      return [texts, read, doors];
    };
    const nobody = `nobody-${space.id}`;
    expect(await seen(space.id)).toEqual(await seen(nobody));
    expect((await events(gp, `AuditEvent?patient=${nobody}`)).length).toBeGreaterThan(0);
  });

  it('is told neither from where nor by what it was decided, at any door', async () => {
    const space = await Space.of(carnet);
    const said = await space.says(permits('Practitioner/demo-gp'));
    const id = await space.deposit();
    const gp = carnet.as('gp');
    await gp.get(`DocumentReference/${id}`, FROM);
    const [event] = await events(gp, of(space));
    const doors = [
      of(space),
      `AuditEvent/${event!.id}`,
      `AuditEvent/${event!.id}/_history`,
      `AuditEvent/${event!.id}/_history/${event!.meta!.versionId}`,
      `AuditEvent/${event!.id}/$meta`,
      'AuditEvent/_history?_count=500',
      `Patient/${space.id}/AuditEvent`,
      `DocumentReference?_id=${id}&_revinclude=AuditEvent:entity`,
      `Patient?_id=${space.id}&_revinclude=AuditEvent:patient`,
      `${of(space)}&_elements=agent,entity`,
      `${of(space)}&_summary=data`,
      `${of(space)}&_include=AuditEvent:entity`,
    ];
    for (const path of doors) {
      const { status, text } = await gp.get(path);
      expect([path, status, ASIDE.exec(text)?.[0], text.includes(said)]).toEqual([
        path,
        200,
        undefined,
        false,
      ]);
      if (!path.includes('$meta'))
        expect([path, text.includes('Practitioner/demo-gp')]).toEqual([path, true]);
    }
    const entries = doors.map((url) => ({ request: { method: 'GET', url } }));
    const batch = await gp.post('', { resourceType: 'Bundle', type: 'batch', entry: entries });
    expect(ASIDE.exec(batch.text)).toBeNull();
  });

  it.each(['hospital', 'lab', 'emergency', 'samu'] as const)(
    '%s reads their own too',
    async (name: CallerName) => {
      const space = await Space.of(carnet);
      const client = carnet.as(name);
      await client.get(`DocumentReference?patient=${space.id}`);
      expect((await events(client, of(space))).length).toBe(1);
      expect((await events(client, 'AuditEvent?_count=1')).length).toBe(1);
    },
  );

  it.each(['app', 'operator', 'father'] as const)(
    '%s reads none of another’s space',
    async (name: CallerName) => {
      const space = await Space.of(carnet);
      const client = carnet.as(name);
      await client.get(`DocumentReference?patient=${space.id}`);
      const { json } = await client.get(of(space));
      expect(json.total ?? 0).toBe(0);
    },
  );
});

describe('the patient', () => {
  it('is told from where, with which token, and by which line and Consent', async () => {
    const space = await Space.of(carnet);
    const said = await space.says(permits('Practitioner/demo-gp'));
    const id = await space.deposit();
    await carnet.as('gp').get(`DocumentReference/${id}`, FROM);
    const [event] = (await events(space.me, `${of(space)}&action=R`)).filter(
      (each) => subjectOf(each) === 'Practitioner/demo-gp',
    );
    const { json } = await space.me.get(`Consent/${said}`);
    expect(detailsOf(event!)).toEqual([
      { type: 'line', valueString: '10' },
      { type: 'because', valueString: `Consent/${said}/_history/${json.meta.versionId}` },
    ]);
    const agents = event!.agent as Json[];
    expect(agents[0]!.policy).toEqual([expect.stringMatching(/^urn:ietf:params:oauth:jti:./)]);
    expect(agents.at(-2)).toMatchObject({
      who: { identifier: { value: 'carnet-ehr' } },
      network: { address: '198.51.100.7', type: '2' },
    });
    expect(agents[0]).toMatchObject({
      who: { reference: 'Practitioner/demo-gp', display: 'Dr Sophie Lambert' },
      role: [{ coding: [{ code: 'professional' }] }, { coding: [{ code: '10' }] }],
      purposeOfUse: [{ coding: [{ code: 'TREAT' }] }],
    });
    const data = (event!.entity as Json[])[1];
    expect(data).toMatchObject({
      what: { reference: `DocumentReference/${id}` },
      detail: [
        { type: 'origin', valueString: 'Organization/demo-hospital' },
        { type: 'type', valueString: 'http://loinc.org|34112-3' },
      ],
    });
  });

  it('is told why the glass was broken', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    expect((await space.emergency().get(`DocumentReference/${id}`)).status).toBe(200);
    const [event] = (await events(space.me, `${of(space)}&action=R`)).filter(
      (each) => subjectOf(each) === 'Practitioner/demo-emergency',
    );
    expect(event!.purposeOfEvent).toEqual([
      { coding: [expect.objectContaining({ code: 'BTG' })], text: 'inconscient, sans famille' },
    ]);
    expect(detailsOf(event!)).toContainEqual({ type: 'line', valueString: '7' });
  });

  it('is told by which rule something was written, and who says so', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    const link = await space.links('legal-protection');
    const guardian = space.caller('patient', {
      reference: 'Patient/of-another',
      related: [`RelatedPerson/${link}`],
    });
    const mask = [{ op: 'add', path: '/securityLabel', value: MASK.securityLabel }];
    expect((await guardian.patch(`DocumentReference/${id}`, mask)).status).toBe(200);
    await space.says(permits('Practitioner/demo-gp'));
    const of = async (path: string): Promise<Json[]> =>
      (await events(space.me, `AuditEvent?patient=${space.id}&${path}`)).flatMap(
        (each) => detailsOf(each) as Json[],
      );
    const rule = (valueString: string): object => ({ type: 'rule', valueString });
    expect(await of(`entity=DocumentReference/${id}&action=C`)).toEqual([rule('deposit')]);
    const version = (await space.me.get(`RelatedPerson/${link}`)).json.meta.versionId;
    expect(await of(`entity=DocumentReference/${id}&action=U`)).toEqual(
      expect.arrayContaining([
        { type: 'line', valueString: '6' },
        rule('representative'),
        { type: 'because', valueString: `RelatedPerson/${link}/_history/${version}` },
      ]),
    );
    expect(await of(`entity=RelatedPerson/${link}&action=C`)).toEqual([rule('right')]);
    expect(await of(`agent=Patient/${space.id}&action=C`)).toEqual([rule('patient')]);
    const [own] = await events(carnet.as('hospital'), `AuditEvent?entity=DocumentReference/${id}&action=C`);
    expect(ASIDE.exec(JSON.stringify(own))).toBeNull();
  });

  it('is told which line refused', async () => {
    const space = await Space.of(carnet);
    const block = await space.blocks('Practitioner/demo-gp');
    const id = await space.deposit();
    expect((await carnet.as('gp').get(`DocumentReference/${id}`)).status).toBe(404);
    const [event] = await events(space.me, `${of(space)}&outcome=4`);
    expect(detailsOf(event!)).toEqual([
      { type: 'line', valueString: '4' },
      { type: 'because', valueString: expect.stringContaining(`Consent/${block}/_history/`) },
    ]);
    expect(event!.meta!.profile).toBeUndefined();
  });

  it.each([
    'address=198.51.100.7',
    'address:missing=false&action=R',
    'policy:missing=false',
    'entity-type=decision',
    'entity=Consent/ID',
    '_profile=https://profiles.ihe.net/ITI/BALP/StructureDefinition/IHE.BasicAudit.OAUTHaccessTokenUse.Minimal',
    '_content=198.51.100.7',
    '_content=decision',
    '_text=198.51.100.7',
  ])('nobody, they neither, finds a trace by %s', async (query) => {
    const space = await Space.of(carnet);
    const said = await space.says(permits('Practitioner/demo-gp'));
    const id = await space.deposit();
    const gp = carnet.as('gp');
    await gp.get(`DocumentReference/${id}`, FROM);
    const asked = query.replace('ID', said);
    const made = query.includes('ID') ? 1 : 0;
    for (const [client, wanted] of [
      [gp, 0],
      [space.me, made],
    ] as const) {
      const { status, json } = await client.get(`AuditEvent?patient=${space.id}&${asked}&_summary=count`);
      if (query.startsWith('address:missing')) expect([status, json.total]).toEqual([200, 1]);
      else expect([query, status, json.total]).toEqual([query, 200, wanted]);
    }
  });

  it('learns nothing from what a caller says of where they are', async () => {
    const space = await Space.of(carnet);
    const forged = { ...FROM, forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' };
    await carnet.as('gp').get(`DocumentReference?patient=${space.id}`, forged);
    const text = JSON.stringify(await events(space.me, of(space)));
    expect([text.includes('203.0.113.9'), text.includes('198.51.100.7')]).toEqual([false, true]);
  });
});

describe('who speaks for the patient', () => {
  const parent = (link: string): Partial<Caller> => ({
    reference: 'Patient/of-another',
    related: [`RelatedPerson/${link}`],
  });

  it('a representative reads them with all that the patient is told but addresses, and is named as such', async () => {
    const space = await Space.of(carnet);
    const link = await space.links('legal-protection');
    const guardian = space.caller('patient', parent(link));
    await guardian.get(`DocumentReference?patient=${space.id}&_count=3`);
    await carnet.as('gp').get(`DocumentReference?patient=${space.id}`, FROM);
    const found = await events(guardian, of(space));
    const own = found.find((each) => subjectOf(each) === 'Patient/of-another');
    expect(JSON.stringify(own!.agent)).toContain('"code":"representative"');
    // what they looked at by then were traces, by the same word
    await guardian.get(`Patient/${space.id}/$access-history`);
    for (const query of ['action=E', 'subtype=operation']) {
      const looked = await events(space.me, `${of(space)}&agent=Patient/of-another&${query}`);
      expect(JSON.stringify(detailsOf(looked[0]!))).toContain(`RelatedPerson/${link}/_history/`);
    }
    expect(JSON.stringify(own!.agent)).toContain('"127.0.0.1"');
    const told = JSON.stringify(found);
    expect([told.includes('198.51.100.7'), told.includes('urn:ietf:params:oauth:jti')]).toEqual([
      false,
      true,
    ]);
  });

  it('a representative is told no address from which others came, at any door: the patient is', async () => {
    const space = await Space.of(carnet);
    const guardian = space.caller('patient', parent(await space.links('legal-protection')));
    await space.says(permits('Practitioner/demo-gp'));
    const id = await space.deposit();
    await carnet.as('gp').get(`DocumentReference/${id}`, FROM);
    const deposited = {
      resourceType: 'AuditEvent',
      type: { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' },
      recorded: '2026-01-01T08:00:00Z',
      agent: [
        {
          who: { reference: 'Practitioner/x' },
          requestor: true,
          network: { address: '198.51.100.7', type: '2' },
        },
        { who: { display: 'y' }, requestor: false, network: { address: '198.51.100.7', type: '1' } },
      ],
      source: { observer: { display: 'another system' } },
      entity: [{ what: { reference: `Patient/${space.id}` } }],
    };
    const system = space.caller('hospital', { scope: 'system/AuditEvent.c' });
    const made = await system.post('AuditEvent', deposited);
    expect([made.status, made.status === 201 || made.text]).toEqual([201, true]);
    const [event] = await events(space.me, `${of(space)}&agent=Practitioner/demo-gp`);
    const doors = [
      of(space),
      `AuditEvent/${event!.id}`,
      `AuditEvent/${event!.id}/_history`,
      `AuditEvent/${event!.id}/_history/${event!.meta!.versionId}`,
      `AuditEvent/${made.json.id}`,
      `AuditEvent/${made.json.id}/_history`,
      `Patient/${space.id}/AuditEvent`,
      `Patient?_id=${space.id}&_revinclude=AuditEvent:patient`,
      `DocumentReference?_id=${id}&_revinclude=AuditEvent:entity`,
      `${of(space)}&_elements=agent`,
      `${of(space)}&_sort=-date&_total=none`,
      'AuditEvent/_history?_count=500',
      ...['', '&as=csv', '&as=bundle', '&group=person'].map(
        (more) => `Patient/${space.id}/$access-history?language=fr${more}`,
      ),
    ];
    for (const path of doors) {
      const [theirs, mine] = [await guardian.get(path), await space.me.get(path)];
      const shown = [theirs, mine].map(({ status, text }) => [status, text.includes('198.51.100.7')]);
      const isPersons = path.includes('group=person');
      expect([path, ...shown]).toEqual([path, [200, false], [200, !isPersons]]);
    }
    for (const query of ['address=198.51.100.7', '_content=198.51.100.7', '_text=198.51.100.7'])
      expect((await guardian.get(`${of(space)}&${query}`)).json.total).toBe(0);
  });

  it('no address is in the record that a representative takes home, as it is in the patient’s', async () => {
    const space = await Space.of(carnet);
    const link = await space.links('legal-protection');
    await space.says(permits('Practitioner/demo-gp'));
    const id = await space.deposit();
    await carnet.as('gp').get(`DocumentReference/${id}`, FROM);
    const holdsAddress = async (caller: Partial<Caller>): Promise<boolean> => {
      const token = carnet.tokenFor(caller, 'patient');
      const { files } = await exported(carnet.as({ token }), token, space.id);
      expect([...files.values()].some((bytes) => bytes.includes('Dr Sophie Lambert'))).toBe(true);
      return [...files.values()].some((bytes) => bytes.includes('198.51.100.7'));
    };
    expect(await holdsAddress(parent(link))).toBe(false);
    expect(await holdsAddress({ reference: `Patient/${space.id}`, related: [] })).toBe(true);
  }, 60_000);

  it('an aidant reads none, though a Consent for them names no class', async () => {
    const space = await Space.of(carnet);
    const link = await space.links('caregiver');
    await space.says(permits(`RelatedPerson/${link}`));
    const aidant = space.caller('patient', parent(link));
    const id = await space.deposit();
    expect((await aidant.get(`DocumentReference/${id}`)).status).toBe(200);
    expect(await events(aidant, of(space))).toEqual([]);
    const [event] = await events(space.me, of(space));
    expect((await aidant.get(`AuditEvent/${event!.id}`)).status).toBe(404);
  });

  it('a Consent that is hidden from them takes the visits with it that it allowed', async () => {
    const space = await Space.of(carnet);
    const link = await space.links('legal-protection');
    const guardian = space.caller('patient', parent(link));
    const secret = {
      ...says(space.id, permits('Practitioner/demo-gp')),
      meta: { security: [label('INVISIBLE_REPRESENTANTS_LEGAUX')] },
    };
    expect((await space.me.post('Consent', secret)).status).toBe(201);
    const id = await space.deposit();
    expect((await carnet.as('gp').get(`DocumentReference/${id}`)).status).toBe(200);
    const [visit] = await events(space.me, `AuditEvent?entity=DocumentReference/${id}&action=R`);
    const visits = async (client: Client): Promise<number> =>
      (await events(client, of(space))).filter((each) => subjectOf(each) === 'Practitioner/demo-gp').length;
    expect([await visits(space.me), await visits(guardian), await visits(carnet.as('gp'))]).toEqual([
      1, 0, 1,
    ]);
    expect((await guardian.get(`AuditEvent/${visit!.id}`)).status).toBe(404);
    expect((await carnet.as('gp').get(`AuditEvent/${visit!.id}`)).status).toBe(200);
  });

  it('who looks at a trace that is hidden from another leaves one that names no trace, as searches do', async () => {
    const space = await Space.of(carnet);
    const link = await space.links('legal-protection');
    const guardian = space.caller('patient', parent(link));
    const secret = await space.deposit({
      securityLabel: [{ coding: [label('INVISIBLE_REPRESENTANTS_LEGAUX')] }],
    });
    const [hidden] = await events(space.me, `AuditEvent?entity=DocumentReference/${secret}`);
    expect((await space.me.get(`AuditEvent/${hidden!.id}`)).status).toBe(200);
    expect((await events(space.me, of(space))).length).toBeGreaterThan(0);
    const told = JSON.stringify(await events(guardian, of(space)));
    expect([told.includes(hidden!.id!), told.includes(secret)]).toEqual([false, false]);
    for (const client of [space.me, guardian])
      expect((await client.get(`AuditEvent?entity=AuditEvent/${hidden!.id}`)).json.total).toBe(0);
    // that traces were looked at is told
    expect(await events(guardian, `${of(space)}&action=E`)).not.toEqual([]);
  });
});
