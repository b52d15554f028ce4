/**
 * A patient's app is one Device for all its patients, and its tokens lie with them: of what it asked to be told by one
 * connection, a token of another knows nothing.
 */
import { DELEGATION } from '../../src/consent/vocabulary.ts';
import { person } from '../leaks/support/content.ts';
import { byTopic } from '../subscription/support/endpoint.ts';
import type { Client } from '../support/server.ts';
import { type Oauth, type Tokens, launch, launchAs, oauthServer } from './support/oauth.ts';

const SCOPE = 'launch/patient patient/*.rs patient/Subscription.cruds';
let oauth: Oauth;
let apps: Record<'child' | 'parent' | 'mother', Client>;

const as = (tokens: Tokens): Client => oauth.carnet.as({ token: tokens.access_token });

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url);
  const all = oauth.carnet.as('all');
  const birthDate = new Date(Date.now() - 8 * 365 * 86_400_000).toISOString().slice(0, 10);
  await all.put('Patient/demo-mother', person('demo-mother', 'Delaunay', '1'));
  await all.put('Patient/demo-child', { ...person('demo-child', 'Delaunay', '2'), birthDate });
  await all.put('RelatedPerson/demo-child-mother', {
    resourceType: 'RelatedPerson',
    id: 'demo-child-mother',
    active: true,
    patient: { reference: 'Patient/demo-child' },
    relationship: [{ coding: [{ system: DELEGATION, code: 'legal-representative' }] }],
  });
  apps = {
    child: as(await launch(oauth, 'child', { scope: SCOPE })),
    parent: as(await launchAs(oauth, 'patient', 'demo-child', SCOPE)),
    mother: as(await launch(oauth, 'patient', { scope: SCOPE })),
  };
}, 120_000);
afterAll(() => oauth?.carnet.close());

const asking = byTopic({ type: 'websocket', endpoint: undefined }, { filter: 'patient=demo-child' });
const subscribe = async (client: Client): Promise<string> => {
  const { status, json, text } = await client.post('Subscription', asking);
  if (status !== 201) throw new Error(text);
  return json.id;
};

test.each([
  ['another patient', 'child', 'mother'],
  ['the same patient, connected by the parent', 'child', 'parent'],
  ['the same patient, who connected it too', 'parent', 'child'],
] as const)('the app’s token for %s finds, binds, changes and deletes none of them', async (_, of, by) => {
  const [owner, other] = [apps[of], apps[by]];
  const id = await subscribe(owner);
  for (const path of ['', '/$status', '/$events', '/$get-ws-binding-token', '/_history']) {
    const answer = await other.get(`Subscription/${id}${path}`);
    expect([path, answer.status, answer.text.includes('demo-child')]).toEqual([path, 404, false]);
  }
  for (const search of ['Subscription', `Subscription?_id=${id}`, 'Subscription/$status'])
    expect([search, (await other.get(search)).json.entry]).toEqual([search, undefined]);
  expect((await other.get('Subscription/$get-ws-binding-token')).status).toBe(422);
  expect((await other.put(`Subscription/${id}`, { ...asking, id })).status).toBe(405);
  expect((await other.delete(`Subscription/${id}`)).status).toBe(204);
  expect((await owner.get(`Subscription/${id}/$get-ws-binding-token`)).status).toBe(200);
  const { json } = await owner.get(`Subscription/${id}`);
  expect((await owner.put(`Subscription/${id}`, json)).status).toBe(200);
  expect((await owner.delete(`Subscription/${id}`)).status).toBe(204);
  expect((await owner.get(`Subscription/${id}`)).status).toBe(410);
});

test('a token that reaches less than the one that wrote a Subscription binds nobody to it', async () => {
  const id = await subscribe(apps.mother);
  const scope = 'launch/patient patient/Observation.rs patient/Subscription.rs';
  const less = as(await launch(oauth, 'patient', { scope }));
  expect((await less.get(`Subscription/${id}`)).status).toBe(200);
  for (const path of [`Subscription/${id}`, 'Subscription'])
    expect((await less.get(`${path}/$get-ws-binding-token`)).status).toBe(403);
});
