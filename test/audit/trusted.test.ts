/** The general practitioner and administrators read the traces of their patient, and nothing of what is hidden. */
import type { Json, Resource } from '../../src/fhir/resource.ts';
import { POLICY } from '../../src/consent/vocabulary.ts';
import { Space, label, permits, says } from '../enforcement/support/space.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

const GP = 'Practitioner/demo-gp';
const DENTIST = 'Practitioner/demo-dentist';
const found = async (client: Client, path: string): Promise<Resource[]> => {
  const { status, json, text } = await client.get(path);
  expect([status, status === 200 || text]).toEqual([200, true]);
  return ((json.entry ?? []) as { resource: Resource }[]).map(({ resource }) => resource);
};
const of = (space: Space, more = ''): string => `AuditEvent?patient=${space.id}&_count=200${more}`;
const subjectOf = ({ agent }: Resource): string =>
  (agent as { who: { reference: string } }[])[0]!.who.reference;
const whose = async (client: Client, space: Space, more = ''): Promise<string[]> =>
  [...new Set((await found(client, of(space, more))).map(subjectOf))].sort();

/** Chosen as general practitioner, and permitted. */
async function chosen(): Promise<Space> {
  const space = await Space.of(carnet, { generalPractitioner: [{ reference: GP }] });
  await space.says(permits(GP));
  await space.says(permits(DENTIST));
  return space;
}

describe('the general practitioner', () => {
  it('reads who was given what, and the access history of it', async () => {
    const space = await chosen();
    const id = await space.deposit();
    await carnet.as('dentist').get(`DocumentReference/${id}`);
    await space.me.get(`DocumentReference/${id}`);
    const gp = carnet.as('gp');
    expect(await whose(gp, space)).toEqual(
      [DENTIST, 'Organization/demo-hospital', 'Organization/demo-registry', `Patient/${space.id}`].sort(),
    );
    const { status, text } = await gp.get(`Patient/${space.id}/$access-history?language=fr`);
    expect([status, text.includes('dentiste, a consulté 1 document')]).toEqual([200, true]);
  });

  it('is told neither address, token, decision nor what was asked in words, at any door', async () => {
    const space = await chosen();
    const id = await space.deposit();
    await carnet.as('dentist').get(`DocumentReference?patient=${space.id}&status=current&_id=${id}`);
    await space.me.get(`Patient/${space.id}/$explain-access?actor=${GP}`);
    const gp = carnet.as('gp');
    const [event] = (await found(gp, of(space))).filter((each) => subjectOf(each) === DENTIST);
    for (const path of [
      of(space),
      `AuditEvent/${event!.id}`,
      `AuditEvent/${event!.id}/_history`,
      `Patient/${space.id}/AuditEvent`,
      `Patient?_id=${space.id}&_revinclude=AuditEvent:patient`,
      `Patient/${space.id}/$access-history?as=bundle`,
    ]) {
      const { status, json } = await gp.get(path);
      // their own requests are told as they sent them
      const entries = ((json.entry ?? [{ resource: json }]) as { resource: Resource }[]).filter(
        ({ resource }) => resource.resourceType !== 'AuditEvent' || subjectOf(resource) !== GP,
      );
      expect([path, entries.length > 0]).toEqual([path, true]);
      const text = JSON.stringify(entries);
      // of another sort that something was then, they may be given nothing
      const told = /127\.0\.0\.1"|urn:ietf:params:oauth:jti|"decision"|"because"|34112-3/.exec(text)?.[0];
      expect([path, status, told]).toEqual([path, 200, undefined]);
      const asked = [...text.matchAll(/"query":"([^"]*)"/g)].map(([, sent]) =>
        Buffer.from(sent!, 'base64').toString(),
      );
      expect(new Set(asked).size).toBeLessThanOrEqual(1);
      for (const each of asked) expect(each).toBe(`Patient/${space.id}/$explain-access`);
    }
    expect((event!.entity as Json[]).some(({ what }) => JSON.stringify(what ?? '').includes(id))).toBe(true);
  });

  it('reads nothing of a refusal, nor of what they may not be given', async () => {
    const space = await Space.of(carnet, { generalPractitioner: [{ reference: GP }] });
    const open = await space.deposit({ description: 'open' });
    const kept = await space.deposit({ securityLabel: [{ coding: [label('R', CONFIDENTIALITY)] }] });
    await space.says({ ...permits(GP), securityLabel: [label('N', CONFIDENTIALITY)] });
    await space.says(permits(DENTIST));
    const [gp, dentist] = [carnet.as('gp'), carnet.as('dentist')];
    expect([await space.sees(gp, open), await space.sees(gp, kept)]).toEqual([true, false]);
    for (const id of [open, kept, 'nothing']) await dentist.get(`DocumentReference/${id}`);
    await carnet.as('lab').get(`DocumentReference/${open}`);
    const told = await found(gp, of(space));
    const text = JSON.stringify(told);
    expect([text.includes(open), text.includes(kept)]).toEqual([true, false]);
    expect(told.filter(({ outcome }) => outcome !== '0')).toEqual([]);
    expect((await gp.get(of(space, `&entity=DocumentReference/${kept}`))).json.total).toBe(0);
    expect((await gp.get(of(space, '&outcome=4'))).json.total).toBe(0);
  });

  it.each<[string, (space: Space) => Promise<unknown>]>([
    ['was not permitted by name', async () => undefined],
    ['is blocked', async (space) => (await space.says(permits(GP)), space.blocks(GP))],
    ['is of a closed space', async (space) => (await space.says(permits(GP)), space.is({ active: false }))],
  ])('who %s reads their own alone', async (_, done) => {
    const space = await Space.of(carnet, { generalPractitioner: [{ reference: GP }] });
    const id = await space.deposit();
    await done(space);
    await carnet.as('gp').get(`DocumentReference?patient=${space.id}`);
    await space.me.get(`DocumentReference/${id}`);
    expect(await whose(carnet.as('gp'), space)).toEqual([GP]);
  });

  it('is told the same history, by visit and by person, when no query can hold what the patient said', async () => {
    const space = await Space.of(carnet, { generalPractitioner: [{ reference: GP }] });
    await space.says(permits(DENTIST));
    const id = await space.deposit();
    for (let count = 0; count < 3; count += 1) await carnet.as('dentist').get(`DocumentReference/${id}`);
    const secret = await space.deposit({ securityLabel: [{ coding: [label('R', CONFIDENTIALITY)] }] });
    await carnet.as('dentist').get(`DocumentReference/${secret}`);
    type Part = {
      name: string;
      part?: Part[];
      valueReference?: { reference?: string };
      valueUnsignedInt?: number;
    };
    const told = async (query: string): Promise<[string | undefined, number][]> => {
      const { json } = await carnet.as('gp').get(`Patient/${space.id}/$access-history?${query}`);
      return ((json.parameter ?? []) as Part[]).map(({ part = [] }) => {
        const of = (wanted: string) => part.filter(({ name }) => name === wanted);
        const count = of('count')[0]?.valueUnsignedInt ?? of('trace').length;
        return [of('who')[0]?.valueReference?.reference, count];
      });
    };
    const both = async () => [await told(`person=${DENTIST}`), await told(`group=person&person=${DENTIST}`)];
    const hides = (code: string, system: string) => ({ type: 'deny', securityLabel: [label(code, system)] });
    const restricted = hides('R', CONFIDENTIALITY);
    const many = Array.from({ length: 600 }, (_, index) =>
      hides(`${'long'.repeat(20)}${index}`, 'https://labels.example'),
    );
    for (const provision of [[restricted], [restricted, ...many]]) {
      const consent = await space.says({ ...permits(GP), provision });
      expect(await both()).toEqual([[[DENTIST, 3]], [[DENTIST, 3]]]);
      await space.withdraws(consent);
    }
  });

  it('needs to name the patient: without, they are given their own', async () => {
    const space = await chosen();
    const id = await space.deposit();
    await space.me.get(`DocumentReference/${id}`);
    await carnet.as('gp').get(`DocumentReference/${id}`);
    const all = await found(carnet.as('gp'), 'AuditEvent?_count=200');
    expect([...new Set(all.map(subjectOf))]).toEqual([GP]);
  });
});

const CONFIDENTIALITY = 'http://terminology.hl7.org/CodeSystem/v3-Confidentiality';

it('an administrator reads them; a physician who is permitted, and no more, does not', async () => {
  const space = await Space.of(carnet);
  await space.me.post('Consent', says(space.id, permits(GP), POLICY.administrator));
  await space.says(permits(DENTIST));
  const id = await space.deposit();
  await space.me.get(`DocumentReference/${id}`);
  expect(await whose(carnet.as('gp'), space)).toContain(`Patient/${space.id}`);
  expect(await whose(carnet.as('dentist'), space)).toEqual([]);
});

it('a professional keeps the traces of what they were given, whatever is hidden from them since', async () => {
  const space = await Space.of(carnet);
  const said = await space.says(permits(DENTIST));
  const id = await space.deposit();
  const dentist = carnet.as('dentist');
  await dentist.get(`DocumentReference/${id}`);
  await dentist.get(`DocumentReference?patient=${space.id}&_id=${id}`);
  const before = (await found(dentist, of(space))).map(({ id: trace }) => trace);
  expect(before).toHaveLength(2);
  await space.withdraws(said);
  expect(await space.sees(dentist, id)).toBe(false);
  const named = `&entity=DocumentReference/${id}`;
  const after = await found(dentist, of(space));
  expect(after.filter(({ id: trace }) => before.includes(trace))).toHaveLength(2);
  expect((await found(dentist, of(space, named))).map(({ id: trace }) => trace)).toEqual(before);
  expect((await dentist.get(`AuditEvent/${before[0]}`)).status).toBe(200);
  expect((await dentist.get(`AuditEvent?_id=${before[0]}&_include=AuditEvent:entity`)).text).not.toContain(
    '"resourceType":"DocumentReference"',
  );
});

it('what was asked for by name and not found is told to who asked alone', async () => {
  const space = await Space.of(carnet);
  const link = await space.links('legal-protection');
  const guardian = space.caller('patient', {
    reference: 'Patient/of-another',
    related: [`RelatedPerson/${link}`],
  });
  const secret = await space.deposit({
    securityLabel: [{ coding: [label('INVISIBLE_REPRESENTANTS_LEGAUX')] }],
  });
  const [hidden] = await found(space.me, `AuditEvent?entity=DocumentReference/${secret}`);
  for (const path of [
    `AuditEvent?entity=DocumentReference/${secret}`,
    `DocumentReference?_id=${secret}&status=superseded&patient=${space.id}`,
    `AuditEvent?entity=${secret}`,
    `AuditEvent?_id=${hidden!.id}`,
    `AuditEvent/${hidden!.id}`,
    `AuditEvent/${hidden!.id}/$meta`,
    `AuditEvent/${hidden!.id}/_history`,
    `Observation?derived-from=DocumentReference/${secret}&patient=${space.id}`,
    `DocumentReference?relatesto:DocumentReference._id=${secret}&patient=${space.id}`,
  ])
    expect([path, (await space.me.get(path)).status]).toEqual([path, 200]);
  await guardian.get(`AuditEvent/${hidden!.id}`);
  const read = async (client: Client): Promise<string> =>
    (await found(client, of(space)))
      .map((event) => JSON.stringify({ ...event, asked: asked(event) }))
      .join('\n');
  const told = await read(guardian);
  expect([told.includes(secret), told.includes(hidden!.id!)]).toEqual([false, false]);
  expect(told).toContain('DocumentReference?_id=…&status=superseded&patient=');
  const own = await read(space.me);
  expect([own.includes(secret), own.includes(hidden!.id!)]).toEqual([true, true]);
});

const asked = ({ entity }: Resource): string[] =>
  (entity as { query?: string }[]).flatMap(({ query }) =>
    query === undefined ? [] : Buffer.from(query, 'base64').toString(),
  );
