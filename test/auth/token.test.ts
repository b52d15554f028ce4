/** Which tokens are believed, and what they say of the caller: https://datatracker.ietf.org/doc/html/rfc8725 */
import { createHmac, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import jwt, { type SignOptions } from 'jsonwebtoken';
import { KeySet, keySource } from '../../src/auth/keys.ts';
import { type Issuer, Tokens } from '../../src/auth/token.ts';
import type { Role, Subject } from '../../src/consent/subject.ts';
import { FhirError } from '../../src/fhir/outcome.ts';

const ISSUER = 'https://issuer.example/';
const AUDIENCE = 'https://carnet.example/fhir';
const ROLES: Role[] = ['patient', 'professional', 'system', 'app', 'operator'];

const pair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const { publicKey, privateKey } = pair();
const jwkOf = (key: KeyObject, kid: string) => ({ ...key.export({ format: 'jwk' }), kid });

function issuerWith(changes: Partial<Issuer> = {}): Issuer {
  return {
    issuer: ISSUER,
    audience: AUDIENCE,
    algorithms: ['ES256'],
    keys: new KeySet(async () => [jwkOf(publicKey, 'one')]),
    roles: new Set(ROLES),
    maxAge: 3600,
    ...changes,
  };
}

const GP = { fhirUser: 'Practitioner/gp', role: 'professional', scope: 'user/*.rs' };

function token(claims: object = {}, options: SignOptions = {}, key: KeyObject = privateKey): string {
  return jwt.sign({ ...GP, ...claims }, key, {
    algorithm: 'ES256',
    keyid: 'one',
    issuer: ISSUER,
    audience: AUDIENCE,
    expiresIn: 600,
    ...options,
  });
}

const base64 = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
const now = (): number => Math.floor(Date.now() / 1000);
const claimed = (more: object = {}) => ({
  ...GP,
  iss: ISSUER,
  aud: AUDIENCE,
  iat: now(),
  exp: now() + 600,
  ...more,
});

function handMade(header: object, payload: object, sign: (text: string) => string): string {
  const text = `${base64(header)}.${base64(payload)}`;
  return `${text}.${sign(text)}`;
}

const believe = (text: string, issuer = issuerWith()): Promise<Subject> =>
  new Tokens([issuer]).authenticate(`Bearer ${text}`);

async function refusal(asked: Promise<unknown>): Promise<FhirError> {
  const error: unknown = await asked.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(FhirError);
  return error as FhirError;
}

it('a good token says who is calling', async () => {
  const text = token({
    organizations: ['Organization/practice'],
    purpose_of_use: ['TREAT'],
    id_prefixes: ['gp-'],
    client_id: 'ehr',
    name: 'Dr Lambert',
  });
  expect(await believe(text)).toMatchObject({
    role: 'professional',
    reference: 'Practitioner/gp',
    depositor: 'Practitioner/gp',
    organizations: ['Organization/practice'],
    purposes: ['TREAT'],
    idPrefixes: ['gp-'],
    client: 'ehr',
    scopes: [{ context: 'user', type: '*', interactions: 'rs' }],
  });
});

it('the patient in context is the one that the token names', async () => {
  expect((await believe(token({ patient: 'one' }))).patient).toBe('one');
  expect((await believe(token())).patient).toBeUndefined();
});

it('a token that is bound to a client certificate holds with that alone, on each request', async () => {
  const tokens = new Tokens([issuerWith()]);
  const bound = `Bearer ${token({ cnf: { 'x5t#S256': 'its own' } })}`;
  await expect(tokens.authenticate(bound, () => 'its own')).resolves.toMatchObject({ role: 'professional' });
  for (const presented of [() => 'another', () => undefined]) {
    const { status, headers } = await refusal(tokens.authenticate(bound, presented));
    expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer error="invalid_token"']);
  }
  await expect(tokens.authenticate(bound, () => 'its own')).resolves.toBeDefined();
});

it.each([[{ jkt: 'x' }], [{ 'x5t#S256': 'x', jkt: 'x' }], [{ 'x5t#S256': 1 }], [{}], ['x'], [null]])(
  'a token that is bound in another way, %j, is not believed without',
  async (cnf) => {
    const asked = new Tokens([issuerWith()]).authenticate(`Bearer ${token({ cnf })}`, () => 'x');
    expect((await refusal(asked)).status).toBe(401);
  },
);

const pem = publicKey.export({ type: 'spki', format: 'pem' }).toString();
const hmac = (secret: string) => (text: string) =>
  createHmac('sha256', secret).update(text).digest('base64url');
const ES256 = { alg: 'ES256', typ: 'JWT', kid: 'one' };

it('a token whose scope has arguments is believed, but its scope is not enough', async () => {
  const error = await refusal(believe(token({ scope: 'user/Observation.rs?category=vital-signs' })));
  expect([error.status, error.headers['www-authenticate']]).toEqual([
    403,
    'Bearer error="insufficient_scope"',
  ]);
});

it('a token without a role is told so', async () => {
  const error = await refusal(believe(token({ role: undefined })));
  expect([error.status, error.message]).toEqual([401, expect.stringContaining('lacks the claim `role`')]);
});

describe('is refused with 401 and WWW-Authenticate:', () => {
  const other = pair();
  const CASES: [string, () => string][] = [
    ['no algorithm', () => handMade({ alg: 'none', typ: 'JWT', kid: 'one' }, claimed(), () => '')],
    [
      'no algorithm, in other letters',
      () => handMade({ alg: 'nOnE', typ: 'JWT', kid: 'one' }, claimed(), () => ''),
    ],
    [
      'HS256 with the public key',
      () => handMade({ alg: 'HS256', typ: 'JWT', kid: 'one' }, claimed(), hmac(pem)),
    ],
    [
      'HS256 with the public key as JWK',
      () =>
        handMade(
          { alg: 'HS256', typ: 'JWT', kid: 'one' },
          claimed(),
          hmac(JSON.stringify(jwkOf(publicKey, 'one'))),
        ),
    ],
    ['another key of the same name', () => token({}, {}, other.privateKey)],
    [
      'its own key in the header',
      () =>
        token(
          {},
          { header: { alg: 'ES256', jwk: jwkOf(other.publicKey, 'one') } as never },
          other.privateKey,
        ),
    ],
    ['a signature cut off', () => token().replace(/\.[^.]*$/, '.')],
    [
      'a signature of something else',
      () => `${token({ role: 'operator' }).replace(/\.[^.]*$/, '')}.${token().split('.')[2]}`,
    ],
    ['another audience', () => token({}, { audience: 'https://other.example/fhir' })],
    ['no audience', () => handMadeSigned(claimed({ aud: undefined }))],
    ['another issuer', () => token({}, { issuer: 'https://evil.example/' })],
    ['a list of issuers', () => handMadeSigned(claimed({ iss: [ISSUER] }))],
    ['an issuer that no text can be made of', () => handMadeSigned(claimed({ iss: { toString: 1 } }))],
    ['the issuer without its slash', () => token({}, { issuer: ISSUER.slice(0, -1) })],
    ['an expired one', () => token({}, { expiresIn: -1 })],
    ['one that is not yet good', () => token({}, { notBefore: 60 })],
    ['one without an expiry', () => handMadeSigned(claimed({ exp: undefined }))],
    ['one without a time of issue', () => handMadeSigned(claimed({ iat: undefined }))],
    ['one of later than now', () => handMadeSigned(claimed({ iat: now() + 120, exp: now() + 600 }))],
    ['one older than is allowed', () => handMadeSigned(claimed({ iat: now() - 7200, exp: now() + 600 }))],
    ['an expiry that is no number', () => handMadeSigned(claimed({ exp: '9999999999' }))],
    ['no key id', () => handMadeSigned(claimed(), { alg: 'ES256', typ: 'JWT' })],
    ['an unknown key id', () => token({}, { keyid: 'two' })],
    ['a key id that is no text', () => handMadeSigned(claimed(), { ...ES256, kid: ['one'] })],
    ['a key id of an object’s own', () => token({}, { keyid: '__proto__' })],
    ['an extension that is critical', () => handMadeSigned(claimed(), { ...ES256, crit: ['exp'] })],
    ['a role that the issuer may not give', () => token({ role: 'all', fhirUser: 'Device/all' })],
    ['a role that there isn’t', () => token({ role: 'admin' })],
    ['a role of an object’s own', () => token({ role: 'constructor' })],
    ['no role', () => token({ role: undefined })],
    ['a list of roles', () => token({ role: ['professional'] })],
    ['a fhirUser that doesn’t fit the role', () => token({ fhirUser: 'Patient/x' })],
    ['a patient who is a Practitioner', () => token({ role: 'patient' })],
    ['a system that is a Practitioner', () => token({ role: 'system' })],
    ['an app that is an Organization', () => token({ role: 'app', fhirUser: 'Organization/x' })],
    ['a patient in context who is no id', () => token({ patient: 'Patient/x' })],
    ['several patients in context', () => token({ patient: ['x'] })],
    ['no fhirUser', () => token({ fhirUser: undefined })],
    ['a fhirUser with slashes encoded', () => token({ fhirUser: 'Practitioner%2Fgp' })],
    ['a fhirUser with more behind', () => token({ fhirUser: 'Practitioner/gp/_history/1' })],
    ['a fhirUser with a query', () => token({ fhirUser: 'Practitioner/gp?x' })],
    ['scopes of systems and patients mixed', () => token({ scope: 'system/*.rs patient/*.rs' })],
    ['scopes of systems and users mixed', () => token({ scope: 'user/*.rs system/Patient.r' })],
    ['claims that are a list', () => handMadeSigned([] as never)],
    ['what is no token', () => 'abc'],
    ['two dots', () => '..'],
    [
      'what is no JSON',
      () => `${Buffer.from('{').toString('base64url')}.${Buffer.from('{').toString('base64url')}.x`,
    ],
    ['more than 8,000 characters', () => token({ name: 'x'.repeat(8_000) })],
  ];

  /** As `jsonwebtoken` signs, but with any header and any claims. */
  function handMadeSigned(payload: object, header: object = ES256): string {
    return handMade(
      header,
      payload,
      (text) => jwt.sign(text, privateKey, { algorithm: 'ES256', header: header as never }).split('.')[2]!,
    );
  }

  it.each(CASES)('%s', async (_, make) => {
    const { status, headers, issues } = await refusal(believe(make()));
    expect([status, issues[0]?.code]).toEqual([401, 'login']);
    if (!/scopes/.test(issues[0]!.text))
      expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Basic dXNlcjpwYXNz',
    'bearer',
    'Bearer a b',
    'Bearer a, Bearer b',
    ' Bearer x',
    'Bearer x\u0000',
  ])('the header %p', async (header) => {
    const { status, headers } = await refusal(new Tokens([issuerWith()]).authenticate(header));
    expect([status, headers['www-authenticate']?.startsWith('Bearer')]).toEqual([401, true]);
  });

  it('a header that is 8,001 characters long, though its token is good', async () => {
    const pad = (length: number): string => token({ name: 'x', pad: 'x'.repeat(length) });
    let length = 5_000;
    while (`Bearer ${pad(length)}`.length < 7_990) length += 1;
    const good = pad(length);
    expect((await believe(good)).reference).toBe('Practitioner/gp');
    let more = length;
    while (`Bearer ${pad(more)}`.length <= 8_000) more += 1;
    expect((await refusal(believe(pad(more)))).status).toBe(401);
  });
});

describe('what a token grants', () => {
  const scopesOf = async (claims: object) =>
    (await believe(token(claims))).scopes.map(
      ({ context, type, interactions }) => `${context}/${type}.${interactions}`,
    );

  it.each<[string, object, string[]]>([
    [
      'v2 letters',
      { scope: 'user/Observation.rs user/DocumentReference.cruds' },
      ['user/Observation.rs', 'user/DocumentReference.cruds'],
    ],
    [
      'v1 words',
      { scope: 'user/Patient.read user/Task.write user/*.*' },
      ['user/Patient.rs', 'user/Task.cud', 'user/*.cruds'],
    ],
    ['letters out of order', { scope: 'user/Observation.sr' }, []],
    ['letters twice', { scope: 'user/Observation.rr' }, []],
    ['letters that aren’t', { scope: 'user/Observation.x user/Observation.' }, []],
    ['what isn’t a scope of resources', { scope: 'openid fhirUser offline_access launch/patient' }, []],
    ['no scope', { scope: undefined }, []],
    ['a list', { scope: ['user/*.cruds'] }, []],
    ['a professional with scopes of a patient’s', { scope: 'patient/*.cruds' }, []],
    [
      'a patient with scopes of their own',
      { role: 'patient', fhirUser: 'Patient/p', scope: 'patient/*.rs' },
      ['patient/*.rs'],
    ],
    [
      'a patient with scopes of a system',
      { role: 'patient', fhirUser: 'Patient/p', scope: 'system/*.cruds' },
      [],
    ],
    [
      'a system with scopes of a user',
      { role: 'system', fhirUser: 'Organization/o', scope: 'user/*.cruds' },
      [],
    ],
    ['an app with scopes of a user', { role: 'app', fhirUser: 'Device/d', scope: 'user/*.cruds' }, []],
  ])('%s', async (_, claims, wanted) => {
    expect(await scopesOf(claims)).toEqual(wanted);
  });

  it.each<[object, string[]]>([
    [{ role: 'system', fhirUser: 'Organization/o' }, ['consent.write']],
    [{ role: 'patient', fhirUser: 'Patient/p' }, []],
    [{ role: 'app', fhirUser: 'Device/d' }, []],
    [{ role: 'operator', fhirUser: 'Practitioner/o' }, []],
    [{}, []],
  ])('rights beside the scopes are a register’s: %j', async (claims, wanted) => {
    expect((await believe(token({ ...claims, scope: 'consent.write' }))).rights).toEqual(wanted);
  });

  it('names and prefixes that are none are left out', async () => {
    const subject = await believe(
      token({
        organizations: [
          'Organization/a',
          'Practitioner/b',
          'Organization/',
          'Organization/a/b',
          7,
          null,
          '*',
        ],
        id_prefixes: ['', 'a', 'ab', 1],
        purpose_of_use: ['TREAT', 1, null],
      }),
    );
    expect([subject.organizations, subject.idPrefixes, subject.purposes]).toEqual([
      ['Organization/a'],
      ['ab'],
      ['TREAT'],
    ]);
  });

  it('a token that was good ends with its expiry, though it is remembered', async () => {
    const tokens = new Tokens([issuerWith()]);
    const text = `Bearer ${token({}, { expiresIn: 1 })}`;
    expect((await tokens.authenticate(text)).reference).toBe('Practitioner/gp');
    await later(1_100, async () => expect((await refusal(tokens.authenticate(text))).status).toBe(401));
  });
});

/** The clock of this process, moved on. */
async function later(ms: number, work: () => Promise<unknown>): Promise<void> {
  const real = Date.now;
  Date.now = () => real() + ms;
  try {
    await work();
  } finally {
    Date.now = real;
  }
}

describe('keys of an issuer', () => {
  const next = pair();
  let keys: unknown[] = [jwkOf(publicKey, 'one')];
  let status = 200;
  let asked = 0;
  /** Bytes of what never ends. */
  let sent = 0;
  let server: Server;
  let url: string;
  beforeAll(async () => {
    server = createServer(({ url: path }, response) => {
      asked += 1;
      if (path === '/endless') {
        const chunk = Buffer.alloc(65_536, ' ');
        const more = (): void => {
          sent += chunk.length;
          if (!response.destroyed) response.write(chunk, () => setImmediate(more));
        };
        more();
        return;
      }
      response
        .writeHead(status, status === 302 ? { location: '/elsewhere' } : {})
        .end(JSON.stringify({ keys }));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));
  beforeEach(() => {
    keys = [jwkOf(publicKey, 'one')];
    status = 200;
    asked = 0;
  });

  const fromUrl = () => new Tokens([issuerWith({ keys: new KeySet(keySource(url)) })]);
  const ask = (tokens: Tokens, text: string) => tokens.authenticate(`Bearer ${text}`);

  it('rotate without a restart', async () => {
    const tokens = fromUrl();
    await ask(tokens, token());
    keys = [jwkOf(next.publicKey, 'two')];
    const rotated = token({}, { keyid: 'two' }, next.privateKey);
    expect((await refusal(ask(tokens, rotated))).status).toBe(401);
    await later(11_000, async () => {
      expect((await ask(tokens, rotated)).reference).toBe('Practitioner/gp');
      expect((await refusal(ask(tokens, token({ name: 'new' })))).status).toBe(401);
    });
  });

  it('withdrawn ones end, though a token was believed before', async () => {
    const tokens = fromUrl();
    const text = token();
    await ask(tokens, text);
    keys = [jwkOf(next.publicKey, 'two')];
    await later(700_000, async () => expect((await refusal(ask(tokens, text))).status).toBe(401));
  });

  it('made-up key ids cost one question', async () => {
    const tokens = fromUrl();
    await Promise.all(
      Array.from({ length: 50 }, (_, index) => refusal(ask(tokens, token({}, { keyid: `k${index}` })))),
    );
    expect(asked).toBe(1);
  });

  it('that can’t be read are 503 at first; those that were read are believed for an hour', async () => {
    const tokens = fromUrl();
    status = 500;
    expect((await refusal(ask(tokens, token()))).status).toBe(503);
    status = 200;
    await later(11_000, async () => {
      await ask(tokens, token());
      status = 500;
    });
    await later(1_200_000, async () =>
      expect((await ask(tokens, token())).reference).toBe('Practitioner/gp'),
    );
    await later(3_700_000, async () => expect((await refusal(ask(tokens, token()))).status).toBe(503));
  });

  it('are not looked for where an answer points to', async () => {
    status = 302;
    expect((await refusal(ask(fromUrl(), token()))).status).toBe(503);
    expect(asked).toBe(1);
  });

  it('are not read on past their bound, however much is sent', async () => {
    const endless = new KeySet(keySource(url.replace(/jwks$/, 'endless')));
    const tokens = new Tokens([issuerWith({ keys: endless })]);
    expect((await refusal(ask(tokens, token()))).status).toBe(503);
    // what lies in buffers on the way is some of it
    expect(sent).toBeLessThan(32 * 1024 * 1024);
  });

  it('that can’t be used don’t take the others with them', async () => {
    keys = [
      null,
      7,
      { kid: 'x', kty: 'EC', crv: 'P-256', x: '!', y: '!' },
      { kid: 'y', kty: 'unheard of' },
      { kid: 'z', kty: 'oct', k: Buffer.from('secret').toString('base64url') },
      { ...jwkOf(next.publicKey, 'enc'), use: 'enc' },
      jwkOf(publicKey, 'one'),
    ];
    const tokens = fromUrl();
    expect((await ask(tokens, token())).reference).toBe('Practitioner/gp');
    expect((await refusal(ask(tokens, token({}, { keyid: 'enc' }, next.privateKey)))).status).toBe(401);
    const symmetric = handMade({ alg: 'HS256', kid: 'z' }, claimed(), hmac('secret'));
    expect((await refusal(ask(tokens, symmetric))).status).toBe(401);
  });

  it('are read from a file too, and again when it changes', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'carnet-test-jwks-'));
    try {
      const path = join(folder, 'jwks.json');
      writeFileSync(path, JSON.stringify({ keys }));
      const tokens = new Tokens([issuerWith({ keys: new KeySet(keySource(path)) })]);
      expect((await ask(tokens, token())).reference).toBe('Practitioner/gp');
      writeFileSync(path, JSON.stringify({ keys: [jwkOf(next.publicKey, 'two')] }));
      await later(11_000, async () => {
        expect((await ask(tokens, token({}, { keyid: 'two' }, next.privateKey))).reference).toBe(
          'Practitioner/gp',
        );
      });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('of one issuer are none of another’s', async () => {
    const tokens = new Tokens([
      issuerWith(),
      issuerWith({
        issuer: 'https://second.example/',
        keys: new KeySet(async () => [jwkOf(next.publicKey, 'two')]),
        roles: new Set<Role>(['patient']),
      }),
    ]);
    const patient = { role: 'patient', fhirUser: 'Patient/p' };
    const second = { issuer: 'https://second.example/', keyid: 'two' };
    expect((await ask(tokens, token(patient, second, next.privateKey))).role).toBe('patient');
    expect((await refusal(ask(tokens, token({}, second, next.privateKey)))).status).toBe(401);
    expect((await refusal(ask(tokens, token(patient, { keyid: 'two' }, next.privateKey)))).status).toBe(401);
    expect((await refusal(ask(tokens, token(patient, { issuer: 'https://second.example/' })))).status).toBe(
      401,
    );
  });
});
