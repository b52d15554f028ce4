/** Clients that show a TLS certificate, and tokens that hold with it alone: https://datatracker.ietf.org/doc/html/rfc8705 */
import type { CertificateName } from '../../src/auth/certified.ts';
import type { Client } from '../../src/auth/clients.ts';
import { document, person } from '../leaks/support/content.ts';
import { certificate, certified, escaped, type Named, passed } from './support/certificates.ts';
import { basic, CONFIDENTIAL, type Oauth, oauthServer, tokenRequest } from './support/oauth.ts';
import { type Signer, signer, system } from './support/system.ts';

const SCOPE = 'system/DocumentReference.cruds';
const DOCTOR = 'Practitioner/demo-emergency';
const HEADER = 'client-cert';
let oauth: Oauth;
/** Its proxy is elsewhere. */
let other: Oauth;
let key: Signer;

beforeAll(async () => {
  oauth = await oauthServer(import.meta.url, {
    passing: { header: HEADER, proxies: ['10.0.0.1', '127.0.0.1'] },
    authorities: [certificate('authority')],
  });
  other = await oauthServer(import.meta.url, {
    like: oauth.carnet,
    passing: { header: HEADER, proxies: ['10.0.0.1'] },
  });
  key = await signer();
  const persons = { scope: 'user/*.rs', asserts: true as const };
  const byTls: Partial<Client> = {
    auth: 'self_signed_tls_client_auth',
    scope: SCOPE,
    jwks: { keys: [certified('hospital') as never] },
  };
  await oauth.register(
    system('by-tls', key, byTls),
    byName('by-host', { sanDns: 'dossier.hospital.example' }),
    byName('by-subject', { subjectDn: 'CN=dossier, O=Centre hospitalier, C=FR' }),
    byName('by-other-subject', { subjectDn: 'CN=dossier,C=FR' }),
    byName('by-authority', { subjectDn: 'CN=AC de test,O=Autorite de test,C=FR' }),
    system('expired', key, { ...byTls, jwks: { keys: [certified('expired') as never] } }),
    system('bound', key, { scope: SCOPE, certificateBound: true, persons }),
    system('unbound', key, { scope: SCOPE }),
    { ...CONFIDENTIAL, id: 'resources', introspects: true },
  );
  const all = oauth.carnet.as('all');
  for (const resource of [
    person('p', 'Martin', '290010112345678'),
    document('d', 'p'),
    { resourceType: 'Practitioner', id: 'demo-emergency', active: true, name: [{ family: 'Benali' }] },
    {
      resourceType: 'PractitionerRole',
      id: 'role',
      practitioner: { reference: DOCTOR },
      organization: { reference: 'Organization/demo-hospital' },
      code: [{ coding: [{ system: 'urn:oid:1.2.250.1.71.1.2.7', code: '10' }] }],
    },
  ])
    expect((await all.put(`${resource.resourceType}/${resource.id}`, resource)).status).toBe(201);
}, 120_000);
afterAll(async () => {
  await other?.carnet.close();
  await oauth?.carnet.close();
});

function byName(id: string, certificateName: CertificateName): Client {
  const persons = { scope: 'user/*.rs', asserts: true as const };
  const { jwks: _keys, ...rest } = system(id, key, {
    auth: 'tls_client_auth',
    scope: SCOPE,
    certificateName,
    persons,
  });
  return rest;
}

const shown = (name: Named): Record<string, string> => ({ [HEADER]: passed(name) });

async function ask(
  client: string,
  headers: Record<string, string> = {},
  more: Record<string, string> = {},
  at = oauth,
) {
  const self = client.startsWith('by-') || client === 'expired' ? {} : await key.shows(client, at.issuer);
  const form = { grant_type: 'client_credentials', client_id: client, scope: SCOPE, ...self, ...more };
  return tokenRequest(at, form, headers);
}

const statusOf = async (token: string, headers: Record<string, string>, at = oauth): Promise<number> =>
  (await at.carnet.as({ token }).get('DocumentReference?patient=p', headers)).status;

it.each<[string, string, Named?]>([
  ['a client that shows its certificate', 'by-tls'],
  ['one that signs, and is registered for bound tokens', 'bound'],
  ['one whose host an authority vouches for', 'by-host', 'issued'],
  ['one whose name an authority vouches for', 'by-subject', 'issued'],
])('the token of %s holds with that certificate alone', async (_, client, own = 'hospital') => {
  const { status, json } = await ask(client, shown(own));
  expect([status, json.token_type, json.expires_in]).toEqual([200, 'Bearer', 300]);
  const token = json.access_token as string;
  expect(await statusOf(token, shown(own))).toBe(200);
  expect(await statusOf(token, { [HEADER]: escaped(own) })).toBe(200);
  expect(await statusOf(token, {})).toBe(401);
  expect(await statusOf(token, shown('stranger'))).toBe(401);
  expect(await statusOf(token, { [HEADER]: `${passed(own)}, ${passed('stranger')}` })).toBe(401);
  expect(await statusOf(token, { 'x-client-cert': passed(own) })).toBe(401);
  // elsewhere than from the proxy the header is anybody's
  expect(await statusOf(token, shown(own), other)).toBe(401);
  const told = await tokenRequest(oauth, { token }, basic('resources'), 'introspect');
  expect(told.json.cnf).toEqual({ 'x5t#S256': expect.stringMatching(/^[\w-]{43}$/) });
});

it('so does one by which the system acts for a professional', async () => {
  const assertion = await key.sign({ iss: 'bound', sub: DOCTOR, aud: `${oauth.issuer}/token` });
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const form = (): Record<string, string> => ({ grant_type, assertion, scope: 'user/*.rs' });
  const { json } = await ask('bound', shown('hospital'), form());
  expect(await statusOf(json.access_token, shown('hospital'))).toBe(200);
  expect(await statusOf(json.access_token, {})).toBe(401);
});

it('who has no key asserts nothing', async () => {
  const assertion = await key.sign({ iss: 'by-host', sub: DOCTOR, aud: `${oauth.issuer}/token` });
  const grant_type = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
  const { json } = await ask('by-host', shown('issued'), { grant_type, assertion, scope: 'user/*.rs' });
  expect([json.error, json.access_token]).toEqual(['invalid_grant', undefined]);
});

it('a token that isn’t bound holds as ever', async () => {
  const { json } = await ask('unbound', shown('stranger'));
  expect(await statusOf(json.access_token, {})).toBe(200);
  expect(await statusOf(json.access_token, shown('hospital'))).toBe(200);
});

const REFUSED: [string, string, Record<string, string>, string, Record<string, string>?][] = [
  ['without a certificate', 'by-tls', {}, 'invalid_client'],
  ['with another’s', 'by-tls', shown('stranger'), 'invalid_client'],
  ['with one that is over', 'expired', shown('expired'), 'invalid_client'],
  ['with two', 'by-tls', { [HEADER]: `${passed('hospital')}, ${passed('hospital')}` }, 'invalid_client'],
  ['with what is none', 'by-tls', { [HEADER]: ':bm90aGluZw==:' }, 'invalid_client'],
  ['in another header', 'by-tls', { 'x-client-cert': passed('hospital') }, 'invalid_client'],
  ['with a secret besides', 'by-tls', shown('hospital'), 'invalid_client', { client_secret: 'x' }],
  [
    'in place of the key that is registered',
    'unbound',
    shown('hospital'),
    'invalid_client',
    { client_assertion: '' },
  ],
  ['without one, by a name', 'by-host', {}, 'invalid_client'],
  ['by a name, with one of no authority', 'by-host', shown('hospital'), 'invalid_client'],
  ['by a host, with one of another authority of that name', 'by-host', shown('forged'), 'invalid_client'],
  [
    'by a subject, with one of another authority of that name',
    'by-subject',
    shown('forged'),
    'invalid_client',
  ],
  ['by a host, with one of all hosts', 'by-host', shown('wildcard'), 'invalid_client'],
  ['by a subject, with another’s of the authority', 'by-subject', shown('wildcard'), 'invalid_client'],
  ['by a subject, with one that poses as it', 'by-subject', shown('posing'), 'invalid_client'],
  ['by a host, with a server’s', 'by-host', shown('server'), 'invalid_client'],
  ['by a host, with one that a client issued', 'by-host', shown('below'), 'invalid_client'],
  ['by a part of its name', 'by-other-subject', shown('issued'), 'invalid_client'],
  ['with the authority’s own', 'by-authority', shown('authority'), 'invalid_client'],
  ['without one, for bound tokens', 'bound', {}, 'invalid_grant'],
  ['with one that is over, for bound tokens', 'bound', shown('expired'), 'invalid_grant'],
  ['with more than its scope', 'by-tls', shown('hospital'), 'invalid_scope', { scope: 'system/*.cruds' }],
];

it.each(
  REFUSED.map(([name, client, headers, error, more = {}]) => [name, client, headers, error, more] as const),
)('refused: %s', async (_, client, headers, error, more) => {
  const { json } = await ask(client, headers, more);
  expect([json.error, json.access_token]).toEqual([error, undefined]);
});

it('from elsewhere than its proxy nobody shows a certificate', async () => {
  const [byTls, byHost, bound] = [
    await ask('by-tls', shown('hospital'), {}, other),
    await ask('by-host', shown('issued'), {}, other),
    await ask('bound', shown('hospital'), {}, other),
  ];
  expect([byTls, byHost, bound].map(({ json }) => json.error)).toEqual([
    'invalid_client',
    'invalid_client',
    'invalid_grant',
  ]);
});

it('clients find it in the metadata', async () => {
  for (const address of [
    `${oauth.carnet.base}/.well-known/smart-configuration`,
    `${oauth.issuer}/.well-known/openid-configuration`,
  ])
    expect(await (await fetch(address)).json()).toMatchObject({
      token_endpoint_auth_methods_supported: expect.arrayContaining([
        'self_signed_tls_client_auth',
        'tls_client_auth',
      ]),
      tls_client_certificate_bound_access_tokens: true,
    });
});

it('where no authority is trusted nobody is known by a name, and none is offered', async () => {
  const trusting = await oauthServer(import.meta.url, {
    like: oauth.carnet,
    passing: { header: HEADER, proxies: ['127.0.0.1'] },
  });
  const { json } = await ask('by-host', shown('issued'), {}, trusting);
  expect([json.error, json.access_token]).toEqual(['invalid_client', undefined]);
  expect((await ask('by-tls', shown('hospital'), {}, trusting)).status).toBe(200);
  const found = await fetch(`${trusting.carnet.base}/.well-known/smart-configuration`);
  expect(
    ((await found.json()) as { token_endpoint_auth_methods_supported: string[] })
      .token_endpoint_auth_methods_supported,
  ).not.toContain('tls_client_auth');
  await trusting.carnet.close();
});
