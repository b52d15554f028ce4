/** An app's whole way over HTTP: described, reviewed, listed by two, connected, suspended; and who may not. */
import { oauthServer } from '../oauth/support/oauth.ts';
import { type Client, type Reply, type TestServer, clientFor } from '../support/server.ts';
import { DESCRIPTION } from './support/description.ts';
import { PUBLIC_KEY } from './support/keys.ts';

let carnet: TestServer;
beforeAll(async () => {
  ({ carnet } = await oauthServer(import.meta.url));
});
afterAll(() => carnet?.close());

const JSON_TYPE = { 'content-type': 'application/json' };
const origin = (): string => carnet.base.slice(0, -'/fhir'.length);
const by = (name: 'operator' | 'reviewer' | 'security' | 'gp' | 'patient' | 'all'): Client =>
  clientFor(origin(), carnet.token(name));
const asks = (client: Client, path: string, body: unknown = {}): Promise<Reply> =>
  client.post(path, body, JSON_TYPE);

async function reviewed(id: string): Promise<void> {
  const review = (client: Client, criterion: string): Promise<Reply> =>
    asks(client, `registry/listings/${id}/reviews`, {
      criterion,
      verdict: 'met',
      note: 'vu',
      reviewedUntil: '2099-12-31',
    });
  await asks(by('operator'), `registry/listings/${id}/state`, { state: 'under-review' });
  for (const criterion of ['interoperability', 'ethics', 'content']) await review(by('reviewer'), criterion);
  expect((await review(by('security'), 'security')).status).toBe(200);
}

it('lists an app by two people, shows it to everybody, and shuts it out by one', async () => {
  const entered = await asks(by('operator'), 'registry/listings', DESCRIPTION);
  expect([entered.status, entered.json.listing.state]).toEqual([201, 'candidate']);
  expect((await fetch(`${origin()}/catalogue/rythme`)).status).toBe(404);
  // no candidate connects but in a sandbox
  expect(await carnet.server.clients!.find('rythme')).toBeUndefined();

  const early = await asks(by('reviewer'), 'registry/listings/rythme/state', { state: 'listed' });
  expect(early.status).toBe(422);
  await reviewed('rythme');
  const proposed = await asks(by('reviewer'), 'registry/listings/rythme/state', { state: 'listed' });
  const { id } = proposed.json.proposal;
  expect((await fetch(`${origin()}/catalogue/rythme`)).status).toBe(404);
  expect((await asks(by('reviewer'), `registry/proposals/${id}/confirm`)).status).toBe(403);
  expect((await asks(by('security'), `registry/proposals/${id}/confirm`)).status).toBe(200);
  expect((await asks(by('operator'), `registry/proposals/${id}/confirm`)).status).toBe(409);

  const shown = await fetch(`${origin()}/catalogue?q=tension`, { headers: { 'accept-language': 'en' } });
  const { total, entries } = (await shown.json()) as { total: number; entries: { name: string }[] };
  expect([total, entries[0]!.name, shown.headers.get('content-language')]).toEqual([1, 'Rhythm', 'en']);
  expect(shown.headers.get('access-control-allow-origin')).toBe('*');
  expect((await carnet.as('gp').get('Device/app-rythme')).json.deviceName[0].name).toBe('Rythme');
  expect(await carnet.server.clients!.find('rythme')).toBeDefined();

  const out = await asks(by('security'), 'registry/listings/rythme/state', {
    state: 'suspended',
    reason: 'fuite',
  });
  expect([out.status, out.json.listing.state]).toEqual([200, 'suspended']);
  expect(await carnet.server.clients!.find('rythme')).toBeUndefined();
  expect((await fetch(`${origin()}/catalogue/rythme`)).status).toBe(404);
  const { changes } = out.json.listing;
  expect(changes.map(({ state, by: who }: { state: string; by: string[] }) => [state, who.length])).toEqual([
    ['candidate', 1],
    ['under-review', 1],
    ['listed', 2],
    ['suspended', 1],
  ]);
});

it('asks anew for what has changed since', async () => {
  await asks(by('operator'), 'registry/listings', { ...DESCRIPTION, id: 'change' });
  await reviewed('change');
  const { json } = await asks(by('reviewer'), 'registry/listings/change/state', { state: 'listed' });
  await asks(by('reviewer'), 'registry/listings/change/reviews', {
    criterion: 'ethics',
    verdict: 'not-met',
    note: 'non',
  });
  expect((await asks(by('security'), `registry/proposals/${json.proposal.id}/confirm`)).status).toBe(409);
});

const systemOf = (id: string, name: string) => ({
  id,
  name,
  organization: `Organization/${id}`,
  scope: 'system/DocumentReference.cu',
  jwks: { keys: [PUBLIC_KEY] },
});

it('confirms a proposal once, however many confirm it at the same time', async () => {
  const system = systemOf('clinique', 'Clinique');
  const { json } = await asks(by('operator'), 'registry/clients', system);
  const all = await Promise.all(
    Array.from({ length: 8 }, (_, index) =>
      asks(by(index % 2 === 0 ? 'security' : 'reviewer'), `registry/proposals/${json.id}/confirm`),
    ),
  );
  expect(all.map(({ status }) => status).sort()).toEqual([200, ...Array.from({ length: 7 }, () => 409)]);
  const found = await carnet.server.clients!.find('clinique');
  expect(found?.client.system?.organization).toBe('Organization/clinique');
  expect((await asks(by('security'), 'registry/clients/clinique/suspend')).status).toBe(200);
  expect(await carnet.server.clients!.find('clinique')).toBeUndefined();
});

it('trusts an issuer by two', async () => {
  const issuer = {
    issuer: 'https://psc.example',
    jwksUri: 'https://psc.example/jwks',
    roles: ['professional'],
  };
  const { json } = await asks(by('security'), 'registry/issuers', issuer);
  expect((await asks(by('security'), `registry/proposals/${json.id}/confirm`)).status).toBe(403);
  expect((await asks(by('operator'), `registry/proposals/${json.id}/refuse`, { reason: 'non' })).status).toBe(
    200,
  );
  expect((await asks(by('operator'), `registry/proposals/${json.id}/confirm`)).status).toBe(409);
});

it('what was asked for before somebody was shut out lets them in no more', async () => {
  const system = {
    id: 'maternite',
    name: 'Maternité',
    organization: 'Organization/maternite',
    scope: 'system/DocumentReference.cu',
    jwks: { keys: [PUBLIC_KEY] },
  };
  const confirm = (proposal: { json: { id: string } }, who: Parameters<typeof by>[0]) =>
    asks(by(who), `registry/proposals/${proposal.json.id}/confirm`);
  expect((await confirm(await asks(by('operator'), 'registry/clients', system), 'security')).status).toBe(
    200,
  );
  const wider = { ...system, scope: 'system/*.cruds' };
  const waiting = [
    await asks(by('operator'), 'registry/clients', wider),
    await asks(by('operator'), 'registry/clients', system),
  ];
  const other = await asks(by('operator'), 'registry/clients', { ...system, id: 'creche' });
  expect((await asks(by('security'), 'registry/clients/maternite/suspend')).status).toBe(200);
  for (const each of waiting) expect((await confirm(each, 'reviewer')).status).toBe(409);
  expect(await carnet.server.clients!.find('maternite')).toBeUndefined();
  expect((await confirm(other, 'reviewer')).status).toBe(200);
  // asked for since, it is let in again
  expect((await confirm(await asks(by('operator'), 'registry/clients', system), 'security')).status).toBe(
    200,
  );
  const issuer = {
    issuer: 'https://old.example',
    jwksUri: 'https://old.example/jwks',
    roles: ['professional'],
  };
  expect((await confirm(await asks(by('security'), 'registry/issuers', issuer), 'operator')).status).toBe(
    200,
  );
  const more = await asks(by('security'), 'registry/issuers', { ...issuer, emergencies: true });
  const { issuer: name } = issuer;
  expect((await asks(by('reviewer'), 'registry/issuers/distrust', { issuer: name })).status).toBe(200);
  expect((await confirm(more, 'operator')).status).toBe(409);
});

it('puts no app in the place of a client that is registered, suspended or not, and no system in that of an app', async () => {
  const system = systemOf('dispensaire', 'Dispensaire');
  const ask = () => asks(by('operator'), 'registry/clients', system);
  const confirm = ({ json }: Reply) => asks(by('security'), `registry/proposals/${json.id}/confirm`);
  const enter = () => asks(by('operator'), 'registry/listings', { ...DESCRIPTION, id: system.id });
  const kept = async () => (await carnet.server.clients!.find(system.id))?.client.system?.organization;
  expect((await confirm(await ask())).status).toBe(200);
  expect((await enter()).status).toBe(409);
  expect(await kept()).toBe(system.organization);
  await asks(by('security'), `registry/clients/${system.id}/suspend`);
  expect((await enter()).status).toBe(409);

  const late = await asks(by('operator'), 'registry/clients', { ...system, id: 'tardif' });
  expect((await asks(by('operator'), 'registry/listings', { ...DESCRIPTION, id: 'tardif' })).status).toBe(
    201,
  );
  expect((await confirm(late)).status).toBe(409);
  expect(await carnet.server.clients!.isTaken('tardif')).toBe(false);
});

it('traces each step, with who took it', async () => {
  const { json } = await carnet.as('all').get('AuditEvent?_count=500');
  const events = (
    json.entry as { resource: { subtype?: { code: string }[]; agent: { who?: { reference?: string } }[] } }[]
  ).map(({ resource }) => [resource.subtype?.[1]?.code, resource.agent[0]?.who?.reference]);
  expect(events).toEqual(
    expect.arrayContaining([
      ['step-proposed', 'Practitioner/demo-reviewer'],
      ['step-approved', 'Practitioner/demo-security'],
      ['listing-changed', 'Practitioner/demo-operator'],
      ['step-refused', 'Practitioner/demo-operator'],
    ]),
  );
});

describe('is refused', () => {
  const STEWARDS = [
    ['GET', 'registry/listings'],
    ['POST', 'registry/listings'],
    ['PUT', 'registry/listings/rythme'],
    ['POST', 'registry/listings/rythme/reviews'],
    ['POST', 'registry/listings/rythme/state'],
    ['POST', 'registry/clients'],
    ['POST', 'registry/clients/rythme/suspend'],
    ['POST', 'registry/issuers'],
    ['POST', 'registry/issuers/distrust'],
    ['GET', 'registry/proposals'],
    ['POST', 'registry/proposals/x/confirm'],
    ['POST', 'registry/proposals/x/refuse'],
    ['GET', 'registry/reports'],
  ] as const;
  it.each(STEWARDS)(
    '%s %s to nobody, to a doctor, to a patient and to who may see everything',
    async (method, path) => {
      const body = method === 'GET' ? undefined : {};
      const statuses = await Promise.all([
        clientFor(origin(), 'none').send(method, path, body, JSON_TYPE),
        ...(['gp', 'patient', 'all'] as const).map((name) => by(name).send(method, path, body, JSON_TYPE)),
      ]);
      expect(statuses.map(({ status }) => status)).toEqual([401, 403, 403, 403]);
    },
  );

  it('a candidate by a reviewer, and a review by an operator', async () => {
    expect((await asks(by('reviewer'), 'registry/listings', { ...DESCRIPTION, id: 'other' })).status).toBe(
      403,
    );
    const review = { criterion: 'ethics', verdict: 'met', note: 'vu' };
    expect((await asks(by('operator'), 'registry/listings/rythme/reviews', review)).status).toBe(403);
    const security = { ...review, criterion: 'security' };
    expect((await asks(by('reviewer'), 'registry/listings/rythme/reviews', security)).status).toBe(403);
  });

  it('another method, another body and too much of it', async () => {
    expect((await by('operator').delete('registry/listings')).status).toBe(405);
    expect(
      (await by('operator').post('registry/listings', 'x=1', { 'content-type': 'text/plain' })).status,
    ).toBe(415);
    expect((await asks(by('operator'), 'registry/listings', { x: 'x'.repeat(70_000) })).status).toBe(413);
    expect((await fetch(`${origin()}/catalogue?x=1`)).status).toBe(400);
    expect((await fetch(`${origin()}/catalogue/..%2f`)).status).toBe(404);
  });
});

it('stewards are given no health data', async () => {
  for (const name of ['operator', 'reviewer', 'security'] as const) {
    const found = await carnet
      .as({ token: carnet.tokenFor({ scope: 'user/*.cruds' }, name) })
      .get('Observation');
    expect([found.status, found.json.total]).toEqual([200, 0]);
  }
});

it('takes reports from anybody, ten an hour', async () => {
  await asks(by('operator'), 'registry/listings', { ...DESCRIPTION, id: 'reported' });
  await reviewed('reported');
  const { json } = await asks(by('reviewer'), 'registry/listings/reported/state', { state: 'listed' });
  await asks(by('security'), `registry/proposals/${json.proposal.id}/confirm`);
  const report = async (): Promise<number> =>
    (
      await fetch(`${origin()}/catalogue/reported/reports`, {
        method: 'POST',
        headers: JSON_TYPE,
        body: '{"text":"publicité"}',
      })
    ).status;
  const statuses = [];
  for (let index = 0; index < 11; index += 1) statuses.push(await report());
  expect(statuses).toEqual([...Array.from({ length: 10 }, () => 202), 429]);
  expect((await by('reviewer').get('registry/reports')).json.length).toBe(10);
});
