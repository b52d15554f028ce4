/** What comes from a provider is believed only as it was agreed: https://openid.net/specs/openid-connect-core-1_0.html#IDTokenValidation */
import { decodeProtectedHeader } from 'jose';
import { fcClaims, pscClaims } from './support/claims.ts';
import { arrive, type Elsewhere, elsewhereServer, go, wayIn } from './support/elsewhere.ts';
import { Browser, type Seen } from './support/oauth.ts';
import type { Spoil, UpstreamServer } from './support/upstream.ts';

let at: Elsewhere;
beforeAll(async () => {
  const bounds = { professions: ['10'], organizations: ['1990000069'], regulator: false };
  at = await elsewhereServer(import.meta.url, { psc: { acr: ['eidas2', 'eidas3'], bounds } });
}, 120_000);
afterAll(() => at?.close());
beforeEach(() => {
  at.psc.comes = { sub: 'a doctor', acr: 'eidas2', claims: pscClaims() };
  at.fc.comes = { sub: 'a person', acr: 'eidas2', claims: fcClaims() };
  [at.psc.spoil, at.fc.spoil] = [{}, {}];
});

const isRefused = ({ status, url }: Seen): boolean => status === 401 && url.endsWith('/failed');
const isIn = ({ status, text }: Seen): boolean => status === 200 && /\/(authorize|activate)"/.test(text);

async function comes(id: 'psc' | 'fc', spoil: Spoil = {}): Promise<Seen> {
  at[id].spoil = spoil;
  return (await go(await arrive(at), id)).seen;
}

const STALE = { iat: Math.floor(Date.now() / 1000) - 7200, exp: Math.floor(Date.now() / 1000) - 3600 };

describe.each(['psc', 'fc'] as const)('from %s', (id) => {
  it('what is as it was agreed comes in', async () => {
    expect(isIn(await comes(id))).toBe(true);
    // signed anew by the same key it is believed as well: the refusals below are for what they say
    expect(isIn(await comes(id, { claims: {} }))).toBe(true);
  });

  it.each<[string, Spoil]>([
    ['another nonce', { claims: { nonce: 'another' } }],
    ['no nonce', { claims: { nonce: undefined } }],
    ['another issuer', { claims: { iss: 'https://another.example' } }],
    ['another audience', { claims: { aud: 'another' } }],
    ['several audiences and another party', { claims: { aud: ['carnet-at-psc', 'x'], azp: 'x' } }],
    ['an expired token', { claims: STALE }],
    ['no expiry', { claims: { exp: undefined } }],
    ['no signature', { signedBy: 'nobody' }],
    ['a stranger’s signature', { signedBy: 'a stranger' }],
    ['a lower level', { claims: { acr: 'eidas1' } }],
    ['no level', { claims: { acr: undefined } }],
    ['another person than the claims', { claims: { sub: 'another' } }],
    ['another state', { answer: (query) => query.set('state', 'another') }],
    ['no state', { answer: (query) => query.delete('state') }],
    ['another issuer of the answer', { answer: (query) => query.set('iss', 'https://another.example') }],
    ['no issuer of the answer', { answer: (query) => query.delete('iss') }],
    ['another code', { answer: (query) => query.set('code', 'another') }],
    ['two states', { answer: (query) => query.append('state', 'another') }],
    ['a refusal', { answer: (query) => (query.delete('code'), query.set('error', 'access_denied')) }],
  ])('%s is refused', async (_, spoil) => {
    const seen = await comes(id, spoil);
    // without the state nobody knows whose it is
    expect(isRefused(seen) || (seen.status === 400 && seen.url.includes('/back/'))).toBe(true);
  });

  it('a level that the person doesn’t have isn’t made up', async () => {
    at[id].comes = { ...at[id].comes, acr: 'eidas1' };
    expect(isRefused(await comes(id))).toBe(true);
  });

  it('an answer is good once, in the browser that asked', async () => {
    const walk = await arrive(at);
    await go(walk, id);
    const answer = walk.browser.visited.find((each) => each.includes(`/back/${id}`))!;
    expect((await walk.browser.get(answer)).status).toBe(400);
    const other = await arrive(at);
    const start = await fetch(wayIn(other.seen, id).replace(/^/, new URL(at.issuer).origin), {
      headers: { cookie: '' },
      redirect: 'manual',
    });
    expect(start.status).toBe(400);
  });

  it('an answer that another browser began is nobody’s here', async () => {
    const mine = await arrive(at);
    let stolen = '';
    at[id].spoil = {
      answer: (query) => {
        stolen = `${at.issuer}/back/${id}?${query.toString()}`;
        query.set('state', 'lost');
      },
    };
    await go(mine, id);
    const theirs = new Browser(at.issuer);
    expect((await theirs.get(stolen)).status).toBe(400);
    const begun = await arrive(at);
    expect((await begun.browser.get(stolen)).status).toBe(400);
  });
});

it('an answer of one provider is not taken for one of the other', async () => {
  const mixed = async (from: UpstreamServer, id: string): Promise<Seen> => {
    const walk = await arrive(at);
    let query = '';
    from.spoil = {
      answer: (params) => {
        query = params.toString();
        params.set('state', 'kept back');
      },
    };
    await go(walk, from === at.psc ? 'psc' : 'fc');
    from.spoil = {};
    return walk.browser.get(`${at.issuer}/back/${id}?${query}`);
  };
  expect(isIn(await mixed(at.psc, 'psc'))).toBe(true);
  expect(isRefused(await mixed(at.psc, 'fc'))).toBe(true);
  expect(isRefused(await mixed(at.fc, 'psc'))).toBe(true);
  expect(isRefused(await mixed(at.psc, 'none'))).toBe(true);
});

it('what must come encrypted is refused in clear, however well it is signed', async () => {
  expect(isRefused(await comes('fc', { claims: {}, isBare: true }))).toBe(true);
  expect(isRefused(await comes('fc', { userinfo: 'json' }))).toBe(true);
});

it('our keys are published without what is private, one for each use', async () => {
  const { keys } = (await (await fetch(`${at.issuer}/upstream-jwks`)).json()) as { keys: object[] };
  expect(keys).toMatchObject([
    { kty: 'EC', alg: 'ES256', use: 'sig' },
    { kty: 'EC', alg: 'ECDH-ES', use: 'enc' },
  ]);
  expect(keys.some((key) => 'd' in key || 'p' in key)).toBe(false);
  await comes('fc');
  const { client_assertion: assertion } = at.fc.seen.at(-1)!.form as { client_assertion: string };
  expect(decodeProtectedHeader(assertion)).toMatchObject({ alg: 'ES256', kid: 'upstream-ES256-1' });
});

it.each([
  ['another profession', pscClaims({ profession: '28' })],
  ['another organization', pscClaims({ activities: [{ finess: '990000077' }] })],
  ['no organization', pscClaims({ activities: [] })],
])('what goes beyond the bounds of a provider is no claim: %s', async (_, claims) => {
  at.psc.comes.claims = claims;
  expect(isRefused(await comes('psc'))).toBe(true);
});

it('a provider that may not make regulators makes none', async () => {
  at.psc.comes.claims = pscClaims({ regulator: true });
  const seen = await comes('psc');
  expect([isIn(seen), seen.text.includes('régulation')]).toEqual([true, false]);
});

it('refusals are traced by why, and by nothing that came', async () => {
  await comes('psc', { claims: { acr: 'eidas1' } });
  const { json } = await at.carnet.as('all').get('AuditEvent?type=110114&_count=50&_sort=-date');
  const [last] = (json.entry as { resource: { outcome: string } }[]).map(({ resource }) => resource);
  const text = JSON.stringify(last);
  expect(last?.outcome).toBe('4');
  expect(text).toContain('"method"');
  expect(text).toContain('"acr"');
  for (const told of ['a doctor', 'Lambert', 'eidas1']) expect(text).not.toContain(told);
});
