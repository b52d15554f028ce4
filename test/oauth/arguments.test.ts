/** Scopes with search arguments are a ceiling like any: https://hl7.org/fhir/smart-app-launch/STU2.2/scopes-and-launch-context.html */
import { parseScopes } from '../../src/auth/scopes.ts';
import { permits, says } from '../enforcement/support/space.ts';
import { document, observation, person } from '../leaks/support/content.ts';
import type { Client } from '../support/server.ts';
import { launch, type Oauth, oauthServer } from './support/oauth.ts';

const CATEGORY = 'http://terminology.hl7.org/CodeSystem/observation-category';
const VITAL = `patient/Observation.rs?category=${CATEGORY}|vital-signs`;
const kind = (code: string) => ({ category: [{ coding: [{ system: CATEGORY, code }] }] });

let oauth: Oauth;
beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  await all.put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await all.put('Observation/vital', observation('vital', 'demo-mother', 1, kind('vital-signs')));
  await all.put('Observation/lab', observation('lab', 'demo-mother', 2, kind('laboratory')));
  await all.put('Observation/none', observation('none', 'demo-mother', 3));
  await all.put('DocumentReference/d', document('d', 'demo-mother'));
  await all.put('Consent/c', {
    ...says('demo-mother', permits('Device/app', 'Practitioner/demo-gp')),
    id: 'c',
  });
}, 120_000);
afterAll(() => oauth?.carnet.close());

const as = (tokens: { access_token: string }): Client => oauth.carnet.as({ token: tokens.access_token });

it('what they leave out is absent from reads, searches, counts, includes and histories', async () => {
  const tokens = await launch(oauth, 'patient', { scope: VITAL });
  expect(tokens.scope).toBe(VITAL);
  const app = as(tokens);
  expect((await app.get('Observation/vital')).status).toBe(200);
  const [hidden, absent] = [await app.get('Observation/lab'), await app.get('Observation/bal')];
  expect([hidden.status, hidden.text]).toEqual([404, absent.text]);
  expect((await app.get('Observation/none')).status).toBe(404);
  expect((await app.get('Observation/lab/_history')).status).toBe(404);
  expect((await app.get('Observation?patient=demo-mother')).json.total).toBe(1);
  expect((await app.get('Observation?patient=demo-mother&_summary=count')).json.total).toBe(1);
  expect((await app.get('Observation?patient=demo-mother&value-quantity=gt1')).json.total).toBe(0);
});

it('`code` is the element, not a code anywhere in it', async () => {
  const rate = { system: 'http://loinc.org', code: '8867-4' };
  const all = oauth.carnet.as('all');
  const coded = (id: string, code: object, more: object = {}) =>
    all.put(`Observation/${id}`, observation(id, 'demo-mother', 4, { code: { coding: [code] }, ...more }));
  await coded('rate', rate);
  await coded(
    'part',
    { system: 'http://loinc.org', code: '85354-9' },
    { component: [{ code: { coding: [rate] } }] },
  );
  await coded('other', { system: 'urn:other', code: '8867-4' });
  const app = as(
    await launch(oauth, 'patient', { scope: 'patient/Observation.rs?code=http://loinc.org|8867-4' }),
  );
  for (const [id, status] of [
    ['rate', 200],
    ['part', 404],
    ['other', 404],
    ['vital', 404],
  ] as const)
    expect([id, (await app.get(`Observation/${id}`)).status]).toEqual([id, status]);
  expect((await app.get('Observation?patient=demo-mother')).json.total).toBe(1);
  await coded('rate', { system: 'http://loinc.org', code: '8480-6' });
  expect((await app.get('Observation/rate')).status).toBe(404);
  expect((await app.get('Observation/rate/_history')).status).toBe(404);
  const both = as(
    await launch(oauth, 'patient', {
      scope: 'patient/Observation.rs?code=http://loinc.org|8867-4,http://loinc.org|8480-6',
    }),
  );
  expect((await both.get('Observation/rate/_history')).json.total).toBe(2);
});

it('two scopes give what each gives, and an outside issuer’s mean the same', async () => {
  const lab = `patient/Observation.r?category=${CATEGORY}|laboratory`;
  const tokens = await launch(oauth, 'patient', { scope: `${VITAL} ${lab}` });
  expect((await as(tokens).get('Observation/lab')).status).toBe(200);
  expect((await as(tokens).get('Observation/none')).status).toBe(404);
  const outside = oauth.carnet.tokenFor({ scope: VITAL.replace('patient/', 'user/') }, 'gp');
  const gp = oauth.carnet.as({ token: outside });
  expect((await gp.get('Observation/vital')).status).toBe(200);
  expect((await gp.get('Observation/lab')).status).toBe(404);
  expect((await gp.get('Observation?patient=demo-mother')).json.total).toBe(1);
});

it.each([
  ['an argument that the gate can’t tell', 'patient/Observation.rs?status=final'],
  ['a date, which the gate knows otherwise', 'patient/Observation.rs?date=ge2024'],
  ['`code` where it means more than the element', 'patient/AllergyIntolerance.rs?code=http://loinc.org|1-8'],
  ['`code` without its system', 'patient/Observation.rs?code=1-8'],
  ['several, of which one isn’t told', 'patient/Observation.rs?code=http://loinc.org|1-8&status=final'],
  ['a modifier', `patient/Observation.rs?category:in=${CATEGORY}|x`],
  ['`:not`', `patient/Observation.rs?category:not=${CATEGORY}|vital-signs`],
  ['a code without its system', 'patient/Observation.rs?category=vital-signs'],
  ['a system without a code', `patient/Observation.rs?category=${CATEGORY}|`],
  ['an empty value', 'patient/Observation.rs?category='],
  ['one of two that is none', `patient/Observation.rs?category=${CATEGORY}|a,`],
  ['no argument after the mark', 'patient/Observation.rs?'],
  ['all types', `patient/*.rs?category=${CATEGORY}|vital-signs`],
  ['a chain', 'patient/Observation.rs?subject.name=x'],
  ['a type without the element', 'patient/Immunization.rs?category=s|c'],
  ['the right to write', `patient/Observation.cruds?category=${CATEGORY}|vital-signs`],
  ['v1 words', `patient/Observation.read?category=${CATEGORY}|vital-signs`],
  ['the right to change beside it', `${VITAL} patient/Observation.u`],
  ['malformed escapes', 'patient/Observation.rs?category=%ZZ|x'],
])('refused, never dropped: %s', async (_, scope) => {
  await expect(launch(oauth, 'patient', { scope })).rejects.toThrow('invalid_scope');
  expect(grantedByAnIssuer(scope)).toEqual([]);
});

/** Of an outside token what isn't understood grants nothing, and what isn't supported refuses it whole. */
function grantedByAnIssuer(scope: string): unknown[] {
  try {
    return parseScopes(scope).scopes;
  } catch {
    return [];
  }
}
