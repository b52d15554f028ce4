/** Each line of the order (conformance/consent-rules.md) as a story over HTTP: who sees what, by every door alike. */
import { MongoClient } from 'mongodb';
import { POLICY, SPACE_STATUS } from '../../src/consent/vocabulary.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { Space, TRE_A07, label, names, permits, purpose, says } from './support/space.ts';

let carnet: TestServer;
let mongo: MongoClient;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
  mongo = await new MongoClient(carnet.database.uri).connect();
});
afterAll(async () => {
  await mongo?.close();
  await carnet?.close();
});

const GP = 'Practitioner/demo-gp';
const DENTIST = 'Practitioner/demo-dentist';
const EMERGENCY = 'Practitioner/demo-emergency';
const MASQUE = label('MASQUE_PS');
const masked = { securityLabel: [{ coding: [MASQUE] }] };
const LETTER = { type: { coding: [{ system: 'http://loinc.org', code: '34112-3' }] } };

/** Who sees a document, in a word each. */
async function seenBy(
  space: Space,
  id: string,
  callers: Record<string, Client>,
): Promise<Record<string, boolean>> {
  const found = Object.entries(callers).map(async ([name, client]) => [name, await space.sees(client, id)]);
  return Object.fromEntries(await Promise.all(found));
}

describe('line 1: excluded', () => {
  const ROLES = {
    operator: { reference: 'Practitioner/demo-operator', scope: 'user/*.cruds' },
    insurer: { reference: 'Organization/insurer', scope: 'system/*.cruds' },
    employer: { reference: 'Organization/employer', scope: 'system/*.cruds' },
    authority: { reference: 'Organization/authority', scope: 'system/*.cruds' },
  } as const;

  it.each(Object.keys(ROLES) as (keyof typeof ROLES)[])(
    'the %s is given nothing, whatever a Consent says, and writes nothing',
    async (role) => {
      const space = await Space.of(carnet);
      const id = await space.deposit();
      const { reference, scope } = ROLES[role];
      const rights = ['registration.write', 'consent.write', 'directory.write'];
      const client = space.caller('all', { role, reference, scope, organizations: [], rights });
      await space.says(permits(reference));
      await space.says({ type: 'permit' });
      await space.says(permits(reference), POLICY.administrator);
      expect(await space.sees(client, id)).toBe(false);
      expect((await client.get(`Patient/${space.id}`)).status).toBe(404);
      expect((await client.get(`Consent?patient=${space.id}`)).json.total).toBe(0);
      const { id: _, ...made } = (await carnet.as('hospital').get(`DocumentReference/${id}`)).json;
      expect((await client.post('DocumentReference', made)).status).toBe(403);
      expect((await client.post('Consent', says(space.id, { type: 'permit' }))).status).toBe(403);
    },
  );
});

describe('line 2: the space', () => {
  const status = (...codes: string[]) => ({
    extension: codes.map((valueCode) => ({ url: SPACE_STATUS, valueCode })),
  });
  const CLOSED: Record<string, object> = {
    'not active': { active: false },
    closed: status('closed'),
    opposed: status('opposed'),
    'in a state that nobody knows': status('Open'),
    'in two states': status('open', 'open'),
  };

  it.each(Object.keys(CLOSED))(
    'a space that is %s gives nothing to anyone, and all again once it is open',
    async (how) => {
      const space = await Space.of(carnet, { active: true });
      const id = await space.deposit();
      const consent = await space.says(permits(GP));
      const callers = {
        patient: space.me,
        hospital: carnet.as('hospital'),
        gp: carnet.as('gp'),
        emergency: space.emergency(),
        samu: carnet.as('samu'),
      };
      const all = { patient: true, hospital: true, gp: true, emergency: true, samu: true };
      const none = Object.fromEntries(Object.keys(all).map((name) => [name, false]));
      expect(await seenBy(space, id, callers)).toEqual(all);
      await space.is(CLOSED[how]!);
      expect(await seenBy(space, id, callers)).toEqual(none);
      expect((await space.me.get(`Patient/${space.id}`)).status).toBe(200);
      expect((await space.registrar.get(`Patient/${space.id}`)).status).toBe(200);
      expect((await carnet.as('gp').get(`Patient/${space.id}`)).status).toBe(404);
      expect((await space.me.get(`Consent/${consent}`)).status).toBe(404);
      expect((await space.me.get('DocumentReference')).json.total).toBe(0);
      expect((await carnet.as('hospital').get(`DocumentReference?_id=${id}`)).json.total).toBe(0);
      expect((await space.me.post('Consent', says(space.id, { type: 'permit' }))).status).toBe(403);
      await space.is(status('open'));
      expect(await seenBy(space, id, callers)).toEqual(all);
    },
  );

  it('a deleted Patient closes it; who knows the patient may still deposit', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    expect((await space.registrar.delete(`Patient/${space.id}`)).status).toBe(204);
    expect(await seenBy(space, id, { me: space.me, hospital: carnet.as('hospital') })).toEqual({
      me: false,
      hospital: false,
    });
    const later = await space.deposit();
    expect(await space.sees(carnet.as('hospital'), later)).toBe(false);
    await space.is({}, 201);
    expect(await space.sees(space.me, later)).toBe(true);
  });
});

describe('line 3: deposits', () => {
  it('who deposited it reads it, masked or blocked; others of the same hospital need a permit', async () => {
    const space = await Space.of(carnet);
    const gp = carnet.as('gp');
    const id = await space.deposit({ ...LETTER }, gp);
    expect(await space.sees(gp, id)).toBe(true);
    expect(await space.sees(carnet.as('hospital'), id)).toBe(false);
    await space.blocks(GP);
    expect((await space.me.patch(`DocumentReference/${id}`, [mask])).status).toBe(200);
    expect(await space.sees(gp, id)).toBe(true);
    const colleague = space.caller('gp', { reference: 'Practitioner/colleague' });
    expect(await space.sees(colleague, id)).toBe(false);
    const clinician = space.caller('emergency', { organizations: ['Organization/demo-hospital'] });
    expect(await space.sees(clinician, await space.deposit())).toBe(false);
  });
});

const mask = { op: 'add', path: '/meta/security', value: [MASQUE] };

describe('line 4: a Block', () => {
  it('shuts out whom it names: permitted, in an emergency, trusted; and yet they may deposit', async () => {
    const space = await Space.of(carnet, { generalPractitioner: [{ reference: EMERGENCY }] });
    const id = await space.deposit();
    await space.says(permits(EMERGENCY));
    const usual = carnet.as('emergency');
    const broken = space.emergency();
    expect([await space.sees(usual, id), await space.sees(broken, id)]).toEqual([true, true]);
    const block = await space.blocks(EMERGENCY);
    expect([await space.sees(usual, id), await space.sees(broken, id)]).toEqual([false, false]);
    expect(await space.sees(usual, await space.deposit({}, usual))).toBe(true);
    expect((await usual.get(`Consent?patient=${space.id}`)).json.total).toBe(0);
    await space.unblocks(block);
    expect(await space.sees(broken, id)).toBe(true);
  });

  it('ended, doesn’t bring back what was permitted before: the professional is permitted anew', async () => {
    const space = await Space.of(carnet, { generalPractitioner: [{ reference: GP }] });
    const id = await space.deposit();
    const before = await space.says(permits(GP));
    const block = await space.blocks(GP);
    await space.unblocks(block);
    expect(await space.sees(carnet.as('gp'), id)).toBe(false);
    const patch = [{ op: 'replace', path: '/dateTime', value: '2024-02-02' }];
    expect((await space.me.patch(`Consent/${before}`, patch)).status).toBe(200);
    expect(await space.sees(carnet.as('gp'), id)).toBe(true);
  });

  it('ended by its period, neither', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    await space.says(permits(GP));
    const end = new Date(Date.now() + 1500).toISOString();
    await space.says({ type: 'deny', actor: names(GP), period: { end } }, POLICY.block);
    expect(await space.sees(carnet.as('gp'), id)).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 2600));
    expect(await space.sees(carnet.as('gp'), id)).toBe(false);
    await space.says(permits(GP));
    expect(await space.sees(carnet.as('gp'), id)).toBe(true);
  });

  it('is never deleted or made something else', async () => {
    const space = await Space.of(carnet);
    const block = await space.blocks(GP);
    expect((await space.me.delete(`Consent/${block}`)).status).toBe(422);
    for (const [path, value] of Object.entries({
      '/policy': [{ uri: 'https://policy.example/1' }],
      '/status': 'entered-in-error',
    })) {
      const patch = [{ op: 'replace', path, value }];
      expect((await space.me.patch(`Consent/${block}`, patch)).status).toBe(422);
    }
  });

  it.each([
    ['an Organization, who acts in it', ['Organization/demo-practice']],
    ['a PractitionerRole, who has it', ['PractitionerRole/{role}']],
    ['a CareTeam, who is in it', ['CareTeam/{team}']],
    ['what isn’t there, anybody', ['CareTeam/nowhere']],
  ])('of %s', async (_, [reference = '']) => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    await space.says(permits(GP));
    const team = await space.registers({
      resourceType: 'CareTeam',
      status: 'active',
      subject: { reference: `Patient/${space.id}` },
      participant: [{ member: { reference: GP } }],
    });
    const role = await space.registers({
      resourceType: 'PractitionerRole',
      practitioner: { reference: GP },
    });
    expect(await space.sees(carnet.as('gp'), id)).toBe(true);
    await space.blocks(reference.replace('{team}', team).replace('{role}', role));
    expect(await space.sees(carnet.as('gp'), id)).toBe(false);
    expect(await space.sees(space.me, id)).toBe(true);
  });

  it('holds against the regulator; one that has ended shuts nobody out', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    const ended = { type: 'deny', actor: names('Practitioner/demo-samu'), period: { end: '2024-01-01' } };
    await space.says(ended, POLICY.block);
    expect(await space.sees(carnet.as('samu'), id)).toBe(true);
    await space.blocks('Practitioner/demo-samu');
    expect(await space.sees(carnet.as('samu'), id)).toBe(false);
  });
});

describe('line 5: labels and the announcement', () => {
  async function family() {
    const space = await Space.of(carnet, { birthDate: '2015-05-05' });
    const related = await space.links('legal-representative');
    const parent = space.caller('patient', {
      reference: 'Patient/parent',
      related: [`RelatedPerson/${related}`],
    });
    await space.says(permits(GP));
    return { space, callers: { patient: space.me, parent, gp: carnet.as('gp') } };
  }
  const hiddenBy = (...codings: object[]) => ({ securityLabel: [{ coding: codings }] });

  it.each([
    ['INVISIBLE_PATIENT', TRE_A07, { patient: false, parent: false, gp: true }],
    ['INVISIBLE_PATIENT', 'https://wrong.example', { patient: false, parent: false, gp: true }],
    ['INVISIBLE_REPRESENTANTS_LEGAUX', TRE_A07, { patient: true, parent: false, gp: true }],
    ['INVISIBLE_REPRESENTANTS_LEGAUX', 'https://wrong.example', { patient: true, parent: false, gp: true }],
    ['N', TRE_A07, { patient: true, parent: true, gp: true }],
  ])('%s of %s', async (code, system, wanted) => {
    const { space, callers } = await family();
    expect(await seenBy(space, await space.deposit(hiddenBy(label(code, system))), callers)).toEqual(wanted);
    const { security } = { security: [label(code, system)] };
    expect(await seenBy(space, await space.deposit({ meta: { security } }), callers)).toEqual(wanted);
  });

  it('a document hidden for more than a month shows by itself; one whose label was renewed does not', async () => {
    const { space, callers } = await family();
    const hidden = hiddenBy(label('INVISIBLE_PATIENT'));
    const id = await space.deposit(hidden);
    const day = 86_400_000;
    const age = (days: number) =>
      mongo
        .db(carnet.database.dbName)
        .collection<{ _id: string }>('resources')
        .updateOne({ _id: `DocumentReference/${id}` }, { $set: { hidden: Date.now() - days * day } });
    expect((await age(27)).modifiedCount).toBe(1);
    expect(await seenBy(space, id, callers)).toEqual({ patient: false, parent: false, gp: true });
    await age(32);
    expect(await seenBy(space, id, callers)).toEqual({ patient: true, parent: true, gp: true });
    const hospital = carnet.as('hospital');
    const { json } = await hospital.get(`DocumentReference/${id}`);
    expect((await hospital.put(`DocumentReference/${id}`, { ...json, description: 'again' })).status).toBe(
      200,
    );
    expect(await space.sees(space.me, id)).toBe(true);
    const { securityLabel: _, ...bare } = json;
    expect((await hospital.put(`DocumentReference/${id}`, bare)).status).toBe(200);
    expect((await hospital.put(`DocumentReference/${id}`, json)).status).toBe(200);
    expect(await space.sees(space.me, id)).toBe(false);
  });
});

describe('line 6: representatives and aidants', () => {
  const other = (space: Space, related: string, reference = 'Patient/parent') =>
    space.caller('patient', { reference, related: [`RelatedPerson/${related}`] });
  const born = (years: number) =>
    new Date(Date.now() - years * 365.25 * 86_400_000).toISOString().slice(0, 10);

  it('both parents see all, masked included, until the child comes of age', async () => {
    const space = await Space.of(carnet, { birthDate: born(10) });
    const id = await space.deposit(masked);
    const first = other(space, await space.links('legal-representative'));
    const second = other(space, await space.links('legal-representative'), 'Patient/second');
    expect(await seenBy(space, id, { first, second })).toEqual({ first: true, second: true });
    expect((await first.get(`AuditEvent?patient=${space.id}`)).json.total).toBeGreaterThan(0);
    await space.is({ birthDate: born(18.1) });
    expect(await seenBy(space, id, { first, second })).toEqual({ first: false, second: false });
    await space.is({ birthDate: born(10).slice(0, 7) });
    expect(await seenBy(space, id, { first, second })).toEqual({ first: false, second: false });
  });

  it.each([
    ['has ended', { period: { end: '2020-01-01' } }],
    ['begins later', { period: { start: '2999-01-01' } }],
    ['isn’t active', { active: false }],
    ['has a modifier', { modifierExtension: [{ url: 'https://x.example/not', valueBoolean: true }] }],
  ])('a link that %s is none', async (_, more) => {
    const space = await Space.of(carnet, { birthDate: born(10) });
    const id = await space.deposit();
    expect(await space.sees(other(space, await space.links('legal-representative', more)), id)).toBe(false);
  });

  it('a link that ends shuts out at once', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    const link = await space.links('legal-protection');
    const guardian = other(space, link);
    expect(await space.sees(guardian, id)).toBe(true);
    expect((await space.registrar.delete(`RelatedPerson/${link}`)).status).toBe(204);
    expect(await space.sees(guardian, id)).toBe(false);
  });

  it('an aidant is given what the Consents that name them permit, and manages nobody’s access', async () => {
    const space = await Space.of(carnet);
    const [id, hidden] = [await space.deposit(), await space.deposit(masked)];
    const link = await space.links('caregiver');
    const aidant = other(space, link, 'Patient/aidant');
    await space.says({ type: 'permit' });
    expect(await space.sees(aidant, id)).toBe(false);
    await space.says({ type: 'deny', actor: names(DENTIST) });
    const consent = await space.says(permits(`RelatedPerson/${link}`));
    expect(await seenBy(space, id, { aidant })).toEqual({ aidant: true });
    expect(await space.sees(aidant, hidden)).toBe(true);
    expect((await aidant.post('Consent', says(space.id, permits('Patient/aidant')))).status).toBe(403);
    await space.withdraws(consent);
    expect(await space.sees(aidant, id)).toBe(false);
  });

  it('a professional or an app that claims the link is no representative', async () => {
    const space = await Space.of(carnet, { birthDate: born(10) });
    const id = await space.deposit();
    const related = [`RelatedPerson/${await space.links('legal-representative')}`];
    expect(await space.sees(space.caller('gp', { related }), id)).toBe(false);
    expect(await space.sees(space.caller('app', { related }), id)).toBe(false);
  });
});

describe('line 7: emergencies', () => {
  const HOUR = 3_600_000;
  const CASES: [string, object, object, boolean][] = [
    ['with a reason', {}, {}, true],
    ['without a reason', { reason: '' }, {}, false],
    ['with a reason of blanks', { reason: ' '.repeat(40) }, {}, false],
    ['with a reason of nine letters', { reason: 'urgences!' }, {}, false],
    ['of another patient', { patient: 'Patient/space-other' }, {}, false],
    ['begun 25 hours ago', { since: Date.now() - 25 * HOUR }, {}, false],
    ['begun 23 hours ago', { since: Date.now() - 23 * HOUR }, {}, true],
    ['that begins in an hour', { since: Date.now() + HOUR }, {}, false],
    ['without the purpose', {}, { purposes: ['TREAT'] }, false],
    ['by a regulator’s purpose without the regulator', {}, { purposes: ['ETREAT'] }, false],
    ['by a system', {}, { role: 'system', reference: 'Organization/x', scope: 'system/*.rs' }, false],
    ['by a profession without a row in the matrix', {}, { profession: '86000' }, false],
  ];

  it.each(CASES)('the glass broken %s', async (_, emergency, caller, wanted) => {
    const space = await Space.of(carnet);
    const [id, hidden] = [await space.deposit(LETTER), await space.deposit({ ...LETTER, ...masked })];
    const client = space.emergency(emergency, caller);
    expect(await space.sees(client, id)).toBe(wanted);
    expect(await space.sees(client, hidden)).toBe(false);
    expect((await client.get('DocumentReference?_count=0')).status).toBe(200);
  });

  it('each switch of the patient closes or opens its own', async () => {
    const space = await Space.of(carnet);
    const [id, hidden] = [await space.deposit(), await space.deposit(masked)];
    const [broken, samu] = [space.emergency(), carnet.as('samu')];
    const seen = async () => [
      await seenBy(space, id, { broken, samu }),
      await seenBy(space, hidden, { broken, samu }),
    ];
    const is = (brokenSees: boolean, samuSees: boolean) => ({ broken: brokenSees, samu: samuSees });
    expect(await seen()).toEqual([is(true, true), is(false, false)]);
    const btg = await space.says({ type: 'deny', purpose: purpose('BTG') });
    expect(await seen()).toEqual([is(false, true), is(false, false)]);
    const etreat = await space.says({ type: 'deny', purpose: purpose('ETREAT') });
    expect(await seen()).toEqual([is(false, false), is(false, false)]);
    await space.withdraws(btg);
    const unmasks = {
      type: 'permit',
      purpose: purpose('BTG', 'ETREAT'),
      securityLabel: [label('MASQUE_PS')],
    };
    const third = await space.says(unmasks);
    expect((await seen())[1]).toEqual(is(true, false));
    await space.withdraws(etreat);
    expect(await seen()).toEqual([is(true, true), is(true, true)]);
    await space.withdraws(third);
    expect(await seen()).toEqual([is(true, true), is(false, false)]);
  });

  it('the optician who breaks the glass is held to the matrix, the regulator is not', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit(LETTER);
    const optician = { reference: 'Practitioner/optician', profession: '28' };
    expect(await space.sees(space.emergency({}, optician), id)).toBe(false);
    expect(await space.sees(space.caller('samu', { profession: '28' }), id)).toBe(true);
    expect(await space.sees(space.caller('samu', { regulator: false }), id)).toBe(false);
  });
});

describe('line 8: the general practitioner and administrators', () => {
  it('see what is masked only when authorised', async () => {
    const space = await Space.of(carnet, { generalPractitioner: [{ reference: GP }] });
    const id = await space.deposit(masked);
    expect(await space.sees(carnet.as('gp'), id)).toBe(false);
    await space.says({ type: 'permit' });
    expect(await space.sees(carnet.as('gp'), id)).toBe(false);
    const consent = await space.says(permits(GP));
    expect(await space.sees(carnet.as('gp'), id)).toBe(true);
    expect(await space.sees(space.caller('gp', { profession: '40' }), id)).toBe(false);
    await space.withdraws(consent);
    expect(await space.sees(carnet.as('gp'), id)).toBe(false);
  });

  it('an administrator is whom a Consent names as one', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit(masked);
    const doctor = space.caller('emergency');
    await space.says(permits(EMERGENCY));
    expect(await space.sees(doctor, id)).toBe(false);
    const consent = await space.says(permits(EMERGENCY), POLICY.administrator);
    expect(await space.sees(doctor, id)).toBe(true);
    await space.withdraws(consent);
    expect(await space.sees(doctor, id)).toBe(false);
    await space.says(permits(DENTIST), POLICY.administrator);
    expect(await space.sees(carnet.as('dentist'), id)).toBe(false);
  });
});

describe('line 9: masks', () => {
  it.each([
    ['MASQUE_PS', TRE_A07],
    ['MASQUE_PSOCIAL', TRE_A07],
    ['MASQUE_PT', TRE_A07],
    ['MASQUE_PS', 'urn:oid:1.2.250.1.213.1.1.4.13'],
    ['MASQUE_PS', 'https://wrong.example'],
  ])('%s of %s hides from professionals, systems and apps, not from the patient', async (code, system) => {
    const space = await Space.of(carnet);
    const id = await space.deposit({ meta: { security: [label(code, system)] } });
    await space.says(permits(GP, 'Organization/demo-lab', 'Device/demo-app'));
    const callers = {
      me: space.me,
      gp: carnet.as('gp'),
      lab: carnet.as('lab'),
      app: space.caller('app', { purposes: ['TREAT'] }),
    };
    expect(await seenBy(space, id, callers)).toEqual({ me: true, gp: false, lab: false, app: false });
    expect(await seenBy(space, await space.deposit(), callers)).toEqual({
      me: true,
      gp: true,
      lab: true,
      app: true,
    });
  });
});

describe('line 10: Consents and care teams', () => {
  it('47 provisions inside each other decide by the deepest, at every door; one more is refused as a whole', async () => {
    const GP = 'Practitioner/demo-gp';
    /** By turns, each beside one that doesn't fit: no two conditions are alike. */
    const nested = (at: number, depth: number, deepest: string): object => ({
      type: at === depth ? deepest : at % 2 === 0 ? 'permit' : 'deny',
      ...(at === 0 ? {} : { dataPeriod: { start: String(1900 + at) } }),
      ...(at === depth
        ? { actor: names(GP) }
        : {
            provision: [
              nested(at + 1, depth, deepest),
              { type: 'deny', securityLabel: [label(`deep-${at}`, 'https://labels.example')] },
            ],
          }),
    });
    const space = await Space.of(carnet);
    const id = await space.deposit({ date: '2024-05-05T08:00:00Z' });
    const gp = carnet.as('gp');
    for (const [deepest, isSeen] of [
      ['permit', true],
      ['deny', false],
    ] as const) {
      const consent = await space.says(nested(0, 46, deepest));
      expect([deepest, await space.sees(gp, id)]).toEqual([deepest, isSeen]);
      const { json } = await space.me.get(`Consent/${consent}/$enforcement-status`);
      expect(JSON.stringify(json)).not.toContain('"deep"');
      await space.withdraws(consent);
    }
    const { status, text } = await space.me.post('Consent', says(space.id, nested(0, 47, 'deny')));
    expect([status, text.includes('nested deeper than 99 levels')]).toEqual([400, true]);
  });

  it('a care team shares inside its encounter, and nowhere else', async () => {
    const space = await Space.of(carnet);
    const hospital = carnet.as('hospital');
    const encounter = await hospital.post('Encounter', {
      resourceType: 'Encounter',
      status: 'in-progress',
      class: { code: 'IMP' },
      subject: { reference: `Patient/${space.id}` },
    });
    expect(encounter.status).toBe(201);
    const reference = `Encounter/${encounter.json.id}`;
    const inside = await space.deposit({ context: { encounter: [{ reference }] } });
    const [outside, hidden] = [
      await space.deposit(),
      await space.deposit({ context: { encounter: [{ reference }] }, ...masked }),
    ];
    const gp = carnet.as('gp');
    expect(await space.sees(gp, inside)).toBe(false);
    const subject = { reference: `Patient/${space.id}` };
    const participant = [{ member: { reference: GP } }];
    const team = { resourceType: 'CareTeam', status: 'active', subject, participant };
    const id = await space.registers({ ...team, encounter: { reference } });
    const seen = async () => [
      await space.sees(gp, inside),
      await space.sees(gp, encounter.json.id, 'Encounter'),
      await space.sees(gp, outside),
      await space.sees(gp, hidden),
      await space.sees(carnet.as('dentist'), inside),
    ];
    expect(await seen()).toEqual([true, true, false, false, false]);
    expect(await space.sees(space.caller('gp', { purposes: [] }), inside)).toBe(false);
    await space.says({ type: 'deny', actor: names('Organization/demo-practice') });
    expect((await seen())[0]).toBe(false);
    const permit = await space.says(permits(GP));
    expect(await seen()).toEqual([true, true, true, false, false]);
    await space.withdraws(permit);
    expect((await space.registrar.delete(`CareTeam/${id}`)).status).toBe(204);
    expect(await seen()).toEqual([false, false, false, false, false]);
  });

  it('the more telling level decides, and deny beats permit within one', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    const gp = carnet.as('gp');
    const seen = [await space.sees(gp, id)];
    const said = [];
    for (const provision of [
      { type: 'permit' },
      { type: 'deny', actor: names('Organization/demo-practice') },
      permits(GP),
      { type: 'deny', actor: names(GP) },
    ]) {
      said.push(await space.says(provision));
      seen.push(await space.sees(gp, id));
    }
    for (const consent of said.reverse()) {
      await space.withdraws(consent);
      seen.push(await space.sees(gp, id));
    }
    expect(seen).toEqual([false, true, false, true, false, true, false, true, false]);
  });
});

describe('line 11: the matrix', () => {
  const typed = (code: string, system = 'http://loinc.org') => ({ type: { coding: [{ system, code }] } });

  it('the optician reads the published types of document, and nothing else, whatever a Consent says', async () => {
    const space = await Space.of(carnet);
    const optician = space.caller('gp', {
      reference: 'Practitioner/optician',
      profession: '28',
      organizations: [],
    });
    await space.says(permits('Practitioner/optician'));
    const seen: Record<string, boolean> = {};
    for (const code of ['47420-5', '78513-9', '57828-6', '34112-3', '11502-2']) {
      seen[code] = await space.sees(optician, await space.deposit(typed(code)));
    }
    expect(seen).toEqual({
      '47420-5': true,
      '78513-9': true,
      '57828-6': true,
      '34112-3': false,
      '11502-2': false,
    });
    const wrong = await space.deposit(typed('57828-6', 'https://wrong.example'));
    expect(await space.sees(optician, wrong)).toBe(false);
    expect((await optician.get(`Patient/${space.id}`)).status).toBe(404);
  });

  it.each([
    ['without a profession', undefined],
    ['of a profession without a row', '99'],
  ])('a professional %s is given nothing', async (_, profession) => {
    const space = await Space.of(carnet);
    await space.says(permits(GP));
    const id = await space.deposit();
    expect(await space.sees(space.caller('gp', { profession }), id)).toBe(false);
    expect(await space.sees(carnet.as('gp'), id)).toBe(true);
  });
});

describe('line 12: nothing else', () => {
  it('nobody but the patient and their general practitioner is given others’ traces, nor anything of who said nothing', async () => {
    const space = await Space.of(carnet);
    const id = await space.deposit();
    const callers = {
      gp: carnet.as('gp'),
      lab: carnet.as('lab'),
      app: carnet.as('app'),
      stranger: carnet.as('grandmother'),
    };
    expect(await seenBy(space, id, callers)).toEqual({ gp: false, lab: false, app: false, stranger: false });
    await space.says(permits(GP));
    await carnet.as('gp').get(`DocumentReference/${id}`);
    const agents = async (client: Client): Promise<unknown[]> => {
      const { json } = await client.get(`AuditEvent?patient=${space.id}`);
      const entries = (json.entry ?? []) as { resource: { agent: { who: { reference: string } }[] } }[];
      return [...new Set(entries.map(({ resource }) => resource.agent[0]!.who.reference))];
    };
    expect(await agents(carnet.as('gp'))).toEqual([GP]);
    expect(await agents(space.emergency())).toEqual([]);
    expect(await agents(carnet.as('lab'))).toEqual(['Organization/demo-lab']);
    expect((await space.me.get(`AuditEvent?patient=${space.id}`)).json.total).toBeGreaterThan(0);
    await space.is({ generalPractitioner: [{ reference: GP }] });
    expect(await agents(carnet.as('gp'))).toContain('Organization/demo-lab');
    expect(await agents(carnet.as('lab'))).toEqual(['Organization/demo-lab']);
  });
});
