/** A patient connects an app: a Consent of theirs, made by the authorization screen, enforced like any. */
import { document, observation, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import {
  authorizeParams,
  actionIn,
  Browser,
  launch,
  type Oauth,
  oauthServer,
  PASSWORD,
  pkce,
  PUBLIC,
} from './support/oauth.ts';

let oauth: Oauth;
let mother: Client;
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  await all.put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await all.put('DocumentReference/d', document('d', 'demo-mother'));
  await all.put('Observation/o', observation('o', 'demo-mother', 1));
  await oauth.register({ ...PUBLIC, id: 'other', device: 'Device/other' });
  mother = oauth.carnet.as('patient');
}, 120_000);
afterAll(() => oauth?.carnet.close());

const as = (tokens: { access_token: string }): Client => oauth.carnet.as({ token: tokens.access_token });
const connections = async () =>
  ((await mother.get('Consent?patient=demo-mother&status=active')).json.entry ?? []).map(
    ({ resource }: { resource: unknown }) => resource,
  );

it('reads what was allowed, as a Consent that names its Device says, in words that people understand', async () => {
  const tokens = await launch(oauth, 'patient', { scope: 'patient/DocumentReference.rs patient/Patient.r' });
  expect((await as(tokens).get('DocumentReference/d')).status).toBe(200);
  expect((await as(tokens).get('Patient/demo-mother')).status).toBe(200);
  const [consent, ...others] = await connections();
  expect(others).toEqual([]);
  expect(consent).toMatchObject({
    patient: { reference: 'Patient/demo-mother' },
    provision: {
      type: 'permit',
      actor: [{ reference: { reference: 'Device/app' } }],
      purpose: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-ActReason', code: 'PATRQT' }],
    },
  });
  expect(consent.provision.class.map(({ code }: { code: string }) => code)).toEqual([
    'DocumentReference',
    'Patient',
  ]);
  const text = Buffer.from(consent.sourceAttachment.data, 'base64').toString();
  expect(text).toMatch(/J’autorise l’application « Rythme ».*\n.*les documents, l’identité/);
});

it('the screen says what an app of the catalogue is for, and who publishes it', async () => {
  const about = {
    publisher: 'Atelier <Pouls>',
    purpose: { fr: 'Suivre sa tension', en: 'Follow blood pressure' },
  };
  await oauth.register({ ...PUBLIC, id: 'listed', device: 'Device/app-listed', about });
  const browser = new Browser(oauth.issuer);
  const params = authorizeParams(oauth, pkce().challenge, { client_id: 'listed', ui_locales: 'en' });
  let seen = await browser.get(
    `${oauth.issuer}/authorize?${new URLSearchParams(params as Record<string, string>).toString()}`,
  );
  seen = await browser.post(actionIn(seen, 'login'), { user: 'patient', password: PASSWORD });
  expect(seen.text).toContain('Follow blood pressure');
  expect(seen.text).toContain('It is published by Atelier &lt;Pouls&gt;.');
});

it('connected again it is asked again: one Consent tells what holds now', async () => {
  const first = await launch(oauth, 'patient', { scope: 'patient/DocumentReference.rs' });
  const then = await launch(oauth, 'patient', { scope: 'patient/Observation.rs' });
  expect((await as(then).get('Observation/o')).status).toBe(200);
  expect((await as(first).get('DocumentReference/d')).status).toBe(404);
  expect(await connections()).toHaveLength(1);
});

it('another app has a Consent of its own, and neither reads by the other’s', async () => {
  await launch(oauth, 'patient', { scope: 'patient/DocumentReference.rs' });
  const other = await launch(oauth, 'patient', { scope: 'patient/Observation.rs', client_id: 'other' });
  expect(await connections()).toHaveLength(2);
  expect((await as(other).get('Observation/o')).status).toBe(200);
  expect((await as(other).get('Observation?patient=demo-mother')).json.total).toBe(1);
});

it('taken back, it reads nothing on the next request, and its patient is as absent', async () => {
  const tokens = await launch(oauth, 'patient', { scope: 'patient/*.rs offline_access' });
  expect((await as(tokens).get('DocumentReference/d')).status).toBe(200);
  for (const consent of await connections())
    await mother.put(`Consent/${consent.id}`, { ...consent, status: 'inactive' });
  for (const path of ['DocumentReference/d', 'Patient/demo-mother', 'Observation/o'])
    expect((await as(tokens).get(path)).status).toBe(404);
  expect((await as(tokens).get('Patient?_id=demo-mother')).json.total).toBe(0);
});

it('refused by the patient, the client is told so and nothing is written', async () => {
  const before = await connections();
  const browser = new Browser(oauth.issuer);
  const params = new URLSearchParams(authorizeParams(oauth, pkce().challenge)).toString();
  let seen = await browser.get(`${oauth.issuer}/authorize?${params}`);
  seen = await browser.post(actionIn(seen, 'login'), { user: 'patient', password: PASSWORD });
  seen = await browser.post(actionIn(seen, 'leave'), {});
  expect(new URL(seen.url).searchParams.get('error')).toBe('access_denied');
  expect(await connections()).toEqual(before);
});

it('login and connection are traced, for the patient to read, with neither password nor token', async () => {
  const tokens = await launch(oauth, 'patient', { scope: 'patient/Observation.rs' });
  const { json } = await mother.get('AuditEvent?patient=demo-mother&_count=200');
  const text = JSON.stringify(json);
  for (const code of ['login', 'app-connected']) expect(text).toContain(`"code":"${code}"`);
  for (const secret of [PASSWORD, tokens.access_token]) expect(text).not.toContain(secret);
});
