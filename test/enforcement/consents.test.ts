/** What the patient says of one tells another nothing: which Consents are whose to read. conformance/consent-rules.md, "Consents" */
import { POLICY } from '../../src/consent/vocabulary.ts';
import { type Client, type TestServer, testServer } from '../support/server.ts';
import { Space, TRE_A07, label, names, permits, purpose, says } from './support/space.ts';

let carnet: TestServer;
beforeAll(async () => {
  carnet = await testServer(import.meta.url);
});
afterAll(() => carnet?.close());

const GP = 'Practitioner/demo-gp';
const DENTIST = 'Practitioner/demo-dentist';
const DOCTOR = 'Practitioner/demo-emergency';
const HOSPITAL = 'Organization/demo-hospital';

/** Everything that the patient says, and what would tell the doctor that something is hidden. */
async function telling(space: Space): Promise<Record<string, string>> {
  const id = await space.deposit();
  const own = await space.says({ ...permits(DOCTOR), period: { start: '2020' } });
  const refused = {
    'refuses the doctor': { type: 'deny', actor: names(DOCTOR), securityLabel: [label('x', 'urn:x')] },
    'refuses everybody': { type: 'deny', securityLabel: [label('x', 'urn:x')] },
    'permits but for something': {
      ...permits(DOCTOR),
      provision: [{ type: 'deny', code: [{ coding: [{ system: 'urn:x', code: 'secret' }] }] }],
    },
    'names what is kept': {
      ...permits(DOCTOR),
      data: [{ meaning: 'instance', reference: { reference: `DocumentReference/${id}` } }],
    },
    'permits others too': permits(DOCTOR, DENTIST),
    'permits others': permits(DENTIST),
    'permits all': { type: 'permit' },
    'closes emergencies': { type: 'deny', purpose: purpose('BTG') },
    'shows masked documents': {
      type: 'permit',
      purpose: purpose('ETREAT'),
      securityLabel: [label('MASQUE_PS', TRE_A07)],
    },
  };
  const said = Object.entries(refused).map(async ([name, provision]) => [name, await space.says(provision)]);
  return {
    own,
    'blocks another': await space.blocks(DENTIST),
    'masks what is new': await space.says({ type: 'permit' }, POLICY.maskNew),
    ...Object.fromEntries(await Promise.all(said)),
  };
}

async function seen(space: Space, client: Client, consents: Record<string, string>): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(consents).map(async ([name, id]) =>
      (await space.sees(client, id, 'Consent')) ? [name] : [],
    ),
  );
  return found.flat().sort();
}

it('a doctor is shown the permit that names them alone, by every door, and no other word of the patient', async () => {
  const space = await Space.of(carnet);
  const consents = await telling(space);
  const doctor = carnet.as('emergency');
  expect(await seen(space, doctor, consents)).toEqual(['own']);
  const { json } = await doctor.get(`Consent?patient=${space.id}`);
  expect([json.total, json.entry.length]).toEqual([1, 1]);
  for (const search of [
    `Consent?patient=${space.id}&actor=${DENTIST}`,
    `Patient?_id=${space.id}&_has:Consent:patient:actor=${DENTIST}`,
    `Practitioner?_has:Consent:actor:patient=${space.id}&_id=demo-dentist`,
    `Consent?patient=${space.id}&data:missing=false`,
  ]) {
    expect([search, (await doctor.get(search)).json.total]).toEqual([search, 0]);
  }
  const everything = (await doctor.get(`Patient/${space.id}/$everything?_type=Consent`)).json;
  expect(everything.entry.map(({ resource }: { resource: { id: string } }) => resource.id)).toEqual([
    consents.own,
  ]);
  const status = (await doctor.get(`Patient/${space.id}/$enforcement-status`)).json;
  expect(status.parameter).toHaveLength(1);
  // in an emergency neither
  expect(await seen(space, space.emergency(), consents)).toEqual(['own']);
});

it('the patient, and who speaks for them, are shown all', async () => {
  const space = await Space.of(carnet);
  const consents = await telling(space);
  expect(await seen(space, space.me, consents)).toEqual(Object.keys(consents).sort());
});

it('the general practitioner whom the patient trusts is shown what names them alone', async () => {
  const space = await Space.of(carnet, { generalPractitioner: [{ reference: GP }] });
  const own = await space.says(permits(GP));
  const consents = { ...(await telling(space)), trusted: own };
  expect(await seen(space, carnet.as('gp'), consents)).toEqual(['trusted']);
});

it('an aidant, an app and the system of a hospital are shown what names them alone', async () => {
  const space = await Space.of(carnet);
  const relative = 'Patient/demo-father';
  const related = [`RelatedPerson/${await space.links('caregiver')}`];
  const consents = {
    ...(await telling(space)),
    app: await space.says(permits('Device/demo-app')),
    system: await space.says(permits(HOSPITAL)),
    relative: await space.says(permits(relative)),
  };
  expect(await seen(space, carnet.as('app'), consents)).toEqual(['app']);
  expect(await seen(space, carnet.as('lab'), consents)).toEqual([]);
  expect(await seen(space, space.caller('father', { related }), consents)).toEqual(['relative']);
  // who works there, too, but for the permit that names them
  expect(await seen(space, carnet.as('hospital'), consents)).toEqual(['system']);
  expect(await seen(space, carnet.as('emergency'), consents)).toEqual(['own', 'system']);
});

it('an earlier version that refused something is hidden, though the present one is theirs to read', async () => {
  const space = await Space.of(carnet);
  const id = await space.says({ ...permits(DOCTOR), provision: [{ type: 'deny' }] });
  const first = (await space.me.get(`Consent/${id}`)).json;
  const kept = { ...first, provision: permits(DOCTOR) };
  expect((await space.me.put(`Consent/${id}`, kept)).status).toBe(200);
  const doctor = carnet.as('emergency');
  expect((await doctor.get(`Consent/${id}`)).status).toBe(200);
  expect((await doctor.get(`Consent/${id}/_history/${first.meta.versionId}`)).status).toBe(404);
  expect((await doctor.get(`Consent/${id}/_history`)).json.total).toBe(1);
});

it('who recorded it reads it; and what is consented to a treatment is read as any other resource', async () => {
  const space = await Space.of(carnet);
  await space.says(permits(DOCTOR));
  const recorded = await space.registrar.post('Consent', says(space.id, permits(DENTIST)));
  expect(recorded.status).toBe(201);
  expect((await space.registrar.get(`Consent/${recorded.json.id}`)).status).toBe(200);
  const surgery = {
    ...says(space.id, undefined),
    scope: {
      coding: [{ system: 'http://terminology.hl7.org/CodeSystem/consentscope', code: 'treatment' }],
    },
  };
  const { json } = await space.me.post('Consent', surgery);
  expect(await space.sees(carnet.as('emergency'), json.id, 'Consent')).toBe(true);
  expect(await space.sees(carnet.as('dentist'), json.id, 'Consent')).toBe(false);
});
